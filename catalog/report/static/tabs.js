// Views below the map: rows, comparison, definitions, SQL and quarantine.
import { compareView } from './compare.js';
import { ask, columns, isReport, page, subsets } from './data.js';
import { element, failure, find, quiet, shown, table } from './dom.js';
import { duplicatesView } from './duplicates.js';
import { onChange } from './filters.js';
import { lossesView } from './losses.js';
import { regionsView } from './regions.js';
import { drawRows } from './rows.js';
import { sqlView } from './sql.js';
import { takesView } from './takes.js';
import { versionsView } from './versions.js';

const names = subsets.map((column) => column.name);

async function definitionsView(pane) {
  const made = await ask('definitions', { references: names });
  pane.replaceChildren(...made.map((subset) => {
    const { reference, sql, parameters, ...facts } = subset;
    const settings = { ...facts, ...parameters };
    const rows = Object.entries(settings).map(([name, value]) => [name.replaceAll('_', ' '), factOf(value)]);
    return element(
      'section', {}, element('h2', {}, reference),
      table(['', ''], rows), element('pre', {}, element('code', {}, sql)),
    );
  }));
  if (!made.length) pane.replaceChildren(quiet('No subset is shown.'));
}

const factOf = (value) => shown(typeof value === 'object' ? value && JSON.stringify(value) : value);

const words = (text, title = '') => element('span', { className: 'words', title, dir: 'auto' }, text);

async function quarantineView(pane) {
  const { reasons, records } = await ask('quarantine');
  const counts = Object.entries(reasons);
  if (!counts.length) return pane.replaceChildren(quiet('All records were read.'));
  const lines = records.map((record) => [
    words((record.file ?? '').split('/').at(-1), record.file ?? ''), record.position ?? record.row_number,
    element('span', { className: 'whole' }, record.reason), words(record.detail ?? ''),
    element('code', { dir: 'auto' }, record.raw ?? ''),
  ]);
  return pane.replaceChildren(
    table(['reason', 'records'], counts, 'Quarantined records by reason'),
    records.length ? table(['file', 'position', 'reason', 'detail', 'record'], lines) : '',
  );
}

const VIEWS = [
  ['rows', 'Rows', () => drawRows()],
  ['compare', 'Compare', compareView],
  ...(subsets.length ? [['takes', 'Takes', takesView]] : []),
  ...(page.regions.length ? [['regions', 'Regions', regionsView]] : []),
  ...(columns.has('loss_cluster') ? [['losses', 'Losses', lossesView]] : []),
  ['duplicates', 'Duplicates', duplicatesView],
  ['definitions', 'Definitions', definitionsView],
  ...(isReport ? [] : [['sql', 'SQL', sqlView]]),
  ...(isReport || page.kind !== 'pool' ? [] : [['versions', 'Versions', versionsView]]),
  ['quarantine', 'Quarantine', quarantineView],
];
const drawn = new Set();
let openedTab = 'rows';
export const currentTab = () => openedTab;

async function draw(id, view) {
  const pane = find(`#pane-${id}`);
  if (drawn.has(id)) return;
  drawn.add(id);
  if (id !== 'rows') pane.replaceChildren(quiet('working…'));
  try {
    await view(pane);
  } catch (error) {
    pane.replaceChildren(failure(error));
  }
}

export function openTab(id) {
  if (!VIEWS.some(([name]) => name === id)) return;
  openedTab = id;
  document.dispatchEvent(new CustomEvent('tab-opened'));
  for (const [name, , view] of VIEWS) {
    const isOpen = name === id;
    const tab = find(`#tab-${name}`);
    tab.ariaSelected = String(isOpen);
    tab.tabIndex = isOpen ? 0 : -1;
    find(`#pane-${name}`).hidden = !isOpen;
    if (isOpen) draw(name, view);
  }
}

function arrows(event) {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!step) return;
  const index = VIEWS.findIndex(([id]) => `tab-${id}` === event.target.id) + step;
  const [id] = VIEWS[(index + VIEWS.length) % VIEWS.length];
  openTab(id);
  find(`#tab-${id}`).focus();
}

export function buildTabs() {
  for (const [id, label] of VIEWS) {
    const tab = {
      type: 'button', id: `tab-${id}`, role: 'tab', onclick: () => openTab(id),
      'aria-controls': `pane-${id}`,
    };
    find('#tabs').append(element('button', tab, label));
    const pane = {
      id: `pane-${id}`, className: 'pane', role: 'tabpanel', tabIndex: 0, hidden: true,
      dataset: { title: label },
    };
    find('#panes').append(element('section', { ...pane, 'aria-labelledby': `tab-${id}` }));
  }
  find('#tabs').addEventListener('keydown', arrows);
  openTab('rows');
  onChange(() => { if (drawn.has('regions')) regionsView(find('#pane-regions')); });
  if (isReport) for (const [id, , view] of VIEWS) draw(id, view); // for print
}
