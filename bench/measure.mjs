// Times in seconds, and whether they were taken on a quiet machine. With --processor they are processor seconds per
// thread, which other processes lengthen little: for machines that are never quiet.
import { cpus } from "node:os";

/** What clock times are read from: of the wall, or of the processors. Workers are told by the environment. */
export const clock =
  process.argv.includes("--processor") || process.env.BENCH_CLOCK === "processor" ? "processor" : "wall";

let threadCount = 1;

/** Tells how many threads share a call, for processor seconds per thread. */
export function setThreadCount(count) {
  threadCount = count;
}

const seconds = () => (clock === "wall" ? performance.now() / 1000 : ownSeconds() / threadCount);
const busySeconds = () =>
  cpus().reduce((sum, { times: { user, nice, sys, irq } }) => sum + (user + nice + sys + irq) / 1000, 0);
const ownSeconds = () => (process.cpuUsage().user + process.cpuUsage().system) / 1e6;
let share = 0;

/** The clock of `cpus` is coarse: short times are added up until they are so many seconds. */
const LEAST_WATCH = 0.5;
const watch = { wall: 0, others: 0 };

/**
 * The largest share of the machine that other processes have taken while something was timed, here or in a worker that
 * told so.
 */
export const othersShare = () => share;
export const noteOthersShare = (of) => {
  share = Math.max(share, of);
};

/**
 * Runs `action`, and notes what other processes took of the machine meanwhile. `childSeconds` are those that its
 * children took.
 */
export function watched(action, childSeconds = () => 0) {
  const [busy, own, start] = [busySeconds(), ownSeconds(), performance.now()];
  const result = action();
  watch.wall += (performance.now() - start) / 1000;
  watch.others += busySeconds() - busy - (ownSeconds() - own) - childSeconds(result);
  if (watch.wall > LEAST_WATCH) {
    noteOthersShare(watch.others / (watch.wall * cpus().length));
    [watch.wall, watch.others] = [0, 0];
  }
  return result;
}

const MOST_REPETITIONS = 1000;

/**
 * The best time of a call that has run before, repeated for `most` seconds; `before` is what each repetition needs and
 * does not count.
 */
export function best({ before, run }, most) {
  return watched(() => {
    let [least, spent] = [Infinity, 0];
    for (let k = 0; k === 0 || (spent < most && k < MOST_REPETITIONS); k++) {
      const once = timed(run, before?.());
      least = Math.min(least, once);
      spent += once;
    }
    return least;
  });
}

export function timed(call, argument) {
  const start = seconds();
  call(argument);
  return seconds() - start;
}
