/**
 * Bounds of formulas over boxes: what engines compute at points of boxes lies between the bounds that they compute of
 * these.
 */
import type { Dtype } from "../../src/index";
import type { BackendName } from "../../src/device/devices";
import { bounds } from "../../src/formula/bounds";
import { Category, variable, variablesOf } from "../../src/formula/formula";
import type { Formula, Operation } from "../../src/formula/formula";
import { corners, monotone } from "../../src/formula/intervals";
import type { BoundsRule } from "../../src/formula/intervals";
import { lessThan, operations, relu, square } from "../../src/formula/ops";
import { parse } from "../../src/formula/parse";
import { evaluate, fitsOf, uniform } from "../helpers/evaluate";
import type { Fit } from "../helpers/evaluate";
import { dataOf, formulaOf as randomFormula } from "../fuzz/generator";
import { Random } from "../fuzz/random";
import { textOf } from "../fuzz/structure";
import { isFull, sampled } from "../helpers/sample";
import { check, randomPlaces, specialPlaces } from "../helpers/boxes";
import type { Found } from "../helpers/boxes";

const DTYPES: readonly Dtype[] = ["float32", "float64"];
const ROWS = [...operations.values()];
const BOXES = isFull ? 100_000 : 2000;
const REFERENCE_BOXES = isFull ? 200 : 8;
const SPECIAL_BOXES = isFull ? 20_000 : 1000;

const formulaOf = (row: Operation, { dims, params }: Fit): Formula =>
  row.build([...dims.map((dim, n) => variable(n, dim, Category.I)), ...params]);

/** Calls in which some arguments are numbers, for which rows have bounds of their own. */
const CALLS: Readonly<Record<string, readonly string[]>> = {
  RoundTo: ["RoundTo(x, 10, 1)", "RoundTo(x, 1, 4)", "RoundTo(x, -3, 0.7)"],
  Mod: ["Mod(x, 2, 0.5)", "Mod(x, -0.3, 0)", "Mod(3, x, 1)"],
  Mult: ["3 * x", "-0.1 * x", "Exp(-Square(x)) * (1 + Square(x))", "Exp(-Square(x)) * Sin(x)"],
  Powf: ["Powf(x, 1.5)", "Powf(Square(x), -0.7)", "Powf(2, x)"],
  Clamp: ["Clamp(x, -0.5, 2)", "Clamp(x, 2, -0.5)"],
  Scalprod: ["SqNorm2(x)", "(x | Exp(x))", "(x | Reverse(x))"],
  Rsqrt: ["Rsqrt(Square(x))", "Rsqrt(1 + Square(x))"],
  Inv: ["Inv(Exp(x))", "Inv(-1 - Square(x))", "Inv(Sqrt(Square(x)))"],
  Log: ["Log(Square(x))", "Log(Cosh(x))"],
};

/** Calls of a row on few numbers: with every integer that fits, and with dims that differ. */
function callsOf(row: Operation): { formula: Formula; dims: readonly number[] }[] {
  const fits = fitsOf(row, row.slots.length > 5 ? [1, 3] : [1, 2, 4], 4);
  const calls = fits.map((fit) => ({ formula: formulaOf(row, fit), dims: fit.dims }));
  const own = calls.filter(({ formula, dims }) => formula.operation === row && dims.length === formula.args.length);
  const picked = own.length <= 3 ? own : [own[0]!, own[Math.floor(own.length / 2)]!, own.at(-1)!];
  const texts = (CALLS[row.name] ?? []).map((text) => ({
    formula: parse([text], ["x = Vi(2)"]).formulas[0]!,
    dims: [2],
  }));
  return [...picked, ...texts];
}

function checkRandom(row: Operation, dtype: Dtype, backend: "tiles" | "reference", count: number): Found[] {
  const calls = callsOf(row);
  return calls.map(({ formula, dims }, n) => {
    const places = randomPlaces(dims, row.domain, Math.ceil(count / calls.length), uniform(17 + n), dtype);
    return check(formula, places, "shares", backend, dtype);
  });
}

