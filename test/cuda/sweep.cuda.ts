/**
 * Every row of the operation table on the simulated device, its value and its gradient, in both dtypes; and formulas so
 * wide that the loops take several columns at once.
 */
import { Genred, array, rand } from "../../src/index";
import type { RealArray } from "../../src/index";
import { DECLARATIONS } from "../../src/formula/arguments";
import { entries } from "../../src/formula/ops";
import "../../src/formula/parse";
import { check, samplesOf, wideSamplesOf } from "../helpers/sweep";

const ROWS = [...entries.values()].filter(({ name }) => !DECLARATIONS.has(name));
const NAMES = ROWS.filter(({ slots }) => slots.every(({ kind }) => kind !== "variable")).map(({ name }) => name);

/** One row in so many, and one in so many again with many components. */
const EVERY = Number(process.env["TSKEOPS_CUDA_EVERY"] ?? 1);

/** One in so many, and never none. */
const sampleOf = <T>(all: readonly T[], every: number): T[] => all.filter((_, n) => n % every === 0);

test.each(sampleOf(NAMES, EVERY))("%s and its gradient are what the table says", (name) => {
  const samples = samplesOf(entries.get(name)!, 1);
  const used = samples.map((sample) => [check(sample, "cuda", "float64"), check(sample, "cuda", "float32")]);
  expect(used.flat().filter(Boolean).length).toBeGreaterThanOrEqual(samples.length);
});

const WIDE = NAMES.map((name) => [name, wideSamplesOf(entries.get(name)!, 1)] as const).filter(
  ([, samples]) => samples.length > 0,
);

test.each(sampleOf(WIDE, EVERY ** 2))(
  "%s with many components, and its gradient, are what the table says",
  (_, samples) => {
    const used = samples.map((sample) => check(sample, "cuda", "float64"));
    expect(used.filter(Boolean).length).toBeGreaterThan(0);
  },
);

/** More columns than a turn takes, and some that are left. */
const [M, N] = [70, 53];
const GAUSSIAN = "Exp(-g * SqDist(x, y))";

/** What is wide: values of a row, beside columns in shared memory or in theirs; sums; both; lists of the K best. */
const WIDE_FORMULAS = [
  [`${GAUSSIAN} * b`, 140, 1, "Sum", "float32"],
  [`${GAUSSIAN} * b`, 301, 2, "Sum", "float64"],
  [`${GAUSSIAN} * b`, 3, 150, "Sum", "float64"],
  [`${GAUSSIAN} * b`, 2, 303, "Sum", "float32"],
  [`${GAUSSIAN} * b`, 131, 70, "Sum", "float32"],
  [`Grad(${GAUSSIAN} * b, x, e)`, 90, 1, "Sum", "float32"],
  [`Grad(${GAUSSIAN} * b, y, e)`, 90, 20, "Sum", "float64"],
  ["g * SqDist(x, y) + b", 150, 1, "LogSumExp", "float32"],
  ["SqDist(x, y) + b", 150, 1, "ArgMin", "float32"],
  ["SqDist(x, y) - b", 784, 1, "ArgKMin", "float32"],
] as const;

test.each(WIDE_FORMULAS)(
  "%s of dims %i and %i, its %s in %s, is what the reference says",
  (formula, dim, dv, reductionOp, dtype) => {
    const aliases = [`x = Vi(${dim})`, `y = Vj(${dim})`, `b = Vj(${dv})`, "g = Pm(1)", `e = Vi(${dv})`];
    const optArg = reductionOp === "ArgKMin" ? 10 : undefined;
    const K = Genred(formula, aliases, { reductionOp, axis: 1, optArg });
    const of = (rows: number, columns: number): RealArray => rand([rows, columns], { dtype, seed: rows + columns });
    const call = [of(M, dim), of(N, dim), of(N, dv), array([6 / dim], { dtype }), of(M, dv)] as const;
    const [got, expected] = (["cuda", "reference"] as const).map((backend) => K(...call, { backend }).data);
    expect(errorOf(got!, expected!)).toBeLessThan(dtype === "float64" ? 1e-14 : 1e-6);
  },
);

/** In the norm, relative. */
function errorOf(got: ArrayLike<number>, expected: ArrayLike<number>): number {
  const differences = Array.from(got, (value, n) => value - expected[n]!);
  return Math.hypot(...differences) / Math.hypot(...Array.from(expected));
}
