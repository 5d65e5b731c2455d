/**
 * What real and complex lazy tensors have in common: an expression, seen as an array `[...batch, M, N, dim]` of which
 * parts can be taken. Must not know operations.
 */
import { reshapeView } from "../array/view";
import type { RealArray } from "../array/view";
import type { BlockRanges } from "../array/ranges";
import type { CallOptions } from "../call/prepared";
import type { RealData } from "../device/native";
import type { DenseOptions } from "../genred";
import { atMost } from "../options";
import { sumOverBatches } from "./batchsum";
import type { BatchSumOptions } from "./batchsum";
import { checkIndex, denseValues, diagonal, sliceExpression, dropAxis } from "./entries";
import type { IndexSpan } from "./entries";
import { describe, explanation, shapeOf } from "./explain";
import { Symbolic, alike, expressionIn, textOf, valuesOf } from "./expression";
import type { Expression } from "./expression";
import { reduceNow } from "./reduce";

/** A symbolic array; `Self` is the class that extends this one, `L` and `C` are real and complex lazy tensors. */
export abstract class Tensor<Self, L, C, T extends RealData> extends Symbolic<Self, L, C> {
  // ---- what it is

  /** Whether reductions wait for the arrays of symbolic variables such as `Vi(0, 3)`, and so are functions of them. */
  abstract get waits(): boolean;

  /**
   * `[...batch, M, N]`, or `[...batch, M, N, dim]` for a dim above 1; an index that nothing depends on has length 1.
   */
  get shape(): readonly number[] {
    return shapeOf(expressionIn(this), this.dim);
  }
  /** Length of {@link Tensor.shape}; pykeops calls the dim so. */
  get ndim(): number {
    return this.shape.length;
  }
  /** Number of components of every vector. */
  abstract get dim(): number;
  /** Dtype of the arrays; null where there are only numbers and symbolic variables. */
  abstract get dtype(): string | null;
  /** Leading dimensions: `[]` without batches. */
  get batchdims(): readonly number[] {
    return expressionIn(this).batch;
  }
  /** The pairs (i, j) at which it is evaluated; null for all. */
  get ranges(): BlockRanges | null {
    return expressionIn(this).where.ranges ?? null;
  }
  /** The formula, with arrays named in the order in which it reads them: x over i, y over j, p for parameters. */
  get formula(): string {
    return textOf(expressionIn(this));
  }
  /**
   * What the variables of {@link Tensor.formula} stand for, in its order: arrays and numbers; null for symbolic ones.
   */
  get variables(): readonly (RealArray<T> | number | readonly number[] | null)[] {
    return valuesOf(expressionIn(this)) as readonly (RealArray<T> | number | readonly number[] | null)[];
  }
  /** Shape, dtype, formula and cost. */
  override toString(): string {
    return describe(this.isComplex ? "ComplexLazyTensor" : "LazyTensor", expressionIn(this), this.shape, this.dtype);
  }
  /**
   * What is computed when, by which engines, and the generated code, for the sum over j.
   * @returns lines of text
   * @throws ArgumentError for an argument too many
   * @example
   * ```ts
   * const K = Vi(rand([10, 3])).sqdist(Vj(rand([20, 3]))).neg().exp();
   * console.log(K.explain().includes("Exp")); // true
   * ```
   */
  explain(): string {
    atMost("explain", 0, arguments);
    return explanation(expressionIn(this));
  }

  // ---- where it is computed

  /**
   * This tensor, evaluated at the pairs of `ranges` alone.
   * @param ranges as of `cluster.fromMatrix`, or null for all pairs
   * @returns a tensor of the same shape
   * @throws ArgumentError when it is reduced, for ranges that do not fit
   * @example
   * ```ts
   * const K = Vi(rand([4, 3])).sqdist(Vj(rand([4, 3])));
   * const ranges = cluster.fromMatrix([[0, 2], [2, 4]], [[0, 2], [2, 4]], [[1, 0], [0, 1]]); // two blocks of 2 x 2
   * console.log(K.withRanges(ranges).sum({ axis: 1 }).shape); // [ 4, 1 ]
   * ```
   */
  withRanges(ranges: BlockRanges | null): Self {
    atMost("withRanges", 1, arguments);
    return alike(this, expressionIn(this).with({ ranges }));
  }
  /**
   * This tensor, computed by a backend.
   * @param backend such as `"cpu"`; `"auto"` chooses
   * @returns a tensor of the same shape
   * @throws DeviceError when it is reduced, where that backend cannot run
   * @example
   * ```ts
   * const K = Vi(rand([10, 3])).sqdist(Vj(rand([20, 3]))).neg().exp();
   * console.log(K.withBackend("reference").sum({ axis: 1 }).shape); // [ 10, 1 ]
   * ```
   */
  withBackend(backend: CallOptions["backend"]): Self {
    atMost("withBackend", 1, arguments);
    return alike(this, expressionIn(this).with({ backend }));
  }

  // ---- its parts

