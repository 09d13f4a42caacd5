// A histogram that is brushed with the mouse, or with the two numbers below it.
import { colourOf, element, fitCanvas, shown } from './dom.js';
import { bitOf, countsOf, filters, onChange, removeFilter, setFilter } from './filters.js';

const HEIGHT = 52;

export function histogram(column) {
  const canvas = element('canvas', { className: 'histogram', role: 'img' });
  const input = (label) => element('input', {
    type: 'number', step: 'any', ariaLabel: `${column.label}, ${label}`, onchange: typed,
  });
  const [from, to] = [input('from'), input('to')];
  const clear = element('button', {
    type: 'button', className: 'link', hidden: true, onclick: () => removeFilter(column.name),
  }, 'clear');
  const missing = column.nMissing ? `${shown(column.nMissing)} without` : '';
  const ends = element('div', { className: 'ends' }, from, element('span', {}, missing), to);
  const box = element(
    'fieldset', { dataset: { facet: column.name } },
    element('legend', {}, column.label, clear), canvas, ends,
  );
  let start = null;

  function brush(first, last) {
    const isClosed = last >= column.n_bins;
    setFilter(column.name, {
      kind: 'number', low: column.edge(first), high: column.edge(last), isClosed,
    });
  }
  function typed() {
    const low = from.value === '' ? column.low : Number(from.value);
    const high = to.value === '' ? column.high : Number(to.value);
    if (low <= high) setFilter(column.name, { kind: 'number', low, high, isClosed: true });
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
    from.value = +(filter?.low ?? column.low).toPrecision(6);
    to.value = +(filter?.high ?? column.high).toPrecision(6);
    const [all, kept] = countsOf(column.bin, column.n_bins, bitOf(column.name));
    canvas.ariaLabel = described(column, kept);
    drawBars(canvas, column, all, kept, filter);
  };
  onChange(draw);
  return box;
}

function described(column, kept) {
  const peak = kept.reduce((best, count, k) => (count > kept[best] ? k : best), 0);
  const around = `${shown(column.edge(peak))} to ${shown(column.edge(peak + 1))}`;
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
    const isIn = !filter || (middle >= filter.low && middle <= filter.high - !filter.isClosed * 1e-9);
    put(all[k], k, colours.all);
    put(kept[k], k, isIn ? colours.in : colours.out);
  }
}
