// The places inside an outline, by the steps of the macro `is_inside` in the same order: both
// compute with doubles, so that the page and the database agree on each member.
const N_STRIPS = 256; // horizontal: a place meets only the edges of its strip

function stripsOf(points, stripAt) {
  const strips = Array.from({ length: N_STRIPS }, () => []);
  points.forEach(([ax, ay], k) => {
    const [bx, by] = points[(k + 1) % points.length];
    const last = stripAt(Math.max(ay, by));
    for (let strip = stripAt(Math.min(ay, by)); strip <= last; strip += 1) {
      strips[strip].push(ax, ay, bx, by);
    }
  });
  return strips.map((edges) => Float64Array.from(edges));
}

function isInside(x, y, edges) {
  let isOdd = false;
  for (let k = 0; k < edges.length; k += 4) {
    const ay = edges[k + 1];
    const by = edges[k + 3];
    if (ay > y !== by > y) {
      const ax = edges[k];
      if (x < ax + ((y - ay) * (edges[k + 2] - ax)) / (by - ay)) isOdd = !isOdd;
    }
  }
  return isOdd;
}

export function rowsInside(xs, ys, points) {
  const [across, down] = [points.map(([x]) => x), points.map(([, y]) => y)];
  const [left, right] = [Math.min(...across), Math.max(...across)];
  const [low, high] = [Math.min(...down), Math.max(...down)];
  const edge = 1e-6 * (right - left + high - low); // a crossing is rounded
  const perUnit = N_STRIPS / (high - low || 1);
  const stripAt = (y) => Math.min(N_STRIPS - 1, Math.floor((y - low) * perUnit));
  const strips = stripsOf(points, stripAt);
  const kept = new Uint8Array(xs.length);
  for (let row = 0; row < kept.length; row += 1) {
    const x = xs[row];
    const y = ys[row];
    if (x > left - edge && x < right + edge && y >= low && y < high) {
      kept[row] = Number(isInside(x, y, strips[stripAt(y)]));
    }
  }
  return kept;
}
