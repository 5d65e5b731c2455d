/**
 * The methods of lazy tensors, one for each row of the tables of operations and reductions: their types and their documentation.
 * Made by `npm run lazytensor:methods`; not to be edited by hand.
 */
import type { RealArray } from "../array/view";
import type { Real } from "../engine/native";
import type { ReductionName, ResultOf } from "../call/signature";
import { atMost } from "../options";
import { isInner } from "./reduce";
import type { Calling, Deferred, InnerOptions, ReduceOptions, Waiting } from "./reduce";
import type { Expression } from "./expression";
import { Tensor } from "./tensor";

/** What a lazy tensor is combined with: another one, a number, or an array or list that is a parameter. */
export type Operand =
  { readonly expression: Expression; readonly isComplex: false } | RealArray | number | readonly number[];
/** What a complex lazy tensor is combined with; what is real counts as complex without imaginary part. */
export type ComplexOperand = { readonly expression: Expression; readonly isComplex: boolean } | Operand;

/** Reductions by name. */
export type AnyReduction<T extends Real> = ReduceOptions<T> & {
  readonly optArg?: number | undefined;
  readonly weight?: Operand | undefined;
  readonly call?: boolean | undefined;
};

/** What real lazy tensors can do; `L` and `C` are real and complex lazy tensors. */
export abstract class RealMethods<L, C, T extends Real> extends Tensor<L, T> {
  protected abstract operation(name: string, values: readonly unknown[]): L;
  protected abstract complexOperation(name: string, values: readonly unknown[]): C;
  abstract reduction(name: ReductionName, options: AnyReduction<T>): unknown;

  /** Absolute value of x; the derivative at 0 is 0. `Abs(x)` in formulas; x is this tensor. */
  abs(): L {
    atMost("abs", 0, arguments);
    return this.operation("Abs", [this]);
  }

  /** Arccosine of x. `Acos(x)` in formulas; x is this tensor. */
  acos(): L {
    atMost("acos", 0, arguments);
    return this.operation("Acos", [this]);
  }

  /** x + y, component by component. `Add(x, y)` in formulas; x is this tensor. */
  add(y: Operand): L {
    atMost("add", 1, arguments);
    return this.operation("Add", [this, y]);
  }

  /** The adjoint of f, which is linear in v, applied to u: the same as Grad. `AdjointOperator(f, v, u)` in formulas; f is this tensor. */
  adjointOperator(v: Operand, u: Operand): L {
    atMost("adjointOperator", 2, arguments);
    return this.operation("AdjointOperator", [this, v, u]);
  }

  /** Arcsine of x. `Asin(x)` in formulas; x is this tensor. */
  asin(): L {
    atMost("asin", 0, arguments);
    return this.operation("Asin", [this]);
  }

  /** Arctangent of x. `Atan(x)` in formulas; x is this tensor. */
  atan(): L {
    atMost("atan", 0, arguments);
    return this.operation("Atan", [this]);
  }

  /** The angle of the point (x, y), from -pi to pi. `Atan2(y, x)` in formulas; y is this tensor. */
  atan2(x: Operand): L {
    atMost("atan2", 1, arguments);
    return this.operation("Atan2", [this, x]);
  }

  /** f itself: equal parts are computed once in any case. `AutoFactorize(f)` in formulas; f is this tensor. */
  autoFactorize(): L {
    atMost("autoFactorize", 0, arguments);
    return this.operation("AutoFactorize", [this]);
  }

  /** The same as `autoFactorize`: f itself: equal parts are computed once in any case. */
  auto_factorize(): L {
    atMost("auto_factorize", 0, arguments);
    return this.operation("AutoFactorize", [this]);
  }

  /** The B-splines of an order over K knots at the number x: K - order - 1 values, by Cox and de Boor. `BSpline(knots, x, order)` in formulas; knots is this tensor. */
  bspline(x: Operand, order: number = 0): L {
    atMost("bspline", 2, arguments);
    return this.operation("BSpline", [this, x, order]);
  }

  /** The smallest integer that is not below x; the derivative is 0. `Ceil(x)` in formulas; x is this tensor. */
  ceil(): L {
    atMost("ceil", 0, arguments);
    return this.operation("Ceil", [this]);
  }

  /** x, or a where x is smaller, or b where x is larger. `Clamp(x, a, b)` in formulas; x is this tensor. */
  clamp(a: Operand, b: Operand): L {
    atMost("clamp", 2, arguments);
    return this.operation("Clamp", [this, a, b]);
  }

  /** x, or the integer `a` where x is smaller, or `b` where x is larger. `ClampInt(x, a, b)` in formulas; x is this tensor. */
  clampInt(a: number, b: number): L {
    atMost("clampInt", 2, arguments);
    return this.operation("ClampInt", [this, a, b]);
  }

  /** The complex numbers exp(i x) of the real numbers x. `ComplexExp1j(x)` in formulas; x is this tensor. */
  exp1j(): C {
    atMost("exp1j", 0, arguments);
    return this.complexOperation("ComplexExp1j", [this]);
  }

  /** The components of x, then those of y. `Concat(x, y)` in formulas; x is this tensor. */
  concat(y: Operand): L {
    atMost("concat", 1, arguments);
    return this.operation("Concat", [this, y]);
  }

  /** Cosine of x, an angle in radians. `Cos(x)` in formulas; x is this tensor. */
  cos(): L {
    atMost("cos", 0, arguments);
    return this.operation("Cos", [this]);
  }

  /** Hyperbolic cosine of x. `Cosh(x)` in formulas; x is this tensor. */
  cosh(): L {
    atMost("cosh", 0, arguments);
    return this.operation("Cosh", [this]);
  }

  /** Derivative of f in the direction u of the variable v: the Jacobian applied to u. `Diff(f, v, u)` in formulas; f is this tensor. */
  diff(v: Operand, u: Operand): L {
    atMost("diff", 2, arguments);
    return this.operation("Diff", [this, v, u]);
  }

  /** 1 where x is from the integer `a` to `b`, else 0. `DiffClampInt(x, a, b)` in formulas; x is this tensor. */
  diffClampInt(a: number, b: number): L {
    atMost("diffClampInt", 2, arguments);
    return this.operation("DiffClampInt", [this, a, b]);
  }

