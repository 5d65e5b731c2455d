/**
 * The vectors and scalars that a solver computes with, in the memory of a GPU: as `Vectors`, over what lies there. Its one idea: nothing
 * comes back but what `read` asks for. Steps on scalars wait until a vector needs them, and go as one launch; scalars share
 * their memory, so that one copy brings all of them.
 */
import { DeviceData } from "./cudamemory";
import type { Dtype } from "./memory";
import { loadedAddon } from "./native";
import { CudaVectors } from "./vectorkernels";
import type { ScalarStep, VectorOperation } from "./vectorkernels";

/** Rows that a block of threads adds up, and how many blocks at most share a column. */
const ROWS_OF_PART = 1024;
const MOST_PARTS = 64;
/** Scalars in one piece of memory. */
const SCALARS = 32;

/** What waits for numbers of the device, in two forms. */
export interface Reading {
  now(): number[][];
  later(): Promise<number[][]>;
}

/** Vector arithmetic over blocks of one shape and dtype on one device. */
export class DeviceVectors {
  /** Relative rounding error of one operation. */
  readonly roundoff: number;
  private readonly routines: CudaVectors;
  private readonly parts: number;
  private readonly partial: DeviceData;
  private readonly slabs: Slab[] = [];
  private waiting: ScalarStep[] = [];

  /** @throws DeviceError where there is not enough memory. */
  constructor(
    readonly rows: number,
    readonly columns: number,
    readonly dtype: Dtype,
    readonly device: number,
  ) {
    this.roundoff = dtype === "float32" ? 2 ** -24 : 2 ** -53;
    this.routines = CudaVectors.on(device, dtype);
    this.parts = partsOf(rows);
    this.partial = DeviceData.ofSize("float64", this.parts * columns, device);
  }

  /** Gives back what no handle stands for; after all handles. */
  close(): void {
    this.waiting = [];
    this.partial.dispose();
    for (const { data } of this.slabs.splice(0)) data.dispose();
  }

  vector(): DeviceData {
    return DeviceData.filled(this.dtype, this.rows * this.columns, this.device, (vector) => {
      this.run("fill", [vector]);
    });
  }

  scalar(): DeviceData {
    let slab = this.slabs.find(({ free }) => free.length > 0);
    if (!slab) this.slabs.push((slab = new Slab(this.columns, this.device)));
    const scalar = slab.take();
    this.waiting.push({ operation: "zero", operands: [], out: scalar });
    return scalar;
  }

  free(handle: DeviceData): void {
    const slab = this.slabOf(handle);
    if (!slab) {
      handle.dispose();
      return;
    }
    this.flush(); // before another takes its place
    slab.give(handle);
  }

  copy(x: DeviceData, out: DeviceData): void {
    loadedAddon().cuda.copy(this.device, out.address, x.address, x.byteLength);
  }

  /** y += alpha x */
  axpy(alpha: DeviceData, x: DeviceData, y: DeviceData): void {
    this.run("axpy", [alpha, x, y], 1);
  }

  /** y -= alpha x */
  axmy(alpha: DeviceData, x: DeviceData, y: DeviceData): void {
    this.run("axpy", [alpha, x, y], -1);
  }

  /** y = x + alpha y */
  xpay(x: DeviceData, alpha: DeviceData, y: DeviceData): void {
    this.run("xpay", [x, alpha, y]);
  }

  /** out = a · b per column. */
  dot(a: DeviceData, b: DeviceData, out: DeviceData): void {
    this.inParts("dot", [a, b], "sum", out);
  }

  /** out = largest magnitude per column. */
  peak(x: DeviceData, out: DeviceData): void {
    this.inParts("peak", [x], "largest", out);
  }

  /** out = a / b, 0 where b is 0. */
  div(a: DeviceData, b: DeviceData, out: DeviceData): void {
    this.waiting.push({ operation: "divide", operands: [a, b], out });
  }

  /** out = value > bound ? above : otherwise. */
  select(value: DeviceData, bound: DeviceData, above: DeviceData, otherwise: DeviceData, out: DeviceData): void {
    this.waiting.push({ operation: "select", operands: [value, bound, above, otherwise], out });
  }

  write(values: readonly number[], out: DeviceData): void {
    this.flush();
    loadedAddon().cuda.write(this.device, out.address, Float64Array.from(values));
  }

