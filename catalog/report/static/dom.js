// Elements and numbers. Texts of members become text nodes, never markup.
export const find = (selector, parent = document) => parent.querySelector(selector);

export function element(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
    else if (name === 'dataset') Object.assign(node.dataset, value);
    else if (name in node) node[name] = value;
    else node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child != null));
  return node;
}

export const quiet = (text) => element('p', { className: 'quiet' }, text);
export const failure = (error) => element('p', { className: 'error', role: 'alert' }, error.message);

export function shown(value) {
  if (value == null || Number.isNaN(value)) return '';
  if (typeof value !== 'number') return String(value);
  // `|| 0`: a difference of -0 is 0
  const isLarge = Math.abs(value) >= 1000 || Number.isInteger(value);
  return isLarge ? (Math.round(value) || 0).toLocaleString('en') : String(+value.toPrecision(3));
}

// A text inside a sentence, whose right-to-left marks end with it (Unicode FSI and PDI).
export const isolated = (text) => `\u2068${text}\u2069`;

// A number with all digits that a person may type again.
export const spelled = (value) => value.toLocaleString('en', (
  Number.isInteger(value) ? {} : { maximumSignificantDigits: 6 }
));

export const quantity = (n, noun) => `${shown(n)} ${noun}${n === 1 ? '' : 's'}`;

export function table(heads, rows, caption) {
  const isFigure = (value) => typeof value === 'number' || value?.dataset?.figure === 'yes';
  const kind = (value) => (isFigure(value) ? 'number' : '');
  const head = heads.map((text, k) => {
    const className = kind(rows[0]?.[k]);
    return text ? element('th', { scope: 'col', className, dir: 'auto' }, text) : element('td', {});
  });
  const cell = (value) => element(
    'td', { className: kind(value), dir: 'auto' }, value instanceof Node ? value : shown(value),
  );
  return element(
    'table',
    {},
    caption ? element('caption', {}, caption) : null,
    element('thead', {}, element('tr', {}, ...head)),
    element('tbody', {}, ...rows.map((row) => element('tr', {}, ...row.map(cell)))),
  );
}

export const colourOf = (name) => getComputedStyle(document.documentElement).getPropertyValue(name);

export function fitCanvas(canvas, height = canvas.clientHeight) {
  const pixels = (length) => Math.max(1, Math.round(length * devicePixelRatio));
  const [wide, tall] = [pixels(canvas.clientWidth), pixels(height)];
  const context = canvas.getContext('2d');
  if (canvas.width !== wide || canvas.height !== tall) Object.assign(canvas, { width: wide, height: tall });
  else context.reset();
  return context;
}
