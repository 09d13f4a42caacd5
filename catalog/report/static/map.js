// The map: move, zoom, point at members and draw around them, by mouse and by keyboard.
import { fillColours } from './colours.js';
import { dropCross, outlineKey } from './cross.js';
import { ask, page } from './data.js';
import { element, find } from './dom.js';
import { openRow } from './detail.js';
import { isShown, onChange, setFilter } from './filters.js';
import { simplified } from './outline.js';
import { drawOverlay, ringRows } from './overlay.js';
import { drawPoints, recolour } from './points.js';
import {
  fitView, nearestRow, scaleOf, toMap, view, zoomAt,
} from './view.js';

const marks = find('#marks');
const tip = find('#tip');
let path = null; // of the outline while it is drawn
let drag = null;
let wait = 0;

const isDrawing = () => find('input[name=mode]:checked').value === 'outline';
const isOutlining = (event) => event.shiftKey || isDrawing();

const drawMarks = () => drawOverlay(marks, path);

const redraw = () => requestAnimationFrame(() => { drawPoints(); drawMarks(); });

const hideTip = () => { clearTimeout(wait); wait = 0; tip.hidden = true; };

async function showTip(x, y) {
  const row = nearestRow(marks, x, y, isShown);
  tip.hidden = true;
  if (row < 0) return;
  const asked = wait;
  const [text] = await ask('rows', { ids: [row] });
  if (!text || asked !== wait) return;
  const response = (text.response ?? '').slice(0, 120);
  tip.replaceChildren(
    element('div', { className: 'strong', dir: 'auto' }, text.prompt.slice(0, 160)),
    element('div', { dir: 'auto' }, response),
  );
  tip.style.left = `${Math.max(0, Math.min(x + 12, marks.clientWidth - 340))}px`;
  tip.style.top = `${Math.max(0, Math.min(y + 12, marks.clientHeight - 90))}px`;
  tip.hidden = false;
}

function pressed(event) {
  hideTip();
  marks.setPointerCapture(event.pointerId);
  if (isOutlining(event)) path = [toMap(marks, event.offsetX, event.offsetY)];
  else drag = { x: event.offsetX, y: event.offsetY, isMoved: false };
}

function moved(event) {
  clearTimeout(wait);
  const { offsetX: x, offsetY: y } = event;
  if (path) {
    path.push(toMap(marks, x, y));
    drawMarks();
  } else if (drag) {
    const scale = scaleOf(marks);
    view.x -= (x - drag.x) / scale;
    view.y += (y - drag.y) / scale;
    drag = { x, y, isMoved: drag.isMoved || Math.hypot(x - drag.x, y - drag.y) > 1 };
    redraw();
  } else {
    wait = setTimeout(() => showTip(x, y).catch(() => {}), 90);
  }
}

function keepInside(drawn) {
  const points = simplified(drawn, 3 / scaleOf(marks));
  setFilter('outline', points.length > 2 ? { kind: 'outline', points } : null);
}

function released(event) {
  if (path) {
    keepInside(path);
    path = null;
    drawMarks();
  } else if (drag && !drag.isMoved) {
    const row = nearestRow(marks, event.offsetX, event.offsetY, isShown);
    if (row >= 0) openRow(row);
  } else if (drag) {
    viewMoved();
  }
  drag = null;
}

const KEYS = {
  ArrowLeft: (step) => { view.x -= step; },
  ArrowRight: (step) => { view.x += step; },
  ArrowUp: (step) => { view.y += step; },
  ArrowDown: (step) => { view.y -= step; },
  '+': () => { view.zoom *= 1.3; },
  '-': () => { view.zoom /= 1.3; },
  0: fitView,
};

function typed(event) {
  const act = KEYS[event.key];
  if (isDrawing() && outlineKey(event, marks, keepInside)) {
    event.preventDefault();
    drawMarks();
    return;
  }
  if (!act) return;
  event.preventDefault();
  act(60 / scaleOf(marks));
  viewMoved();
}

const viewMoved = () => document.dispatchEvent(new CustomEvent('view-moved'));

export function buildMap() {
  find('#no-map').hidden = Boolean(page.map);
  find('#no-map').textContent = `No map is shown: ${page.notes.join('; ')}`;
  if (!page.map) return;
  find('#map-panel').hidden = false;
  fillColours(() => { recolour(); redraw(); });
  recolour();
  Object.assign(marks, {
    onpointerdown: pressed,
    onpointermove: moved,
    onpointerup: released,
    onpointerleave: hideTip,
    onkeydown: typed,
    onblur: () => { dropCross(); drawMarks(); },
  });
  const wheel = (event) => {
    event.preventDefault();
    zoomAt(marks, event.offsetX, event.offsetY, Math.exp(-event.deltaY * 0.0015));
    viewMoved();
  };
  marks.addEventListener('wheel', wheel, { passive: false });
  find('#fit').onclick = () => { fitView(); viewMoved(); };
  find('#labels').onchange = drawMarks;
  document.addEventListener('view-moved', redraw);
  document.addEventListener('row-opened', () => { ringRows([]); drawMarks(); });
  document.addEventListener('rows-ringed', (event) => { ringRows(event.detail); drawMarks(); });
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
    recolour();
    redraw();
  });
  new ResizeObserver(redraw).observe(find('#map'));
  onChange(redraw);
}