  /** The transpose: i and j exchanged, with the ranges. */
  get T(): Self {
    return alike(this, expressionIn(this).transpose());
  }
  /**
   * The transpose, as {@link Tensor.T}.
   * @returns a tensor with i and j exchanged
   * @throws ArgumentError for an argument too many
   * @example
   * ```ts
   * const K = Vi(rand([10, 3])).sqdist(Vj(rand([20, 3]))).neg().exp();
   * console.log(K.t().shape); // [ 20, 10 ]
   * ```
   */
  t(): Self {
    atMost("t", 0, arguments);
    return this.T;
  }
  /**
   * The sum over batch dimensions, as a tensor that goes on: every pair adds up the entries of the batch. Arrays that
   * have such a dimension are copied. Symbolic variables count as the same in all entries.
   * @returns a tensor without these batch dimensions
   * @throws ArgumentError for an axis that is no batch dimension, for sums of more than 1000 operations, or shards
   * @example
   * ```ts
   * const K = Vi(rand([4, 10, 3])).sqdist(Vj(rand([4, 20, 3]))); // 4 distances of every pair
   * console.log(K.sumBatches().neg().exp().sum({ axis: 1 }).shape); // [ 10, 1 ]
   * ```
   */
  sumBatches(options?: BatchSumOptions | null): Self {
    atMost("sumBatches", 1, arguments);
    return alike(this, sumOverBatches(expressionIn(this), options));
  }
  /**
   * Some of the rows and columns: nothing is copied.
   * @param rows `[begin, end]`, from begin to before end; null for all
   * @param columns the same
   * @returns a tensor of fewer rows and columns
   * @throws ArgumentError for spans outside, or ranges
   * @example
   * ```ts
   * const K = Vi(rand([10, 3])).sqdist(Vj(rand([20, 3]))).neg().exp();
   * console.log(K.slice([2, 5], [0, 4]).shape); // [ 3, 4 ]
   * ```
   */
  slice(rows: IndexSpan, columns: IndexSpan = null): Self {
    atMost("slice", 2, arguments);
    return alike(this, sliceExpression(expressionIn(this), rows, columns));
  }
  /**
   * All values, for small problems; differentiable.
   * @returns `[...batch, M, N]`, or `[...batch, M, N, d]` of d > 1 numbers, two for a complex one
   * @throws ArgumentError for more than `maxBytes`, or ranges
   * @example
   * ```ts
   * const K = Vi(rand([10, 3])).sqdist(Vj(rand([20, 3]))).neg().exp();
   * console.log(K.dense().shape); // [ 10, 20 ]
   * ```
   */
  dense(options?: DenseOptions | null): RealArray<T> {
    atMost("dense", 1, arguments);
    return squeezeLast(expressionIn(this), denseValues(expressionIn(this), options));
  }
  /**
   * The values of one row.
   * @param i which, from 0
   * @returns `[...batch, N]` or `[...batch, N, d]`
   * @throws ArgumentError where there is none, or ranges
   * @example
   * ```ts
   * const K = Vi(rand([10, 3])).sqdist(Vj(rand([20, 3]))).neg().exp();
   * console.log(K.row(0).shape); // [ 20 ]
   * ```
   */
  row(i: number): RealArray<T> {
    atMost("row", 1, arguments);
    checkIndex("row", i, expressionIn(this).sizes[0]);
    const values = denseValues(sliceExpression(expressionIn(this), [i, i + 1], null), null);
    return squeezeLast(expressionIn(this), dropAxis(values, this.batchdims.length));
  }
  /**
   * The values of one column.
   * @param j which, from 0
   * @returns `[...batch, M]` or `[...batch, M, d]`
   * @throws ArgumentError where there is none, or ranges
   * @example
   * ```ts
   * const K = Vi(rand([10, 3])).sqdist(Vj(rand([20, 3]))).neg().exp();
   * console.log(K.col(0).shape); // [ 10 ]
   * ```
   */
  col(j: number): RealArray<T> {
    atMost("col", 1, arguments);
    checkIndex("col", j, expressionIn(this).sizes[1]);
    const values = denseValues(sliceExpression(expressionIn(this), null, [j, j + 1]), null);
    return squeezeLast(expressionIn(this), dropAxis(values, this.batchdims.length + 1));
  }
  /**
   * The values at i = j; differentiable.
   * @returns `[...batch, M]` or `[...batch, M, d]`
   * @throws ArgumentError unless M = N, or for ranges
   * @example
   * ```ts
   * const x = rand([10, 3], { seed: 1 });
   * console.log(Vi(x).sqdist(Vj(x)).diag().shape); // [ 10 ]
   * ```
   */
  diag(): RealArray<T> {
    atMost("diag", 0, arguments);
    const sums = reduceNow("diag", diagonal("diag", expressionIn(this)), "Sum", { axis: 1 }, {});
    return squeezeLast(expressionIn(this), sums as RealArray);
  }
  /**
   * The sum of the diagonal; differentiable.
   * @returns `[...batch, d]`
   * @throws ArgumentError unless M = N, or for ranges
   * @example
   * ```ts
   * const x = rand([10, 3], { seed: 1 });
   * const K = Vi(x).sqdist(Vj(x)).neg().exp();
   * console.log(K.trace().get(0)); // 10
   * ```
   */
  trace(): RealArray<T> {
    atMost("trace", 0, arguments);
    const sums = reduceNow("trace", diagonal("trace", expressionIn(this)), "Sum", { axis: 0 }, {}) as RealArray;
    return dropAxis(sums, this.batchdims.length) as RealArray<T>;
  }
}

/** Values of an expression without a last axis of one number, as {@link Tensor.shape} has none. */
function squeezeLast<T extends RealData>({ formula }: Expression, values: RealArray): RealArray<T> {
  return (formula.dim === 1 ? reshapeView(values, values.shape.slice(0, -1)) : values) as RealArray<T>;
}

/** What notebooks and `console.log` show. */
Object.defineProperty(Tensor.prototype, Symbol.for("nodejs.util.inspect.custom"), {
  value(this: Tensor<unknown, unknown, unknown, RealData>): string {
    return this.toString();
  },
});
