/**
 * What the addon exports, declared once: the functions of the tables in native/node, under their names there. Wrong
 * arguments are a TypeError or RangeError before anything is read or written: they are bugs of tskeops. A run that
 * was stopped throws InterruptedError, a GPU that fails DeviceError. Plans go flat (addoncall.ts). Knows only types.
 */
import type { InstructionSetName } from "../codegen/isa";
import type { TileNames } from "../codegen/tileprogram";
import type { Control, NativeRoutine, RealData, Tables } from "./addoncall";
import type { BriefAlgebra, CellFunctions, LongAlgebra } from "./addonfunctions";

export type { NativeRoutine } from "./addoncall";

declare const brand: unique symbol;

/** A routine that is loaded on one device. */
export type LoadedRoutine = number & { readonly [brand]: "device routine" };
/** The operations on vectors for one dtype, loaded on one device. */
export type LoadedVectors = number & { readonly [brand]: "vectors" };
/** A plan of one routine, whose tables are on its device. */
export type KeptPlan = number & { readonly [brand]: "plan" };

/**
 * Long functions in the form that runs now, on this thread and the pool. The control block, by which others see how
 * far it is and stop it, comes last.
 */
type Now<Functions> = {
  readonly [Name in keyof Functions]: Functions[Name] extends (...args: infer Args) => infer Result
    ? (...args: [...args: Args, control?: Control | undefined]) => Result
    : never;
};

/** Long functions in the background: nothing else may touch their arrays until the promise settles. */
export type Later<Functions> = {
  readonly [Name in keyof Functions]: Functions[Name] extends (...args: infer Args) => infer Result
    ? (...args: [...args: Args, control?: Control | undefined]) => Promise<Result>
    : never;
};

/** What the .node file itself exports. */
export interface AddonFile {
  readonly abi: number;
  /** Gives the functions; those of this environment throw these classes from then on. */
  initialize(errors: Readonly<Record<"InterruptedError" | "DeviceError", new (message: string) => Error>>): Addon;
}

export interface Addon extends Now<LongFunctions> {
  readonly later: Later<LongFunctions>;
  readonly dense: Dense;
  readonly cuda: Cuda;
  readonly ranks: RankFunctions;
  readonly constants: Constants;
  /** The best instruction set of this machine. */
  isa(): InstructionSetName;
  /** Sets what the dense algebra uses, one that the machine has. */
  setInstructionSet(name: InstructionSetName): void;
  /** Threads that one call uses, the calling one included. */
  threads(): number;
  setThreads(count: number): void;
  /** Sets it unless `setThreads` was called anywhere in the process. */
  initialThreads(count: number): void;
  /** The library that factorises large matrices, "" for none. */
  lapack(): string;
  /** `"auto"`, `"off"`, or a path; throws Error with the loader's reason. */
  setLapack(choice: string): void;
  /** Sets it unless `setLapack` was called anywhere in the process. */
  initialLapack(choice: string): void;
  /** Loads a compiled routine, once per path and process; throws Error with the loader's reason. */
  load(path: string): NativeRoutine;
  /** The precompiled kernels of the tile evaluator. */
  tiles(isa: InstructionSetName, realBytes: number): TileNames;
  /**
   * A routine that runs a program of these kernels (native/run/tileprogram.h); throws RangeError for one that makes
   * no sense.
   */
  loadTiles(isa: InstructionSetName, realBytes: number, program: Int32Array, constants: Float64Array): NativeRoutine;
  /** The routine's `keops_table` (native/text/common/routine.h). */
  table(routine: NativeRoutine): number[];
  /**
   * The formula's values on a rectangle of pairs: `out` is `[endRow - firstRow, endColumn - firstColumn, resultDim]`.
   */
  block(routine: NativeRoutine, args: readonly RealData[], out: RealData, sizes: Float64Array): void;
  /** Bytes of the state of a call that comes span by span, and then where its spans end; WebAssembly has none. */
  spans?(routine: NativeRoutine, sizes: Float64Array): readonly number[];
  /** Calls `body`; on the main thread, Ctrl-C meanwhile is counted by `interrupts` and does not end the process. */
  attend<T>(body: () => T): T;
  /** How often Ctrl-C came during calls and `attend`. */
  interrupts(): number;
}

/** What both sides must know, as C++ has it. */
export interface Constants {
  /** The version of what the addon and a routine tell each other. */
  readonly abi: number;
  /** Rows from which a library factorises matrices. */
  readonly leastLapackRows: number;
  /** Kinds of variables, by number. */
  readonly kinds: readonly string[];
  /** Regions of a program of tiles, by number; behind them are variables of the loop. */
  readonly regions: readonly string[];
  /** What weights are to a program of tiles, by number. */
  readonly weights: readonly string[];
  /** Operations of steps on scalars, by number. */
  readonly scalarSteps: readonly string[];
}

export interface LongFunctions extends CellFunctions {
  /**
   * Reduces `args` in alias order, `[rows | columns | 1, dim]`; `out` is `[rows, resultDim]`, `indices` are
   * `[entries, rows, indexDim]` where the reduction gives some. Throws InterruptedError when stopped, on the main
   * thread by Ctrl-C too; `out` is then partly written.
   */
  reduce(
    routine: NativeRoutine,
    args: readonly RealData[],
    out: RealData,
    indices: Int32Array | undefined,
    sizes: Float64Array,
    tables: Tables | undefined,
  ): void;
  /**
   * Reduces over a span of the columns, whose numbers alone stand in the arguments of columns; spans come in their order,
   * and the last writes. Between them `state` keeps what was reduced, and what ranks exchange is brought on.
   */
  reduceSpan(
    routine: NativeRoutine,
    args: readonly RealData[],
    out: RealData,
    indices: Int32Array | undefined,
    sizes: Float64Array,
    span: Float64Array,
    state: Uint8Array,
  ): void;
}

