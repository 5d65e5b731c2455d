/**
 * Lazy tensors: symbolic arrays that are formulas until they are reduced. The methods of operations and reductions come
 * from the tables (methods.ts), what any tensor can do from tensor.ts, what matrices can do from realmatrix.ts and
 * complexmatrix.ts; here is what tensors are made of. Must not know engines.
 */
import type { Dtype } from "../array/view";
import type { ReductionName } from "../call/signature";
import type { RealData } from "../device/native";
import { complex } from "../formula/complex";
import { atMost } from "../options";
import { ComplexMatrix } from "./complexmatrix";
import { Expression, expressionIn } from "./expression";
import type { Kind } from "./expression";
import { applyComplex, applyOperation, applyReal, complexOperand, realOperand, twice } from "./operand";
import type { ComplexLazyOperand, Joined, LazyOperand } from "./operand";
import { RealMatrix } from "./realmatrix";
import { isInner, isOpen, reduce } from "./reduce";
import type { AnyReduction, Axis, AxisReductionOptions, InnerOptions, ReducedAny } from "./reduce";

/** Lazy tensors that stand for a right-hand side of dtype `T`, now or in a later call. */
type Unknown<T extends RealData> = LazyTensor<T, boolean> | LazyTensor<RealData, true>;

/**
 * A symbolic array `[...batch, M, N, dim]`: operations build formulas, and only a reduction over i or j computes, in
 * O(M N) time and O(M + N) memory. Immutable. `LazyTensor(x, {axis: 0})` is `Vi(x)`.
 */
export class LazyTensor<out T extends RealData = RealData, out W extends boolean = false> extends RealMatrix<
  LazyTensor<T, W>,
  ComplexLazyTensor<T, W>,
  LazyTensor<T, true>,
  T,
  W,
  LazyTensor<T>,
  Unknown<T>
> {
  readonly isComplex = false;

  constructor(expression: Expression) {
    super(expression, ofReal as Kind<LazyTensor<T, W>, LazyTensor<T, W>, ComplexLazyTensor<T, W>>);
  }

  /** Messages call it by this name, which bundlers cannot shorten. */
  get [Symbol.toStringTag](): string {
    return "LazyTensor";
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
}

/**
 * D complex numbers at every pair: `re, im, re, im, …` in arrays. What has no meaning for complex numbers is not there.
 */
export class ComplexLazyTensor<out T extends RealData = RealData, out W extends boolean = false> extends ComplexMatrix<
  LazyTensor<T, W>,
  ComplexLazyTensor<T, W>,
  ComplexLazyTensor<T, true>,
  T,
  W
> {
  readonly isComplex = true;

  /** @throws FormulaError for an odd dim. */
  constructor(expression: Expression) {
    super(expression, ofComplex as Kind<ComplexLazyTensor<T, W>, LazyTensor<T, W>, ComplexLazyTensor<T, W>>);
    applyOperation("ComplexReal", [this], complexOperand);
  }

  /** Messages call it by this name, which bundlers cannot shorten. */
  get [Symbol.toStringTag](): string {
    return "ComplexLazyTensor";
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
}

// ------------------------------------------------------------------------------------------------------------- kinds

const real = (expression: Expression): LazyTensor => new LazyTensor(expression);
const complexOf = (expression: Expression): ComplexLazyTensor => new ComplexLazyTensor(expression);
const ofReal = { own: real, real, complex: complexOf, operand: realOperand } as const;
const ofComplex = { own: complexOf, real, complex: complexOf, operand: complexOperand } as const;
