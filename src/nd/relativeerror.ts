/** How far two arrays are apart, as a number: for comparing a result with what it should be. Has no derivative. */
import { arrayIn } from "../array/check";
import type { ArrayInput } from "../array/check";
import { readable, sameShape, shapeText } from "../array/view";
import { at } from "../asserts";
import { ArgumentError } from "../errors";
import { atMost } from "../options";

/**
 * The norm of `a - b` over the norm of `b`, summed in float64: 0 where all numbers are equal. The dtypes may differ.
 * @param a an array of any shape
 * @param b what it should be, of the same shape
 * @returns a number; Infinity where b is 0 and a is not
 * @throws ArgumentError for different shapes
 * @example console.log(nd.relativeError([3, 4.5], [3, 4])); // 0.1
 */
export function relativeError(a: ArrayInput, b: ArrayInput): number {
  atMost("relativeError", 2, arguments);
  const [given, exact] = [arrayIn("relativeError, a", a), arrayIn("relativeError, b", b)];
  if (!sameShape(given.shape, exact.shape))
    throw new ArgumentError(
      `relativeError: expected equal shapes, got ${shapeText(given.shape)} and ${shapeText(exact.shape)}`,
    );
  const [values, wanted] = [readable(given), readable(exact)];
  const scale = Math.max(largestOf(values), largestOf(wanted)) || 1;
  let [difference, size] = [0, 0];
  wanted.forEach((value, k) => {
    if (at(values, k) === value && !Number.isFinite(value)) return; // equal, and of no size
    difference += ((at(values, k) - value) / scale) ** 2;
    size += (value / scale) ** 2;
  });
  if (difference === Infinity) return Infinity;
  return difference === 0 ? 0 : Math.sqrt(difference / size);
}

/** Of the finite numbers, by which all are divided: their squares neither overflow nor vanish. */
function largestOf(values: ArrayLike<number>): number {
  let largest = 0;
  for (let k = 0; k < values.length; k++)
    if (Number.isFinite(values[k])) largest = Math.max(largest, Math.abs(at(values, k)));
  return largest;
}
