/** Batches and block-sparse ranges, alone and together, on every backend and dtype. */
import "../helpers/quickcompiler";
import { sampled } from "../helpers/sample";
import { RUNS, casesIn, checkReduction } from "./cases";

const CASES = ["batch", "ranges"].flatMap(casesIn);

describe.each(RUNS.map((run, n) => ({ ...run, cases: sampled(CASES, run.backend === "cpu" ? 8 : 2, n) })))(
  "batches and ranges on $backend in $dtype",
  ({ cases, ...run }) => {
    test.each(cases)("$id: $reductionOp of $formula", (found) => {
      checkReduction(found, run);
    });
  },
);
