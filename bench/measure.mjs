// Times in seconds, and whether they were taken on a quiet machine.
import { cpus } from "node:os";

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

/** The best time of a call that has run once before, of repetitions that take `most` seconds. */
export function best(call, most) {
  call();
  return watched(() => {
    let [least, spent] = [Infinity, 0];
    for (let k = 0; k < 3 || (spent < most && k < 1000); k++) {
      const start = performance.now();
      call();
      const seconds = (performance.now() - start) / 1000;
      least = Math.min(least, seconds);
      spent += seconds;
    }
    return least;
  });
}
