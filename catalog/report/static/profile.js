// What a set of members is like: shares of categories and groups, and means of numbers.
import { columns, numbers, page } from './data.js';

const coded = [...columns.values()].filter((column) => ['category', 'group'].includes(column.kind));

function meanOf(values, isIn) {
  let [n, sum] = [0, 0];
  for (let row = 0; row < page.n; row += 1) {
    if (isIn(row) && !Number.isNaN(values[row])) {
      n += 1;
      sum += values[row];
    }
  }
  return n ? sum / n : NaN;
}

export function deviationOf({ values }) {
  const mean = meanOf(values, () => true);
  const squares = values.map((value) => (value - mean) ** 2);
  return Math.sqrt(meanOf(squares, () => true));
}

export function profileOf(isIn) {
  let n = 0;
  for (let row = 0; row < page.n; row += 1) if (isIn(row)) n += 1;
  const shares = coded.map((column) => {
    const counts = new Float64Array(column.categories.length);
    for (let row = 0; row < page.n; row += 1) if (isIn(row)) counts[column.values[row]] += 1;
    return { column, shares: counts.map((count) => count / Math.max(1, n)) };
  });
  return { n, shares, means: numbers.map((column) => meanOf(column.values, isIn)) };
}

// The categories of which two profiles have the most different shares: over all columns.
export function differences(left, right, most = 10) {
  const found = left.shares.flatMap(({ column, shares }, k) => column.categories.map((name, code) => ({
    name: `${column.label}: ${name}`, a: shares[code], b: right.shares[k].shares[code],
  })));
  const gap = ({ a, b }) => Math.abs(Math.sqrt(a) - Math.sqrt(b)); // Hellinger: rare ones count too
  return found.filter(({ a, b }) => a !== b).sort((one, other) => gap(other) - gap(one)).slice(0, most);
}
