/**
 * Derivatives where they are told by a limit or by convention: at coincident points, at the ends of domains, at the
 * infinities, and in float32 from 1e-8 to 1e8. What is right is in closed form here, and none of it comes from the rows
 * that are tested.
 */
import "../helpers/quicksample";
import { Genred, array, grad, requiresGrad } from "../../src";
import type { Dtype, RealArray } from "../../src";
import { operations } from "../../src/formula/ops";
import "../../src/formula/parse";
import { BACKENDS, DTYPES } from "../helpers/numbers";
import { sampled } from "../helpers/sample";

type Backend = (typeof BACKENDS)[number];
const INF = Infinity;

/** The formula over x and y at points, one row of numbers for each. */
function atPoints(text: string, points: readonly (readonly number[])[], backend: Backend, dtype: Dtype): number[][] {
  const [x, y] = [0, 1].map((n) =>
    array(
      points.map((point) => [point[n] ?? 1]),
      { dtype },
    ),
  ) as [RealArray, RealArray];
  const one = array([[0]], { dtype });
  const result = Genred(text, ["x = Vi(1)", "y = Vi(1)", "z = Vj(1)"], { axis: 1 })(x, y, one, { backend });
  const dim = result.shape[1]!;
  return points.map((_, n) => Array.from(result.data.slice(n * dim, (n + 1) * dim)));
}

/** Several formulas in one, which is compiled once. */
const joined = (texts: readonly string[]): string => texts.reduceRight((rest, text) => `Concat(${text}, ${rest})`);

function inGroups<T>(list: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(list.length / size) }, (_, n) => list.slice(n * size, (n + 1) * size));
}

/** Where, and the derivatives by x and y there. */
type Limit = readonly [x: number, y: number, byX: number, byY: number];

