// The filters as a selector file, which selects exactly the members that the page shows.
import { page } from './data.js';
import { filters } from './filters.js';

const oneLine = (text) => text.replace(/[\u0000-\u001f\u2028\u2029]+/g, ' ');

export function selectorText() {
  const clauses = [...filters.values()];
  const isPlaced = clauses.some((clause) => clause.isPlaced);
  const reads = [...new Set(clauses.map((clause) => clause.reads).filter(Boolean))];
  const labels = clauses.map((clause) => oneLine(clause.label)).join('; ') || 'every member';
  const place = `JOIN (SELECT instruction_id, x, y FROM ${page.map?.relation}) USING (instruction_id)`;
  const conditions = clauses.map((clause, k) => `${k ? '  AND ' : 'WHERE '}${clause.sql}`);
  return [
    `-- summary: ${labels}.`,
    'SELECT instruction_id',
    'FROM pool($pool)',
    ...(isPlaced ? [place] : []),
    ...reads,
    ...conditions,
    'ORDER BY shuffle_key(fingerprint, $seed), fingerprint',
    'LIMIT $budget',
    '',
  ].join('\n');
}
