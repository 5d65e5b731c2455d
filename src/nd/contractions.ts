/**
 * Products of arrays. The one idea: each is a product of matrices, or one element by element, of views; so derivatives
 * come with those. Must not know engines.
 */
import { matmul as multiply, mul, reshape, sub, transpose } from "../array/arithmetic";
import { arrayIn, dtypeAmong } from "../array/check";
import type { ArrayInput } from "../array/check";
import { commonShape, insertAxis, shapeText, sizeOf } from "../array/view";
import type { RealArray } from "../array/view";
import { at } from "../asserts";
import type { RealData } from "../device/native";
import { ArgumentError } from "../errors";
import { atMost, describeValue } from "../options";
import { take } from "./pick";
import { axisOf } from "./shapes";

/**
 * The matrix product of `a` `[..., M, K]` and `b` `[..., K, N]`; dimensions in front broadcast, and a vector stands
 * for a row on the left, a column on the right, as in NumPy.
 * @param a `[..., M, K]`, or a vector `[K]`
 * @param b `[..., K, N]`, or a vector `[K]`
 * @returns `[..., M, N]`, without the axis of a vector
 * @throws ArgumentError if shapes do not fit
 * @example console.log(nd.toNested(nd.matmul([[1, 2], [3, 4]], [1, 1]))); // [ 3, 7 ]
 */
export function matmul<T extends RealData>(a: ArrayInput<T>, b: ArrayInput<T>): RealArray<T> {
  atMost("matmul", 2, arguments);
  const [left, right] = pairIn("matmul", "first matrix", "second matrix", a, b);
  const [isRow, isColumn] = [left.shape.length === 1, right.shape.length === 1];
  const [x, y] = [isRow ? insertAxis(left, 0) : left, isColumn ? insertAxis(right, 1) : right];
  checkProduct(x, y, left, right);
  const product = multiply(x, y);
  const shape = product.shape.filter((_, k) => !(isColumn && k === product.shape.length - 1));
  return reshape(product, isRow ? shape.filter((_, k) => k !== product.shape.length - 2) : shape);
}

/** Both as arrays of one dtype, which lists take from the other one. */
function pairIn<T extends RealData>(
  where: string,
  nameA: string,
  nameB: string,
  a: ArrayInput<T>,
  b: ArrayInput<T>,
): [RealArray<T>, RealArray<T>] {
  const dtype = dtypeAmong([a, b]);
  return [arrayIn(`${where}, ${nameA}`, a, dtype), arrayIn(`${where}, ${nameB}`, b, dtype)];
}

/** @param given the arguments, where vectors are vectors still. */
function checkProduct(a: RealArray, b: RealArray, ...given: readonly RealArray[]): void {
  const got = given.map(({ shape }) => shapeText(shape)).join(" and ");
  if (a.shape.length < 2 || b.shape.length < 2)
    throw new ArgumentError(`matmul: expected matrices or vectors, got shapes ${got}`);
  if (a.shape.at(-1) !== b.shape.at(-2))
    throw new ArgumentError(`matmul: expected shapes [..., M, K] and [..., K, N], got ${got}`);
  if (!commonShape(a.shape.slice(0, -2), b.shape.slice(0, -2)))
    throw new ArgumentError(`matmul: expected dimensions in front that broadcast, got shapes ${got}`);
}

/**
 * `[M, N]`: a_i b_j for vectors `[M]` and `[N]`.
 * @param a a vector `[M]`
 * @param b a vector `[N]`
 * @returns `[M, N]`
 * @throws ArgumentError for what is no vector
 * @example console.log(nd.toNested(nd.outer([1, 2], [3, 4]))); // [ [ 3, 4 ], [ 6, 8 ] ]
 */
export function outer<T extends RealData>(a: ArrayInput<T>, b: ArrayInput<T>): RealArray<T> {
  atMost("outer", 2, arguments);
  const [x, y] = pairIn("outer", "a", "b", a, b);
  return mul(reshape(x, [vectorLength("outer, a", x), 1]), reshape(y, [1, vectorLength("outer, b", y)]));
}

function vectorLength(where: string, { shape }: RealArray): number {
  if (shape.length === 1) return at(shape, 0);
  throw new ArgumentError(`${where}: expected a vector [N], got shape ${shapeText(shape)}`);
}

