// The data of the page: inside the document (a report), or asked of the server (browse).
import { element, find } from './dom.js';
import { offline } from './offline.js';

export const isReport = Boolean(find('#page-data'));
const TYPES = { uint8: Uint8Array, uint16: Uint16Array, float32: Float32Array };

function takeToken() {
  const named = new URLSearchParams(location.hash.slice(1));
  const given = named.get('token');
  if (given) {
    sessionStorage.setItem('token', given);
    named.delete('token');
    history.replaceState(null, '', location.pathname + (named.size ? `#${named}` : ''));
  }
  return sessionStorage.getItem('token') ?? '';
}
const token = isReport ? '' : takeToken();

export async function ask(question, options = {}, signal = undefined) {
  if (isReport) return offline(question, options);
  const headers = { 'X-Token': token, 'Content-Type': 'application/json' };
  const body = JSON.stringify(options);
  const request = { method: 'POST', headers, body, signal };
  const answer = await fetch(`/ask/${question}`, request).catch(() => {
    if (signal?.aborted) throw new Error('Stopped.');
    throw new Error('The server does not answer: is `catalog browse` still running?');
  });
  if (question === 'page' && answer.ok) return answer.arrayBuffer();
  const value = await answer.json();
  if (!answer.ok) throw Object.assign(new Error(value.error), { isRefused: answer.status === 403 });
  return value;
}

function unpacked(buffer) {
  const length = new DataView(buffer).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  for (const column of header.columns) {
    const offset = 4 + length + column.offset;
    column.values = new TYPES[column.dtype](buffer, offset, column.n);
  }
  return header;
}

// An address that was copied from the page has its state but no token.
function tokenForm() {
  const given = element('input', { ariaLabel: 'Address that catalog browse prints', size: 60 });
  const open = (event) => {
    event.preventDefault();
    sessionStorage.setItem('token', new URLSearchParams(given.value.split('#')[1]).get('token') ?? '');
    location.reload();
  };
  const label = element('label', {}, 'Address that `catalog browse` prints: ', given, ' ');
  return element('form', { onsubmit: open }, label, element('button', {}, 'Open'));
}

async function load() {
  try {
    return unpacked(await ask('page'));
  } catch (error) {
    addEventListener('hashchange', () => location.reload()); // the address with its token is pasted
    const text = element('p', {}, `The page cannot be shown: ${error.message}`);
    const form = error.isRefused ? tokenForm() : '';
    document.body.replaceChildren(element('div', { className: 'refused' }, text, form));
    throw error;
  }
}

export const page = await load();
export const columns = new Map(page.columns.map((column) => [column.name, column]));
export const facets = page.columns.filter((column) => !['place', 'group'].includes(column.kind));
export const groups = page.columns.filter((column) => column.kind === 'group');
export const numbers = facets.filter((column) => column.kind === 'number');
export const subsets = facets.filter((column) => column.kind === 'subset');
