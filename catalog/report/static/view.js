// Where the map is looked at: the middle in the map's units, and pixels a unit.
import { columns, page } from './data.js';

const EDGE = 0.94; // share of the canvas that the whole map fills

export const placesX = columns.get('x')?.values;
export const placesY = columns.get('y')?.values;

function boxOf() {
  const box = [Infinity, Infinity, -Infinity, -Infinity];
  for (let row = 0; row < page.n; row += 1) {
    box[0] = Math.min(box[0], placesX[row]);
    box[1] = Math.min(box[1], placesY[row]);
    box[2] = Math.max(box[2], placesX[row]);
    box[3] = Math.max(box[3], placesY[row]);
  }
  return box;
}

export const view = { x: 0, y: 0, zoom: 1 };
const box = placesX ? boxOf() : [0, 0, 1, 1];

export function fitView() {
  Object.assign(view, { x: (box[0] + box[2]) / 2, y: (box[1] + box[3]) / 2, zoom: 1 });
}
fitView();

export function scaleOf(canvas) {
  const across = canvas.clientWidth / (box[2] - box[0] || 1);
  const down = canvas.clientHeight / (box[3] - box[1] || 1);
  return Math.min(across, down) * EDGE * view.zoom;
}

export function toScreen(canvas, x, y) {
  const scale = scaleOf(canvas);
  return [
    canvas.clientWidth / 2 + (x - view.x) * scale,
    canvas.clientHeight / 2 - (y - view.y) * scale,
  ];
}

export function toMap(canvas, px, py) {
  const scale = scaleOf(canvas);
  return [
    view.x + (px - canvas.clientWidth / 2) / scale,
    view.y - (py - canvas.clientHeight / 2) / scale,
  ];
}

export function zoomAt(canvas, px, py, factor) {
  const before = toMap(canvas, px, py);
  view.zoom = Math.max(0.5, Math.min(500, view.zoom * factor));
  const after = toMap(canvas, px, py);
  view.x += before[0] - after[0];
  view.y += before[1] - after[1];
}

export function nearestRow(canvas, px, py, isWanted, reach = 10) {
  const [x, y] = toMap(canvas, px, py);
  let [best, row] = [(reach / scaleOf(canvas)) ** 2, -1];
  for (let k = 0; k < page.n; k += 1) {
    const distance = (placesX[k] - x) ** 2 + (placesY[k] - y) ** 2;
    if (distance < best && isWanted(k)) [best, row] = [distance, k];
  }
  return row;
}