  /** Trace of the Jacobian of f by v. `Divergence(f, v)` in formulas; f is this tensor. */
  divergence(v: Operand): L {
    atMost("divergence", 1, arguments);
    return this.operation("Divergence", [this, v]);
  }

  /** x / y, component by component. `Divide(x, y)` in formulas; x is this tensor. */
  div(y: Operand): L {
    atMost("div", 1, arguments);
    return this.operation("Divide", [this, y]);
  }

  /** Component `m` of x, counted from 0. `Elem(x, m)` in formulas; x is this tensor. */
  elem(m: number): L {
    atMost("elem", 1, arguments);
    return this.operation("Elem", [this, m]);
  }

  /** The scalar x as component `m` of a vector of dim `dim` that is 0 elsewhere. `ElemT(x, dim, m)` in formulas; x is this tensor. */
  elemT(dim: number, m: number): L {
    atMost("elemT", 2, arguments);
    return this.operation("ElemT", [this, dim, m]);
  }

  /** 1 where x = y, else 0; the derivative is 0. `Equal(x, y)` in formulas; x is this tensor. */
  eq(y: Operand): L {
    atMost("eq", 1, arguments);
    return this.operation("Equal", [this, y]);
  }

  /** Error function of x. `Erf(x)` in formulas; x is this tensor. */
  erf(): L {
    atMost("erf", 0, arguments);
    return this.operation("Erf", [this]);
  }

  /** Exponential of x. `Exp(x)` in formulas; x is this tensor. */
  exp(): L {
    atMost("exp", 0, arguments);
    return this.operation("Exp", [this]);
  }

  /** 2 to the power x. `Exp2(x)` in formulas; x is this tensor. */
  exp2(): L {
    atMost("exp2", 0, arguments);
    return this.operation("Exp2", [this]);
  }

  /** Exp(x) / (Exp(x) + Exp(y)), without overflow; 0 where both are the same infinity. `ExpShare(x, y)` in formulas; x is this tensor. */
  expShare(y: Operand): L {
    atMost("expShare", 1, arguments);
    return this.operation("ExpShare", [this, y]);
  }

  /** exp(x) - 1, precise near 0. `Expm1(x)` in formulas; x is this tensor. */
  expm1(): L {
    atMost("expm1", 0, arguments);
    return this.operation("Expm1", [this]);
  }

  /** The `length` components of x from `start` on. `Extract(x, start, length)` in formulas; x is this tensor. */
  extract(start: number, length: number): L {
    atMost("extract", 2, arguments);
    return this.operation("Extract", [this, start, length]);
  }

  /** x as the components from `start` on of a vector of dim `dim` that is 0 elsewhere. `ExtractT(x, start, dim)` in formulas; x is this tensor. */
  extractT(start: number, dim: number): L {
    atMost("extractT", 2, arguments);
    return this.operation("ExtractT", [this, start, dim]);
  }

  /** f itself: equal parts are computed once in any case. `Factorize(f, g)` in formulas; f is this tensor. */
  factorize(g: Operand): L {
    atMost("factorize", 1, arguments);
    return this.operation("Factorize", [this, g]);
  }

  /** The largest integer that is not above x; the derivative is 0. `Floor(x)` in formulas; x is this tensor. */
  floor(): L {
    atMost("floor", 0, arguments);
    return this.operation("Floor", [this]);
  }

  /** Gradient of e | f with respect to the variable v: the transposed Jacobian of f applied to e. `Grad(f, v, e)` in formulas; f is this tensor. */
  grad(v: Operand, e: Operand): L {
    atMost("grad", 2, arguments);
    return this.operation("Grad", [this, v, e]);
  }

  /** The Jacobian of f by v: df_k / dv_l stands at k·dim(v) + l. `GradMatrix(f, v)` in formulas; f is this tensor. */
  gradMatrix(v: Operand): L {
    atMost("gradMatrix", 1, arguments);
    return this.operation("GradMatrix", [this, v]);
  }

  /** The same as `gradMatrix`: The Jacobian of f by v: df_k / dv_l stands at k·dim(v) + l. */
  grad_matrix(v: Operand): L {
    atMost("grad_matrix", 1, arguments);
    return this.operation("GradMatrix", [this, v]);
  }

  /** a where f >= 0, else b, also where f is NaN. `IfElse(f, a, b)` in formulas; f is this tensor. */
  ifelse(a: Operand, b: Operand): L {
    atMost("ifelse", 2, arguments);
    return this.operation("IfElse", [this, a, b]);
  }

  /** The complex numbers i x of the real numbers x. `Imag2Complex(x)` in formulas; x is this tensor. */
  imag2complex(): C {
    atMost("imag2complex", 0, arguments);
    return this.complexOperation("Imag2Complex", [this]);
  }

  /** 1 / x. `Inv(x)` in formulas; x is this tensor. */
  inv(): L {
    atMost("inv", 0, arguments);
    return this.operation("Inv", [this]);
  }

  /** 1 / x; 0 at 0. `InvOr0(x)` in formulas; x is this tensor. */
  invOr0(): L {
    atMost("invOr0", 0, arguments);
    return this.operation("InvOr0", [this]);
  }

  /** Kronecker product of x and y as tensors of shapes dimsX and dimsY, row-major. `Kron(x, y, dimsX, dimsY)` in formulas; x is this tensor. */
  kron(y: Operand, dimsX: readonly number[], dimsY: readonly number[]): L {
    atMost("kron", 3, arguments);
    return this.operation("Kron", [this, y, dimsX, dimsY]);
  }

  /** The same as `kron`: Kronecker product of x and y as tensors of shapes dimsX and dimsY, row-major. */
  keops_kron(y: Operand, dimsX: readonly number[], dimsY: readonly number[]): L {
    atMost("keops_kron", 3, arguments);
    return this.operation("Kron", [this, y, dimsX, dimsY]);
  }

  /** Sum of the second derivatives of f by the components of v. `Laplacian(f, v)` in formulas; f is this tensor. */
  laplacian(v: Operand): L {
    atMost("laplacian", 1, arguments);
    return this.operation("Laplacian", [this, v]);
  }

  /** 1 where x <= y, else 0; the derivative is 0. `LessOrEqual(x, y)` in formulas; x is this tensor. */
  le(y: Operand): L {
    atMost("le", 1, arguments);
    return this.operation("LessOrEqual", [this, y]);
  }

