/**
 * KernelSolve: solves (K + alpha I) a = b, where K is a formula that is linear in one of its arguments, reduced over i or j. The
 * solver iterates over plain vectors and asks an Operator for every product with K; the derivative is one more solve with the
 * transposed formula (implicit function theorem) and the gradients of the product, so it is differentiable in its turn.
 */
import { described } from "./array/check";
import { record } from "./array/record";
import { allocate, contiguous, sizeOf, wrap } from "./array/view";
import type { RealArray } from "./array/view";
import type { Extents, Given } from "./arguments";
import { entryOf, summedTo } from "./batch";
import { howOf } from "./call";
import type { How } from "./call";
import { denseAlgebra } from "./engine/native";
import type { Real } from "./engine/native";
import { ArgumentError, FormulaError } from "./errors";
import { extraArgument, label } from "./formula/arguments";
import type { Argument } from "./formula/arguments";
import { grad, isComponentwise, whyNotLinear } from "./formula/autodiff";
import { Category } from "./formula/formula";
import type { Formula } from "./formula/formula";
import { minus } from "./formula/ops";
import { optionsOf, readFormulas, settingsOf, splitOptions } from "./genred";
import type { GenredOptions } from "./genred";
import { scalarKernel } from "./kernelmatrix";
import { Inverses, solveBy } from "./method";
import type { Report, Situation } from "./method";
import { Operator } from "./operator";
import { Product, checkSymmetry, replaced } from "./product";
import type { ArgumentsFor, UnknownOf } from "./signature";
import { SOLVE_OPTIONS, alphaOf, checkOptions, failUnlessConverged } from "./solveoptions";
import type { SolveOptions } from "./solveoptions";
import type { Outcome } from "./solver/refine";

/** How the product with K is computed. */
export type KernelSolveOptions = Omit<GenredOptions, "reductionOp" | "formula2" | "optArg">;

/** A solution, and how it was found. */
export interface SolveResult<T extends Real = Real> {
  readonly solution: RealArray<T>;
  /** Over all entries of a batch. */
  readonly iterations: number;
  /** ‖b - (K + alpha I) a‖ / ‖b‖ in float64, the largest of columns and entries. */
  readonly residual: number;
  /** `"tolerance"`, or `"precision"`: as far as rounding allows. */
  readonly converged: Outcome;
  /** Of the last entry: what was done, and the rank of the preconditioner, 0 where there was none. */
  readonly method: "cg" | "direct";
  readonly rank: number;
}

/** A linear system as a function of its data. */
export interface KernelSolveFunction<A extends readonly string[] = readonly string[]> {
  /**
   * Arrays in the order of the aliases; in the place of the unknown stands the right-hand side b `[N, dim]`. Returns the solution
   * `[N, dim]`, recorded for `grad`. Batch dimensions in front make every entry a system of its own; `ranges` make K block-sparse.
   * @throws ArgumentError for arrays that do not fit or an operator that is not symmetric, ConvergenceError when the iteration ends
   * without reaching its tolerance (it carries the last iterate), CompileError, DeviceError, InterruptedError.
   */
  <T extends Real>(...args: [...ArgumentsFor<A, T>, (SolveOptions<T> | null)?]): RealArray<T>;
  /** The same, with how it was found. */
  solve<T extends Real>(...args: [...ArgumentsFor<A, T>, (SolveOptions<T> | null)?]): SolveResult<T>;
  toString(): string;
}

/**
 * The inverse of the reduction of `formula` over i (axis 0) or j (axis 1), as a linear operator on the argument `varinvalias`. The
 * operator must be symmetric and, with the ridge, positive definite.
 * @throws FormulaError when the formula cannot be read or is not linear in the unknown.
 */
export function KernelSolve<const A extends readonly string[]>(
  formula: string,
  aliases: A,
  varinvalias: UnknownOf<A>,
  options?: KernelSolveOptions | null,
): KernelSolveFunction<A> {
  const [formulas, args] = readFormulas([formula], aliases);
  const settings = settingsOf("KernelSolve", optionsOf("KernelSolve", options, SYSTEM_OPTIONS));
  const operator = new Operator(formulas, args, settings);
  const system = new System(operator, unknownAmong(args, varinvalias));
  const solved = (given: readonly unknown[]): Solved => {
    const [args, solveOptions] = splitOptions<SolveOptions>(given, SOLVE_OPTIONS);
    return system.solve(operator.arrays(args), solveOptions);
  };
  const call = (...given: unknown[]): RealArray => solved(given).solution;
  const solve = (...given: unknown[]): SolveResult => summary(solved(given));
  return Object.assign(call, { solve, toString: () => String(system) }) as KernelSolveFunction<A>;
}

