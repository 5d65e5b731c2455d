/**
 * Lazy tensors: symbolic arrays of shape [...batch, M, N, dim] that are formulas until they are reduced. The methods of operations and
 * reductions come from the tables (methods.ts); here is what tensors are and what matrices can do. Must not know engines.
 */
import type { BlockRanges } from "../array/ranges";
import { reshaped } from "../array/view";
import type { Dtype, RealArray } from "../array/view";
import type { CallOptions } from "../operator/call";
import type { Real } from "../engine/native";
import { complex } from "../formula/ops";
import type { DenseOptions } from "../genred";
import { summary } from "../system/system";
import type { SolveResult } from "../system/functions";
import type { ReductionName } from "../operator/signature";
import type { SolveOptions } from "../system/options";
import { Expression, textOf } from "./expression";
import { describe, explanation, shapeOf } from "./explain";
import { applied, complexOperand, expressionOf, powerOperand, realOperand } from "./operand";
import { asLinearOperator, denseValues, diagonal, product, sliced, solved, without } from "./linear";
import type { Span } from "./linear";
import { ComplexMethods, RealMethods } from "./methods";
import type { AnyReduction, ComplexOperand, Operand } from "./methods";
import { chain, isProducts } from "./operator";
import type { LinearOperator, Products } from "./operator";
import { deferred, reduced } from "./reduce";
import type { Deferred, ReduceOptions } from "./reduce";

/** Of the arrays that a lazy tensor is made of. */
export interface LazyTensorOptions {
  /** 0: the rows are indexed by i, as `Vi` does. 1: by j, as `Vj`. */
  readonly axis?: 0 | 1 | undefined;
}

/** Options of a product. */
export type ProductOptions<T extends Real = Real> = Omit<ReduceOptions<T>, "axis">;

/** Options of a solve. */
export interface LazySolveOptions<T extends Real = Real> extends SolveOptions<T> {
  /** A variable indexed by j that the tensor is linear in; if absent, the tensor is a kernel k(x, y). */
  readonly var?: LazyTensor<T> | undefined;
}

/**
 * A symbolic array `[...batch, M, N, dim]`: operations build formulas, and only a reduction over i or j computes, in O(M N) time and
 * O(M + N) memory. Immutable. `new LazyTensor(x, {axis: 0})` is `Vi(x)`.
 */
export class LazyTensor<T extends Real = Real> extends RealMethods<LazyTensor<T>, ComplexLazyTensor<T>, T> {
  readonly isComplex = false;
  /** The formula and what its variables stand for. */
  readonly expression: Expression;

  /**
   * @param value a number, a list of numbers or an array `[D]`: a parameter; an array `[..., M, D]` with the option axis;
   * an array `[..., M, 1, D]`, `[..., 1, N, D]` or `[..., 1, 1, D]`, whose axes of length 1 tell its role.
   * @throws ArgumentError for anything else.
   */
  constructor(value: RealArray<T> | number | readonly number[] | Expression, { axis }: LazyTensorOptions = {}) {
    super();
    this.expression = value instanceof Expression ? value : expressionOf("LazyTensor", value, axis);
  }

  // ---- what it is

  /** `[...batch, M, N]`, or `[...batch, M, N, dim]` for a dim above 1; an index that nothing depends on has length 1. */
  get shape(): readonly number[] {
    return shapeOf(this.expression, this.dim);
  }
  /** Length of {@link LazyTensor.shape}; pykeops calls the dim so. */
  get ndim(): number {
    return this.shape.length;
  }
  /** Number of components of every vector. */
  get dim(): number {
    return this.expression.formula.dim;
  }
  /** Of the arrays; null where there are only numbers and symbolic variables. */
  get dtype(): Dtype | null {
    return this.expression.dtype;
  }
  get batchdims(): readonly number[] {
    return this.expression.batch;
  }
  get ranges(): BlockRanges | null {
    return this.expression.where.ranges ?? null;
  }
  /** The formula, with arrays named in the order in which it reads them: x over i, y over j, p for parameters. */
  get formula(): string {
    return textOf(this.expression);
  }
  override toString(): string {
    return describe("LazyTensor", this.expression, this.shape, this.dtype);
  }
  /** What is computed when, where and with which code, for the sum over j. */
  explain(): string {
    return explanation(this.expression);
  }

  // ---- operations that the table has under another form

  /** 1 where this > y, else 0. */
  gt(y: Operand): LazyTensor<T> {
    return this.operation("LessThan", [y, this]);
  }
  /** 1 where this >= y, else 0. */
  ge(y: Operand): LazyTensor<T> {
    return this.operation("LessOrEqual", [y, this]);
  }
  /** Complex numbers with this real part and the imaginary part `im`; one of dim 1 is repeated. */
  complex(im: Operand): ComplexLazyTensor<T> {
    const imaginary = realOperand("complex, im", im);
    const formula = complex(this.expression.formula, imaginary.formula);
    return new ComplexLazyTensor<T>(Expression.join(formula, [this.expression, imaginary]));
  }
  /** D complex numbers whose parts are the components re, im, re, im, … @throws FormulaError for an odd dim. */
  asComplex(): ComplexLazyTensor<T> {
    return new ComplexLazyTensor<T>(this.expression);
  }

