// The filters as a selector file, which selects exactly the members that the page shows.
import { page } from './data.js';
import { oppositeSql } from './clauses.js';
import { filters, isInspected } from './filters.js';

const DIRECTION = /[\u200e\u200f\u202a-\u202e\u2066-\u2069]/g; // marks that reorder a line
const oneLine = (text) => text.replace(DIRECTION, '').replace(/[\u0000-\u001f\u2028\u2029]+/g, ' ');

const removedBy = (clause) => ({
  ...clause, sql: oppositeSql(clause), label: `removed by: ${clause.label}`,
});

export function selectorText() {
  const clauses = [...filters].map(([name, clause]) => (isInspected(name) ? removedBy(clause) : clause));
  const isPlaced = clauses.some((clause) => clause.isPlaced);
  const reads = [...new Set(clauses.map((clause) => clause.reads).filter(Boolean))];
  const labels = clauses.map((clause) => oneLine(clause.label)).join('; ') || 'every member';
  const place = `LEFT JOIN (SELECT instruction_id, x, y FROM ${page.map?.relation}) USING (instruction_id)`;
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
