/** All reference data, and every operation and its gradient, on an engine: what each new one is held to. */
import { DECLARATIONS } from "../../src/formula/arguments";
import { entries } from "../../src/formula/ops";
import "../../src/formula/parse";
import type { BackendName } from "../../src/device/devices";
import { check, samplesOf } from "../helpers/sweep";
import { sampled } from "../helpers/sample";
import { casesIn, checkReduction, checkSolve } from "./cases";
import type { Run } from "./cases";

const REDUCTIONS = ["operations", "reductions", "autodiff", "edge", "batch", "ranges"].flatMap(casesIn);
const SOLVES = ["solve", "solve_500"].flatMap(casesIn);
/** Rows whose arguments are values; those that take a variable are made of others, and in the reference data. */
const NAMES = [...entries.values()]
  .filter(({ name, slots }) => !DECLARATIONS.has(name) && slots.every(({ kind }) => kind !== "variable"))
  .map(({ name }) => name);

/** One case in `every`; of solves, which take longest, and of operations, which are fewest, others. */
export function testEngine(backend: BackendName, every = 16): void {
  describe.each(["float64", "float32"] as const)("in %s", (dtype) => {
    const run: Run = { backend, dtype };
    const start = dtype === "float64" ? 0 : 7;

    test.each(sampled(REDUCTIONS, every, start))("$id: $reductionOp of $formula", (found) => {
      checkReduction(found, run);
    });

    test.each(sampled(SOLVES, 6, start))("$id: inverse of $formula", (found) => {
      checkSolve(found, run);
    });

    test.each(sampled(NAMES, every / 2, start))("%s and its gradient are what the table says", (name) => {
      const samples = samplesOf(entries.get(name)!, 4);
      const used = samples.map((sample) => check(sample, backend, dtype));
      expect(used.filter(Boolean).length).toBeGreaterThan(0);
    });
  });
}
