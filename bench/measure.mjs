// Times in seconds, and whether they were taken on a quiet machine. With --processor they are processor seconds per thread, which other
// processes lengthen little: for machines that are never quiet.
import { createRequire } from "node:module";
import { cpus } from "node:os";

const { threads } = createRequire(import.meta.url)("../dist/index.js");

/** What clock times are read from: of the wall, or of the processors. */
export const clock = process.argv.includes("--processor") ? "processor" : "wall";
const seconds = () => (clock === "wall" ? performance.now() / 1000 : ownSeconds() / threads());

const busySeconds = () =>
  cpus().reduce((sum, { times: { user, nice, sys, irq } }) => sum + (user + nice + sys + irq) / 1000, 0);
const ownSeconds = () => (process.cpuUsage().user + process.cpuUsage().system) / 1e6;
let share = 0;

/** The largest share of the machine that other processes have taken while something was timed. */
export const othersShare = () => share;

/** Runs `action`, and notes what other processes took of the machine meanwhile. `childSeconds` are those that its children took. */
export function watched(action, childSeconds = () => 0) {
  const [busy, own, start] = [busySeconds(), ownSeconds(), performance.now()];
  const result = action();
  const wall = (performance.now() - start) / 1000;
  const others = busySeconds() - busy - (ownSeconds() - own) - childSeconds(result);
  if (wall > 0.4) share = Math.max(share, others / (wall * cpus().length)); // else the clock of `cpus` is too coarse
  return result;
}

/** A first call of so many seconds needs no other to be warm. */
const LONG = 0.5;

/** The best time of a call that has run before: of one repetition or many, that take `most` seconds. */
export function best(call, most) {
  return watched(() => {
    const first = timed(call);
    let [least, spent] = [Infinity, 0];
    for (let k = 0; k < (first > LONG ? 1 : 3) || (spent < most && k < 1000); k++) {
      const once = timed(call);
      least = Math.min(least, once);
      spent += once;
    }
    return least;
  });
}

export function timed(call) {
  const start = seconds();
  call();
  return seconds() - start;
}
