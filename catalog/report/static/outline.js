// An outline drawn by hand, with as few corners as keep its shape.

function farthest(points, first, last) {
  const [ax, ay] = points[first];
  const [bx, by] = points[last];
  const length = Math.hypot(bx - ax, by - ay) || 1e-12;
  let [index, distance] = [-1, 0];
  for (let k = first + 1; k < last; k += 1) {
    const [x, y] = points[k];
    const away = Math.abs((bx - ax) * (ay - y) - (ax - x) * (by - ay)) / length;
    if (away > distance) [index, distance] = [k, away];
  }
  return [index, distance];
}

// Ramer (1972), Douglas & Peucker (1973).
function reduced(points, first, last, tolerance) {
  const [index, distance] = farthest(points, first, last);
  if (distance <= tolerance) return [points[first]];
  return [
    ...reduced(points, first, index, tolerance),
    ...reduced(points, index, last, tolerance),
  ];
}

const rounded = (points) => points.map((point) => point.map((value) => +value.toPrecision(5)));

export function simplified(points, tolerance) {
  if (points.length < 4) return rounded(points);
  const away = (k) => Math.hypot(points[k][0] - points[0][0], points[k][1] - points[0][1]);
  const opposite = points.reduce((best, _, k) => (away(k) > away(best) ? k : best), 0);
  const closed = [...points, points[0]];
  const corners = [
    ...reduced(closed, 0, opposite, tolerance),
    ...reduced(closed, opposite, closed.length - 1, tolerance),
  ];
  return rounded(corners);
}
