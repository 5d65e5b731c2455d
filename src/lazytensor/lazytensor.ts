/**
 * Lazy tensors: symbolic arrays that are formulas until they are reduced. The methods of operations and reductions come from the tables
 * (methods.ts), what any tensor can do from tensor.ts; here is what tensors are made of and what matrices can do. Must not know engines.
 */
import type { Dtype, RealArray } from "../array/view";
import type { Real } from "../device/native";
import { ArgumentError } from "../errors";
import { complex } from "../formula/ops";
import type { ReductionName } from "../call/signature";
import { atMost, described, optionsOf } from "../options";
import type { OptionsOf } from "../options";
import type { EigshOptions, EigshResult } from "../solve/eigsh";
import type { SolveResult } from "../solve/report";
import type { LogdetOptions, LogdetResult } from "../solve/logdet";
import { Expression } from "./expression";
import { linearOperator, product } from "./linear";
import { ComplexMethods, RealMethods } from "./methods";
import { applied, complexOperand, expressionOf, isLazy, realOperand } from "./operand";
import type { ComplexOperand, Operand } from "./operand";
import { chain, isProducts } from "../solve/linearoperator";
import type { LinearOperator, Products } from "../solve/linearoperator";
import { checkClosed, deferred, isInner, reduced } from "./reduce";
import type { AnyReduction, Calling, Deferred, InnerOptions, ReduceOptions, Waiting } from "./reduce";
import { matrixOf, solver } from "./solve";
import type { DeferredSolve, SystemOptions, UNKNOWN } from "./solve";

const INDEX = {
  /** 0: the rows are indexed by i, as `Vi` does. 1: by j, as `Vj`. */
  axis: { kind: [0, 1] },
} as const;

/** Of the arrays that a lazy tensor is made of. */
export type LazyTensorOptions = OptionsOf<typeof INDEX>;

/** Options of a product. */
export type ProductOptions<T extends Real = Real> = Omit<ReduceOptions<T>, "axis">;

/** Options of a solve. */
export type LazySolveOptions<T extends Real = Real> = SystemOptions<T> &
  OptionsOf<typeof UNKNOWN, { readonly expression: Expression }, LazyTensor<T>>;

/**
 * A symbolic array `[...batch, M, N, dim]`: operations build formulas, and only a reduction over i or j computes, in O(M N) time and
 * O(M + N) memory. Immutable. `new LazyTensor(x, {axis: 0})` is `Vi(x)`.
 */
export class LazyTensor<T extends Real = Real> extends RealMethods<LazyTensor<T>, ComplexLazyTensor<T>, T> {
  readonly isComplex = false;

  /**
   * @param value a number, a list of numbers or an array `[D]`: a parameter; an array `[..., M, D]` with the option axis;
   * an array `[..., M, 1, D]`, `[..., 1, N, D]` or `[..., 1, 1, D]`, whose axes of length 1 tell its role.
   * @throws ArgumentError for anything else.
   */
  constructor(value: RealArray<T> | number | readonly number[] | Expression, options?: LazyTensorOptions | null) {
    super(value instanceof Expression ? value : expressionOf("LazyTensor", value, axisOf("LazyTensor", options)));
    atMost("LazyTensor", 2, arguments);
  }

  get dim(): number {
    return this.expression.formula.dim;
  }
  get dtype(): Dtype | null {
    return this.expression.dtype;
  }

  // ---- operations that the table has under another form

  /** 1 where this > y, else 0. */
  gt(y: Operand): LazyTensor<T> {
    atMost("gt", 1, arguments);
    return this.operation("LessThan", [y, this]);
  }
  /** 1 where this >= y, else 0. */
  ge(y: Operand): LazyTensor<T> {
    atMost("ge", 1, arguments);
    return this.operation("LessOrEqual", [y, this]);
  }
  /** Complex numbers with this real part and the imaginary part `im`; one of dim 1 is repeated. */
  complex(im: Operand): ComplexLazyTensor<T> {
    atMost("complex", 1, arguments);
    const imaginary = realOperand("complex, im", im);
    const formula = complex(this.expression.formula, imaginary.formula);
    return new ComplexLazyTensor<T>(Expression.join(formula, [this.expression, imaginary]));
  }
  /** D complex numbers whose parts are the components re, im, re, im, … @throws FormulaError for an odd dim. */
  asComplex(): ComplexLazyTensor<T> {
    atMost("asComplex", 0, arguments);
    return new ComplexLazyTensor<T>(this.expression);
  }

  protected of(expression: Expression): LazyTensor<T> {
    return new LazyTensor<T>(expression);
  }
  protected operation(name: string, values: readonly unknown[]): LazyTensor<T> {
    return new LazyTensor<T>(applied(name, values, realOperand));
  }
  protected complexOperation(name: string, values: readonly unknown[]): ComplexLazyTensor<T> {
    return new ComplexLazyTensor<T>(applied(name, values, realOperand));
  }