const wrongIn = (found: readonly Found[]): number => found.reduce((sum, { wrong }) => sum + wrong.length, 0);
const knownIn = (found: readonly Found[]): number => Math.max(...found.map(({ known }) => known));

describe.each(DTYPES)("in %s", (dtype) => {
  const rows = sampled(ROWS, 4, DTYPES.indexOf(dtype)).map((row) => ({ name: row.name, row }));

  test.each(rows)("values of $name are within bounds of boxes", ({ row }) => {
    const found = checkRandom(row, dtype, "tiles", BOXES);
    expect(wrongIn(found)).toBe(0);
    expect(knownIn(found)).toBeGreaterThan(0.3);
    expect(wrongIn(checkRandom(row, dtype, "reference", REFERENCE_BOXES))).toBe(0);
  });

  test.each(rows)("so are those of $name at special numbers", ({ row }) => {
    const found = callsOf(row).map(({ formula, dims }, n) =>
      check(formula, specialPlaces(dims, SPECIAL_BOXES, uniform(3 + n)), "numbers", "tiles", dtype),
    );
    expect(wrongIn(found)).toBe(0);
  });
});

// ---------------------------------------------------------------------------------------------------- composed formulas

const FORMULAS = isFull ? 4000 : 100;

/** Few are compiled, as that takes long. */
const backendOf = (n: number): BackendName => (n % 50 === 0 ? "cpu" : n % 5 === 0 ? "reference" : "tiles");

/** Grows a formula, and boxes around the numbers for which it was grown. */
function checkGrown(n: number, dtype: Dtype, backend: BackendName): Found & { readonly text: string } {
  const random = new Random(5, n);
  const data = dataOf(random);
  const text = textOf(randomFormula(random, data));
  const { formulas } = parse([text], data.variables.map(({ name, category, dim }) => `${name} = ${category}(${dim})`)); // prettier-ignore
  const [formula] = formulas as [Formula];
  if (variablesOf(formula).length === 0) return { wrong: [], known: 1, text };
  const next = uniform(n);
  const [boxCount, pointCount] = backend === "reference" ? [4, 20] : [40, 100];
  const sizes = [0, 1e-3, 0.1, 1];
  const boxes = variablesOf(formula).map(({ dim, params: [position] }) => {
    const numbers = data.numbers[position as number]!;
    return Float64Array.from({ length: boxCount * 2 * dim }, (_, at) => {
      const isUpper = at % (2 * dim) >= dim;
      const size = sizes[Math.floor(at / (2 * dim)) % sizes.length]!;
      return Math.fround(numbers[at % dim]! + (isUpper ? 1 : -1) * size * (isUpper ? 0.7 : 0.3));
    });
  });
  const points = variablesOf(formula).map(({ dim }) => Float64Array.from({ length: pointCount * dim }, () => (next() < 0.3 ? Math.round(next()) : Math.fround(next())))); // prettier-ignore
  const found = check(formula, { boxes, points }, "shares", backend, dtype);
  return { ...found, text };
}

test.each(DTYPES)("values of formulas that are grown at random are within their bounds, in %s", (dtype) => {
  const found = Array.from({ length: FORMULAS }, (_, n) => checkGrown(n, dtype, backendOf(n)));
  expect(found.filter(({ wrong }) => wrong.length > 0).map(({ text }) => text)).toEqual([]);
  expect(found.filter(({ known }) => known > 0.5).length).toBeGreaterThan(0.8 * FORMULAS);
});

// --------------------------------------------------------------------------------------------------------- sharpness

