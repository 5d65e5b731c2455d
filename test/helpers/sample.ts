/**
 * What a run of the tests takes of long tables. `TSKEOPS_TESTS=full` (`npm run test:full`) takes all; else one case in `every`,
 * beginning with number `start`: runs with different starts take different cases. `TSKEOPS_TESTS=7` moves all starts by
 * 7, for another sample.
 */
const { TSKEOPS_TESTS: wanted } = process.env;
export const isFull = wanted === "full";
const shift = Number(wanted) || 0;

export function sampled<T>(cases: readonly T[], every: number, start: number): T[] {
  return isFull ? [...cases] : cases.filter((_, n) => n % every === (start + shift) % every);
}

/** How many of `count` random cases, or of what they must contain, are taken. */
export const sampledCount = (count: number, every: number): number => (isFull ? count : Math.ceil(count / every));
