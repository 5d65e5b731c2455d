/** Every row of the operation table on the simulated device, its value and its gradient, in both dtypes. */
import { DECLARATIONS } from "../../src/formula/arguments";
import { entries } from "../../src/formula/ops";
import "../../src/formula/parse";
import { check, samplesOf, wideSamplesOf } from "../sweep";

const ROWS = [...entries.values()].filter(({ name }) => !DECLARATIONS.has(name));
const NAMES = ROWS.filter(({ slots }) => slots.every(({ kind }) => kind !== "variable")).map(({ name }) => name);

/** One row in so many, and one in so many again with many components. */
const EVERY = Number(process.env["TSKEOPS_CUDA_EVERY"] ?? 1);

test.each(NAMES.filter((_, n) => n % EVERY === 0))("%s and its gradient are what the table says", (name) => {
  const samples = samplesOf(entries.get(name)!, 1);
  const used = samples.map((sample) => [check(sample, "cuda", "float64"), check(sample, "cuda", "float32")]);
  expect(used.flat().filter(Boolean).length).toBeGreaterThanOrEqual(samples.length);
});

const WIDE = NAMES.map((name) => [name, wideSamplesOf(entries.get(name)!, 1)] as const);

test.each(WIDE.filter(([, samples], n) => samples.length > 0 && n % EVERY ** 2 === 0))(
  "%s with many components, and its gradient, are what the table says",
  (_, samples) => {
    const used = samples.map((sample) => check(sample, "cuda", "float64"));
    expect(used.filter(Boolean).length).toBeGreaterThan(0);
  },
);
