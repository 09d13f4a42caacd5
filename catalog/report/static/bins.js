// Bins of a numeric column's histogram.
import { numbers, page } from './data.js';

const MOST = 40;
export const MISSING = 255; // the bin of members without a number

function rangeOf(values) {
  let [low, high, nMissing, isWhole] = [Infinity, -Infinity, 0, true];
  for (const value of values) {
    if (Number.isNaN(value)) nMissing += 1;
    else {
      if (value % 1) isWhole = false;
      if (value < low) low = value;
      if (value > high) high = value;
    }
  }
  return { low, high, nMissing, isWhole };
}

function addBins(column) {
  const range = rangeOf(column.values);
  const { low, high } = range;
  const isFew = range.isWhole && high - low < MOST;
  const isLog = column.is_log && !isFew && low >= 0;
  const forward = isLog ? Math.log1p : (value) => value;
  const back = isLog ? Math.expm1 : (value) => value;
  const first = forward(low);
  const last = isFew ? high + 1 : forward(high);
  const n = isFew ? high - low + 1 : MOST;
  const bin = new Uint8Array(page.n).fill(MISSING);
  for (let row = 0; row < page.n; row += 1) {
    const value = column.values[row];
    if (!Number.isNaN(value)) {
      const share = (forward(value) - first) / (last - first || 1);
      bin[row] = Math.min(n - 1, Math.max(0, Math.floor(share * n)));
    }
  }
  const edge = (k) => {
    if (k >= n) return high;
    if (k <= 0) return low;
    return +back(first + ((last - first) * k) / n).toPrecision(4);
  };
  Object.assign(column, range, { bin, n_bins: n, edge, isFew });
}

for (const column of numbers) addBins(column);
