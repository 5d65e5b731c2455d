/**
 * Linear systems whose matrix is a lazy expression. The one idea: the right-hand side is one more leaf, in the place of the unknown, and
 * the rest is what KernelSolve does. Must not know how users write operations.
 */
import { zeros } from "../array/array";
import { checkArray } from "../array/check";
import { expanded } from "../array/view";
import type { RealArray } from "../array/view";
import type { Real } from "../device/native";
import { ArgumentError, FormulaError } from "../errors";
import { Category } from "../formula/formula";
import { settingsOf } from "../genred";
import { SYSTEM_OPTIONS, matrixFunctions, solverOf } from "../kernelsolve";
import type { AsyncSolveOptions, KernelSolveOptions, MatrixFunctions } from "../kernelsolve";
import { optionsOf } from "../options";
import type { SolveResult, Solved } from "../solve/report";
import { SOLVE_OPTIONS } from "../solve/solveoptions";
import type { SolveOptions } from "../solve/solveoptions";
import { System } from "../solve/system";
import { arraysOf, bound, operatorOf } from "./expression";
import type { Expression } from "./expression";
import { categoryOf, leafText } from "./leaf";
import type { Leaf } from "./leaf";
import { columnOf, flat, matrixShape, times } from "./linear";
import { checkClosed } from "./reduce";
import type { Given } from "./reduce";

/** How a lazy system is solved: all of `KernelSolve`, in one place. */
export type SystemOptions<T extends Real = Real> = SolveOptions<T> & Omit<KernelSolveOptions, "axis">;

/** A system that waits: called on the arrays of the symbolic variables in their order, and options. */
export interface DeferredSolve<T extends Real = Real> {
  /** The solution, in the shape of the right-hand side. @throws what `KernelSolve` throws. */
  (...args: Given<SolveOptions>): RealArray<T>;
  /** The same as a promise: solved in the background, on copies of the arrays. Rejects with what the call throws. */
  async(...args: Given<AsyncSolveOptions>): Promise<RealArray<T>>;
  /** The same, with how it was found. */
  readonly solve: {
    (...args: Given<SolveOptions>): SolveResult<T>;
    async(...args: Given<AsyncSolveOptions>): Promise<SolveResult<T>>;
  };
  toString(): string;
}

/**
 * The solution a of sum_j K_ij a_j + alpha a_i = b_i as a function of the arrays of symbolic variables.
 * @param b an array `[...batch, N, E]` or `[N]`, or a variable.
 * @param unknown a variable that the expression is linear in; if absent, K is a kernel and a is what it is multiplied with.
 */
export function solver(
  expression: Expression,
  b: unknown,
  unknown: Expression | undefined,
  options: SystemOptions,
): DeferredSolve {
  const { sumScheme, dtypeAcc, useDoubleAcc, ...held } = optionsOf("solve", options, OPTIONS);
  const { vector, isFlat } = columnOf("solve", expression, unknown?.formula.dim ?? expression.formula.dim, b);
  const terms = unknown ? inPlaceOf(unknown, expression, vector) : kernelTimes(expression, vector);
  const of = bound([terms.formula], terms.leaves);
  const operator = operatorOf(of, settingsOf("solve", { axis: 1, sumScheme, dtypeAcc, useDoubleAcc }));
  const system = new System(operator, operator.args[of.leaves.indexOf(vector)]!);
  return solverOf(system, {
    arrays: (given) => operator.arrays(arraysOf(of, given)),
    options: ({ x0, ...own }) => ({ ...expression.where, ...held, ...own, x0: asColumns(x0 ?? held.x0, isFlat) }),
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
  const terms = times(expression, vector);
  const of = bound([terms.formula], terms.leaves);
  const operator = operatorOf(of, settingsOf(where, { axis: 1 }));
  const system = new System(operator, operator.args[of.leaves.indexOf(vector)]!);
  return matrixFunctions(system, () => operator.arrays(arraysOf(of, [])));
}

const OPTIONS = [...new Set([...SOLVE_OPTIONS, ...SYSTEM_OPTIONS])].filter((name) => name !== "axis");

function kernelTimes(expression: Expression, vector: Leaf): Expression {
  if (expression.formula.dim === 1) return times(expression, vector);
  const got = `dim ${expression.formula.dim}`;
  throw new FormulaError(`solve: expected a LazyTensor of dim 1, or the option var, got ${got}`);
}

/** The expression with the right-hand side in the place of the unknown. */
function inPlaceOf({ leaf: unknown }: Expression, expression: Expression, vector: Leaf): Expression {
  if (unknown && categoryOf(unknown) === Category.J && expression.leaves.includes(unknown))
    return expression.mapped((own) => (own === unknown ? vector : own));
  const got = unknown ? leafText(unknown) : "another expression";
  throw new ArgumentError(`solve, var: expected a variable of this LazyTensor that is indexed by j, got ${got}`);
}

/** A start for a vector `[N]` is one too. */
function asColumns(x0: SolveOptions["x0"], isFlat: boolean): SolveOptions["x0"] {
  return x0 && isFlat && checkArray("solve, x0", x0).shape.length === 1 ? expanded(x0, 1) : x0;
}
