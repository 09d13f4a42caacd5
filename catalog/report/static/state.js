// The state of the page in its address: the filters, the colour and the open row.
import { columns, page } from './data.js';
import { current, openRow } from './detail.js';
import { find } from './dom.js';
import { filters, onChange, setFilter } from './filters.js';

function stateText() {
  const named = [...filters].map(([name, { filter }]) => [name, filter]);
  const state = { filters: named, colour: find('#colour').value, row: current() };
  return `#state=${encodeURIComponent(JSON.stringify(state))}`;
}

function keepState() {
  try {
    history.replaceState(null, '', stateText());
  } catch {
    // A browser may refuse this for a file; the page works without it.
  }
}

function isKnown([name, filter]) {
  return columns.has(name) || ['outline', 'text', 'query'].includes(filter.kind);
}

export async function restoreState() {
  const text = new URLSearchParams(location.hash.slice(1)).get('state');
  if (!text) return;
  let state;
  try {
    state = JSON.parse(text);
  } catch {
    return;
  }
  for (const [name, filter] of (state.filters ?? []).filter(isKnown)) {
    await setFilter(name, filter).catch(() => {});
  }
  if (state.colour && page.map) {
    find('#colour').value = state.colour;
    find('#colour').onchange();
  }
  if (Number.isInteger(state.row) && state.row < page.n) await openRow(state.row);
}

export function buildState() {
  onChange(keepState);
  document.addEventListener('row-opened', keepState);
  find('#colour').addEventListener('change', keepState);
}
