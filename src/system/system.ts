/**
 * The linear system (K + alpha I) a = b, K being an Operator that is linear in one of its arguments: one solve per entry of a batch, with
 * its record on the tape. The derivative is one more solve with the transposed formula (implicit function theorem) and the gradients of
 * the product, so it is differentiable in its turn.
 */
import { checkArray } from "../array/check";
import { recorder, recording } from "../array/record";
import { allocate, contiguous, sizeOf, wrap } from "../array/view";
import type { RealArray } from "../array/view";
import { ArgumentError, FormulaError } from "../errors";
import { extraArgument, label } from "../formula/arguments";
import type { Argument } from "../formula/arguments";
import { grad, isComponentwise, whyNotLinear } from "../formula/autodiff";
import type { Category } from "../formula/formula";
import type { Formula } from "../formula/formula";
import { minus } from "../formula/ops";
import { copied, copyOf } from "../operator/arguments";
import type { Extents, Given } from "../operator/arguments";
import { entryOf, summedTo } from "../operator/batch";
import { howOf } from "../operator/call";
import type { How } from "../operator/call";
import { Operator } from "../operator/operator";
import { ofPart } from "../operator/progress";
import type { Tell } from "../operator/progress";
import { blocking } from "../operator/running";
import type { Task } from "../solver/task";
import type { SolveResult } from "./functions";
import { denseWork, scalarKernel } from "./kernelmatrix";
import { solveGeneral } from "./krylov";
import { Inverses, solveBy } from "./method";
import type { Report, Situation } from "./method";
import { alphaOf, checkOptions, failUnlessConverged, told } from "./options";
import type { SolveOptions } from "./options";
import { Product, checkSymmetry, replaced } from "./product";

export interface Solved {
  readonly solution: RealArray;
  /** One per entry of the batch. */
  readonly reports: readonly Report[];
}

export function summary({ solution, reports }: Solved): SolveResult {
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
export class System {
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
    return blocking(this.run(given, given, options, known));
  }

  /** The same as a task that may wait: from its first step on, the arrays may change. */
  *solving(arrays: readonly RealArray[], { x0, ...options }: SolveOptions, tell?: Tell): Task<Solved> {
    const given = this.operator.check(arrays);
    const start = x0 && copyOf(checkArray("x0", x0, given.dtype));
    return yield* this.run(given, copied(given), { ...options, x0: start }, undefined, tell);
  }

  /** @param read what is computed with: `given`, or a copy of it. */
  private *run(
    given: Given,
    read: Given,
    options: SolveOptions,
    known?: readonly Inverses[],
    tell?: Tell,
  ): Task<Solved> {
    const shape = this.shape(given);
    checkOptions(options, shape, given.dtype);
    const how = { ...howOf(options, given.extents), repeats: PRODUCTS_ABOUT };
    const recorded = recording(given.arrays) ? this.recorder(given) : undefined;
    const solution = wrap(allocate(given.dtype, sizeOf(shape)), shape);
    const inverses = known ?? Array.from({ length: sizeOf(given.batch) }, () => new Inverses());
    const reports: Report[] = [];
    for (const [entry, of] of inverses.entries()) {
      const tellPart = ofPart(tell, entry, inverses.length);
      reports.push(yield* this.solveEntry(read, entry, options, how, solution, of, tellPart));
    }
    if (recorded)
      recorded(solution, (cotangent, wanted) =>
        this.pullback(given, solution, cotangent, wanted, options, howOf(options, given.extents), inverses),
      );
    return { solution, reports };
  }

  /** Takes the arguments down as they are now, and returns what records the solution. */
  private recorder({ arrays }: Given): ReturnType<typeof recorder> {
    return recorder(arrays, {
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

  private *solveEntry(
    given: Given,
    entry: number,
    options: SolveOptions,
    how: How,
    solution: RealArray,
    inverses: Inverses,
    tell?: Tell,
  ): Task<Report> {
    const { args } = this.operator;
    const arrays = given.arrays.map((array, n) => entryOf(args[n]!, array, given.batch, entry));
    const { rows, columns } = this.layout(given);
    const { position } = this.unknown;
    const product = new Product(this.operator, position, { ...given, arrays, batch: [] }, alphaOf(options), how);
    const accurate = product.space(rows, columns, "float64", null);
    // Known inverses come from a solve with the same K, or its transpose, whose symmetry was checked.
    const { symmetry = "positive" } = options;
    if (!inverses.isChecked && symmetry !== "none") yield* checkSymmetry(accurate, this.kernel !== null);
    inverses.isChecked = true;
    const x = accurate.vector();
    const begin = entry * x.length;
    if (options.x0) x.set(contiguous(options.x0).subarray(begin, begin + x.length));
    const right = Float64Array.from(contiguous(arrays[position]!));
    const situation = { ...this.situation(product, given, options, how), tell };
    const onIteration = told(options, tell, right, columns);
    const asTold = { ...options, onIteration };
    const found = yield* symmetry === "positive"
      ? solveBy(inverses, situation, product, [right, x], columns, asTold)
      : solveGeneral(symmetry, product, given.dtype, [right, x], columns, asTold);
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
      algebra: denseWork(),
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
