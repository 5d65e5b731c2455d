/**
 * What a call is given, checked once: arrays held against the aliases that declare them and against each other, and
 * options that say where it runs and which pairs count. Must not know reductions.
 */
import { arrayIn, checkArray, described, dtypeAmong, isList } from "../array/check";
import type { NumberList } from "../array/check";
import { checkRanges } from "../array/ranges";
import type { BlockRanges, CheckedRanges } from "../array/ranges";
import type { Ranks } from "../array/exchange";
import { shapeOfAll, shardOf, sumOf } from "../array/shard";
import type { Shard } from "../array/shard";
import { allocate, contiguous, dtypeOf, wrap } from "../array/view";
import type { Dtype, RealArray } from "../array/view";
import { BACKEND_NAMES, checkPlace } from "../device/devices";
import type { BackendName, Place } from "../device/devices";
import type { Begun } from "../device/routine";
import type { Call, KeptPlans } from "../device/device";
import type { RealData } from "../device/native";
import { at } from "../asserts";
import { ArgumentError } from "../errors";
import { label } from "../formula/arguments";
import type { Argument } from "../formula/arguments";
import { Category } from "../formula/formula";
import { isAtLeast } from "../options";
import type { OptionsOf } from "../options";
import { commonBatch } from "./batches";

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
  /** Who shares the rows of what is computed of these arrays; all rows are computed here if absent. */
  readonly ranks?: Ranks | undefined;
  /** Whose rows the arrays of i and of j are, where others' travel. */
  readonly shards?: How["shards"];
}

/**
 * Numbers become arrays `[1]`, lists become arrays; everything else is checked later. @throws ArgumentError for a wrong
 * count.
 */
export function arraysOf(args: readonly Argument[], given: readonly unknown[]): RealArray[] {
  if (given.length !== args.length) throw wrongCount(args, given.length);
  const dtype = dtypeAmong(given) ?? "float32";
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
    checkShapeOf(argument, array, extents, firsts);
  }
  if (!dtype) throw new Error("tskeops has a bug: a call without arguments");
  return { arrays, dtype, extents, batch: batchOf(args, arrays) };
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
  array: RealArray,
  extents: [number, number],
  firsts: (Argument | undefined)[],
): void {
  const { category, dim } = argument;
  const { shape } = array;
  const rank = argument.rank;
  if (shape.length < rank || shape.at(-1) !== dim) throw wrongShape(argument, array, extents, firsts);
  if (category === Category.P) return;
  const rows = shape.at(-rank)!;
  if (firsts[category] && rows !== extents[category]) throw wrongShape(argument, array, extents, firsts);
  extents[category] = rows;
  firsts[category] ??= argument;
}

