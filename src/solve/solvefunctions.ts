/**
 * What solves are for their users: functions of arrays, blocking and as promises, for the solution of a system and for
 * what else is computed of its matrix. Only types.
 */
import type { RealArray } from "../array/view";
import type { AsyncOptions } from "../call/run";
import type { ArgumentsFor } from "../call/signature";
import type { RealData } from "../device/native";
import type { EigshResult } from "./eigenpairs";
import type { EigshOptions } from "./eigsh";
import type { LogdetOptions, LogdetResult } from "./logdet";
import type { SolveReport } from "./report";
import type { ShiftedOptions } from "./shifted";
import type { SolveOptions } from "./solveoptions";
import type { TraceOptions, TraceResult } from "./trace";

/** A linear system as a function of its data. */
export interface KernelSolveFunction<A extends readonly string[] = readonly string[]>
  extends SolveFunction<A>, MatrixFunctions<A> {}

/** The solution of a linear system. */
export interface SolveFunction<A extends readonly string[] = readonly string[]> {
  /**
   * The solution of the system, recorded for `grad`. Batch dimensions in front make every entry a system of its own;
   * `ranges` make K block-sparse.
   * @param args arrays in the order of the aliases, with the right-hand side `[N, dim]` in the place of the unknown;
   * then options
   * @returns the solution `[N, dim]`
   * @throws ArgumentError for arrays that do not fit or an operator that is not symmetric, ConvergenceError when the
   * iteration ends without reaching its tolerance (it carries the last iterate), CompileError, DeviceError,
   * InterruptedError
   * @example
   * ```ts
   * const Kinv = KernelSolve("Exp(-SqDist(x, y)) * b", ["x = Vi(2)", "y = Vj(2)", "b = Vj(1)"], "b", { axis: 1 });
   * const [x, b] = [rand([50, 2], { seed: 1 }), rand([50, 1])];
   * console.log(Kinv(x, x, b, { alpha: 0.1 }).shape); // [ 50, 1 ]
   * ```
   */
  <T extends RealData>(...args: [...ArgumentsFor<A, T>, (SolveOptions<T> | null)?]): RealArray<T>;
  /**
   * The call as a promise: solved in the background on copies of the arrays, which may change meanwhile, and recorded
   * as the call would be.
   * @param args arrays in the order of the aliases, with the right-hand side `[N, dim]` in the place of the unknown;
   * then options
   * @returns a promise of the solution `[N, dim]`
   * @throws by rejecting, what the call throws, and InterruptedError when `signal` is aborted
   * @example
   * ```ts
   * const Kinv = KernelSolve("Exp(-SqDist(x, y)) * b", ["x = Vi(2)", "y = Vj(2)", "b = Vj(1)"], "b", { axis: 1 });
   * const [x, b] = [rand([50, 2], { seed: 1 }), rand([50, 1])];
   * console.log((await Kinv.async(x, x, b, { alpha: 0.1 })).shape); // [ 50, 1 ]
   * ```
   */
  async<T extends RealData>(...args: [...ArgumentsFor<A, T>, (AsyncSolveOptions<T> | null)?]): Promise<RealArray<T>>;
  /**
   * The solution with how it was found; `report.async` is its promise.
   * @param args arrays in the order of the aliases, with the right-hand side `[N, dim]` in the place of the unknown;
   * then options
   * @returns `solution` `[N, dim]`, `method`, `iterations`, `residual`, `history` and more
   * @throws what the call throws
   * @example
   * ```ts
   * const Kinv = KernelSolve("Exp(-SqDist(x, y)) * b", ["x = Vi(2)", "y = Vj(2)", "b = Vj(1)"], "b", { axis: 1 });
   * const [x, b] = [rand([50, 2], { seed: 1 }), rand([50, 1])];
   * console.log(Kinv.report(x, x, b, { alpha: 0.1 }).residual < 1e-5); // true
   * ```
   */
  readonly report: {
    <T extends RealData>(...args: [...ArgumentsFor<A, T>, (SolveOptions<T> | null)?]): SolveReport<T>;
    async<T extends RealData>(
      ...args: [...ArgumentsFor<A, T>, (AsyncSolveOptions<T> | null)?]
    ): Promise<SolveReport<T>>;
  };
  toString(): string;
}

