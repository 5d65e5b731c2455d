/**
 * Complex numbers and operations that run through a vector, where the reference data say nothing: identities, gradients
 * against differences, derivatives on the axes, ties, large dims, precision of float32, and what is refused.
 */
import "../helpers/quicksample";
import ndarray from "ndarray";
import type { BackendName } from "../../src/device/devices";
import { FormulaError } from "../../src/errors";
import { grad } from "../../src/formula/autodiff";
import { Category, type Formula, nodesOf, variable } from "../../src/formula/formula";
import * as ops from "../../src/formula/ops";
import { parse } from "../../src/formula/parse";
import { Genred } from "../../src/index";
import { evaluate, uniform } from "../helpers/evaluate";
import type { Vector } from "../helpers/evaluate";

const ALIASES = ["x = Vi(6)", "y = Vi(6)", "z = Vi(2)", "s = Vi(1)", "k = Vi(7)", "odd = Vi(3)"];
const VARIABLES = [6, 6, 2, 1, 7, 3].map((dim, position) => variable(position, dim, Category.I));
const [x, y, z, s, k, odd] = VARIABLES as [Formula, Formula, Formula, Formula, Formula, Formula];
const read = (text: string): Formula => parse([text], ALIASES).formulas[0]!;

type Values = ReadonlyMap<Formula, Vector>;

/** Numbers from -1 to 1, with s inside the sorted knots k. */
function pointFrom(seed: number): Values {
  const next = uniform(seed);
  const point = new Map(VARIABLES.map((v) => [v, Array.from({ length: v.dim }, () => 2 * next() - 1)]));
  return point.set(k, [-2, -1.3, -0.7, 0.1, 0.8, 1.4, 2]);
}

function expectClose(got: Vector, expected: Vector, tolerance: number): void {
  expect(got).toHaveLength(expected.length);
  got.forEach((value, n) => {
    expect(Math.abs(value - expected[n]!)).toBeLessThanOrEqual(tolerance * Math.max(1, Math.abs(expected[n]!)));
  });
}

const SEEDS = [1, 2, 3, 4, 5];

describe("identities", () => {
  test.each([
    ["ComplexDivide(ComplexMult(x, y), y)", "x"],
    ["ComplexDivide(ComplexMult(x, z), z)", "x"],
    ["ComplexMult(x, ComplexReciprocal(x))", "ComplexSumT(Real2Complex(1), 6)"],
    ["ComplexMult(ComplexSqrt(x), ComplexSqrt(x))", "x"],
    ["ComplexExp(ComplexLog(x))", "x"],
    ["ComplexLog(ComplexExp(x))", "x"],
    ["ComplexPow(x, 3)", "ComplexMult(ComplexMult(x, x), x)"],
    ["ComplexPow(x, -2)", "ComplexReciprocal(ComplexMult(x, x))"],
    ["ComplexPow(x, 0)", "ComplexSumT(Real2Complex(1), 6)"],
    ["ComplexPow(x, 0.5)", "ComplexSqrt(x)"],
    ["ComplexPow(x, s)", "ComplexExp(s * ComplexLog(x))"],
    ["ComplexPow(x, z)", "ComplexExp(ComplexMult(z, ComplexLog(x)))"],
    ["ComplexMult(x, Conj(x))", "Real2Complex(ComplexSquareAbs(x))"],
    ["ComplexRealScal(ComplexAbs(z), ComplexExp1j(ComplexAngle(z)))", "z"],
    ["Real2Complex(ComplexReal(x)) + Imag2Complex(ComplexImag(x))", "x"],
    ["ComplexSubtract(ComplexAdd(x, z), z)", "x"],
    ["ComplexScal(z, x)", "ComplexMult(x, z)"],
    ["Norm2(Normalize(x))", "1"],
    ["Min(x)", "-Max(-x)"],
    ["ArgMin(odd)", "ArgMax(-odd)"],
    ["OneHot(ArgMax(k), 7)", "OneHot(6, 7)"],
    ["OneHot(ArgMax(x), 6) | x", "Max(x)"],
    ["Reverse(Reverse(x))", "x"],
    ["Elem(Reverse(x), 0)", "Elem(x, 5)"],
    ["LogAddExp(x, y)", "Log(Exp(x) + Exp(y))"],
    ["ExpShare(x, y) + ExpShare(y, x)", "SumT(1, 6)"],
    ["Sum(BSpline(k, 0.3 * s, 1))", "1"],
    ["SoftDTW_SqDist(s, x, 0.5)", "Sum(Square(x - s))"],
  ])("%s = %s", (left, right) => {
    for (const point of SEEDS.map(pointFrom))
      expectClose(evaluate(read(left), point), evaluate(read(right), point), 1e-12);
  });

  test("a complex number that is put together again is no new formula", () => {
    expect(ops.complex(ops.complexReal(x), ops.complexImag(x))).toBe(x);
    expect(ops.complexReal(ops.complex(y, x))).toBe(y);
  });
});

