// Start the page.
import { buildChips } from './chips.js';
import { isReport, page } from './data.js';
import { failure, find, shown } from './dom.js';
import { buildFacets } from './facets.js';
import { changed, clearFilters, countShown, filters, onChange, setFilter } from './filters.js';
import { buildKeys } from './keys.js';
import { buildMap } from './map.js';
import { buildRows } from './rows.js';
import { buildDialog } from './save.js';
import { buildSplitters } from './splitter.js';
import { buildState, restoreState } from './state.js';
import { buildTabs } from './tabs.js';

const N_NEAREST = 50; // members that a search by meaning keeps

async function search(event) {
  event?.preventDefault();
  const text = find('#text').value.trim();
  const isMeaning = find('input[name=by]:checked').value === 'meaning';
  const filter = isMeaning ? { kind: 'meaning', text, k: N_NEAREST } : { kind: 'text', text };
  find('#count').textContent = 'searching…';
  try {
    await setFilter('text', text ? filter : null);
    showCount();
  } catch (error) {
    find('#count').replaceChildren(failure(error));
  }
}

function showCount() {
  find('#count').textContent = `${shown(countShown())} of ${shown(page.n)}`;
  find('#clear').hidden = !filters.size;
  find('#text').value = filters.get('text')?.filter.text ?? '';
}

// What a server or a filter refuses is said where the members are counted.
addEventListener('unhandledrejection', (event) => {
  event.preventDefault();
  find('#count').replaceChildren(failure(event.reason));
});
document.title = `${page.reference} · catalog`;
document.body.classList.toggle('report', isReport);
find('#reference').textContent = page.reference;
find('#search').onsubmit = search;
find('#clear').onclick = clearFilters;
find('#by').hidden = isReport || !page.map;
buildFacets();
buildChips();
buildMap();
buildRows();
buildDialog();
buildTabs();
buildKeys();
buildSplitters();
onChange(showCount);
await restoreState();
buildState();
changed();
document.documentElement.dataset.ready = 'yes';
