/**
 * The vectors and scalars that a solver computes with, in the memory of a GPU. Its one idea: nothing comes back but
 * what `read` asks for. Steps on scalars wait until a vector needs them, and go as one launch; scalars share their
 * memory, so that one copy brings all of them.
 */
import type { KeptPlan, LoadedRoutine } from "./addon";
import { sizesOf, tablesOf } from "./addoncall";
import type { Plan } from "./addoncall";
import { DeviceData, cudaMemory } from "./cudamemory";
import type { KeptPlans, LowRankParts, Reading, Vectors } from "./device";
import type { Dtype, Memory } from "./memory";
import { loadedAddon } from "./native";
import type { RealData } from "./native";
import { VectorKernels } from "./vectorkernels";
import type { ScalarStep, VectorOperation } from "./vectorkernels";

/** Rows that a block of threads adds up, and how many blocks at most share a column. */
const ROWS_OF_PART = 1024;
const MOST_PARTS = 64;
/** Scalars in one piece of memory. */
const SCALARS = 32;
/** Iterations from one reading to the next, each of which lets the device run dry for some microseconds. */
const CHECK_EVERY = 4;
/**
 * A product of more pairs is several launches, between which the machine waits anyway, and worth more than a reading.
 */
const PAIRS_OF_LAUNCH = 2 ** 30;
/** Columns of a grid of blocks. */
const MOST_COLUMNS = 65535;

/** Whether vectors of so many rows and columns can be on a device. */
export const fitsVectors = (rows: number, columns: number): boolean => rows * columns > 0 && columns <= MOST_COLUMNS;

/** To solvers they are vectors like others. @throws CompileError, DeviceError where there is not enough memory. */
export const cudaVectors = (rows: number, columns: number, dtype: Dtype, device: number): Vectors =>
  new CudaVectors(rows, columns, dtype, device) as unknown as Vectors;

/** Vector arithmetic over blocks of one shape and dtype on one device. */
class CudaVectors implements Vectors<DeviceData, DeviceData> {
  /** Relative rounding error of one operation. */
  readonly roundoff: number;
  readonly memory: Memory;
  readonly kept: KeptPlans = new CudaPlans();
  private readonly routines: VectorKernels;
  private readonly parts: number;
  private readonly partial: DeviceData;
  private readonly own: DeviceData[] = [];
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
    this.memory = cudaMemory(device);
    this.routines = VectorKernels.on(device, dtype);
    this.parts = partsOf(rows);
    this.partial = DeviceData.allocate("float64", this.parts * columns, device);
  }

  /** Gives back what no handle stands for; after all handles. */
  close(): void {
    this.kept.close(); // first, as nothing can fail there
    for (const data of this.own.splice(0)) data.dispose();
    this.waiting = [];
    this.partial.dispose();
    for (const { data } of this.slabs.splice(0)) data.dispose();
  }

  place(data: RealData): DeviceData {
    return this.keepOwned(DeviceData.of(data, this.device));
  }

  private keepOwned(data: DeviceData): DeviceData {
    this.own.push(data);
    return data;
  }

  toHost(x: DeviceData): RealData {
    return x.toHost() as RealData;
  }

  checkEvery(pairs: number): number {
    return pairs <= PAIRS_OF_LAUNCH ? CHECK_EVERY : 1;
  }

  vector(): DeviceData {
    return DeviceData.allocateFilled(this.dtype, this.rows * this.columns, this.device, (vector) => {
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
    this.reduceInParts("dot", [a, b], "sum", out);
  }

  /** out = largest magnitude per column. */
  peak(x: DeviceData, out: DeviceData): void {
    this.reduceInParts("peak", [x], "largest", out);
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
  read(scalars: readonly DeviceData[]): Reading {
    this.flush();
    const slabs = [...new Set(scalars.map((scalar) => this.slabOf(scalar)!))];
    const numbers = new Map(slabs.map((slab) => [slab, new Float64Array(SCALARS * this.columns)]));
    const splitSlabs = (): number[][] =>
      scalars.map((scalar) => {
        const slab = this.slabOf(scalar)!;
        const first = slab.slotOf(scalar) * this.columns;
        return [...numbers.get(slab)!.subarray(first, first + this.columns)];
      });
    const { cuda } = loadedAddon();
    return {
      now: () => {
        for (const [{ data }, target] of numbers) cuda.read(this.device, data.address, target);
        return splitSlabs();
      },
      later: async () => {
        for (const [{ data }, target] of numbers) await cuda.later.read(this.device, data.address, target);
        return splitSlabs();
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

  lowRank(parts: LowRankParts): (x: DeviceData, out: DeviceData) => void {
    const { alpha, width } = parts;
    const w = this.projector(parts);
    const size = width * this.columns;
    const [partial, sums] = [this.parts * size, size].map((numbers) =>
      this.keepOwned(DeviceData.allocate("float64", numbers, this.device)),
    ) as [DeviceData, DeviceData];
    return (x, out) => {
      this.run("project", [w, x, partial], 0, width);
      this.routines.run("sum", { rows: this.rows, columns: size, parts: this.parts }, [partial, sums]);
      this.run("complete", [w, sums, x, out], 1 / alpha, width);
    };
  }

  /**
   * W of (x - W Wᵀ x) / alpha. F (Fᵀ F + alpha I)⁻¹ Fᵀ is W Wᵀ with W = F L⁻ᵀ, for the Cholesky factor L: positive
   * semidefinite whatever the rounding.
   */
  private projector(parts: LowRankParts): DeviceData {
    const known = projectors.get(parts);
    if (known?.device === this.device) return known;
    parts.release?.();
    const w = this.triangularProduct(parts);
    projectors.set(parts, w);
    parts.release = () => {
      w.dispose();
      projectors.delete(parts);
    };
    return w;
  }

  /** F L⁻ᵀ, in float64. */
  private triangularProduct({ width, matrices }: LowRankParts): DeviceData {
    const placed: DeviceData[] = [];
    try {
      for (const matrix of matrices()) placed.push(DeviceData.of(matrix, this.device));
      return DeviceData.allocateFilled(this.dtype, this.rows * width, this.device, (w) => {
        this.run("triangular", [...placed, w], 0, width);
      });
    } finally {
      for (const data of placed) data.dispose();
    }
  }

  // ---- launches

  private reduceInParts(
    operation: "dot" | "peak",
    operands: DeviceData[],
    merge: "sum" | "largest",
    out: DeviceData,
  ): void {
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

/** Kept for the solves of derivatives until a preconditioner is released. */
const projectors = new WeakMap<LowRankParts, DeviceData>();

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

/** The tables of ranges and batches that a GPU keeps between calls, so that they are sent once. */
class CudaPlans implements KeptPlans {
  private readonly plans = new Map<LoadedRoutine, KeptPlan>();

  of(routine: LoadedRoutine, plan: Plan): KeptPlan {
    let kept = this.plans.get(routine);
    if (kept === undefined)
      this.plans.set(routine, (kept = loadedAddon().cuda.keepPlan(routine, sizesOf(plan), tablesOf(plan))));
    return kept;
  }

  close(): void {
    for (const plan of this.plans.values()) loadedAddon().cuda.forgetPlan(plan);
    this.plans.clear();
  }
}