describe("gradients", () => {
  /** Derivative of e | f by component n of v, by central differences. */
  function difference(f: Formula, e: Formula, v: Formula, n: number, point: Values): number {
    const step = 1e-6;
    const moved = (by: number): number => {
      const changed = point.get(v)!.map((value, m) => (m === n ? value + by : value));
      return evaluate(ops.scalprod(e, f), new Map(point).set(v, changed))[0]!;
    };
    return (moved(step) - moved(-step)) / (2 * step);
  }

  function expectDifferences(f: Formula, by: Formula, point: Values): void {
    const e = ops.extract(ops.concat(ops.concat(x, y), k), 1, f.dim);
    const held = variable(90, f.dim, Category.I);
    const full = new Map(point).set(held, evaluate(e, point));
    const expected = Array.from({ length: by.dim }, (_, n) => difference(f, held, by, n, full));
    expectClose(evaluate(grad(f, by, held), full), expected, 2e-7);
  }

  test.each<[string, Formula]>([
    ["ComplexMult(x, z)", z],
    ["ComplexDivide(z, x)", x],
    ["ComplexReciprocal(x)", x],
    ["ComplexSqrt(x)", x],
    ["ComplexLog(x)", x],
    ["ComplexExp(x)", x],
    ["ComplexPow(x, 3)", x],
    ["ComplexPow(x, s)", s],
    ["ComplexPow(x, z)", z],
    ["ComplexAngle(x)", x],
    ["Max(x * y)", x],
    ["Min(odd)", odd],
    ["BSpline(k, s, 2)", s],
    ["BSpline(k, s, 2)", k],
    ["BSpline(k, s, 3)", s],
    ["SoftDTW_SqDist(x, odd, 0.3)", odd],
    ["SoftDTW_SqDist(x, y, Exp(s))", s],
    ["LogAddExp(x, y)", y],
  ])("of %s by %s, and the gradient of the gradient, are differences", (text, by) => {
    const f = read(text);
    const ones = ops.sumT(ops.constant(1), f.dim);
    for (const point of [1, 2].map(pointFrom)) {
      expectDifferences(f, by, point);
      expectDifferences(grad(f, by, ones), by, point);
    }
  });

  test("of a complex square root are exact on the axes", () => {
    const derivatives = (re: number, im: number): Vector => {
      const point = new Map<Formula, Vector>([[z, [re, im]]]);
      return [0, 1].flatMap((n) => evaluate(grad(read("ComplexSqrt(z)"), z, ops.extractT(1, n, 2)), point));
    };
    expectClose(derivatives(4, 0), [0.25, 0, 0, 0.25], 1e-15);
    expectClose(derivatives(-4, 0), [0, 0.25, -0.25, 0], 1e-15);
    expectClose(derivatives(0, 2), [0.25, 0.25, -0.25, 0.25], 1e-15);
    expect(derivatives(0, 0).every(Number.isFinite)).toBe(true);
  });

  test("of Max, Min go to the first of equal components, those of Normalize and ComplexAbs are 0 at 0", () => {
    const at = (text: string, by: Formula, values: Vector): Vector =>
      evaluate(grad(read(text), by, ops.sumT(ops.constant(1), read(text).dim)), new Map([[by, values]]));
    expect(at("Max(x)", x, [1, 3, 2, 3, 3, 0])).toEqual([0, 1, 0, 0, 0, 0]);
    expect(at("Min(x)", x, [5, 3, 2, 3, 2, 2])).toEqual([0, 0, 1, 0, 0, 0]);
    expect(at("Normalize(odd)", odd, [0, 0, 0])).toEqual([0, 0, 0]);
    expect(at("ComplexAbs(z)", z, [0, 0])).toEqual([0, 0]);
  });
});

