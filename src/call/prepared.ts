/**
 * What a call is given, checked once: arrays held against the aliases that declare them and against each other, and options that say where it runs
 * and which pairs it visits.
 */
import { checkArray, described } from "../array/check";
import { checkDevice, deviceOf, isOnDevice } from "../array/device";
import { checkRanges } from "../array/ranges";
import type { BlockRanges, CheckedRanges } from "../array/ranges";
import { allocate, contiguous, dtypeOf, shapeText, wrap } from "../array/view";
import type { Dtype, RealArray } from "../array/view";
import type { BackendName, Compile } from "../engine/backend";
import type { KeptPlans } from "../engine/keptplans";
import type { Real } from "../engine/native";
import type { Begun } from "../engine/routine";
import { ArgumentError, DeviceError } from "../errors";
import { label } from "../formula/arguments";
import type { Argument } from "../formula/arguments";
import { Category } from "../formula/formula";
import { reductionNamed } from "../formula/reductions";
import type { Reduction, SumScheme } from "../formula/reductions";
import { commonBatch, rankOf } from "./batch";

// -------------------------------------------------------------------------------------------------------- settings

/** The checked options of a reduction. */
export interface Settings {
  readonly reduction: Reduction;
  /** The K of the K best; 1 where there is none. */
  readonly k: number;
  /** The kept index: I for axis 1. */
  readonly rows: Category.I | Category.J;
  readonly sumScheme: SumScheme;
  readonly accumulator: "auto" | Dtype;
}

/** Sums over j in the default way. */
export const PLAIN_SUM: Settings = {
  reduction: reductionNamed("Sum"),
  k: 1,
  rows: Category.I,
  sumScheme: "block",
  accumulator: "auto",
};

// ---------------------------------------------------------------------------------------------------------- arrays

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
  const dtype = dtypeOf(checkArray(() => label(args[0]!), arrays[0]));
  const extents: [number, number] = [...unseen];
  const firsts: (Argument | undefined)[] = [undefined, undefined];
  for (let n = 0; n < arrays.length; n++) {
    const array = n === 0 ? arrays[0]! : checkArray(() => label(args[n]!), arrays[n]);
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

// --------------------------------------------------------------------------------------------------------- options

/** Where and how one call runs. */
export interface CallOptions<T extends Real = Real> {
  /** `"auto"` (the default) takes the fastest that can run; one that is named and cannot run is a DeviceError. */
  readonly backend?: "auto" | BackendName | undefined;
  /**
   * The number of a GPU, from 0, which implies the backend `"cuda"`: where a call of arrays of the machine runs. Default 0. `"all"` shares the
   * entries of its batch, or its rows, over all devices, with the same result to the last bit.
   */
  readonly device?: number | "all" | undefined;
  /**
   * With the backend `"auto"`: `"auto"` (the default, or TSKEOPS_COMPILE) runs a formula by precompiled kernels until compiling it pays, in the
   * background; `"always"` compiles it before its first call; `"never"` does not. The ways agree to rounding.
   */
  readonly compile?: Compile | undefined;
  /**
   * The pairs (i, j) to visit, as KeOps's six integer arrays; all by default. With batches they hold for every entry. Rows that visit
   * nothing get what the reduction gives without columns: 0 for sums, infinity for minima, an index of -1.
   */
  readonly ranges?: BlockRanges | null | undefined;
  /** An array of the shape and dtype of the result's numbers to write into; it must not share memory with an argument. */
  readonly out?: RealArray<T> | null | undefined;
}

export const CALL_OPTIONS: readonly string[] = Object.keys({
  backend: true,
  device: true,
  compile: true,
  ranges: true,
  out: true,
} satisfies Record<keyof CallOptions, true>);

/** The same, checked, for a call and all its derivatives. */
export interface How {
  readonly backend?: CallOptions["backend"];
  readonly device?: CallOptions["device"];
  readonly compile?: CallOptions["compile"];
  /** How often the call will be repeated, about: solvers do. */
  readonly repeats?: number;
  readonly begun?: Begun;
  readonly ranges?: CheckedRanges | undefined;
  /** Of calls that differ in their arrays alone. */
  readonly kept?: KeptPlans;
}

/** @throws ArgumentError for ranges that do not fit the extents of i and j, and a number of no device. */
export function howOf({ backend, device, compile, ranges }: CallOptions, extents: Extents): How {
  checkName("backend", backend);
  checkName("compile", compile);
  if (device !== undefined) checkPlace(backend, device);
  return {
    backend: device === undefined ? backend : "cuda",
    device,
    compile,
    ranges: ranges === undefined || ranges === null ? undefined : checkRanges(ranges, extents),
    begun: new Map(),
  };
}

/** Which names there are is known where one is looked up. */
function checkName(option: "backend" | "compile", name: unknown): void {
  if (name === undefined || name === null || typeof name === "string") return;
  throw new ArgumentError(`${option}: expected a name such as "auto", got ${described(name)}`);
}

function checkPlace(backend: CallOptions["backend"], device: number | "all"): void {
  if (backend !== undefined && backend !== "auto" && backend !== "cuda")
    throw new ArgumentError(`device: expected backend "cuda" with it, got ${described(backend)}`);
  checkDevice("device", device === "all" ? 0 : device);
}

/** A call runs where its arrays are, whatever else its options say. @throws DeviceError where it was to run elsewhere. */
export function followArrays<O extends Pick<How, "backend" | "device">>(arrays: readonly RealArray[], options: O): O {
  if (!arrays.some(isOnDevice)) return options;
  const { backend = "auto", device } = options;
  const own = commonDevice(arrays);
  if (backend !== "auto" && backend !== "cuda")
    throw new DeviceError(
      `backend "${backend}": expected arrays of the machine, got some on a device: take them to toHost(x)`,
    );
  if (device !== undefined && device !== own)
    throw new DeviceError(`device: expected ${own}, where the arrays are, got ${JSON.stringify(device)}`);
  return { ...options, backend: "cuda", device: own };
}

/** Where those of a device are. @throws DeviceError for several. */
function commonDevice(arrays: readonly RealArray[]): number {
  const devices = [...new Set(arrays.filter(isOnDevice).map(deviceOf))];
  if (devices.length > 1)
    throw new DeviceError(`backend "cuda": expected arrays on one device, got some on ${devices.join(" and ")}`);
  return devices[0]!;
}