  /** A reduction by name; `optArg` is the K of the K best, `weight` the weights of exponential sums. */
  override reduction(name: ReductionName, options: AnyReduction<T>): unknown {
    atMost("reduction", 2, arguments);
    const { optArg, weight, ...rest } = (options as AnyReduction<T> | undefined) ?? ({} as AnyReduction<T>);
    const weights = weight === undefined ? undefined : realOperand(`${name}, weight`, weight);
    return (rest.call === false ? deferred : reduced)(name, this.expression, name, rest, { optArg, weights });
  }

  // ---- as a matrix

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
    atMost("matmul", 2, arguments);
    const second = isLazy(b) ? linearOperator<T>("matmul", b) : b;
    if (!isProducts<T>(second)) return product("matmul", this.expression, second, options) as RealArray<T>;
    optionsOf("matmul of operators", options, {});
    return chain(linearOperator<T>("matmul", this), second);
  }
  /** The product with an array, as {@link LazyTensor.matmul}. */
  matvec(b: RealArray<T>, options?: ProductOptions<T> | null): RealArray<T> {
    atMost("matvec", 2, arguments);
    return product("matvec", this.expression, b, options) as RealArray<T>;
  }
  /** The product of the transpose with an array `[...batch, M, E]` or `[M]`. */
  rmatvec(b: RealArray<T>, options?: ProductOptions<T> | null): RealArray<T> {
    atMost("rmatvec", 2, arguments);
    return product("rmatvec", this.expression.transposed(), b, options) as RealArray<T>;
  }

  /**
   * Solves (K + alpha I) a = b for a, of the shape of b, `[...batch, N, E]` or `[N]`, with the solver and the options of `KernelSolve`;
   * differentiable. With `{call: false}`, or where b is a variable such as `Vj(2, 1)`, it is a function of the symbolic variables.
   * @throws ArgumentError where shapes do not fit or K is not symmetric unless `symmetry` says so, ConvergenceError as `KernelSolve`.
   */
  solve(b: RealArray<T> | LazyTensor<T>, options: LazySolveOptions<T> & Waiting): DeferredSolve<T>;
  solve(b: RealArray<T>, options?: (LazySolveOptions<T> & Calling) | null): RealArray<T>;
  solve(b: unknown, options?: (LazySolveOptions<T> & { call?: boolean | undefined }) | null): unknown {
    atMost("solve", 2, arguments);
    return options?.call === false ? this.solver(b, options) : this.closedSolver(b, options ?? {})();
  }
  /** The same, with how it was found. */
  solved(b: RealArray<T>, options?: LazySolveOptions<T> | null): SolveResult<T> {
    atMost("solved", 2, arguments);
    return this.closedSolver(b, options ?? {}).solve();
  }
  private closedSolver(b: unknown, options: LazySolveOptions<T>): DeferredSolve<T> {
    checkClosed("solve", this.expression.leaves);
    return this.solver(b, options);
  }
  private solver(b: unknown, options: LazySolveOptions<T>): DeferredSolve<T> {
    return solver(this.expression, b, options) as DeferredSolve<T>;
  }

  /**
   * log det (K + alpha I) of a symmetric kernel: exact, or with its standard error, as `KernelSolve` has it.
   * @throws ArgumentError unless K is square, of dim 1, without batches, or where K + alpha I is not positive definite; ConvergenceError.
   */
  logdet(options?: LogdetOptions | null): LogdetResult {
    atMost("logdet", 1, arguments);
    return matrixOf("logdet", this.expression).logdet(withPlace(this.expression, options));
  }
  /**
   * The k largest eigenvalues of a symmetric kernel `[k]`, with their vectors `[N, k]`, as `KernelSolve` has them.
   * @throws ArgumentError unless K is square, of dim 1, without batches; ConvergenceError.
   */
  eigsh(k: number, options?: EigshOptions | null): EigshResult<T> {
    atMost("eigsh", 2, arguments);
    return matrixOf("eigsh", this.expression).eigsh<T>(k, withPlace(this.expression, options));
  }

  /** K + alpha I, as an operator. */
  addDiag(alpha: number): LinearOperator<T> {
    atMost("addDiag", 1, arguments);
    return linearOperator<T>("addDiag", this).addDiag(alpha);
  }
}

/** Complex components as real ones. */
function twice(where: string, count: unknown): number {
  if (Number.isSafeInteger(count)) return 2 * (count as number);
  throw new ArgumentError(`${where}: expected an integer, got ${described(count)}`);
}

const axisOf = (where: string, options: LazyTensorOptions | null | undefined): 0 | 1 | undefined =>
  optionsOf(where, options, INDEX).axis;

const complexExpression = (value: unknown, options: LazyTensorOptions | null | undefined): Expression =>
  expressionOf("ComplexLazyTensor", value, axisOf("ComplexLazyTensor", options));

/** What a call is told, and where the tensor is computed unless that says otherwise. */
const withPlace = <O extends object>({ where }: Expression, options: O | null | undefined): O =>
  ({ ...where, ...options }) as O;

