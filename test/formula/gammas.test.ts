/**
 * Functions that JavaScript lacks, against values of mpmath: inverse hyperbolic functions, logarithms, roots, error and
 * gamma functions, Bessel functions, on every engine.
 */
import "../helpers/quickcompiler";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Genred, Vi, array, grad, nd, requiresGrad } from "../../src/index";
import type { Dtype } from "../../src/index";
import { FormulaError } from "../../src/errors";
import { BACKENDS, DTYPES, list } from "../helpers/numbers";

interface Case {
  readonly formula: string;
  readonly x: readonly number[];
  readonly expected: readonly number[];
}

const recorded = JSON.parse(readFileSync(join(__dirname, "../data/special.json"), "utf8")) as { cases: Case[] };
const isDerivative = ({ formula }: Case): boolean => formula.startsWith("Grad");
const cases = recorded.cases.filter((of) => !isDerivative(of));

/** Distances from 1 to the next number that values may be off by: 4 units, and what orders and roots take beside. */
const UNITS: Readonly<Record<string, number>> = { Digamma: 8, Polygamma: 10, BesselK: 16 };
const UNIT: Readonly<Record<Dtype, number>> = { float32: 2 ** -23, float64: 2 ** -52 };

/** Near a root, and below 0, where two terms are subtracted, errors are those of the terms. */
function termsOf({ formula }: Case, x: number): number {
  const order = Number(/, (\d+)/.exec(formula)?.[1] ?? 0);
  if (/^(Digamma|Polygamma\(x, 0)/.test(formula)) return x < 0 ? 4 : 1;
  return x < 0 && /amma/.test(formula) ? 4 * Math.PI ** (order + 1) * (order + 2) : 0;
}

/** What takes the compiler longest is compiled for one order. */
const isCompiled = ({ formula }: Case): boolean =>
  !/^(BesselK|Polygamma)/.test(formula) || /(0\.3|, 2)\)/.test(formula);

describe.each(BACKENDS)("on %s", (backend) => {
  const tested = cases.filter((of) => backend !== "cpu" || isCompiled(of));

  test.each(DTYPES)("functions are those of mpmath within a few units, in %s", (dtype) => {
    // As one formula, so that one routine computes them all.
    const count = Math.max(...tested.map(({ x }) => x.length));
    const at = (of: Case, n: number): number => of.x[n % of.x.length]!;
    const text = tested.map(({ formula }, k) => formula.replace("x", `Elem(v, ${k})`));
    const joined = text.reduceRight((rest, part) => `Concat(${part}, ${rest})`);
    const rows = Array.from({ length: count }, (_, n) => tested.map((of) => at(of, n)));
    const K = Genred(joined, [`v = Vi(${tested.length})`, "y = Vj(1)"], { axis: 1 });
    const got = list(K(array(rows, { dtype }), array([[0]], { dtype }), { backend }));
    const wrong = tested.flatMap((of, k) =>
      of.x.flatMap((x, n) => {
        const [value, expected] = [got[n * tested.length + k]!, of.expected[n]!];
        const isTiny = dtype === "float32" && Math.abs(expected) < 2 ** -120;
        const isLarge = dtype === "float32" && Math.abs(expected) > 2 ** 120;
        const units = UNITS[of.formula.split("(")[0]!] ?? 5;
        const allowed = units * UNIT[dtype] * (Math.abs(expected) + termsOf(of, x));
        const isClose = Math.abs(value - expected) <= allowed;
        return isClose || isTiny || isLarge ? [] : [[of.formula, x, value, expected, (value - expected) / allowed]];
      }),
    );
    expect(wrong).toEqual([]);
  });
});

const derivatives = recorded.cases.filter(isDerivative).map((of) => [of.formula, of] as const);

describe.each(BACKENDS)("beside the poles of gamma functions, on %s", (backend) => {
  test.each(derivatives)("%s is that of mpmath", (formula, { x, expected }) => {
    const K = Genred(formula, ["x = Vi(1)", "y = Vj(1)"], { axis: 1 });
    for (const dtype of DTYPES) {
      const points = array(
        x.map((value) => [value]),
        { dtype },
      );
      const got = list(K(points, array([[0]], { dtype }), { backend }));
      const wrong = expected.flatMap((value, n) =>
        Math.abs(got[n]! - value) <= 5 * UNIT[dtype] * Math.abs(value) ? [] : [[dtype, x[n], got[n], value]],
      );
      expect(wrong).toEqual([]);
    }
  });
});

