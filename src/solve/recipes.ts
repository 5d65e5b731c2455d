/**
 * The recipes of operators that are made of others, over the ways in which their parts multiply, and what is checked of
 * the parts. Knows no operator.
 */
import { add, mul } from "../array/arithmetic";
import { checkArray, described } from "../array/check";
import { shapeText } from "../array/view";
import type { RealArray } from "../array/view";
import { ArgumentError } from "../errors";
import type { Task } from "../task";
import type { Recipe, Times } from "./ways";

const product = (times: Times | undefined, x: RealArray): Task<RealArray> => (times as Times)(x);

/** The products of two parts, brought together element by element. */
export const entrywise =
  (join: (a: RealArray, b: RealArray) => RealArray): Recipe =>
  ([first, second]) =>
    function* (x) {
      return join(yield* product(first, x), yield* product(second, x));
    };

/** One part, times a number. */
export const multiplied =
  (factor: number): Recipe =>
  ([times]) =>
    function* (x) {
      return mul(yield* product(times, x), factor);
    };

/** One part, several times. */
export const repeated =
  (exponent: number): Recipe =>
  ([times]) =>
    function* (x) {
      let y = x;
      for (let n = 0; n < exponent; n++) y = yield* product(times, y);
      return y;
    };

/** One part, and alpha times what it multiplies. */
export const withRidge =
  (alpha: number): Recipe =>
  ([times]) =>
    function* (x) {
      return add(yield* product(times, x), mul(x, alpha));
    };

/** One part after the other. */
export const inTurn =
  (begin: number, end: number): Recipe =>
  (parts) =>
    function* (x) {
      return yield* product(parts[end], yield* product(parts[begin], x));
    };

// ------------------------------------------------------------------------------------------------------------ checks

/** @throws ArgumentError unless it is square. */
export function checkSquare(where: string, shape: readonly [number, number]): number {
  if (shape[0] === shape[1]) return shape[0];
  throw new ArgumentError(`${where}: expected a square operator, got shape ${shapeText(shape)}`);
}

/** @throws ArgumentError unless it is one. */
export function checkNumber(where: string, value: unknown): void {
  if (typeof value !== "number") throw new ArgumentError(`${where}: expected a number, got ${described(value)}`);
}

/** @throws ArgumentError for another number of rows. */
export function checkRows(where: string, x: RealArray, rows: number): RealArray {
  checkArray(where, x);
  if (x.shape[0] === rows && x.shape.length <= 2) return x;
  throw new ArgumentError(`${where}: expected shape [${rows}] or [${rows}, E], got ${shapeText(x.shape)}`);
}