describe("vectors of any dim", () => {
  test.each([1, 2, 3, 5, 8, 13, 16, 17, 33, 100])("have their largest component found, of dim %i", (dim) => {
    const v = variable(0, dim, Category.I);
    for (let place = 0; place < dim; place++) {
      const values = Array.from({ length: dim }, (_, n) => (n < place ? -n : n === place ? 7 : 7 - (n % 2)));
      const point = new Map([[v, values]]);
      expect(evaluate(ops.argMax(v), point)).toEqual([place]);
      expect(evaluate(ops.max(v), point)).toEqual([7]);
      expect(evaluate(ops.oneHot(ops.argMax(v), dim), point).indexOf(1)).toBe(place);
    }
  });

  test("give formulas that grow with the logarithm of the dim, or with the lengths of the sequences", () => {
    const [wide, long] = [variable(0, 1000, Category.I), variable(0, 40, Category.I)];
    expect(nodesOf(ops.argMax(wide)).length).toBeLessThan(200);
    expect(nodesOf(ops.oneHot(1, 1000)).length).toBeLessThan(60);
    expect(nodesOf(ops.softDtwSqDist(long, long, 1)).length).toBeLessThan(40 * 40);
  });

  test("OneHot is 1 at the nearest component, halves up, and 0 where there is none", () => {
    const at = (value: number): Vector => evaluate(read("OneHot(s, 3)"), new Map([[s, [value]]]));
    expect(at(1)).toEqual([0, 1, 0]);
    expect(at(0.5)).toEqual([0, 1, 0]);
    expect(at(-0.5)).toEqual([1, 0, 0]);
    for (const outside of [-1, -0.51, 2.5, 3, 1e20, -Infinity, Infinity, NaN]) expect(at(outside)).toEqual([0, 0, 0]);
  });
});

describe("B-splines", () => {
  const splines = (order: number, at: number, knots: Vector): Vector =>
    evaluate(
      ops.bSpline(k, s, order),
      new Map([
        [k, knots],
        [s, [at]],
      ]),
    );

  test("are 0 where knots coincide, and half-open", () => {
    expect(splines(0, 1, [0, 1, 1, 1, 2, 3, 4])).toEqual([0, 0, 0, 1, 0, 0]);
    expect(splines(0, 4, [0, 1, 1, 1, 2, 3, 4])).toEqual([0, 0, 0, 0, 0, 0]);
    expectClose(splines(3, 0.5, [0, 0, 0, 0, 1, 1, 1]), [0.125, 0.375, 0.375], 1e-15);
  });

  test("have the derivative of Cox and de Boor at coinciding knots", () => {
    const point = new Map([
      [k, [0, 0, 0, 0, 1, 1, 1]],
      [s, [0.5]],
    ]);
    const slopes = [0, 1, 2].map((n) => evaluate(grad(ops.bSpline(k, s, 3), s, ops.extractT(1, n, 3)), point)[0]!);
    expectClose(slopes, [-0.75, -0.75, 0.75], 1e-14);
  });
});

