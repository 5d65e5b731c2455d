/**
 * What a complex lazy tensor can do as a matrix: products and solves with complex numbers, as `re, im, …`. Must not know
 * how it was made.
 */
import type { RealArray } from "../array/view";
import type { RealData } from "../device/native";
import { atMost } from "../options";
import type { SolveReport } from "../solve/report";
import { ComplexMethods } from "./methods";
import { complexProduct } from "./products";
import { solveClosed, solveOrWait } from "./solve";
import type { LazySolveOptions, MatmulOptions, SolvedNow, Solving } from "./solve";
import { expressionIn } from "./expression";

/** A complex lazy tensor as a matrix; `L`, `C`, `WC`, `T` as for its other methods, `W` whether it waits. */
export abstract class ComplexMatrix<L, C, WC, T extends RealData, W extends boolean> extends ComplexMethods<
  L,
  C,
  WC,
  T
> {
  abstract override readonly isComplex: true;

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
   * The product with complex numbers, as {@link ComplexMatrix.matmul}.
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
    return complexProduct("rmatvec", expressionIn(this).transpose(), b, options) as RealArray<T>;
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
  solve<N extends boolean = true>(b: RealArray<T>, options?: Solving<T, N> | null): SolvedNow<T, W, RealArray<T>, N>;
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
