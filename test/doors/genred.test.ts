/** Genred as its users meet it: what a call computes, against plain loops. */
import ndarray from "ndarray";
import type { NdArray } from "ndarray";
import { DeviceError } from "../../src/errors";
import { Genred, array, nd, zeros } from "../../src";
import type { CallOptions } from "../../src";
import { ALIASES, G, M, N, data, gaussian, overJ, scattered } from "../helpers/gaussian";
import type { Data } from "../helpers/gaussian";
import { BACKENDS, DTYPES, expectClose, untyped, values } from "../helpers/numbers";

const ROUNDING = { float32: 1e-5, float64: 1e-13 } as const;

/** The Gaussian sums by two loops, `[M, 2]` or `[N, 2]` row by row. */
function looped({ x, y, b }: Data, axis: 0 | 1, g = G): number[] {
  const [rows, columns] = axis === 1 ? [x.shape[0]!, y.shape[0]!] : [y.shape[0]!, x.shape[0]!];
  const sums = new Array<number>(rows * 2).fill(0);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) {
      const [i, j] = axis === 1 ? [row, column] : [column, row];
      const squares = [0, 1, 2].map((k) => (x.get(i, k) - y.get(j, k)) ** 2);
      const weight = Math.exp(-g * (squares[0]! + squares[1]! + squares[2]!));
      for (const k of [0, 1]) sums[row * 2 + k]! += weight * b.get(j, k);
    }
  return sums;
}

// ------------------------------------------------------------------------------------------------------------- values

describe.each(BACKENDS)("on the backend %s", (backend) => {
  describe.each(DTYPES)("in %s", (dtype) => {
    const given = data(dtype);
    const close = ROUNDING[dtype];

    test.each([0, 1] as const)("sums over the other index of axis %i equal those of two loops", (axis) => {
      const result = gaussian({ axis })(given.x, given.y, given.b, G, { backend });
      expect(result.shape).toEqual([axis === 1 ? M : N, 2]);
      expect(result.data).toBeInstanceOf(dtype === "float64" ? Float64Array : Float32Array);
      expectClose(values(result), looped(given, axis), close);
    });

    test("views with gaps, negative strides and offsets give the numbers of their copies, to the last bit", () => {
      const [x, y, b] = [scattered(given.x), scattered(given.y), scattered(given.b)];
      expect(values(overJ(x, y, b, G, { backend }))).toEqual(values(overJ(given.x, given.y, given.b, G, { backend })));
    });

    test("stride 0 repeats a row as a copy would", () => {
      const row = given.y.pick(4, null);
      const repeated = ndarray(row.data, [N, 3], [0, 1], row.offset);
      const copied = ndarray(array(repeated, { dtype }).data, [N, 3]);
      expect(values(overJ(given.x, repeated, given.b, G, { backend }))).toEqual(
        values(overJ(given.x, copied, given.b, G, { backend })),
      );
    });

    test("transposed points are read as they are shown", () => {
      const transposed = nd.transpose(array(nd.transpose(given.x), { dtype }));
      expect(transposed.stride).toEqual([1, M]);
      expectClose(values(overJ(transposed, given.y, given.b, G, { backend })), looped(given, 1), close);
    });

    test("one point and one point", () => {
      const one = { x: given.x.hi(1, 3), y: given.y.hi(1, 3), b: given.b.hi(1, 2) };
      expectClose(values(overJ(one.x, one.y, one.b, G, { backend })), looped(one, 1), close);
    });

    test("no columns give sums of 0, no rows give an empty array", () => {
      const [none, noValues] = [zeros([0, 3], { dtype }), zeros([0, 2], { dtype })];
      const sums = overJ(given.x, none, noValues, G, { backend });
      expect([sums.shape, values(sums)]).toEqual([[M, 2], new Array(2 * M).fill(0)]);
      expect(overJ(none, given.y, given.b, G, { backend }).shape).toEqual([0, 2]);
      expect(gaussian({ axis: 0 })(none, given.y, given.b, G, { backend }).shape).toEqual([N, 2]);
      expect(overJ(none, none, noValues, G, { backend }).shape).toEqual([0, 2]);
    });

    test("a NaN reaches the rows that read it, and no others", () => {
      const x = array(given.x, { dtype });
      x.set(2, 1, NaN);
      const result = values(overJ(x, given.y, given.b, G, { backend }));
      expect(result.map(Number.isNaN)).toEqual(Array.from({ length: 2 * M }, (_, n) => n === 4 || n === 5));
    });

    test("infinitely far points have weight 0", () => {
      const x = array(given.x, { dtype });
      x.set(2, 1, Infinity);
      expect(values(overJ(x, given.y, given.b, G, { backend })).slice(4, 6)).toEqual([0, 0]);
    });

    test.each(["direct", "kahan", "block", "auto"] as const)("the sum scheme %s gives the sums", (sumScheme) => {
      const K = gaussian({ axis: 1, sumScheme, useDoubleAcc: true });
      expectClose(values(K(given.x, given.y, given.b, G, { backend })), looped(given, 1), close);
    });

    test.each(["direct", "kahan", "block"] as const)("infinite terms and sums are infinite with %s", (sumScheme) => {
      const count = 3000; // more than are summed at once
      const sumOf = (terms: Readonly<Record<number, number>>): number => {
        const b = array(new Array(count).fill([1]), { dtype });
        for (const [place, value] of Object.entries(terms)) b.set(Number(place), 0, value);
        const K = Genred("x + b", ["x = Vi(1)", "b = Vj(1)"], { axis: 1, sumScheme });
        return K(array([[0]], { dtype }), b, { backend }).get(0, 0);
      };
      const large = dtype === "float32" ? 3e38 : 1.5e308;
      for (const place of [0, 1, 500, count - 1]) {
        expect(sumOf({ [place]: Infinity })).toBe(Infinity);
        expect(sumOf({ [place]: -Infinity })).toBe(-Infinity);
      }
      expect(sumOf({ 0: large, 1: large, 2: large })).toBe(Infinity);
      expect(sumOf({ 0: -large, 1: -large, 2: -large })).toBe(-Infinity);
      expect(sumOf({ 3: Infinity, 700: -Infinity })).toBe(NaN);
      expect(sumOf({ 3: NaN, 700: Infinity })).toBe(NaN);
    });

    test("an object with data, shape, stride and offset is an ndarray, whoever made it", () => {
      const { x, y, b } = data();
      const { data: memory, shape, stride, offset } = x;
      expect(untyped(overJ)({ data: memory, shape, stride, offset }, y, b, G)).toEqual(overJ(x, y, b, G));
    });

    test("a number for a Pm(1), an array [1] and a view of one element are the same", () => {
      const written = array([G], { dtype });
      const shown = array([5, G, 5], { dtype }).lo(1).hi(1);
      const results = [G, written, shown].map((g) => values(overJ(given.x, given.y, given.b, g, { backend })));
      expect(results[1]).toEqual(results[0]);
      expect(results[2]).toEqual(results[0]);
    });

    test("formulas of one kind of variable take the other extent as 1", () => {
      const rows = values(Genred("Square(x)", ["x = Vi(3)"], { axis: 1 })(given.x, { backend }));
      expectClose(rows, values(nd.mul(given.x, given.x)), close);
      const columns = Genred("b", ["b = Vj(2)"], { axis: 1 })(given.b, { backend });
      expect(columns.shape).toEqual([1, 2]);
      expectClose(values(columns), values(nd.sum(given.b, { axis: 0 })), close);
      const parameter = Genred("p * p", ["p = Pm(2)"])(array([3, 4], { dtype }), { backend });
      expect([parameter.shape, values(parameter)]).toEqual([
        [1, 2],
        [9, 16],
      ]);
    });

    test("an argument that the formula does not mention still counts its rows", () => {
      const counted = Genred("x", ["x = Vi(3)", "y = Vj(3)"], { axis: 1 })(given.x, given.y, { backend });
      expectClose(values(counted), values(nd.mul(given.x, N)), close);
    });
  });
});

