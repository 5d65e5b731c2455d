/**
 * What a reduction gives: the settings that say so, the arrays that a call writes, new ones or one that the caller gave,
 * checked, and how a call that is ready comes to its result.
 */
import { checkArray, checkReach, checkShape } from "../array/check";
import type { Int32NdArray } from "../array/integers";
import { areLocals, checkOut, localAmong, markLocal } from "../array/record";
import {
  contiguous,
  dtypeOf,
  isContiguous,
  overlaps,
  positions,
  sameShape,
  shapeText,
  sizeOf,
  wrap,
  wrapBeside,
} from "../array/view";
import type { ArrayOf, Dtype, RealArray } from "../array/view";
import { asserted, at } from "../asserts";
import type { Call as DeviceCall, Routine } from "../device/device";
import { memoryAmong, memoryOf } from "../device/memory";
import type { ElementType } from "../device/memory";
import type { RealData } from "../device/native";
import { ArgumentError } from "../errors";
import { label } from "../formula/arguments";
import type { Argument } from "../formula/arguments";
import { Category } from "../formula/formula";
import { sum } from "../formula/reductions";
import type { Extent, Reduction, SumScheme } from "../formula/reductions";
import { waitFor } from "../task";
import type { Task, TwoForms } from "../task";
import type { Given, How } from "./prepared";

/** Which of i and j is kept; the other one is reduced over. */
export type Kept = Category.I | Category.J;

export const otherOf = (kept: Kept): Kept => (kept === Category.I ? Category.J : Category.I);

/** The checked options of a reduction. */
export interface Settings {
  readonly reduction: Reduction;
  /** The K of the K best; 1 where there is none. */
  readonly k: number;
  /** The kept index: I for axis 1. */
  readonly rows: Kept;
  readonly sumScheme: SumScheme;
  readonly accumulator: "auto" | Dtype;
  /** What messages about derivatives call it; "Genred" if absent. */
  readonly where?: string;
}

/** Sums over j in the default way. */
export const PLAIN_SUM: Settings = {
  reduction: sum,
  k: 1,
  rows: Category.I,
  sumScheme: "block",
  accumulator: "auto",
};

/** The indices of columns, exact, where the arguments are. */
export type IndexArray = Int32NdArray;

/** What a call gives: numbers, indices, or both. */
export interface Result {
  readonly values: RealArray | null;
  readonly indices: IndexArray | null;
}

/** A result of both. */
export type Both = { readonly [K in keyof Result]: NonNullable<Result[K]> };

/** @throws Error (a bug of ours) for a result that lacks one. */
export const bothOf = ({ values, indices }: Result): Both => ({
  values: asserted(values, "numbers"),
  indices: asserted(indices, "indices"),
});

/** @throws Error (a bug of ours) for a result without numbers. */
export const valuesOf = ({ values }: Result): RealArray => asserted(values, "numbers");

/** An array for the numbers of a result. @throws ArgumentError if `out` cannot take them. */
export function targetOf(
  given: Given,
  shape: readonly number[],
  out: RealArray | null | undefined,
  args: readonly Argument[],
): RealArray {
  checkShape("result", shape);
  if (out === null || out === undefined) return makeResult(given, given.dtype, shape);
  const checked = checkArray("out", out, given.dtype);
  if (!sameShape(checked.shape, shape))
    throw new ArgumentError(`out: expected shape ${shapeText(shape)}, got ${shapeText(checked.shape)}`);
  if (!memoryOf(checked.data).writesGaps && !isContiguous(checked))
    throw new ArgumentError(`out: expected row-major memory on a device, got stride ${shapeText(checked.stride)}`);
  const shared = given.arrays.findIndex((array) => overlaps(array, checked));
  if (shared >= 0)
    throw new ArgumentError(`out: expected memory of its own, got memory that ${label(at(args, shared))} uses`);
  checkPlaces(checked);
  checkOut("out", checked);
  return areLocals ? markLocal(checked, localAmong(given.arrays)) : checked;
}

/** Where the arguments are. */
function makeResult<E extends ElementType>({ arrays }: Given, type: E, shape: readonly number[]): ArrayOf<E> {
  const memory = memoryAmong(arrays);
  const result = memory.disposable(wrap(memory.allocate(type, sizeOf(shape)), shape));
  return areLocals ? markLocal(result, localAmong(arrays)) : result;
}

function checkPlaces(out: RealArray): void {
  if (isContiguous(out) || new Set(positions(out)).size === sizeOf(out.shape)) return;
  throw new ArgumentError(`out: expected a place of its own for every element, got stride ${shapeText(out.stride)}`);
}

const GIB = 2 ** 30;

/** @throws ArgumentError for an array of more bytes. */
export function checkMemory(shape: readonly number[], dtype: Dtype, maxBytes: number): void {
  const bytes = sizeOf(shape) * (dtype === "float64" ? 8 : 4);
  if (bytes <= maxBytes) return;
  const gib = (size: number): string => `${(size / GIB).toPrecision(3)} GiB`;
  throw new ArgumentError(
    `dense: expected an array of at most ${gib(maxBytes)} (option maxBytes), got shape ${shapeText(shape)} of ${gib(bytes)}`,
  );
}