describe.each<BackendName>(["reference", "cpu", "tiles"])("on the engine %s in float32", (backend) => {
  const column = (values: Vector): ndarray.NdArray<Float32Array> =>
    ndarray(Float32Array.from(values), [1, values.length]);

  /** Soft-DTW by the table, in float64. */
  function softDtw(a: Vector, b: Vector, gamma: number): number {
    const table = new Map<string, number>();
    const at = (i: number, j: number): number => table.get(`${i},${j}`) ?? (i + j === -2 ? 0 : Infinity);
    for (let i = 0; i < a.length; i++)
      for (let j = 0; j < b.length; j++) {
        const ways = [at(i - 1, j), at(i, j - 1), at(i - 1, j - 1)];
        const least = Math.min(...ways);
        const sum = ways.reduce((total, way) => total + Math.exp((least - way) / gamma), 0);
        table.set(`${i},${j}`, (a[i]! - b[j]!) ** 2 + least - gamma * Math.log(sum));
      }
    return at(a.length - 1, b.length - 1);
  }

  test.each([1e-3, 0.1, 10])(
    "soft-DTW keeps its precision with smoothing %d, where exponentials under- and overflow",
    (gamma) => {
      const [a, b] = [
        [10, -3, 4.5, 8],
        [9, -20, 30],
      ];
      const run = Genred("SoftDTW_SqDist(a, b, g)", ["a = Vi(4)", "b = Vj(3)", "g = Pm(1)"], { axis: 1 });
      const got = run(column(a), column(b), ndarray(Float32Array.of(gamma), [1]), { backend });
      const expected = softDtw(a, b, Math.fround(gamma));
      expect(Math.abs(Number(got.data[0]) - expected)).toBeLessThan(1e-6 * Math.abs(expected));
    },
  );

  test("the largest of many components, and complex numbers in wide vectors, are found", () => {
    const values = Array.from({ length: 50 }, (_, n) => Math.sin(7 * n));
    const best = values.indexOf(Math.max(...values));
    const run = Genred("ArgMax(a) + 0 * b", ["a = Vi(50)", "b = Vj(1)"], { axis: 1 });
    expect(run(column(values), column([1]), { backend }).data[0]).toBe(best);
    const squared = Genred("ComplexMult(a, Conj(a)) + 0 * b", ["a = Vi(50)", "b = Vj(1)"], { axis: 1 });
    const expected = values.map((re, n) => (n % 2 === 0 ? re ** 2 + values[n + 1]! ** 2 : 0));
    expectClose(Array.from(squared(column(values), column([1]), { backend }).data), expected, 3e-7);
  });
});

describe("misuse", () => {
  test.each([
    ["ComplexReal(odd)", "complex numbers, that is an even dim, got 3"],
    ["ComplexMult(x, odd)", "complex numbers, that is an even dim, got 3"],
    ["ComplexAdd(x, ComplexSumT(z, 4))", "equal dims, or 2, got 6 and 4"],
    ["ComplexRealScal(x, y)", "one of dim 1, got dims 6 and 6"],
    ["ComplexRealScal(s, odd)", "complex numbers, that is an even dim, got 3"],
    ["ComplexSumT(x, 12)", "x of dim 2, got dim 6"],
    ["ComplexSumT(z, 5)", "an even dim of at least 2, got 5"],
    ["ComplexPow(odd, 2)", "complex numbers, that is an even dim, got 3"],
    ["Complex(x, odd)", "equal dims, got 6 and 3"],
    ["OneHot(x, 3)", "x of dim 1, got dim 6"],
    ["OneHot(s, 0)", "an integer dim of at least 1, got 0"],
    ["BSpline(k, x, 2)", "x of dim 1, got dim 6"],
    ["BSpline(k, s, 6)", "at least 8 knots for order 6, got 7"],
    ["BSpline(k, s, -1)", "an integer order of at least 0, got -1"],
    ["SoftDTW_SqDist(x, y, z)", "gamma of dim 1, got dim 2"],
    ["ExtractT(x, 0, 1000000000)", "a dim of at most 1048576, got 1000000000"],
    ["Zero(1000000000)", "a dim of at most 1048576, got 1000000000"],
  ])("%s is refused: expected %s", (text, message) => {
    const error = (): Formula => read(`s + ${text}`);
    expect(error).toThrow(FormulaError);
    expect(error).toThrow(`expected ${message}`);
    expect(error).toThrow(/\n +s \+ \w+\(.*\n {6,}\^+$/);
  });
});

describe("constants that overflow", () => {
  test.each(["x * (1e308 * 10)", "1e308 + 1e308 + x", "2 ** 2000 * x", "1e308 * (10 * x)", "Square(1e200) * x"])(
    "in %s are computed as IEEE 754 says",
    (text) => {
      const point = new Map([[x, [1, 2, 3, 4, 5, 6]]]);
      expect(evaluate(read(text), point)).toEqual(new Array<number>(6).fill(Infinity));
    },
  );

  test("do not keep others from folding", () => {
    expect(read("2 ** 3 * x")).toBe(ops.mult(8, x));
  });
});
