// What was done on the page, the newest last: filters, outlines and marks. Ctrl+Z takes it back.
const steps = [];
const MOST_STEPS = 200;
const SOON = 800; // milliseconds: a brush that is drawn along is one step

const tellSteps = () => document.dispatchEvent(new CustomEvent('steps-changed'));

// Steps of one key that follow each other soon are one step.
export function record(takeBack, key = null) {
  const last = steps.at(-1);
  const time = Date.now();
  if (key && last?.key === key && time - last.time < SOON) {
    last.time = time;
    return;
  }
  steps.push({ key, takeBack, time });
  if (steps.length > MOST_STEPS) steps.shift();
  tellSteps();
}

export const canUndo = () => steps.length > 0;

// One after the other, however fast the key is pressed.
let undoing = Promise.resolve();

export function undo() {
  undoing = undoing.catch(() => {}).then(() => steps.pop()?.takeBack()).finally(tellSteps);
  return undoing;
}
