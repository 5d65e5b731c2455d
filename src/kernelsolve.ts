/**
 * KernelSolve: solves (K + alpha I) a = b, where K is a formula that is linear in one of its arguments, reduced over i or j. The
 * solver iterates over plain vectors and asks an Operator for every product with K; the derivative is one more solve with the
 * transposed formula (implicit function theorem) and the gradients of the product, so it is differentiable in its turn.
 */
import { checkArray, described } from "./array/check";
import { record } from "./array/record";
import { allocate, contiguous, sameShape, shapeText, sizeOf, wrap } from "./array/view";
import type { Dtype, RealArray } from "./array/view";
import type { Real } from "./engine/native";
import { entryOf, summedTo } from "./batch";
import { howOf } from "./call";
import type { CallOptions, How } from "./call";
import { ArgumentError, ConvergenceError, FormulaError } from "./errors";
import { extraArgument, label } from "./formula/arguments";
import type { Argument } from "./formula/arguments";
import { grad, isComponentwise, whyNotLinear } from "./formula/autodiff";
import { Category } from "./formula/formula";
import type { Formula } from "./formula/formula";
import { minus } from "./formula/ops";
import { optionsOf, readFormulas, settingsOf, splitOptions } from "./genred";
import type { GenredOptions } from "./genred";
import type { ArgumentsFor, UnknownOf } from "./signature";
import type { Extents, Given } from "./arguments";
import { Operator } from "./operator";
import { Product, checkSymmetry, replaced } from "./product";
import { solve } from "./solver/refine";
import type { Progress, Solution } from "./solver/refine";
import { runSync } from "./solver/task";

/** How the product with K is computed. */
export type KernelSolveOptions = Omit<GenredOptions, "reductionOp" | "formula2" | "optArg">;

/** How one system is solved. */
export interface SolveOptions<T extends Real = Real> extends Omit<CallOptions, "out"> {
  /** Ridge: K + alpha I is inverted. Default 1e-10, as in pykeops. */
  readonly alpha?: number | undefined;
  /**
   * Column k is done when ‖r_k‖ <= max(rtol ‖b_k‖, eps √n min(1, rms(b_k))), r the residual recomputed in float64. Default 1e-6; with
   * rtol = 0 too the solver runs until the residual no longer falls. A residual that stops falling earlier, at what rounding allows,
   * is accepted as well, unless it is above a tenth of ‖b_k‖.
   */
  readonly eps?: number | undefined;
  /** Relative tolerance, default 0; see `eps`. */
  readonly rtol?: number | undefined;
  /** Bound on the iterations, default 10 n but at least 10 000 and at most 50 000. */
  readonly maxIterations?: number | undefined;
  /** Where to start, in the shape of the solution; default 0. */
  readonly x0?: RealArray<T> | null | undefined;
  /**
   * Called after every iteration of every entry of a batch with its number and the largest relative residual over the columns; may throw to stop. A `verified`
   * residual is that of the float64 iterate: the result of float32 arrays is that iterate rounded to float32.
   */
  readonly onIteration?: ((progress: Progress) => void) | null | undefined;
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
  const call = (...given: unknown[]): RealArray => {
    const [args, solveOptions] = splitOptions<SolveOptions>(given, SOLVE_OPTIONS);
    return system.solve(operator.arrays(args), solveOptions);
  };
  return Object.assign(call, { toString: () => String(system) }) as KernelSolveFunction<A>;
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

/** The equation (K + alpha I) a = b for an operator that is linear in one of its arguments. */
class System {
  private readonly formula: Formula;
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
  }

  toString(): string {
    return `Inverse of (${String(this.operator)}) as a function of ${this.unknown.name ?? label(this.unknown)}`;
  }

