/**
 * The tile evaluator computes every elementwise row of what every view shows, whatever its components depend on: on
 * rows, on columns, on both, on parameters. A component seen through a view may depend on less than the formula does.
 */
import ndarray from "ndarray";
import { Genred, grad as gradientOf, requiresGrad, settings } from "../../src/index";
import type { RealArray } from "../../src/index";
import { nativeAddon } from "../../src/device/native";
import type { InstructionSetName } from "../../src/codegen/isa";
import type { Specification } from "../../src/codegen/specification";
import { tileProgram } from "../../src/codegen/tileprogram";
import type { TileNumbers } from "../../src/codegen/tileprogram";
import { extraArgument } from "../../src/formula/arguments";
import { grad } from "../../src/formula/autodiff";
import { Category } from "../../src/formula/formula";
import type { Formula, Operation, Parameter } from "../../src/formula/formula";
import { add, concat, exp, extract, mult, operations } from "../../src/formula/ops";
import { denseOf } from "../../src/call/dense";
import { Operator } from "../../src/call/operator";
import { PLAIN_SUM } from "../../src/call/result";
import { combinations, evaluate, fitsOf, uniform } from "../helpers/evaluate";
import type { Fit } from "../helpers/evaluate";
import { sampled } from "../helpers/sample";

const ROWS = 3;
const COLUMNS = 4;
const CATEGORIES = [Category.I, Category.J, Category.P];
const ARGS = CATEGORIES.map((category, n) => extraArgument(n, 2, category));
const [X, Y, P] = ARGS.map(({ variable }) => variable) as [Formula, Formula, Formula];
/** Of dim 2, by what they depend on; a mean stays in the domain of its parts. */
const REGIONS = [X, Y, P, mult(0.5, add(X, Y))];
const MIXES = combinations<Formula>([REGIONS, REGIONS]) as [Formula, Formula][];
const PLACES = [...MIXES.keys()];

const ALL = [...operations.values()];
const ELEMENTWISE = ALL.filter(({ shape }) => shape.kind === "elementwise");
const VIEWS = ALL.filter(({ shape }) => shape.kind === "view");

/** Dims and numbers for every view: none 0 where that can be, and the most components. */
const FITS = new Map(
  VIEWS.map((view) => {
    const fits = fitsOf(view, [1, 2, 4], 8);
    const known = fits.some(({ params }) => !params.includes(0)) ? fits.filter((f) => !f.params.includes(0)) : fits;
    const sizeOf = (fit: Fit): number => view.dim(fit.dims, fit.params);
    return [view, known.reduce((best, fit) => (sizeOf(fit) >= sizeOf(best) ? fit : best))];
  }),
);

function viewed(view: Operation, mix: readonly [Formula, Formula]): Formula {
  const { dims, params } = FITS.get(view)!;
  const sources = dims.map((dim, n) => sourceOf(dim, n === 0 ? mix : [mix[1], mix[0]]));
  return view.build([...sources, ...params]);
}

function sourceOf(dim: number, [first, second]: readonly [Formula, Formula]): Formula {
  if (dim === 1) return extract(first, 0, 1);
  return dim === 2 ? first : concat(first, second);
}

/** The row over views; what stands beside the first argument is another mix, a number or the same mix, in turn. */
function rowOver(row: Operation, view: Operation, at: number): Formula {
  const others = [viewed(view, MIXES[(at + 7) % 16]!), extract(REGIONS[at % 4]!, 1, 1), viewed(view, MIXES[at]!)];
  const values = row.slots.map(({ kind }, n): Formula | Parameter => {
    if (kind !== "formula") return 2;
    return n === 0 ? viewed(view, MIXES[at]!) : others[(at + n) % 3]!;
  });
  return row.build(values);
}

function numbers(count: number, [low, high]: readonly [number, number], seed: number): number[] {
  const next = uniform(seed);
  return Array.from({ length: count }, () => low + (high - low) * next());
}

/** Sums over j, as the small evaluator has them. */
function expected(formula: Formula, data: readonly (readonly number[])[]): number[] {
  return Array.from({ length: ROWS }, (_, i) => {
    const sum = new Array<number>(formula.dim).fill(0);
    for (let j = 0; j < COLUMNS; j++) valuesAt(formula, data, i, j).forEach((value, k) => (sum[k]! += value));
    return sum;
  }).flat();
}

function valuesAt(formula: Formula, data: readonly (readonly number[])[], i: number, j: number): readonly number[] {
  const starts = [2 * i, 2 * j, 0];
  const point = ARGS.map(({ variable }, n) => [variable, data[n]!.slice(starts[n], starts[n]! + 2)] as const);
  return evaluate(formula, new Map(point));
}

const atPairs = (formula: Formula, data: readonly (readonly number[])[]): number[] =>
  Array.from({ length: ROWS * COLUMNS }, (_, at) =>
    valuesAt(formula, data, Math.floor(at / COLUMNS), at % COLUMNS),
  ).flat();

const real = (data: readonly number[], shape: number[]): RealArray => ndarray(Float64Array.from(data), shape);

