// Marks of members: good, bad and a note, which the catalog keeps by fingerprint.
import { ask, columns, isReport, page } from './data.js';
import { element } from './dom.js';
import { changed, filters, forgetTotals, putFilter } from './filters.js';
import { record } from './history.js';

const markColumn = columns.get('mark');
export const canMark = !isReport && page.is_saving;

export const markOf = (id) => {
  const code = markColumn?.values[id];
  return code ? markColumn.categories[code] : 'none';
};

async function putMark(id, change) {
  await ask('mark', { ids: [id], ...change });
  if (change.mark) {
    markColumn.values[id] = Math.max(0, markColumn.categories.indexOf(change.mark));
    forgetTotals(markColumn.values);
    if (filters.has('mark')) await putFilter('mark', filters.get('mark').filter);
    else changed();
  }
  document.dispatchEvent(new CustomEvent('row-marked', { detail: id }));
}

// Marks are put one after the other, so that each knows the one before it.
let marking = Promise.resolve();

function inTurn(act) {
  marking = marking.catch(() => {}).then(act);
  return marking;
}

// The same mark again removes it.
export function setMark(id, mark) {
  if (!canMark) return undefined;
  return inTurn(async () => {
    const before = markOf(id);
    await putMark(id, { mark: mark === before ? 'none' : mark });
    record(() => inTurn(() => putMark(id, { mark: before })));
  });
}

function setNote(row, note) {
  return inTurn(async () => {
    await putMark(row.id, { note });
    record(() => inTurn(() => putMark(row.id, { note: row.note ?? '' })));
  });
}

function markButton(id, mark, key) {
  const isOn = markOf(id) === mark;
  return element('button', {
    type: 'button', className: `mark ${mark}`, title: `key ${key}`, ariaPressed: String(isOn),
    onclick: () => setMark(id, mark),
  }, mark);
}

export function markBar(row) {
  if (!canMark) {
    const mark = markOf(row.id);
    const text = [mark === 'none' ? '' : `marked ${mark}`, row.note ?? ''].filter(Boolean).join(': ');
    return text ? element('p', { className: 'marks', dir: 'auto' }, text) : '';
  }
  const note = element('input', {
    id: 'note', value: row.note ?? '', placeholder: 'note', ariaLabel: 'Note', dir: 'auto',
    onchange: () => setNote(row, note.value),
  });
  return element(
    'p', { className: 'marks' },
    markButton(row.id, 'good', 'g'), markButton(row.id, 'bad', 'b'), note,
  );
}