  protected operation(name: string, values: readonly unknown[]): LazyTensor<T> {
    return new LazyTensor<T>(applied(name, values, realOperand));
  }
  protected complexOperation(name: string, values: readonly unknown[]): ComplexLazyTensor<T> {
    return new ComplexLazyTensor<T>(applied(name, values, realOperand));
  }

  /** A reduction by name; `optArg` is the K of the K best, `weight` the weights of exponential sums. */
  override reduction(name: ReductionName, options: AnyReduction<T>): unknown {
    const {
      optArg,
      weight,
      call = true,
      ...rest
    } = (options as AnyReduction<T> | undefined) ?? ({} as AnyReduction<T>);
    const weights = weight === undefined ? undefined : realOperand(`${name}, weight`, weight);
    return (call ? reduced : deferred)(name, this.expression, name, rest, { optArg, weights });
  }

  // ---- where it is computed

  /** The same, evaluated at the pairs of `ranges` alone. */
  withRanges(ranges: BlockRanges | null): LazyTensor<T> {
    return new LazyTensor<T>(this.expression.with({ ranges }));
  }
  /** The same, computed by a backend. */
  withBackend(backend: CallOptions["backend"]): LazyTensor<T> {
    return new LazyTensor<T>(this.expression.with({ backend }));
  }

  // ---- as a matrix

  /** The transpose: i and j exchanged, with the ranges. */
  get T(): LazyTensor<T> {
    return new LazyTensor<T>(this.expression.transposed());
  }
  t(): LazyTensor<T> {
    return this.T;
  }

  /**
   * The product with an array `[...batch, N, E]` or `[N]`: `[...batch, M, E]` or `[M]`; differentiable. With an operator: their chain.
   * @throws ArgumentError where sizes do not fit.
   */
  matmul(b: RealArray<T>, options?: ProductOptions<T> | null): RealArray<T>;
  matmul(b: LazyTensor<T> | Products<T>): LinearOperator<T>;
  matmul(
    b: RealArray<T> | LazyTensor<T> | Products<T>,
    options?: ProductOptions<T> | null,
  ): RealArray<T> | LinearOperator<T> {
    if (b instanceof LazyTensor) return chain(asLinearOperator(this), asLinearOperator(b));
    return isProducts(b) ? chain(asLinearOperator(this), b) : this.matvec(b, options);
  }
  /** The product with an array, as {@link LazyTensor.matmul}. */
  matvec(b: RealArray<T>, options?: ProductOptions<T> | null): RealArray<T> {
    return product("matmul", this.expression, b, options) as RealArray<T>;
  }
  /** The product of the transpose with an array `[...batch, M, E]` or `[M]`. */
  rmatvec(b: RealArray<T>, options?: ProductOptions<T> | null): RealArray<T> {
    return product("rmatvec", this.expression.transposed(), b, options) as RealArray<T>;
  }

  /**
   * Solves (K + alpha I) a = b for a, of the shape of b, with the solver and the options of `KernelSolve`; differentiable.
   * @throws ArgumentError where shapes do not fit or K is not symmetric, ConvergenceError as `KernelSolve`.
   */
  solve(b: RealArray<T>, options?: LazySolveOptions<T> | null): RealArray<T> {
    return this.solved(b, options).solution;
  }
  /** The same, with how it was found. */
  solved(b: RealArray<T>, options?: LazySolveOptions<T> | null): SolveResult<T> {
    const { var: unknown, ...rest } = options ?? {};
    return summary(solved(this.expression, b, unknown?.expression, rest)) as SolveResult<T>;
  }

  /** All values, of this tensor's shape; for small problems. @throws ArgumentError for more than `maxBytes`. */
  dense(options?: DenseOptions | null): RealArray<T> {
    return reshaped(denseValues(this.expression, options), this.shape) as RealArray<T>;
  }
  /** The values at i = j: `[M]` or `[M, dim]`. @throws ArgumentError unless M = N. */
  diag(): RealArray<T> {
    const values = reduced("diag", diagonal(this.expression), "Sum", { axis: 1 }, {}) as RealArray<T>;
    return this.dim === 1 ? (without(values, 1) as RealArray<T>) : values;
  }
  /** The sum of the diagonal: `[dim]`. @throws ArgumentError unless M = N. */
  trace(): RealArray<T> {
    const values = reduced("trace", diagonal(this.expression), "Sum", { axis: 0 }, {}) as RealArray<T>;
    return without(values, 0) as RealArray<T>;
  }
  /** The values of row i: `[N]` or `[N, dim]`. */
  row(i: number): RealArray<T> {
    return without(this.slice([i, i + 1], null).dense(), 0) as RealArray<T>;
  }
  /** The values of column j: `[M]` or `[M, dim]`. */
  col(j: number): RealArray<T> {
    return without(this.slice(null, [j, j + 1]).dense(), 1) as RealArray<T>;
  }
  /** The rows and columns from begin to before end, `null` for all: nothing is copied. */
  slice(rows: Span, columns: Span = null): LazyTensor<T> {
    return new LazyTensor<T>(sliced(this.expression, rows, columns));
  }
  /** K + alpha I, as an operator. */
  addDiag(alpha: number): LinearOperator<T> {
    return asLinearOperator(this).addDiag(alpha);
  }
}

