/** Axes and shapes as NumPy means them, and the words for those that do not fit. Knows no elements. */
import { checkShape, described } from "../array/check";
import { commonShape, shapeText, sizeOf } from "../array/view";
import type { RealArray } from "../array/view";
import { ArgumentError } from "../errors";

/** The shape to which all broadcast. @throws ArgumentError where there is none. */
export function commonShapeOf(where: string, arrays: readonly RealArray[]): readonly number[] {
  let shape: readonly number[] | null = [];
  for (const array of arrays) shape = shape && commonShape(shape, array.shape);
  if (shape) return shape;
  const got = arrays.map((array) => shapeText(array.shape)).join(" and ");
  throw new ArgumentError(`${where}: expected shapes that broadcast, got ${got}`);
}

/** A list of integers, without holes. */
export const areIntegers = (value: unknown): value is readonly number[] =>
  Array.isArray(value) && Array.from(value).every(Number.isInteger);

/** An axis counted from the front; -1 is the last. @throws ArgumentError if there is no such axis. */
export function axisOf(where: string, axis: unknown, shape: readonly number[]): number {
  const rank = shape.length;
  if (Number.isInteger(axis) && (axis as number) >= -rank && (axis as number) < rank)
    return (axis as number) < 0 ? (axis as number) + rank : (axis as number);
  throw new ArgumentError(`${where}: expected an axis of ${shapeText(shape)}, got ${described(axis)}`);
}

/** Different axes, ascending; all where none are given. @throws ArgumentError for wrong ones and for one given twice. */
export function axesOf(where: string, axes: unknown, shape: readonly number[]): number[] {
  if (axes === undefined || axes === null) return [...shape.keys()];
  const list = (Array.isArray(axes) ? axes : [axes]).map((axis) => axisOf(where, axis, shape));
  const twice = list.find((axis, n) => list.indexOf(axis) !== n);
  if (twice !== undefined)
    throw new ArgumentError(`${where}: expected different axes, got axis ${String(twice)} more than once`);
  return list.sort((a, b) => a - b);
}

/** Every axis once, in an order. @throws ArgumentError for anything else. */
export function permutationOf(where: string, axes: readonly number[], shape: readonly number[]): number[] {
  if (!Array.isArray(axes) || axes.length !== shape.length)
    throw new ArgumentError(`${where}: expected all ${String(shape.length)} axes, got ${described(axes)}`);
  const order = Array.from(axes, (axis) => axisOf(where, axis, shape));
  axesOf(where, order, shape);
  return order;
}

/**
 * A shape for `reshape`, with a length in the place of -1.
 * @throws ArgumentError unless it has as many elements as `old`.
 */
export function fullShape(old: readonly number[], shape: readonly number[]): readonly number[] {
  const size = sizeOf(old);
  const open = Array.isArray(shape) ? shape.indexOf(-1) : -1;
  const rest = open < 0 ? size : sizeOf(checkShape("reshape", [...shape.slice(0, open), ...shape.slice(open + 1)]));
  const left = rest === 0 ? -1 : Math.floor(size / rest); // any length would do
  const whole = open < 0 ? shape : shape.map((length, k) => (k === open ? left : length));
  if (sizeOf(checkShape("reshape", whole)) === size) return whole;
  const expected = `a shape of ${String(size)} elements, as ${shapeText(old)} has`;
  throw new ArgumentError(`reshape: expected ${expected}, got ${shapeText(shape)}`);
}
