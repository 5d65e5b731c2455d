/**
 * The operator of a linear system as solvers want it: a Space over plain vectors in which `apply` is K + alpha I, K being an Operator
 * with the vector in the place of one of its arguments.
 */
import { randn } from "../array/array";
import { Vectors } from "../array/vectors";
import { wrap } from "../array/view";
import type { Dtype } from "../array/view";
import type { Real } from "../engine/native";
import { ArgumentError } from "../errors";
import type { Given } from "../operator/arguments";
import type { How } from "../operator/call";
import type { Argument } from "../formula/arguments";
import type { Formula } from "../formula/formula";
import { KernelMatrix, inFloat64 } from "./kernelmatrix";
import type { Operator } from "../operator/operator";
import type { Preconditioner } from "../solver/preconditioner";
import { onePrecision } from "../solver/space";
import type { Precisions, Space } from "../solver/space";
import { settled } from "../solver/task";
import type { Task, Work } from "../solver/task";

/** The list with another element at `at`. */
export function replaced<T>(list: readonly T[], at: number, element: T): T[] {
  return list.map((old, n) => (n === at ? element : old));
}

/** One try at a system: a preconditioner with its dtype, and the iterations after which the next one is tried. */
export interface Attempt {
  readonly inverse: Preconditioner | null;
  readonly dtype: Dtype;
  readonly patience: number;
}

/** K v + alpha v for given data, in the dtype of the vectors. */
export class Product {
  private readonly givens = new Map<Dtype, Given>();

  /** @param position of the argument in whose place v stands. */
  constructor(
    private readonly operator: Operator,
    private readonly position: number,
    private readonly given: Given,
    private readonly alpha: number,
    private readonly how: How,
  ) {
    this.givens.set(given.dtype, given);
    if (given.dtype === "float32") this.givens.set("float64", inFloat64(given));
  }

  /**
   * Float32 data are solved as the float64 system of those numbers: iterations in float32, residuals in float64, or both in float64.
   * The preconditioner is of the dtype of the iterations.
   */
  precisions(
    rows: number,
    columns: number,
    { inverse, dtype }: Attempt,
  ): Precisions<Real, Float64Array, Real, Float64Array> {
    if (dtype === "float64") return onePrecision(this.space(rows, columns, dtype, inverse));
    const copy = (x: Real, out: Real): void => {
      out.set(x);
    };
    const accurate = this.space(rows, columns, "float64", null);
    return { accurate, fast: this.space(rows, columns, dtype, inverse), lower: copy, raise: copy };
  }

  /** The space of [rows, columns] blocks of `dtype` in which this is the operator. */
  space(rows: number, columns: number, dtype: Dtype, inverse: Preconditioner | null): Space<Real, Float64Array> {
    return Object.assign(new Vectors(rows, columns, dtype), {
      apply: (x: Real, out: Real) => this.apply(x, out, dtype),
      ...(inverse && { precondition: (x: Real, out: Real) => inverse.apply(x, out, columns) }),
    });
  }

  /** K as a matrix, of a scalar kernel. */
  matrix(kernel: Formula, unknown: Argument, dtype: Dtype): KernelMatrix {
    const { args, settings } = this.operator;
    return new KernelMatrix(kernel, args, unknown, this.givens.get(dtype)!, settings.rows, this.how);
  }

  private apply(x: Real, out: Real, dtype: Dtype): Work<void> {
    const given = this.givens.get(dtype)!;
    const { shape } = given.arrays[this.position]!;
    const arrays = replaced(given.arrays, this.position, wrap(x, shape));
    return this.operator.work({ ...given, arrays }, out, this.how).andThen(() => {
      for (let n = 0; n < out.length; n++) out[n] = out[n]! + this.alpha * x[n]!;
    });
  }
}

/** How far u · K v and v · K u may lie apart, relative to |u| |K v| + |v| |K u|: rounding is orders of magnitude below. */
const ASYMMETRY = 1e-9;

/**
 * One random probe. @throws ArgumentError if u · K v differs from v · K u by more than rounding.
 * @param isShared whether K is the same for all columns: u and v are then two columns of one product.
 */
export function* checkSymmetry(space: Space<Real, Float64Array>, isShared: boolean): Task<void> {
  const { u, v, ku, kv } = yield* isShared && space.columns > 1 ? probedAtOnce(space) : probed(space);
  const [uKv, vKu] = [dot(u, kv), dot(v, ku)];
  const scale = Math.sqrt(dot(u, u) * dot(kv, kv)) + Math.sqrt(dot(v, v) * dot(ku, ku));
  if (Math.abs(uKv - vKu) > ASYMMETRY * scale)
    throw new ArgumentError(
      `KernelSolve: expected a symmetric operator (the same points as x and y, and a symmetric formula; else say symmetry: "none"), got u·Kv = ${uKv.toPrecision(6)} and v·Ku = ${vKu.toPrecision(6)} for random u and v`,
    );
}

interface Probe {
  readonly u: Real;
  readonly v: Real;
  readonly ku: Real;
  readonly kv: Real;
}

const random = (size: number, seed: number): Real => randn([size], { dtype: "float64", seed }).data;

function* probed(space: Space<Real, Float64Array>): Task<Probe> {
  const [u, v] = [1, 2].map((seed) => random(space.rows * space.columns, seed)) as [Real, Real];
  const [ku, kv] = [space.vector(), space.vector()];
  yield* settled(space.apply(u, ku));
  yield* settled(space.apply(v, kv));
  return { u, v, ku, kv };
}

function* probedAtOnce(space: Space<Real, Float64Array>): Task<Probe> {
  const both = random(space.rows * space.columns, 1);
  const product = space.vector();
  yield* settled(space.apply(both, product));
  const column = (of: Real, k: number): Real =>
    Float64Array.from({ length: space.rows }, (_, n) => of[n * space.columns + k]!);
  return { u: column(both, 0), v: column(both, 1), ku: column(product, 0), kv: column(product, 1) };
}

function dot(a: Real, b: Real): number {
  let sum = 0;
  for (let n = 0; n < a.length; n++) sum += a[n]! * b[n]!;
  return sum;
}
