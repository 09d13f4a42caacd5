// The rows that the filters keep, a page of them at a time; j and k go through them.
import { ask, isReport, numbers, page } from './data.js';
import { current, openRow } from './detail.js';
import { element, failure, find, quiet, shown } from './dom.js';
import { countShown, isShown, onChange } from './filters.js';

const PAGE = 50;
const SHOWN_NUMBERS = 3;
let first = 0; // the place of the page's first row among those listed
let listed = [];
let asked = 0;
let redrawing = 0;

async function listedRows() {
  const all = isReport ? await ask('with_text') : Array.from({ length: page.n }, (_, row) => row);
  return all.filter(isShown);
}

function line(row) {
  const tail = numbers.slice(-SHOWN_NUMBERS).map((column) => column.values[row.id]);
  const cell = (text) => element('td', { className: 'clip', dir: 'auto' }, (text ?? '').slice(0, 300));
  return element(
    'tr', { dataset: { row: row.id }, onclick: () => openRow(row.id) },
    element('td', { className: 'number' }, element(
      'button', { type: 'button', className: 'link', ariaLabel: `open row ${row.row_number}` },
      shown(row.row_number),
    )),
    element('td', { className: 'whole' }, row.source ?? ''),
    cell(row.prompt),
    cell(row.response),
    ...tail.map((value) => element('td', { className: 'number' }, shown(value))),
  );
}

function pager() {
  const step = (by) => () => {
    first += by;
    drawRows();
  };
  const text = countShown() === listed.length ? '' : `; ${shown(countShown())} without their texts too`;
  const last = Math.min(first + PAGE, listed.length);
  const range = `${shown(Math.min(first + 1, last))} to ${shown(last)} of ${shown(listed.length)}${text}`;
  const button = (label, title, disabled, by) => element(
    'button', { type: 'button', title, ariaLabel: title, disabled, onclick: step(by) }, label,
  );
  return element(
    'p', { className: 'quiet pager' },
    button('‹', 'previous rows', first === 0, -PAGE), ` ${range} `,
    button('›', 'next rows', last >= listed.length, PAGE),
  );
}

function mark() {
  for (const node of document.querySelectorAll('tr[data-row]')) {
    node.ariaSelected = String(Number(node.dataset.row) === current());
  }
}

export async function drawRows() {
  const pane = find('#pane-rows');
  const turn = (asked += 1);
  try {
    listed = await listedRows();
    first = Math.max(0, Math.min(first, listed.length - 1));
    const rows = await ask('rows', { ids: listed.slice(first, first + PAGE) });
    if (turn !== asked) return;
    const names = numbers.slice(-SHOWN_NUMBERS).map((column) => column.label);
    const head = ['row', 'source', 'prompt', 'response', ...names]
      .map((name) => element('th', { scope: 'col' }, name));
    pane.replaceChildren(
      rows.length ? '' : quiet('No row passes the filters.'),
      element('table', { className: 'rows' },
        element('thead', {}, element('tr', {}, ...head)),
        element('tbody', {}, ...rows.map(line))),
      pager(),
    );
    mark();
  } catch (error) {
    pane.replaceChildren(failure(error));
  }
}

async function go(step) {
  if (!listed.length) return;
  const place = listed.indexOf(current());
  const next = place < 0 ? first : Math.max(0, Math.min(listed.length - 1, place + step));
  if (next < first || next >= first + PAGE) {
    first = next - (next % PAGE);
    await drawRows();
  }
  await openRow(listed[next]);
  find(`tr[data-row="${listed[next]}"]`)?.scrollIntoView({ block: 'nearest' });
}

const STEPS = { j: 1, k: -1 };

export function buildRows() {
  document.addEventListener('row-opened', mark);
  document.addEventListener('keydown', (event) => {
    const isTyping = event.target.closest('input, textarea, select, dialog');
    if (STEPS[event.key] && !isTyping && !event.ctrlKey && !event.metaKey) go(STEPS[event.key]);
  });
  onChange(() => {
    clearTimeout(redrawing);
    redrawing = setTimeout(() => {
      first = 0;
      drawRows();
    }, 60);
  });
}
