/**
 * Formulas as mathematics: random graphs over every row of the operation table are evaluated with a small evaluator that takes a
 * row's `value`, `segments` and `axes` as its meaning, and held against what simplification, lowering and autodiff make of them.
 * Nothing here knows an operation that is not in the table, so that a new row is tested by being there.
 */
import fc from "fast-check";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { FormulaError } from "../src/errors";
import { freePosition, grad, isComponentwise, whyNotLinear } from "../src/formula/autodiff";
import {
  Category,
  Depends,
  type Formula,
  type Operation,
  type Parameter,
  asVariable,
  lowered,
  make,
  nodesOf,
  print,
  substitute,
  variable,
  variablesOf,
} from "../src/formula/formula";
import * as ops from "../src/formula/ops";
import { parse } from "../src/formula/parse";
import { allowances, apply, attempted, evaluate, expectWithin, fitsOf, uniform } from "./evaluate";
import type { Fit, Point, Rounding, Vector } from "./evaluate";

const x = variable(0, 3, Category.I);
const y = variable(1, 3, Category.J);
const s = variable(2, 1, Category.P);
const b = variable(3, 1, Category.J);
const VARIABLES = [x, y, s, b];
/** For rows that want an even dim. */
const PAIRS = [variable(5, 2, Category.I), variable(6, 2, Category.J)];
const ALIASES = ["x = Vi(3)", "y = Vj(3)", "s = Pm(1)", "b = Vj(1)"];
const read = (text: string): Formula => parse([text], ALIASES).formulas[0]!;

// ---------------------------------------------------------------------------------------------------- evaluator

// ------------------------------------------------------------------------------------- random formulas, two ways

/** A formula as it was written, without any simplification, and what `make` built of it. */
interface Tree {
  readonly built: Formula;
  readonly operation?: Operation;
  readonly args: readonly Tree[];
  readonly params: readonly Parameter[];
}

const treeOf = (tree: Tree): Tree => Object.assign(tree, { [fc.toStringMethod]: () => written(tree).slice(0, 2000) });
const leaf = (built: Formula): Tree => treeOf({ built, args: [], params: [] });

function written({ operation, built, args, params }: Tree): string {
  return operation ? `${operation.name}(${[...args.map(written), ...params].join(", ")})` : String(built);
}
const LEAVES = [...VARIABLES, ops.constant(2), ops.constant(-0.5), ops.zero(1), ops.zero(3), ops.constant(1)].map(leaf);
const ROWS = [...ops.operations.values()];

const FITS: ReadonlyMap<Operation, readonly Fit[]> = new Map(
  ROWS.map((row) => [row, fitsOf(row, row.slots.length > 5 ? [1, 3] : [1, 2, 3, 4, 6], 6)]),
);

/** One attempt to add an operation to a pool of formulas: a row, a fit of it, arguments from the pool. */
interface Step {
  readonly row: number;
  readonly fit: number;
  readonly args: readonly number[];
}

const step: fc.Arbitrary<Step> = fc.record({
  row: fc.nat(ROWS.length - 1),
  fit: fc.nat(1000),
  args: fc.array(fc.nat(1000), { minLength: 4, maxLength: 4 }),
});

/** The last formula of a pool that begins with the leaves and to which every step that fits is added. */
const trees: fc.Arbitrary<Tree> = fc
  .array(step, { minLength: 8, maxLength: 40 })
  .map((steps) => steps.reduce<readonly Tree[]>((pool, next) => extended(pool, next), LEAVES).at(-1)!);

const formulas: fc.Arbitrary<Formula> = trees.map((tree) => tree.built);

function extended(pool: readonly Tree[], step: Step): readonly Tree[] {
  const operation = ROWS[step.row]!;
  const fits = FITS.get(operation)!;
  const { dims, params } = fits[step.fit % fits.length]!;
  const args = dims.map((dim, n) => recentOf(pool, dim, step.args[n]!)).filter((arg) => arg !== undefined);
  if (args.length < dims.length) return pool;
  const formulas = args.map((arg) => arg.built);
  const built = attempted(() => make(operation, formulas, params));
  return built ? [...pool, treeOf({ built, operation, args, params })] : pool;
}

/** Recent formulas are preferred, so that graphs grow deep. */
function recentOf(pool: readonly Tree[], dim: number, choice: number): Tree | undefined {
  const fitting = pool.filter((tree) => tree.built.dim === dim);
  return fitting[Math.max(fitting.length - 1 - (choice % 4), choice % Math.max(1, fitting.length))];
}

