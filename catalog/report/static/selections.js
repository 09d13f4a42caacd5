// Any two selections beside each other: subsets, what is shown, and what was shown before.
import { numbers, page, subsets } from './data.js';
import { element, shown, table } from './dom.js';
import { isShown, onChange } from './filters.js';
import { differences, profileOf } from './profile.js';
import { percentOf } from './takes.js';

const keptSelections = []; // name and members, of what was shown before

function choices() {
  return [
    { name: 'all members', test: () => true },
    { name: 'shown now', test: isShown },
    { name: 'not shown now', test: (row) => !isShown(row) },
    ...keptSelections,
    ...subsets.map(({ label, values }) => ({ name: label, test: (row) => Boolean(values[row]) })),
  ];
}

function keepShown() {
  const members = Uint8Array.from({ length: page.n }, (_, row) => Number(isShown(row)));
  const n = members.reduce((sum, value) => sum + value, 0);
  const name = `kept ${keptSelections.length + 1} (${shown(n)} members)`;
  keptSelections.push({ name, test: (row) => Boolean(members[row]) });
}

function pairTables(a, b) {
  const [left, right] = [profileOf(a.test), profileOf(b.test)];
  const both = profileOf((row) => a.test(row) && b.test(row)).n;
  const either = Math.max(1, left.n + right.n - both);
  const facts = [
    ['members', left.n, right.n],
    ['members of both', both, both],
    ['share of the other', percentOf(both / Math.max(1, left.n)), percentOf(both / Math.max(1, right.n))],
    ['members of both by members of either', percentOf(both / either), percentOf(both / either)],
    ...numbers.map((column, k) => [`mean of ${column.label}`, left.means[k], right.means[k]]),
  ];
  const shares = differences(left, right).map((line) => [line.name, percentOf(line.a), percentOf(line.b)]);
  const heads = ['', a.name, b.name];
  return [
    table(heads, facts, 'Two selections'),
    shares.length ? table(heads, shares, 'Shares that differ most') : '',
  ];
}

export function pairView() {
  const body = element('div', { id: 'pair' });
  const picker = (label) => element('select', { ariaLabel: label, onchange: () => draw() });
  const [first, second] = [picker('First selection'), picker('Second selection')];
  function fill() {
    for (const [select, preset] of [[first, 'shown now'], [second, 'all members']]) {
      const before = select.value || preset;
      select.replaceChildren(...choices().map(({ name }) => element('option', { value: name }, name)));
      select.value = before;
    }
  }
  function draw() {
    const named = (select) => choices().find(({ name }) => name === select.value);
    body.replaceChildren(...pairTables(named(first), named(second)));
  }
  const keep = element('button', {
    type: 'button', onclick: () => { keepShown(); fill(); },
  }, 'Keep what is shown');
  fill();
  draw();
  onChange(() => { if (body.offsetParent) draw(); });
  const title = element('h2', {}, 'Any two selections');
  const choice = element('p', {}, first, ' and ', second, ' ', keep);
  return element('section', { id: 'selections' }, title, choice, body);
}