function unknownAmong(args: readonly Argument[], name: string): Argument {
  const found = args.find((argument) => argument.name !== undefined && argument.name === name);
  if (!found) throw new FormulaError(`varinvalias: expected ${namesOf(args)}, got ${described(name)}`);
  if (found.category === Category.P)
    throw new FormulaError(`varinvalias: expected a Vi or a Vj, got the parameter ${label(found)}`);
  return found;
}

const namesOf = (args: readonly Argument[]): string => {
  const solvable = args.filter(({ category }) => category !== Category.P);
  const names = solvable.flatMap(({ name }) => (name === undefined ? [] : [JSON.stringify(name)]));
  return names.length > 0 ? `one of ${names.join(", ")}` : "a Vi or a Vj with a name";
};

interface Solved {
  readonly solution: RealArray;
  /** One per entry of the batch. */
  readonly reports: readonly Report[];
}

function summary({ solution, reports }: Solved): SolveResult {
  const last = reports.at(-1) ?? { converged: "tolerance", method: "direct", rank: 0 };
  return {
    ...last,
    solution,
    iterations: reports.reduce((sum, { iterations }) => sum + iterations, 0),
    residual: reports.reduce((most, { residual }) => Math.max(most, residual), 0),
  };
}

/** Products with K that a solve takes, about. */
const PRODUCTS_ABOUT = 30;

/** The equation (K + alpha I) a = b for an operator that is linear in one of its arguments. */
class System {
  private readonly formula: Formula;
  /** k, where K is a scalar kernel. */
  private readonly kernel: Formula | null;
  private adjoint: System | undefined;
  /** -K, whose gradients are those of b - K a. */
  private negative: Operator | undefined;

  constructor(
    private readonly operator: Operator,
    private readonly unknown: Argument,
  ) {
    this.formula = operator.formulas[0]!;
    const { formula } = this;
    const reason = whyNotLinear(formula, unknown.variable);
    if (reason !== undefined)
      throw new FormulaError(
        `KernelSolve: expected a formula that is linear in ${label(unknown)}, got ${String(operator)}: ${reason}`,
      );
    if (formula.dim !== unknown.dim)
      throw new FormulaError(
        `KernelSolve: expected a formula of dim ${unknown.dim} as ${label(unknown)}, got dim ${formula.dim}`,
      );
    this.kernel = scalarKernel(formula, unknown);
  }

  toString(): string {
    return `Inverse of (${String(this.operator)}) as a function of ${this.unknown.name ?? label(this.unknown)}`;
  }

  /** @param known inverses of the same system, one per entry of the batch. */
  solve(arrays: readonly RealArray[], options: SolveOptions, unseen?: Extents, known?: readonly Inverses[]): Solved {
    const given = this.operator.check(arrays, unseen);
    const shape = this.shape(given);
    checkOptions(options, shape, given.dtype);
    const how = { ...howOf(options, given.extents), repeats: PRODUCTS_ABOUT };
    const solution = wrap(allocate(given.dtype, sizeOf(shape)), shape);
    const inverses = known ?? Array.from({ length: sizeOf(given.batch) }, () => new Inverses());
    const reports = inverses.map((of, entry) => this.solveEntry(given, entry, options, how, solution, of));
    const pullback = (cotangent: RealArray, wanted: readonly boolean[]): (RealArray | null)[] =>
      this.pullback(given, solution, cotangent, wanted, options, howOf(options, given.extents), inverses);
    const recorded = record(solution, arrays, pullback, {
      where: "KernelSolve",
      names: this.operator.args.map(label),
      readsInputs: this.operator.args.map((argument) => argument !== this.unknown),
      readsOutput: true,
    });
    return { solution: recorded, reports };
  }

  /** Of the solution: `[...batch, rows, dim]`. */
  private shape(given: Given): readonly number[] {
    const { rows, columns } = this.operator.sizes(given);
    const { category, dim } = this.unknown;
    if (given.extents[category as Category.I | Category.J] !== rows || (rows !== columns && !this.keepsUnknown()))
      throw new ArgumentError(`KernelSolve: expected a square operator, got ${rows} rows and ${columns} columns`);
    return [...given.batch, rows, dim];
  }

  private keepsUnknown(): boolean {
    return this.unknown.category === this.operator.settings.rows;
  }

  // ---- the solve

