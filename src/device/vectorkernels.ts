/**
 * Operations on vectors in the memory of a GPU (native/text/cuda/vectorscuda.h), compiled for a device and dtype when
 * first needed. All are queued: nothing waits for the device.
 */
import { cudaVectorsSource } from "../codegen/prelude";
import type { Dtype } from "../codegen/specification";
import type { LoadedVectors } from "./addon";
import { loadedFrom } from "./cudacompiler";
import { loadedAddon } from "./native";

/** Numbers in the memory of a device. */
export interface DeviceMemory {
  readonly device: number;
  readonly address: bigint;
  readonly length: number;
}

/** Sizes of vectors `[rows, columns]`, tall matrices `[rows, rank]`, and sums in parts. */
export interface VectorSizes {
  readonly rows: number;
  readonly columns: number;
  readonly rank?: number;
  readonly parts?: number;
}

/** Names of the table in native/cuda/cudavectors.cc, which also gives the order of operands. */
export type VectorOperation =
  | "fill"
  | "axpy"
  | "xpay"
  | "add"
  | "take"
  | "pick"
  | "convert"
  | "scatter"
  | "narrow"
  | "widen"
  | "dot"
  | "peak"
  | "sum"
  | "largest"
  | "project"
  | "complete"
  | "triangular";

/** On scalars: out = a / b and 0 where b is 0; a > b ? above : otherwise; 0. */
export type ScalarStep =
  | {
      readonly operation: "divide";
      readonly operands: readonly [DeviceMemory, DeviceMemory];
      readonly out: DeviceMemory;
    }
  | {
      readonly operation: "select";
      readonly operands: readonly [DeviceMemory, DeviceMemory, DeviceMemory, DeviceMemory];
      readonly out: DeviceMemory;
    }
  | { readonly operation: "zero"; readonly operands: readonly []; readonly out: DeviceMemory };

const loaded = new Map<string, VectorKernels>();

/** The operations of one dtype on one device. */
export class VectorKernels {
  private readonly addon = loadedAddon().cuda;
  private readonly routines: LoadedVectors;

  private constructor(device: number, dtype: Dtype) {
    const { capability } = this.addon.describe(device);
    const bytes = dtype === "float64" ? 8 : 4;
    this.routines = loadedFrom(cudaVectorsSource(dtype), capability, (image) =>
      this.addon.loadVectors(device, image, bytes),
    );
  }

  /** @throws CompileError, DeviceError. */
  static on(device: number, dtype: Dtype): VectorKernels {
    const key = `${device} ${dtype}`;
    const known = loaded.get(key) ?? new VectorKernels(device, dtype);
    loaded.set(key, known);
    return known;
  }

  run(operation: VectorOperation, sizes: VectorSizes, operands: readonly DeviceMemory[], number = 0): void {
    const { rows, columns, rank = 0, parts = 1 } = sizes;
    const addresses = BigUint64Array.from(operands, ({ address }) => address);
    this.addon.runVectors(this.routines, operation, Float64Array.of(rows, columns, rank, parts), number, addresses);
  }

  /** One after the other, for every column. */
  steps(columns: number, steps: readonly ScalarStep[]): void {
    const { scalarSteps } = loadedAddon().constants;
    const words = new BigUint64Array(6 * steps.length);
    steps.forEach(({ operation, operands, out }, n) => {
      words[6 * n] = BigInt(scalarSteps.indexOf(operation));
      operands.forEach(({ address }, k) => (words[6 * n + 1 + k] = address));
      words[6 * n + 5] = out.address;
    });
    this.addon.runSteps(this.routines, columns, words);
  }
}
