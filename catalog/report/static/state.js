// The state of the page in its address: filters, colour, open row, open view and place on the map.
import { columns, page } from './data.js';
import { current, openRow } from './detail.js';
import { find } from './dom.js';
import { filters, onChange, putFilter } from './filters.js';
import { currentTab, openTab } from './tabs.js';
import { view } from './view.js';

function stateText() {
  const named = [...filters].map(([name, { filter }]) => [name, filter]);
  const place = [view.x, view.y, view.zoom].map((value) => +value.toPrecision(5));
  const state = {
    filters: named, colour: find('#colour').value, row: current(), tab: currentTab(), view: place,
  };
  return `#state=${encodeURIComponent(JSON.stringify(state))}`;
}

let keeping = 0;

function keepState() {
  clearTimeout(keeping);
  keeping = setTimeout(() => {
    try {
      history.replaceState(null, '', stateText());
    } catch {
      // A browser may refuse this for a file; the page works without it.
    }
  }, 100); // milliseconds: a brush that is drawn along writes once
}

const NO_COLUMN = ['outline', 'text', 'meaning', 'query']; // kinds of filters

function isKnown([name, filter]) {
  return NO_COLUMN.includes(filter.kind) || columns.get(name)?.kind === filter.kind;
}

export async function restoreState() {
  const text = new URLSearchParams(location.hash.slice(1)).get('state');
  let state;
  try {
    state = JSON.parse(text);
  } catch {
    // What cannot be read of an address is left out.
  }
  for (const named of Array.isArray(state?.filters) ? state.filters : []) {
    try {
      if (isKnown(named)) await putFilter(...named);
    } catch {
      // The others are kept.
    }
  }
  if (!state) return;
  const place = Array.isArray(state.view) ? state.view : [];
  if (place.length === 3 && place.every(Number.isFinite)) [view.x, view.y, view.zoom] = place;
  if (state.tab) openTab(state.tab);
  if (state.colour && page.map) {
    find('#colour').value = state.colour;
    find('#colour').onchange();
  }
  const isRow = Number.isInteger(state.row) && state.row >= 0 && state.row < page.n;
  if (isRow) await openRow(state.row);
}

export function buildState() {
  addEventListener('hashchange', () => location.reload()); // another address is another state
  onChange(keepState);
  document.addEventListener('row-opened', keepState);
  document.addEventListener('tab-opened', keepState);
  document.addEventListener('view-moved', keepState);
  find('#colour').addEventListener('change', keepState);
}
