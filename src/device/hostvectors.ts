/**
 * The vectors and scalars that a solver computes with, in plain memory: a vector is an [n, c] block, row-major, its
 * columns independent right-hand sides; a scalar is one float64 per column. Sums are taken in float64. Knows no solver
 * and no operator.
 */
import type { Vectors } from "./device";
import { allocate, machine } from "./memory";
import type { Dtype, Memory } from "./memory";
import type { RealData } from "./native";

/** Columns of a block up to which each is summed by itself. */
const FEW_COLUMNS = 2;

/** Vector arithmetic over blocks of one shape and dtype. */
export class HostVectors implements Vectors {
  readonly memory: Memory = machine;
  readonly kept: undefined = undefined;
  /** Relative rounding error of one operation. */
  readonly roundoff: number;

  constructor(
    readonly rows: number,
    readonly columns: number,
    readonly dtype: Dtype,
  ) {
    this.roundoff = dtype === "float32" ? 2 ** -24 : 2 ** -53;
  }

  vector(): RealData {
    return allocate(this.dtype, this.rows * this.columns);
  }

  scalar(): Float64Array {
    return new Float64Array(this.columns);
  }

  /** Memory is the garbage collector's. */
  free(): void {
    // nothing to give back
  }

  close(): void {
    // nothing to give back
  }

  place(data: RealData): RealData {
    return data;
  }

  toHost(x: RealData): RealData {
    return x;
  }

  copy(x: RealData, out: RealData): void {
    out.set(x);
  }

  narrow(x: RealData, out: RealData): void {
    out.set(x);
  }

  widen(x: RealData, out: RealData): void {
    out.set(x);
  }

  /** Nobody waits for numbers. */
  checkEvery(): number {
    return 1;
  }

  /** Column k of out = column places[k] of x, and zeros beyond; `out` may have another number of columns. */
  gather(x: RealData, places: readonly number[], out: RealData): void {
    const { rows, columns } = this;
    const width = out.length / rows;
    out.fill(0);
    places.forEach((place, k) => {
      for (let row = 0; row < rows; row++) out[row * width + k] = x[row * columns + place]!;
    });
  }

  /** Column places[k] of out = column k of x, which may have another number of columns. */
  scatter(x: RealData, places: readonly number[], out: RealData): void {
    const { rows, columns } = this;
    const width = x.length / rows;
    places.forEach((place, k) => {
      for (let row = 0; row < rows; row++) out[row * columns + place] = x[row * width + k]!;
    });
  }

  // The loops below are written out: they run at every iteration, and a visitor would cost more than the arithmetic.

  /** y += alpha x */
  axpy(alpha: Float64Array, x: RealData, y: RealData): void {
    const { rows, columns } = this;
    for (let row = 0, at = 0; row < rows; row++)
      for (let k = 0; k < columns; k++, at++) y[at] = y[at]! + alpha[k]! * x[at]!;
  }

  /** y -= alpha x */
  axmy(alpha: Float64Array, x: RealData, y: RealData): void {
    const { rows, columns } = this;
    for (let row = 0, at = 0; row < rows; row++)
      for (let k = 0; k < columns; k++, at++) y[at] = y[at]! - alpha[k]! * x[at]!;
  }

  /** y = x + alpha y */
  xpay(x: RealData, alpha: Float64Array, y: RealData): void {
    const { rows, columns } = this;
    for (let row = 0, at = 0; row < rows; row++)
      for (let k = 0; k < columns; k++, at++) y[at] = x[at]! + alpha[k]! * y[at]!;
  }

  /** out = a · b per column. */
  dot(a: RealData, b: RealData, out: Float64Array): void {
    const { rows, columns } = this;
    if (columns <= FEW_COLUMNS) {
      this.dotByColumn(a, b, out);
      return;
    }
    out.fill(0);
    for (let row = 0, at = 0; row < rows; row++)
      for (let k = 0; k < columns; k++, at++) out[k] = out[k]! + a[at]! * b[at]!;
  }

  /** The same numbers: a sum that stays in a register takes two thirds of the time, where a row is a few bytes. */
  private dotByColumn(a: RealData, b: RealData, out: Float64Array): void {
    const { rows, columns } = this;
    for (let k = 0; k < columns; k++) {
      let sum = 0;
      for (let row = 0, at = k; row < rows; row++, at += columns) sum += a[at]! * b[at]!;
      out[k] = sum;
    }
  }

  /** out = largest magnitude per column. */
  peak(x: RealData, out: Float64Array): void {
    const { rows, columns } = this;
    out.fill(0);
    for (let row = 0, at = 0; row < rows; row++)
      for (let k = 0; k < columns; k++, at++) out[k] = Math.max(out[k]!, Math.abs(x[at]!));
  }

  /** out = a / b, 0 where b is 0. */
  div(a: Float64Array, b: Float64Array, out: Float64Array): void {
    for (let k = 0; k < out.length; k++) out[k] = b[k] === 0 ? 0 : a[k]! / b[k]!;
  }

  /** out = value > bound ? above : otherwise. */
  select(
    value: Float64Array,
    bound: Float64Array,
    above: Float64Array,
    otherwise: Float64Array,
    out: Float64Array,
  ): void {
    for (let k = 0; k < out.length; k++) out[k] = value[k]! > bound[k]! ? above[k]! : otherwise[k]!;
  }

  write(values: readonly number[], out: Float64Array): void {
    out.set(values);
  }

  read(scalars: readonly Float64Array[]): number[][] {
    return scalars.map((scalar) => [...scalar]);
  }
}
