/**
 * A row of the operation table on the engines: its value and its gradient, summed over pairs, against the small
 * evaluator.
 */
import ndarray from "ndarray";
import type { Dtype, RealArray } from "../../src/index";
import type { BackendName } from "../../src/device/devices";
import { extraArgument } from "../../src/formula/arguments";
import type { Argument } from "../../src/formula/arguments";
import { grad } from "../../src/formula/autodiff";
import { Category } from "../../src/formula/formula";
import type { Entry, Formula, Operation } from "../../src/formula/formula";
import { reductionNamed } from "../../src/formula/reductions";
import { Operator } from "../../src/call/operator";
import { allowances, evaluate, expectWithin, fitsOf, uniform } from "./evaluate";
import type { Fit, Rounding, Vector } from "./evaluate";

const ROWS = 5;
const COLUMNS = 7;
const CATEGORIES = [Category.I, Category.J, Category.P, Category.J];

/** A formula with its arguments. */
export interface Sample {
  readonly formula: Formula;
  readonly args: readonly Argument[];
  readonly domain: readonly [number, number];
}

/**
 * At most `count` calls of a row: on variables of several kinds and dims, with parameters that fit; and their
 * gradients.
 */
export function samplesOf(entry: Entry, count: number): Sample[] {
  return samplesAmong(entry, count, fitsOf(entry, dimsOf(entry), 20));
}

/** Rows of many slots, which have many choices, are tried with few dims: those of whole lists, of complex numbers too. */
function dimsOf({ slots, method }: Entry): readonly number[] {
  if (slots.length <= 5) return [1, 2, 3, 4];
  return method?.takesComplex ? [2, 6] : [1, 3];
}

/** The same with more components than registers hold, which engines keep in arrays and compute in loops. */
export function wideSamplesOf(entry: Entry, count: number): Sample[] {
  if (entry.slots.length > 5) return [];
  const fits = fitsOf(entry, [1, 9, 18], 400).filter(({ dims }) => dims.some((dim) => dim > 16));
  return samplesAmong(entry, count, fits);
}

function samplesAmong(entry: Entry, count: number, fits: readonly Fit[]): Sample[] {
  return thinned(fits, count).flatMap((fit) => samplesOfFit(entry, fit));
}

function samplesOfFit(entry: Entry, { dims, params }: Fit): Sample[] {
  // Where a row takes no argument of some kind, one that nobody reads gives the extent.
  const args = dims.map((dim, n) => extraArgument(n, dim, CATEGORIES[n % 4]!));
  const extents = [Category.I, Category.J].map((category, n) => extraArgument(dims.length + n, 1, category));
  const formula = entry.build([...args.map(({ variable }) => variable), ...params]);
  const { domain = [0.5, 1.5] } = entry as Partial<Operation>;
  const cotangent = extraArgument(dims.length + 2, formula.dim, Category.I);
  const all = [...args, ...extents, cotangent];
  const gradients = args.slice(0, 1).map(({ variable }) => grad(formula, variable, cotangent.variable));
  return [formula, ...gradients].map((of) => ({ formula: of, args: all, domain }));
}

/** At most `count` elements of a list, evenly spread, first and last among them. */
function thinned<T>(list: readonly T[], count: number): T[] {
  if (list.length <= count) return [...list];
  return Array.from({ length: count }, (_, n) => list[Math.round((n * (list.length - 1)) / Math.max(1, count - 1))]!);
}

/** Numbers of a domain that float32 holds, none near 0, and none near a half or whole number, where some rows jump. */
function numbersOf(count: number, [low, high]: readonly [number, number], seed: number): number[] {
  const next = uniform(seed);
  const number = (): number => {
    const found = Math.fround(low + (high - low) * next());
    return Math.abs(2 * found - Math.round(2 * found)) < 0.05 ? number() : found;
  };
  return Array.from({ length: count }, number);
}

const EXTENTS = { [Category.I]: ROWS, [Category.J]: COLUMNS, [Category.P]: 1 };
/** What a step of float32 may lose: two units in the last place, as the evaluator disturbs every step. */
const RELATIVE: Readonly<Record<Dtype, number>> = { float64: 1e-14, float32: 2 ** -21 };

/**
 * Computes the sums over j on a backend. Throws where one differs by more than rounding; false where rounding decides
 * all.
 */
export function check(sample: Sample, backend: BackendName, dtype: Dtype): boolean {
  const { formula, args } = sample;
  const { data, expected } = expectation(sample, dtype);
  if (!expected) return false;
  const arrays = args.map(({ dim, category }, n) => arrayOf(data[n]!, category, dim, dtype));
  const operator = new Operator([formula], args, SUM);
  const got = Array.from(operator.values(arrays, { backend }).data);
  expectWithin(got, expected.value, expected.allowed, () => `${String(formula)} on ${backend} in ${dtype}`);
  return true;
}

interface Expectation {
  readonly data: readonly Vector[];
  readonly expected: ReturnType<typeof allowances>;
}
const expectations = new Map<string, Expectation>();

/** The same for every backend, and computed once: it takes longer than the backends do. */
function expectation({ formula, args, domain }: Sample, dtype: Dtype): Expectation {
  const key = [formula.id, dtype, domain, args.map(({ dim }) => dim)].join("|");
  const known = expectations.get(key);
  if (known) return known;
  const data = args.map(({ dim, category }, n) => numbersOf(EXTENTS[category] * dim, domain, n + 1));
  const sums = (rounding: Rounding): Vector =>
    Array.from({ length: ROWS }, (_, i) => rowSum(formula, args, data, i, rounding)).flat();
  const found = { data, expected: allowances(sums, RELATIVE[dtype]) };
  expectations.set(key, found);
  return found;
}

const SUM = {
  reduction: reductionNamed("Sum"),
  k: 1,
  rows: Category.I,
  sumScheme: "block",
  accumulator: "auto",
} as const;

function rowSum(
  formula: Formula,
  args: readonly Argument[],
  data: readonly Vector[],
  i: number,
  rounding: Rounding,
): Vector {
  const sum = new Array<number>(formula.dim).fill(0);
  for (let j = 0; j < COLUMNS; j++) {
    const at = { [Category.I]: i, [Category.J]: j, [Category.P]: 0 };
    const point = new Map(
      args.map(({ variable, category, dim }, n) => [
        variable,
        data[n]!.slice(at[category] * dim, (at[category] + 1) * dim),
      ]),
    );
    evaluate(formula, point, rounding).forEach((value, k) => (sum[k] = rounding(sum[k]! + value)));
  }
  return sum;
}

function arrayOf(numbers: readonly number[], category: Category, dim: number, dtype: Dtype): RealArray {
  const data = dtype === "float64" ? Float64Array.from(numbers) : Float32Array.from(numbers);
  return ndarray(data, category === Category.P ? [dim] : [numbers.length / dim, dim]);
}