/** D complex numbers at every pair: `re, im, re, im, …` in arrays. What has no meaning for complex numbers is not there. */
export class ComplexLazyTensor<T extends Real = Real> extends ComplexMethods<LazyTensor<T>, ComplexLazyTensor<T>> {
  readonly isComplex = true;
  readonly expression: Expression;

  /** @param value an array `[..., M, 2 D]` of complex numbers as `re, im, re, im, …`, as for {@link LazyTensor}. */
  constructor(value: RealArray<T> | readonly number[] | Expression, { axis }: LazyTensorOptions = {}) {
    super();
    this.expression = value instanceof Expression ? value : expressionOf("ComplexLazyTensor", value, axis);
    applied("ComplexReal", [this], complexOperand);
  }

  /** `[...batch, M, N]`, or `[...batch, M, N, dim]`. */
  get shape(): readonly number[] {
    return shapeOf(this.expression, this.dim);
  }
  get ndim(): number {
    return this.shape.length;
  }
  /** Number of complex components. */
  get dim(): number {
    return this.expression.formula.dim / 2;
  }
  /** complex64 has float32 parts, complex128 float64 parts. */
  get dtype(): "complex64" | "complex128" | null {
    const { dtype } = this.expression;
    return dtype && (dtype === "float64" ? "complex128" : "complex64");
  }
  get formula(): string {
    return textOf(this.expression);
  }
  get T(): ComplexLazyTensor<T> {
    return new ComplexLazyTensor<T>(this.expression.transposed());
  }
  override toString(): string {
    return describe("ComplexLazyTensor", this.expression, this.shape, this.dtype);
  }

  /** Opposite. */
  neg(): ComplexLazyTensor<T> {
    return this.mul(-1);
  }
  /** Component m, counted from 0. */
  elem(m: number): ComplexLazyTensor<T> {
    return this.extract(m, 1);
  }
  /** The `length` components from `start` on. */
  extract(start: number, length: number): ComplexLazyTensor<T> {
    return this.complexOperation("Extract", [this, 2 * start, 2 * length]);
  }
  /** These components, then those of y. */
  concat(y: ComplexOperand): ComplexLazyTensor<T> {
    return this.complexOperation("Concat", [this, y]);
  }
  /** The 2 D real numbers re, im, re, im, … */
  asReal(): LazyTensor<T> {
    return new LazyTensor<T>(this.expression);
  }
  withRanges(ranges: BlockRanges | null): ComplexLazyTensor<T> {
    return new ComplexLazyTensor<T>(this.expression.with({ ranges }));
  }

  protected operation(name: string, values: readonly unknown[]): LazyTensor<T> {
    return new LazyTensor<T>(applied(name, values, complexOperand));
  }
  protected complexOperation(name: string, values: readonly unknown[]): ComplexLazyTensor<T> {
    const toOperand = name === "ComplexPow" ? powerOperand : complexOperand;
    return new ComplexLazyTensor<T>(applied(name, values, toOperand));
  }

  /** Of the components of every vector. */
  sum(options?: { readonly axis?: -1 | undefined } | null): ComplexLazyTensor<T>;
  /** Over i (axis 0) or j (axis 1): `[...batch, rows, 2 dim]`, as `re, im, …`. */
  sum(options: ReduceOptions<T>): RealArray<T>;
  sum(options?: ReduceOptions<T> | { readonly axis?: -1 | undefined } | null): ComplexLazyTensor<T> | RealArray<T> {
    const isOuter = options?.axis === 0 || options?.axis === 1;
    if (!isOuter) return this.complexOperation("ComplexSum", [this]);
    return reduced("sum", this.expression, "Sum", options, {}) as RealArray<T>;
  }
  /** The mean over i (axis 0) or j (axis 1): `[...batch, rows, 2 dim]`. */
  mean(options: ReduceOptions<T>): RealArray<T> {
    return reduced("mean", this.expression, "Mean", options, {}) as RealArray<T>;
  }
  /** The sum over i or j as a function of the arrays of symbolic variables. */
  deferredSum(options: ReduceOptions<T>): Deferred<"Sum", T> {
    return deferred("sum", this.expression, "Sum", options, {}) as unknown as Deferred<"Sum", T>;
  }
  /** The product with complex numbers `[...batch, N, 2 E]`, as `re, im, …`: `[...batch, M, 2 E]`. */
  matmul(b: RealArray<T>, options?: ProductOptions<T> | null): RealArray<T> {
    const vector = new ComplexLazyTensor<T>(b, { axis: 1 });
    return this.mul(vector).sum({ ...options, axis: 1 });
  }
  /** All values: `[...batch, M, N, 2 dim]`. */
  dense(options?: DenseOptions | null): RealArray<T> {
    return denseValues(this.expression, options) as RealArray<T>;
  }
}
