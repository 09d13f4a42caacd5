// Start the page.
import { isReport, page } from './data.js';
import { failure, find, shown } from './dom.js';
import { buildFacets } from './facets.js';
import { changed, clearFilters, countShown, filters, onChange, setFilter } from './filters.js';
import { buildMap } from './map.js';
import { buildRows } from './rows.js';
import { buildDialog } from './save.js';
import { buildState, restoreState } from './state.js';
import { buildTabs } from './tabs.js';

async function search(event) {
  event?.preventDefault();
  const text = find('#text').value.trim();
  try {
    await setFilter('text', text ? { kind: 'text', text } : null);
  } catch (error) {
    find('#count').replaceChildren(failure(error));
  }
}

function showCount() {
  find('#count').textContent = `${shown(countShown())} of ${shown(page.n)}`;
  find('#clear').hidden = !filters.size;
  find('#text').value = filters.get('text')?.filter.text ?? '';
}

document.title = `${page.reference} · catalog`;
document.body.classList.toggle('report', isReport);
find('#reference').textContent = page.reference;
find('#search').onsubmit = search;
find('#clear').onclick = clearFilters;
buildFacets();
buildMap();
buildRows();
buildDialog();
buildTabs();
onChange(showCount);
await restoreState();
buildState();
changed();
document.documentElement.dataset.ready = 'yes';
