// What was done on the page, the newest last: filters, outlines and marks. Ctrl+Z takes it back.
const steps = [];
const MOST_STEPS = 200;
const SOON = 800; // milliseconds: a brush that is drawn along is one step

export function record(key, takeBack) {
  const last = steps.at(-1);
  const time = Date.now();
  if (last?.key === key && time - last.time < SOON) {
    last.time = time;
    return;
  }
  steps.push({ key, takeBack, time });
  if (steps.length > MOST_STEPS) steps.shift();
}

export const canUndo = () => steps.length > 0;

// One after the other, however fast the key is pressed.
let undoing = Promise.resolve();

export function undo() {
  undoing = undoing.catch(() => {}).then(() => steps.pop()?.takeBack());
  return undoing;
}