  /** 1 where x < y, else 0; the derivative is 0. `LessThan(x, y)` in formulas; x is this tensor. */
  lt(y: Operand): L {
    atMost("lt", 1, arguments);
    return this.operation("LessThan", [this, y]);
  }

  /** Natural logarithm of x. `Log(x)` in formulas; x is this tensor. */
  log(): L {
    atMost("log", 0, arguments);
    return this.operation("Log", [this]);
  }

  /** log(1 + x), precise near 0. `Log1p(x)` in formulas; x is this tensor. */
  log1p(): L {
    atMost("log1p", 0, arguments);
    return this.operation("Log1p", [this]);
  }

  /** Log(Exp(x) + Exp(y)), without overflow. `LogAddExp(x, y)` in formulas; x is this tensor. */
  logAddExp(y: Operand): L {
    atMost("logAddExp", 1, arguments);
    return this.operation("LogAddExp", [this, y]);
  }

  /** Matrix A (n·p numbers, row-major) times the vector b (p numbers). `MatVecMult(A, b)` in formulas; A is this tensor. */
  matvecmult(b: Operand): L {
    atMost("matvecmult", 1, arguments);
    return this.operation("MatVecMult", [this, b]);
  }

  /** The larger of x and y, component by component; the gradient at ties goes to x. `Maximum(x, y)` in formulas; x is this tensor. */
  maximum(y: Operand): L {
    atMost("maximum", 1, arguments);
    return this.operation("Maximum", [this, y]);
  }

  /** The smaller of x and y, component by component; the gradient at ties goes to x. `Minimum(x, y)` in formulas; x is this tensor. */
  minimum(y: Operand): L {
    atMost("minimum", 1, arguments);
    return this.operation("Minimum", [this, y]);
  }

  /** -x. `Minus(x)` in formulas; x is this tensor. */
  neg(): L {
    atMost("neg", 0, arguments);
    return this.operation("Minus", [this]);
  }

  /** x modulo n, from d on: x - n floor((x - d) / n). `Mod(x, n, d)` in formulas; x is this tensor. */
  mod(n: Operand, d: Operand = 0): L {
    atMost("mod", 2, arguments);
    return this.operation("Mod", [this, n, d]);
  }

  /** x * y, component by component. `Mult(x, y)` in formulas; x is this tensor. */
  mul(y: Operand): L {
    atMost("mul", 1, arguments);
    return this.operation("Mult", [this, y]);
  }

  /** x * y; 0 where x is 0 and y is infinite. `MultOr0(x, y)` in formulas; x is this tensor. */
  multOr0(y: Operand): L {
    atMost("multOr0", 1, arguments);
    return this.operation("MultOr0", [this, y]);
  }

  /** Euclidean norm of x; its gradient is 0 at 0. `Norm2(x)` in formulas; x is this tensor. */
  norm2(): L {
    atMost("norm2", 0, arguments);
    return this.operation("Norm2", [this]);
  }

  /** The same as `norm2`: Euclidean norm of x; its gradient is 0 at 0. */
  norm(): L {
    atMost("norm", 0, arguments);
    return this.operation("Norm2", [this]);
  }

  /** x / Norm2(x); 0 at 0. `Normalize(x)` in formulas; x is this tensor. */
  normalize(): L {
    atMost("normalize", 0, arguments);
    return this.operation("Normalize", [this]);
  }

  /** 1 where x differs from y, else 0; the derivative is 0. `NotEqual(x, y)` in formulas; x is this tensor. */
  ne(y: Operand): L {
    atMost("ne", 1, arguments);
    return this.operation("NotEqual", [this, y]);
  }

  /** The vector of dim `dim` that is 1 at component Floor(x + 1/2) and else 0. `OneHot(x, dim)` in formulas; x is this tensor. */
  oneHot(dim: number): L {
    atMost("oneHot", 1, arguments);
    return this.operation("OneHot", [this, dim]);
  }

  /** The same as `oneHot`: The vector of dim `dim` that is 1 at component Floor(x + 1/2) and else 0. */
  one_hot(dim: number): L {
    atMost("one_hot", 1, arguments);
    return this.operation("OneHot", [this, dim]);
  }

  /** x / (x² + y²); 0 where both are 0 or one is infinite. `OverSquares(x, y)` in formulas; x is this tensor. */
  overSquares(y: Operand): L {
    atMost("overSquares", 1, arguments);
    return this.operation("OverSquares", [this, y]);
  }

  /** x to the power y. `Powf(x, y)` in formulas; x is this tensor. */
  pow(y: Operand): L {
    atMost("pow", 1, arguments);
    return this.operation("Powf", [this, y]);
  }

  /** The same as `pow`: x to the power y. */
  power(y: Operand): L {
    atMost("power", 1, arguments);
    return this.operation("Powf", [this, y]);
  }

  /** x to the power y; 0 where x is 0 and y negative. `PowfOr0(x, y)` in formulas; x is this tensor. */
  powfOr0(y: Operand): L {
    atMost("powfOr0", 1, arguments);
    return this.operation("PowfOr0", [this, y]);
  }

  /** x, or 0 where x is negative. `ReLU(x)` in formulas; x is this tensor. */
  relu(): L {
    atMost("relu", 0, arguments);
    return this.operation("ReLU", [this]);
  }

  /** The real numbers x as complex numbers. `Real2Complex(x)` in formulas; x is this tensor. */
  real2complex(): C {
    atMost("real2complex", 0, arguments);
    return this.complexOperation("Real2Complex", [this]);
  }

  /** The components of x, last to first. `Reverse(x)` in formulas; x is this tensor. */
  reverse(): L {
    atMost("reverse", 0, arguments);
    return this.operation("Reverse", [this]);
  }

  /** x rounded to `digits` decimal places, halves away from 0; the derivative is 0. `Round(x, digits)` in formulas; x is this tensor. */
  round(digits: number = 0): L {
    atMost("round", 1, arguments);
    return this.operation("Round", [this, digits]);
  }

  /** x rounded to a multiple of b / a, halves away from 0; the derivative by x is 0. `RoundTo(x, a, b)` in formulas; x is this tensor. */
  roundTo(a: Operand, b: Operand): L {
    atMost("roundTo", 2, arguments);
    return this.operation("RoundTo", [this, a, b]);
  }

