// Draw the members: those that the filters hide first, and the others over them.
import { colouring, packedColour } from './colours.js';
import { page } from './data.js';
import { colourOf, find, fitCanvas } from './dom.js';
import { isShown, rowsShown } from './filters.js';
import { placesX, placesY, scaleOf, view } from './view.js';

const canvas = find('#points');
let colours = null;
let image = null; // its pixels are written again by each drawing

export function recolour() {
  const { codes, colours: names, legend } = colouring(find('#colour').value);
  const packed = new Uint32Array(names.length);
  names.forEach((name, code) => { packed[code] = packedColour(name); });
  colours = { codes, packed };
  find('#legend').replaceChildren(...legend);
}

function sideOf() {
  const few = [[3_000, 5], [20_000, 3], [200_000, 2]].find(([n]) => page.n <= n);
  const side = (few?.[1] ?? 1) * devicePixelRatio * Math.min(2, Math.sqrt(view.zoom));
  return Math.max(1, Math.round(side));
}

export function drawPoints() {
  const context = fitCanvas(canvas);
  const { width, height } = canvas;
  if (image?.width !== width || image.height !== height) {
    image = context.createImageData(width, height);
  }
  const pixels = new Uint32Array(image.data.buffer);
  pixels.fill(packedColour(colourOf('--map')));
  const scale = scaleOf(canvas) * devicePixelRatio;
  const side = sideOf();
  const half = side >> 1;
  const [x0, y0] = [width / 2 - view.x * scale + 0.5, height / 2 + view.y * scale + 0.5];
  const [right, bottom] = [width - side, height - side];
  const put = (row, colour) => {
    const left = Math.floor(x0 + placesX[row] * scale) - half;
    const top = Math.floor(y0 - placesY[row] * scale) - half;
    if (left < 0 || top < 0 || left > right || top > bottom) return;
    let first = top * width + left;
    if (side === 1) {
      pixels[first] = colour;
      return;
    }
    for (let dy = 0; dy < side; dy += 1, first += width) {
      const isCorner = side > 3 && (dy === 0 || dy === side - 1) ? 1 : 0;
      for (let k = first + isCorner; k < first + side - isCorner; k += 1) pixels[k] = colour;
    }
  };
  const hidden = packedColour(colourOf('--hidden'));
  const { codes, packed } = colours;
  const rows = rowsShown();
  if (rows.length < page.n) {
    for (let row = 0; row < page.n; row += 1) if (!isShown(row)) put(row, hidden);
  }
  for (let k = 0; k < rows.length; k += 1) put(rows[k], packed[codes[rows[k]]]);
  context.putImageData(image, 0, 0);
}
