/**
 * What a device is: the one interface behind which formulas run, and the calls that its routines take. A file
 * implements it, a row of the table in devices.ts makes it known, and nobody else knows which devices there are.
 */
import type { Dtype, Specification } from "../codegen/specification";
import type { KeptPlan, LoadedRoutine } from "./addon";
import type { BatchAxis, Control, Plan, Ranges, RealData } from "./addoncall";
import type { Memory } from "./memory";

export interface Device<Name extends string = string> {
  /** What the option `backend` calls it. */
  readonly name: Name;
  /** How it computes, in a clause, for people who have never heard of it. */
  readonly about: string;
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
  /** Memories for arrays and the vectors of solvers; null where the device computes in the machine's. */
  readonly memories: Memories | null;
}

/** The memories of devices of one kind, which are numbered from 0. */
export interface Memories {
  /** @throws DeviceError where there is no such device, ArgumentError for a number of none. */
  numbered(where: string, device: number): Memory;
  /**
   * Vectors of solvers there; null where they cannot be, and the machine's serve.
   * @throws CompileError, DeviceError where there is not enough memory.
   */
  vectors(rows: number, columns: number, dtype: Dtype, device: number | "all"): Vectors | null;
}

// ------------------------------------------------------------------------------------------------ routines and calls

/** Contiguous arrays `[rows | columns | 1, dim]` of the routine's dtype, and where the result goes. */
interface Arrays {
  readonly args: readonly RealData[];
  readonly out: RealData;
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
  /** Of the columns only these, which alone stand in the arguments; spans come in their order. */
  readonly span?: { readonly first: number; readonly end: number; readonly state: Uint8Array } | undefined;
  /** The call of which the rows are a part, if they are: it is cut up as that is, so that rows have the same bits. */
  readonly partOf?: { readonly rows: number; readonly ranges?: Ranges | undefined } | undefined;
}

/** What a device keeps of calls that differ in their arrays alone, until whoever repeats them closes it. */
export interface KeptPlans {
  /** The plan as it was when it was first asked for. @throws DeviceError where there is not enough memory. */
  of(routine: LoadedRoutine, plan: Plan): KeptPlan;
  close(): void;
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
  /**
   * Where spans of the columns of a call end, by which it can be computed one after the other with the same bits, and
   * bytes of what is kept from one to the next; absent, or null, where it cannot.
   */
  spans?(call: Call): { readonly ends: readonly number[]; readonly stateBytes: number } | null;
  /** Writes `[endRow - firstRow, endColumn - firstColumn, dim]`: the formula's values. */
  block(call: RectangleCall): void;
  /** How calls of many rows are cut up, in words. */
  readonly plan?: string;
}

/**
 * What becomes of a formula that is called: `"always"` compiles it before it runs, `"never"` evaluates it by
 * precompiled kernels, `"auto"` evaluates it until compiling pays.
 */
export type Compile = "auto" | "never" | "always";

// ------------------------------------------------------------------------------------------------ vectors of solvers

/** What waits for numbers of a device, in its two forms. */
export interface Reading {
  readonly now: () => number[][];
  readonly later: () => Promise<number[][]>;
}

/**
 * Vectors and scalars that solvers compute with. A vector is a block `[rows, columns]`, whose columns are independent
 * right-hand sides; a scalar is one float64 number per column, and sums are taken in float64. Both are opaque handles,
 * so that on a device nothing comes back between two checks: only `read` yields numbers. Results go to the last
 * argument, which may be an input too.
 */
export interface Arithmetic<V, S> {
  readonly rows: number;
  readonly columns: number;
  /** Relative rounding error of one operation: 2^-24 for float32, 2^-53 for float64. */
  readonly roundoff: number;
  /** A new vector of zeros. */
  vector(): V;
  /** A new scalar of zeros. */
  scalar(): S;
  free(handle: V | S): void;
  /** out = x */
  copy(x: V, out: V): void;
  /** y += alpha x */
  axpy(alpha: S, x: V, y: V): void;
  /** y -= alpha x */
  axmy(alpha: S, x: V, y: V): void;
  /** y = x + alpha y */
  xpay(x: V, alpha: S, y: V): void;
  /** out = a · b per column. */
  dot(a: V, b: V, out: S): void;
  /** out = largest magnitude per column. */
  peak(x: V, out: S): void;
  /** out = a / b, and 0 where b is 0. */
  div(a: S, b: S, out: S): void;
  /** out = value > bound ? above : otherwise; a NaN is above nothing. */
  select(value: S, bound: S, above: S, otherwise: S, out: S): void;
  /** out = values, one per column. */
  write(values: readonly number[], out: S): void;
  /** The numbers of some scalars, one array per scalar; the only operation that waits for a device. */
  read(scalars: readonly S[]): number[][] | Promise<number[][]> | Reading;
  /** Column k of out = column places[k] of x, and zeros beyond; `out` may have fewer columns. */
  readonly gather?: ((x: V, places: readonly number[], out: V) => void) | undefined;
  /** The inverse of `gather`: column places[k] of out = column k of x. */
  readonly scatter?: ((x: V, places: readonly number[], out: V) => void) | undefined;
}

/** That in one memory, whose data pose as typed arrays. */
export interface Vectors<V = RealData, S = Float64Array> extends Arithmetic<V, S> {
  readonly dtype: Dtype;
  /** Where arrays are that products of these vectors read. */
  readonly memory: Memory;
  /** What such products keep from one to the next: all but the arrays. */
  readonly kept: KeptPlans | undefined;
  /** Numbers of the machine in this memory until `close`; where they are in it already, they themselves. */
  place(data: RealData): V;
  toHost(x: V): RealData;
  /** out = x, a vector of float64, rounded. */
  narrow(x: V, out: V): void;
  /** out = x, where `out` is a vector of float64. */
  widen(x: V, out: V): void;
  /** Iterations from one reading of numbers to the next, for products of so many pairs. */
  checkEvery(pairs: number): number;
  /** A preconditioner by its parts; absent where whoever made it applies it. */
  readonly lowRank?: ((parts: LowRankParts) => (x: V, out: V) => void) | undefined;
  /** Gives back what no handle stands for; after all handles. */
  close(): void;
}

/** (x - F (L Lᵀ)⁻¹ Fᵀ x) / alpha, near (K + alpha I)⁻¹ x: F is a tall matrix, L a lower triangular one. */
export interface LowRankParts {
  /** Columns of F. */
  readonly width: number;
  readonly alpha: number;
  /** F `[rows, width]` and L⁻ᵀ `[width, width]`, made when they are asked for. */
  readonly matrices: () => readonly [tall: RealData, triangular: Float64Array];
  /** Gives back what a device keeps of it. */
  release?: (() => void) | undefined;
}