/** D complex numbers at every pair: `re, im, re, im, …` in arrays. What has no meaning for complex numbers is not there. */
export class ComplexLazyTensor<T extends Real = Real> extends ComplexMethods<LazyTensor<T>, ComplexLazyTensor<T>, T> {
  readonly isComplex = true;

  /** @param value an array `[..., M, 2 D]` of complex numbers as `re, im, re, im, …`, as for {@link LazyTensor}. */
  constructor(value: RealArray<T> | readonly number[] | Expression, options?: LazyTensorOptions | null) {
    super(value instanceof Expression ? value : complexExpression(value, options));
    atMost("ComplexLazyTensor", 2, arguments);
    applied("ComplexReal", [this], complexOperand); // refuses odd dims
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

  // ---- operations that the table has for vectors

  /** Opposite. */
  neg(): ComplexLazyTensor<T> {
    atMost("neg", 0, arguments);
    return this.mul(-1);
  }
  /** Component m, counted from 0. */
  elem(m: number): ComplexLazyTensor<T> {
    atMost("elem", 1, arguments);
    return this.extract(m, 1);
  }
  /** The `length` components from `start` on. */
  extract(start: number, length: number): ComplexLazyTensor<T> {
    atMost("extract", 2, arguments);
    return this.complexOperation("Extract", [this, twice("extract, start", start), twice("extract, length", length)]);
  }
  /** These components, then those of y. */
  concat(y: ComplexOperand): ComplexLazyTensor<T> {
    atMost("concat", 1, arguments);
    return this.complexOperation("Concat", [this, y]);
  }
  /** The 2 D real numbers re, im, re, im, …, of which gradients are taken. */
  asReal(): LazyTensor<T> {
    atMost("asReal", 0, arguments);
    return new LazyTensor<T>(this.expression);
  }

  protected of(expression: Expression): ComplexLazyTensor<T> {
    return new ComplexLazyTensor<T>(expression);
  }
  protected operation(name: string, values: readonly unknown[]): LazyTensor<T> {
    return new LazyTensor<T>(applied(name, values, complexOperand));
  }
  protected complexOperation(name: string, values: readonly unknown[]): ComplexLazyTensor<T> {
    return new ComplexLazyTensor<T>(applied(name, values, complexOperand));
  }

  // ---- reductions: those that are the same for both parts

  /** Sum of the components of every vector. */
  sum(options?: InnerOptions | null): ComplexLazyTensor<T>;
  /** Over i (axis 0) or j (axis 1): `[...batch, rows, 2 dim]`, as `re, im, …`. */
  sum(options: ReduceOptions<T> & Waiting): Deferred<"Sum", T>;
  /** Over i (axis 0) or j (axis 1): `[...batch, rows, 2 dim]`, as `re, im, …`. */
  sum(options: ReduceOptions<T> & Calling): RealArray<T>;
  sum(options?: ReduceOptions<T> | InnerOptions | null): unknown {
    atMost("sum", 1, arguments);
    return isInner("sum", options) ? this.complexOperation("ComplexSum", [this]) : this.reduction("Sum", options);
  }
  /** Mean of the components of every vector. */
  mean(options?: InnerOptions | null): ComplexLazyTensor<T>;
  /** The mean over i (axis 0) or j (axis 1): `[...batch, rows, 2 dim]`. */
  mean(options: ReduceOptions<T> & Waiting): Deferred<"Mean", T>;
  /** The mean over i (axis 0) or j (axis 1): `[...batch, rows, 2 dim]`. */
  mean(options: ReduceOptions<T> & Calling): RealArray<T>;
  mean(options?: ReduceOptions<T> | InnerOptions | null): unknown {
    atMost("mean", 1, arguments);
    return isInner("mean", options) ? this.sum().div(this.dim) : this.reduction("Mean", options);
  }
  private reduction(name: "Sum" | "Mean", options: ReduceOptions<T>): unknown {
    const { call } = options as AnyReduction<T>;
    return (call === false ? deferred : reduced)(name, this.expression, name, options, {});
  }

  // ---- as a matrix

  /** The product with complex numbers `[...batch, N, 2 E]`, as `re, im, …`: `[...batch, M, 2 E]`; differentiable. */
  matmul(b: RealArray<T>, options?: ProductOptions<T> | null): RealArray<T> {
    atMost("matmul", 2, arguments);
    const vector = new ComplexLazyTensor<T>(b, { axis: 1 });
    return this.mul(vector).sum({ ...options, axis: 1 });
  }
  /** The product with complex numbers, as {@link ComplexLazyTensor.matmul}. */
  matvec(b: RealArray<T>, options?: ProductOptions<T> | null): RealArray<T> {
    atMost("matvec", 2, arguments);
    return this.matmul(b, options);
  }
  /** The product of the transpose, not conjugated, with complex numbers `[...batch, M, 2 E]`. */
  rmatvec(b: RealArray<T>, options?: ProductOptions<T> | null): RealArray<T> {
    atMost("rmatvec", 2, arguments);
    return this.T.matmul(b, options);
  }
}
