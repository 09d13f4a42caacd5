// The active filters: what each keeps, how many members it alone removes, and its SQL.
import { element, find, shown } from './dom.js';
import {
  filters, inspect, isInspected, nRemovedBy, onChange, removeFilter, setFilter,
} from './filters.js';
import { canUndo, undo } from './history.js';

const openedSql = new Set(); // filters whose SQL is shown

function removalsButton(name) {
  const n = nRemovedBy(name);
  const isOn = isInspected(name);
  const text = isOn ? 'back to the shown members' : `−${shown(n)}`;
  const title = `${shown(n)} members are hidden by this filter alone: show them`;
  return element('button', {
    type: 'button', className: 'link', title, disabled: !n && !isOn, ariaPressed: String(isOn),
    onclick: () => inspect(name),
  }, text);
}

function invertButton(name, filter) {
  const onclick = () => setFilter(name, { ...filter, isNot: !filter.isNot });
  const title = 'keep the members that it leaves out, and leave out those that it keeps';
  return element('button', { type: 'button', className: 'link', title, onclick }, 'invert');
}

function sqlButton(name) {
  const onclick = () => {
    if (!openedSql.delete(name)) openedSql.add(name);
    drawChips();
  };
  const isOn = String(openedSql.has(name));
  return element('button', { type: 'button', className: 'link', ariaExpanded: isOn, onclick }, 'SQL');
}

function filterChip([name, { filter, label, sql }]) {
  const close = element('button', {
    type: 'button', className: 'link', ariaLabel: `remove the filter ${label}`,
    onclick: () => removeFilter(name),
  }, '×');
  return element(
    'div', { className: 'filter', dataset: { filter: name } },
    element('span', { className: 'filter-label', dir: 'auto', title: label }, label),
    removalsButton(name), invertButton(name, filter), sqlButton(name), close,
    openedSql.has(name) ? element('pre', {}, element('code', {}, sql)) : null,
  );
}

function drawChips() {
  find('#chips').replaceChildren(...[...filters].map(filterChip));
  find('#chips').hidden = !filters.size;
}

export function buildChips() {
  find('#undo').onclick = undo;
  document.addEventListener('steps-changed', () => { find('#undo').disabled = !canUndo(); });
  onChange(drawChips);
}
