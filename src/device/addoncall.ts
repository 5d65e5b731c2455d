/**
 * What the addon is told of a call: numbers, ranges, plans, and the control block by which others see how far the call
 * is and stop it. Plans go flat, sizes in one array and optional tables, because reading the properties of an object
 * costs more than a tiny call. Must not know the addon.
 */
import { sharedBytes } from "../platform/process";

/** Numbers of one dtype, contiguous: "float32" is Float32Array, "float64" is Float64Array. */
export type RealData = Float32Array | Float64Array;

declare const brand: unique symbol;

/** A loaded routine: opaque, valid in every thread of this process, never unloaded. */
export type NativeRoutine = number & { readonly [brand]: "routine" };

/** Integers as the addon takes them: below 2^53, and never negative. */
export type Integers = Int32Array | Float64Array;

/**
 * Block-sparse ranges in KeOps's form: row interval k is reduced over the column intervals `slices[k - 1] ..
 * slices[k]`. Row intervals must not overlap. Rows in no interval are not written: fill `out` beforehand.
 */
export interface Ranges {
  /** `[n, 2]`: begin and end of every row interval. */
  readonly rows: Integers;
  /** `[n]`: cumulative counts of column intervals. */
  readonly slices: Integers;
  /** `[m, 2]`: begin and end of every column interval. */
  readonly columns: Integers;
}

/**
 * Indices of columns that stand in another order, in the form in which reductions read them: an argument whose numbers
 * are integers of the same size, bit by bit, so that they take the way of all arguments. @param indices of at least 0.
 */
export function ranksOf(indices: Int32Array, dtype: "float32" | "float64"): RealData {
  if (dtype === "float32") return new Float32Array(indices.slice().buffer);
  const wide = new Float64Array(indices.length);
  const low = new Int32Array(wide.buffer);
  for (let n = 0; n < indices.length; n++) low[2 * n] = indices[n]!;
  return wide;
}

/** The indices that such numbers stand for. */
export function indicesIn(ranks: RealData): (column: number) => number {
  const { buffer, byteOffset, byteLength, BYTES_PER_ELEMENT } = ranks;
  const low = new Int32Array(buffer, byteOffset, byteLength / 4);
  return (column) => low[(column * BYTES_PER_ELEMENT) / 4]!;
}

/** A dimension of a batch, and by how many elements a step along it moves the begin of each argument, then of `out`. */
export interface BatchAxis {
  readonly length: number;
  readonly steps: readonly number[];
}

/**
 * How a reduction is cut into units of work; it alone decides the result to the last bit, the thread count never does.
 */
export interface Plan {
  /** Rows (kept) of one batch entry. */
  readonly rows: number;
  /** Columns (reduced over) of one batch entry. */
  readonly columns: number;
  /** Rows of a unit at most: best a multiple of the routine's row grain. */
  readonly blockRows: number;
  /** Columns of a unit at most; not used with ranges. A block of more columns is cut into parts, merged in order. */
  readonly chunkColumns: number;
  /** Units that a thread takes at a time. */
  readonly unitsPerTask: number;
  /** Outermost first; one entry, which begins at 0 everywhere, if absent. Entries must not overlap in `out`. */
  readonly batch?: readonly BatchAxis[] | undefined;
  /** Ranges of every entry of the batch; all pairs if absent. */
  readonly ranges?: Ranges | undefined;
}

/** The pairs that `block` evaluates, of arrays with `rows` rows and `columns` columns. */
export interface Rectangle {
  readonly rows: number;
  readonly columns: number;
  readonly firstRow: number;
  readonly endRow: number;
  readonly firstColumn: number;
  readonly endColumn: number;
}

/** The dimensions of a batch, outermost first; one entry if absent. */
interface Batched {
  readonly batch?: readonly BatchAxis[] | undefined;
}

/** The pairs of one entry: all of them, or those of the ranges. */
interface Visiting {
  readonly rows: number;
  readonly columns: number;
  readonly ranges?: Ranges | undefined;
}

/** How many entries the batch of a call has. */
export function entriesOf({ batch = [] }: Batched): number {
  return batch.reduce((entries, { length }) => entries * length, 1);
}

/** How many pairs are visited in every entry. */
export function visitedPairs({ rows, columns, ranges }: Visiting): number {
  if (!ranges) return rows * columns;
  let pairs = 0;
  for (let k = 0, n = 0; k < ranges.slices.length; k++) {
    const height = ranges.rows[2 * k + 1]! - ranges.rows[2 * k]!;
    for (; n < ranges.slices[k]!; n++) pairs += height * (ranges.columns[2 * n + 1]! - ranges.columns[2 * n]!);
  }
  return pairs;
}

/** The first element of entry number `entry` in argument `n`, or in `out` where `n` is the number of arguments. */
export function beginOf({ batch = [] }: Batched, entry: number, n: number): number {
  let [begin, rest] = [0, entry];
  for (let axis = batch.length - 1; axis >= 0; axis--) {
    const { length, steps } = batch[axis]!;
    begin += (rest % length) * steps[n]!;
    rest = Math.floor(rest / length);
  }
  return begin;
}

/** Axes of the batch, `[axes, 1 + steps]`, and ranges. */
export type Tables = readonly [Float64Array, ...(readonly [] | readonly [Integers, Integers, Integers])];

export const sizesOf = (plan: Plan): Float64Array =>
  Float64Array.of(plan.rows, plan.columns, plan.blockRows, plan.chunkColumns, plan.unitsPerTask, 0);

/** Reused from call to call: the addon reads it before anything else can run. */
const sizes = new Float64Array(6);

export function rectangleSizes(rectangle: Rectangle): Float64Array {
  sizes[0] = rectangle.rows;
  sizes[1] = rectangle.columns;
  sizes[2] = rectangle.firstRow;
  sizes[3] = rectangle.endRow;
  sizes[4] = rectangle.firstColumn;
  sizes[5] = rectangle.endColumn;
  return sizes;
}

export function tablesOf({ batch = [], ranges }: Plan): Tables | undefined {
  if (!ranges && batch.length === 0) return undefined;
  const axes = Float64Array.from(batch.flatMap(({ length, steps }) => [length, ...steps]));
  return ranges ? [axes, ranges.rows, ranges.slices, ranges.columns] : [axes];
}

// ------------------------------------------------------------------------------------------------------- control

/** `[cancel flag, units done, units total, reserved]` over shared memory; made by `newControl`. */
export type Control = Int32Array;

/** A new control block, for one call at a time. */
export function newControl(): Control {
  return new Int32Array(sharedBytes(16));
}

/** Stops the call that runs with this control block, from any thread, within one unit of work. */
export function cancel(control: Control): void {
  Atomics.store(control, 0, 1);
}

/** What part of the call that runs with this control block is done, from 0 to 1. */
export function progress(control: Control): number {
  const total = Atomics.load(control, 2);
  return total === 0 ? 0 : Atomics.load(control, 1) / total;
}
