/**
 * What a solver may do with vectors and scalars: the `Space` it computes in, and the workspace that frees what it took.
 * A vector is an n x c block, its columns independent right-hand sides; a scalar holds one number per column. Both are
 * opaque handles, so that on a device nothing comes back between two checks: only `read` yields numbers.
 */

import type { LinearOperator } from "./operator";
import type { Work } from "./task";

/** Vector and scalar operations with a linear operator A; results go to the last argument, which may be an input too. */
export interface Space<V, S> extends LinearOperator<V> {
  /** n, the length of a column. */
  readonly rows: number;
  /** c, the number of columns. */
  readonly columns: number;
  /** Relative rounding error of the operator and the vectors: 2^-24 for float32, 2^-53 for float64. */
  readonly roundoff: number;

  /** A new vector of zeros. */
  vector(): V;
  /** A new scalar of zeros. */
  scalar(): S;
  free(handle: V | S): void;

  /** out = M x with M near the inverse of A, symmetric and positive definite; `out` is another vector than `x`. */
  readonly precondition?: ((x: V, out: V) => void | Promise<void> | Work<void>) | undefined;

  /** The same on blocks of another number of columns, where that is possible: for solves of which some columns are done. */
  readonly resized?: ((columns: number) => Space<V, S>) | undefined;
  /** Column k of out = column places[k] of x, and zeros beyond; `out` may have fewer columns. Comes with `resized`. */
  readonly gather?: ((x: V, places: readonly number[], out: V) => void) | undefined;
  /** The way back: column places[k] of out = column k of x. */
  readonly scatter?: ((x: V, places: readonly number[], out: V) => void) | undefined;

  /** out = x */
  copy(x: V, out: V): void;
  /** y += alpha x */
  axpy(alpha: S, x: V, y: V): void;
  /** y -= alpha x */
  axmy(alpha: S, x: V, y: V): void;
  /** y = x + alpha y */
  xpay(x: V, alpha: S, y: V): void;
  /** out = a · b per column, summed in float64. */
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
  read(scalars: readonly S[]): number[][] | Promise<number[][]> | Work<number[][]>;
}

/** The space that residuals and solution live in, the one that iterations run in, and the ways between them. */
export interface Precisions<V, S, W, T> {
  readonly accurate: Space<V, S>;
  readonly fast: Space<W, T>;
  lower(x: V, out: W): void;
  raise(x: W, out: V): void;
}

/** Iterations in the accurate space itself, for float64 data. */
export function onePrecision<V, S>(space: Space<V, S>): Precisions<V, S, V, S> {
  const copy = (x: V, out: V): void => {
    space.copy(x, out);
  };
  return { accurate: space, fast: space, lower: copy, raise: copy };
}

/** Takes handles from a space and frees them all at once. */
export class Workspace<V, S> {
  private readonly handles: (V | S)[] = [];

  constructor(private readonly space: Space<V, S>) {}

  vector(): V {
    return this.track(this.space.vector());
  }

  /** A scalar of zeros, or of the given numbers. */
  scalar(values?: readonly number[]): S {
    const scalar = this.track(this.space.scalar());
    if (values !== undefined) this.space.write(values, scalar);
    return scalar;
  }

  /** Frees some before the others. */
  release(handles: readonly (V | S)[]): void {
    for (const handle of handles) {
      this.handles.splice(this.handles.indexOf(handle), 1);
      this.space.free(handle);
    }
  }

  free(): void {
    for (const handle of this.handles.splice(0)) this.space.free(handle);
  }

  private track<H extends V | S>(handle: H): H {
    this.handles.push(handle);
    return handle;
  }
}
