/** Arrays in and out: makers, seeded random numbers, dtype conversion, checks of what users pass, contiguity, overlap. */
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import ndarray from "ndarray";
import type { NdArray } from "ndarray";
import { array, astype, rand, randn, zeros } from "../src/array/array";
import { checkArray } from "../src/array/check";
import { grad } from "../src/array/tape";
import { broadcast, contiguous, isWhole, overlaps, positions, sizeOf, viewOf, wrap } from "../src/array/view";
import type { Geometry, RealArray } from "../src/array/view";
import { ArgumentError } from "../src/errors";

const refuses = (call: () => unknown, message: RegExp): void => {
  expect(call).toThrow(ArgumentError);
  expect(call).toThrow(message);
};
/** A call with what the types forbid, as plain JavaScript and notebooks make it. */
const untyped = <F extends (...args: never[]) => unknown>(f: F): ((...args: unknown[]) => ReturnType<F>) =>
  f as unknown as (...args: unknown[]) => ReturnType<F>;

/** Random views, some contiguous, over memory of 400 elements; the oracle reads them by ndarray's own `get`. */
const geometries = fc
  .record({
    shape: fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 4 }),
    stride: fc.array(fc.integer({ min: -12, max: 12 }), { minLength: 4, maxLength: 4 }),
    offset: fc.integer({ min: 150, max: 200 }),
    rowMajor: fc.boolean(),
  })
  .map(({ shape, stride, offset, rowMajor }): Geometry => {
    const strides = rowMajor ? shape.map((_, axis) => sizeOf(shape.slice(axis + 1))) : stride.slice(0, shape.length);
    return { shape, stride: strides.map((step) => Math.max(-12, Math.min(step, 64))), offset: rowMajor ? 0 : offset };
  });

function elements(x: RealArray): number[] {
  const result: number[] = [];
  const visit = (index: number[]): void => {
    if (index.length === x.shape.length) result.push(x.get(...index));
    else for (let k = 0; k < x.shape[index.length]!; k++) visit([...index, k]);
  };
  visit([]);
  return result;
}

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

describe("checkArray", () => {
  const where = "y (Vj, dim 3)";

  test("returns the array itself, of any strides that stay inside the data", () => {
    const x = rand([4, 3]);
    const views = [
      x,
      x.transpose(1, 0),
      x.step(-1, -1),
      x.pick(1, 1),
      x.hi(0, 3),
      viewOf(x, { shape: [9], stride: [0], offset: 11 }),
    ];
    for (const view of views) expect(checkArray(where, view)).toBe(view);
  });

  test("takes arrays of another realm and over shared or partial memory", () => {
    const foreign = ndarray(runInNewContext("new Float32Array(3)") as Float32Array);
    expect(foreign.data).not.toBeInstanceOf(Float32Array);
    expect(checkArray(where, foreign, "float32")).toBe(foreign);
    const shared = ndarray(new Float32Array(new SharedArrayBuffer(16), 4, 2), [2]);
    expect(checkArray(where, shared)).toBe(shared);
  });

  test.each<[string, unknown, RegExp]>([
    ["a plain array", [[1, 2, 3]], /got a plain array: convert it with array\(values\)$/],
    ["a typed array", new Float32Array(3), /got a Float32Array without a shape: convert it with array\(values\)/],
    ["a number", 3, /got the number 3: convert it with array\(3\)$/],
    ["an integer ndarray", ndarray(new Int32Array(3)), /got an int32 ndarray: convert it with astype\(x, "float32"\)$/],
    ["a byte ndarray", ndarray(new Uint8ClampedArray(3)), /got a uint8clamped ndarray: convert it with astype/],
    ["a bigint ndarray", ndarray(new BigInt64Array(3)), /got a bigint64 ndarray: convert it with astype/],
    ["an ndarray of a plain array", ndarray([1, 2, 3]), /got an array ndarray: convert it with astype/],
    ["a generic ndarray", ndarray({ get: () => 0, set: () => undefined, length: 3 }), /got a generic ndarray: convert/],
    [
      "a look-alike that lies",
      { ...zeros([3]), data: new Int8Array(3), shape: [3], stride: [1], offset: 0 },
      /int8 ndarray/,
    ],
    ["an empty ndarray object", (ndarray as () => unknown)(), /got an Object$/],
    ["nothing", undefined, /got undefined$/],
    ["null", null, /got null$/],
    ["a string", "x", /got the string "x"$/],
    ["a function", () => 0, /got a Function$/],
  ])("refuses %s and names the conversion", (_, value, message) => {
    refuses(() => checkArray(where, value), message);
    refuses(() => checkArray(where, value), /^y \(Vj, dim 3\): expected a float32 or float64 ndarray, got /);
  });

  test("refuses another dtype than the one expected", () => {
    refuses(
      () => checkArray(where, zeros([2]), "float64"),
      /^y \(Vj, dim 3\): expected a float64 ndarray, got a float32 one: convert it with astype\(x, "float64"\)$/,
    );
  });

  test.each<[string, Partial<Geometry>]>([
    ["hi past the end", { shape: [9, 3] }],
    ["a positive stride past the end", { stride: [3, 2] }],
    ["a negative stride past the start", { stride: [-3, 1] }],
    ["an offset past the end", { offset: 1 }],
    ["a negative offset", { offset: -1 }],
  ])("refuses %s", (_, change) => {
    const view = { data: new Float32Array(12), shape: [4, 3], stride: [3, 1], offset: 0, ...change };
    refuses(
      () => checkArray(where, view),
      /^y \(Vj, dim 3\): expected a view inside its data of 12 elements, got \[.*\] that/,
    );
  });

  test("refuses geometry that is not whole numbers, or of unlike lengths", () => {
    const changes = [
      { shape: [1.5] },
      { shape: [-1] },
      { stride: [0.5] },
      { stride: [] },
      { offset: 0.5 },
      { shape: [NaN] },
    ];
    for (const change of changes) {
      const view = { data: new Float32Array(12), shape: [2], stride: [1], offset: 0, ...change };
      refuses(() => checkArray(where, view), /^y \(Vj, dim 3\): expected integer shape, stride and offset, got shape /);
    }
  });

  test("refuses a detached buffer", () => {
    const x = zeros([2, 2]);
    structuredClone(x.data.buffer, { transfer: [x.data.buffer as ArrayBuffer] });
    refuses(
      () => checkArray(where, x),
      /^y \(Vj, dim 3\): expected .* of 0 elements \(a detached or empty buffer\), got \[2, 2\]/,
    );
  });

  test("accepts exactly the views that touch no element outside the data", () => {
    fc.assert(
      fc.property(geometries, fc.integer({ min: 1, max: 400 }), ({ shape, stride, offset }, length) => {
        const inside = [...positionsByHand({ shape, stride, offset })].every((at) => at >= 0 && at < length);
        const check = (): unknown => checkArray(where, { data: new Float64Array(length), shape, stride, offset });
        if (inside) check();
        else refuses(check, /expected a view inside its data/);
      }),
    );
  });
});

