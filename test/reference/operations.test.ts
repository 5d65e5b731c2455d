/** Every operation of the language, one by one, on every backend and dtype. */
import "../helpers/quickcompiler";
import { RUNS, casesIn, checkReduction } from "./cases";
import { sampled } from "../helpers/sample";

const CASES = casesIn("operations");

describe.each(RUNS.map((run, n) => ({ ...run, cases: sampled(CASES, run.backend === "cpu" ? 18 : 6, 5 * n) })))(
  "operations on $backend in $dtype",
  ({ cases, ...run }) => {
    test.each(cases)("$id: $formula", (found) => {
      checkReduction(found, run);
    });
  },
);
