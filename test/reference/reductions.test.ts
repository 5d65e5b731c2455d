/** Every reduction, derivatives of several operations together, and edges, on every backend and dtype. */
import "../helpers/quickcompiler";
import { RUNS, casesIn, checkReduction } from "./cases";
import { sampled } from "../helpers/sample";

const CASES = ["reductions", "autodiff", "edge"].flatMap(casesIn);

describe.each(RUNS.map((run, n) => ({ ...run, cases: sampled(CASES, run.backend === "cpu" ? 18 : 6, 5 * n) })))(
  "reductions on $backend in $dtype",
  ({ cases, ...run }) => {
    test.each(cases)("$id: $reductionOp of $formula", (found) => {
      checkReduction(found, run);
    });
  },
);
