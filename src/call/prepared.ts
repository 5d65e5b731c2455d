/**
 * What a call is given, checked once: arrays held against the aliases that declare them and against each other, and
 * their batches. Must not know reductions.
 */
import { checkArray, described } from "../array/check";
import { scatterAdd } from "../array/tape";
import {
  allocate,
  commonShape,
  contiguous,
  dtypeOf,
  insertAxis,
  positions,
  sameShape,
  shapeText,
  sizeOf,
  viewOf,
  wrap,
} from "../array/view";
import type { Dtype, RealArray } from "../array/view";
import type { BatchAxis } from "../device/native";
import { at } from "../asserts";
import { ArgumentError } from "../errors";
import { label } from "../formula/arguments";
import type { Argument } from "../formula/arguments";
import { Category } from "../formula/formula";

// ---------------------------------------------------------------------------------------------------------- arrays

/** Number of rows i, and of rows j. */
export type Extents = readonly [number, number];

/** What a call was given, checked. */
export interface Given {
  /** In argument order; numbers have become arrays. */
  readonly arrays: readonly RealArray[];
  readonly dtype: Dtype;
  readonly extents: Extents;
  /** The leading dimensions of the result, `[]` without batches. */
  readonly batch: readonly number[];
}

/** Numbers become arrays `[1]`; everything else is checked later. @throws ArgumentError for a wrong count. */
export function arraysOf(args: readonly Argument[], given: readonly unknown[]): RealArray[] {
  if (given.length !== args.length) throw wrongCount(args, given.length);
  const dtype = dtypeAmong(given);
  return args.map((argument, n) => asArray(argument, given[n], dtype));
}

/**
 * @param unseen extents of i and j where no array tells them.
 * @throws ArgumentError that names the argument, unless dtypes and shapes fit the aliases and each other.
 */
export function checkArguments(
  args: readonly Argument[],
  arrays: readonly RealArray[],
  unseen: Extents = [1, 1],
): Given {
  let dtype: Dtype | undefined;
  const extents: [number, number] = [...unseen];
  const firsts: (Argument | undefined)[] = [undefined, undefined];
  for (let n = 0; n < args.length; n++) {
    const argument = args[n]!;
    const array = checkArray(() => label(argument), arrays[n]);
    dtype ??= dtypeOf(array);
    if (dtypeOf(array) !== dtype) throw mixedDtypes(at(args, 0), dtype, argument, array);
    checkShapeOf(argument, array.shape, extents, firsts);
  }
  if (!dtype) throw new Error("tskeops has a bug: a call without arguments");
  return { arrays, dtype, extents, batch: commonBatch(args, arrays) };
}

/** Copies the arrays, so that the caller may change its own. */
export const copyArguments = (given: Given): Given => ({ ...given, arrays: given.arrays.map(copyOf) });

export function copyOf(array: RealArray): RealArray {
  const data = contiguous(array);
  return wrap(data.buffer === array.data.buffer ? data.slice() : data, array.shape);
}

/** The first array of a category fixes its extent for the others. */
function checkShapeOf(
  argument: Argument,
  shape: readonly number[],
  extents: [number, number],
  firsts: (Argument | undefined)[],
): void {
  const { category, dim } = argument;
  const rank = rankOf(argument);
  if (shape.length < rank || shape.at(-1) !== dim) throw wrongShape(argument, shape, extents, firsts);
  if (category === Category.P) return;
  const rows = shape.at(-rank)!;
  if (firsts[category] && rows !== extents[category]) throw wrongShape(argument, shape, extents, firsts);
  extents[category] = rows;
  firsts[category] ??= argument;
}

const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`;

function wrongCount(args: readonly Argument[], got: number): ArgumentError {
  const names = args.map(label).join(", ");
  return new ArgumentError(`call: expected ${plural(args.length, "array")}: ${names}; got ${plural(got, "argument")}`);
}

/** The dtype of the first array, for numbers to follow; float32 where there is none. */
function dtypeAmong(given: readonly unknown[]): Dtype {
  const data = given.map((value) => (value as { data?: unknown } | null | undefined)?.data);
  const first = data.find((d) => d !== undefined);
  return first instanceof Float64Array || (first as { BYTES_PER_ELEMENT?: number } | undefined)?.BYTES_PER_ELEMENT === 8
    ? "float64"
    : "float32";
}

/** A number stands for an array `[1]`, where a Pm(1) is expected. */
function asArray(argument: Argument, value: unknown, dtype: Dtype): RealArray {
  if (typeof value !== "number") return value as RealArray;
  if (argument.category === Category.P && argument.dim === 1) return wrap(allocate(dtype, 1).fill(value), [1]);
  const expected = `an array [${expectedShape(argument)}]`;
  throw new ArgumentError(`${label(argument)}: expected ${expected}, got ${described(value)}`);
}

/** The shape that an argument of one entry must have. */
function expectedShape({ category, dim }: Argument, extent?: number): string {
  return category === Category.P ? `${dim}` : `${extent ?? (category === Category.I ? "M" : "N")}, ${dim}`;
}

/** The extent is a number where an earlier argument has fixed it. */
function wrongShape(
  argument: Argument,
  got: readonly number[],
  extents: readonly number[],
  firsts: readonly (Argument | undefined)[],
): ArgumentError {
  const first = firsts[argument.category];
  const extent = first && at(extents, argument.category);
  const lead = got.length > rankOf(argument) ? "..., " : "";
  const because = first && extent !== undefined ? ` as ${label(first)} has ${extent} rows` : "";
  const expected = `shape [${lead}${expectedShape(argument, extent)}]${because}`;
  return new ArgumentError(`${label(argument)}: expected ${expected}, got ${shapeText(got)}`);
}

function mixedDtypes(first: Argument, dtype: Dtype, argument: Argument, array: RealArray): ArgumentError {
  return new ArgumentError(
    `${label(argument)}: expected ${dtype} as ${label(first)} has, got ${dtypeOf(array)}: convert it with astype(x, "${dtype}")`,
  );
}

// --------------------------------------------------------------------------------------------------------- batches
// Leading dimensions in front of the rows of every array. Each entry is a call of its own over the same routine;
// dimensions of length 1 serve all entries. The one idea is a stride of 0: it tells where an entry begins in memory
// that is never copied, and, walked the other way, where the gradients of several entries add up.

/** Dimensions of one entry of an argument: rows and components, or components alone. */
export const rankOf = ({ category }: Argument): number => (category === Category.P ? 1 : 2);

const NONE: readonly number[] = [];

const leadingShape = (argument: Argument, shape: readonly number[]): readonly number[] =>
  shape.slice(0, shape.length - rankOf(argument));

/**
 * The batch dimensions of a call, broadcast as in NumPy: aligned at their end, each of length 1 or the common length;
 * what an array lacks in front has length 1. Arrays have the shapes of their aliases otherwise. @throws ArgumentError
 * that names the argument.
 */
export function commonBatch(args: readonly Argument[], arrays: readonly RealArray[]): readonly number[] {
  if (args.every((argument, n) => arrays[n]!.shape.length === rankOf(argument))) return NONE;
  let common = NONE;
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
  if (argument.category === Category.P) return rank === rankOf(argument) ? array : insertAxis(array, rank - 1);
  return insertAxis(array, argument.category === Category.I ? rank - 1 : rank - 2);
}