/**
 * The vector product of vectors `[..., 3]`, which broadcast.
 * @param a vectors `[..., 3]`
 * @param b vectors `[..., 3]`
 * @returns vectors `[..., 3]`
 * @throws ArgumentError for others
 * @example console.log(nd.toNested(nd.cross([1, 0, 0], [0, 1, 0]))); // [ 0, 0, 1 ]
 */
export function cross<T extends RealData>(a: ArrayInput<T>, b: ArrayInput<T>): RealArray<T> {
  atMost("cross", 2, arguments);
  const [x, y] = pairIn("cross", "a", "b", a, b);
  const [[a1, a2], [b1, b2]] = [turnsOf("cross, a", x), turnsOf("cross, b", y)];
  return sub(mul(a1, b2), mul(a2, b1));
}

/** Components 2, 3, 1 and 3, 1, 2. */
function turnsOf<T extends RealData>(where: string, x: RealArray<T>): [RealArray<T>, RealArray<T>] {
  if (x.shape.at(-1) !== 3)
    throw new ArgumentError(`${where}: expected vectors [..., 3], got shape ${shapeText(x.shape)}`);
  return [take(x, [1, 2, 0], { axis: -1 }), take(x, [2, 0, 1], { axis: -1 })];
}

/**
 * Sums of products over `axes`: the number of last axes of `a` that meet the first ones of `b`, or a list for each.
 * @param a an array of any shape
 * @param b an array of any shape
 * @param axes a number, or the axes of a and those of b that meet
 * @returns an array of the other axes of a, then those of b
 * @throws ArgumentError unless they have the same lengths
 * @example console.log(nd.tensordot(nd.ones([2, 3, 4]), nd.ones([4, 5]), 1).shape); // [ 2, 3, 5 ]
 */
export function tensordot<T extends RealData>(
  a: ArrayInput<T>,
  b: ArrayInput<T>,
  axes: number | readonly [readonly number[], readonly number[]] = 2,
): RealArray<T> {
  atMost("tensordot", 3, arguments);
  const [x, y] = pairIn("tensordot", "a", "b", a, b);
  const [ofA, ofB] = meetingAxes(x.shape, y.shape, axes);
  const lengths = ofA.map((k) => at(x.shape, k));
  if (ofA.length !== ofB.length || lengths.some((length, n) => length !== y.shape[at(ofB, n)]))
    throw new ArgumentError(
      `tensordot: expected axes of equal lengths, got ${shapeText(ofA)} of ${shapeText(x.shape)} and ${shapeText(ofB)} of ${shapeText(y.shape)}`,
    );
  const [freeA, freeB] = [restOf(x.shape, ofA), restOf(y.shape, ofB)];
  const left = reshape(transpose(x, [...freeA, ...ofA]), [sizeAlong(x.shape, freeA), sizeOf(lengths)]);
  const right = reshape(transpose(y, [...ofB, ...freeB]), [sizeOf(lengths), sizeAlong(y.shape, freeB)]);
  return reshape(multiply(left, right), [...freeA.map((k) => at(x.shape, k)), ...freeB.map((k) => at(y.shape, k))]);
}

function meetingAxes(
  a: readonly number[],
  b: readonly number[],
  axes: number | readonly [readonly number[], readonly number[]],
): [number[], number[]] {
  if (typeof axes === "number") {
    if (!Number.isInteger(axes) || axes < 0 || axes > Math.min(a.length, b.length))
      throw new ArgumentError(
        `tensordot, axes: expected at most ${String(Math.min(a.length, b.length))}, got ${String(axes)}`,
      );
    return [[...a.keys()].slice(a.length - axes), [...b.keys()].slice(0, axes)];
  }
  if (!Array.isArray(axes) || (axes as readonly unknown[]).length !== 2 || !Array.from(axes).every(Array.isArray))
    throw new ArgumentError(`tensordot, axes: expected a number or two lists, got ${describeValue(axes)}`);
  const [ofA, ofB] = axes as [readonly number[], readonly number[]];
  return [differentAxes(ofA, a), differentAxes(ofB, b)];
}

function differentAxes(axes: readonly number[], shape: readonly number[]): number[] {
  const found = Array.from(axes, (k) => axisOf("tensordot", k, shape));
  if (new Set(found).size === found.length) return found;
  throw new ArgumentError(`tensordot: expected different axes, got ${shapeText(found)}`);
}

const restOf = (shape: readonly number[], axes: readonly number[]): number[] =>
  [...shape.keys()].filter((k) => !axes.includes(k));
const sizeAlong = (shape: readonly number[], axes: readonly number[]): number => sizeOf(axes.map((k) => at(shape, k)));
