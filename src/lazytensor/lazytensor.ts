/**
 * Lazy tensors: symbolic arrays that are formulas until they are reduced. The methods of operations and reductions come
 * from the tables (methods.ts), what any tensor can do from tensor.ts; here is what tensors are made of and what
 * matrices can do. Must not know engines.
 */
import type { ArrayInput } from "../array/arrayinput";
import type { Dtype, RealArray } from "../array/view";
import type { RealData } from "../device/native";
import { complex } from "../formula/complex";
import type { ReductionName } from "../call/signature";
import { atMost, optionsOf } from "../options";
import type { OptionsOf } from "../options";
import type { EigshResult } from "../solve/eigenpairs";
import type { EigshOptions } from "../solve/eigsh";
import type { SolveReport } from "../solve/report";
import type { LogdetOptions, LogdetResult } from "../solve/logdet";
import { Expression } from "./expression";
import { complexProduct, linearOperator, product } from "./products";
import { ComplexMethods, RealMethods } from "./methods";
import { applyOperation, applyComplex, applyReal, complexOperand, realOperand, twice, withPlace } from "./operand";
import type { ComplexLazyOperand, Joined, LazyOperand } from "./operand";
import { LinearOperator, toOperator } from "../solve/linearoperator";
import type { AnyLinearOperator, AsOperator } from "../solve/linearoperator";
import { isOperatorLike } from "../solve/ways";
import type { LinearOperatorLike } from "../solve/ways";
import { isInner, isOpen, reduce } from "./reduce";
import type {
  AnyReduction,
  Axis,
  Calling,
  InnerOptions,
  ProductOptions,
  ReducedAny,
  AxisReductionOptions,
} from "./reduce";
import { matrixOf, solveClosed, solveOrWait } from "./solve";
import type { SolvedNow, SystemOptions, UNKNOWN } from "./solve";
import { expressionIn } from "./symbolic";
import type { Kind, Symbolic } from "./symbolic";

/** Options of a product. */
export type MatmulOptions<T extends RealData = RealData> = ProductOptions<T>;

/** Options of a solve. */
export type LazySolveOptions<T extends RealData = RealData> = SystemOptions<T> &
  OptionsOf<typeof UNKNOWN, Symbolic, LazyTensor<RealData, boolean>>;

/** What a product with makes a chain of operators. */
type OperatorOf<T extends RealData> = LazyTensor<T> | LinearOperatorLike<T>;
type ProductOf<T extends RealData, B> = B extends OperatorOf<T> ? LinearOperator<T> : RealArray<T>;

/** `C` is whether it solves now. */
interface Solving<T extends RealData, C extends boolean> extends LazySolveOptions<T>, Calling<C> {}

/**
 * A symbolic array `[...batch, M, N, dim]`: operations build formulas, and only a reduction over i or j computes, in
 * O(M N) time and O(M + N) memory. Immutable. `LazyTensor(x, {axis: 0})` is `Vi(x)`.
 */
