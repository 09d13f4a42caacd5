// What a filter keeps: as a 1 for each row that it keeps, as SQL, and as words. A filter is plain
// data: see state.js.
import { ask, columns, page } from './data.js';
import { isolated, spelled } from './dom.js';
import { rowsInside } from './inside.js';

function rowsOf(ids) {
  const kept = new Uint8Array(page.n);
  for (const id of ids) kept[id] = 1;
  return kept;
}

function rowsWith(codes, isKept) {
  const table = Uint8Array.from({ length: 2 ** (8 * codes.BYTES_PER_ELEMENT) }, (_, code) => isKept(code));
  const kept = new Uint8Array(codes.length);
  for (let row = 0; row < kept.length; row += 1) kept[row] = table[codes[row]];
  return kept;
}

function rowsBetween(values, from, to, isClosed) {
  const kept = new Uint8Array(values.length);
  for (let row = 0; row < kept.length; row += 1) {
    const value = values[row];
    kept[row] = (value >= from) & (value < to || (isClosed && value === to));
  }
  return kept;
}

// Control characters are spelled out: a file of text may lose or change them.
const quotedText = (text) => `'${text.replaceAll("'", "''")}'`.replace(
  /[\u0000-\u001f\u007f]/g, (char) => `' || chr(${char.charCodeAt(0)}) || '`,
);

function categoryClause(column, { values }) {
  const { categories, absent } = column;
  const codes = new Set(values.map((value) => categories.indexOf(value)));
  const named = values.filter((value) => categories.indexOf(value) !== absent);
  const list = named.length ? `${column.sql} IN (${named.map(quotedText).join(', ')})` : '';
  const none = absent != null && codes.has(absent) ? `${column.sql} IS NULL` : '';
  const both = [list, none].filter(Boolean).join(' OR ');
  return {
    kept: rowsWith(column.values, (code) => codes.has(code)),
    sql: list && none ? `(${both})` : both,
    label: `${column.label}: ${values.map(isolated).join(', ')}`,
    reads: column.reads,
  };
}

// Numbers are compared as FLOAT on both sides, so that the page and the database agree on each row.
// A number beyond that type is missing on both.
function numberClause(column, { low, high, isClosed }) {
  const [from, to] = [Math.fround(low), Math.fround(high)];
  if (!Number.isFinite(from) || !Number.isFinite(to)) throw new Error('A range has two numbers.');
  const value = `TRY_CAST(${column.sql} AS FLOAT)`;
  return {
    kept: rowsBetween(column.values, from, to, isClosed),
    sql: `${value} >= ${from}::FLOAT AND ${value} ${isClosed ? '<=' : '<'} ${to}::FLOAT`,
    label: `${column.label} from ${spelled(low)} to ${isClosed ? '' : 'below '}${spelled(high)}`,
    reads: column.reads,
  };
}

function subsetClause(column, { isIn }) {
  return {
    kept: rowsWith(column.values, (code) => Boolean(code) === isIn),
    sql: isIn ? column.sql : `NOT ${column.sql}`,
    label: `${isIn ? 'in' : 'not in'} ${column.label}`,
  };
}

// Numbers come from the address too, which anybody may have written.
function numbersOf(points) {
  const corners = points.map(([x, y]) => [Number(x), Number(y)]);
  if (!corners.flat().every(Number.isFinite)) throw new Error('An outline has corners of two numbers.');
  return corners;
}

function outlineClause(_, { points: given }) {
  const points = numbersOf(given);
  const corners = points.map((point) => `[${point.map(asDouble).join(', ')}]`).join(', ');
  return {
    kept: rowsInside(columns.get('x').values, columns.get('y').values, points),
    sql: `is_inside(x, y, [${corners}])`,
    label: `inside an outline of ${points.length} corners on the map`,
    isPlaced: true,
  };
}

const asDouble = (number) => `${number}`.replace(/^-?\d+$/, '$&.0');

async function textClause(_, { text }) {
  const ids = await ask('text', { text });
  const holds = (name) => `contains(lower(${name}), lower(${quotedText(text)}))`;
  return {
    kept: rowsOf(ids),
    sql: `(${holds('prompt')} OR ${holds('response')})`,
    label: `holds the text ${isolated(JSON.stringify(text))}`,
  };
}

async function meaningClause(_, { text, k: most }) {
  const k = Math.max(1, Math.floor(Number(most) || 1));
  const ranked = await ask('meaning', { text, k });
  const wanted = `text_embeddings($pool, text => ${quotedText(text)})`;
  return {
    kept: rowsOf(ranked),
    sql: 'fingerprint IN (SELECT fingerprint FROM nearest(\n'
      + '  (SELECT fingerprint, vector FROM embeddings($pool)),\n'
      + `  (SELECT text AS fingerprint, vector FROM ${wanted}), k => ${k}\n))`,
    label: `the ${k} nearest in meaning to ${isolated(JSON.stringify(text))}`,
    ranked,
  };
}

async function queryClause(_, { query }) {
  const { ids, statement } = await ask('sql', { query });
  if (!ids) throw new Error('The answer has no column fingerprint.');
  return {
    kept: rowsOf(ids),
    sql: `fingerprint IN (SELECT fingerprint FROM (\n${statement}\n))`,
    label: 'in the answer of a query',
  };
}

const CLAUSES = {
  category: categoryClause,
  number: numberClause,
  subset: subsetClause,
  outline: outlineClause,
  text: textClause,
  meaning: meaningClause,
  query: queryClause,
};

export const oppositeSql = ({ sql }) => `(${sql}) IS NOT TRUE`;

// The rows that a clause leaves out, those included for which it is unknown.
const inverted = (clause) => ({
  ...clause,
  kept: clause.kept.map((value) => 1 - value),
  sql: oppositeSql(clause),
  label: `not ${clause.label}`,
  ranked: undefined,
});

export async function clauseOf(name, filter) {
  const clause = await CLAUSES[filter.kind](columns.get(name), filter);
  return filter.isNot ? inverted(clause) : clause;
}