test("what a Pm(1) alone is computed in is float32, as all that is made of numbers", () => {
  const result = Genred("p + p", ["p = Pm(1)"])(0.1);
  expect(result.data).toEqual(new Float32Array([Math.fround(0.1) * 2]));
});

test("absent options may be left out, null or undefined, also where the formula is read", () => {
  const { x, y, b } = data();
  const expected = values(Genred("Exp(-g*SqDist(x,y))*b", ALIASES)(x, y, b, G));
  expect(values(Genred("Exp(-g*SqDist(x,y))*b", ALIASES, null)(x, y, b, G, null))).toEqual(expected);
  expect(values(Genred("Exp(-g*SqDist(x,y))*b", ALIASES, undefined)(x, y, b, G, undefined))).toEqual(expected);
  expect(values(Genred("Exp(-g*SqDist(x,y))*b", ALIASES, {})(x, y, b, G, { out: null, backend: undefined }))).toEqual(
    expected,
  );
});

test("aliases may be written with positions, in any order, or without names", () => {
  const { x, y } = data();
  const plain = values(Genred("SqDist(x, y)", ["x = Vi(3)", "y = Vj(3)"], { axis: 1 })(x, y));
  expect(values(Genred("SqDist(x, y)", ["y = Vj(1, 3)", "x = Vi(0, 3)"], { axis: 1 })(x, y))).toEqual(plain);
  expect(values(Genred("SqDist(Var(0,3,0), Vj(1,3))", ["Vi(3)", "Var(1,3,1)"], { axis: 1 })(x, y))).toEqual(plain);
});

test("a call can be printed", () => {
  expect(String(overJ)).toBe("Sum over j of Exp(-(g * SqNorm2(x - y))) * b");
});

test("inputs are left as they were", () => {
  const { x, y, b } = data();
  const before = [x, y, b].map(values);
  overJ(x, y, b, G);
  expect([x, y, b].map(values)).toEqual(before);
});

describe("without a compiler", () => {
  const kept = { ...process.env };
  beforeEach(() => {
    delete process.env["CXX"];
    delete process.env["TSKEOPS_CXX"];
    process.env["PATH"] = "";
  });
  afterEach(() => {
    process.env = { ...kept };
  });

  test("the backend cpu says why it cannot run, and auto runs all the same", () => {
    const { x } = data();
    const K = Genred("x * 3", ["x = Vi(3)"], { axis: 1 });
    expect(() => K(x, { backend: "cpu" })).toThrow(DeviceError);
    expect(() => K(x, { backend: "cpu" })).toThrow(/^backend "cpu": .*compiler/);
    expect(values(K(x))).toEqual(values(nd.mul(x, 3)));
  });
});

test("an options object of a call is not written to", () => {
  const { x, y, b } = data();
  const options: CallOptions = Object.freeze({ backend: "auto" });
  expect(overJ(x, y, b, G, options as never).shape).toEqual([M, 2]);
});

test("a result is an ordinary ndarray", () => {
  const { x, y, b } = data();
  const result: NdArray<Float32Array | Float64Array> = overJ(x, y, b, G);
  expect([result.shape, result.stride, result.offset, result.dtype]).toEqual([[M, 2], [2, 1], 0, "float64"]);
});
