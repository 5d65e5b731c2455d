/** Every row of the operation table, by name, on every engine and dtype: a new row is tested by being there. */
import "../helpers/quickcompiler";
import { DECLARATIONS } from "../../src/formula/arguments";
import { entries } from "../../src/formula/ops";
import "../../src/formula/parse";
import { sampled, sampledCount } from "../helpers/sample";
import { check, samplesOf, wideSamplesOf } from "../helpers/sweep";

const ROWS = [...entries.values()].filter(({ name }) => !DECLARATIONS.has(name));
/** Rows that take a variable, such as Grad, are made of others, and the reference data have them all. */
const EXCLUDED = ROWS.filter(({ slots }) => slots.some(({ kind }) => kind === "variable")).map(({ name }) => name);
const NAMES = ROWS.map(({ name }) => name).filter((name) => !EXCLUDED.includes(name));

describe.each(["reference", "cpu", "tiles"] as const)("on the engine %s", (backend) => {
  test.each(backend === "cpu" ? sampled(NAMES, 12, 0) : NAMES)(
    "%s and its gradient are what the table says",
    (name) => {
      const samples = samplesOf(entries.get(name)!, backend === "cpu" ? 2 : sampledCount(6, 2));
      expect(samples.length).toBeGreaterThan(0);
      const used = samples.map((sample) => [check(sample, backend, "float64"), check(sample, backend, "float32")]);
      expect(used.flat().filter(Boolean).length).toBeGreaterThanOrEqual(samples.length);
    },
  );
});

describe.each(["cpu", "tiles"] as const)("with many components, on the engine %s", (backend) => {
  const wide = (backend === "cpu" ? sampled(NAMES, 12, 1) : sampled(NAMES, 6, 2)).map(
    (name) => [name, wideSamplesOf(entries.get(name)!, 2)] as const,
  );

  test.each(wide.filter(([, samples]) => samples.length > 0))(
    "%s and its gradient are what the table says",
    (_, samples) => {
      const used = samples.map((sample) => check(sample, backend, "float64"));
      expect(used.filter(Boolean).length).toBeGreaterThan(0);
    },
  );
});

afterAll(() => {
  const excluded = `${EXCLUDED.join(", ")} (made of other rows; in the reference data)`;
  process.stdout.write(
    `sweep: ${NAMES.length} of ${ROWS.length} operations on three engines in two dtypes; not: ${excluded}\n`,
  );
});
