// One member: its conversation, marks, numbers, neighbours, and why it is in a subset or not.
import { ask, isReport, numbers, page, subsets } from './data.js';
import { element, failure, find, quiet, shown } from './dom.js';
import { ownLosses } from './losses.js';
import { markBar } from './marks.js';

let opened = null;
export const current = () => opened;

const chip = (text, kind = '') => element('span', { className: `chip ${kind}`, dir: 'auto' }, text);

function message(role, content, extra) {
  const more = extra && extra !== '{}' ? element('code', {}, extra) : null;
  const head = element('b', {}, role);
  const classes = `message ${role === 'user' || role === 'system' ? role : 'assistant'}`;
  return element('div', { className: classes, dir: 'auto' }, head, content ?? '', more);
}

function conversation(row) {
  const turns = row.messages?.length
    ? row.messages
    : [{ role: 'user', content: row.prompt }, { role: 'assistant', content: row.response }];
  const system = row.system ? [message('system', row.system)] : [];
  return [...system, ...turns.map((turn) => message(turn.role, turn.content, turn.extra))];
}

function signalLine(column, id) {
  const value = column.values[id];
  let nBelow = 0;
  for (const other of column.values) if (other < value) nBelow += 1;
  const share = nBelow / page.n;
  const tick = element('i');
  tick.style.left = `${97 * share}%`;
  const isKnown = !Number.isNaN(value);
  const place = isKnown ? `above ${Math.round(100 * share)} % of the members` : 'no value';
  return element(
    'div', { className: 'signal', title: place },
    element('span', {}, column.label),
    element('span', { className: 'number' }, isKnown ? shown(value) : 'none'),
    element('span', { className: 'scale' }, isKnown ? tick : null),
  );
}

function later(title, load) {
  const body = element('div', {}, quiet('working…'));
  const box = element('details', {}, element('summary', {}, title), body);
  box.addEventListener('toggle', async () => {
    if (!box.open || box.dataset.loaded) return;
    box.dataset.loaded = 'yes';
    try {
      body.replaceChildren(...(await load()));
      box.scrollIntoView({ block: 'nearest' });
    } catch (error) {
      body.replaceChildren(failure(error));
    }
  });
  return box;
}

function whyBoxes(id) {
  return subsets.map((column) => {
    const title = `${column.values[id] ? 'in' : 'not in'} ${column.label} · ${column.selector}`;
    return later(title, async () => {
      const lines = await ask('why', { id, subset: column.name });
      return lines.map((line) => element('p', {}, line.trim()));
    });
  });
}

function nearBox(id) {
  return later('Nearest in meaning', async () => {
    const rows = await ask('neighbours', { id });
    document.dispatchEvent(new CustomEvent('rows-ringed', { detail: rows.map((row) => row.id) }));
    return rows.map((row) => element(
      'button', { type: 'button', className: 'near', onclick: () => openRow(row.id) },
      element('span', { className: 'number' }, row.similarity.toFixed(2)),
      element('span', { dir: 'auto' }, row.prompt),
    ));
  });
}

const lossBox = (id) => later('Losses against its cluster', () => ownLosses(id));

document.addEventListener('row-marked', (event) => {
  if (event.detail === opened) openRow(opened);
});

// Escape goes back to the row.
find('#detail').onkeydown = ({ key }) => {
  if (key === 'Escape') find(`tr[data-row="${opened}"] button`)?.focus();
};

export async function openRow(id, { isByKey = false } = {}) {
  const isOther = opened !== id;
  opened = id;
  const side = find('#detail');
  if (isByKey) side.focus();
  if (isOther) document.dispatchEvent(new CustomEvent('row-opened', { detail: id }));
  const [row] = await ask('rows', { ids: [id] }).catch((error) => [{ error }]);
  if (opened !== id) return;
  if (!row) return side.replaceChildren(quiet('This report does not hold the text of this row.'));
  if (row.error) return side.replaceChildren(failure(row.error));
  const members = subsets.filter((column) => column.values[id]);
  const extra = isReport ? [] : [
    ...(subsets.length ? [element('h2', {}, 'Why'), ...whyBoxes(id)] : []),
    element('h2', {}, 'More'),
    ...(page.map ? [nearBox(id)] : []),
    ...(numbers.some((column) => column.name === 'last_loss') ? [lossBox(id)] : []),
  ];
  const metadata = typeof row.metadata === 'string' ? row.metadata : JSON.stringify(row.metadata);
  return side.replaceChildren(
    element(
      'div', {},
      chip(row.source ?? '?'), chip(`row ${shown(row.row_number)}`),
      ...members.map((column) => chip(`in ${column.label}`, 'in')),
      ...(row.labels ?? []).map((label) => chip(label)),
    ),
    markBar({ ...row, id }),
    ...conversation(row),
    element('h2', {}, 'Signals'),
    ...numbers.map((column) => signalLine(column, id)),
    ...extra,
    later('Fingerprint', () => [element('code', { className: 'long' }, row.fingerprint)]),
    row.metadata ? later('Metadata', () => [element('pre', { dir: 'auto' }, metadata)]) : '',
  );
}
