// Colours of the members on the map.
import { facets, groups, page } from './data.js';
import { colourOf, element, find, shown } from './dom.js';
import { MISSING } from './bins.js';

const TONES = [
  '#3b76c4', '#e2803a', '#4da167', '#c2506b', '#8a6fc0', '#8c6d4f', '#d17fb5', '#a9a63c',
  '#3aa6b5', '#1d4e89', '#a64d0f', '#1f6b3a', '#7d1f3a', '#553a8c', '#5b7f1f', '#c9a227',
];
const RAMP = [
  '#440154', '#482878', '#3e4a89', '#31688e', '#26828e', '#1f9e89', '#35b779', '#6ece58',
  '#b5de2b', '#fde725',
];
const GOLDEN_ANGLE = 137.508; // degrees: hues beyond the named tones stay apart
const MOST_IN_LEGEND = 16;
const DARK = 90; // of 255: tones below it are lightened on a dark page

function rgb(hex) {
  return [1, 3, 5].map((k) => parseInt(hex.trim().slice(k, k + 2), 16));
}

// A colour as one number: the bytes of a canvas in the order of little-endian machines.
export function packedColour(hex) {
  const [red, green, blue] = rgb(hex);
  return ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}

function rampAt(share) {
  const place = share * (RAMP.length - 1);
  const k = Math.min(RAMP.length - 2, Math.floor(place));
  const [first, second] = [rgb(RAMP[k]), rgb(RAMP[k + 1])];
  const mixed = first.map((value, j) => Math.round(value + (second[j] - value) * (place - k)));
  return hexOf(mixed);
}

const dot = (hex, text) => {
  const mark = element('i', { className: 'dot' });
  mark.style.background = hex;
  return element('span', {}, mark, element('bdi', {}, text));
};

const hexOf = (levels) => (
  `#${levels.map((level) => Math.round(level).toString(16).padStart(2, '0')).join('')}`
);

// Hue in degrees, saturation and lightness from 0 to 1 (CSS Color 4, section 7).
function fromHsl(hue, saturation, lightness) {
  const reach = saturation * Math.min(lightness, 1 - lightness);
  return hexOf([0, 8, 4].map((n) => {
    const k = (n + hue / 30) % 12;
    return 255 * (lightness - reach * Math.max(-1, Math.min(k - 3, 9 - k, 1)));
  }));
}

function toneOf(code) {
  const tone = TONES[code] ?? fromHsl((code * GOLDEN_ANGLE) % 360, 0.55, code % 2 ? 0.38 : 0.62);
  const isDarkPage = matchMedia('(prefers-color-scheme: dark)').matches;
  if (!isDarkPage || Math.max(...rgb(tone)) >= 140 || Math.min(...rgb(tone)) >= DARK) return tone;
  return hexOf(rgb(tone).map((level) => level + (255 - level) * 0.4));
}

function byCategory(column) {
  const { categories } = column;
  const isNone = (name) => name === '(none)';
  const colours = categories.map((name, code) => (isNone(name) ? colourOf('--dim') : toneOf(code)));
  const legend = categories.slice(0, MOST_IN_LEGEND).map((name, code) => dot(colours[code], name));
  const n = categories.length - MOST_IN_LEGEND;
  if (n > 0) legend.push(element('span', {}, `and ${n} more`));
  return { codes: column.values, colours, legend };
}

function bySubset(column) {
  const colours = [colourOf('--dim'), colourOf('--accent')];
  const legend = [dot(colours[1], `in ${column.label}`), dot(colours[0], 'not in it')];
  return { codes: column.values, colours, legend };
}

function byNumber(column) {
  const last = Math.max(1, column.n_bins - 1);
  const colours = Array.from({ length: column.n_bins }, (_, k) => rampAt(k / last));
  colours[MISSING] = colourOf('--dim');
  const ramp = element('i', { className: 'ramp' });
  ramp.style.background = `linear-gradient(90deg, ${RAMP.join(', ')})`;
  return { codes: column.bin, colours, legend: [shown(column.low), ramp, shown(column.high)] };
}

const BY = { category: byCategory, group: byCategory, subset: bySubset, number: byNumber };

export function colouring(name) {
  const column = [...facets, ...groups].find((each) => each.name === name);
  if (!column) return { codes: new Uint8Array(page.n), colours: [colourOf('--accent')], legend: [] };
  return BY[column.kind](column);
}

export function fillColours(onchange) {
  const select = find('#colour');
  const option = (column) => element('option', { value: column.name }, column.label);
  select.append(element('option', { value: '' }, 'one colour'), ...[...facets, ...groups].map(option));
  select.value = 'source';
  select.onchange = onchange;
}