function evaluateTree(root: Tree, point: Point, rounding: Rounding): Vector {
  const values = new Map<Tree, Vector>();
  const valueOf = (tree: Tree): Vector => {
    const known = values.get(tree);
    if (known) return known;
    const { operation, built, args, params } = tree;
    const value = operation
      ? apply(operation, args.map(valueOf), params, built.dim).map(rounding)
      : evaluate(built, point);
    values.set(tree, value);
    return value;
  };
  return valueOf(root);
}

// --------------------------------------------------------------------------------------------------- comparisons

/** A generic point: no two numbers alike, none near 0. */
function pointFrom(seed: number, [low, high]: readonly [number, number] = [0.5, 1.5]): Point {
  const next = uniform(seed);
  const number = (): number => {
    const found = low + (high - low) * next();
    return Math.abs(found) < 0.05 ? number() : found;
  };
  return new Map([...VARIABLES, ...PAIRS].map((v) => [v, Array.from({ length: v.dim }, number)]));
}

/** Runs a property that may find a sample useless; at least `least` of the samples must have been of use. */
function assertMostly<T>(samples: fc.Arbitrary<T>, runs: number, least: number, holds: (sample: T) => boolean): void {
  let used = 0;
  fc.assert(
    fc.property(samples, (sample) => {
      if (holds(sample)) used++;
    }),
    { numRuns: runs, seed: 7 },
  );

  expect(used).toBeGreaterThan(least);
}

// --------------------------------------------------------------------------------------------------------- tests

describe("equal formulas", () => {
  test("are the same object, however they were made", () => {
    expect(ops.sqDist(x, y)).toBe(read("x - y | x - y"));
    expect(ops.exp(ops.minus(ops.mult(s, x)))).toBe(ops.exp(ops.minus(ops.mult(s, x))));
    expect(variable(0, 3, Category.I)).toBe(x);
  });

  test("differ from formulas of other variables, dims and parameters", () => {
    const others = [
      x,
      y,
      variable(0, 3, Category.J),
      variable(0, 4, Category.I),
      ops.extract(x, 0, 2),
      ops.extract(x, 1, 2),
    ];
    expect(new Set(others).size).toBe(others.length);
  });

  test("have arguments with smaller ids, and know what they depend on", () => {
    fc.assert(
      fc.property(formulas, (formula) => {
        for (const node of nodesOf(formula)) for (const arg of node.args) expect(arg.id).toBeLessThan(node.id);
        const categories = new Set(variablesOf(formula).map((v) => asVariable(v).category));
        const expected = (categories.has(Category.I) ? Depends.I : 0) | (categories.has(Category.J) ? Depends.J : 0);
        expect(formula.depends).toBe(expected);
      }),
      { seed: 7 },
    );
  });

  test("are forgotten when nobody holds them", async () => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    const build = (): WeakRef<Formula> => new WeakRef(ops.exp(ops.mult(x, 12345.678)));
    const released = build();
    for (let n = 0; n < 10 && released.deref(); n++) {
      await new Promise((resolve) => setTimeout(resolve, 1));
      collect();
    }
    expect(released.deref()).toBeUndefined();
    expect(ops.exp(ops.mult(x, 12345.678))).toBe(ops.exp(ops.mult(x, 12345.678)));
  });
});