  /** 1 / Sqrt(x); 0 at 0. `Rsqrt(x)` in formulas; x is this tensor. */
  rsqrt(): L {
    atMost("rsqrt", 0, arguments);
    return this.operation("Rsqrt", [this]);
  }

  /** Scalar product of x and y; also written x | y. `Scalprod(x, y)` in formulas; x is this tensor. */
  dot(y: Operand): L {
    atMost("dot", 1, arguments);
    return this.operation("Scalprod", [this, y]);
  }

  /** 1 / (1 + exp(-x)). `Sigmoid(x)` in formulas; x is this tensor. */
  sigmoid(): L {
    atMost("sigmoid", 0, arguments);
    return this.operation("Sigmoid", [this]);
  }

  /** -1, 0 or 1; the derivative is 0. `Sign(x)` in formulas; x is this tensor. */
  sign(): L {
    atMost("sign", 0, arguments);
    return this.operation("Sign", [this]);
  }

  /** Sine of x, an angle in radians. `Sin(x)` in formulas; x is this tensor. */
  sin(): L {
    atMost("sin", 0, arguments);
    return this.operation("Sin", [this]);
  }

  /** Sine of x over x; 1 at 0, where the derivative is 0. `SinXDivX(x)` in formulas; x is this tensor. */
  sinxdivx(): L {
    atMost("sinxdivx", 0, arguments);
    return this.operation("SinXDivX", [this]);
  }

  /** The same as `sinxdivx`: Sine of x over x; 1 at 0, where the derivative is 0. */
  sinc(): L {
    atMost("sinc", 0, arguments);
    return this.operation("SinXDivX", [this]);
  }

  /** Hyperbolic sine of x. `Sinh(x)` in formulas; x is this tensor. */
  sinh(): L {
    atMost("sinh", 0, arguments);
    return this.operation("Sinh", [this]);
  }

  /** Soft dynamic time warping of the sequences x and y with squared differences and smoothing gamma. `SoftDTW_SqDist(x, y, gamma)` in formulas; x is this tensor. */
  softdtwSqdist(y: Operand, gamma: Operand): L {
    atMost("softdtwSqdist", 2, arguments);
    return this.operation("SoftDTW_SqDist", [this, y, gamma]);
  }

  /** The same as `softdtwSqdist`: Soft dynamic time warping of the sequences x and y with squared differences and smoothing gamma. */
  softdtw_sqdist(y: Operand, gamma: Operand): L {
    atMost("softdtw_sqdist", 2, arguments);
    return this.operation("SoftDTW_SqDist", [this, y, gamma]);
  }

  /** log(1 + exp(x)), without overflow. `Softplus(x)` in formulas; x is this tensor. */
  softplus(): L {
    atMost("softplus", 0, arguments);
    return this.operation("Softplus", [this]);
  }

  /** Squared Euclidean distance of x and y. `SqDist(x, y)` in formulas; x is this tensor. */
  sqdist(y: Operand): L {
    atMost("sqdist", 1, arguments);
    return this.operation("SqDist", [this, y]);
  }

  /** Squared Euclidean norm of x. `SqNorm2(x)` in formulas; x is this tensor. */
  sqnorm2(): L {
    atMost("sqnorm2", 0, arguments);
    return this.operation("SqNorm2", [this]);
  }

  /** Sum of s_k x_k². `SqNormDiag(s, x)` in formulas; x is this tensor. */
  sqNormDiag(s: Operand): L {
    atMost("sqNormDiag", 1, arguments);
    return this.operation("SqNormDiag", [s, this]);
  }

  /** s |x|². `SqNormIso(s, x)` in formulas; x is this tensor. */
  sqNormIso(s: Operand): L {
    atMost("sqNormIso", 1, arguments);
    return this.operation("SqNormIso", [s, this]);
  }

  /** Square root of x; the derivative at 0 is 0. `Sqrt(x)` in formulas; x is this tensor. */
  sqrt(): L {
    atMost("sqrt", 0, arguments);
    return this.operation("Sqrt", [this]);
  }

  /** x * x. `Square(x)` in formulas; x is this tensor. */
  square(): L {
    atMost("square", 0, arguments);
    return this.operation("Square", [this]);
  }

  /** 0 where x < 0, else 1; the derivative is 0. `Step(x)` in formulas; x is this tensor. */
  step(): L {
    atMost("step", 0, arguments);
    return this.operation("Step", [this]);
  }

  /** x - y, component by component. `Subtract(x, y)` in formulas; x is this tensor. */
  sub(y: Operand): L {
    atMost("sub", 1, arguments);
    return this.operation("Subtract", [this, y]);
  }

  /** The scalar x, repeated `dim` times. `SumT(x, dim)` in formulas; x is this tensor. */
  sumT(dim: number): L {
    atMost("sumT", 1, arguments);
    return this.operation("SumT", [this, dim]);
  }

  /** Sum of A_kl x_k x_l, A row-major. `SymSqNorm(A, x)` in formulas; x is this tensor. */
  symSqNorm(A: Operand): L {
    atMost("symSqNorm", 1, arguments);
    return this.operation("SymSqNorm", [A, this]);
  }

  /** Tangent of x, an angle in radians. `Tan(x)` in formulas; x is this tensor. */
  tan(): L {
    atMost("tan", 0, arguments);
    return this.operation("Tan", [this]);
  }

  /** Hyperbolic tangent of x. `Tanh(x)` in formulas; x is this tensor. */
  tanh(): L {
    atMost("tanh", 0, arguments);
    return this.operation("Tanh", [this]);
  }

  /** Contraction of x and y as tensors of shapes dimsX and dimsY (row-major) over the axes summedX with summedY; kept axis k of x, then y, gets place places[k]. `TensorDot(x, y, dimsX, dimsY, summedX, summedY, places)` in formulas; x is this tensor. */
  tensordot(
    y: Operand,
    dimsX: readonly number[],
    dimsY: readonly number[],
    summedX: readonly number[],
    summedY: readonly number[],
    places?: readonly number[],
  ): L {
    atMost("tensordot", 6, arguments);
    return this.operation("TensorDot", [this, y, dimsX, dimsY, summedX, summedY, places]);
  }

