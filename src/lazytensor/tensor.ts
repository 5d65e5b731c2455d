/**
 * What real and complex lazy tensors have in common: an expression, seen as an array `[...batch, M, N, dim]` of which parts can be taken.
 * Must not know operations.
 */
import { reshaped } from "../array/view";
import type { RealArray } from "../array/view";
import type { BlockRanges } from "../array/ranges";
import type { CallOptions } from "../call/prepared";
import type { Real } from "../device/native";
import type { DenseOptions } from "../genred";
import { atMost } from "../options";
import { checkIndex, denseValues, diagonal, sliced, without } from "./entries";
import type { Span } from "./entries";
import { describe, explanation, shapeOf } from "./explain";
import { textOf } from "./expression";
import type { Expression, Where } from "./expression";
import { reduced } from "./reduce";

/** A symbolic array; `Self` is the class that extends this one, so that parts of a tensor are tensors of its kind. */
export abstract class Tensor<Self, T extends Real> {
  /** Whether its components are complex numbers, two reals each. */
  abstract readonly isComplex: boolean;

  /** @param expression the formula and what its variables stand for. */
  constructor(readonly expression: Expression) {}

  protected abstract of(expression: Expression): Self;

  // ---- what it is

  /** `[...batch, M, N]`, or `[...batch, M, N, dim]` for a dim above 1; an index that nothing depends on has length 1. */
  get shape(): readonly number[] {
    return shapeOf(this.expression, this.dim);
  }
  /** Length of {@link Tensor.shape}; pykeops calls the dim so. */
  get ndim(): number {
    return this.shape.length;
  }
  /** Number of components of every vector. */
  abstract get dim(): number;
  /** Of the arrays; null where there are only numbers and symbolic variables. */
  abstract get dtype(): string | null;
  /** Leading dimensions: `[]` without batches. */
  get batchdims(): readonly number[] {
    return this.expression.batch;
  }
  /** The pairs (i, j) at which it is evaluated; null for all. */
  get ranges(): BlockRanges | null {
    return this.expression.where.ranges ?? null;
  }
  /** The formula, with arrays named in the order in which it reads them: x over i, y over j, p for parameters. */
  get formula(): string {
    return textOf(this.expression);
  }
  /** Shape, dtype, formula and cost. */
  toString(): string {
    return describe(this.isComplex ? "ComplexLazyTensor" : "LazyTensor", this.expression, this.shape, this.dtype);
  }
  /** What is computed when, by which engines, and the generated code, for the sum over j. */
  explain(): string {
    atMost("explain", 0, arguments);
    return explanation(this.expression);
  }

  // ---- where it is computed

  /** The same, evaluated at the pairs of `ranges` alone. */
  withRanges(ranges: BlockRanges | null): Self {
    atMost("withRanges", 1, arguments);
    return this.where({ ranges });
  }
  /** The same, computed by a backend. */
  withBackend(backend: CallOptions["backend"]): Self {
    atMost("withBackend", 1, arguments);
    return this.where({ backend });
  }
  private where(where: Where): Self {
    return this.of(this.expression.with(where));
  }

  // ---- its parts

  /** The transpose: i and j exchanged, with the ranges. */
  get T(): Self {
    return this.of(this.expression.transposed());
  }
  /** The transpose, as {@link Tensor.T}. */
  t(): Self {
    atMost("t", 0, arguments);
    return this.T;
  }
  /** The rows and columns from begin to before end, `null` for all: nothing is copied. @throws ArgumentError for spans outside, or ranges. */
  slice(rows: Span, columns: Span = null): Self {
    atMost("slice", 2, arguments);
    return this.of(sliced(this.expression, rows, columns));
  }
  /**
   * All values, `[...batch, M, N]`, or `[...batch, M, N, d]` of d > 1 numbers, two for a complex one; for small problems; differentiable.
   * @throws ArgumentError for more than `maxBytes`, or ranges.
   */
  dense(options?: DenseOptions | null): RealArray<T> {
    atMost("dense", 1, arguments);
    return this.squeezed(denseValues(this.expression, options));
  }
  /** The values of row i: `[...batch, N]` or `[...batch, N, d]`. @throws ArgumentError where there is none, or ranges. */
  row(i: number): RealArray<T> {
    atMost("row", 1, arguments);
    checkIndex("row", i, this.expression.sizes[0]);
    const values = denseValues(sliced(this.expression, [i, i + 1], null), null);
    return this.squeezed(without(values, this.batchdims.length));
  }
  /** The values of column j: `[...batch, M]` or `[...batch, M, d]`. @throws ArgumentError where there is none, or ranges. */
  col(j: number): RealArray<T> {
    atMost("col", 1, arguments);
    checkIndex("col", j, this.expression.sizes[1]);
    const values = denseValues(sliced(this.expression, null, [j, j + 1]), null);
    return this.squeezed(without(values, this.batchdims.length + 1));
  }
  /** The values at i = j: `[...batch, M]` or `[...batch, M, d]`; differentiable. @throws ArgumentError unless M = N, or for ranges. */
  diag(): RealArray<T> {
    atMost("diag", 0, arguments);
    const sums = reduced("diag", diagonal("diag", this.expression), "Sum", { axis: 1 }, {});
    return this.squeezed(sums as RealArray);
  }
  /** The sum of the diagonal: `[...batch, d]`; differentiable. @throws ArgumentError unless M = N, or for ranges. */
  trace(): RealArray<T> {
    atMost("trace", 0, arguments);
    const sums = reduced("trace", diagonal("trace", this.expression), "Sum", { axis: 0 }, {}) as RealArray;
    return without(sums, this.batchdims.length) as RealArray<T>;
  }

  /** Without a last axis of one number, as {@link Tensor.shape} has none. */
  private squeezed(values: RealArray): RealArray<T> {
    const { shape } = values;
    return (this.expression.formula.dim === 1 ? reshaped(values, shape.slice(0, -1)) : values) as RealArray<T>;
  }
}

/** What notebooks and `console.log` show. */
Object.defineProperty(Tensor.prototype, Symbol.for("nodejs.util.inspect.custom"), {
  value(this: Tensor<unknown, Real>): string {
    return this.toString();
  },
});
