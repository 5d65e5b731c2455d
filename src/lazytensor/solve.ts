/**
 * Linear systems whose matrix is a lazy expression. The one idea: the right-hand side is one more leaf, in the place of
 * the unknown, and the rest is what KernelSolve does. Must not know how users write operations.
 */
import { zeros } from "../array/array";
import { arrayIn } from "../array/check";
import { keepShard } from "../array/shard";
import { insertAxis } from "../array/view";
import type { RealArray } from "../array/view";
import type { RealData } from "../device/native";
import { at } from "../asserts";
import { ArgumentError, FormulaError } from "../errors";
import { Category } from "../formula/formula";
import { ROUNDING, settingsOf } from "../genred";
import { matrixFunctions, solverOf } from "../kernelsolve";
import { optionsOf } from "../options";
import type { OptionRows, OptionsOf } from "../options";
import type { SolveReport, Solved } from "../solve/report";
import type { AsyncSolveOptions, MatrixFunctions } from "../solve/solvefunctions";
import { MATRIX, SOLVE } from "../solve/solveoptions";
import type { SolveOptions } from "../solve/solveoptions";
import { System } from "../solve/system";
import { arraysOf, bound, expressionIn, isLazy, operatorOf } from "./expression";
import type { Expression, Symbolic } from "./expression";
import { categoryOf, leafText } from "./leaf";
import type { Leaf } from "./leaf";
import { columnOf, complexTimes, flat, matrixShape, sumWith, times } from "./products";
import { WHEN, checkClosed, isOpen } from "./reduce";
import type { Calling, Given, ProductOptions } from "./reduce";

/** How a lazy system is solved: all of `KernelSolve`, in one place. */
export type SystemOptions<T extends RealData = RealData> = SolveOptions<T> & OptionsOf<typeof ROUNDING>;

/** For what is solved. */
export const UNKNOWN = {
  /** A variable indexed by j that the tensor is linear in; if absent, the tensor is a kernel k(x, y). */
  var: { expected: "a LazyTensor", accepts: (value: unknown): value is Symbolic => isLazy(value) },
} as const;

/** A real lazy tensor, as options and operands are. */
type RealSymbolic = Symbolic & { readonly isComplex: false };

/** Options of a product. */
export type MatmulOptions<T extends RealData = RealData> = ProductOptions<T>;

/** Options of a solve. */
export type LazySolveOptions<T extends RealData = RealData> = SystemOptions<T> &
  OptionsOf<typeof UNKNOWN, Symbolic, RealSymbolic>;

/** `N` is whether it solves now. */
export interface Solving<T extends RealData, N extends boolean> extends LazySolveOptions<T>, Calling<N> {}

type SolverOptions = SystemOptions & OptionsOf<typeof UNKNOWN> & OptionsOf<typeof WHEN>;

/** A system that waits: called on the arrays of the symbolic variables in their order, and options. */
export interface DeferredSolve<T extends RealData = RealData> {
  /**
   * The solution for these arrays, recorded for `grad`.
   * @param args the arrays of the symbolic variables in their order, `[M, d]`, `[N, d]` or `[d]`; then options
   * @returns the solution, in the shape of the right-hand side
   * @throws what `KernelSolve` throws
   * @example
   * ```ts
   * const x = rand([50, 2], { seed: 1 });
   * const solve = Vi(x).sqdist(Vj(x)).neg().exp().solve(Vj(0, 1), { alpha: 0.1 });
   * console.log(solve(rand([50, 1])).shape); // [ 50, 1 ]
   * ```
   */
  (...args: Given<SolveOptions>): RealArray<T>;
  /**
   * The call as a promise: solved in the background, on copies of the arrays.
   * @param args the arrays of the symbolic variables in their order, `[M, d]`, `[N, d]` or `[d]`; then options
   * @returns a promise of the solution
   * @throws by rejecting, what the call throws, and InterruptedError when `signal` is aborted
   * @example
   * ```ts
   * const x = rand([50, 2], { seed: 1 });
   * const solve = Vi(x).sqdist(Vj(x)).neg().exp().solve(Vj(0, 1), { alpha: 0.1 });
   * console.log((await solve.async(rand([50, 1]))).shape); // [ 50, 1 ]
   * ```
   */
  async(...args: Given<AsyncSolveOptions>): Promise<RealArray<T>>;
  /**
   * The solution with how it was found; `report.async` is its promise.
   * @param args the arrays of the symbolic variables in their order, `[M, d]`, `[N, d]` or `[d]`; then options
   * @returns `solution`, `method`, `iterations`, `residual`, `history` and more
   * @throws what the call throws
   * @example
   * ```ts
   * const x = rand([50, 2], { seed: 1 });
   * const solve = Vi(x).sqdist(Vj(x)).neg().exp().solve(Vj(0, 1), { alpha: 0.1 });
   * console.log(solve.report(rand([50, 1])).residual < 1e-5); // true
   * ```
   */
  readonly report: {
    (...args: Given<SolveOptions>): SolveReport<T>;
    async(...args: Given<AsyncSolveOptions>): Promise<SolveReport<T>>;
  };
  toString(): string;
}

/** A function of arrays where the solve, the tensor or its right-hand side `B` waits, else the solution. */
export type SolvedNow<T extends RealData, W extends boolean, B, C extends boolean> = C extends false
  ? DeferredSolve<T>
  : W extends true
    ? DeferredSolve<T>
    : B extends { readonly waits: true }
      ? DeferredSolve<T>
      : RealArray<T>;

