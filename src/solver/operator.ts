/**
 * A square matrix as solvers know it: by its products with vectors, and where that is possible by its diagonal and its entries. Iterations
 * need products alone; traces, preconditioners and factorisations ask for the rest.
 */
import type { Matrix } from "./pivoted";
import type { Task, Work } from "./task";

/** A square matrix A on blocks of columns `V`. */
export interface LinearOperator<V> {
  /** out = A x; `out` is another vector than `x`. */
  apply(x: V, out: V): void | Promise<void> | Work<void>;
  /** The diagonal `[rows]`. */
  readonly diag?: (() => Task<Float64Array>) | undefined;
  /** The entries. */
  readonly block?: Matrix | undefined;
}