const ALIASES = ["x = Vi(3)", "y = Vj(3)", "g = Pm(1)", "s = Pm(3)", "b = Vj(1)", "t = Vi(1)"];
const BOX_X = [-1, 0.5, 2, -0.25, 0.75, 2.5];
const BOX_Y = [0, 0.25, -1, 0.5, 0.375, 1];
const POINT: Readonly<Record<string, readonly number[]>> = { x: BOX_X, y: BOX_Y, g: [0.5], s: [1, 2, 3], b: [-1, 2], t: [1, 3] }; // prettier-ignore

/** The bounds of a text over these boxes, by numbers in float64. */
function boundsOf(text: string, dtype: Dtype = "float64", point = POINT): [number, number] {
  const { formulas, arguments: args } = parse([text], ALIASES);
  const found = bounds(formulas[0]!, dtype);
  const given = new Map(
    args.map(({ name, position, dim, category }) => {
      const numbers = point[name!]!;
      return [variable(position, category === Category.P ? dim : 2 * dim, category), numbers] as const;
    }),
  );
  return [evaluate(found.lower, given)[0]!, evaluate(found.upper, given)[0]!];
}

const NEAR = 0.25 ** 2 + 0.125 ** 2 + 1 ** 2;
const FAR = 1.5 ** 2 + 0.5 ** 2 + 3.5 ** 2;
const EXACT: Readonly<Record<string, readonly [number, number]>> = {
  "SqDist(x, y)": [NEAR, FAR],
  "Norm2(x - y)": [Math.sqrt(NEAR), Math.sqrt(FAR)],
  "Exp(-SqDist(x, y))": [Math.exp(-FAR), Math.exp(-NEAR)],
  "Exp(-g * SqDist(x, y))": [Math.exp(-FAR / 2), Math.exp(-NEAR / 2)],
  "Exp(-SqDist(x / 2, y / 2))": [Math.exp(-FAR / 4), Math.exp(-NEAR / 4)],
  "WeightedSqDist(s, x, y)": [0.0625 + 0.03125 + 3, 2.25 + 0.5 + 36.75],
  "(x | y)": [-0.5 + 0.125 - 2.5, 0 + 0.28125 + 2.5],
  "b - g * SqDist(x, y)": [-1 - FAR / 2, 2 - NEAR / 2],
  "Rsqrt(SqDist(x, y))": [FAR ** -0.5, NEAR ** -0.5],
  "Inv(1 + SqDist(x, y))": [1 / (1 + FAR), 1 / (1 + NEAR)],
  "Exp(-Norm2(x - y)) * b": [-Math.exp(-Math.sqrt(NEAR)), 2 * Math.exp(-Math.sqrt(NEAR))],
  "Sum(Abs(x - y))": [1.375, 5.5],
  "Cos(t)": [Math.cos(3), Math.cos(1)],
  "Sin(t)": [Math.sin(3), 1],
  "Max(x)": [2, 2.5],
  "ArgMax(x)": [2, 2],
  "t ** 3": [1, 27],
  "t / (1 + b ** 2)": [1 / 5, 3],
  "IfElse(t, 1, 2)": [1, 1],
  "t < b": [0, 1],
  "Mod(t / 4, 1, 0)": [0.25, 0.75],
};

test.each(Object.entries(EXACT))("bounds of %s are its extreme values", (text, exact) => {
  for (const dtype of DTYPES) {
    const unit = dtype === "float32" ? 2 ** -23 : 2 ** -52;
    const found = boundsOf(text, dtype);
    exact.forEach((value, n) => {
      expect(Math.abs(found[n]! - value)).toBeLessThanOrEqual(400 * unit * Math.max(1e-3, Math.abs(value)));
    });
    expect(found[0]).toBeLessThanOrEqual(exact[0]);
    expect(found[1]).toBeGreaterThanOrEqual(exact[1]);
  }
});