type Tensor = Symbolic & { readonly isComplex: boolean };

/** A function of the arrays of symbolic variables, of K or of b; without such variables the solution. */
export function solveOrWait(tensor: Tensor, b: unknown, options: SolverOptions): unknown {
  const waits = [tensor, b].some((given) => isLazy(given) && isOpen(expressionIn(given).leaves));
  if (options.call ?? !waits) return solveClosed(tensor, b, options)();
  return solver(expressionIn(tensor), b, options, tensor.isComplex ? COMPLEX : REAL);
}

/** @throws ArgumentError where K has symbolic variables. */
export function solveClosed<T extends RealData>(tensor: Tensor, b: unknown, options: SolverOptions): DeferredSolve<T> {
  const expression = expressionIn(tensor);
  checkClosed("solve", expression.leaves);
  return solver(expression, b, options, tensor.isComplex ? COMPLEX : REAL) as DeferredSolve<T>;
}

/** How a matrix is multiplied by a vector. */
interface Multiplication {
  readonly times: typeof times;
  /** The dim of one number. */
  readonly dim: number;
}
const REAL: Multiplication = { times, dim: 1 };
/** Complex numbers are two components of one system, as of a matrix-valued kernel. */
const COMPLEX: Multiplication = { times: complexTimes, dim: 2 };

/**
 * The solution a of sum_j K_ij a_j + alpha a_i = b_i as a function of the arrays of symbolic variables.
 * @param b an array `[...batch, N, E]` or `[N]`, or a variable.
 */
function solver(expression: Expression, b: unknown, options: SolverOptions, by: Multiplication): DeferredSolve {
  const checked = optionsOf("solve", options, ROWS);
  const { sumScheme, dtypeAcc, useDoubleAcc, var: variable, call: _call, ...held } = checked;
  const unknown = variable && expressionIn(variable);
  const { vector, isFlat } = columnOf("solve", expression, unknown?.formula.dim ?? 1, b);
  const terms = unknown ? substituteUnknown(unknown, expression, vector) : kernelTimes(expression, vector, by);
  const of = bound([terms.formula], terms.leaves);
  const operator = operatorOf(of, settingsOf({ axis: 1, sumScheme, dtypeAcc, useDoubleAcc }));
  const system = new System(operator, at(operator.args, of.leaves.indexOf(vector)));
  return solverOf(system, {
    arrays: (given) => operator.arrays(arraysOf(of, given)),
    options: ({ x0, ...own }) => ({
      ...expression.where,
      ...held,
      ...own,
      x0: asColumns(x0 ?? held.x0, isFlat, expression),
    }),
    result: (found): Solved => (isFlat ? { ...found, solution: flat(found.solution) } : found),
  });
}

/**
 * The functions of the matrix `[N, N]` of a kernel k(x, y).
 * @throws ArgumentError unless it is square, without batches, over arrays, of dim 1.
 */
export function matrixOf(where: string, expression: Expression): Pick<MatrixFunctions, "logdet" | "eigsh"> {
  const [rows, columns] = matrixShape(where, expression);
  const { dtype, formula } = expression;
  checkClosed(where, expression.leaves);
  if (rows !== columns || formula.dim !== 1 || dtype === null)
    throw new ArgumentError(
      `${where}: expected a square LazyTensor over arrays, of dim 1, got sizes [${rows}, ${columns}], dim ${formula.dim}`,
    );
  const { vector } = columnOf(where, expression, 1, zeros([columns, 1], { dtype }));
  const { operator, arrays, position } = sumWith(expression, vector);
  return matrixFunctions(new System(operator, at(operator.args, position)), () => arrays);
}

const ROWS: OptionRows = { ...SOLVE, ...MATRIX, ...ROUNDING, ...UNKNOWN, ...WHEN };

function kernelTimes(expression: Expression, vector: Leaf, by: Multiplication): Expression {
  const [dim, width] = [expression.formula.dim / by.dim, vector.variable.dim / by.dim];
  if (dim === 1 && Number.isInteger(width)) return by.times(expression, vector);
  const [wanted, got] =
    dim === 1 ? ["b of an even dim", width * by.dim] : ["a LazyTensor of dim 1, or the option var", dim];
  throw new FormulaError(`solve: expected ${wanted}, got dim ${String(got)}`);
}

/** The expression with the right-hand side in the place of the unknown. */
function substituteUnknown({ leaf: unknown }: Expression, expression: Expression, vector: Leaf): Expression {
  if (unknown && categoryOf(unknown) === Category.J && expression.leaves.includes(unknown))
    return expression.mapLeaves((own) => (own === unknown ? vector : own));
  const got = unknown ? leafText(unknown) : "another expression";
  throw new ArgumentError(`solve, var: expected a variable of this LazyTensor that is indexed by j, got ${got}`);
}

/** A start for a vector `[N]` is one too. */
function asColumns(x0: SolveOptions["x0"], isFlat: boolean, { dtype }: Expression): SolveOptions["x0"] {
  if (!x0 || !isFlat) return x0;
  const start = arrayIn("solve, x0", x0, dtype ?? undefined);
  return start.shape.length === 1 ? keepShard(insertAxis(start, 1), start) : start;
}