/** What else is computed of the matrix of a linear system. */
export interface MatrixFunctions<A extends readonly string[] = readonly string[]> {
  /**
   * The solutions for several ridges, which share their products with K and, where there is one, the approximation of K
   * in their preconditioners. `shifted.report` also tells how they were found; both have an `async` form.
   * @param alphas the ridges
   * @param args arrays in the order of the aliases, with the right-hand side `[N, dim]` in the place of the unknown;
   * then options
   * @returns one array `[N, dim]` for each ridge, recorded as that of a call
   * @throws what the call throws
   * @example
   * ```ts
   * const Kinv = KernelSolve("Exp(-SqDist(x, y)) * b", ["x = Vi(2)", "y = Vj(2)", "b = Vj(1)"], "b", { axis: 1 });
   * const [x, b] = [rand([50, 2], { seed: 1 }), rand([50, 1])];
   * console.log(Kinv.shifted([0.1, 1, 10], x, x, b).length); // 3
   * ```
   */
  readonly shifted: ShiftedFunction<A, "solution"> & { readonly report: ShiftedFunction<A, "report"> };
  /**
   * log det (K + alpha I), K being `[N, N]` for a kernel times the unknown, whatever its dim, else `[N D, N D]`: exact
   * by Cholesky where that is cheap, else by stochastic Lanczos quadrature with its standard error. `logdet.async` is
   * its promise.
   * @param args arrays in the order of the aliases; the unknown's `[N, dim]` gives nothing but its shape; then options
   * @returns `value`, a number, and as `array` `[1]`, recorded for `grad`; its `standardError`, 0 where it is exact
   * @throws ArgumentError for batches, for a K that is not symmetric, or a K + alpha I that is not positive definite;
   * ConvergenceError
   * @example
   * ```ts
   * const Kinv = KernelSolve("Exp(-SqDist(x, y)) * b", ["x = Vi(2)", "y = Vj(2)", "b = Vj(1)"], "b", { axis: 1 });
   * const [x, b] = [rand([50, 2], { seed: 1 }), rand([50, 1])];
   * console.log(Kinv.logdet(x, x, b, { alpha: 0.1 }).standardError); // 0
   * ```
   */
  readonly logdet: MatrixFunction<A, LogdetOptions, LogdetResult>;
  /**
   * The trace of K + alpha I, of the same K, exactly. `trace.async` is its promise.
   * @param args arrays in the order of the aliases; the unknown's `[N, dim]` gives nothing but its shape; then options
   * @returns `value`, a number
   * @throws ArgumentError for batches
   * @example
   * ```ts
   * const Kinv = KernelSolve("Exp(-SqDist(x, y)) * b", ["x = Vi(2)", "y = Vj(2)", "b = Vj(1)"], "b", { axis: 1 });
   * const [x, b] = [rand([50, 2], { seed: 1 }), rand([50, 1])];
   * console.log(Kinv.trace(x, x, b, { alpha: 1 }).value.toFixed(1)); // 100.0
   * ```
   */
  readonly trace: MatrixFunction<A, TraceOptions, TraceResult>;
  /**
   * The k largest eigenvalues of K, of the same K, with their vectors. `eigsh.async` is its promise.
   * @param k how many
   * @param args arrays in the order of the aliases; the unknown's `[N, dim]` gives nothing but its shape; then options
   * @returns `values` `[k]` and `vectors` `[N, k]`
   * @throws ArgumentError for batches, for a K that is not symmetric, or a k above its order; ConvergenceError
   * @example
   * ```ts
   * const Kinv = KernelSolve("Exp(-SqDist(x, y)) * b", ["x = Vi(2)", "y = Vj(2)", "b = Vj(1)"], "b", { axis: 1 });
   * const [x, b] = [rand([50, 2], { seed: 1 }), rand([50, 1])];
   * console.log(Kinv.eigsh(3, x, x, b).values.shape); // [ 3 ]
   * ```
   */
  readonly eigsh: {
    <T extends RealData>(k: number, ...args: [...ArgumentsFor<A, T>, (EigshOptions | null)?]): EigshResult<T>;
    async<T extends RealData>(
      k: number,
      ...args: [...ArgumentsFor<A, T>, ((EigshOptions & AsyncOptions) | null)?]
    ): Promise<EigshResult<T>>;
  };
}

/** Solutions for several ridges, blocking and as a promise. */
export interface ShiftedFunction<A extends readonly string[], W extends "solution" | "report"> {
  <T extends RealData>(
    alphas: ArrayLike<number>,
    ...args: [...ArgumentsFor<A, T>, (ShiftedOptions | null)?]
  ): { solution: RealArray<T>; report: SolveReport<T> }[W][];
  /**
   * The call as a promise, of the data as they are now.
   * @param alphas the ridges
   * @param args arrays in the order of the aliases, with the right-hand side `[N, dim]` in the place of the unknown;
   * then options
   * @returns a promise of what the call returns
   * @throws by rejecting, what the call throws, and InterruptedError when `signal` is aborted
   * @example
   * ```ts
   * const Kinv = KernelSolve("Exp(-SqDist(x, y)) * b", ["x = Vi(2)", "y = Vj(2)", "b = Vj(1)"], "b", { axis: 1 });
   * const [x, b] = [rand([50, 2], { seed: 1 }), rand([50, 1])];
   * console.log((await Kinv.shifted.async([0.1, 1], x, x, b)).length); // 2
   * ```
   */
  async<T extends RealData>(
    alphas: ArrayLike<number>,
    ...args: [...ArgumentsFor<A, T>, ((ShiftedOptions & AsyncOptions) | null)?]
  ): Promise<{ solution: RealArray<T>; report: SolveReport<T> }[W][]>;
}

/** Something of the matrix, blocking and as a promise. */
export interface MatrixFunction<A extends readonly string[], O, R> {
  <T extends RealData>(...args: [...ArgumentsFor<A, T>, (O | null)?]): R;
  /**
   * The call as a promise, of the data as they are now.
   * @param args arrays in the order of the aliases; the unknown's `[N, dim]` gives nothing but its shape; then options
   * @returns a promise of what the call returns
   * @throws by rejecting, what the call throws, and InterruptedError when `signal` is aborted
   * @example
   * ```ts
   * const Kinv = KernelSolve("Exp(-SqDist(x, y)) * b", ["x = Vi(2)", "y = Vj(2)", "b = Vj(1)"], "b", { axis: 1 });
   * const [x, b] = [rand([50, 2], { seed: 1 }), rand([50, 1])];
   * console.log((await Kinv.trace.async(x, x, b, { alpha: 1 })).value.toFixed(1)); // 100.0
   * ```
   */
  async<T extends RealData>(...args: [...ArgumentsFor<A, T>, ((O & AsyncOptions) | null)?]): Promise<R>;
}

/** What a solve in the background takes. */
export type AsyncSolveOptions<T extends RealData = RealData> = SolveOptions<T> & AsyncOptions;