const LIMITS: Readonly<Record<string, readonly Limit[]>> = {
  // 0 where the derivative is infinite or has no limit
  "Inv(x)": [[0, 1, 0, 0], [INF, 1, 0, 0], [-INF, 1, 0, 0]], // prettier-ignore
  "x / y": [[1, 0, 0, 0], [0, 0, 0, 0], [1, INF, 0, 0], [0, 2, 0.5, 0]], // prettier-ignore
  "Sqrt(x)": [[0, 1, 0, 0], [INF, 1, 0, 0]], // prettier-ignore
  "Rsqrt(x)": [[0, 1, 0, 0], [INF, 1, 0, 0]], // prettier-ignore
  "Log(x)": [[0, 1, 0, 0], [INF, 1, 0, 0]], // prettier-ignore
  "Log1p(x)": [[-1, 1, 0, 0], [INF, 1, 0, 0]], // prettier-ignore
  "XLogX(x)": [[0, 1, 0, 0], [1, 1, 1, 0]], // prettier-ignore
  "Abs(x)": [[0, 1, 0, 0], [INF, 1, 1, 0], [-INF, 1, -1, 0]], // prettier-ignore
  "Asin(x)": [[1, 1, 0, 0], [-1, 1, 0, 0], [0, 1, 1, 0]], // prettier-ignore
  "Acos(x)": [[1, 1, 0, 0], [-1, 1, 0, 0], [0, 1, -1, 0]], // prettier-ignore
  "Acosh(x)": [[1, 1, 0, 0], [INF, 1, 0, 0]], // prettier-ignore
  "Atanh(x)": [[1, 1, 0, 0], [-1, 1, 0, 0], [0, 1, 1, 0]], // prettier-ignore
  "Log2(x)": [[0, 1, 0, 0], [INF, 1, 0, 0], [1, 1, 1 / Math.LN2, 0]], // prettier-ignore
  "Log10(x)": [[0, 1, 0, 0], [INF, 1, 0, 0], [1, 1, 1 / Math.LN10, 0]], // prettier-ignore
  "Cbrt(x)": [[0, 1, 0, 0], [INF, 1, 0, 0], [-INF, 1, 0, 0]], // prettier-ignore
  "BesselK(x, 0)": [[0, 1, 0, 0], [INF, 1, 0, 0]], // prettier-ignore
  "BesselK(x, 1.5)": [[0, 1, 0, 0], [INF, 1, 0, 0]], // prettier-ignore
  "SinXDivX(x)": [[0, 1, 0, 0]],
  "Pow(x, -2)": [[0, 1, 0, 0], [INF, 1, 0, 0]], // prettier-ignore
  "Pow(x, 3)": [[0, 1, 0, 0]],
  "Powf(x, y)": [
    [0, 0.5, 0, 0],
    [0, 1.5, 0, 0], // x^y log(x) goes to 0 with x
    [0, 1, 1, 0],
    [0, 0, 0, 0],
    [0, -1, 0, 0],
    [INF, -1, 0, 0],
    [0.5, INF, 0, 0],
    [2, -INF, 0, 0],
    [4, 0.5, 0.25, 2 * Math.log(4)],
  ],
  "Powf(x, 0.75)": [[0, 1, 0, 0]],
  "Powf(x, 1.5)": [[0, 1, 0, 0], [4, 1, 3, 0]], // prettier-ignore
  "Atan2(x, y)": [
    [0, 0, 0, 0],
    [INF, 1, 0, 0],
    [1, -INF, 0, 0],
    [INF, INF, 0, 0],
    [3, 4, 4 / 25, -3 / 25],
  ],
  "LogAddExp(x, y)": [
    [-INF, -INF, 0, 0],
    [INF, INF, 0, 0],
    [0, -INF, 1, 0],
    [INF, 0, 1, 0],
    [1e8, 1e8, 0.5, 0.5],
  ],
  "ExpShare(x, y)": [[-INF, -INF, 0, 0], [0, INF, 0, 0]], // prettier-ignore
  // where functions level out
  "Exp(x)": [[-INF, 1, 0, 0], [0, 1, 1, 0]], // prettier-ignore
  "Exp2(x)": [[-INF, 1, 0, 0], [0, 1, Math.LN2, 0]], // prettier-ignore
  "Expm1(x)": [[-INF, 1, 0, 0], [0, 1, 1, 0]], // prettier-ignore
  "Atan(x)": [[INF, 1, 0, 0], [-INF, 1, 0, 0]], // prettier-ignore
  "Tanh(x)": [[INF, 1, 0, 0], [-INF, 1, 0, 0]], // prettier-ignore
  "Sigmoid(x)": [[INF, 1, 0, 0], [-INF, 1, 0, 0], [0, 1, 0.25, 0]], // prettier-ignore
  "Softplus(x)": [[INF, 1, 1, 0], [-INF, 1, 0, 0]], // prettier-ignore
  "Erf(x)": [[INF, 1, 0, 0], [-INF, 1, 0, 0]], // prettier-ignore
  "Erfc(x)": [[INF, 1, 0, 0], [-INF, 1, 0, 0], [0, 1, -2 / Math.sqrt(Math.PI), 0]], // prettier-ignore
  "Asinh(x)": [[INF, 1, 0, 0], [-INF, 1, 0, 0], [0, 1, 1, 0]], // prettier-ignore
  // 0 at the poles 0, -1, -2, …
  "LGamma(x)": [
    [1, 1, -0.5772156649015329, 0],
    [2, 1, 0.42278433509846713, 0],
    ...[0, -1, -2, -30, -INF].map((x): Limit => [x, 1, 0, 0]),
  ],
  "Digamma(x)": [
    [INF, 1, 0, 0],
    [1, 1, Math.PI ** 2 / 6, 0],
    ...[0, -1, -2, -30, -INF].map((x): Limit => [x, 1, 0, 0]),
  ],
  "Polygamma(x, 2)": [
    [INF, 1, 0, 0],
    [1, 1, Math.PI ** 4 / 15, 0],
    ...[0, -1, -2, -30, -INF].map((x): Limit => [x, 1, 0, 0]),
  ],
  // one side of a kink
  "ReLU(x)": [[0, 1, 1, 0], [-INF, 1, 0, 0], [INF, 1, 1, 0]], // prettier-ignore
  "Minimum(x, y)": [[2, 2, 1, 0], [-INF, INF, 1, 0], [INF, 1, 0, 1]], // prettier-ignore
  "Maximum(x, y)": [[2, 2, 1, 0], [-INF, INF, 0, 1], [INF, 1, 1, 0]], // prettier-ignore
  "Clamp(x, 0, y)": [[0, 2, 1, 0], [INF, 2, 0, 1], [-INF, 2, 0, 0]], // prettier-ignore
  "IfElse(x, Inv(x), y)": [[0, 1, 0, 0], [-1, 1, 0, 1], [2, 1, -0.25, 0]], // prettier-ignore
  "IfElse(x, 3 * y, 2 * y)": [[NaN, 1, 0, 2], [0, 1, 0, 3], [-INF, 1, 0, 2]], // prettier-ignore
  "Mod(x, y, 0)": [[2.5, 1, 1, -2], [49, 49, 1, -1], [41, 41, 1, -1]], // prettier-ignore
  "Sign(x) + Step(x) + Floor(x) + Ceil(x) + Round(x, 2)": [[0, 1, 0, 0], [INF, 1, 0, 0]], // prettier-ignore
  // the double `where`: what is not chosen does not matter
  "IfElse(-x, y, Log(x))": [[0, 3, 0, 1]],
  // helpers of the rows above
  "InvOr0(x)": [[0, 1, 0, 0], [2, 1, -0.25, 0]], // prettier-ignore
  "MultOr0(x, y)": [[2, 3, 3, 2]],
  "PowfOr0(x, y)": [[0, -1, 0, 0], [2, 2, 4, 4 * Math.LN2]], // prettier-ignore
  "OverSquares(x, y)": [[0, 0, 0, 0], [INF, 1, 0, 0], [0, 2, 0.25, 0]], // prettier-ignore
};

