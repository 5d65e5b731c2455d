/**
 * What a device is: the one interface behind which formulas run, and the calls that its routines take. A file implements
 * it, a row of the table in devices.ts makes it known, and nobody else knows which devices there are.
 */
import type { Specification } from "../codegen/specification";
import type { BatchAxis, Control, Ranges, Real } from "./addoncall";
import type { KeptPlans } from "./keptplans";
import type { Memory } from "./memory";

export interface Device<Name extends string = string> {
  /** What the option `backend` calls it. */
  readonly name: Name;
  /** Why nothing can run here, in one sentence, or null. */
  whyNot(): string | null;
  /** Why this one formula cannot run here, or null. */
  whyNotFormula(specification: Specification): string | null;
  /** What computes calls of a formula. There must be no reason why not. */
  routine(specification: Specification): Routine;
  /**
   * What a formula becomes for it, to be read; undefined where nothing is written. Needs no device, but a formula that
   * can run.
   */
  code(specification: Specification): string | undefined;
  /** Its own memories, which arrays can be taken to; null where it computes in the machine's. */
  readonly memories: Memories | null;
}

/** The memories of devices of one kind, which are numbered from 0. */
export interface Memories {
  /** @throws DeviceError where there is no such device, ArgumentError for a number of none. */
  numbered(where: string, device: number): Memory;
}

// ------------------------------------------------------------------------------------------------ routines and calls

/** Contiguous arrays `[rows | columns | 1, dim]` of the routine's dtype, and where the result goes. */
interface Arrays {
  readonly args: readonly Real[];
  readonly out: Real;
  /** Rows and columns of one entry of the batch. */
  readonly rows: number;
  readonly columns: number;
  readonly control?: Control;
  /** The GPU on which it runs, or that all share its rows, where no array is on one; 0 if absent. */
  readonly device?: number | "all" | undefined;
}

export interface Call extends Arrays {
  /** `[entries, rows, indexDim]`: needed where the reduction gives indices. */
  readonly indices?: Int32Array;
  /** The dimensions of the batch, outermost first; `out` is contiguous. One entry if absent. */
  readonly batch?: readonly BatchAxis[] | undefined;
  /** The pairs to visit, in every entry; they cover every row once. All pairs if absent. */
  readonly ranges?: Ranges | undefined;
  /** Where a GPU keeps what of this call is the same in the next one: all but the arrays. */
  readonly kept?: KeptPlans | undefined;
}

/** How many entries the batch of a call has. */
export function entriesOf({ batch = [] }: Pick<Call, "batch">): number {
  return batch.reduce((entries, { length }) => entries * length, 1);
}

/** How many pairs are visited in every entry. */
export function visitedPairs({ rows, columns, ranges }: Pick<Call, "rows" | "columns" | "ranges">): number {
  if (!ranges) return rows * columns;
  let pairs = 0;
  for (let k = 0, n = 0; k < ranges.slices.length; k++) {
    const height = ranges.rows[2 * k + 1]! - ranges.rows[2 * k]!;
    for (; n < ranges.slices[k]!; n++) pairs += height * (ranges.columns[2 * n + 1]! - ranges.columns[2 * n]!);
  }
  return pairs;
}

/** The first element of entry number `entry` in argument `n`, or in `out` where `n` is the number of arguments. */
export function beginOf({ batch = [] }: Pick<Call, "batch">, entry: number, n: number): number {
  let [begin, rest] = [0, entry];
  for (let axis = batch.length - 1; axis >= 0; axis--) {
    const { length, steps } = batch[axis]!;
    begin += (rest % length) * steps[n]!;
    rest = Math.floor(rest / length);
  }
  return begin;
}

/** A part of the rows and columns of a call: begin inclusive, end exclusive. */
export interface RectangleCall extends Arrays {
  readonly firstRow: number;
  readonly endRow: number;
  readonly firstColumn: number;
  readonly endColumn: number;
}

export interface Routine {
  /** The name of its device. */
  readonly backend: string;
  /** Writes `[rows, dim]`: the reduction of every row. */
  reduce(call: Call): void;
  reduceAsync(call: Call): Promise<void>;
  /** Writes `[endRow - firstRow, endColumn - firstColumn, dim]`: the formula's values. */
  block(call: RectangleCall): void;
  /** How calls of many rows are cut up, in words. */
  readonly plan?: string;
}

/**
 * What becomes of a formula that is called: `"always"` compiles it before it runs, `"never"` evaluates it by precompiled kernels, `"auto"`
 * evaluates it until compiling pays.
 */
export type Compile = "auto" | "never" | "always";