  /** The same as `tensordot`: Contraction of x and y as tensors of shapes dimsX and dimsY (row-major) over the axes summedX with summedY; kept axis k of x, then y, gets place places[k]. */
  keops_tensordot(
    y: Operand,
    dimsX: readonly number[],
    dimsY: readonly number[],
    summedX: readonly number[],
    summedY: readonly number[],
    places?: readonly number[],
  ): L {
    atMost("keops_tensordot", 6, arguments);
    return this.operation("TensorDot", [this, y, dimsX, dimsY, summedX, summedY, places]);
  }

  /** Outer product of x and y: the number x_k y_l stands at k·dim(y) + l. `TensorProd(x, y)` in formulas; x is this tensor. */
  tensorprod(y: Operand): L {
    atMost("tensorprod", 1, arguments);
    return this.operation("TensorProd", [this, y]);
  }

  /** Trace of the Jacobian of f by v, rows weighted by w if given. `TraceOperator(f, v, w)` in formulas; f is this tensor. */
  traceOperator(v: Operand, w?: Operand): L {
    atMost("traceOperator", 2, arguments);
    return this.operation("TraceOperator", [this, v, w]);
  }

  /** The same as `traceOperator`: Trace of the Jacobian of f by v, rows weighted by w if given. */
  trace_operator(v: Operand, w?: Operand): L {
    atMost("trace_operator", 2, arguments);
    return this.operation("TraceOperator", [this, v, w]);
  }

  /** The row vector b (n numbers) times the matrix A (n·p numbers, row-major). `VecMatMult(b, A)` in formulas; b is this tensor. */
  vecmatmult(A: Operand): L {
    atMost("vecmatmult", 1, arguments);
    return this.operation("VecMatMult", [this, A]);
  }

  /** Squared norm of x - y in the metric s: a number, the diagonal, or the whole matrix by its dim 1, D or D². `WeightedSqDist(s, x, y)` in formulas; x is this tensor. */
  weightedSqdist(y: Operand, s: Operand): L {
    atMost("weightedSqdist", 2, arguments);
    return this.operation("WeightedSqDist", [s, this, y]);
  }

  /** The same as `weightedSqdist`: Squared norm of x - y in the metric s: a number, the diagonal, or the whole matrix by its dim 1, D or D². */
  weightedsqdist(y: Operand, s: Operand): L {
    atMost("weightedsqdist", 2, arguments);
    return this.operation("WeightedSqDist", [s, this, y]);
  }

  /** Squared norm of x in the metric s: a number, the diagonal, or the whole matrix by its dim 1, D or D². `WeightedSqNorm(s, x)` in formulas; x is this tensor. */
  weightedSqnorm(s: Operand): L {
    atMost("weightedSqnorm", 1, arguments);
    return this.operation("WeightedSqNorm", [s, this]);
  }

  /** The same as `weightedSqnorm`: Squared norm of x in the metric s: a number, the diagonal, or the whole matrix by its dim 1, D or D². */
  weightedsqnorm(s: Operand): L {
    atMost("weightedsqnorm", 1, arguments);
    return this.operation("WeightedSqNorm", [s, this]);
  }

  /** x log(x); 0 at 0, and its derivative too. `XLogX(x)` in formulas; x is this tensor. */
  xlogx(): L {
    atMost("xlogx", 0, arguments);
    return this.operation("XLogX", [this]);
  }

  /** Of the components of every vector, `Sum(x)` in formulas. */
  sum(options?: InnerOptions | null): L;
  /** Sum of the formula. Over i (axis 0) or j (axis 1). */
  sum(options: ReduceOptions<T> & Waiting): Deferred<"Sum", T>;
  /** Sum of the formula. Over i (axis 0) or j (axis 1). */
  sum(options: ReduceOptions<T> & Calling): ResultOf<"Sum", T>;
  sum(options?: ReduceOptions<T> | InnerOptions | null): unknown {
    atMost("sum", 1, arguments);
    return isInner("sum", options) ? this.operation("Sum", [this]) : this.reduction("Sum", options);
  }

  /** Of the components of every vector, `Mean(x)` in formulas. */
  mean(options?: InnerOptions | null): L;
  /** Mean of the formula. Over i (axis 0) or j (axis 1). */
  mean(options: ReduceOptions<T> & Waiting): Deferred<"Mean", T>;
  /** Mean of the formula. Over i (axis 0) or j (axis 1). */
  mean(options: ReduceOptions<T> & Calling): ResultOf<"Mean", T>;
  mean(options?: ReduceOptions<T> | InnerOptions | null): unknown {
    atMost("mean", 1, arguments);
    return isInner("mean", options) ? this.operation("Mean", [this]) : this.reduction("Mean", options);
  }

  /** Product of the formula. Over i (axis 0) or j (axis 1). */
  prod(options: ReduceOptions<T> & Waiting): Deferred<"Prod", T>;
  /** Product of the formula. Over i (axis 0) or j (axis 1). */
  prod(options: ReduceOptions<T> & Calling): ResultOf<"Prod", T>;
  prod(options: ReduceOptions<T>): unknown {
    atMost("prod", 1, arguments);
    return this.reduction("Prod", options);
  }

  /** How often the formula differs from 0: a number in the dtype of the data, so float32 rounds counts above 2^24. Over i (axis 0) or j (axis 1). */
  count(options: ReduceOptions<T> & Waiting): Deferred<"Count", T>;
  /** How often the formula differs from 0: a number in the dtype of the data, so float32 rounds counts above 2^24. Over i (axis 0) or j (axis 1). */
  count(options: ReduceOptions<T> & Calling): ResultOf<"Count", T>;
  count(options: ReduceOptions<T>): unknown {
    atMost("count", 1, arguments);
    return this.reduction("Count", options);
  }

  /** 1 where the formula differs from 0 at least once, else 0. Over i (axis 0) or j (axis 1). */
  any(options: ReduceOptions<T> & Waiting): Deferred<"Any", T>;
  /** 1 where the formula differs from 0 at least once, else 0. Over i (axis 0) or j (axis 1). */
  any(options: ReduceOptions<T> & Calling): ResultOf<"Any", T>;
  any(options: ReduceOptions<T>): unknown {
    atMost("any", 1, arguments);
    return this.reduction("Any", options);
  }

