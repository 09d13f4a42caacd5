// What each subset takes and leaves, beside the members that it is selected from.
import { ask, isReport, numbers, page, subsets } from './data.js';
import { openRow } from './detail.js';
import { element, quiet, shown, table } from './dom.js';
import { deviationOf, differences, profileOf } from './profile.js';

const N_EXAMPLES = 3;
export const percentOf = (share) => element(
  'span', { dataset: { figure: 'yes' } }, `${(100 * share).toFixed(1)} %`,
);

function sharesTable(profile, all, heads, caption) {
  const lines = differences(profile, all).map(({ name, a, b }) => [
    name, percentOf(a), percentOf(b), b ? +(a / b).toPrecision(3) : 'new',
  ]);
  return lines.length ? table([...heads, 'ratio'], lines, caption) : quiet('The shares are equal.');
}

function numbersTable(inside, outside) {
  const lines = numbers.map((column, k) => {
    const gap = (inside.means[k] - outside.means[k]) / deviationOf(column);
    return [column.label, inside.means[k], outside.means[k], Number.isFinite(gap) ? +gap.toFixed(2) : ''];
  });
  const heads = ['mean of', 'taken', 'left', 'difference in sd'];
  return table(heads, lines, 'Numbers of the members that it takes and that it leaves');
}

async function exampleIds(isWanted) {
  const ids = isReport ? await ask('with_text') : Array.from({ length: page.n }, (_, row) => row);
  return ids.filter(isWanted).slice(0, N_EXAMPLES);
}

async function exampleBox(title, isWanted) {
  const rows = await ask('rows', { ids: await exampleIds(isWanted) });
  const lines = rows.map((row) => element('button', {
    type: 'button', className: 'near whole-line', dir: 'auto', onclick: () => openRow(row.id),
  }, row.prompt.slice(0, 200)));
  return rows.length ? element('section', {}, element('h3', {}, title), ...lines) : '';
}

async function subsetBox(column, all) {
  const isIn = (row) => Boolean(column.values[row]);
  const [inside, outside] = [profileOf(isIn), profileOf((row) => !isIn(row))];
  const share = ((100 * inside.n) / page.n).toFixed(1);
  const made = column.selector ? `by ${column.selector}, ` : '';
  const caption = 'Shares that differ most from those of all members';
  return element(
    'section', {},
    element('h2', {}, column.label),
    quiet(`${made}${shown(inside.n)} of ${shown(page.n)} members (${share} %)`),
    sharesTable(inside, all, ['members of', column.label, page.reference], caption),
    numbers.length ? numbersTable(inside, outside) : '',
    await exampleBox('Taken', isIn),
    await exampleBox('Left', (row) => !isIn(row)),
  );
}

export async function takesView(pane) {
  if (!subsets.length) return pane.replaceChildren(quiet('No subset is shown.'));
  const all = profileOf(() => true);
  const boxes = [];
  for (const column of subsets) boxes.push(await subsetBox(column, all));
  return pane.replaceChildren(...boxes);
}
