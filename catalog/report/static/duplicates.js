// Groups of near-duplicates, the largest first.
import { ask, isReport, page } from './data.js';
import { openRow } from './detail.js';
import {
  element, quantity, quiet, shown,
} from './dom.js';

const N_PROMPTS = 3; // members of a group whose prompts are shown

function memberLine(id, texts) {
  const row = texts.get(id);
  const prompt = row ? row.prompt.slice(0, 200) : `row of the page ${shown(id)}`;
  return element('button', {
    type: 'button', className: 'near whole-line', dir: 'auto', onclick: () => openRow(id),
  }, prompt);
}

function groupBox({ ids, size, similarity }, texts) {
  const more = size > N_PROMPTS ? quiet(`and ${shown(size - N_PROMPTS)} more`) : null;
  return element(
    'section', { className: 'group' },
    element('b', {}, `${quantity(size, 'member')}, similarity up to ${similarity}`),
    ...ids.slice(0, N_PROMPTS).map((id) => memberLine(id, texts)), more,
  );
}

export async function duplicatesView(pane) {
  if (!isReport) pane.replaceChildren(quiet(`comparing ${quantity(page.n, 'member')}…`));
  const found = await ask('duplicates');
  if (!found) return pane.replaceChildren(quiet('Near-duplicates of so many members are not listed.'));
  const ids = found.groups.flatMap((group) => group.ids.slice(0, N_PROMPTS));
  const texts = new Map((await ask('rows', { ids })).map((row) => [row.id, row]));
  const by = found.by === 'meaning' ? 'the cosine of embeddings' : 'the shingles of their texts';
  const text = `${shown(found.n_members)} of ${shown(page.n)} members are in ${shown(found.n_groups)} `
    + `groups of near-duplicates, by ${by} from ${found.threshold} on.`;
  return pane.replaceChildren(quiet(text), ...found.groups.map((group) => groupBox(group, texts)));
}