test("derivatives are those of finite differences, to second order", () => {
  const x = requiresGrad(array([[0.7], [1.4], [2.3], [5.1]], { dtype: "float64" }));
  const ones = nd.ones([4, 1], { dtype: "float64" });
  const functions = {
    lgamma: Vi(x).lgamma(),
    digamma: Vi(x).digamma(),
    polygamma: Vi(x).polygamma(2),
    besselK: Vi(x).besselK(0.7),
    besselK1: Vi(x).besselK(1),
    asinh: Vi(x).asinh(),
    acosh: Vi(x).add(1).acosh(),
    erfc: Vi(x).erfc(),
    cbrt: Vi(x).cbrt(),
  };
  for (const [name, f] of Object.entries(functions)) {
    const value = f.sum({ axis: 1 });
    const [first] = grad(value, [x], ones, { createGraph: true });
    const [second] = grad(first, [x], ones);
    const step = 1e-4;
    const moved = (by: number): number[] =>
      list(Genred(f.formula.replace(/x0/g, "x"), ["x = Vi(1)"], { axis: 1 })(nd.add(x, by)));
    const [plus, minus, here] = [moved(step), moved(-step), moved(0)];
    list(first).forEach((slope, n) =>
      expect({ name, slope }).toEqual({ name, slope: expect.closeTo((plus[n]! - minus[n]!) / (2 * step), 5) }),
    );
    list(second).forEach((curve, n) =>
      expect({ name, curve }).toEqual({
        name,
        curve: expect.closeTo((plus[n]! + minus[n]! - 2 * here[n]!) / step ** 2, 4),
      }),
    );
  }
});

test("vectors have norms of any order, cross products and variances", () => {
  const [u, v] = [array([[3, -4, 12]], { dtype: "float64" }), array([[1, 2, -1]], { dtype: "float64" })];
  const of = (text: string): number[] => list(Genred(text, ["u = Vi(3)", "v = Vi(3)"], { axis: 1 })(u, v));
  expect(of("PNorm(u, 1)")).toEqual([19]);
  expect(of("PNorm(u, 2)")).toEqual([13]);
  expect(of("PNorm(u, 3)")[0]).toBeCloseTo((27 + 64 + 1728) ** (1 / 3), 12);
  expect(of("PNorm(u, 0.5)")[0]).toBeCloseTo((Math.sqrt(3) + 2 + Math.sqrt(12)) ** 2, 12);
  expect(of("Cross(u, v)")).toEqual([-20, 15, 10]);
  expect(of("Cross(u, u)")).toEqual([0, 0, 0]);
  const mean = 11 / 3;
  const squares = (3 - mean) ** 2 + (4 + mean) ** 2 + (12 - mean) ** 2;
  expect(of("Concat(Variance(u), Variance(u, 1))")).toEqual([
    expect.closeTo(squares / 3, 12),
    expect.closeTo(squares / 2, 12),
  ]);
  expect(list(Vi(u).pnorm(1).sum({ axis: 1 }))).toEqual([19]);
  expect(list(Vi(u).cross(Vi(v)).variance().sum({ axis: 1 }))[0]).toBeCloseTo(238.8888888888889, 10);
});

test("at 0 and at poles values are those of SciPy, and derivatives 0 where they are infinite", () => {
  const x = requiresGrad(array([[0], [1], [-2]], { dtype: "float64" }));
  const ones = nd.ones([3, 1], { dtype: "float64" });
  expect(list(nd.besselK(x, 0.5))).toEqual([Infinity, expect.closeTo(Math.sqrt(Math.PI / 2) / Math.E, 14), NaN]);
  expect(list(nd.lgamma(x))).toEqual([Infinity, 0, Infinity]);
  expect(list(nd.digamma(x))).toEqual([-Infinity, expect.closeTo(-0.5772156649015329, 15), NaN]);
  expect(list(grad(nd.besselK(x, 2), [x], ones)[0])[0]).toBe(0);
  expect(list(grad(nd.cbrt(x), [x], ones)[0])[0]).toBe(0);
  for (const f of [nd.lgamma, nd.digamma]) {
    const [first] = grad(f(x), [x], ones, { createGraph: true });
    const [second] = grad(first, [x], ones);
    for (const slope of [list(first), list(second)]) expect([slope[0], slope[2]]).toEqual([0, 0]);
  }
});

test.each<[string, () => unknown, RegExp]>([
  [
    "an order that is a formula",
    () => Genred("BesselK(x, x)", ["x = Vi(1)"]),
    /expected a number order, got a formula/,
  ],
  ["an order beyond 100", () => Vi(array([[1]])).besselK(101), /expected an order from -100 to 100, got 101/],
  ["a broken polygamma", () => Genred("Polygamma(x, 0.5)", ["x = Vi(1)"]), /expected an integer n, got 0.5/],
  ["a negative polygamma", () => Vi(array([[1]])).polygamma(-1), /expected an integer n from 0 to 100, got -1/],
  ["a norm of order 0", () => Vi(array([[1, 2]])).pnorm(0), /expected a number p above 0, got 0/],
  ["a cross product in the plane", () => Vi(array([[1, 2]])).cross([1, 2]), /expected dims 3, got 2 and 2/],
  ["a variance of too few", () => Vi(array([[1, 2]])).variance(2), /expected ddof from 0 to 1, got 2/],
])("%s is refused", (_, call, message) => {
  expect(call).toThrow(FormulaError);
  expect(call).toThrow(message);
});
