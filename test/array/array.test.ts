/** Makers of arrays: nested numbers, seeded random numbers, dtype conversion. */
import ndarray from "ndarray";
import type { NdArray } from "ndarray";
import { array, astype, rand, randn, zeros } from "../../src/array/array";
import { grad } from "../../src/array/tape";
import { refuses } from "../helpers/numbers";

/** A call with what the types forbid, as plain JavaScript and notebooks make it. */
const untyped = <F extends (...args: never[]) => unknown>(f: F): ((...args: unknown[]) => ReturnType<F>) =>
  f as unknown as (...args: unknown[]) => ReturnType<F>;

describe("array", () => {
  test("takes nested numbers of any depth, float32 unless told otherwise", () => {
    const x = array([
      [1, 2, 0.1],
      [4, 5, 6],
    ]);
    expect([x.shape, x.dtype, [...x.data]]).toEqual([[2, 3], "float32", [1, 2, Math.fround(0.1), 4, 5, 6]]);
    const y = array([[[0.1]], [[2]]], { dtype: "float64" });
    expect([y.shape, y.dtype, [...y.data]]).toEqual([[2, 1, 1], "float64", [0.1, 2]]);
    expect([array(7).shape, array(7).get(), array([]).shape, array([[], []]).shape]).toEqual([[], 7, [0], [2, 0]]);
  });

  test("copies typed arrays and ndarrays; floats keep their dtype, others become float32", () => {
    const data = new Float64Array([1, 2, 3, 4]);
    const copy = array(ndarray(data, [2, 2]).transpose(1, 0));
    expect([copy.dtype, [...copy.data], copy.stride]).toEqual(["float64", [1, 3, 2, 4], [2, 1]]);
    expect(array(data).data).not.toBe(data);
    expect([array(data).dtype, array(data, { dtype: "float32" }).dtype]).toEqual(["float64", "float32"]);
    expect([...array(new Int16Array([1, -2])).data]).toEqual([1, -2]);
    expect([...array(new BigInt64Array([5n])).data]).toEqual([5]);
    expect(array([new Float64Array([1, 2]), [3, 4]]).shape).toEqual([2, 2]);
    expect([...array(ndarray([1, 2, 3], [3], [-1], 2)).data]).toEqual([3, 2, 1]);
    const generic = { length: 2, get: (k: number): number => k + 10, set: (): void => undefined };
    expect([...array(ndarray(generic, [2])).data]).toEqual([10, 11]);
  });

  test("result types follow the dtype", () => {
    const single: NdArray<Float32Array> = array([1]);
    const double: NdArray<Float64Array> = array([1], { dtype: "float64" });
    const kept: NdArray<Float64Array> = array(new Float64Array(1));
    const blank: NdArray<Float64Array> = zeros([1], { dtype: "float64", requiresGrad: true });
    expect([single, double, kept, blank].map(({ dtype }) => dtype)).toEqual([
      "float32",
      "float64",
      "float64",
      "float64",
    ]);
  });

  test("names the place of a ragged list and of what is no number", () => {
    refuses(
      () =>
        array([
          [1, 2, 3],
          [4, 5],
        ]),
      /^array: expected 3 elements at values\[1\].*, got 2$/,
    );
    refuses(() => array([[[1]], [2]]), /^array: expected 1 elements at values\[1\]\[0\].*, got the number 2$/);
    refuses(() => untyped(array)([[1], ["2"]]), /^array: expected a number at values\[1\]\[0\], got the string "2"$/);
    refuses(() => array([1, [2]]), /^array: expected a number at values\[1\], got a plain array$/);
    refuses(() => untyped(array)(undefined), /^array: expected a number at values, got undefined$/);
    // eslint-disable-next-line no-sparse-arrays
    refuses(() => untyped(array)([1, , 3]), /values\[1\], got undefined$/);
    refuses(() => array(ndarray([1, 2], [3])), /^array: expected a view inside its data of 2 elements/);
    refuses(
      () => untyped(array)([1], { dtype: "int8" }),
      /^array, dtype: expected "float32" or "float64", got the string "int8"$/,
    );
  });
});

