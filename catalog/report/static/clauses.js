// What a filter keeps, as a test of a row, as SQL and as words. A filter is plain data: see state.js.
import { ask, columns } from './data.js';
import { shown } from './dom.js';

const quotedText = (text) => `'${text.replaceAll("'", "''")}'`;

function categoryClause(column, { values }) {
  const { categories, absent } = column;
  const codes = new Set(values.map((value) => categories.indexOf(value)));
  const named = values.filter((value) => categories.indexOf(value) !== absent);
  const list = named.length ? `${column.sql} IN (${named.map(quotedText).join(', ')})` : '';
  const none = absent != null && codes.has(absent) ? `${column.sql} IS NULL` : '';
  const both = [list, none].filter(Boolean).join(' OR ');
  return {
    test: (row) => codes.has(column.values[row]),
    sql: list && none ? `(${both})` : both,
    label: `${column.label}: ${values.join(', ')}`,
    reads: column.reads,
  };
}

// Numbers are compared as FLOAT on both sides, so that the page and the database agree on each row.
function numberClause(column, { low, high, isClosed }) {
  const [from, to] = [Math.fround(low), Math.fround(high)];
  if (!Number.isFinite(from) || !Number.isFinite(to)) throw new Error('A range has two numbers.');
  const value = `(${column.sql})::FLOAT`;
  const { values } = column;
  return {
    test: isClosed
      ? (row) => values[row] >= from && values[row] <= to
      : (row) => values[row] >= from && values[row] < to,
    sql: `${value} >= ${from}::FLOAT AND ${value} ${isClosed ? '<=' : '<'} ${to}::FLOAT`,
    label: `${column.label} from ${shown(low)} to ${shown(high)}`,
    reads: column.reads,
  };
}

function subsetClause(column, { isIn }) {
  return {
    test: (row) => Boolean(column.values[row]) === isIn,
    sql: isIn ? column.sql : `NOT ${column.sql}`,
    label: `${isIn ? 'in' : 'not in'} ${column.label}`,
  };
}

// The same steps as the macro `is_inside`, in the same order: both compute with doubles.
function isInside(x, y, points) {
  let isOdd = false;
  for (let i = 0; i < points.length; i += 1) {
    const [ax, ay] = points[i];
    const [bx, by] = points[(i + 1) % points.length];
    if (ay > y !== by > y && x < ax + ((y - ay) * (bx - ax)) / (by - ay)) isOdd = !isOdd;
  }
  return isOdd;
}

// A test of the box around an outline, a little larger, which leaves most rows out at once.
function boxTest(points) {
  const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)];
  const [left, right] = [Math.min(...xs), Math.max(...xs)];
  const [low, high] = [Math.min(...ys), Math.max(...ys)];
  const edge = 1e-6 * (right - left + high - low);
  return (x, y) => x > left - edge && x < right + edge && y > low - edge && y < high + edge;
}

// Numbers come from the address too, which anybody may have written.
function numbersOf(points) {
  const corners = points.map(([x, y]) => [Number(x), Number(y)]);
  if (!corners.flat().every(Number.isFinite)) throw new Error('An outline has corners of two numbers.');
  return corners;
}

function outlineClause(_, { points: given }) {
  const points = numbersOf(given);
  const x = columns.get('x').values;
  const y = columns.get('y').values;
  const isNear = boxTest(points);
  const corners = points.map((point) => `[${point.map(asDouble).join(', ')}]`).join(', ');
  return {
    test: (row) => isNear(x[row], y[row]) && isInside(x[row], y[row], points),
    sql: `is_inside(x, y, [${corners}])`,
    label: `inside an outline of ${points.length} corners on the map`,
    isPlaced: true,
  };
}

const asDouble = (number) => (Number.isInteger(number) ? `${number}.0` : String(number));

async function textClause(_, { text }) {
  const ids = new Set(await ask('text', { text }));
  const holds = (name) => `contains(lower(${name}), lower(${quotedText(text)}))`;
  return {
    test: (row) => ids.has(row),
    sql: `(${holds('prompt')} OR ${holds('response')})`,
    label: `holds the text ${JSON.stringify(text)}`,
  };
}

async function meaningClause(_, { text, k: most }) {
  const k = Math.max(1, Math.floor(Number(most) || 1));
  const ranked = await ask('meaning', { text, k });
  const ids = new Set(ranked);
  const wanted = `text_embeddings($pool, text => ${quotedText(text)})`;
  return {
    test: (row) => ids.has(row),
    sql: 'fingerprint IN (SELECT fingerprint FROM nearest(\n'
      + '  (SELECT fingerprint, vector FROM embeddings($pool)),\n'
      + `  (SELECT text AS fingerprint, vector FROM ${wanted}), k => ${k}\n))`,
    label: `the ${k} nearest in meaning to ${JSON.stringify(text)}`,
    ranked,
  };
}

async function queryClause(_, { query }) {
  const { ids } = await ask('sql', { query });
  if (!ids) throw new Error('The answer has no column fingerprint.');
  const rows = new Set(ids);
  return {
    test: (row) => rows.has(row),
    sql: `fingerprint IN (SELECT fingerprint FROM (\n${query.trim().replace(/;$/, '')}\n))`,
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

// The rows that a clause leaves out, those included for which it is unknown.
function inverted({ test, sql, label, reads, isPlaced }) {
  return {
    test: (row) => !test(row), sql: `(${sql}) IS NOT TRUE`, label: `not ${label}`, reads, isPlaced,
  };
}

export async function clauseOf(name, filter) {
  const clause = await CLAUSES[filter.kind](columns.get(name), filter);
  return filter.isNot ? inverted(clause) : clause;
}
