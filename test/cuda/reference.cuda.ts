/**
 * The reference data on the simulated device: every operation, reduction, range, batch, gradient and solve, in both
 * dtypes.
 */
import { casesIn, checkReduction, checkSolve } from "../reference/cases";
import type { Run } from "../reference/cases";

/** One case in so many. */
const EVERY = Number(process.env["TSKEOPS_CUDA_EVERY"] ?? 1);
/**
 * Each case has a kernel for its value, one for every gradient, and more for second order; a sample has the same cases
 * in every run.
 */
const sampled = <T>(cases: readonly T[]): T[] => cases.filter((_, n) => n % EVERY === 0);

const RUNS: readonly Run[] = (["float64", "float32"] as const).map((dtype) => ({ backend: "cuda", dtype }));

describe.each(RUNS)("on the backend $backend in $dtype", (run) => {
  describe.each(["operations", "reductions", "edge", "ranges", "batch", "autodiff"])("%s", (file) => {
    test.each(sampled(casesIn(file)))("$id: $formula", (found) => {
      checkReduction(found, run);
    });
  });

  test.each(sampled(casesIn("solve")))("$id: inverse of $formula", (found) => {
    checkSolve(found, run);
  });
});
