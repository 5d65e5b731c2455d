/**
 * What KernelSolve gives: the type of a linear system as a function of its data, and of what it returns. Types only.
 */
import type { RealArray } from "../array/view";
import type { Real } from "../engine/native";
import type { GenredOptions } from "../genred";
import type { AsyncOptions } from "../call/run";
import type { ArgumentsFor } from "../call/signature";
import type { EigshOptions, EigshResult } from "./eigenpairs";
import type { Estimate, LogdetOptions, LogdetResult, TraceOptions } from "./logdet";
import type { SolveOptions, SolveResult } from "./options";
import type { ShiftedOptions } from "./shifted";

export type { SolveResult } from "./options";

/** How the product with K is computed. */
export type KernelSolveOptions = Omit<GenredOptions, "reductionOp" | "formula2" | "optArg">;

/** A linear system as a function of its data. */
export interface KernelSolveFunction<A extends readonly string[] = readonly string[]>
  extends SolveFunction<A>, MatrixFunctions<A> {}

/** The solution of a linear system. */
export interface SolveFunction<A extends readonly string[] = readonly string[]> {
  /**
   * Arrays in the order of the aliases; in the place of the unknown stands the right-hand side b `[N, dim]`. Returns the solution
   * `[N, dim]`, recorded for `grad`. Batch dimensions in front make every entry a system of its own; `ranges` make K block-sparse.
   * @throws ArgumentError for arrays that do not fit or an operator that is not symmetric, ConvergenceError when the iteration ends
   * without reaching its tolerance (it carries the last iterate), CompileError, DeviceError, InterruptedError.
   */
  <T extends Real>(...args: [...ArgumentsFor<A, T>, (SolveOptions<T> | null)?]): RealArray<T>;
  /**
   * The same as a promise: solved in the background on copies of the arrays, which may change meanwhile, and recorded as the call
   * would be. Rejects with what the call throws, and with InterruptedError when `signal` is aborted.
   */
  async<T extends Real>(...args: [...ArgumentsFor<A, T>, (AsyncSolveOptions<T> | null)?]): Promise<RealArray<T>>;
  /** The same, with how it was found; `solve.async` is its promise. */
  readonly solve: {
    <T extends Real>(...args: [...ArgumentsFor<A, T>, (SolveOptions<T> | null)?]): SolveResult<T>;
    async<T extends Real>(...args: [...ArgumentsFor<A, T>, (AsyncSolveOptions<T> | null)?]): Promise<SolveResult<T>>;
  };
  toString(): string;
}

/** What else is computed of the matrix of a linear system. */
export interface MatrixFunctions<A extends readonly string[] = readonly string[]> {
  /**
   * The solutions for several ridges, which share their products with K and, where there is one, the approximation of K in their
   * preconditioners: `shifted(alphas, ...args, options)`, one array per alpha, each recorded as that of a call. `shifted.solve` also tells
   * how they were found; both have an `async` form. @throws as the call.
   */
  readonly shifted: ShiftedFunction<A, "solution"> & { readonly solve: ShiftedFunction<A, "report"> };
  /**
   * log det (K + alpha I), K being `[N, N]` for a kernel times the unknown, whatever its dim, else `[N D, N D]`: exact by Cholesky where that
   * is cheap, else by stochastic Lanczos quadrature with its standard error. The unknown's array gives nothing but its shape.
   * @throws ArgumentError for batches, for a K that is not symmetric, or a K + alpha I that is not positive definite; ConvergenceError.
   */
  readonly logdet: MatrixFunction<A, LogdetOptions, LogdetResult>;
  /** The trace of K + alpha I, of the same K, exactly. @throws ArgumentError for batches. */
  readonly trace: MatrixFunction<A, TraceOptions, Estimate>;
  /**
   * The k largest eigenvalues of K, of the same K, with their vectors. @throws ArgumentError for batches, for a K that is not symmetric, or a
   * k above its order; ConvergenceError.
   */
  readonly eigsh: {
    <T extends Real>(k: number, ...args: [...ArgumentsFor<A, T>, (EigshOptions | null)?]): EigshResult<T>;
    async<T extends Real>(
      k: number,
      ...args: [...ArgumentsFor<A, T>, ((EigshOptions & AsyncOptions) | null)?]
    ): Promise<EigshResult<T>>;
  };
}

/** Solutions for several ridges, blocking and as a promise. */
export interface ShiftedFunction<A extends readonly string[], W extends "solution" | "report"> {
  <T extends Real>(
    alphas: ArrayLike<number>,
    ...args: [...ArgumentsFor<A, T>, (ShiftedOptions | null)?]
  ): { solution: RealArray<T>; report: SolveResult<T> }[W][];
  async<T extends Real>(
    alphas: ArrayLike<number>,
    ...args: [...ArgumentsFor<A, T>, ((ShiftedOptions & AsyncOptions) | null)?]
  ): Promise<{ solution: RealArray<T>; report: SolveResult<T> }[W][]>;
}

/** Something of the matrix, blocking and as a promise. */
export interface MatrixFunction<A extends readonly string[], O, R> {
  <T extends Real>(...args: [...ArgumentsFor<A, T>, (O | null)?]): R;
  async<T extends Real>(...args: [...ArgumentsFor<A, T>, ((O & AsyncOptions) | null)?]): Promise<R>;
}

/** What a solve in the background takes. */
export interface AsyncSolveOptions<T extends Real = Real> extends SolveOptions<T>, AsyncOptions {}
