// Splitters between the map and the views below it, and beside one instruction.
import { find } from './dom.js';

const STEP = 24; // pixels of an arrow key
const LEAST = 140;

function splitter(selector, { isUpright, sizeOf, name }) {
  const bar = find(selector);
  const put = (size) => {
    const most = (isUpright ? innerWidth : innerHeight) - 2 * LEAST;
    const pixels = Math.round(Math.max(LEAST, Math.min(most, size)));
    document.documentElement.style.setProperty(name, `${pixels}px`);
    bar.ariaValueNow = String(pixels);
  };
  let from = null;
  const placeOf = (event) => (isUpright ? -event.clientX : event.clientY);
  bar.onpointerdown = (event) => {
    bar.setPointerCapture(event.pointerId);
    from = sizeOf() - placeOf(event);
  };
  bar.onpointermove = (event) => { if (from !== null) put(from + placeOf(event)); };
  bar.onpointerup = () => { from = null; };
  bar.onkeydown = (event) => {
    const keys = isUpright ? { ArrowLeft: STEP, ArrowRight: -STEP } : { ArrowDown: STEP, ArrowUp: -STEP };
    if (!keys[event.key]) return;
    event.preventDefault();
    put(sizeOf() + keys[event.key]);
  };
  Object.assign(bar, { ariaValueMin: String(LEAST), ariaValueNow: String(sizeOf()) });
  bar.ondblclick = () => document.documentElement.style.removeProperty(name);
}

export function buildSplitters() {
  splitter('#split-map', {
    isUpright: false, name: '--map-height', sizeOf: () => find('#map-panel').offsetHeight,
  });
  splitter('#split-detail', {
    isUpright: true, name: '--detail-width', sizeOf: () => find('#detail').offsetWidth,
  });
}
