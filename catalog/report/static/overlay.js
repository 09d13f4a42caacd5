// What is drawn over the members: the outline, the words of regions, and rings around some members.
import { drawCross, pathByKeys } from './cross.js';
import { current } from './detail.js';
import { colourOf, fitCanvas } from './dom.js';
import { filters } from './filters.js';
import { drawLabels } from './regions.js';
import { placesX, placesY, toScreen } from './view.js';

let ringed = []; // rows with small rings: the nearest in meaning

export const ringRows = (rows) => { ringed = rows; };

function outlinePath(context, canvas, points) {
  context.beginPath();
  for (const [x, y] of points) context.lineTo(...toScreen(canvas, x, y));
  context.closePath();
}

function drawOutline(context, canvas, points) {
  outlinePath(context, canvas, points);
  context.fillStyle = colourOf('--veil');
  context.fill();
  context.setLineDash([5, 4]);
  context.strokeStyle = colourOf('--accent');
  context.lineWidth = 1.5;
  context.stroke();
}

function ring(context, canvas, row, radius, colour) {
  const [x, y] = toScreen(canvas, placesX[row], placesY[row]);
  context.strokeStyle = colourOf(colour);
  context.lineWidth = 2;
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.stroke();
}

// `path` is an outline while it is drawn.
export function drawOverlay(canvas, path) {
  const context = fitCanvas(canvas);
  context.scale(devicePixelRatio, devicePixelRatio);
  const points = path ?? pathByKeys() ?? filters.get('outline')?.filter.points;
  if (points?.length) drawOutline(context, canvas, points);
  drawLabels(context, canvas);
  context.setLineDash([]);
  const ranked = [...filters.values()].flatMap((each) => each.ranked ?? []);
  for (const row of [...ranked, ...ringed]) ring(context, canvas, row, 5, '--below');
  if (current() != null) ring(context, canvas, current(), 8, '--ink');
  drawCross(context, canvas);
}
