// A box for SQL, whose answer can become a filter.
import { ask, page } from './data.js';
import {
  element, failure, quantity, quiet, shown, table,
} from './dom.js';
import { setFilter } from './filters.js';

function cellOf(value) {
  if (value === null || typeof value === 'number') return value;
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
  return element('span', { dir: 'auto' }, text);
}

function answerNodes(answer, query) {
  const seconds = answer.seconds.toFixed(2);
  const nodes = [quiet(`${quantity(answer.n, 'row')} in ${seconds} s`)];
  if (answer.ids?.length) {
    const onclick = () => setFilter('query', { kind: 'query', query });
    const these = answer.ids.length === 1 ? 'this' : 'these';
    const text = `Filter by ${these} ${quantity(answer.ids.length, 'member')}`;
    nodes.push(element('p', {}, element('button', { type: 'button', onclick }, text)));
  }
  nodes.push(table(answer.columns, answer.rows.map((row) => row.map(cellOf))));
  return nodes;
}

export async function sqlView(pane) {
  const value = [
    'SELECT source, count(*) AS n, median(length(response)) AS characters',
    `FROM pool('${page.reference}')`,
    'GROUP BY source',
    'ORDER BY n DESC, source',
  ].join('\n');
  const text = element('textarea', { value, spellcheck: false, rows: 5, ariaLabel: 'SQL' });
  const body = element('div');
  let running = null; // stops the query that runs, which another one would wait beside
  async function start() {
    running?.abort();
    const own = new AbortController();
    running = own;
    const stop = () => own.abort();
    body.replaceChildren(quiet('running… '), element('button', { type: 'button', onclick: stop }, 'Stop'));
    const query = text.value;
    const answer = await ask('sql', { query }, own.signal).then(
      (found) => answerNodes(found, query),
      (error) => [element('pre', {}, failure(error))],
    );
    if (running === own) body.replaceChildren(...answer);
  }
  text.onkeydown = (event) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) start();
  };
  const hint = ' Read-only, under the limits of catalog sql. Fingerprints in the answer can filter.';
  const button = element('button', { type: 'button', title: 'Ctrl+Enter', onclick: start }, 'Run');
  pane.replaceChildren(text, element('p', {}, button, hint), body);
}
