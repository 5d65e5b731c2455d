/** Batches and block-sparse ranges, alone and together, on every backend and dtype. */
import { RUNS, casesIn, checkReduction } from "./cases";

describe.each(RUNS)("batches and ranges on $backend in $dtype", (run) => {
  test.each(["batch", "ranges"].flatMap(casesIn))("$id: $reductionOp of $formula", (found) => {
    checkReduction(found, run);
  });
});
