/** The option `out` of calls: results in memory that the caller gives. */
import ndarray from "ndarray";
import { ArgumentError } from "../../src/errors";
import { Genred, array, grad, randn, requiresGrad, zeros } from "../../src";
import type { RealArray } from "../../src";
import { G, M, data, overJ } from "../helpers/gaussian";
import { untyped, values } from "../helpers/numbers";

// --------------------------------------------------------------------------------------------------------------- out

describe("out", () => {
  const { x, y, b } = data();
  const expected = values(overJ(x, y, b, G));
  const into = (out: unknown): RealArray => untyped(overJ)(x, y, b, G, { out });

  test("is returned, filled, and may be used again", () => {
    const out = zeros([M, 2], { dtype: "float64" });
    for (let time = 0; time < 2; time++) {
      expect(into(out)).toBe(out);
      expect(values(out)).toEqual(expected);
    }
  });

  test.each([
    ["a transposed one", ndarray(new Float64Array(2 * M), [M, 2], [1, M], 0)],
    ["a reversed one", ndarray(new Float64Array(2 * M), [M, 2], [-2, -1], 2 * M - 1)],
    ["a part of a larger one", ndarray(new Float64Array(6 * M), [M, 2], [6, 2], 1)],
    ["an end of a larger one", ndarray(new Float64Array(9 + 2 * M), [M, 2], [2, 1], 9)],
  ])("may be %s, and nothing beside it is written", (_what, out) => {
    out.data.fill(-7);
    into(out);
    expect(values(out)).toEqual(expected);
    expect(out.data.filter((value) => value === -7)).toHaveLength(out.data.length - 2 * M);
  });

  const interleaved = new Float64Array(6 * M + 3);
  const shared = new Float64Array(3 * M);
  test.each([
    ["a wrong shape", zeros([M, 3], { dtype: "float64" }), /^out: expected shape \[7, 2\], got \[7, 3\]$/],
    ["a vector of the right size", zeros([2 * M], { dtype: "float64" }), /^out: expected shape \[7, 2\], got \[14\]$/],
    ["a wrong dtype", zeros([M, 2]), /^out: expected a float64 ndarray, got a float32 one: convert it/],
    ["a plain array", [], /^out: expected a float64 ndarray, got a plain array/],
    ["a number", 0, /^out: expected a float64 ndarray, got the number 0/],
    [
      "a view past its data",
      ndarray(new Float64Array(5), [M, 2]),
      /^out: expected a view inside its data of 5 elements/,
    ],
    [
      "rows in one place",
      ndarray(new Float64Array(2), [M, 2], [0, 1]),
      /^out: expected a place of its own for every element, got stride \[0, 1\]$/,
    ],
    [
      "rows that overlap",
      ndarray(new Float64Array(M + 1), [M, 2], [1, 1]),
      /^out: expected a place of its own for every element, got stride \[1, 1\]$/,
    ],
  ])("with %s is refused", (_what, out, message) => {
    expect(() => into(out)).toThrow(ArgumentError);
    expect(() => into(out)).toThrow(message);
  });

  test("that shares memory with an argument is refused, and both are left as they were", () => {
    const K = Genred("x + p", ["x = Vi(3)", "p = Pm(1)"], { axis: 1 });
    const points = ndarray(shared.fill(1), [M, 3]);
    const bytes = new Float64Array(shared.buffer);
    expect(() => K(points, 1, { out: points })).toThrow(
      /^out: expected memory of its own, got memory that x \(Vi, dim 3\) uses$/,
    );
    expect(() => K(points, 1, { out: ndarray(bytes, [M, 3]) })).toThrow(/memory that x \(Vi, dim 3\) uses$/);
    expect([...shared]).toEqual(new Array(3 * M).fill(1));
  });

  test("beside an argument in one buffer is fine", () => {
    const K = Genred("x + p", ["x = Vi(3)", "p = Pm(1)"], { axis: 1 });
    const points = ndarray(interleaved.fill(2).subarray(0, 3 * M), [M, 3]);
    const beside = ndarray(interleaved.subarray(3 * M, 6 * M), [M, 3]);
    expect(values(K(points, 1, { out: beside }))).toEqual(new Array(3 * M).fill(3));
  });

  test("that is marked for gradients is refused", () => {
    const out = zeros([M, 2], { dtype: "float64", requiresGrad: true });
    expect(() => overJ(requiresGrad(array(x)), y, b, G, { out })).toThrow(
      /^out: expected memory that takes no part in derivatives/,
    );
  });

  test("takes part in derivatives as a fresh result does", () => {
    const marked = requiresGrad(array(x));
    const e = randn([M, 2], { dtype: "float64", seed: 9 });
    const out = zeros([M, 2], { dtype: "float64" });
    const [fresh] = grad(overJ(marked, y, b, G), [marked], e);
    const [reused] = grad(overJ(marked, y, b, G, { out }), [marked], e);
    expect(values(reused)).toEqual(values(fresh));
  });
});