export class LazyTensor<out T extends RealData = RealData, out W extends boolean = false>
  extends RealMethods<LazyTensor<T, W>, ComplexLazyTensor<T, W>, LazyTensor<T, true>, T, W>
  implements AsOperator<T>
{
  readonly isComplex = false;

  constructor(expression: Expression) {
    super(expression, ofReal as Kind<LazyTensor<T, W>, LazyTensor<T, W>, ComplexLazyTensor<T, W>>);
  }

  get waits(): W {
    return isOpen(expressionIn(this).leaves) as W;
  }
  get dim(): number {
    return expressionIn(this).formula.dim;
  }
  get dtype(): Dtype | null {
    return expressionIn(this).dtype;
  }

  // ---- operations that the table has under another form

  /**
   * x + y, component by component; with a LinearOperator: the sum of both as operators.
   * @param y a lazy tensor, a number, or an array `[D]` for all pairs, or a LinearOperator
   * @returns a lazy tensor, or a LinearOperator
   * @throws ArgumentError for what is no operand, FormulaError where dims do not fit
   * @example
   * ```ts
   * console.log(Vi(rand([5, 3])).add(Vj(rand([6, 3]))).shape); // [ 5, 6, 3 ]
   * ```
   */
  override add<Y extends LazyOperand>(y: Y): Joined<LazyTensor<T, W>, LazyTensor<T, true>, Y>;
  override add(y: AnyLinearOperator): LinearOperator<T>;
  override add(y: LazyOperand | AnyLinearOperator): unknown {
    atMost("add", 1, arguments);
    return y instanceof LinearOperator ? linearOperator<T>("add", this).add(y) : super.add(y);
  }
  /**
   * x - y, component by component; with a LinearOperator: the difference of both as operators.
   * @param y a lazy tensor, a number, or an array `[D]` for all pairs, or a LinearOperator
   * @returns a lazy tensor, or a LinearOperator
   * @throws ArgumentError for what is no operand, FormulaError where dims do not fit
   * @example
   * ```ts
   * console.log(Vi(rand([5, 3])).sub(Vj(rand([6, 3]))).shape); // [ 5, 6, 3 ]
   * ```
   */
  override sub<Y extends LazyOperand>(y: Y): Joined<LazyTensor<T, W>, LazyTensor<T, true>, Y>;
  override sub(y: AnyLinearOperator): LinearOperator<T>;
  override sub(y: LazyOperand | AnyLinearOperator): unknown {
    atMost("sub", 1, arguments);
    return y instanceof LinearOperator ? linearOperator<T>("sub", this).sub(y) : super.sub(y);
  }
  /**
   * 1 where this > y, else 0.
   * @param y a lazy tensor, a number, or an array `[D]` for all pairs
   * @returns a lazy tensor
   * @throws ArgumentError for what is no operand, FormulaError where dims do not fit
   * @example
   * ```ts
   * console.log(Vi([[0.5]]).gt(0.25).dense().get(0, 0)); // 1
   * ```
   */
  gt<Y extends LazyOperand>(y: Y): Joined<LazyTensor<T, W>, LazyTensor<T, true>, Y>;
  gt(y: LazyOperand): unknown {
    atMost("gt", 1, arguments);
    return applyReal(this, "LessThan", [y, this]);
  }
  /**
   * 1 where this >= y, else 0.
   * @param y a lazy tensor, a number, or an array `[D]` for all pairs
   * @returns a lazy tensor
   * @throws ArgumentError for what is no operand, FormulaError where dims do not fit
   * @example
   * ```ts
   * console.log(Vi([[0.5]]).ge(0.75).dense().get(0, 0)); // 0
   * ```
   */
  ge<Y extends LazyOperand>(y: Y): Joined<LazyTensor<T, W>, LazyTensor<T, true>, Y>;
  ge(y: LazyOperand): unknown {
    atMost("ge", 1, arguments);
    return applyReal(this, "LessOrEqual", [y, this]);
  }
  /**
   * Complex numbers with this real part; one of dim 1 is repeated.
   * @param im the imaginary part: a lazy tensor, a number, or an array `[D]` for all pairs
   * @returns a complex lazy tensor
   * @throws ArgumentError for what is no operand, FormulaError where dims do not fit
   * @example
   * ```ts
   * console.log(Vi(rand([5, 1])).complex(Vj(rand([6, 1]))).shape); // [ 5, 6 ]
   * ```
   */
  complex<Y extends LazyOperand>(im: Y): Joined<ComplexLazyTensor<T, W>, ComplexLazyTensor<T, true>, Y>;
  complex(im: LazyOperand): unknown {
    atMost("complex", 1, arguments);
    const imaginary = realOperand("complex, im", im);
    const formula = complex(expressionIn(this).formula, imaginary.formula);
    return new ComplexLazyTensor<T>(Expression.join(formula, [expressionIn(this), imaginary]));
  }
  /**
   * D complex numbers whose parts are the components re, im, re, im, …
   * @returns a complex lazy tensor of half the dim
   * @throws FormulaError for an odd dim
   * @example
   * ```ts
   * console.log(Vi(rand([5, 4])).asComplex().dim); // 2
   * ```
   */
  asComplex(): ComplexLazyTensor<T, W> {
    atMost("asComplex", 0, arguments);
    return new ComplexLazyTensor<T, W>(expressionIn(this));
  }

  /**
   * A reduction by name.
   * @param name such as `"LogSumExp"`
   * @returns what the reduction gives: an array, indices, a pair of both, or a function of arrays that wait
   * @throws ArgumentError for options that do not fit, CompileError, DeviceError, InterruptedError
   * @example
   * ```ts
   * const K = Vi(rand([10, 3])).sqdist(Vj(rand([20, 3]))).neg().exp();
   * const sums = K.reduction("Sum", { axis: 1 }) as RealArray;
   * console.log(sums.shape); // [ 10, 1 ]
   * ```
   */
  override reduction(name: ReductionName, options: AnyReduction<T>): unknown {
    atMost("reduction", 2, arguments);
    const { optArg, weight, ...rest } = (options as AnyReduction<T> | undefined) ?? ({} as AnyReduction<T>);
    const weights = weight === undefined ? undefined : realOperand(`${name}, weight`, weight);
    return reduce(name, expressionIn(this), name, rest, { optArg, weights });
  }

  // ---- as a matrix

  /**
   * The product with an array, differentiable; with an operator, their chain.
   * @param b an array `[...batch, N, E]` or `[N]`, or an operator `[N, P]`
   * @returns `[...batch, M, E]` or `[M]`; of an operator a LinearOperator
   * @throws ArgumentError where sizes do not fit
   * @example
   * ```ts
   * const K = Vi(rand([10, 3])).sqdist(Vj(rand([20, 3]))).neg().exp();
   * console.log(K.matmul(rand([20, 2])).shape); // [ 10, 2 ]
   * ```
   */
  matmul<B extends ArrayInput<T> | OperatorOf<T>>(b: B, options?: MatmulOptions<T> | null): ProductOf<T, B>;
  matmul(b: ArrayInput<T> | OperatorOf<T>, options?: MatmulOptions<T> | null): unknown {
    atMost("matmul", 2, arguments);
    if (!isOperatorLike<T>(b)) return product("matmul", expressionIn(this), b, options);
    optionsOf("matmul of operators", options, {});
    return linearOperator<T>("matmul", this).matmul(toOperator<T>("matmul", b));
  }
  /**
   * The product with an array, as {@link LazyTensor.matmul}.
   * @param b an array `[...batch, N, E]` or `[N]`
   * @returns `[...batch, M, E]` or `[M]`
   * @throws ArgumentError where sizes do not fit
   * @example
   * ```ts
   * const K = Vi(rand([10, 3])).sqdist(Vj(rand([20, 3]))).neg().exp();
   * console.log(K.matvec(rand([20])).shape); // [ 10 ]
   * ```
   */
  matvec(b: ArrayInput<T>, options?: MatmulOptions<T> | null): RealArray<T> {
    atMost("matvec", 2, arguments);
    return product("matvec", expressionIn(this), b, options) as RealArray<T>;
  }
  /**
   * The product of the transpose with an array; differentiable.
   * @param b an array `[...batch, M, E]` or `[M]`
   * @returns `[...batch, N, E]` or `[N]`
   * @throws ArgumentError where sizes do not fit
   * @example
   * ```ts
   * const K = Vi(rand([10, 3])).sqdist(Vj(rand([20, 3]))).neg().exp();
   * console.log(K.rmatvec(rand([10])).shape); // [ 20 ]
   * ```
   */
  rmatvec(b: ArrayInput<T>, options?: MatmulOptions<T> | null): RealArray<T> {
    atMost("rmatvec", 2, arguments);
    return product("rmatvec", expressionIn(this).transpose(), b, options) as RealArray<T>;
  }

  /**
   * Solves (K + alpha I) a = b for a, with the solver and the options of `KernelSolve`; differentiable. With `{call:
   * false}`, or where there are symbolic variables, such as `Vj(2, 1)` for b, it is a function of them.
   * @param b an array `[...batch, N, E]` or `[N]`, or a symbolic variable
   * @returns the solution a, of the shape of b
   * @throws ArgumentError where shapes do not fit or K is not symmetric unless `symmetry` says so, ConvergenceError as
   * `KernelSolve`
   * @example
   * ```ts
   * const x = rand([10, 3], { seed: 1 });
   * const K = Vi(x).sqdist(Vj(x)).neg().exp();
   * console.log(K.solve(rand([10, 1]), { alpha: 0.1 }).shape); // [ 10, 1 ]
   * ```
   */
  solve<B extends RealArray<T> | LazyTensor<T, boolean> | LazyTensor<RealData, true>, C extends boolean = true>(
    b: B,
    options?: Solving<T, C> | null,
  ): SolvedNow<T, W, B, C>;
  solve(b: unknown, options?: Solving<T, boolean> | null): unknown {
    atMost("solve", 2, arguments);
    return solveOrWait(this, b, options ?? {});
  }
  /**
   * The solution of `solve` with how it was found.
   * @param b an array `[...batch, N, E]` or `[N]`
   * @returns `solution`, `method`, `iterations`, `residual`, `history` and more
   * @throws what `solve` throws
   * @example
   * ```ts
   * const x = rand([10, 3], { seed: 1 });
   * const K = Vi(x).sqdist(Vj(x)).neg().exp();
   * console.log(K.report(rand([10, 1]), { alpha: 0.1 }).residual < 1e-5); // true
   * ```
   */
  report(b: RealArray<T>, options?: LazySolveOptions<T> | null): SolveReport<T> {
    atMost("report", 2, arguments);
    return solveClosed<T>(this, b, options ?? {}).report();
  }

  /**
   * log det (K + alpha I) of a symmetric kernel: exact, or with its standard error, as `KernelSolve` has it.
   * @returns `value`, a number, and as `array` `[1]`, recorded for `grad`; its `standardError`, 0 where it is exact
   * @throws ArgumentError unless K is square, of dim 1, without batches, or where K + alpha I is not positive definite;
   * ConvergenceError
   * @example
   * ```ts
   * const x = rand([10, 3], { seed: 1 });
   * const K = Vi(x).sqdist(Vj(x)).neg().exp();
   * console.log(K.logdet({ alpha: 0.1 }).standardError); // 0
   * ```
   */
  logdet(options?: LogdetOptions | null): LogdetResult {
    atMost("logdet", 1, arguments);
    return matrixOf("logdet", expressionIn(this)).logdet(withPlace(expressionIn(this), options));
  }
  /**
   * The k largest eigenvalues of a symmetric kernel with their vectors, as `KernelSolve` has them.
   * @param k how many
   * @returns `values` `[k]` and `vectors` `[N, k]`
   * @throws ArgumentError unless K is square, of dim 1, without batches; ConvergenceError
   * @example
   * ```ts
   * const x = rand([10, 3], { seed: 1 });
   * const K = Vi(x).sqdist(Vj(x)).neg().exp();
   * console.log(K.eigsh(3).vectors.shape); // [ 10, 3 ]
   * ```
   */
  eigsh(k: number, options?: EigshOptions | null): EigshResult<T> {
    atMost("eigsh", 2, arguments);
    return matrixOf("eigsh", expressionIn(this)).eigsh<T>(k, withPlace(expressionIn(this), options));
  }

  /**
   * K as an operator.
   * @param where what the user has called, for messages
   * @returns a LinearOperator `[M, N]`
   * @throws ArgumentError for batches, or a dim above 1
   * @example
   * ```ts
   * const K = Vi(rand([10, 3])).sqdist(Vj(rand([20, 3]))).neg().exp();
   * console.log(K.asLinearOperator().shape); // [ 10, 20 ]
   * ```
   */
  asLinearOperator(where = "asLinearOperator"): LinearOperator<T> {
    atMost("asLinearOperator", 1, arguments);
    return linearOperator<T>(where, this);
  }
  /**
   * K + alpha I, as an operator.
   * @param alpha a number
   * @returns a LinearOperator `[N, N]`
   * @throws ArgumentError unless K is square, for batches, or a dim above 1
   * @example
   * ```ts
   * const x = rand([10, 3], { seed: 1 });
   * const K = Vi(x).sqdist(Vj(x)).neg().exp();
   * console.log(K.addDiag(0.1).shape); // [ 10, 10 ]
   * ```
   */
  addDiag(alpha: number): LinearOperator<T> {
    atMost("addDiag", 1, arguments);
    return linearOperator<T>("addDiag", this).addDiag(alpha);
  }
}

