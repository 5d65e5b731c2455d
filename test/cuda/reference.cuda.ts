/** The reference data on the simulated device: every operation, reduction, range, batch, gradient and solve, in both dtypes. */
import { casesIn, checkReduction, checkSolve } from "../reference";
import type { Run } from "../reference";

const RUNS: readonly Run[] = (["float64", "float32"] as const).map((dtype) => ({ backend: "cuda", dtype }));

describe.each(RUNS)("on the backend $backend in $dtype", (run) => {
  describe.each(["operations", "reductions", "edge", "ranges", "batch", "autodiff"])("%s", (file) => {
    test.each(casesIn(file))("$id: $formula", (found) => {
      checkReduction(found, run);
    });
  });

  test.each(casesIn("solve"))("$id: inverse of $formula", (found) => {
    checkSolve(found, run);
  });
});
