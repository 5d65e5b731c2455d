/**
 * The arguments of a call: arrays held against the aliases that declare them, and against each other.
 */
import { checkArray, described } from "../array/check";
import { allocate, contiguous, dtypeOf, shapeText, wrap } from "../array/view";
import type { Dtype, RealArray } from "../array/view";
import { commonBatch, rankOf } from "./batch";
import { ArgumentError } from "../errors";
import { label } from "../formula/arguments";
import type { Argument } from "../formula/arguments";
import { Category } from "../formula/formula";

/** Of i and of j. */
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
  return given.map((value, n) => asArray(args[n]!, value, dtype));
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
  const dtype = dtypeOf(checkArray(label(args[0]!), arrays[0]));
  const extents: [number, number] = [...unseen];
  const firsts: (Argument | undefined)[] = [undefined, undefined];
  for (let n = 0; n < arrays.length; n++) {
    const array = n === 0 ? arrays[0]! : checkArray(label(args[n]!), arrays[n]);
    if (dtypeOf(array) !== dtype) throw mixedDtypes(args[0]!, dtype, args[n]!, array);
    checkShapeOf(args[n]!, array.shape, extents, firsts);
  }
  return { arrays, dtype, extents, batch: commonBatch(args, arrays) };
}

/** The same numbers in memory of their own. */
export const copied = (given: Given): Given => ({ ...given, arrays: given.arrays.map(copyOf) });

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
  const extent = first && extents[argument.category];
  const lead = got.length > rankOf(argument) ? "..., " : "";
  const because = first ? ` as ${label(first)} has ${extent!} rows` : "";
  const expected = `shape [${lead}${expectedShape(argument, extent)}]${because}`;
  return new ArgumentError(`${label(argument)}: expected ${expected}, got ${shapeText(got)}`);
}

function mixedDtypes(first: Argument, dtype: Dtype, argument: Argument, array: RealArray): ArgumentError {
  return new ArgumentError(
    `${label(argument)}: expected ${dtype} as ${label(first)} has, got ${dtypeOf(array)}: convert it with astype(x, "${dtype}")`,
  );
}
