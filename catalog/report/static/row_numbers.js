// The numbers that stand beside the texts of the rows.
import { numbers } from './data.js';
import { filters } from './filters.js';

const SHOWN_NUMBERS = 3;
const isLength = (column) => column.name.endsWith('_characters');

// The numbers that are filtered by come first, then those that most members have.
export function numbersShown() {
  const rank = (column) => [!filters.has(column.name), isLength(column), column.nMissing];
  const before = (a, b) => {
    const [left, right] = [rank(a), rank(b)];
    const k = left.findIndex((value, place) => value !== right[place]);
    return k < 0 ? 0 : left[k] - right[k];
  };
  const few = [...numbers].sort(before).slice(0, SHOWN_NUMBERS);
  return numbers.filter((column) => few.includes(column));
}