  /** 1 where the formula never is 0, else 0. Over i (axis 0) or j (axis 1). */
  all(options: ReduceOptions<T> & Waiting): Deferred<"All", T>;
  /** 1 where the formula never is 0, else 0. Over i (axis 0) or j (axis 1). */
  all(options: ReduceOptions<T> & Calling): ResultOf<"All", T>;
  all(options: ReduceOptions<T>): unknown {
    atMost("all", 1, arguments);
    return this.reduction("All", options);
  }

  /** Of the components of every vector, `Min(x)` in formulas. */
  min(options?: InnerOptions | null): L;
  /** The smallest value, component by component; ties go to the lowest index. Over i (axis 0) or j (axis 1). */
  min(options: ReduceOptions<T> & Waiting): Deferred<"Min", T>;
  /** The smallest value, component by component; ties go to the lowest index. Over i (axis 0) or j (axis 1). */
  min(options: ReduceOptions<T> & Calling): ResultOf<"Min", T>;
  min(options?: ReduceOptions<T> | InnerOptions | null): unknown {
    atMost("min", 1, arguments);
    return isInner("min", options) ? this.operation("Min", [this]) : this.reduction("Min", options);
  }

  /** Of the components of every vector, `ArgMin(x)` in formulas. */
  argmin(options?: InnerOptions | null): L;
  /** The index of the smallest value, component by component; ties go to the lowest index. Over i (axis 0) or j (axis 1). */
  argmin(options: ReduceOptions<T> & Waiting): Deferred<"ArgMin", T>;
  /** The index of the smallest value, component by component; ties go to the lowest index. Over i (axis 0) or j (axis 1). */
  argmin(options: ReduceOptions<T> & Calling): ResultOf<"ArgMin", T>;
  argmin(options?: ReduceOptions<T> | InnerOptions | null): unknown {
    atMost("argmin", 1, arguments);
    return isInner("argmin", options) ? this.operation("ArgMin", [this]) : this.reduction("ArgMin", options);
  }

  /** The smallest value and its index, component by component; ties go to the lowest index. Over i (axis 0) or j (axis 1). */
  minArgmin(options: ReduceOptions<T> & Waiting): Deferred<"Min_ArgMin", T>;
  /** The smallest value and its index, component by component; ties go to the lowest index. Over i (axis 0) or j (axis 1). */
  minArgmin(options: ReduceOptions<T> & Calling): ResultOf<"Min_ArgMin", T>;
  minArgmin(options: ReduceOptions<T>): unknown {
    atMost("minArgmin", 1, arguments);
    return this.reduction("Min_ArgMin", options);
  }

  /** The same as `minArgmin`: The smallest value and its index, component by component; ties go to the lowest index. Over i (axis 0) or j (axis 1). */
  min_argmin(options: ReduceOptions<T> & Waiting): Deferred<"Min_ArgMin", T>;
  /** The same as `minArgmin`: The smallest value and its index, component by component; ties go to the lowest index. Over i (axis 0) or j (axis 1). */
  min_argmin(options: ReduceOptions<T> & Calling): ResultOf<"Min_ArgMin", T>;
  min_argmin(options: ReduceOptions<T>): unknown {
    atMost("min_argmin", 1, arguments);
    return this.reduction("Min_ArgMin", options);
  }

  /** The K smallest values in order, component by component; ties go to the lowest index. Over i (axis 0) or j (axis 1). */
  kmin(k: number, options: ReduceOptions<T> & Waiting): Deferred<"KMin", T>;
  /** The K smallest values in order, component by component; ties go to the lowest index. Over i (axis 0) or j (axis 1). */
  kmin(k: number, options: ReduceOptions<T> & Calling): ResultOf<"KMin", T>;
  kmin(k: number, options: ReduceOptions<T>): unknown {
    atMost("kmin", 2, arguments);
    return this.reduction("KMin", { ...options, optArg: k });
  }

  /** The same as `kmin`: The K smallest values in order, component by component; ties go to the lowest index. Over i (axis 0) or j (axis 1). */
  Kmin(k: number, options: ReduceOptions<T> & Waiting): Deferred<"KMin", T>;
  /** The same as `kmin`: The K smallest values in order, component by component; ties go to the lowest index. Over i (axis 0) or j (axis 1). */
  Kmin(k: number, options: ReduceOptions<T> & Calling): ResultOf<"KMin", T>;
  Kmin(k: number, options: ReduceOptions<T>): unknown {
    atMost("Kmin", 2, arguments);
    return this.reduction("KMin", { ...options, optArg: k });
  }

  /** The indices of the K smallest values in order; ties go to the lowest index. Over i (axis 0) or j (axis 1). */
  argKmin(k: number, options: ReduceOptions<T> & Waiting): Deferred<"ArgKMin", T>;
  /** The indices of the K smallest values in order; ties go to the lowest index. Over i (axis 0) or j (axis 1). */
  argKmin(k: number, options: ReduceOptions<T> & Calling): ResultOf<"ArgKMin", T>;
  argKmin(k: number, options: ReduceOptions<T>): unknown {
    atMost("argKmin", 2, arguments);
    return this.reduction("ArgKMin", { ...options, optArg: k });
  }

  /** The K smallest values in order, and their indices; ties go to the lowest index. Over i (axis 0) or j (axis 1). */
  kminArgkmin(k: number, options: ReduceOptions<T> & Waiting): Deferred<"KMin_ArgKMin", T>;
  /** The K smallest values in order, and their indices; ties go to the lowest index. Over i (axis 0) or j (axis 1). */
  kminArgkmin(k: number, options: ReduceOptions<T> & Calling): ResultOf<"KMin_ArgKMin", T>;
  kminArgkmin(k: number, options: ReduceOptions<T>): unknown {
    atMost("kminArgkmin", 2, arguments);
    return this.reduction("KMin_ArgKMin", { ...options, optArg: k });
  }

  /** The same as `kminArgkmin`: The K smallest values in order, and their indices; ties go to the lowest index. Over i (axis 0) or j (axis 1). */
  Kmin_argKmin(k: number, options: ReduceOptions<T> & Waiting): Deferred<"KMin_ArgKMin", T>;
  /** The same as `kminArgkmin`: The K smallest values in order, and their indices; ties go to the lowest index. Over i (axis 0) or j (axis 1). */
  Kmin_argKmin(k: number, options: ReduceOptions<T> & Calling): ResultOf<"KMin_ArgKMin", T>;
  Kmin_argKmin(k: number, options: ReduceOptions<T>): unknown {
    atMost("Kmin_argKmin", 2, arguments);
    return this.reduction("KMin_ArgKMin", { ...options, optArg: k });
  }