describe("zeros, rand and randn", () => {
  test("have the shape and dtype that were asked for", () => {
    expect([zeros([2, 3]).shape, zeros([2, 3]).dtype, [...zeros([2]).data]]).toEqual([[2, 3], "float32", [0, 0]]);
    expect([rand([5, 0]).size, randn([]).shape, rand([2], { dtype: "float64" }).dtype]).toEqual([0, [], "float64"]);
  });

  test("refuse shapes that are none, and more than memory can hold", () => {
    for (const shape of [[-1], [1.5], [NaN], [2 ** 60], 3, undefined, ["2"], [null]]) {
      refuses(() => untyped(zeros)(shape), /^zeros: expected /);
    }
    refuses(() => rand([2, -3]), /^rand: expected a shape of non-negative integers like \[N, D\], got \[2, -3\]$/);
    refuses(() => randn([2 ** 20, 2 ** 20]), /^randn: expected fewer than 2\^32 elements/);
  });

  test("the same seed gives the same numbers, another seed or none gives others", () => {
    for (const make of [rand, randn]) {
      const data = (seed?: number): number[] => [...make([20], { seed, dtype: "float64" }).data];
      expect(data(3)).toEqual(data(3));
      expect(data(3)).not.toEqual(data(4));
      expect(data(0)).not.toEqual(data(2 ** 53 - 1));
      expect(data()).not.toEqual(data());
    }
  });

  test("both dtypes get the same points up to rounding", () => {
    for (const make of [rand, randn]) {
      const [single, double] = [make([999], { seed: 1 }), make([999], { seed: 1, dtype: "float64" })];
      single.data.forEach((value, k) => expect(Math.abs(value - double.data[k]!)).toBeLessThan(5e-7));
    }
  });

  test("seeds are non-negative integers", () => {
    for (const seed of [-1, 0.5, 2 ** 53, NaN, "1", null]) {
      refuses(() => untyped(rand)([1], { seed }), /^rand, seed: expected an integer of at least 0, got /);
    }
  });

  test("the generator is xoshiro128** seeded by splitmix64, as published", () => {
    expect([...rand([6], { seed: 1234567, dtype: "float64" }).data]).toEqual(published(1234567n, 6));
  });

  test("uniform numbers fill [0, 1) evenly", () => {
    for (const dtype of ["float32", "float64"] as const) {
      const { data } = rand([100_000], { seed: 11, dtype });
      const bins = new Array<number>(10).fill(0);
      for (const value of data) bins[Math.floor(value * 10)]!++;
      expect(bins.length).toBe(10); // a value of 1 would have made an eleventh
      for (const count of bins) expect(Math.abs(count - 10_000)).toBeLessThan(5 * Math.sqrt(9000));
    }
  });

  test("normal numbers have the moments of the standard normal distribution, odd counts included", () => {
    const { data } = randn([100_001], { seed: 12, dtype: "float64" });
    const moment = (power: number): number => data.reduce((sum, x) => sum + x ** power, 0) / data.length;
    [0, 1, 0, 3].forEach((expected, k) => {
      const spread = [1, 2, 15, 96][k]!; // variances of x, x^2, x^3, x^4
      expect(Math.abs(moment(k + 1) - expected)).toBeLessThan(5 * Math.sqrt(spread / data.length));
    });
    expect(data[100_000]).not.toBe(0);
  });
});

/** The published algorithms word by word, in integers of any size. */
function published(seed: bigint, count: number): number[] {
  const word = (x: bigint): bigint => BigInt.asUintN(32, x);
  const rotated = (x: bigint, by: bigint): bigint => word((x << by) | (x >> (32n - by)));
  const s: bigint[] = [];
  for (let state = seed; s.length < 4;) {
    state = BigInt.asUintN(64, state + 0x9e3779b97f4a7c15n);
    let z = BigInt.asUintN(64, (state ^ (state >> 30n)) * 0xbf58476d1ce4e5b9n);
    z = BigInt.asUintN(64, (z ^ (z >> 27n)) * 0x94d049bb133111ebn);
    z ^= z >> 31n;
    if (s.length === 0) expect(z).toBe(6457827717110365317n); // first output for 1234567 in the authors' test vector
    s.push(word(z), z >> 32n);
  }
  const next = (): bigint => {
    const result = word(rotated(word(s[1]! * 5n), 7n) * 9n);
    const shifted = word(s[1]! << 9n);
    s[2]! ^= s[0]!;
    s[3]! ^= s[1]!;
    s[1]! ^= s[2]!;
    s[0]! ^= s[3]!;
    s[2]! ^= shifted;
    s[3] = rotated(s[3]!, 11n);
    return result;
  };
  return Array.from({ length: count }, () => Number(((next() >> 5n) << 26n) | (next() >> 6n)) / 2 ** 53);
}

describe("astype", () => {
  test("converts any ndarray of numbers to a new array", () => {
    const x = rand([3, 2]);
    const y = astype(x, "float64");
    expect([y.dtype, y.shape, [...y.data]]).toEqual(["float64", [3, 2], [...x.data]]);
    expect(astype(x, "float32").data).not.toBe(x.data);
    expect([...astype(ndarray(new Int32Array([1, 2, 3]), [3]).step(-1), "float32").data]).toEqual([3, 2, 1]);
  });

  test("passes derivatives, in the dtype of each side", () => {
    const x = rand([3], { requiresGrad: true });
    const [g] = grad(astype(x.step(-1), "float64"), [x], array([1, 2, 0.1], { dtype: "float64" }));
    expect([g.dtype, [...g.data]]).toEqual(["float32", [Math.fround(0.1), 2, 1]]);
  });

  test("refuses what is no ndarray and dtypes it does not know", () => {
    refuses(() => untyped(astype)([1, 2], "float32"), /^astype: expected an ndarray, got a plain array$/);
    refuses(() => untyped(astype)(zeros([1]), "int32"), /^astype: expected dtype .* got the string "int32"$/);
    refuses(() => untyped(astype)(zeros([1])), /^astype: expected dtype .* got undefined$/);
  });
});