  /** All numbers of the slabs come at once; where the device has failed, reading says so. */
  reading(scalars: readonly DeviceData[]): Reading {
    this.flush();
    const slabs = [...new Set(scalars.map((scalar) => this.slabOf(scalar)!))];
    const numbers = new Map(slabs.map((slab) => [slab, new Float64Array(SCALARS * this.columns)]));
    const taken = (): number[][] =>
      scalars.map((scalar) => {
        const slab = this.slabOf(scalar)!;
        const first = slab.slotOf(scalar) * this.columns;
        return [...numbers.get(slab)!.subarray(first, first + this.columns)];
      });
    const { cuda } = loadedAddon();
    return {
      now: () => {
        for (const [{ data }, target] of numbers) cuda.read(this.device, data.address, target);
        return taken();
      },
      later: async () => {
        for (const [{ data }, target] of numbers) await cuda.later.read(this.device, data.address, target);
        return taken();
      },
    };
  }

  /** Another vector of float64, rounded. */
  narrow(x: DeviceData, out: DeviceData): void {
    this.run("narrow", [x, out]);
  }

  /** Into a vector of float64. */
  widen(x: DeviceData, out: DeviceData): void {
    this.run("widen", [x, out]);
  }

  // ---- low-rank preconditioners

  /** W = F T for F `[rows, rank]` and an upper triangular T `[rank, rank]`, in float64. */
  triangular(f: DeviceData, t: DeviceData, rank: number): DeviceData {
    return DeviceData.filled(this.dtype, this.rows * rank, this.device, (w) => {
      this.run("triangular", [f, t, w], 0, rank);
    });
  }

  /** Numbers that `complement` needs memory for. */
  projectionSizes(rank: number): [parts: number, sums: number] {
    return [this.parts * rank * this.columns, rank * this.columns];
  }

  /** out = factor (x - W Wᵀ x) */
  complement(w: DeviceData, x: DeviceData, out: DeviceData, factor: number, { rank, parts, sums }: Projection): void {
    this.run("project", [w, x, parts], 0, rank);
    this.routines.run("sum", { rows: this.rows, columns: rank * this.columns, parts: this.parts }, [parts, sums]);
    this.run("complete", [w, sums, x, out], factor, rank);
  }

  // ---- launches

  private inParts(operation: "dot" | "peak", operands: DeviceData[], merge: "sum" | "largest", out: DeviceData): void {
    if (this.parts === 1) {
      this.run(operation, [...operands, out]);
      return;
    }
    this.run(operation, [...operands, this.partial]);
    this.run(merge, [this.partial, out]);
  }

  private run(operation: VectorOperation, operands: readonly DeviceData[], number = 0, rank = 0): void {
    this.flush();
    const { rows, columns, parts } = this;
    this.routines.run(operation, { rows, columns, rank, parts }, operands, number);
  }

  private flush(): void {
    if (this.waiting.length > 0) this.routines.steps(this.columns, this.waiting.splice(0));
  }

  private slabOf(handle: DeviceData): Slab | undefined {
    return this.slabs.find(({ data }) => data.buffer === handle.buffer);
  }
}

/** Sums that a projection is made of. */
export interface Projection {
  readonly rank: number;
  readonly parts: DeviceData;
  readonly sums: DeviceData;
}

/** Sizes alone decide, so that sums are the same on every device. */
const partsOf = (rows: number): number => Math.max(1, Math.min(MOST_PARTS, Math.ceil(rows / ROWS_OF_PART)));

/** Scalars side by side, `[SCALARS, columns]`. */
class Slab {
  readonly data: DeviceData;
  readonly free = Array.from({ length: SCALARS }, (_, n) => SCALARS - 1 - n);

  constructor(
    private readonly columns: number,
    device: number,
  ) {
    this.data = DeviceData.of(new Float64Array(SCALARS * columns), device);
  }

  take(): DeviceData {
    const first = this.free.pop()! * this.columns;
    return this.data.subarray(first, first + this.columns);
  }

  give(scalar: DeviceData): void {
    this.free.push(this.slotOf(scalar));
  }

  slotOf({ byteOffset, BYTES_PER_ELEMENT }: DeviceData): number {
    return byteOffset / BYTES_PER_ELEMENT / this.columns;
  }
}
