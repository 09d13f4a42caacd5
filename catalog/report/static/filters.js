// The filters: each owns one bit of a row's mask, and a row is shown when its mask is 0.
import { clauseOf } from './clauses.js';
import { page } from './data.js';

export const masks = new Uint32Array(page.n);
export const filters = new Map(); // name -> the filter, its clause and its bit
const listeners = [];
let nShown = page.n;
let isQueued = false;

export const countShown = () => nShown;
export const isShown = (row) => masks[row] === 0;
export const onChange = (listener) => listeners.push(listener);
export const bitOf = (name) => filters.get(name)?.bit ?? 0;

function freeBit() {
  const used = [...filters.values()].reduce((bits, each) => bits | each.bit, 0);
  for (let k = 0; k < 31; k += 1) if (!(used & (1 << k))) return 1 << k;
  throw new Error('31 filters are the most.');
}

export async function setFilter(name, filter) {
  if (!filter) return removeFilter(name);
  const clause = await clauseOf(name, filter);
  const bit = bitOf(name) || freeBit();
  filters.set(name, { filter, bit, ...clause });
  for (let row = 0; row < page.n; row += 1) {
    if (clause.test(row)) masks[row] &= ~bit;
    else masks[row] |= bit;
  }
  return changed();
}

export function removeFilter(name) {
  const bit = bitOf(name);
  if (!bit) return;
  filters.delete(name);
  for (let row = 0; row < page.n; row += 1) masks[row] &= ~bit;
  changed();
}

export function clearFilters() {
  filters.clear();
  masks.fill(0);
  changed();
}

export function changed() {
  nShown = 0;
  for (let row = 0; row < page.n; row += 1) if (!masks[row]) nShown += 1;
  if (isQueued) return;
  isQueued = true;
  requestAnimationFrame(() => {
    isQueued = false;
    for (const listener of listeners) listener();
  });
}

// Members by code: all of them, and those that every other filter keeps.
export function countsOf(codes, n, ownBit) {
  const all = new Uint32Array(n);
  const kept = new Uint32Array(n);
  const others = ~ownBit;
  for (let row = 0; row < page.n; row += 1) {
    const code = codes[row];
    if (code < n) {
      all[code] += 1;
      if (!(masks[row] & others)) kept[code] += 1;
    }
  }
  return [all, kept];
}