/**
 * D complex numbers at every pair: `re, im, re, im, …` in arrays. What has no meaning for complex numbers is not there.
 */
export class ComplexLazyTensor<out T extends RealData = RealData, out W extends boolean = false> extends ComplexMethods<
  LazyTensor<T, W>,
  ComplexLazyTensor<T, W>,
  ComplexLazyTensor<T, true>,
  T
> {
  readonly isComplex = true;

  /** @throws FormulaError for an odd dim. */
  constructor(expression: Expression) {
    super(expression, ofComplex as Kind<ComplexLazyTensor<T, W>, LazyTensor<T, W>, ComplexLazyTensor<T, W>>);
    applyOperation("ComplexReal", [this], complexOperand);
  }

  get waits(): W {
    return isOpen(expressionIn(this).leaves) as W;
  }
  /** Number of complex components. */
  get dim(): number {
    return expressionIn(this).formula.dim / 2;
  }
  /** complex64 has float32 parts, complex128 float64 parts. */
  get dtype(): "complex64" | "complex128" | null {
    const { dtype } = expressionIn(this);
    return dtype && (dtype === "float64" ? "complex128" : "complex64");
  }

  // ---- operations that the table has for vectors

  /**
   * Opposite.
   * @returns a complex lazy tensor
   * @throws ArgumentError for an argument too many
   * @example
   * ```ts
   * const K = Vi(rand([10, 2])).asComplex().mul(Vj(rand([20, 2])).asComplex());
   * console.log(K.neg().shape); // [ 10, 20 ]
   * ```
   */
  neg(): ComplexLazyTensor<T, W> {
    atMost("neg", 0, arguments);
    return this.mul(-1);
  }
  /**
   * One component.
   * @param m which, from 0
   * @returns a complex lazy tensor of dim 1
   * @throws FormulaError where there is none
   * @example
   * ```ts
   * console.log(Vi(rand([5, 4])).asComplex().elem(1).dim); // 1
   * ```
   */
  elem(m: number): ComplexLazyTensor<T, W> {
    atMost("elem", 1, arguments);
    return this.extract(m, 1);
  }
  /**
   * Some of the components.
   * @param start the first, from 0
   * @param length how many
   * @returns a complex lazy tensor of that dim
   * @throws FormulaError where there are none
   * @example
   * ```ts
   * console.log(Vi(rand([5, 6])).asComplex().extract(1, 2).dim); // 2
   * ```
   */
  extract(start: number, length: number): ComplexLazyTensor<T, W> {
    atMost("extract", 2, arguments);
    return applyComplex(this, "Extract", [this, twice("extract, start", start), twice("extract, length", length)]);
  }
  /**
   * The components of this tensor, then those of y.
   * @param y a complex or real lazy tensor, a number, or an array `[D]` for all pairs
   * @returns a complex lazy tensor
   * @throws ArgumentError for what is no operand
   * @example
   * ```ts
   * console.log(Vi(rand([5, 4])).asComplex().concat(Vj(rand([6, 2])).asComplex()).shape); // [ 5, 6, 3 ]
   * ```
   */
  concat<Y extends ComplexLazyOperand>(y: Y): Joined<ComplexLazyTensor<T, W>, ComplexLazyTensor<T, true>, Y>;
  concat(y: ComplexLazyOperand): unknown {
    atMost("concat", 1, arguments);
    return applyComplex(this, "Concat", [this, y]);
  }
  /**
   * The 2 D real numbers re, im, re, im, …, of which gradients are taken.
   * @returns a lazy tensor of twice the dim
   * @throws ArgumentError for an argument too many
   * @example
   * ```ts
   * const K = Vi(rand([10, 2])).asComplex().mul(Vj(rand([20, 2])).asComplex());
   * console.log(K.asReal().shape); // [ 10, 20, 2 ]
   * ```
   */
  asReal(): LazyTensor<T, W> {
    atMost("asReal", 0, arguments);
    return new LazyTensor<T, W>(expressionIn(this));
  }

  // ---- reductions: those that are the same for both parts

  /**
   * Sum of the components, or over i (axis 0) or j (axis 1).
   * @returns `[...batch, rows, 2 dim]`, as `re, im, …`; of components a complex lazy tensor
   * @throws ArgumentError for options that do not fit, CompileError, DeviceError, InterruptedError
   * @example
   * ```ts
   * const K = Vi(rand([10, 2])).asComplex().mul(Vj(rand([20, 2])).asComplex());
   * console.log(K.sum({ axis: 1 }).shape); // [ 10, 2 ]
   * ```
   */
  sum<A extends Axis = -1, C extends boolean = true>(
    options?: AxisReductionOptions<T, A, C> | null,
  ): ReducedAny<ComplexLazyTensor<T, W>, A, "Sum", T, W, C>;
  sum(options?: AnyReduction<T> | InnerOptions | null): unknown {
    atMost("sum", 1, arguments);
    return isInner("sum", options)
      ? applyComplex(this, "ComplexSum", [this])
      : reduce("Sum", expressionIn(this), "Sum", options, {});
  }
  /**
   * Mean of the components, or over i (axis 0) or j (axis 1).
   * @returns `[...batch, rows, 2 dim]`, as `re, im, …`; of components a complex lazy tensor
   * @throws ArgumentError for options that do not fit, CompileError, DeviceError, InterruptedError
   * @example
   * ```ts
   * const K = Vi(rand([10, 2])).asComplex().mul(Vj(rand([20, 2])).asComplex());
   * console.log(K.mean({ axis: 1 }).shape); // [ 10, 2 ]
   * ```
   */
  mean<A extends Axis = -1, C extends boolean = true>(
    options?: AxisReductionOptions<T, A, C> | null,
  ): ReducedAny<ComplexLazyTensor<T, W>, A, "Mean", T, W, C>;
  mean(options?: AnyReduction<T> | InnerOptions | null): unknown {
    atMost("mean", 1, arguments);
    return isInner("mean", options)
      ? this.sum().div(this.dim)
      : reduce("Mean", expressionIn(this), "Mean", options, {});
  }

  // ---- as a matrix

  /**
   * The product with complex numbers; differentiable.
   * @param b `[...batch, N, 2 E]`, as `re, im, …`
   * @returns `[...batch, M, 2 E]`
   * @throws ArgumentError where sizes do not fit
   * @example
   * ```ts
   * const K = Vi(rand([10, 2])).asComplex().mul(Vj(rand([20, 2])).asComplex());
   * console.log(K.matmul(rand([20, 2])).shape); // [ 10, 2 ]
   * ```
   */
  matmul(b: RealArray<T>, options?: MatmulOptions<T> | null): RealArray<T> {
    atMost("matmul", 2, arguments);
    return complexProduct("matmul", expressionIn(this), b, options) as RealArray<T>;
  }
  /**
   * The product with complex numbers, as {@link ComplexLazyTensor.matmul}.
   * @param b `[...batch, N, 2 E]`, as `re, im, …`
   * @returns `[...batch, M, 2 E]`
   * @throws ArgumentError where sizes do not fit
   * @example
   * ```ts
   * const K = Vi(rand([10, 2])).asComplex().mul(Vj(rand([20, 2])).asComplex());
   * console.log(K.matvec(rand([20, 2])).shape); // [ 10, 2 ]
   * ```
   */
  matvec(b: RealArray<T>, options?: MatmulOptions<T> | null): RealArray<T> {
    atMost("matvec", 2, arguments);
    return this.matmul(b, options);
  }
  /**
   * The product of the transpose, not conjugated, with complex numbers.
   * @param b `[...batch, M, 2 E]`, as `re, im, …`
   * @returns `[...batch, N, 2 E]`
   * @throws ArgumentError where sizes do not fit
   * @example
   * ```ts
   * const K = Vi(rand([10, 2])).asComplex().mul(Vj(rand([20, 2])).asComplex());
   * console.log(K.rmatvec(rand([10, 2])).shape); // [ 20, 2 ]
   * ```
   */
  rmatvec(b: RealArray<T>, options?: MatmulOptions<T> | null): RealArray<T> {
    atMost("rmatvec", 2, arguments);
    return this.T.matmul(b, options);
  }
  /**
   * Solves (K + alpha I) a = b for complex numbers, with the solver and the options of `KernelSolve`; differentiable. K
   * is Hermitian and positive definite unless `symmetry` says otherwise.
   * @param b `[...batch, N, 2 E]` as `re, im, …`
   * @returns the solution a, of the shape of b
   * @throws ArgumentError where shapes do not fit or K is not Hermitian unless `symmetry` says so, ConvergenceError as
   * `KernelSolve`
   * @example
   * ```ts
   * const x = rand([10, 3], { seed: 1 });
   * const K = Vi(x).sqdist(Vj(x)).neg().exp();
   * console.log(K.real2complex().solve(rand([10, 2]), { alpha: 0.1 }).shape); // [ 10, 2 ]
   * ```
   */
  solve<C extends boolean = true>(b: RealArray<T>, options?: Solving<T, C> | null): SolvedNow<T, W, RealArray<T>, C>;
  solve(b: unknown, options?: Solving<T, boolean> | null): unknown {
    atMost("solve", 2, arguments);
    return solveOrWait(this, b, options ?? {});
  }
  /**
   * The solution of `solve` with how it was found.
   * @param b `[...batch, N, 2 E]` as `re, im, …`
   * @returns `solution`, `method`, `iterations`, `residual`, `history` and more
   * @throws what `solve` throws
   * @example
   * ```ts
   * const x = rand([10, 3], { seed: 1 });
   * const K = Vi(x).sqdist(Vj(x)).neg().exp();
   * console.log(K.real2complex().report(rand([10, 2]), { alpha: 0.1 }).residual < 1e-5); // true
   * ```
   */
  report(b: RealArray<T>, options?: LazySolveOptions<T> | null): SolveReport<T> {
    atMost("report", 2, arguments);
    return solveClosed<T>(this, b, options ?? {}).report();
  }
}

// ------------------------------------------------------------------------------------------------------------- kinds

const real = (expression: Expression): LazyTensor => new LazyTensor(expression);
const complexOf = (expression: Expression): ComplexLazyTensor => new ComplexLazyTensor(expression);
const ofReal = { own: real, real, complex: complexOf, operand: realOperand } as const;
const ofComplex = { own: complexOf, real, complex: complexOf, operand: complexOperand } as const;
