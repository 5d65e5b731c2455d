/** Some rows of arrays, for which all pairs are quickly computed: what a way computes of many is compared on these. */
import { contiguous, wrap } from "../../src/array/view";
import type { RealArray } from "../../src/array/view";

/** The golden section: its multiples are spread over the unit interval, and share no period with rows. */
const STEP = (Math.sqrt(5) - 1) / 2;

/**
 * `count` different rows of an array `[..., rows, dim]` with twice as many or more, spread over all, in float64; of each
 * entry of a batch the same ones.
 */
export function someRows(array: RealArray, count = 200): RealArray {
  const [data, batch] = [contiguous(array), array.shape.slice(0, -2)];
  const [rows, dim] = array.shape.slice(-2) as [number, number];
  const entries = batch.reduce((product, length) => product * length, 1);
  const some = new Float64Array(entries * count * dim);
  for (let n = 0; n < entries * count; n++) {
    const row = Math.floor(n / count) * rows + Math.floor(rows * (((n % count) * STEP) % 1));
    some.set(data.subarray(row * dim, (row + 1) * dim), n * dim);
  }
  return wrap(some, [...batch, count, dim]);
}
