/**
 * A square matrix as solvers know it: by its products with vectors, and where that is possible by its entries. Iterations need products
 * alone; preconditioners, factorisations and traces ask for the rest.
 */
import type { Numbers } from "./pivoted";
import type { Work } from "./task";

/** A square matrix A on blocks of columns `V`. */
export interface LinearOperator<V> {
  /** out = A x; `out` is another vector than `x`. */
  apply(x: V, out: V): void | Promise<void> | Work<void>;
  /** `[rows]` */
  readonly diag?: (() => Float64Array) | undefined;
  /** The entries `[rows or all, columns or all]`. */
  readonly block?: ((rows: readonly number[] | null, columns: readonly number[] | null) => Numbers) | undefined;
}
