/** Gradients of formulas against finite differences, on random graphs and on every row; linearity. */
import fc from "fast-check";
import { FormulaError } from "../../src/errors";
import { grad, isComponentwise, whyNotLinear } from "../../src/formula/autodiff";
import {
  Category,
  type Formula,
  type Operation,
  type Parameter,
  make,
  nodesOf,
  variable,
  variablesOf,
} from "../../src/formula/formula";
import * as ops from "../../src/formula/ops";
import { attempted, evaluate, expectWithin } from "../helpers/evaluate";
import type { Point, Vector } from "../helpers/evaluate";
import { sampled, sampledCount } from "../helpers/sample";
import { FITS, PAIRS, ROWS, VARIABLES, assertMostly, b, formulas, pointFrom, read, s, x, y } from "../helpers/trees";

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

/**
 * Central differences of order h⁴ at two steps; the tolerance is what they disagree by. Undefined where the function is
 * not smooth enough to tell.
 */
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
      sampledCount(800, 5),
      sampledCount(400, 5),
      ([formula, by, seed]) => checkGradient(weighted(formula), by, pointFrom(seed)),
    );
  });

  test("of gradients agree with finite differences of gradients", () => {
    assertMostly(
      sample.filter(([formula, by]) => variablesOf(formula).includes(by) && nodesOf(formula).length < 25),
      sampledCount(400, 5),
      sampledCount(200, 5),
      ([formula, by, seed]) => {
        const first = weighted(grad(weighted(formula), by, ops.constant(1)));
        return VARIABLES.every((second) => checkGradient(first, second, pointFrom(seed)));
      },
    );
  });

  test.each(ROWS.map((row, n) => [row.name, row, n] as const))(
    "of %s agree with finite differences on its domain",
    (_, row, n) => {
      const checked = sampled(callsOf(row), 2, n).flatMap((args) =>
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