describe("simplification", () => {
  test("never changes a value", () => {
    assertMostly(fc.tuple(trees, fc.nat()), 2000, 1000, ([tree, seed]) => {
      const point = pointFrom(seed);
      const expected = allowances((rounding) => evaluateTree(tree, point, rounding));
      if (expected)
        expectWithin(evaluate(tree.built, point), expected.value, expected.allowed, () => String(tree.built));
      return expected !== undefined;
    });
  });

  test("is tried by random trees on every row", () => {
    const seen = new Set(fc.sample(trees, { numRuns: 1000, seed: 7 }).flatMap(operationsIn));
    expect(ROWS.map((row) => row.name).filter((name) => !seen.has(name))).toEqual([]);
  });

  test.each([
    ["x + 0", "x"],
    ["0 + x", "x"],
    ["x - 0", "x"],
    ["0 - x", "-x"],
    ["1 * x", "x"],
    ["x / 1", "x"],
    ["0 * x", "Zero(3)"],
    ["0 / x", "Zero(3)"],
    ["x + x", "2 * x"],
    ["2 * x + 3 * x", "5 * x"],
    ["x - x", "Zero(3)"],
    ["x - 3 * x", "-2 * x"],
    ["x + -y", "x - y"],
    ["x - -y", "x + y"],
    ["-(-x)", "x"],
    ["(-x) * (-y)", "x * y"],
    ["2 * (3 * x)", "6 * x"],
    ["x * 2", "2 * x"],
    ["x * x", "Square(x)"],
    ["Square(-x)", "Square(x)"],
    ["Pow(x, 0)", "SumT(1, 3)"],
    ["Pow(x, 1)", "x"],
    ["x ** 2", "Square(x)"],
    ["Sum(s)", "s"],
    ["Sum(x * y)", "x | y"],
    ["Sum(Square(x))", "SqNorm2(x)"],
    ["Sum(s * x)", "s * Sum(x)"],
    ["Sum(SumT(s, 3))", "3 * s"],
    ["s | b", "s * b"],
    ["(s * x) | y", "s * (x | y)"],
    ["SumT(s, 3) | x", "s * Sum(x)"],
    ["SumT(s, 3) + x", "s + x"],
    ["x * SumT(s, 3)", "x * s"],
    ["SumT(s, 3) * SumT(b, 3)", "SumT(s * b, 3)"],
    ["Extract(Concat(x, y), 3, 3)", "y"],
    ["Extract(x, 0, 3)", "x"],
    ["ExtractT(x, 0, 3)", "x"],
    ["Exp(0)", "1"],
    ["1 / 4", "0.25"],
  ])("makes %s the same object as %s", (text, simpler) => {
    expect(read(text)).toBe(read(simpler));
  });
});

function operationsIn(root: Tree): string[] {
  const seen = new Set([root]);
  for (const tree of seen) for (const arg of tree.args) seen.add(arg);
  return [...seen].map((tree) => tree.operation?.name ?? "leaf");
}

describe("lowering", () => {
  test("never changes a value, and leaves only what has code", () => {
    assertMostly(fc.tuple(formulas, fc.nat()), 2000, 1000, ([formula, seed]) => {
      const point = pointFrom(seed);
      const cheap = lowered(formula);
      for (const { operation } of nodesOf(cheap))
        if (operation.shape.kind === "elementwise")
          expect([operation.name, typeof operation.shape.code]).toEqual([operation.name, "function"]);
      const expected = allowances((rounding) => evaluate(formula, point, rounding));
      if (expected) expectWithin(evaluate(cheap, point), expected.value, expected.allowed, () => String(formula));
      return expected !== undefined;
    });
  });

  test("does not change the dim, and changes nothing when done twice", () => {
    fc.assert(
      fc.property(formulas, (formula) => {
        const cheap = lowered(formula);
        expect(cheap.dim).toBe(formula.dim);
        expect(lowered(cheap)).toBe(cheap);
      }),
      { seed: 7 },
    );
  });
});

describe("printing", () => {
  test("gives a text that is read as the same object", () => {
    assertMostly(formulas, 1000, 800, (formula) => {
      const text = String(formula);
      if (text.includes("…")) return false;
      expect(read(text)).toBe(formula);
      return true;
    });
  });

  test("names variables as it is told, and cuts what is too long", () => {
    expect(print(read("Exp(-s * SqDist(x, y))"), (v) => "xysb"[asVariable(v).position]!)).toBe(
      "Exp(-(s * SqNorm2(x - y)))",
    );
    const long = Array.from({ length: 3000 }, (_, n) => n).reduce<Formula>(
      (sum, n) => ops.add(sum, ops.extract(x, n % 3, 1)),
      s,
    );
    expect(String(long).length).toBeLessThan(20_000);
  });
});

// ----------------------------------------------------------------------------------------------------- gradients

const SCALAR = variable(4, 1, Category.P);

/** e | f, with fixed weights e, so that its gradient has one number per component of the variable. */
function weighted(formula: Formula): Formula {
  const weights = Array.from({ length: formula.dim }, (_, k) => ops.mult(0.7 + 0.3 * k, ops.extract(formula, k, 1)));
  return weights.reduce((sum, term) => ops.add(sum, term));
}

function moved(point: Point, by: Formula, component: number, step: number): Point {
  const from = point.get(by)!;
  return new Map([...point, [by, from.map((value, k) => (k === component ? value + step : value))]]);
}

