// Two versions of the pool: what came, what went, and the members that differ.
import { ask } from './data.js';
import { element, failure, quiet, shown, table } from './dom.js';

function changeLine(member) {
  const text = (value) => element('span', { dir: 'auto' }, value);
  return [
    element('span', { className: `change ${member.change.replace(' ', '-')}` }, member.change),
    text(member.prompt), text(member.response),
    element('code', { className: 'whole' }, member.fingerprint.slice(0, 12)),
  ];
}

function diffNodes(diff) {
  const counts = `${diff.left} to ${diff.right}: ${shown(diff.n_added)} added, `
    + `${shown(diff.n_removed)} removed, ${shown(diff.n_kept)} unchanged`;
  const rest = diff.n_added + diff.n_removed - diff.members.length;
  return [
    element('p', { id: 'diff-counts' }, counts),
    diff.members.length
      ? table(['change', 'prompt', 'response', 'fingerprint'], diff.members.map(changeLine)) : '',
    rest > 0 ? quiet(`${shown(rest)} more: catalog diff ${diff.left} ${diff.right}`) : '',
  ];
}

export async function versionsView(pane) {
  const versions = await ask('versions');
  const body = element('div');
  const picker = (label, index) => {
    const options = versions.map(({ reference }) => element('option', { value: reference }, reference));
    const select = element('select', { ariaLabel: label }, ...options);
    select.value = versions[Math.max(0, index)].reference;
    return select;
  };
  const lines = versions.map((each) => [each.reference, each.n_members, each.n_added, each.n_removed]);
  const history = table(['version', 'members', 'added', 'removed'], lines, 'Versions of the pool');
  if (versions.length < 2) return pane.replaceChildren(history);
  const left = picker('Before', versions.length - 2);
  const right = picker('After', versions.length - 1);
  async function compareVersions() {
    body.replaceChildren(quiet('comparing…'));
    try {
      body.replaceChildren(...diffNodes(await ask('diff', { left: left.value, right: right.value })));
    } catch (error) {
      body.replaceChildren(failure(error));
    }
  }
  const button = element('button', { type: 'button', onclick: compareVersions }, 'Compare the versions');
  pane.replaceChildren(history, element('p', {}, left, ' ', right, ' ', button), body);
  return compareVersions();
}
