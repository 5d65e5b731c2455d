/** How far two arrays are apart, as a number: for comparing a result with what it should be. Has no derivative. */
import { arrayIn } from "../array/arrayinput";
import type { ArrayInput } from "../array/arrayinput";
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
  let [difference, size] = [0, 0];
  wanted.forEach((value, k) => {
    difference += (at(values, k) - value) ** 2;
    size += value ** 2;
  });
  return difference === 0 ? 0 : Math.sqrt(difference / size);
}
