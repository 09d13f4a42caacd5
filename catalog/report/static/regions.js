// Regions of the map: their words as labels on it, and as a table.
import { columns, page } from './data.js';
import { colourOf, element, find, quiet, shown, table } from './dom.js';
import { isShown } from './filters.js';
import { placesX, toScreen, view } from './view.js';

const NEAR_ZOOM = 5;
const SPACE = 4; // pixels between two labels
const labelText = ({ words }) => words.join(', ');

function overlaps(a, b) {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}

function boxAround(context, x, y, text) {
  const half = context.measureText(text).width / 2 + SPACE;
  return { left: x - half, right: x + half, top: y - 8 - SPACE, bottom: y + 8 + SPACE };
}

// Larger regions first; a label that would cover another, or leave the map, is left out.
export function drawLabels(context, canvas) {
  if (!find('#labels').checked) return;
  context.setLineDash([]);
  context.font = '600 12px system-ui, sans-serif';
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  context.lineWidth = 4;
  context.lineJoin = 'round';
  context.strokeStyle = colourOf('--map');
  context.fillStyle = colourOf('--ink');
  const drawnBoxes = [];
  const drawnTexts = new Set(['']); // two parts of one region carry its words once
  for (const region of page.regions) {
    const [x, y] = toScreen(canvas, region.x, region.y);
    const box = boxAround(context, x, y, labelText(region));
    const isInside = box.left > 0 && box.right < canvas.clientWidth && box.top > 0
      && box.bottom < canvas.clientHeight;
    const isFree = !drawnTexts.has(labelText(region))
      && !drawnBoxes.some((other) => overlaps(box, other));
    if (isInside && isFree) {
      drawnBoxes.push(box);
      drawnTexts.add(labelText(region));
      context.strokeText(labelText(region), x, y);
      context.fillText(labelText(region), x, y);
    }
  }
}

function lookAt(region) {
  Object.assign(view, { x: region.x, y: region.y, zoom: NEAR_ZOOM });
  document.dispatchEvent(new CustomEvent('view-moved'));
}

export function regionsView(pane) {
  if (!placesX || !page.regions.length) return pane.replaceChildren(quiet('There is no map.'));
  const { values } = columns.get('region');
  const counts = new Uint32Array(256);
  for (let row = 0; row < page.n; row += 1) if (isShown(row)) counts[values[row]] += 1;
  const lines = page.regions.map((region) => [
    element('button', { type: 'button', className: 'link', onclick: () => lookAt(region) },
      labelText(region) || `region ${region.region}`),
    region.n_members, counts[region.region],
  ]);
  const caption = 'Regions of the map by the words that tell them from the rest (class-based tf-idf)';
  return pane.replaceChildren(table(['words', 'members', 'shown now'], lines, caption));
}
