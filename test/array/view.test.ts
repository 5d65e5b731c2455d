/** Views: contiguity, broadcasting, overlap. */
import fc from "fast-check";
import ndarray from "ndarray";
import { array, rand, zeros } from "../../src/array/array";
import { broadcast, contiguous, coversMemory, overlaps, positions, viewOf, wrap } from "../../src/array/view";
import type { RealArray } from "../../src/array/view";
import { geometries } from "../helpers/views";

function elements(x: RealArray): number[] {
  const result: number[] = [];
  const visit = (index: number[]): void => {
    if (index.length === x.shape.length) result.push(x.get(...index));
    else for (let k = 0; k < x.shape[index.length]!; k++) visit([...index, k]);
  };
  visit([]);
  return result;
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
    expect([x, wrap(x.data, [6]), x.hi(2), x.lo(1), x.transpose(1, 0), x.step(-1, -1)].map(coversMemory)).toEqual([
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
