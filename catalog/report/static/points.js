// Draw the members: those that the filters hide first, and the others over them.
import { colouring, packedColour } from './colours.js';
import { page } from './data.js';
import { colourOf, find, fitCanvas } from './dom.js';
import { isShown } from './filters.js';
import { placesX, placesY, scaleOf, view } from './view.js';

const canvas = find('#points');
let colours = null;

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
  const image = context.createImageData(width, height);
  const pixels = new Uint32Array(image.data.buffer);
  pixels.fill(packedColour(colourOf('--map')));
  const scale = scaleOf(canvas) * devicePixelRatio;
  const side = sideOf();
  const half = side >> 1;
  const hidden = packedColour(colourOf('--hidden'));
  const put = (row, colour) => {
    const left = Math.round(width / 2 + (placesX[row] - view.x) * scale) - half;
    const top = Math.round(height / 2 - (placesY[row] - view.y) * scale) - half;
    if (left < 0 || top < 0 || left + side > width || top + side > height) return;
    if (side === 1) {
      pixels[top * width + left] = colour;
      return;
    }
    for (let dy = 0; dy < side; dy += 1) {
      const isCorner = side > 3 && (dy === 0 || dy === side - 1);
      const first = (top + dy) * width + left;
      pixels.fill(colour, first + isCorner, first + side - isCorner);
    }
  };
  for (let row = 0; row < page.n; row += 1) if (!isShown(row)) put(row, hidden);
  for (let row = 0; row < page.n; row += 1) {
    if (isShown(row)) put(row, colours.packed[colours.codes[row]]);
  }
  context.putImageData(image, 0, 0);
}