  /** Of the components of every vector, `Max(x)` in formulas. */
  max(options?: InnerOptions | null): L;
  /** The largest value, component by component; ties go to the lowest index. Over i (axis 0) or j (axis 1). */
  max(options: ReduceOptions<T> & Waiting): Deferred<"Max", T>;
  /** The largest value, component by component; ties go to the lowest index. Over i (axis 0) or j (axis 1). */
  max(options: ReduceOptions<T> & Calling): ResultOf<"Max", T>;
  max(options?: ReduceOptions<T> | InnerOptions | null): unknown {
    atMost("max", 1, arguments);
    return isInner("max", options) ? this.operation("Max", [this]) : this.reduction("Max", options);
  }

  /** Of the components of every vector, `ArgMax(x)` in formulas. */
  argmax(options?: InnerOptions | null): L;
  /** The index of the largest value, component by component; ties go to the lowest index. Over i (axis 0) or j (axis 1). */
  argmax(options: ReduceOptions<T> & Waiting): Deferred<"ArgMax", T>;
  /** The index of the largest value, component by component; ties go to the lowest index. Over i (axis 0) or j (axis 1). */
  argmax(options: ReduceOptions<T> & Calling): ResultOf<"ArgMax", T>;
  argmax(options?: ReduceOptions<T> | InnerOptions | null): unknown {
    atMost("argmax", 1, arguments);
    return isInner("argmax", options) ? this.operation("ArgMax", [this]) : this.reduction("ArgMax", options);
  }

  /** The largest value and its index, component by component; ties go to the lowest index. Over i (axis 0) or j (axis 1). */
  maxArgmax(options: ReduceOptions<T> & Waiting): Deferred<"Max_ArgMax", T>;
  /** The largest value and its index, component by component; ties go to the lowest index. Over i (axis 0) or j (axis 1). */
  maxArgmax(options: ReduceOptions<T> & Calling): ResultOf<"Max_ArgMax", T>;
  maxArgmax(options: ReduceOptions<T>): unknown {
    atMost("maxArgmax", 1, arguments);
    return this.reduction("Max_ArgMax", options);
  }

  /** The same as `maxArgmax`: The largest value and its index, component by component; ties go to the lowest index. Over i (axis 0) or j (axis 1). */
  max_argmax(options: ReduceOptions<T> & Waiting): Deferred<"Max_ArgMax", T>;
  /** The same as `maxArgmax`: The largest value and its index, component by component; ties go to the lowest index. Over i (axis 0) or j (axis 1). */
  max_argmax(options: ReduceOptions<T> & Calling): ResultOf<"Max_ArgMax", T>;
  max_argmax(options: ReduceOptions<T>): unknown {
    atMost("max_argmax", 1, arguments);
    return this.reduction("Max_ArgMax", options);
  }

  /** The K largest values in order, component by component; ties go to the lowest index. Over i (axis 0) or j (axis 1). */
  kmax(k: number, options: ReduceOptions<T> & Waiting): Deferred<"KMax", T>;
  /** The K largest values in order, component by component; ties go to the lowest index. Over i (axis 0) or j (axis 1). */
  kmax(k: number, options: ReduceOptions<T> & Calling): ResultOf<"KMax", T>;
  kmax(k: number, options: ReduceOptions<T>): unknown {
    atMost("kmax", 2, arguments);
    return this.reduction("KMax", { ...options, optArg: k });
  }

  /** The same as `kmax`: The K largest values in order, component by component; ties go to the lowest index. Over i (axis 0) or j (axis 1). */
  Kmax(k: number, options: ReduceOptions<T> & Waiting): Deferred<"KMax", T>;
  /** The same as `kmax`: The K largest values in order, component by component; ties go to the lowest index. Over i (axis 0) or j (axis 1). */
  Kmax(k: number, options: ReduceOptions<T> & Calling): ResultOf<"KMax", T>;
  Kmax(k: number, options: ReduceOptions<T>): unknown {
    atMost("Kmax", 2, arguments);
    return this.reduction("KMax", { ...options, optArg: k });
  }

  /** The indices of the K largest values in order; ties go to the lowest index. Over i (axis 0) or j (axis 1). */
  argKmax(k: number, options: ReduceOptions<T> & Waiting): Deferred<"ArgKMax", T>;
  /** The indices of the K largest values in order; ties go to the lowest index. Over i (axis 0) or j (axis 1). */
  argKmax(k: number, options: ReduceOptions<T> & Calling): ResultOf<"ArgKMax", T>;
  argKmax(k: number, options: ReduceOptions<T>): unknown {
    atMost("argKmax", 2, arguments);
    return this.reduction("ArgKMax", { ...options, optArg: k });
  }

  /** The K largest values in order, and their indices; ties go to the lowest index. Over i (axis 0) or j (axis 1). */
  kmaxArgkmax(k: number, options: ReduceOptions<T> & Waiting): Deferred<"KMax_ArgKMax", T>;
  /** The K largest values in order, and their indices; ties go to the lowest index. Over i (axis 0) or j (axis 1). */
  kmaxArgkmax(k: number, options: ReduceOptions<T> & Calling): ResultOf<"KMax_ArgKMax", T>;
  kmaxArgkmax(k: number, options: ReduceOptions<T>): unknown {
    atMost("kmaxArgkmax", 2, arguments);
    return this.reduction("KMax_ArgKMax", { ...options, optArg: k });
  }

  /** The same as `kmaxArgkmax`: The K largest values in order, and their indices; ties go to the lowest index. Over i (axis 0) or j (axis 1). */
  Kmax_argKmax(k: number, options: ReduceOptions<T> & Waiting): Deferred<"KMax_ArgKMax", T>;
  /** The same as `kmaxArgkmax`: The K largest values in order, and their indices; ties go to the lowest index. Over i (axis 0) or j (axis 1). */
  Kmax_argKmax(k: number, options: ReduceOptions<T> & Calling): ResultOf<"KMax_ArgKMax", T>;
  Kmax_argKmax(k: number, options: ReduceOptions<T>): unknown {
    atMost("Kmax_argKmax", 2, arguments);
    return this.reduction("KMax_ArgKMax", { ...options, optArg: k });
  }

