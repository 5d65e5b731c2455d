/** Checks of what users pass as arrays. */
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import ndarray from "ndarray";
import { Vi, linalg } from "../../src";
import { rand, zeros } from "../../src/array/array";
import { checkArray } from "../../src/array/check";
import { viewOf } from "../../src/array/view";
import type { Geometry } from "../../src/array/view";
import { geometries } from "../helpers/views";
import { refuses } from "../helpers/numbers";

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
    ["an empty ndarray object", (ndarray as () => unknown)(), /got an object with data$/],
    ["an object without names", {}, /got an empty object$/],
    ["a report", { value: 1, array: zeros([1]) }, /got an object with value, array$/],
    ["a long report", { a: 1, b: 2, c: 3, d: 4, e: 5 }, /got an object with a, b, c, d, …$/],
    ["a lazy tensor", Vi(zeros([2, 2])), /got a LazyTensor$/],
    ["a complex lazy tensor", Vi(zeros([2, 2])).asComplex(), /got a ComplexLazyTensor$/],
    ["an operator", linalg.identity(2), /got a LinearOperator$/],
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
