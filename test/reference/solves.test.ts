/** Solves of linear systems and their derivatives, on every backend and dtype. */
import { RUNS, casesIn, checkSolve } from "./cases";
import type { Case } from "./cases";
import { sampled } from "../helpers/sample";

const CASES = ["solve", "solve_500"].flatMap(casesIn);

/** The interpreter takes half a second for one product with 500 x 500 pairs, and a solve takes hundreds. */
const isAffordable = ({ inputs }: Case, backend: string): boolean =>
  backend !== "reference" || inputs.every(({ shape }) => shape[0]! <= 40);

describe.each(RUNS.map((run, n) => ({ ...run, cases: run.backend === "cpu" ? sampled(CASES, 2, n) : CASES })))(
  "solves on $backend in $dtype",
  ({ cases, ...run }) => {
    test.each(cases.filter((found) => isAffordable(found, run.backend)))("$id: inverse of $formula", (found) => {
      checkSolve(found, run);
    });
  },
);