test("bounds over points are a few units of the last place wide", () => {
  const point = { ...POINT, x: [...BOX_X.slice(0, 3), ...BOX_X.slice(0, 3)], y: [...BOX_Y.slice(0, 3), ...BOX_Y.slice(0, 3)], b: [2, 2], t: [1, 1] }; // prettier-ignore
  for (const text of Object.keys(EXACT)) {
    const [low, high] = boundsOf(text, "float64", point);
    if (!/Cos|Sin|Mod|</.test(text)) expect(high - low).toBeLessThanOrEqual(400 * 2 ** -52 * Math.abs(high));
  }
});

test("a formula whose variables stand twice has wider bounds, by no more than the size of its parts", () => {
  const [near, far] = [Math.sqrt(NEAR), Math.sqrt(FAR)];
  const [low, high] = boundsOf("(1 + Norm2(x - y)) * Exp(-Norm2(x - y))");
  expect(low / ((1 + near) * Math.exp(-far))).toBeCloseTo(1, 12);
  expect(high / ((1 + far) * Math.exp(-near))).toBeCloseTo(1, 12);
});

test("what may be no number is unknown", () => {
  const unknown = ["Log(x)", "Sqrt(x)", "Inv(b)", "Powf(b, 0.3)", "Log(b) < 1 + Log(b)", "Exp(Log(b))", "Asin(t)"];
  const found = unknown.map((text) => boundsOf(text));
  expect(found).toEqual(unknown.map((text) => (text.includes("<") ? [0, 1] : [-Infinity, Infinity])));
});

// ------------------------------------------------------------------------------------------------------ planted faults

/** Rows with no rule. A new row may stand here, but had better have one. */
const UNKNOWN: readonly string[] = [];

test("every row that engines compute has a rule", () => {
  const computed = ROWS.filter(({ shape }) => shape.kind === "elementwise" && shape.code);
  expect(computed.length).toBeGreaterThan(45);
  expect(computed.filter((row) => !row.bounds).map(({ name }) => name)).toEqual(UNKNOWN);
});

type Changed = Partial<Pick<Operation, "bounds" | "ulps">>;
const boundsOfSin = operations.get("Sin")!.bounds!;
const without =
  (side: "lower" | "upper"): BoundsRule<Formula> =>
  (tools, x) => {
    const found = boundsOfSin(tools, x);
    return { ...found, [side]: tools.at(x[side]) };
  };
const FAULTS: readonly (readonly [row: string, what: string, Changed])[] = [
  ["Exp", "falls", { bounds: monotone(-1) }],
  ["Exp", "is not rounded", { ulps: 0 }],
  ["Inv", "has no pole", { bounds: monotone(-1) }],
  ["Square", "forgets 0", { bounds: corners() }],
  ["Mult", "takes two corners of four", { bounds: monotone(1, 1) }],
  ["Sin", "has no trough", { bounds: without("lower") }],
  ["IfElse", "takes its first choice", { bounds: (_, __, { lower, upper }) => ({ lower, upper }) }],
  ["Sqrt", "is 0 below 0", { bounds: ({ at }, x) => ({ lower: at(relu(x.lower)), upper: at(relu(x.upper)), neverNaN: true }) }], // prettier-ignore
  ["LessThan", "is certain", { bounds: (_, x, y) => ({ lower: lessThan(x.upper, y.lower), upper: lessThan(x.upper, y.lower), neverNaN: true }) }], // prettier-ignore
  ["Cosh", "is its argument's square", { bounds: (_, x) => ({ lower: square(x.lower), upper: square(x.upper) }) }],
];

test.each(FAULTS)("a rule by which %s %s is caught", (name, _, changed) => {
  const row = operations.get(name)! as { -readonly [K in keyof Changed]: Changed[K] } & Operation;
  const { bounds: rule, ulps } = row;
  try {
    Object.assign(row, changed);
    expect(wrongIn(checkRandom(row, "float32", "tiles", 4000))).toBeGreaterThan(0);
  } finally {
    Object.assign(row, { bounds: rule, ulps });
  }
});
