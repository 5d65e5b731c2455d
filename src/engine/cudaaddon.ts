/**
 * The GPU side of the addon: its types, and what it throws as our errors. Devices are numbers from 0, addresses are bigints, and an array in a device's memory is
 * `[address, length]`.
 */
import { interruptible, rethrow } from "./control";
import type { Control } from "./control";
import { rectangleSizes, sizesOf, tablesOf } from "./flat";
import type { Plan, RawTables, Real, Rectangle } from "./flat";

declare const brand: unique symbol;

/** A routine that is loaded on one device. */
export type LoadedRoutine = number & { readonly [brand]: true };

/** The operations on vectors for one dtype, loaded on one device. */
export type LoadedVectors = number & { readonly [brand]: true };

/** A plan of one routine, whose tables are on its device. */
export type KeptPlan = number & { readonly [brand]: true };

/** Numbers of the machine, or address and length of numbers on the device. */
export type Placed = Real | BigUint64Array;
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

/** NVRTC: 1204 for version 12.4, the architectures that it knows, 90 for sm_90; version 0 and why where there is none. */
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

export interface CudaAddon {
  /** Why there is no device, or null. */
  whyNot(): string | null;
  count(): number;
  describe(device: number): DeviceDescription;
  state(device: number): DeviceState;
  /** Opens the first library that there is, once per process. */
  openCompiler(paths: readonly string[]): CompilerLibrary;
  /** Throws Error with the compiler's messages. */
  compile(source: string, options: readonly string[], isReal: boolean): Buffer;
  load(device: number, image: Buffer, table: Float64Array, threads: number): LoadedRoutine;
  /** Several routines, one for every device, share the entries or rows of a call without arrays of a device; their plan is none that is kept. */
  reduce(
    routine: LoadedRoutine | readonly LoadedRoutine[],
    args: readonly Placed[],
    out: Placed,
    plan: Plan | KeptPlan,
    control?: Control,
    indices?: PlacedIndices,
  ): void;
  reduceAsync(
    routine: LoadedRoutine | readonly LoadedRoutine[],
    args: readonly Placed[],
    out: Placed,
    plan: Plan | KeptPlan,
    control?: Control,
    indices?: PlacedIndices,
  ): Promise<void>;
  /** Sends the tables of a plan to the device of the routine, for calls to come. */
  keepPlan(routine: LoadedRoutine, plan: Plan): KeptPlan;
  /** Gives them back; a call that runs still has them. */
  forgetPlan(plan: KeptPlan): void;
  block(routine: LoadedRoutine, args: readonly Placed[], out: Placed, rectangle: Rectangle): void;
  allocate(device: number, bytes: number): bigint;
  release(device: number, address: bigint): void;
  write(device: number, to: bigint, data: ArrayBufferView): void;
  read(device: number, from: bigint, data: ArrayBufferView): void;
  readAsync(device: number, from: bigint, data: ArrayBufferView): Promise<void>;
  copy(device: number, to: bigint, from: bigint, bytes: number): void;
  /** Waits until the device has done all that was asked of it. */
  synchronize(device: number): void;
  /** Of native/text/cuda/vectorscuda.h, compiled for numbers of so many bytes. */
  loadVectors(device: number, image: Buffer, bytes: number): LoadedVectors;
  /** Queues an operation of the table in native/cuda/cudavectors.cc; sizes are rows, columns, rank and parts, operands are addresses. */
  vectors(
    routines: LoadedVectors,
    operation: string,
    sizes: Float64Array,
    number: number,
    operands: BigUint64Array,
  ): void;
  /** Queues steps on scalars, `[n, 6]`: operation, a, b, above, otherwise, out. */
  scalarSteps(routines: LoadedVectors, columns: number, steps: BigUint64Array): void;
}

type RawPlan = [sizes: Float64Array | undefined, tables: RawTables | KeptPlan | undefined];

const rawPlan = (plan: Plan | KeptPlan): RawPlan =>
  typeof plan === "number" ? [undefined, plan] : [sizesOf(plan), tablesOf(plan)];

