// Keys of the whole page: j and k go through the rows, g and b mark one, n notes, Ctrl+Z undoes.
import { current } from './detail.js';
import { find } from './dom.js';
import { undo } from './history.js';
import { setMark } from './marks.js';
import { goBy } from './rows.js';

const markWith = (mark) => () => current() != null && setMark(current(), mark);

const PAGE_KEYS = {
  j: () => goBy(1),
  k: () => goBy(-1),
  g: markWith('good'),
  b: markWith('bad'),
  n: () => find('#note')?.focus(),
};

function pageKey(event) {
  if (event.target.closest('input, textarea, select, dialog')) return;
  const isCommand = event.ctrlKey || event.metaKey;
  const act = isCommand && event.key === 'z' ? undo : PAGE_KEYS[event.key];
  if (!act || (isCommand && act !== undo) || event.altKey) return;
  event.preventDefault();
  act();
}

export const buildKeys = () => document.addEventListener('keydown', pageKey);
