// Subsets beside each other and beside a random draw of the same size.
import { ask, columns, isReport, page, subsets } from './data.js';
import { element, failure, quiet, shown, table } from './dom.js';
import { pairView } from './selections.js';

const UP = '--above';
const DOWN = '--below';
const COVERAGE = 'Coverage is that of `catalog compare --projection pca`.';
const DEEPEST = 40; // percent of colour for four times the random draw's number, or a quarter of it

function ratioCell(row, measure, rows) {
  const value = row[measure];
  const random = rows.find((other) => other.name === `random ${shown(row.n_members)}`);
  const base = random?.[measure];
  const cell = element('span', { dataset: { figure: 'yes' } }, shown(value));
  if (row === random || !(value > 0) || !(base > 0) || value === base) return cell;
  const ratio = value / base;
  const share = Math.min(DEEPEST, Math.abs(Math.log2(ratio)) * 26);
  cell.className = 'ratio';
  cell.title = `${ratio.toFixed(2)} times the random draw`;
  cell.style.background = `color-mix(in srgb, var(${ratio > 1 ? UP : DOWN}) ${share}%, transparent)`;
  return cell;
}

function measuresTable(rows) {
  const measures = [...new Set(rows.flatMap((row) => Object.keys(row)))].filter((key) => key !== 'name');
  const lines = measures.map((measure) => [
    measure.replaceAll('_', ' '), ...rows.map((row) => ratioCell(row, measure, rows)),
  ]);
  const caption = 'Measures: blue is above a random draw of the same size, orange below';
  return table(['measure', ...rows.map((row) => row.name)], lines, caption);
}

function overlapTable(overlap) {
  const names = [...new Set(overlap.flatMap((pair) => [pair.left, pair.right]))];
  const between = (a, b) => overlap.find(({ left, right }) => (
    (left === a && right === b) || (left === b && right === a)
  ));
  const percent = (a, b) => {
    if (a === b) return '';
    const pair = between(a, b);
    return pair ? `${(100 * pair.jaccard).toFixed(1)} %` : '';
  };
  const lines = names.map((a) => [a, ...names.map((b) => percent(a, b))]);
  return table(['', ...names], lines, 'Overlap: members of both by members of either');
}

function sourcesTable(chosen) {
  const { values: codes, categories } = columns.get('source');
  const lines = categories.map((name) => [name, 0, ...chosen.map(() => 0)]);
  for (let row = 0; row < page.n; row += 1) {
    const line = lines[codes[row]];
    line[1] += 1;
    chosen.forEach((column, k) => { line[k + 2] += column.values[row]; });
  }
  const heads = ['source', page.reference, ...chosen.map((column) => column.name)];
  return table(heads, lines, 'Members by source');
}

async function measure(pane, chosen) {
  pane.replaceChildren(quiet('measuring…'));
  try {
    const references = chosen.map((column) => column.name);
    const { rows, overlap, notes } = await ask('compare', { references });
    pane.replaceChildren(
      sourcesTable(chosen),
      rows.length ? measuresTable(rows) : '',
      rows.some((row) => 'coverage' in row) ? quiet(COVERAGE) : '',
      overlap.length ? overlapTable(overlap) : '',
      ...notes.map((note) => quiet(`Not measured: ${note}`)),
    );
  } catch (error) {
    pane.replaceChildren(failure(error));
  }
}

export async function compareView(pane) {
  const body = element('div');
  const boxes = subsets.map((column) => element('input', {
    type: 'checkbox', checked: true, value: column.name,
  }));
  const labels = boxes.map((box) => element('label', { className: 'chip' }, box, ` ${box.value}`));
  const start = () => measure(body, subsets.filter((_, k) => boxes[k].checked));
  const button = element('button', { type: 'button', onclick: start }, 'Compare');
  const isChosen = !isReport && subsets.length;
  pane.replaceChildren(
    isChosen ? element('p', {}, ...labels, ' ', button) : '', body, pairView(),
  );
  if (isReport || !subsets.length) await measure(body, subsets);
  else body.replaceChildren(quiet('Compare measures the ticked subsets beside random draws of their size.'));
}
