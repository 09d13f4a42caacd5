// Subsets beside each other and beside random draws of the same size.
import { ask, columns, isReport, page, subsets } from './data.js';
import { element, failure, quiet, shown, table } from './dom.js';
import { pairView } from './selections.js';

const UP = '--above';
const DOWN = '--below';
const COVERAGE = 'Coverage is that of `catalog compare --projection pca`.';
const USUAL = 2; // standard deviations that random draws often differ by
const DEEPEST = 40; // percent of colour, from 32 standard deviations on

function measureCell(row, measure, { rows, spread }) {
  const value = row[measure];
  const random = rows.find((other) => other.name === `random ${shown(row.n_members)}`);
  const deviation = spread[random?.name]?.[measure];
  const cell = element('span', { dataset: { figure: 'yes' } }, shown(value));
  if (value == null || !deviation) return cell;
  if (row === random) {
    cell.append(` ± ${+deviation.toPrecision(2)}`);
    return cell;
  }
  const distance = (value - random[measure]) / deviation;
  cell.title = `${distance.toFixed(1)} standard deviations from the mean of random draws`;
  if (Math.abs(distance) < USUAL) return cell;
  const share = Math.min(DEEPEST, 8 * Math.log2(Math.abs(distance)));
  cell.className = 'unusual';
  cell.style.background = `color-mix(in srgb, var(${distance > 0 ? UP : DOWN}) ${share}%, transparent)`;
  return cell;
}

function measuresTable(comparison) {
  const { rows } = comparison;
  const measures = [...new Set(rows.flatMap((row) => Object.keys(row)))].filter((key) => key !== 'name');
  const lines = measures.map((measure) => [
    measure.replaceAll('_', ' '), ...rows.map((row) => measureCell(row, measure, comparison)),
  ]);
  const caption = 'Measures: blue is above random draws of the same size by two standard deviations '
    + 'or more, orange below';
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
  return table(heads, lines, `Members of ${page.reference} by source`);
}

async function measure(pane, chosen) {
  pane.replaceChildren(quiet('measuring…'));
  try {
    const references = chosen.map((column) => column.name);
    const comparison = await ask('compare', { references });
    const { rows, overlap, notes } = comparison;
    pane.replaceChildren(
      sourcesTable(chosen),
      rows.length ? measuresTable(comparison) : '',
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
