/**
 * What a run of the tests takes of long tables. `TSKEOPS_TESTS=full`, as in CI, takes all; else every table gives the part that `every` and
 * `start` name, so that parts with different starts are different cases, and together all.
 */
const isFull = process.env["TSKEOPS_TESTS"] === "full";

export function sampled<T>(cases: readonly T[], every: number, start: number): T[] {
  return isFull ? [...cases] : cases.filter((_, n) => n % every === start % every);
}
