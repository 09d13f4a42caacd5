// The filters: each owns one bit of a row's mask. A row is shown when its mask is 0, or, while the
// removals of one filter are inspected, when its mask is that filter's bit alone.
import { clauseOf } from './clauses.js';
import { page } from './data.js';
import { record } from './history.js';
import { tally } from './tally.js';

export const masks = new Int32Array(page.n);
export const filters = new Map(); // name -> the filter, its clause and its bit
const listeners = [];
const totals = new WeakMap(); // members by code, of each column
const removed = new Uint32Array(32); // members that one filter alone hides, by its bit's place
const shownRows = Uint32Array.from({ length: page.n }, (_, row) => row); // the first nShown of them
let nShown = page.n;
let shownMask = 0;
let isQueued = false;

export const countShown = () => nShown;
export const isShown = (row) => masks[row] === shownMask;
export const rowsShown = () => shownRows.subarray(0, nShown);
export const onChange = (listener) => listeners.push(listener);
export const bitOf = (name) => filters.get(name)?.bit ?? 0;
export const isInspected = (name) => Boolean(shownMask) && shownMask === bitOf(name);
export const isInverted = (name) => Boolean(filters.get(name)?.filter.isNot);
export const nRemovedBy = (name) => removed[31 - Math.clz32(bitOf(name))];
export const forgetTotals = (codes) => totals.delete(codes);

function freeBit() {
  const used = [...filters.values()].reduce((bits, each) => bits | each.bit, 0);
  for (let k = 0; k < 31; k += 1) if (!(used & (1 << k))) return 1 << k;
  throw new Error('31 filters are the most.');
}

export async function putFilter(name, filter) {
  if (!filter) return dropFilter(name);
  const { kept, ...clause } = await clauseOf(name, filter);
  const bit = bitOf(name) || freeBit();
  filters.set(name, { filter, bit, ...clause });
  for (let row = 0; row < page.n; row += 1) {
    masks[row] = (masks[row] & ~bit) | (bit & (kept[row] - 1));
  }
  return changed();
}

function dropFilter(name) {
  const bit = bitOf(name);
  if (!bit) return;
  filters.delete(name);
  if (shownMask === bit) shownMask = 0;
  for (let row = 0; row < page.n; row += 1) masks[row] &= ~bit;
  changed();
}

export async function setFilter(name, filter) {
  const before = filters.get(name)?.filter ?? null;
  if (!before && !filter) return;
  await putFilter(name, filter);
  const key = filter?.kind === 'number' ? `brush ${name}` : null;
  record(() => putFilter(name, before), key);
}

export const removeFilter = (name) => setFilter(name, null);

export function clearFilters() {
  const before = [...filters].map(([name, { filter }]) => [name, filter]);
  for (const [name] of before) dropFilter(name);
  record(async () => {
    for (const [name, filter] of before) await putFilter(name, filter);
  });
}

export function inspect(name) {
  shownMask = isInspected(name) ? 0 : bitOf(name);
  changed();
}

export function changed() {
  removed.fill(0);
  let n = 0;
  for (let row = 0; row < page.n; row += 1) {
    const mask = masks[row];
    shownRows[n] = row;
    n += mask === shownMask;
    if (mask && !(mask & (mask - 1))) removed[31 - Math.clz32(mask)] += 1;
  }
  nShown = n;
  if (isQueued) return;
  isQueued = true;
  requestAnimationFrame(() => {
    isQueued = false;
    for (const listener of listeners) listener();
  });
}

function totalsOf(codes, n) {
  if (!totals.has(codes)) {
    const all = new Uint32Array(2 ** (8 * codes.BYTES_PER_ELEMENT));
    for (let row = 0; row < page.n; row += 1) all[codes[row]] += 1;
    totals.set(codes, all.slice(0, n));
  }
  return totals.get(codes);
}

// Members by code: all of them, and those that every other filter keeps.
export function countsOf(codes, n, ownBit) {
  const all = totalsOf(codes, n);
  if (!filters.size) return [all, all];
  if (!ownBit && !shownMask) return [all, tally(codes, rowsShown()).subarray(0, n)];
  const kept = new Uint32Array(2 ** (8 * codes.BYTES_PER_ELEMENT));
  const others = ~ownBit;
  for (let row = 0; row < page.n; row += 1) kept[codes[row]] += (masks[row] & others) === 0;
  return [all, kept.subarray(0, n)];
}