/**
 * Rows whose derivative is a polynomial, a comparison, or a function that is smooth on all numbers and keeps growing.
 */
const WITHOUT_LIMITS =
  "Add Subtract Minus Mult Square LessThan LessOrEqual Equal NotEqual Sin Cos Tan Sinh Cosh RoundTo".split(" ");

describe.each(BACKENDS)("on %s", (backend) => {
  test.each(DTYPES)("derivatives are those of limits, or 0, in %s", (dtype) => {
    for (const group of inGroups(Object.entries(LIMITS), 8)) {
      const points = group.flatMap(([, limits]) => limits);
      const text = joined(group.flatMap(([text]) => [`Grad(${text}, x, 1)`, `Grad(${text}, y, 1)`]));
      const found = atPoints(text, points, backend, dtype);
      const wrong = group.flatMap(([text, limits], g) =>
        limits.flatMap((limit) => {
          const [x, y, ...expected] = limit;
          const got = found[points.indexOf(limit)]!.slice(2 * g, 2 * g + 2);
          const isClose = expected.every((value, k) => Math.abs(got[k]! - value) <= 1e-6 * Math.abs(value));
          return isClose ? [] : [{ text, x, y, got, expected }];
        }),
      );
      expect(wrong).toEqual([]);
    }
  });
});

test("every row has its limits told", () => {
  const told = new Set(Object.keys(LIMITS).flatMap((text) => text.match(/\b[A-Z]\w*/g) ?? []));
  const rows = [...operations.values()].filter(({ shape }) => shape.kind === "elementwise").map(({ name }) => name);
  expect(rows.filter((name) => !told.has(name) && !WITHOUT_LIMITS.includes(name) && name !== "Divide")).toEqual([]);
});

// ------------------------------------------------------------------------------------------------ coincident points

/** f(s) of the squared distance s: f'(1), by which alone points at the distances 0 and 1 have gradients. */
const OF_DISTANCE: readonly (readonly [text: string, slopeAt1: number])[] = [
  ["XLogX(SqDist(x, y))", 1],
  ["Powf(SqDist(x, y), p)", 0.5],
  ["Powf(SqDist(x, y), 2.5 * p)", 1.25],
  ["Sqrt(SqDist(x, y))", 0.5],
  ["Norm2(x - y)", 0.5],
  ["Rsqrt(SqDist(x, y))", -0.5],
  ["Inv(SqDist(x, y))", -1],
  ["1 / SqDist(x, y)", -1],
  ["Pow(SqDist(x, y), -2)", -2],
  ["Log(SqDist(x, y))", 1],
  ["Exp(-Norm2(x - y))", -0.5 * Math.exp(-1)],
  ["IfElse(SqDist(x, y) - 0.5, Log(SqDist(x, y)), 0)", 1],
  ["Sum(ComplexAbs(x - y))", 0.5],
  ["ComplexReal(ComplexLog(x - y))", 0.5],
];

describe.each(BACKENDS)("at coincident points, on %s", (backend) => {
  test.each(backend === "cpu" ? sampled(OF_DISTANCE, 5, 0) : OF_DISTANCE)(
    "%s has gradients of the other points alone",
    (text, slope) => {
      for (const dtype of DTYPES) {
        const x = requiresGrad(array([[0, 0], [1, 0]], { dtype })); // prettier-ignore
        const K = Genred(text, ["x = Vi(2)", "y = Vj(2)", "p = Pm(1)"], { axis: 1 });
        const [g] = grad(K(x, x, 0.5, { backend }), [x], array([[1], [1]], { dtype }), { createGraph: true });
        [-4 * slope, 0, 4 * slope, 0].forEach((value, k) => expect(g.data[k]).toBeCloseTo(value, 6));
        const [second] = grad(g, [x], array([[1, 1], [1, 1]], { dtype })); // prettier-ignore
        expect(Array.from(second.data).every(Number.isFinite)).toBe(true);
      }
    },
  );

  test("x^p by p where x is 0, and the angle at the origin", () => {
    const p = requiresGrad(array([1.5], { dtype: "float64" }));
    const x = array([[0, 0], [2, 0]], { dtype: "float64" }); // prettier-ignore
    const K = Genred("Powf(SqDist(x, y), p)", ["x = Vi(2)", "y = Vj(2)", "p = Pm(1)"], { axis: 1 });
    const [byP] = grad(K(x, x, p, { backend }), [p], array([[1], [1]], { dtype: "float64" }));
    expect(byP.data[0]).toBeCloseTo(2 * 8 * Math.log(4), 10); // 4^1.5 log(4), twice
    const z = requiresGrad(array([[0, 0], [0, 2]], { dtype: "float64" })); // prettier-ignore
    const angle = Genred("ComplexAngle(z) + u", ["z = Vi(2)", "u = Vj(1)"], { axis: 1 });
    const one = array([[0]], { dtype: "float64" });
    const [byZ] = grad(angle(z, one, { backend }), [z], array([[1], [1]], { dtype: "float64" }));
    expect(Array.from(byZ.data, (value) => value + 0)).toEqual([0, 0, -0.5, 0]);
  });
});