function expectSame(got: ArrayLike<number>, wanted: readonly number[], about: string): void {
  const isWrong = (value: number, n: number): boolean =>
    !(Object.is(got[n], value) || Math.abs(got[n]! - value) <= 1e-11 * (1 + Math.abs(value)));
  if (got.length !== wanted.length || wanted.some(isWrong))
    throw new Error(`${about}: expected ${wanted.join()}, got ${Array.from(got).join()}`);
}

const TILES = { backend: "tiles" } as const;

/** Sums over j of float64 numbers in the domain; or the values at all pairs. */
function check(formula: Formula, domain: readonly [number, number], form: "sums" | "pairs" = "sums"): void {
  const data = [ROWS, COLUMNS, 1].map((count, n) => numbers(2 * count, domain, n + 1));
  const arrays = data.map((list, n) => real(list, n === 2 ? [2] : [list.length / 2, 2]));
  const operator = new Operator([formula], ARGS, PLAIN_SUM);
  if (form === "sums") expectSame(operator.values(arrays, TILES).data, expected(formula, data), String(formula));
  else expectSame(denseOf(operator, arrays, TILES, 1e6).data, atPairs(formula, data), String(formula));
}

test("there are rows and views", () => {
  expect(ELEMENTWISE.length).toBeGreaterThan(40);
  expect(VIEWS.map(({ name }) => name)).toEqual(expect.arrayContaining(["Concat", "Extract", "ExtractT", "Complex"]));
});

/**
 * Also at all pairs for a quarter of the mixes, and a gradient for another, others for every view. A sample has a third of
 * the mixes, others for every row and view.
 */
test.each(ELEMENTWISE.map((row, turn) => ({ name: row.name, row, turn })))(
  "$name of all views of all mixes",
  ({ row, turn }) => {
    VIEWS.forEach((view, n) => {
      sampled(PLACES, 3, turn + n).forEach((at) => {
        const formula = rowOver(row, view, at);
        check(formula, row.domain);
        if ((at + n) % 4 === 0) check(formula, row.domain, "pairs");
        if ((at + n) % 4 === 1) check(gradientOver(formula, at + n), row.domain);
      });
    });
  },
);

/** By each variable in turn, with a cotangent that is a mix as well. */
function gradientOver(formula: Formula, turn: number): Formula {
  const parts = concat(REGIONS[turn % 4]!, REGIONS[(turn + 1) % 4]!);
  const cotangent = Array.from({ length: formula.dim }, (_, k) => extract(parts, k % 4, 1)).reduce(concat);
  return grad(formula, ARGS[turn % 3]!.variable, cotangent);
}

// ------------------------------------------------------------------------------------------- through the public doors

const ISAS: readonly InstructionSetName[] = ["baseline", "avx2", "avx512"];
const available = ISAS.slice(0, ISAS.indexOf(nativeAddon()!.isa()) + 1);

/** Of x = 1, 2 and y = 3, 4, 5: rows of the sum over j, and its gradients by x and y. */
const KNOWN: readonly (readonly [string, number[], number[], number[]])[] = [
  ["Concat(x, y) ** 2", [3, 50, 12, 50], [6, 12], [12, 16, 20]],
  ["Sum(ReLU(Concat(x, y)))", [15, 18], [3, 3], [2, 2, 2]],
  ["Concat(y, x * y) ** 2", [50, 50, 50, 200], [100, 200], [42, 56, 70]],
  ["Sum(Concat(x, y) - Concat(y, x))", [0, 0], [0, 0], [0, 0, 0]],
  ["Concat(x, y) | Concat(y, x)", [24, 48], [24, 24], [6, 6, 6]],
  ["Sum(Square(Concat(Concat(y, y), x + y)))", [100 + 77, 100 + 110], [30, 36], [42, 54, 66]],
  [
    "Exp(Concat(x, y))",
    [3 * Math.E, Math.exp(3) + Math.exp(4) + Math.exp(5), 3 * Math.exp(2), Math.exp(3) + Math.exp(4) + Math.exp(5)],
    [3 * Math.E, 3 * Math.exp(2)],
    [2 * Math.exp(3), 2 * Math.exp(4), 2 * Math.exp(5)],
  ],
];

describe.each(available)("for %s", (isa) => {
  beforeAll(() => {
    settings.instructionSet = isa;
  });
  afterAll(() => {
    settings.instructionSet = "auto";
  });

  test.each(KNOWN)("%s: called, later, planned, and its gradients", async (formula, values, byX, byY) => {
    const [x, y] = [requiresGrad(real([1, 2], [2, 1])), requiresGrad(real([3, 4, 5], [3, 1]))];
    const K = Genred(formula, ["x = Vi(1)", "y = Vj(1)"], { axis: 1 });
    const now = K(x, y);
    expectSame(now.data, values, "now");
    expectSame((await K.async(x, y, { backend: "tiles" })).data, values, "later");
    expect(K.plan(x, y).backend).toBe("tiles");
    const ones = real(new Array<number>(now.size).fill(1), now.shape);
    const [gx, gy] = gradientOf(now, [x, y], ones);
    expectSame(gx.data, byX, "by x");
    expectSame(gy.data, byY, "by y");
    const dense = K.dense(x, y, { backend: "tiles" });
    const dim = now.shape[1]!;
    const sums = Array.from({ length: 2 * dim }, (_, at) =>
      [0, 1, 2].reduce((sum, j) => sum + dense.get(Math.floor(at / dim), j, at % dim), 0),
    );
    expectSame(sums, values, "at all pairs");
  });
});

