// An outline by keyboard: arrow keys move a cross over the map, Space sets a corner at it, Enter
// closes the outline. The line above the map says how, and which words are nearest.
import { page } from './data.js';
import { colourOf, find } from './dom.js';
import { scaleOf, toScreen, view } from './view.js';

const CROSS_STEP = 20; // pixels; five times as many with Shift
const MOVES = {
  ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1],
};
const help = find('#outline-help');
let cross = null; // in the map's units
let corners = [];

// The corners so far and the cross, or null when no outline is drawn by keyboard.
export const pathByKeys = () => (cross && corners.length ? [...corners, cross] : null);

function move(canvas, [right, up], pixels) {
  const step = pixels / scaleOf(canvas);
  cross = [cross[0] + right * step, cross[1] + up * step];
  const [x, y] = toScreen(canvas, ...cross);
  const isSeen = x > 0 && y > 0 && x < canvas.clientWidth && y < canvas.clientHeight;
  if (isSeen) return;
  [view.x, view.y] = cross;
  document.dispatchEvent(new CustomEvent('view-moved'));
}

function nearestWords() {
  const away = ({ x, y }) => Math.hypot(x - cross[0], y - cross[1]);
  const [nearest] = [...page.regions].sort((a, b) => away(a) - away(b));
  return nearest?.words.length ? `, near ${nearest.words.join(', ')}` : '';
}

function tell() {
  help.hidden = !cross;
  const n = corners.length === 1 ? '1 corner' : `${corners.length} corners`;
  help.textContent = cross
    ? `${n}${nearestWords()}: arrows move, Space sets a corner, Enter closes, Esc drops` : '';
}

export function dropCross() {
  [cross, corners] = [null, []];
  tell();
}

const ACTS = {
  ' ': () => { corners.push(cross); },
  Backspace: () => { corners.pop(); },
  Escape: dropCross,
};

// Returns whether the key is one of these; `close` gets the corners.
export function outlineKey(event, canvas, close) {
  const { key, shiftKey } = event;
  if (key !== 'Enter' && !MOVES[key] && !ACTS[key]) return false;
  cross ??= [view.x, view.y];
  if (key === 'Enter') {
    close(corners);
    dropCross();
  } else if (MOVES[key]) move(canvas, MOVES[key], shiftKey ? 5 * CROSS_STEP : CROSS_STEP);
  else ACTS[key]();
  tell();
  return true;
}

export function drawCross(context, canvas) {
  if (!cross) return;
  const [x, y] = toScreen(canvas, ...cross);
  context.strokeStyle = colourOf('--ink');
  context.lineWidth = 2;
  context.beginPath();
  for (const [dx, dy] of [[10, 0], [0, 10]]) {
    context.moveTo(x - dx, y - dy);
    context.lineTo(x + dx, y + dy);
  }
  context.stroke();
}