  private solveEntry(
    given: Given,
    entry: number,
    options: SolveOptions,
    how: How,
    solution: RealArray,
    inverses: Inverses,
  ): Report {
    const { args } = this.operator;
    const arrays = given.arrays.map((array, n) => entryOf(args[n]!, array, given.batch, entry));
    const { rows, columns } = this.layout(given);
    const { position } = this.unknown;
    const product = new Product(this.operator, position, { ...given, arrays, batch: [] }, alphaOf(options), how);
    const accurate = product.space(rows, columns, "float64", null);
    // Known inverses come from a solve with the same K, or its transpose, whose symmetry was checked.
    if (!inverses.isChecked) checkSymmetry(accurate, this.kernel !== null);
    inverses.isChecked = true;
    const x = accurate.vector();
    const begin = entry * x.length;
    if (options.x0) x.set(contiguous(options.x0).subarray(begin, begin + x.length));
    const right = Float64Array.from(contiguous(arrays[position]!));
    const attempts = inverses.attempts(this.situation(product, given, options, how));
    const found = solveBy(attempts, product, [right, x], columns, {
      ...options,
      onIteration: options.onIteration ?? undefined,
    });
    solution.data.set(x, begin);
    failUnlessConverged(found, solution, alphaOf(options), given.batch.length > 0 ? `, entry ${entry}` : "");
    return found;
  }

  /** What the choice of a method depends on. */
  private situation(product: Product, given: Given, options: SolveOptions, how: How): Situation {
    const { kernel, unknown } = this;
    const isMatrix = kernel && !how.ranges && !this.keepsUnknown();
    return {
      method: options.method ?? "auto",
      preconditioner: options.preconditioner ?? "auto",
      alpha: alphaOf(options),
      rows: this.operator.sizes(given).rows,
      dtype: given.dtype,
      matrix: isMatrix ? (of) => product.matrix(kernel, unknown, of) : null,
      algebra: denseAlgebra(),
    };
  }

  /** Columns are independent systems where the formula keeps components apart; else all components are one system. */
  private layout(given: Given): { rows: number; columns: number } {
    const { rows } = this.operator.sizes(given);
    const { dim } = this.unknown;
    const apart = this.kernel !== null || isComponentwise(this.formula, this.unknown.variable);
    return apart ? { rows, columns: dim } : { rows: rows * dim, columns: 1 };
  }

  // ---- the derivative

  /**
   * With a = (K + alpha I)^-1 b and the cotangent e of a: lambda = (K^T + alpha I)^-1 e is the cotangent of b, and that of any other
   * argument is the gradient of -lambda · K a.
   */
  private pullback(
    { arrays, extents }: Given,
    solution: RealArray,
    cotangent: RealArray,
    wanted: readonly boolean[],
    { x0: _, onIteration: __, ...options }: SolveOptions,
    how: How,
    inverses: readonly Inverses[],
  ): (RealArray | null)[] {
    const at = this.unknown.position;
    const { solution: lambda } = this.transposed().solve(replaced(arrays, at, cotangent), options, extents, inverses);
    const ofRight = wanted[at] ? summedTo(lambda, this.unknown, arrays[at]!.shape) : null;
    const others = wanted.map((want, n) => want && n !== at);
    if (!others.includes(true)) return wanted.map((_, n) => (n === at ? ofRight : null));
    this.negative ??= new Operator([minus(this.formula)], this.operator.args, this.operator.settings);
    const gradients = this.negative.pullback(replaced(arrays, at, solution), lambda, others, how);
    return replaced(gradients, at, ofRight);
  }

  /** The system of K^T: the gradient by the unknown, linear in a cotangent that takes the unknown's place. */
  private transposed(): System {
    if (this.adjoint) return this.adjoint;
    const { formula } = this;
    const { args, settings } = this.operator;
    const { position, category, variable } = this.unknown;
    const cotangent = extraArgument(position, formula.dim, settings.rows);
    const operator = new Operator([grad(formula, variable, cotangent.variable)], replaced(args, position, cotangent), {
      ...settings,
      rows: category as Category.I | Category.J,
    });
    this.adjoint = new System(operator, cotangent);
    this.adjoint.adjoint = this;
    return this.adjoint;
  }
}

// -------------------------------------------------------------------------------------------------------- options

const SYSTEM_OPTIONS = Object.keys({
  axis: true,
  sumScheme: true,
  dtypeAcc: true,
  useDoubleAcc: true,
} satisfies Record<keyof KernelSolveOptions, true>);
