/** What tests of arrays share: random views over memory, their elements by ndarray's own `get`. */
import fc from "fast-check";
import { sizeOf } from "../../src/array/view";
import type { Geometry } from "../../src/array/view";

/** Random views, some contiguous, over memory of 400 elements; the oracle reads them by ndarray's own `get`. */
export const geometries = fc
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