/** An array for the indices of a result. */
export function indexTargetOf(given: Given, shape: readonly number[]): IndexArray {
  return makeResult(given, "int32", checkShape("result", shape));
}

/**
 * Numbers in row-major order into an array of any strides.
 * @throws ArgumentError where its memory was transferred, or shrunk, while the numbers were computed.
 */
export function fill(target: RealArray, data: RealData): void {
  if (data.buffer === target.data.buffer) return;
  checkReach("out", target);
  memoryOf(target.data).store(target.data, target, data);
  memoryOf(data).free(data);
}

/** Without columns every row is the neutral element, and no index names anything. */
export function fillEmpty({ empty }: Reduction, out: RealData, indices: Int32Array | undefined): void {
  out.fill(empty);
  indices?.fill(-1);
}

/** What the dtype took from values, which stands in the place of indices as the bits of float32 numbers. */
export function restsOf({ values, indices }: Both): RealArray {
  const bits = memoryOf(indices.data).toHost(indices.data);
  const rests = new Float32Array(bits.buffer, bits.byteOffset, bits.length);
  const data = dtypeOf(values) === "float32" ? rests : Float64Array.from(rests);
  return wrapBeside<RealData>(data, values.shape, values);
}

// -------------------------------------------------------------------------------------------------------- running

/** A reduction of checked arrays, in its two forms. */
export type Launch = TwoForms<void>;

/** Of no rows or no columns. */
export const NOTHING: Launch = { now: () => undefined, later: () => Promise.resolve() };

export const launchCall = (routine: Routine, call: DeviceCall): Launch => ({
  now: () => {
    routine.reduce(call);
  },
  later: (control) => routine.reduceAsync({ ...call, control }),
});

/** A reduction of checked arrays, and where its result goes. */
export interface Reduce {
  readonly given: Given;
  readonly how: How;
  readonly out: RealData;
  readonly indices: Int32Array | undefined;
}

/** A call that is ready: what computes it, and what is left to do then. */
export interface Ready extends Launch {
  readonly end: () => Result;
  /** Frees what it has made, where there will be no end. */
  readonly abandon: () => void;
}

/** The result in its turn; a call that fails or is stopped leaves nothing on a device. */
export function* finished(ready: Ready): Task<Result> {
  let result: Result | undefined;
  try {
    yield* waitFor(ready);
    return (result = ready.end());
  } finally {
    if (!result) ready.abandon();
  }
}

export function compute(ready: Ready): Result {
  ready.now();
  return ready.end();
}

export const withoutIndices = (ready: Ready): Ready => ({ ...ready, end: () => ({ ...ready.end(), indices: null }) });

/** Where the numbers of a result are computed: in its own memory, unless others may use that until all is done. */
export const workspaceOf = (values: RealArray, isOwn: boolean): RealData =>
  isOwn ? contiguous(values) : memoryOf(values.data).allocate(dtypeOf(values), sizeOf(values.shape));

/** Rows that are computed together, so that fewer take as long. */
const LANES_ABOUT = 16;

/** What a call computes, as a number of pairs. */
export function loadOf(
  given: Given,
  { repeats = 1, partOf }: How,
  { rows, columns }: { readonly rows: number; readonly columns: number },
): number {
  return sizeOf(given.batch) * Math.ceil((partOf?.rows ?? rows) / LANES_ABOUT) * LANES_ABOUT * columns * repeats;
}

export const asItIs = (result: Result): Result => result;

/** `[...batch, rows, size]`; the K best of a dim above 1 are `[...batch, rows, K, dim]`. */
export const shapesOf =
  ({ batch }: Given, rows: number, { reduction, k }: Settings, { dims: [dim] }: Extent) =>
  (size: number): readonly number[] => [...batch, rows, ...(reduction.takesK && dim > 1 ? [k, dim] : [size])];

// ------------------------------------------------------------------------------------------------------ of fewer pairs

/** How a call gets its result. */
export interface Shortcut {
  /**
   * `"direct"`: from all pairs. `"pruned"`: without blocks that hold no extreme, exactly. `"dropped"`: without blocks
   * whose bounds are below the tolerance. `"split"`: near pairs exactly, and the smooth rest on a grid.
   * `"tree"`: near pairs exactly, and of far cells a few nodes in the place of their points.
   */
  readonly method: "direct" | "pruned" | "dropped" | "split" | "tree";
  /** Why all pairs are computed, in one sentence; null where they are not, or nobody asked for less. */
  readonly whyDirect: string | null;
  /** Pairs (i, j) at which the formula is computed, in all entries of a batch; undefined for all. */
  readonly pairsLeft?: number | undefined;
  /** Numbers that a way has chosen, such as the radius of near pairs, by name. */
  readonly details: Readonly<Record<string, number | readonly number[] | string>>;
}

/** All pairs. */
export const DIRECT: Shortcut = { method: "direct", whyDirect: null, details: {} };
