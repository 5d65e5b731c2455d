/**
 * What a real lazy tensor can do as a matrix: products, solves, what is computed of its eigenvalues, and what it is
 * together with other operators. Must not know how it was made.
 */
import type { ArrayInput } from "../array/check";
import type { RealArray } from "../array/view";
import type { RealData } from "../device/native";
import { atMost, optionsOf } from "../options";
import type { EigshResult } from "../solve/eigenpairs";
import type { EigshOptions } from "../solve/eigsh";
import { LinearOperator, toOperator } from "../solve/linearoperator";
import type { AnyLinearOperator, AsOperator } from "../solve/linearoperator";
import type { LogdetOptions, LogdetResult } from "../solve/logdet";
import type { SolveReport } from "../solve/report";
import { isOperatorLike } from "../solve/ways";
import type { LinearOperatorLike } from "../solve/ways";
import { RealMethods } from "./methods";
import { withPlace } from "./operand";
import type { Joined, LazyOperand } from "./operand";
import { linearOperator, product } from "./products";
import { matrixOf, solveClosed, solveOrWait } from "./solve";
import type { LazySolveOptions, MatmulOptions, SolvedNow, Solving } from "./solve";
import { expressionIn } from "./expression";

/** What a product gives: with an operator a chain of operators. */
type ProductOf<T extends RealData, B, K> = B extends K | LinearOperatorLike<T> ? LinearOperator<T> : RealArray<T>;

/**
 * A real lazy tensor as a matrix; `L`, `C`, `WL`, `T`, `W` as for its other methods. `K` are lazy tensors that it makes a
 * chain with, `U` those that may stand for a right-hand side.
 */
export abstract class RealMatrix<L, C, WL, T extends RealData, W extends boolean, K, U>
  extends RealMethods<L, C, WL, T, W>
  implements AsOperator<T>
{
  abstract override readonly isComplex: false;

  // ---- with other operators

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
  override add<Y extends LazyOperand>(y: Y): Joined<L, WL, Y>;
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
  override sub<Y extends LazyOperand>(y: Y): Joined<L, WL, Y>;
  override sub(y: AnyLinearOperator): LinearOperator<T>;
  override sub(y: LazyOperand | AnyLinearOperator): unknown {
    atMost("sub", 1, arguments);
    return y instanceof LinearOperator ? linearOperator<T>("sub", this).sub(y) : super.sub(y);
  }

  // ---- products

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
  matmul<B extends ArrayInput<T> | K | LinearOperatorLike<T>>(
    b: B,
    options?: MatmulOptions<T> | null,
  ): ProductOf<T, B, K>;
  matmul(b: ArrayInput<T> | K | LinearOperatorLike<T>, options?: MatmulOptions<T> | null): unknown {
    atMost("matmul", 2, arguments);
    if (!isOperatorLike<T>(b)) return product("matmul", expressionIn(this), b, options);
    optionsOf("matmul of operators", options, {});
    return linearOperator<T>("matmul", this).matmul(toOperator<T>("matmul", b));
  }
  /**
   * The product with an array, as {@link RealMatrix.matmul}.
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
  solve<B extends RealArray<T> | U, N extends boolean = true>(
    b: B,
    options?: Solving<T, N> | null,
  ): SolvedNow<T, W, B, N>;
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
