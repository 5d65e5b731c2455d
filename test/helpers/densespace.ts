/** Dense spaces over plain arrays that count what is taken from them, and direct solves to hold solvers to. */
import { refine } from "../../src/solve/refine";
import type { RefineOptions, Solution } from "../../src/solve/refine";
import { onePrecision } from "../../src/solve/space";
import type { Precisions, Space } from "../../src/solve/space";
import type { Task } from "../../src/task";

export type Numbers = Float32Array | Float64Array;
export type Matrix = readonly (readonly number[])[];
export type Columns = readonly (readonly number[])[];

/** Dense spaces over plain arrays that count what is taken from them; `Vector` is the dtype. */
export class DenseSpace implements Space<Numbers, Float64Array> {
  readonly rows: number;
  readonly roundoff: number;
  readonly live = new Set<Numbers>();
  applications = 0;
  reads = 0;
  isAsync = false;

  constructor(
    readonly matrix: Matrix,
    readonly columns: number,
    private readonly Vector: Float32ArrayConstructor | Float64ArrayConstructor = Float64Array,
    readonly precondition?: (x: Numbers, out: Numbers) => void,
  ) {
    this.rows = matrix.length;
    this.roundoff = Vector === Float32Array ? 2 ** -24 : 2 ** -53;
  }

  vector(): Numbers {
    return this.take(new this.Vector(this.rows * this.columns));
  }
  scalar(): Float64Array {
    return this.take(new Float64Array(this.columns));
  }
  free(handle: Numbers): void {
    expect(this.live.delete(handle)).toBe(true);
  }
  apply(x: Numbers, out: Numbers): void | Promise<void> {
    this.applications++;
    if (this.isAsync) return Promise.resolve().then(() => this.multiply(x, out));
    this.multiply(x, out);
  }
  copy(x: Numbers, out: Numbers): void {
    out.set(x);
  }
  axpy(alpha: Float64Array, x: Numbers, y: Numbers): void {
    this.combine(y, (i, a) => y[i]! + a * x[i]!, alpha);
  }
  axmy(alpha: Float64Array, x: Numbers, y: Numbers): void {
    this.combine(y, (i, a) => y[i]! - a * x[i]!, alpha);
  }
  xpay(x: Numbers, alpha: Float64Array, y: Numbers): void {
    this.combine(y, (i, a) => x[i]! + a * y[i]!, alpha);
  }
  dot(a: Numbers, b: Numbers, out: Float64Array): void {
    out.fill(0);
    for (let i = 0; i < a.length; i++) out[i % this.columns]! += a[i]! * b[i]!;
  }
  peak(x: Numbers, out: Float64Array): void {
    out.fill(0);
    x.forEach((value, i) => (out[i % this.columns] = Math.max(out[i % this.columns]!, Math.abs(value))));
  }
  div(a: Float64Array, b: Float64Array, out: Float64Array): void {
    for (let k = 0; k < this.columns; k++) out[k] = b[k] === 0 ? 0 : a[k]! / b[k]!;
  }
  select(
    value: Float64Array,
    bound: Float64Array,
    above: Float64Array,
    otherwise: Float64Array,
    out: Float64Array,
  ): void {
    for (let k = 0; k < this.columns; k++) out[k] = value[k]! > bound[k]! ? above[k]! : otherwise[k]!;
  }
  write(values: readonly number[], out: Float64Array): void {
    out.set(values);
  }
  read(scalars: readonly Float64Array[]): number[][] | Promise<number[][]> {
    this.reads++;
    const numbers = scalars.map((scalar) => Array.from(scalar));
    return this.isAsync ? Promise.resolve(numbers) : numbers;
  }

  private take<H extends Numbers>(handle: H): H {
    this.live.add(handle);
    return handle;
  }
  private combine(y: Numbers, value: (i: number, alpha: number) => number, alpha: Float64Array): void {
    for (let i = 0; i < y.length; i++) y[i] = value(i, alpha[i % this.columns]!);
  }
  /** Sums in the dtype, as an engine without wider accumulators would. */
  private multiply(x: Numbers, out: Numbers): void {
    const round = this.Vector === Float32Array ? Math.fround : Number;
    for (let i = 0; i < out.length; i++) {
      const row = this.matrix[Math.floor(i / this.columns)]!;
      let sum = 0;
      for (let j = 0; j < this.rows; j++)
        sum = round(sum + round(round(row[j]!) * x[j * this.columns + (i % this.columns)]!));
      out[i] = sum;
    }
  }
}

export function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  };
}

/** A Gaussian kernel matrix of seeded points in a square, plus alpha on its diagonal. */
export function kernelMatrix(n: number, alpha: number): Matrix {
  const random = randomNumbers(1);
  const points = Array.from({ length: n }, () => [random() / 2, random() / 2] as const);
  return points.map(([a, b], i) =>
    points.map(([c, d], j) => Math.exp(-50 * ((a - c) ** 2 + (b - d) ** 2)) + (i === j ? alpha : 0)),
  );
}

export function randomColumns(n: number, count: number): Columns {
  const random = randomNumbers(2);
  return Array.from({ length: count }, () => Array.from({ length: n }, () => Math.fround(random())));
}

export interface Problem {
  readonly pair: Precisions<Numbers, Float64Array, Numbers, Float64Array>;
  readonly spaces: readonly DenseSpace[];
  readonly b: Numbers;
  readonly x: Numbers;
}

export type Kind = "float64" | "mixed" | "float32";
export type Preconditioner = (x: Numbers, out: Numbers) => void;

export interface Extras {
  readonly start?: Columns;
  readonly precondition?: Preconditioner;
  readonly fastMatrix?: Matrix;
}

export function problem(kind: Kind, matrix: Matrix, b: Columns, extras: Extras = {}): Problem {
  const { start, precondition, fastMatrix = matrix } = extras;
  const accurate = new DenseSpace(matrix, b.length, kind === "float32" ? Float32Array : Float64Array, precondition);
  const fast = kind === "mixed" ? new DenseSpace(fastMatrix, b.length, Float32Array, precondition) : accurate;
  const copy = (x: Numbers, out: Numbers): void => out.set(x);
  const fill = (columns: Columns | undefined): Numbers => {
    const vector = accurate.vector();
    columns?.forEach((column, k) => column.forEach((value, i) => (vector[i * b.length + k] = value)));
    return vector;
  };
  const pair = kind === "mixed" ? { accurate, fast, lower: copy, raise: copy } : onePrecision(accurate);
  return { pair, spaces: [accurate, fast], b: fill(b), x: fill(start) };
}

export function task(p: Problem, options?: RefineOptions): Task<Solution> {
  return refine(p.pair, p.b, p.x, options);
}

export function columnsOf(p: Problem): number[][] {
  const c = p.pair.accurate.columns;
  return Array.from({ length: c }, (_, k) => Array.from(p.x).filter((_value, i) => i % c === k));
}

/** Handles that nobody freed, beside b and x, which belong to the caller. */
export function leaks(p: Problem): number {
  return new Set(p.spaces.flatMap((space) => [...space.live])).size - 2;
}
