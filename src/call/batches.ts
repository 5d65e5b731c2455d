/**
 * Batches: leading dimensions in front of the rows of every array. Each entry is a call of its own over the same
 * routine; dimensions of length 1 serve all entries. The one idea is a stride of 0: it tells where an entry begins in
 * memory that is never copied, and, walked the other way, where the gradients of several entries add up.
 */
import { scatterAdd } from "../array/tape";
import { commonShape, insertAxis, positions, sameShape, shapeText, sizeOf, viewOf } from "../array/view";
import type { RealArray } from "../array/view";
import type { BatchAxis } from "../device/native";
import { at } from "../asserts";
import { ArgumentError } from "../errors";
import { label } from "../formula/arguments";
import type { Argument } from "../formula/arguments";
import { Category } from "../formula/formula";

const leadingShape = (argument: Argument, shape: readonly number[]): readonly number[] =>
  shape.slice(0, shape.length - argument.rank);

/**
 * The batch dimensions of a call, broadcast as in NumPy: aligned at their end, each of length 1 or the common length;
 * what an array lacks in front has length 1. Arrays have the shapes of their aliases otherwise. @throws ArgumentError
 * that names the argument.
 */
export function commonBatch(args: readonly Argument[], arrays: readonly RealArray[]): readonly number[] {
  let common: readonly number[] = [];
  for (const [n, argument] of args.entries()) {
    const own = leadingShape(argument, at(arrays, n).shape);
    const both = commonShape(common, own);
    if (!both) throw otherLengths(argument, own, common);
    common = both;
  }
  return common;
}

function otherLengths(argument: Argument, own: readonly number[], common: readonly number[]): ArgumentError {
  const expected = `batch dimensions that broadcast with those of the arrays before, ${shapeText(common)}`;
  return new ArgumentError(`${label(argument)}: expected ${expected}, got ${shapeText(own)}`);
}

/** The shape as seen from `batchRank` batch dimensions, rows and components: what is not there has length 1. */
function alignShape(argument: Argument, shape: readonly number[], batchRank: number): number[] {
  const own = leadingShape(argument, shape);
  const rows = argument.category === Category.P ? [1] : [];
  return [...new Array<number>(batchRank - own.length).fill(1), ...own, ...rows, ...shape.slice(own.length)];
}

/** Strides of row-major memory, 0 where an axis repeats. */
const repeating = (shape: readonly number[]): number[] =>
  shape.map((length, axis) => (length === 1 ? 0 : sizeOf(shape.slice(axis + 1))));

/** `[entries]`: where each entry begins in the row-major memory of an argument. */
export function startsIn(argument: Argument, shape: readonly number[], batch: readonly number[]): Uint32Array {
  const stride = repeating(alignShape(argument, shape, batch.length)).slice(0, batch.length);
  return positions({ shape: batch, stride, offset: 0 });
}

/** The batch dimensions as the engine takes them, for a result with `size` numbers per entry. */
export function axesOf(
  args: readonly Argument[],
  arrays: readonly RealArray[],
  batch: readonly number[],
  size: number,
): readonly BatchAxis[] {
  const strides = args.map((argument, n) => repeating(alignShape(argument, at(arrays, n).shape, batch.length)));
  const ofResult = repeating([...batch, size]);
  return batch.map((length, axis) => ({ length, steps: [...strides, ofResult].map((stride) => at(stride, axis)) }));
}

/** One entry of an argument, as a view without batch dimensions. */
export function entryOf(argument: Argument, array: RealArray, batch: readonly number[], entry: number): RealArray {
  const own = leadingShape(argument, array.shape);
  const lacking = batch.length - own.length;
  let [offset, rest] = [array.offset, entry];
  for (const [axis, length] of [...batch.entries()].reverse()) {
    if (axis >= lacking && own[axis - lacking] !== 1) offset += (rest % length) * at(array.stride, axis - lacking);
    rest = Math.floor(rest / length);
  }
  return viewOf(array, { shape: array.shape.slice(own.length), stride: array.stride.slice(own.length), offset });
}

/**
 * The gradient by an argument: `[...batch, rows, dim]` summed over the entries, and for parameters the rows, that it
 * served.
 */
export function summedTo(gradient: RealArray, argument: Argument, shape: readonly number[]): RealArray {
  if (sameShape(gradient.shape, shape)) return gradient;
  const stride = repeating(alignShape(argument, shape, gradient.shape.length - 2));
  return scatterAdd(gradient, positions({ shape: gradient.shape, stride, offset: 0 }), shape);
}

/**
 * Seen as entries with one i each: `[..., M, 1, dim]` for Vi, `[..., 1, N, dim]` for Vj, `[..., 1, dim]` for
 * parameters.
 */
export function entryPerRow(argument: Argument, array: RealArray): RealArray {
  const rank = array.shape.length;
  if (argument.category === Category.P) return rank === argument.rank ? array : insertAxis(array, rank - 1);
  return insertAxis(array, argument.category === Category.I ? rank - 1 : rank - 2);
}
