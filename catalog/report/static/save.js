// The dialog that shows the selector of the filters, and saves it as a subset.
import { ask, isReport, page } from './data.js';
import {
  element, failure, find, quantity, quiet, shown,
} from './dom.js';
import { countShown } from './filters.js';
import { selectorText } from './selector.js';

const NAME = '[A-Za-z0-9][A-Za-z0-9._\\-]{0,99}';

function savingForm(text, answer) {
  const name = element('input', { value: 'by_hand', pattern: NAME, required: true, id: 'save-name' });
  const command = element('pre');
  const put = () => {
    command.textContent = `catalog select ./${name.value}.sql ${page.reference} `
      + `--budget all --as ${name.value}`;
  };
  name.oninput = put;
  put();
  async function submit(event) {
    event.preventDefault();
    answer.replaceChildren(quiet('selecting…'));
    try {
      const made = await ask('save', { name: name.value, sql: text, budget: 'all' });
      const members = `${made.reference}: ${quantity(made.n_members, 'member')}`;
      const next = `\`catalog verify ${made.reference}\` makes it again and compares.`;
      answer.replaceChildren(
        element('p', { id: 'saved' }, `${members}, selected by ${made.path}. ${next}`),
        quiet('The page lists it when `catalog browse` is started again.'),
        ...made.warnings.map(quiet),
      );
    } catch (error) {
      answer.replaceChildren(failure(error));
    }
  }
  return element(
    'form', { onsubmit: submit },
    element('p', {}, element('label', {}, 'Name ', name), ' ',
      element('button', { className: 'primary' }, 'Save')),
    quiet('The same on the command line, with the selector in a file:'), command,
  );
}

function openDialog(isSaving) {
  const dialog = find('#dialog');
  const text = selectorText();
  const answer = element('div', { role: 'status' });
  const copy = () => navigator.clipboard?.writeText(text);
  dialog.replaceChildren(
    element('h2', {}, `${shown(countShown())} of ${quantity(page.n, 'member')}`),
    element('pre', { id: 'selector' }, element('code', {}, text)),
    isSaving && countShown() ? savingForm(text, answer) : '',
    isSaving && !countShown() ? quiet('No member passes the filters: there is nothing to save.') : '',
    answer,
    element('p', {},
      element('button', { type: 'button', onclick: copy }, 'Copy the selector'), ' ',
      element('button', { type: 'button', onclick: () => dialog.close() }, 'Close')),
  );
  dialog.showModal();
}

export function buildDialog() {
  find('#show-sql').onclick = () => openDialog(false);
  find('#save').hidden = isReport || !page.is_saving;
  find('#save').onclick = () => openDialog(true);
}