  solve(arrays: readonly RealArray[], options: SolveOptions, unseen?: Extents): RealArray {
    const given = this.operator.check(arrays, unseen);
    const shape = this.shape(given);
    checkOptions(options, shape, given.dtype);
    const how = howOf(options, given.extents);
    const solution = wrap(allocate(given.dtype, sizeOf(shape)), shape);
    for (let entry = 0; entry < sizeOf(given.batch); entry++) this.solveEntry(given, entry, options, how, solution);
    const pullback = (cotangent: RealArray, wanted: readonly boolean[]): (RealArray | null)[] =>
      this.pullback(given, solution, cotangent, wanted, options, how);
    return record(solution, arrays, pullback, {
      where: "KernelSolve",
      names: this.operator.args.map(label),
      readsInputs: this.operator.args.map((argument) => argument !== this.unknown),
      readsOutput: true,
    });
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

  private solveEntry(given: Given, entry: number, options: SolveOptions, how: How, solution: RealArray): void {
    const { args } = this.operator;
    const arrays = given.arrays.map((array, n) => entryOf(args[n]!, array, given.batch, entry));
    const { rows, columns } = this.layout(given);
    const product = new Product(
      this.operator,
      this.unknown.position,
      { ...given, arrays, batch: [] },
      alphaOf(options),
      how,
    );
    const pair = product.precisions(rows, columns);
    checkSymmetry(pair.accurate);
    const x = pair.accurate.vector();
    const begin = entry * x.length;
    if (options.x0) x.set(contiguous(options.x0).subarray(begin, begin + x.length));
    const right = Float64Array.from(contiguous(arrays[this.unknown.position]!));
    const { onIteration, ...rest } = options;
    const found = runSync(solve(pair, right, x, { ...rest, ...(onIteration && { onIteration }) }));
    solution.data.set(x, begin);
    failUnlessConverged(found, solution, alphaOf(options), given.batch.length > 0 ? `, entry ${entry}` : "");
  }

  /** Columns are independent systems where the formula keeps components apart; else all components are one system. */
  private layout(given: Given): { rows: number; columns: number } {
    const { rows } = this.operator.sizes(given);
    const { dim } = this.unknown;
    const apart = isComponentwise(this.formula, this.unknown.variable);
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
    { alpha, eps, rtol, maxIterations, backend, ranges }: SolveOptions,
    how: How,
  ): (RealArray | null)[] {
    const at = this.unknown.position;
    const options = { alpha, eps, rtol, maxIterations, backend, ranges };
    const lambda = this.transposed().solve(replaced(arrays, at, cotangent), options, extents);
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

const SOLVE_OPTIONS = Object.keys({
  alpha: true,
  eps: true,
  rtol: true,
  maxIterations: true,
  x0: true,
  onIteration: true,
  backend: true,
  ranges: true,
} satisfies Record<keyof SolveOptions, true>);

const alphaOf = ({ alpha }: SolveOptions): number => alpha ?? 1e-10;

function checkOptions(options: SolveOptions, shape: readonly number[], dtype: Dtype): void {
  const { alpha, eps, rtol, maxIterations, x0, onIteration } = options;
  for (const [name, value] of Object.entries({ alpha, eps, rtol })) checkAtLeastZero(name, value);
  if (maxIterations !== undefined && !(Number.isSafeInteger(maxIterations) && maxIterations >= 1))
    throw new ArgumentError(`maxIterations: expected an integer of at least 1, got ${described(maxIterations)}`);
  if (onIteration && typeof onIteration !== "function")
    throw new ArgumentError(`onIteration: expected a function, got ${described(onIteration)}`);
  if (x0 && !sameShape(checkArray("x0", x0, dtype).shape, shape))
    throw new ArgumentError(`x0: expected shape ${shapeText(shape)} as the solution has, got ${shapeText(x0.shape)}`);
}

function checkAtLeastZero(name: string, value: unknown): void {
  if (value === undefined || (typeof value === "number" && value >= 0 && value < Infinity)) return;
  throw new ArgumentError(`${name}: expected a number of at least 0, got ${described(value)}`);
}

/** Of ‖b‖: x = 0 leaves 1, and what singular systems leave when they stop moving is no solution. */
const USELESS_RESIDUAL = 0.1;

const ADVICE = {
  precision: "stopped falling there: K + alpha I is singular as far as rounding can tell; raise alpha",
  iterations: "ran out of iterations: raise maxIterations, alpha or eps",
  indefinite: "met a direction p with p·(K + alpha I)p <= 0: K + alpha I is not positive definite; raise alpha",
  nan: "met numbers that are not finite: look for NaN or infinity in the arrays",
} as const;

/** "precision" is success if it brought anything: the residual fell as far as rounding allows. */
function failUnlessConverged(solution: Solution, lastIterate: RealArray, alpha: number, entry: string): void {
  const { converged, iterations, residual } = solution;
  if (converged === "tolerance" || (converged === "precision" && residual <= USELESS_RESIDUAL)) return;
  throw new ConvergenceError(
    `KernelSolve, alpha ${alpha}${entry}: expected convergence, got a relative residual of ${residual.toExponential(1)} after ${iterations} iterations; it ${ADVICE[converged]}`,
    { iterations, residual, lastIterate },
  );
}
