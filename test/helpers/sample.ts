/**
 * What a run of the tests takes of long tables. `TSKEOPS_TESTS=full`, as in CI, takes all; else one case
 * in `every`, beginning with number `start`: runs with different starts take different cases.
 */
const isFull = process.env["TSKEOPS_TESTS"] === "full";

export function sampled<T>(cases: readonly T[], every: number, start: number): T[] {
  return isFull ? [...cases] : cases.filter((_, n) => n % every === start % every);
}
