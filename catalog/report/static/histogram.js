// A histogram that is brushed with the mouse, or with the two numbers below it.
import { colourOf, element, fitCanvas, shown, spelled } from './dom.js';
import { bitOf, countsOf, filters, onChange, removeFilter, setFilter } from './filters.js';

const HEIGHT = 52;

const wholeRange = ({ low, high }) => ({ kind: 'number', low, high, isClosed: true });

export function histogram(column) {
  const canvas = element('canvas', { className: 'histogram', role: 'img' });
  const input = (label) => element('input', {
    inputMode: 'decimal', ariaLabel: `${column.label}, ${label}`, onchange: typed,
  });
  const [from, to] = [input('from'), input('to')];
  const clear = element('button', {
    type: 'button', className: 'link', hidden: true, onclick: () => removeFilter(column.name),
  }, 'clear');
  const missing = column.nMissing
    ? element('small', {}, `${shown(column.nMissing)} without`) : null;
  const ends = element('div', { className: 'ends' }, from, to);
  const box = element(
    'fieldset', { dataset: { facet: column.name } },
    element('legend', {}, column.label, clear, missing), canvas, ends,
  );
  let start = null;
  let drawn = null;

  function brush(first, last) {
    const isClosed = column.isFew || last >= column.n_bins;
    const high = column.isFew ? column.low + last - 1 : column.edge(last);
    setFilter(column.name, { kind: 'number', low: column.edge(first), high, isClosed });
  }
  function typed({ target }) {
    const filter = { ...(filters.get(column.name)?.filter ?? wholeRange(column)) };
    const text = target.value.replaceAll(',', '').trim();
    const end = target === from ? 'low' : 'high';
    filter[end] = text ? Number(text) : column[end];
    if (end === 'high') filter.isClosed = true;
    const isRange = filter.low <= filter.high;
    target.setCustomValidity(isRange ? '' : 'Expected two numbers, the smaller one first.');
    if (isRange) setFilter(column.name, filter);
    else target.reportValidity();
  }
  const binAt = (event) => {
    const place = (event.offsetX / canvas.clientWidth) * column.n_bins;
    return Math.max(0, Math.min(column.n_bins, place));
  };
  canvas.onpointerdown = (event) => {
    canvas.setPointerCapture(event.pointerId);
    start = binAt(event);
  };
  canvas.onpointermove = (event) => {
    if (start === null) return;
    const end = binAt(event);
    const first = Math.floor(Math.min(start, end));
    brush(first, Math.max(first + 1, Math.ceil(Math.max(start, end))));
  };
  canvas.onpointerup = (event) => {
    if (Math.abs(binAt(event) - start) * canvas.clientWidth < 3 * column.n_bins) {
      removeFilter(column.name);
    }
    start = null;
  };
  const draw = () => {
    const filter = filters.get(column.name)?.filter;
    clear.hidden = !filter;
    from.value = spelled(filter?.low ?? column.low);
    to.value = spelled(filter?.high ?? column.high);
    const [all, kept] = countsOf(column.bin, column.n_bins, bitOf(column.name));
    canvas.ariaLabel = described(column, kept);
    drawn = [column, all, kept, filter];
    drawBars(canvas, ...drawn);
  };
  onChange(draw);
  // A page inside another one, as a notebook shows it, has no width at first.
  new ResizeObserver(() => { if (drawn) drawBars(canvas, ...drawn); }).observe(canvas);
  return box;
}

function described(column, kept) {
  const peak = kept.reduce((best, count, k) => (count > kept[best] ? k : best), 0);
  const end = column.isFew ? '' : ` to ${shown(column.edge(peak + 1))}`;
  const around = `${shown(column.edge(peak))}${end}`;
  const range = `from ${shown(column.low)} to ${shown(column.high)}`;
  return `Histogram of ${column.label} ${range}; most, ${shown(kept[peak])}, are at ${around}`;
}

// Heights are square roots, so that rare values stay visible.
function drawBars(canvas, column, all, kept, filter) {
  const context = fitCanvas(canvas, HEIGHT);
  const { width, height } = canvas;
  const most = Math.sqrt(all.reduce((a, b) => Math.max(a, b), 1));
  const step = width / column.n_bins;
  const colours = { all: colourOf('--line'), in: colourOf('--accent'), out: colourOf('--bar') };
  const put = (count, k, colour) => {
    const tall = count ? Math.max(1, (height * Math.sqrt(count)) / most) : 0;
    context.fillStyle = colour;
    context.fillRect(k * step, height - tall, Math.max(1, step - 1), tall);
  };
  for (let k = 0; k < column.n_bins; k += 1) {
    const middle = column.edge(k);
    const isBetween = middle >= filter?.low && middle <= filter?.high - !filter?.isClosed * 1e-9;
    const isIn = !filter || isBetween !== Boolean(filter.isNot);
    put(all[k], k, colours.all);
    put(kept[k], k, isIn ? colours.in : colours.out);
  }
}