/** Central differences of order h⁴ at two steps; the tolerance is what they disagree by. Undefined where the function is not smooth enough to tell. */
function differences(formula: Formula, point: Point, by: Formula): { value: Vector; allowed: Vector } | undefined {
  const at = (component: number, h: number): number => {
    const f = (step: number): number => evaluate(formula, moved(point, by, component, step))[0]!;
    return (8 * (f(h) - f(-h)) - (f(2 * h) - f(-2 * h))) / (12 * h);
  };
  const value = Array.from({ length: by.dim }, (_, k) => at(k, 1e-3));
  const coarse = value.map((_, k) => at(k, 2e-3));
  // A fine staircase looks like a slope from afar.
  const isSlope = value.every((v, k) => Math.abs(at(k, 1e-6) - v) <= 1e-2 * (1 + Math.abs(v)));
  const scale = Math.abs(evaluate(formula, point)[0]!) + 1;
  const allowed = value.map((v, k) => Math.abs(v - coarse[k]!) + 1e-9 * (scale + Math.abs(v)));
  const tellable = value.every((v, k) => Number.isFinite(v) && allowed[k]! < 1e-5 * (scale + Math.abs(v)));
  return isSlope && tellable ? { value, allowed } : undefined;
}

function checkGradient(formula: Formula, by: Formula, point: Point): boolean {
  const expected = differences(formula, point, by);
  const gradient = evaluate(grad(formula, by, ops.constant(1)), point);
  // A NaN within may decide a comparison without being seen in the value.
  const isDefined = nodesOf(formula).every((node) => evaluate(node, point).every(Number.isFinite));
  if (!expected || !isDefined || !gradient.every(Number.isFinite)) return false;
  expectWithin(gradient, expected.value, expected.allowed, () => `Grad(${String(formula)}, ${String(by)}, 1)`);
  return true;
}

describe("gradients", () => {
  const sample = fc.tuple(formulas, fc.constantFrom(...VARIABLES), fc.nat());

  test("agree with finite differences on random formulas", () => {
    assertMostly(
      sample.filter(([formula, by]) => variablesOf(formula).includes(by)),
      800,
      400,
      ([formula, by, seed]) => checkGradient(weighted(formula), by, pointFrom(seed)),
    );
  });

  test("of gradients agree with finite differences of gradients", () => {
    assertMostly(
      sample.filter(([formula, by]) => variablesOf(formula).includes(by) && nodesOf(formula).length < 25),
      400,
      200,
      ([formula, by, seed]) => {
        const first = weighted(grad(weighted(formula), by, ops.constant(1)));
        return VARIABLES.every((second) => checkGradient(first, second, pointFrom(seed)));
      },
    );
  });

  test.each(ROWS.map((row) => [row.name, row] as const))(
    "of %s agree with finite differences on its domain",
    (_, row) => {
      const checked = callsOf(row).flatMap((args) =>
        variablesIn(args).map((by) => ({ isChecked: checkRow(row, args, by), isFlat: isFlat(row, args, by) })),
      );
      expect(checked.filter(({ isChecked }) => isChecked).length).toBeGreaterThan(0);
      expect(checked.filter(({ isChecked, isFlat }) => !isChecked && !isFlat)).toEqual([]);
    },
  );

  test("by a variable that the formula lacks are zero", () => {
    expect(grad(ops.exp(x), y, x)).toBe(ops.zero(3));
  });

  test("have the dim of the variable and contain the cotangent", () => {
    const e = variable(4, 3, Category.I);
    expect(grad(ops.mult(s, x), s, e)).toBe(ops.scalprod(e, x));
    expect(grad(ops.sqDist(x, y), x, SCALAR).dim).toBe(3);
  });

  test("refuse what is no variable and cotangents of another dim", () => {
    expect(() => grad(x, ops.exp(x), x)).toThrow(
      new FormulaError(`Grad(f, v, e): expected a variable v, got Exp(${String(x)})`),
    );
    expect(() => grad(x, x, s)).toThrow("Grad(f, v, e): expected e of dim 3, the dim of f, got 1");
  });

  test("of a distance are zero where the two points meet", () => {
    const point = new Map([...pointFrom(1), [y, pointFrom(1).get(x)!]]);
    expect(evaluate(grad(ops.norm2(ops.subtract(x, y)), x, ops.constant(1)), point)).toEqual([0, 0, 0]);
  });
});