// ---------------------------------------------------------------------------------------------------- dense algebra

/**
 * Dense linear algebra on the addon's threads: Cholesky factors, and low-rank approximations F Fᵀ of symmetric
 * matrices. Matrices are row-major, lengths exact; results do not depend on the number of threads.
 */
export interface Dense extends Now<LongAlgebra>, BriefAlgebra {
  readonly later: Later<LongAlgebra>;
}

// ------------------------------------------------------------------------------------------------------------ ranks

/** The ranks of an MPI program, for the main thread alone. */
export interface RankFunctions {
  /**
   * Opens the first of these libraries that there is, once per process, and starts it. Throws Error with the reasons why
   * there is none.
   */
  start(names: readonly string[]): { readonly rank: number; readonly size: number; readonly version: string };
  /**
   * Fills `all`, of 1, 4 or 8 bytes an element and fewer than 2^31: `counts` elements of each rank, of which this one has
   * put its own in place. Throws InterruptedError when stopped: then only `abort` may follow.
   */
  allGather(all: ArrayBufferView, counts: Float64Array): void;
  /**
   * Fills `received`, of other memory, with what each rank has for this one: `sent` has as many elements for each as the
   * counts say. Throws as `allGather` does.
   */
  exchange(
    sent: ArrayBufferView,
    sentCounts: Float64Array,
    received: ArrayBufferView,
    receivedCounts: Float64Array,
  ): void;
  /**
   * Begins that for an array that stays as it is until `awaitGather`, which waits for all that was begun. A call of
   * `reduceSpan` brings it on.
   */
  startGather(all: ArrayBufferView, counts: Float64Array): void;
  awaitGather(): void;
  /** Waits for the others; nothing may follow. */
  finalize(): void;
  /** Ends the processes of all ranks. */
  abort(code: number): never;
}

// ------------------------------------------------------------------------------------------------------------- GPUs

/** Numbers of the machine, or `[address, length]` of numbers on the device. */
export type Placed = RealData | BigUint64Array;
/** Indices, the same way. */
export type PlacedIndices = Int32Array | BigUint64Array;

export interface DeviceDescription {
  readonly name: string;
  /** 90 for compute capability 9.0. */
  readonly capability: number;
  readonly multiprocessors: number;
  readonly kilohertz: number;
  /** Bytes. */
  readonly memory: number;
}

/**
 * NVRTC: 1204 for version 12.4, the architectures that it knows, 90 for sm_90; version 0 and why where there is none.
 */
export interface CompilerLibrary {
  readonly version: number;
  readonly architectures: readonly number[];
  readonly why: string;
}

/** Bytes on a device: free, lent to arrays, and kept to be lent again. */
export interface DeviceState {
  readonly free: number;
  readonly lent: number;
  readonly kept: number;
}

interface LongCuda {
  /**
   * Several routines, one for every device, share the entries or rows of a call without arrays of a device. A plan
   * that is kept stands in the place of the tables, with no sizes, and is for one routine.
   */
  reduce(
    routine: LoadedRoutine | readonly LoadedRoutine[],
    args: readonly Placed[],
    out: Placed,
    indices: PlacedIndices | undefined,
    sizes: Float64Array | undefined,
    tables: Tables | KeptPlan | undefined,
  ): void;
  read(device: number, from: bigint, data: ArrayBufferView): void;
}

/** Devices are numbers from 0, addresses are bigints. */
export interface Cuda extends Now<LongCuda> {
  readonly later: Later<LongCuda>;
  /** Why there is no device, or null. */
  whyNot(): string | null;
  count(): number;
  describe(device: number): DeviceDescription;
  state(device: number): DeviceState;
  /** Opens the first library that there is, once per process. */
  openCompiler(paths: readonly string[]): CompilerLibrary;
  /** Throws Error with the compiler's messages. */
  compile(source: string, options: readonly string[], isReal: boolean): Uint8Array;
  load(device: number, image: Uint8Array, table: Float64Array, threads: number): LoadedRoutine;
  /** Sends the tables of a plan to the device of the routine, for calls to come. */
  keepPlan(routine: LoadedRoutine, sizes: Float64Array, tables: Tables | undefined): KeptPlan;
  /** Gives them back; a call that runs still has them. */
  forgetPlan(plan: KeptPlan): void;
  block(routine: LoadedRoutine, args: readonly Placed[], out: Placed, sizes: Float64Array): void;
  allocate(device: number, bytes: number): bigint;
  release(device: number, address: bigint): void;
  write(device: number, to: bigint, data: ArrayBufferView): void;
  copy(device: number, to: bigint, from: bigint, bytes: number): void;
  /** Waits until the device has done all that was asked of it. */
  synchronize(device: number): void;
  /** Loads native/text/cuda/vectorscuda.h, compiled for numbers of so many bytes. */
  loadVectors(device: number, image: Uint8Array, bytes: number): LoadedVectors;
  /**
   * Queues an operation of the table in native/cuda/cudavectors.cc; sizes are rows, columns, rank and parts, operands
   * are addresses.
   */
  runVectors(
    routines: LoadedVectors,
    operation: string,
    sizes: Float64Array,
    number: number,
    operands: BigUint64Array,
  ): void;
  /** Queues steps on scalars, `[n, 6]`: operation, a, b, above, otherwise, out. */
  runSteps(routines: LoadedVectors, columns: number, steps: BigUint64Array): void;
}
