/** Every row of the operation table, by name, on every engine and dtype: a new row is tested by being there. */
import { DECLARATIONS } from "../src/formula/arguments";
import { entries } from "../src/formula/ops";
import "../src/formula/parse";
import { check, samplesOf } from "./sweep";

/** Rows that take a variable, such as Grad, are made of others, and the reference data have them all. */
const NAMES = [...entries.values()]
  .filter(({ name, slots }) => !DECLARATIONS.has(name) && !slots.some(({ kind }) => kind === "variable"))
  .map(({ name }) => name);

describe.each(["reference", "cpu"] as const)("on the engine %s", (backend) => {
  test.each(NAMES)("%s and its gradient are what the table says", (name) => {
    const samples = samplesOf(entries.get(name)!, backend === "cpu" ? 2 : 6);
    const used = samples.map((sample) => [check(sample, backend, "float64"), check(sample, backend, "float32")]);
    expect(used.flat().filter(Boolean).length).toBeGreaterThanOrEqual(samples.length);
  });
});