function positionsByHand({ shape, stride, offset }: Geometry): number[] {
  let at = [offset];
  shape.forEach((length, axis) => {
    at = at.flatMap((start) => Array.from({ length }, (_, k) => start + k * stride[axis]!));
  });
  return at;
}

describe("contiguous", () => {
  test("shares the memory of what is already row-major, whole or a part", () => {
    const x = rand([6, 3]);
    expect(contiguous(x)).toBe(x.data);
    const part = contiguous(x.lo(2).hi(2));
    expect([part.buffer === x.data.buffer, part.byteOffset, part.length]).toEqual([true, 24, 6]);
    const column = wrap(new Float32Array(4), [4, 1]);
    expect(contiguous(viewOf(column, { shape: [4, 1], stride: [1, 99], offset: 0 }))).toBe(column.data);
  });

  test("copies every other view in row-major order", () => {
    const data = rand([400], { dtype: "float64" }).data;
    fc.assert(
      fc.property(geometries, (geometry) => {
        const x = viewOf(wrap(data, [400]), geometry);
        expect([...contiguous(x)]).toEqual(elements(x));
        expect([...positions(x)].map((at) => data[at])).toEqual(elements(x));
      }),
    );
  });

  test("keeps the dtype", () => {
    expect(contiguous(zeros([2, 3]).transpose(1, 0))).toBeInstanceOf(Float32Array);
    expect(contiguous(zeros([2, 3, 1], { dtype: "float64" }).transpose(2, 1, 0))).toBeInstanceOf(Float64Array);
  });

  test("a view is whole if it is all of its memory in order", () => {
    const x = zeros([3, 2]);
    expect([x, wrap(x.data, [6]), x.hi(2), x.lo(1), x.transpose(1, 0), x.step(-1, -1)].map(isWhole)).toEqual([
      true,
      true,
      false,
      false,
      false,
      false,
    ]);
  });

  test("a broadcast repeats axes of length 1 and those in front", () => {
    const x = array([[1], [2]]);
    expect(elements(broadcast(x, [2, 2, 3]))).toEqual([1, 1, 1, 2, 2, 2, 1, 1, 1, 2, 2, 2]);
    expect(broadcast(x, [2, 1])).toBe(x);
  });
});

describe("overlaps", () => {
  test("sees shared bytes through views and through other typed arrays over one buffer", () => {
    const x = zeros([4, 4]);
    const bytes = ndarray(new Float64Array(x.data.buffer), [8]);
    expect(overlaps(x, x.transpose(1, 0))).toBe(true);
    expect(overlaps(x.hi(2), x.lo(2))).toBe(false);
    expect(overlaps(x.hi(2).step(-1, -1), x.lo(1))).toBe(true);
    expect(overlaps(x.hi(2), bytes.lo(4))).toBe(false);
    expect(overlaps(x.hi(2), bytes.lo(3))).toBe(true);
    expect(overlaps(wrap(x.data.subarray(8), [8]), x.hi(2))).toBe(false);
    expect(overlaps(wrap(x.data.subarray(7), [9]), x.hi(2))).toBe(true);
    expect(overlaps(x, zeros([4, 4]))).toBe(false);
    expect(overlaps(x.hi(0), x)).toBe(false);
  });

  test("never misses a shared element", () => {
    fc.assert(
      fc.property(geometries, geometries, (a, b) => {
        const memory = zeros([400]);
        const [x, y] = [viewOf(memory, a), viewOf(memory, b)];
        const shared = [...positions(x)].some((at) => positions(y).includes(at));
        if (shared) expect(overlaps(x, y)).toBe(true);
      }),
    );
  });
});