  /** Of the components of every vector, `LogSumExp(x)` in formulas. */
  logsumexp(options?: InnerOptions | null): L;
  /** log of the sum of exp(F), component by component, or of exp(F) times the weights; minus infinity where all is 0. Over i (axis 0) or j (axis 1). */
  logsumexp(options: ReduceOptions<T> & { readonly weight?: Operand | undefined } & Waiting): Deferred<"LogSumExp", T>;
  /** log of the sum of exp(F), component by component, or of exp(F) times the weights; minus infinity where all is 0. Over i (axis 0) or j (axis 1). */
  logsumexp(options: ReduceOptions<T> & { readonly weight?: Operand | undefined } & Calling): ResultOf<"LogSumExp", T>;
  logsumexp(options?: (ReduceOptions<T> & { readonly weight?: Operand | undefined }) | InnerOptions | null): unknown {
    atMost("logsumexp", 1, arguments);
    return isInner("logsumexp", options) ? this.operation("LogSumExp", [this]) : this.reduction("LogSumExp", options);
  }

  /** Mean of the weights, each pair counting exp(F), component by component; NaN where all exp(F) are 0. Over i (axis 0) or j (axis 1). */
  sumsoftmaxweight(weight: Operand, options: ReduceOptions<T> & Waiting): Deferred<"SumSoftMaxWeight", T>;
  /** Mean of the weights, each pair counting exp(F), component by component; NaN where all exp(F) are 0. Over i (axis 0) or j (axis 1). */
  sumsoftmaxweight(weight: Operand, options: ReduceOptions<T> & Calling): ResultOf<"SumSoftMaxWeight", T>;
  sumsoftmaxweight(weight: Operand, options: ReduceOptions<T>): unknown {
    atMost("sumsoftmaxweight", 2, arguments);
    return this.reduction("SumSoftMaxWeight", { ...options, weight });
  }
}

/** What complex lazy tensors can do. */
export abstract class ComplexMethods<L, C, T extends Real> extends Tensor<C, T> {
  protected abstract operation(name: string, values: readonly unknown[]): L;
  protected abstract complexOperation(name: string, values: readonly unknown[]): C;

  /** Moduli of the complex numbers x; their gradient is 0 at 0. `ComplexAbs(x)` in formulas; x is this tensor. */
  abs(): L {
    atMost("abs", 0, arguments);
    return this.operation("ComplexAbs", [this]);
  }

  /** Sum of complex numbers; one of dim 2 is repeated. `ComplexAdd(x, y)` in formulas; x is this tensor. */
  add(y: ComplexOperand): C {
    atMost("add", 1, arguments);
    return this.complexOperation("ComplexAdd", [this, y]);
  }

  /** Arguments of the complex numbers x, in [-π, π]. `ComplexAngle(x)` in formulas; x is this tensor. */
  angle(): L {
    atMost("angle", 0, arguments);
    return this.operation("ComplexAngle", [this]);
  }

  /** Quotient of complex numbers; one of dim 2 is repeated. `ComplexDivide(x, y)` in formulas; x is this tensor. */
  div(y: ComplexOperand): C {
    atMost("div", 1, arguments);
    return this.complexOperation("ComplexDivide", [this, y]);
  }

  /** Exponentials of the complex numbers x. `ComplexExp(x)` in formulas; x is this tensor. */
  exp(): C {
    atMost("exp", 0, arguments);
    return this.complexOperation("ComplexExp", [this]);
  }

  /** Imaginary parts of the complex numbers x. `ComplexImag(x)` in formulas; x is this tensor. */
  imag(): L {
    atMost("imag", 0, arguments);
    return this.operation("ComplexImag", [this]);
  }

  /** Principal logarithms of the complex numbers x. `ComplexLog(x)` in formulas; x is this tensor. */
  log(): C {
    atMost("log", 0, arguments);
    return this.complexOperation("ComplexLog", [this]);
  }

  /** Product of complex numbers; one of dim 2 is repeated. `ComplexMult(x, y)` in formulas; x is this tensor. */
  mul(y: ComplexOperand): C {
    atMost("mul", 1, arguments);
    return this.complexOperation("ComplexMult", [this, y]);
  }

  /** x to the power y, principal value; y of dim 1 is a real number, else complex. `ComplexPow(x, y)` in formulas; x is this tensor. */
  pow(y: ComplexOperand): C {
    atMost("pow", 1, arguments);
    return this.complexOperation("ComplexPow", [this, y]);
  }

  /** Real parts of the complex numbers x. `ComplexReal(x)` in formulas; x is this tensor. */
  real(): L {
    atMost("real", 0, arguments);
    return this.operation("ComplexReal", [this]);
  }

  /** Reciprocals of the complex numbers x. `ComplexReciprocal(x)` in formulas; x is this tensor. */
  reciprocal(): C {
    atMost("reciprocal", 0, arguments);
    return this.complexOperation("ComplexReciprocal", [this]);
  }

  /** Principal square roots of the complex numbers x. `ComplexSqrt(x)` in formulas; x is this tensor. */
  sqrt(): C {
    atMost("sqrt", 0, arguments);
    return this.complexOperation("ComplexSqrt", [this]);
  }

  /** Squared moduli of the complex numbers x. `ComplexSquareAbs(x)` in formulas; x is this tensor. */
  squareAbs(): L {
    atMost("squareAbs", 0, arguments);
    return this.operation("ComplexSquareAbs", [this]);
  }

  /** Difference of complex numbers; one of dim 2 is repeated. `ComplexSubtract(x, y)` in formulas; x is this tensor. */
  sub(y: ComplexOperand): C {
    atMost("sub", 1, arguments);
    return this.complexOperation("ComplexSubtract", [this, y]);
  }

  /** The complex number x, repeated up to the dim `dim`. `ComplexSumT(x, dim)` in formulas; x is this tensor. */
  sumT(dim: number): C {
    atMost("sumT", 1, arguments);
    return this.complexOperation("ComplexSumT", [this, dim]);
  }

  /** Conjugates of the complex numbers x. `Conj(x)` in formulas; x is this tensor. */
  conj(): C {
    atMost("conj", 0, arguments);
    return this.complexOperation("Conj", [this]);
  }
}