// --------------------------------------------------------------------------------- numbers that C++ and TypeScript share

const addon = nativeAddon()!;
const { kinds, regions, weights } = addon.constants;

const sumOf = (formula: Formula): Specification => ({
  formulas: [formula],
  reduction: PLAIN_SUM.reduction,
  k: 1,
  rows: Category.I,
  variables: ARGS,
  dtype: "float64",
  sumScheme: "block",
  accumulator: "float64",
});

/** Reads numbers of all four regions, with weights that are read where they are. */
const EVERYWHERE = sumOf(mult(mult(extract(P, 0, 1), add(extract(X, 0, 1), exp(extract(Y, 0, 1)))), Y));
/** With weights of pairs, and without. */
const PAIRS = sumOf(mult(extract(add(X, Y), 0, 1), exp(add(X, Y))));
const PLAIN = sumOf(exp(add(X, Y)));
const POINTS = [3, 5, 1].map((count, n) => numbers(2 * count, [0.5, 2], n + 1));

/** The sums of a program that was encoded by these numbers. */
function sumsBy(given: TileNumbers, specification = EVERYWHERE): number[] {
  const { code, constants } = tileProgram(specification, addon.tiles(addon.isa(), 8), given);
  const out = new Float64Array(6);
  const sizes = Float64Array.of(3, 5, 3, 4096, 1, 0);
  const data = POINTS.map((list) => Float64Array.from(list));
  addon.reduce(addon.loadTiles(addon.isa(), 8, code, constants), data, out, undefined, sizes, undefined);
  return Array.from(out);
}

const sumsOfAll = (given: TileNumbers): string =>
  [EVERYWHERE, PAIRS, PLAIN].map((specification) => sumsBy(given, specification)).join();

const RIGHT = sumsOfAll({ kinds, regions, weights });

/** The list with two entries exchanged, for every two of them. */
const exchanges = (list: readonly string[]): string[][] =>
  list.flatMap((_, n) =>
    list.slice(n + 1).map((other, m) => list.map((name, k) => (k === n ? other : k === n + 1 + m ? list[n]! : name))),
  );

/** What comes of numbers that are not the addon's. */
function outcomeOf(given: TileNumbers): "refused" | "other sums" | "the same sums" {
  try {
    return sumsOfAll(given) === RIGHT ? "the same sums" : "other sums";
  } catch {
    return "refused";
  }
}

test("the sums of a program that reads all regions are right", () => {
  const [x, y, p] = POINTS as [number[], number[], number[]];
  const factor = (i: number, j: number): number => p[0]! * (x[2 * i]! + Math.exp(y[2 * j]!));
  const wanted = [0, 1, 2].flatMap((i) =>
    [0, 1].map((k) => [0, 1, 2, 3, 4].reduce((sum, j) => sum + factor(i, j) * y[2 * j + k]!, 0)),
  );
  expectSame(sumsBy({ kinds, regions, weights }), wanted, "all regions");
});

test.each([
  ...exchanges(kinds).map((list) => ["kinds", list] as const),
  ...exchanges(regions).map((list) => ["regions", list] as const),
  ...exchanges(weights).map((list) => ["weights", list] as const),
])("%s by other numbers, %j, are refused or seen in the sums", (name, list) => {
  expect(outcomeOf({ kinds, regions, weights, [name]: list })).not.toBe("the same sums");
});

test.each(["kinds", "regions", "weights"] as const)("an addon that lacks one of the %s is told", (name) => {
  const all = { kinds, regions, weights };
  const used = { kinds: "parameter", regions: "loop", weights: "splats" }[name];
  const lacking = all[name].map((other) => (other === used ? "another" : other));
  expect(() => sumsBy({ ...all, [name]: lacking })).toThrow();
});

test("regions come in the order of the addon, and variables behind them", () => {
  const names = addon.tiles(addon.isa(), 8);
  const [own, other] = [regions, [...regions].reverse()].map((order) =>
    Array.from(tileProgram(EVERYWHERE, names, { kinds, regions: order, weights }).code),
  ) as [number[], number[]];
  expect(own.slice(2, 6).some((slots) => slots > 0)).toBe(true);
  expect(other.slice(2, 6)).toEqual(own.slice(2, 6).reverse());
  expect(other.length).toBe(own.length);
  // The last result is a weight, read where it is.
  expect(other.at(-2)).toBe(own.at(-2));
  expect(own.at(-2)).toBe(regions.length + 1);
});
