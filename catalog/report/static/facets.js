// Filters at the side: sources, subsets and histograms.
import { facets, page, subsets } from './data.js';
import { element, find, shown } from './dom.js';
import {
  bitOf, countsOf, filters, isInverted, onChange, setFilter,
} from './filters.js';
import { histogram } from './histogram.js';

const FEW = 12; // categories that are shown before "more"

function bar(text, title, onclick, below = '') {
  const whole = element('i');
  const kept = element('i');
  const count = element('span', { className: 'number' });
  const track = element('span', { className: 'track' }, whole, kept);
  const small = below ? element('small', {}, below) : null;
  const name = element('span', { className: 'name', dir: 'auto' }, text, small);
  const button = { type: 'button', className: 'bar', title, onclick, ariaPressed: 'false' };
  const line = element('button', button, name, track, count);
  const put = (nAll, nKept, most) => {
    whole.style.width = `${(100 * nAll) / most}%`;
    kept.style.width = `${(100 * nKept) / most}%`;
    count.textContent = shown(nKept);
  };
  return { line, put };
}

function categoryFacet(column) {
  const lines = column.categories.map((name) => bar(name, name, () => toggle(name)));
  const chosen = () => filters.get(column.name)?.filter.values ?? [];
  const box = element('fieldset', {}, element('legend', {}, column.label));
  box.append(...lines.slice(0, FEW).map((each) => each.line));
  const rest = lines.slice(FEW).map((each) => each.line);
  if (rest.length) {
    const summary = element('summary', {}, `${shown(rest.length)} more`);
    box.append(element('details', {}, summary, ...rest));
  }
  function toggle(name) {
    const values = chosen();
    const next = values.includes(name)
      ? values.filter((each) => each !== name)
      : [...values, name];
    setFilter(column.name, next.length ? { kind: 'category', values: next } : null);
  }
  onChange(() => {
    const [all, kept] = countsOf(column.values, lines.length, bitOf(column.name));
    const most = all.reduce((a, b) => Math.max(a, b), 1);
    const values = chosen();
    lines.forEach(({ line, put }, code) => {
      put(all[code], kept[code], most);
      const isChosen = values.includes(column.categories[code]);
      line.ariaPressed = String(isChosen);
      line.dataset.state = isChosen && isInverted(column.name) ? 'out' : '';
    });
  });
  return box;
}

const NEXT = { any: 'in', in: 'out', out: 'any' };

function subsetsFacet() {
  const legend = element('legend', {}, 'subsets ', element('small', {}, 'click: in, out, any'));
  const box = element('fieldset', {}, legend);
  for (const column of subsets) {
    const title = `${column.label} by ${column.selector}: ${shown(column.n_members)} members`;
    const { line, put } = bar(column.label, title, () => {
      const next = NEXT[line.dataset.state ?? 'any'];
      const filter = next === 'any' ? null : { kind: 'subset', isIn: next === 'in' };
      setFilter(column.name, filter);
    }, column.selector);
    box.append(line);
    onChange(() => {
      const filter = filters.get(column.name)?.filter;
      const [all, kept] = countsOf(column.values, 2, bitOf(column.name));
      const isOut = filter && Boolean(filter.isIn) === isInverted(column.name);
      const code = isOut ? 0 : 1;
      put(all[code], kept[code], page.n);
      line.dataset.state = (isOut && 'out') || (filter && 'in') || 'any';
      line.ariaPressed = String(Boolean(filter));
    });
  }
  return box;
}

export function buildFacets() {
  const side = find('#filters');
  for (const column of facets) if (column.kind === 'category') side.append(categoryFacet(column));
  if (subsets.length) side.append(subsetsFacet());
  for (const column of facets) if (column.kind === 'number') side.append(histogram(column));
}