interface Call {
  readonly formulas: readonly Formula[];
  readonly params: readonly Parameter[];
}

/** Calls of a row on variables: all different, and all the same where dims allow. */
function callsOf(row: Operation): Call[] {
  const ofDim = new Map([
    [1, [s, b]],
    [2, PAIRS],
    [3, [x, y]],
  ]);
  const fits = FITS.get(row)!.filter(({ dims }) => dims.every((dim) => ofDim.has(dim)));
  return fits
    .flatMap(({ dims, params }) =>
      [dims.map((dim, n) => ofDim.get(dim)![n % 2]!), dims.map((dim) => ofDim.get(dim)![0]!)].map((formulas) => ({
        formulas,
        params,
      })),
    )
    .filter((call) => attempted(() => make(row, call.formulas, call.params)) !== undefined);
}

const variablesIn = (call: Call): Formula[] => [...new Set(call.formulas)];

/** Staircases, which may be too fine for differences. */
const isFlat = (row: Operation, call: Call, by: Formula): boolean =>
  ops.isZero(grad(weighted(make(row, call.formulas, call.params)), by, ops.constant(1)));

/** First and second order, at points of the row's domain. */
function checkRow(row: Operation, call: Call, by: Formula): boolean {
  const formula = weighted(make(row, call.formulas, call.params));
  const first = weighted(grad(formula, by, ops.constant(1)));
  const points = [1, 2, 3, 4, 5].map((seed) => pointFrom(seed, row.domain));
  const told = points.filter((point) =>
    [formula, first].every((f) => variablesIn(call).every((v) => checkGradient(f, v, point))),
  );
  return told.length >= 3; // a step of a staircase may be near
}

// ------------------------------------------------------------------------------------------- what solvers ask of it

describe("whyNotLinear", () => {
  test.each([
    "b",
    "Exp(-SqDist(x, y) * s) * b",
    "-b / Norm2(x) + 2 * b",
    "(x | y) * b - b",
    "Sum(b * x)",
    "Elem(b * x, 1) + b",
    "Concat(b, 2 * b)",
    "Step(s) * b",
  ])("has nothing against %s", (text) => {
    expect(whyNotLinear(read(text), b)).toBeUndefined();
  });

  test.each([
    ["Exp(x)", "it does not depend on it"],
    ["b + 1", "it is not 0 where that is 0"],
    ["Exp(b)", "it is not 0 where that is 0"],
    ["Square(b)", "its derivative depends on it"],
    ["b * b * b", "its derivative depends on it"],
    ["Abs(b)", "its derivative depends on it"],
    ["b * Exp(b)", "its derivative depends on it"],
    ["Sign(b)", "Sign is piecewise constant"],
    ["b * (b < 1)", "LessThan is piecewise constant"],
    ["b + Sign(b)", "Sign is piecewise constant"],
  ])("says of %s: %s", (text, reason) => {
    expect(whyNotLinear(read(text), b)).toBe(reason);
  });
});

describe("isComponentwise", () => {
  test.each(["x", "s * x", "-x / s + 2 * x", "x * y", "Exp(-SqDist(y, y)) * x"])("is true of %s", (text) => {
    expect(isComponentwise(read(text), x)).toBe(true);
  });

  test.each(["Sum(x)", "(x | y) * y", "Concat(Extract(x, 1, 2), Elem(x, 0))", "Sum(x) * x", "Concat(x, x)"])(
    "is false of %s",
    (text) => {
      expect(isComponentwise(read(text), x)).toBe(false);
    },
  );

  test("is false where one number becomes several", () => {
    expect(isComponentwise(read("b * x"), b)).toBe(false);
    expect(isComponentwise(read("b * s"), b)).toBe(true);
  });
});

describe("substitution", () => {
  test("puts a formula in the place of a variable, simplified again", () => {
    expect(substitute(read("Exp(-s * SqDist(x, y)) * b"), x, y)).toBe(b);
    expect(substitute(read("x + y"), y, ops.zero(3))).toBe(x);
  });

  test("leaves what lacks the variable as it is", () => {
    const formula = read("Exp(x)");
    expect(substitute(formula, y, x)).toBe(formula);
  });

  test("may use a position that is free", () => {
    expect(freePosition(read("x + y"), s)).toBe(3);
    expect(freePosition(ops.constant(1))).toBe(0);
  });
});
