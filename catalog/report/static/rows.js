// The rows that the filters keep, a page of them at a time; a search by meaning orders them.
import { ask, isReport, page } from './data.js';
import { current, openRow } from './detail.js';
import { element, failure, find, quiet, shown } from './dom.js';
import { countShown, filters, isShown, onChange, rowsShown } from './filters.js';
import { numbersShown } from './row_numbers.js';

const PAGE = 50;
let first = 0; // the place of the page's first row among those listed
let order = null; // the rows that can be listed, in order; null: every row of the page
let asked = 0;
let redrawing = 0;
let set = []; // the filters that the listed rows passed

async function listedOrder() {
  const ranked = [...filters.values()].find((each) => each.ranked)?.ranked;
  if (!isReport) return ranked ?? null;
  const held = await ask('with_text');
  return ranked ? ranked.filter((row) => held.includes(row)) : held;
}

const nListable = () => order?.length ?? page.n;
const rowAt = (place) => (order ? order[place] : place);

function listed(from, most) {
  if (!order) return [...rowsShown().subarray(from, from + most)];
  const rows = [];
  let n = 0;
  for (let place = 0; place < nListable() && rows.length < most; place += 1) {
    if (isShown(rowAt(place))) {
      if (n >= from) rows.push(rowAt(place));
      n += 1;
    }
  }
  return rows;
}

const countListed = () => (order ? order.filter(isShown).length : countShown());

function line(row, tail) {
  const cell = (text) => element('td', { className: 'clip', dir: 'auto' }, (text ?? '').slice(0, 300));
  return element(
    'tr', { dataset: { row: row.id }, onclick: ({ detail }) => openRow(row.id, { isByKey: !detail }) },
    element('td', { className: 'number' }, element(
      'button', { type: 'button', className: 'link', ariaLabel: `open row ${row.row_number}` },
      shown(row.row_number),
    )),
    element('td', { className: 'source', title: row.source ?? '', dir: 'auto' }, row.source ?? ''),
    cell(row.prompt),
    cell(row.response),
    ...tail.map(({ values }) => element('td', { className: 'number' }, shown(values[row.id]))),
  );
}

function pager() {
  const step = (by) => () => {
    first += by;
    drawRows();
  };
  const n = countListed();
  const nBare = countShown() - n;
  const text = nBare ? ` with texts, and ${shown(nBare)} without` : '';
  const last = Math.min(first + PAGE, n);
  const range = `${shown(Math.min(first + 1, last))} to ${shown(last)} of ${shown(n)}${text}`;
  const button = (label, title, disabled, by) => element(
    'button', { type: 'button', title, ariaLabel: title, disabled, onclick: step(by) }, label,
  );
  return element(
    'p', { className: 'quiet pager' },
    button('‹', 'previous rows', first === 0, -PAGE), ` ${range} `,
    button('›', 'next rows', last >= n, PAGE),
  );
}

function selectLine() {
  for (const node of document.querySelectorAll('tr[data-row]')) {
    node.ariaCurrent = String(Number(node.dataset.row) === current());
  }
}

export async function drawRows() {
  const pane = find('#pane-rows');
  const turn = (asked += 1);
  try {
    order = await listedOrder();
    first = Math.max(0, Math.min(first, countListed() - 1));
    const rows = await ask('rows', { ids: listed(first, PAGE) });
    if (turn !== asked) return;
    const tail = numbersShown();
    const head = ['row', 'source', 'prompt', 'response', ...tail.map((column) => column.label)]
      .map((name, k) => element('th', { scope: 'col', className: k > 3 || !k ? 'number' : '' }, name));
    pane.replaceChildren(
      rows.length ? '' : quiet('No row passes the filters.'),
      element('table', { className: 'rows' },
        element('thead', {}, element('tr', {}, ...head)),
        element('tbody', {}, ...rows.map((row) => line(row, tail)))),
      pager(),
    );
    selectLine();
  } catch (error) {
    pane.replaceChildren(failure(error));
  }
}

function placeAfter(start, step) {
  let place = start;
  do place += step; while (place >= 0 && place < nListable() && !isShown(rowAt(place)));
  return place >= 0 && place < nListable() ? place : null;
}

export async function goBy(step) {
  const start = order ? order.indexOf(current()) : current() ?? -1;
  const isInside = start >= 0 && isShown(rowAt(start));
  const next = isInside ? placeAfter(start, step) : listed(first, 1)[0] ?? null;
  if (next === null) return;
  const row = isInside ? rowAt(next) : next;
  let before = 0; // listed rows before it
  for (let place = 0; rowAt(place) !== row; place += 1) if (isShown(rowAt(place))) before += 1;
  if (before < first || before >= first + PAGE) {
    first = before - (before % PAGE);
    await drawRows();
  }
  await openRow(row);
  find(`tr[data-row="${row}"]`)?.scrollIntoView({ block: 'nearest' });
}

export function buildRows() {
  document.addEventListener('row-opened', selectLine);
  onChange(() => {
    clearTimeout(redrawing);
    redrawing = setTimeout(() => {
      const now = [...filters.values()].map((each) => each.filter);
      if (now.length !== set.length || now.some((filter, k) => filter !== set[k])) first = 0;
      set = now;
      drawRows();
    }, 60);
  });
}
