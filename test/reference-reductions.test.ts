/** Every reduction, derivatives of several operations together, and edges, on every backend and dtype. */
import "./quickcompiler";
import { RUNS, casesIn, checkReduction } from "./reference";

describe.each(RUNS)("reductions on $backend in $dtype", (run) => {
  test.each(["reductions", "autodiff", "edge"].flatMap(casesIn))("$id: $reductionOp of $formula", (found) => {
    checkReduction(found, run);
  });
});