// ------------------------------------------------------------------------------------------------------- magnitudes

const SIZES = [1e-8, 1e-5, 1e-3, 0.25, 3, 1e3, 1e5, 1e8].map(Math.fround);
const BOTH = [...SIZES, ...SIZES.map((x) => -x)];
const small = (x: number): boolean => Math.abs(x) < 80;

/** The second derivative of sin(x) / x, by its series near 0. */
const bendOfSinc = (x: number): number =>
  Math.abs(x) < 0.3
    ? -1 / 3 + x ** 2 / 10 - x ** 4 / 168 + x ** 6 / 6480
    : (-Math.sin(x) - (2 * Math.cos(x)) / x + (2 * Math.sin(x)) / x ** 2) / x;

const DERIVATIVES: readonly (readonly [
  text: string,
  slope: (x: number) => number,
  at: readonly number[],
  ulp?: number,
])[] = [
  ["Inv(x)", (x) => -1 / x ** 2, BOTH],
  ["2 / x", (x) => -2 / x ** 2, BOTH],
  ["Sqrt(x)", (x) => 0.5 / Math.sqrt(x), SIZES],
  ["Rsqrt(x)", (x) => -0.5 / (x * Math.sqrt(x)), SIZES],
  ["Log(x)", (x) => 1 / x, SIZES],
  ["XLogX(x)", (x) => Math.log(x) + 1, SIZES],
  ["Powf(x, 1.25)", (x) => 1.25 * x ** 0.25, SIZES],
  ["Powf(x, -0.75)", (x) => -0.75 * x ** -1.75, SIZES],
  ["Powf(2, x)", (x) => Math.LN2 * 2 ** x, BOTH.filter(small)],
  ["Exp(x)", Math.exp, BOTH.filter(small)],
  ["Expm1(x)", Math.exp, BOTH.filter(small)],
  ["Log1p(x)", (x) => 1 / (1 + x), SIZES],
  ["Sigmoid(x)", (x) => 0.25 / Math.cosh(x / 2) ** 2, BOTH.filter(small)],
  ["Softplus(x)", (x) => 1 / (1 + Math.exp(-x)), BOTH.filter((x) => x > -80)],
  ["Atan(x)", (x) => 1 / (1 + x * x), BOTH],
  ["Atan2(x, 2)", (x) => 2 / (4 + x * x), BOTH],
  ["Asin(x)", (x) => 1 / Math.sqrt((1 - x) * (1 + x)), [1e-8, 0.5, 0.999, 1 - 2 ** -24, -1 + 2 ** -24]],
  ["Acos(x)", (x) => -1 / Math.sqrt((1 - x) * (1 + x)), [1e-8, 0.5, 0.999, 1 - 2 ** -24, -1 + 2 ** -24]],
  ["Erf(x)", (x) => (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x), BOTH.filter((x) => Math.abs(x) < 5)],
  ["Grad(SinXDivX(x), x, 1)", bendOfSinc, BOTH.filter((x) => Math.abs(x) < 4 || Math.abs(x) > 1e4), 200],
];

test.each(BACKENDS)("in float32 derivatives keep their digits from 1e-8 to 1e8, on %s", (backend) => {
  for (const group of inGroups(DERIVATIVES, 8)) {
    const points = group.flatMap(([, , at]) => at.map((x) => [Math.fround(x)]));
    const found = atPoints(joined(group.map(([text]) => `Grad(${text}, x, 1)`)), points, backend, "float32");
    const wrong = group.flatMap(([text, slope, at, ulp = 40], g) =>
      at.map(Math.fround).flatMap((x) => {
        const [got, expected] = [found[points.findIndex(([point]) => point === x)]![g]!, slope(x)];
        return Math.abs(got - expected) <= ulp * 2 ** -24 * Math.abs(expected) ? [] : [[text, x, got, expected]];
      }),
    );
    expect(wrong).toEqual([]);
  }
});