const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`;

function wrongCount(args: readonly Argument[], got: number): ArgumentError {
  const names = args.map(label).join(", ");
  return new ArgumentError(`call: expected ${plural(args.length, "array")}: ${names}; got ${plural(got, "argument")}`);
}

/** A number stands for an array `[1]`, where a Pm(1) is expected; a list for an array. */
function asArray(argument: Argument, value: unknown, dtype: Dtype): RealArray {
  if (isList(value)) return arrayIn(() => label(argument), value as NumberList, dtype);
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
  array: RealArray,
  extents: readonly number[],
  firsts: readonly (Argument | undefined)[],
): ArgumentError {
  const shard = shardOf(array);
  // Arrays of an index are shards of the same rows.
  const rowsOfAll = (rows: number): number => (shard ? sumOf(shard.counts) : rows);
  const first = firsts[argument.category];
  const extent = first && rowsOfAll(at(extents, argument.category));
  const lead = array.shape.length > argument.rank ? "..., " : "";
  const because = first && extent !== undefined ? ` as ${label(first)} has ${extent} rows` : "";
  const expected = `shape [${lead}${expectedShape(argument, extent)}]${because}`;
  return new ArgumentError(`${label(argument)}: expected ${expected}, got ${shapeOfAll(array)}`);
}

function mixedDtypes(first: Argument, dtype: Dtype, argument: Argument, array: RealArray): ArgumentError {
  return new ArgumentError(
    `${label(argument)}: expected ${dtype} as ${label(first)} has, got ${dtypeOf(array)}: convert it with astype(x, "${dtype}")`,
  );
}

const NO_BATCH: readonly number[] = [];

function batchOf(args: readonly Argument[], arrays: readonly RealArray[]): readonly number[] {
  const isSingle = args.every((argument, n) => arrays[n]!.shape.length === argument.rank);
  return isSingle ? NO_BATCH : commonBatch(args, arrays);
}

// --------------------------------------------------------------------------------------------------------- options

/** Where and how one call runs. */
export const CALL = {
  /** `"auto"` (the default) takes the fastest that can run; one that is named and cannot run is a DeviceError. */
  backend: { kind: ["auto", ...BACKEND_NAMES] as readonly ("auto" | BackendName)[], default: "auto" },
  /**
   * The number of a GPU, from 0, which implies the backend `"cuda"`: where a call of arrays of the machine runs.
   * Default 0. `"all"` shares the entries of its batch, or its rows, over all devices, with the same result to the last
   * bit.
   */
  device: {
    expected: 'the number of a device, or "all"',
    accepts: (value: unknown): value is number | "all" =>
      value === "all" || (isAtLeast(0, value) && Number.isInteger(value)),
  },
  /**
   * With the backend `"auto"`: `"auto"` (the default, or TSKEOPS_COMPILE) runs a formula by precompiled kernels until
   * compiling it pays, in the background; `"always"` compiles it before its first call; `"never"` does not. The ways
   * agree to rounding.
   */
  compile: { kind: ["auto", "never", "always"] },
  /**
   * The pairs (i, j) to visit, as KeOps's six integer arrays; all by default. With batches they hold for every entry.
   * Rows that visit nothing get what the reduction gives without columns: 0 for sums, infinity for minima, an index of
   * -1.
   */
  ranges: {
    expected: "six integer arrays",
    accepts: (value: unknown): value is BlockRanges | null => value !== undefined, // checked with the arrays of a call
  },
  /**
   * Minima, maxima, the K best and their indices are found from fewer pairs where counting them says that it pays, with
   * the result of all pairs to the last bit: `"auto"` (the default). `"never"` computes all pairs.
   */
  prune: { kind: ["auto", "never"] },
  /**
   * The relative error that a sum may have, such as 1e-3: the Euclidean norm of the error over that of the result, over
   * all rows. Sums then take time that grows with M + N where the formula allows it. By default, and with 0, all pairs
   * are computed.
   */
  tolerance: {
    expected: "a number of at least 0 and below 1",
    accepts: (value: unknown): value is number => isAtLeast(0, value) && value < 1,
  },
  /**
   * How a rank of several gets columns that are a shard, and the points of a solve. `"gather"`: all before the call.
   * `"travel"`: some at a time, while those before them compute, so that no machine needs memory for all. `"auto"` (the
   * default) gathers up to 256 MB. Exact sums have the same bits; those with a tolerance, and preconditioners of solves,
   * round elsewhere.
   */
  columns: { kind: ["auto", "gather", "travel"] },
  /**
   * An array of the shape and dtype of the result's numbers to write into; it must not share memory with an argument.
   */
  out: {
    expected: "an array of the shape of the result",
    accepts: (value: unknown): value is RealArray | null => value !== undefined, // checked with the arrays of a call
  },
} as const;

/** Where and how one call runs. */
export type CallOptions<T extends RealData = RealData> = OptionsOf<typeof CALL, RealArray, RealArray<T>>;

/** Where a call and all its derivatives run, and which pairs they visit, checked. */
export interface How extends Place {
  readonly compile?: CallOptions["compile"];
  /** How often the call will be repeated, about: solvers do. */
  readonly repeats?: number;
  readonly begun?: Begun;
  readonly ranges?: CheckedRanges | undefined;
  /** Those of all rows, where `ranges` are those of some. */
  readonly rangesOfAll?: CheckedRanges | undefined;
  readonly prune?: CallOptions["prune"];
  readonly tolerance?: number | undefined;
  /** Tables that calls share which differ in their arrays alone. */
  readonly kept?: KeptPlans;
  /** Who shares the rows of calls without batch dimensions. */
  readonly ranks?: Ranks | undefined;
  /** The call that the rows are a part of. */
  readonly partOf?: Call["partOf"];
  /** Whose rows the arrays of i and of j are: those that are reduced over travel. */
  readonly shards?: readonly [Shard | undefined, Shard | undefined] | undefined;
}

/**
 * @param place checks where it is to run.
 * @throws ArgumentError for ranges that do not fit the extents of i and j, and a number of no device.
 */
export function checkPlacement(
  options: CallOptions,
  { extents, ranks, shards }: Pick<Given, "extents" | "ranks" | "shards">,
  place: typeof checkPlace = checkPlace,
): How {
  const { compile, ranges, prune, tolerance } = options;
  const { backend, device } = options.device === undefined ? options : place(options);
  return {
    backend,
    device,
    compile,
    ranges: ranges === undefined || ranges === null ? undefined : checkRanges(ranges, extents),
    prune,
    tolerance,
    begun: new Map(),
    ranks,
    shards,
  };
}