type RawCall = [
  routine: LoadedRoutine | readonly LoadedRoutine[],
  args: readonly Placed[],
  out: Placed,
  indices: PlacedIndices | undefined,
  ...plan: RawPlan,
  control: Control | undefined,
];

/** The same as the .node file has it. */
export interface RawCuda {
  cudaWhyNot: CudaAddon["whyNot"];
  cudaCount: CudaAddon["count"];
  cudaDescribe: CudaAddon["describe"];
  cudaState: CudaAddon["state"];
  cudaOpenCompiler: CudaAddon["openCompiler"];
  cudaCompile: CudaAddon["compile"];
  cudaLoad: CudaAddon["load"];
  cudaReduce(...call: RawCall): void;
  cudaReduceAsync(...call: RawCall): Promise<void>;
  cudaKeepPlan(routine: LoadedRoutine, ...plan: RawPlan): KeptPlan;
  cudaForgetPlan(plan: KeptPlan): void;
  cudaBlock(routine: LoadedRoutine, args: readonly Placed[], out: Placed, sizes: Float64Array): void;
  cudaAllocate: CudaAddon["allocate"];
  cudaRelease: CudaAddon["release"];
  cudaWrite: CudaAddon["write"];
  cudaRead: CudaAddon["read"];
  cudaReadAsync: CudaAddon["readAsync"];
  cudaCopy: CudaAddon["copy"];
  cudaSynchronize: CudaAddon["synchronize"];
  cudaVectors: CudaAddon["loadVectors"];
  cudaVectorsRun: CudaAddon["vectors"];
  cudaScalarSteps: CudaAddon["scalarSteps"];
}

/** Plans go flat, and failures of the driver become DeviceErrors. */
export function cudaOf(raw: RawCuda): CudaAddon {
  return {
    whyNot: () => raw.cudaWhyNot(),
    count: () => raw.cudaCount(),
    describe: (device) => interruptible(() => raw.cudaDescribe(device)),
    state: (device) => interruptible(() => raw.cudaState(device)),
    openCompiler: (paths) => raw.cudaOpenCompiler(paths),
    compile: (...args) => raw.cudaCompile(...args),
    load: (...args) => interruptible(() => raw.cudaLoad(...args)),
    reduce: (routine, args, out, plan, control, indices) => {
      interruptible(() => {
        raw.cudaReduce(routine, args, out, indices, ...rawPlan(plan), control);
      });
    },
    reduceAsync: async (routine, args, out, plan, control, indices) => {
      await raw.cudaReduceAsync(routine, args, out, indices, ...rawPlan(plan), control).catch(rethrow);
    },
    keepPlan: (routine, plan) => interruptible(() => raw.cudaKeepPlan(routine, ...rawPlan(plan))),
    forgetPlan: (plan) => {
      raw.cudaForgetPlan(plan);
    },
    block: (routine, args, out, rectangle) => {
      interruptible(() => {
        raw.cudaBlock(routine, args, out, rectangleSizes(rectangle));
      });
    },
    allocate: (device, bytes) => interruptible(() => raw.cudaAllocate(device, bytes)),
    release: (device, address) => {
      raw.cudaRelease(device, address);
    },
    write: (...args) => {
      interruptible(() => {
        raw.cudaWrite(...args);
      });
    },
    read: (...args) => {
      interruptible(() => {
        raw.cudaRead(...args);
      });
    },
    readAsync: (...args) => raw.cudaReadAsync(...args).catch(rethrow),
    copy: (...args) => {
      interruptible(() => {
        raw.cudaCopy(...args);
      });
    },
    synchronize: (device) => {
      interruptible(() => {
        raw.cudaSynchronize(device);
      });
    },
    loadVectors: (...args) => interruptible(() => raw.cudaVectors(...args)),
    vectors: (...args) => {
      interruptible(() => {
        raw.cudaVectorsRun(...args);
      });
    },
    scalarSteps: (...args) => {
      interruptible(() => {
        raw.cudaScalarSteps(...args);
      });
    },
  };
}
