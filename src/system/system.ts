/**
 * The linear system (K + alpha I) a = b, K being an Operator that is linear in one of its arguments: one solve per entry of a batch, with
 * its record on the tape. The derivative is one more solve with the transposed formula (implicit function theorem) and the gradients of
 * the product, so it is differentiable in its turn.
 */
import { astype } from "../array/array";
import { checkArray } from "../array/check";
import { onMachine } from "../array/device";
import { recorder, recording } from "../array/record";
import { allocate, contiguous, sizeOf, wrap } from "../array/view";
import type { Dtype, RealArray } from "../array/view";
import type { Real } from "../engine/native";
import { ArgumentError, FormulaError } from "../errors";
import { extraArgument, label } from "../formula/arguments";
import type { Argument } from "../formula/arguments";
import { grad, isComponentwise, whyNotLinear } from "../formula/autodiff";
import type { Category, Formula } from "../formula/formula";
import { minus, mult } from "../formula/ops";
import { copied, copyOf, entryOf, howOf } from "../call/prepared";
import { followArrays } from "../device/memory";
import type { Given, How } from "../call/prepared";
import { Operator } from "../call/operator";
import { blocking, ofPart } from "../call/run";
import type { Tell } from "../call/run";
import type { Space } from "../solver/space";
import type { Task } from "../solver/task";
import { denseWork } from "./algebra";
import { pullback } from "./derivative";
import type { SystemCall } from "./derivative";
import { scalarKernel } from "./kernelmatrix";
import { solveGeneral } from "./krylov";
import { Inverses, solveBy } from "./method";
import type { Report, Situation } from "./method";
import { alphaArray, alphaOf, checkOptions, checkSituation, failUnlessConverged, ofMachine, told } from "./options";
import type { SolveOptions } from "./options";
import { placedAs } from "./solved";
import type { Solved } from "./solved";
import { Product, checkSymmetry, looksSymmetric } from "./product";
import { replaced } from "./replaced";
import { returned, tellUnlessMet } from "./returned";
import { diagonalBlocks } from "./visited";
import { recordedAs, widened } from "./widen";

/** Options, and whether users see reports. */
type Reported = SolveOptions & { readonly isReported: boolean };

/** Products with K that a solve takes, about. */
const PRODUCTS_ABOUT = 30;

/** The equation (K + alpha I) a = b for an operator that is linear in one of its arguments. */
export class System {
  /** k, where K is a scalar kernel. */
  readonly kernel: Formula | null;
  private readonly formula: Formula;
  private readonly ofDim = new Map<number, Operator>();
  private adjoint: System | undefined;
  private negated: Operator | undefined;

  constructor(
    readonly operator: Operator,
    readonly unknown: Argument,
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

  /** @throws ArgumentError, ConvergenceError, as the door says. */
  solve(arrays: readonly RealArray[], options: SolveOptions, isReported: boolean): Solved {
    const placed = { ...followArrays(arrays, ofMachine(options)), isReported };
    return placedAs(this.right(arrays), blocking(this.checked(this.check(arrays), placed, (given) => given)));
  }

  /** The same as a task that may wait: from its first step on, the arrays may change. */
  *solving(arrays: readonly RealArray[], wanted: SolveOptions, isReported: boolean, tell?: Tell): Task<Solved> {
    const given = this.check(arrays);
    const { x0, ...options } = ofMachine(wanted);
    const start = x0 && copyOf(checkArray("x0", x0, given.dtype));
    const placed = { ...followArrays(arrays, { ...options, x0: start }), isReported };
    return placedAs(this.right(arrays), yield* this.checked(given, placed, copied, tell));
  }

  private right(arrays: readonly RealArray[]): RealArray {
    return arrays[this.unknown.position]!;
  }

  /** Preconditioners are found on the machine, so arrays of a device are copied here, each once. @throws ArgumentError unless the arrays fit. */
  check(arrays: readonly RealArray[]): Given {
    const here = new Map(arrays.map((array) => [array, onMachine(array)]));
    return this.operator.check(arrays.map((array) => here.get(array)!));
  }

  private *checked(given: Given, options: Reported, read: (given: Given) => Given, tell?: Tell): Task<Solved> {
    const inverses = Array.from({ length: sizeOf(given.batch) }, () => new Inverses());
    const alpha = alphaArray(options);
    try {
      return yield* this.inFloat64(given, options, read, inverses, tell);
    } finally {
      // Derivatives need them again.
      if (!recording(alpha ? [...given.arrays, alpha] : given.arrays)) for (const known of inverses) known.release();
    }
  }

  /**
   * Float32 data are solved as the float64 system of those numbers, and the solution is rounded.
   * @param read what is computed with instead of what was given in float64.
   */
  private *inFloat64(
    given: Given,
    { isReported, ...options }: Reported,
    read: (given: Given) => Given,
    inverses: readonly Inverses[],
    tell?: Tell,
  ): Task<Solved> {
    const { dtype } = given;
    checkOptions(options, this.shape(given), dtype);
    if (dtype === "float64") return yield* this.run({ given, read: read(given), options, data: dtype, inverses, tell });
    const { x0 } = options;
    const alpha = alphaArray(options);
    const wide: Given = { ...given, arrays: widened(given.arrays), dtype: "float64" };
    const wideOptions: SolveOptions = {
      ...options,
      alpha: alpha ? recordedAs(alpha, "float64") : options.alpha,
      x0: x0 && recordedAs(x0, "float64"),
    };
    const solved = yield* this.run({ given: wide, read: wide, options: wideOptions, data: dtype, inverses, tell });
    return yield* returned(this, { given: wide, options: wideOptions, data: dtype, isReported }, solved);
  }

  *run(call: SystemCall): Task<Solved> {
    const { given, options, inverses } = call;
    const shape = this.shape(given);
    const how = { ...howOf(options, given.extents), repeats: PRODUCTS_ABOUT };
    const alpha = alphaArray(options);
    const inputs = alpha ? [...given.arrays, alpha] : given.arrays;
    const recorded = recording(inputs) ? this.recorder(inputs) : undefined;
    const solution = wrap(allocate("float64", sizeOf(shape)), shape);
    const fixed = { ...call, options: { ...options, alpha: alphaOf(options) } };
    const reports: Report[] = [];
    for (let entry = 0; entry < inverses.length; entry++)
      reports.push(yield* this.solveEntry(fixed, entry, how, solution));
    if (recorded) recorded(solution, (cotangent, wanted) => pullback(this, call, solution, cotangent, wanted));
    return { solution, reports };
  }

  /** Takes the arguments down as they are now, and returns what records the solution. */
  recorder(
    inputs: readonly RealArray[],
    of = { where: "KernelSolve", readsOutput: true },
  ): ReturnType<typeof recorder> {
    return recorder(inputs, {
      ...of,
      names: [...this.operator.args.map(label), "alpha"],
      readsInputs: inputs.map((_, n) => n !== this.unknown.position),
    });
  }

  /** Of the solution: `[...batch, rows, dim]`. */
  shape(given: Given): readonly number[] {
    const { rows, columns } = this.operator.sizes(given);
    const { category, dim } = this.unknown;
    if (given.extents[category as Category.I | Category.J] !== rows || (rows !== columns && !this.keepsUnknown()))
      throw new ArgumentError(`KernelSolve: expected a square operator, got ${rows} rows and ${columns} columns`);
    return [...given.batch, rows, dim];
  }

  keepsUnknown(): boolean {
    return this.unknown.category === this.operator.settings.rows;
  }

  /** K + alpha I times an unknown of this dim; of another one than its own only where K is a kernel. */
  product(given: Given, alpha: number, how: How, dim: number = this.unknown.dim): Product {
    const { position, category } = this.unknown;
    const rows = given.extents[category as Category.I | Category.J];
    const isOwn = dim === this.unknown.dim;
    const vector = isOwn ? given.arrays[position]! : wrap(allocate(given.dtype, rows * dim), [rows, dim]);
    const arrays = isOwn ? given.arrays : replaced(given.arrays, position, vector);
    const resized = this.kernel ? (width: number): Product => this.product(given, alpha, how, width) : undefined;
    return new Product(this.ofUnknown(dim), position, { ...given, arrays }, alpha, how, resized);
  }

  /** The reduction for an unknown of this dim, made once. */
  ofUnknown(dim: number): Operator {
    const { position, category } = this.unknown;
    if (dim === this.unknown.dim) return this.operator;
    const argument = extraArgument(position, dim, category);
    const made =
      this.ofDim.get(dim) ??
      new Operator(
        [mult(this.kernel!, argument.variable)],
        replaced(this.operator.args, position, argument),
        this.operator.settings,
      );
    this.ofDim.set(dim, made);
    return made;
  }

  // ---- the solve

  private *solveEntry(
    { read, options, data, inverses, tell }: SystemCall,
    entry: number,
    how: How,
    solution: RealArray,
  ): Task<Report> {
    const { args } = this.operator;
    const { batch } = read;
    const arrays = read.arrays.map((array, n) => entryOf(args[n]!, array, batch, entry));
    const { rows, columns } = this.layout(read);
    const { position } = this.unknown;
    const product = this.product({ ...read, arrays, batch: [] }, alphaOf(options), how);
    const tellPart = ofPart(tell, entry, inverses.length);
    const situation = { ...this.situation(product, rows, data, options, how), tell: tellPart };
    const accurate = product.space(rows, columns, "float64", null);
    const known = inverses[entry]!;
    // Known inverses come from a solve with the same K, or its transpose, whose symmetry was checked.
    const { symmetry = "positive" } = options;
    if (!known.isChecked && symmetry !== "none") yield* this.checkSymmetry(product, accurate, situation);
    known.isChecked = true;
    const x = accurate.vector();
    const begin = entry * x.length;
    if (options.x0) x.set(contiguous(options.x0).subarray(begin, begin + x.length));
    const right = Float64Array.from(contiguous(arrays[position]!));
    const asTold = { ...options, onIteration: told(options, tellPart, right, columns) };
    const found = yield* symmetry === "positive"
      ? solveBy(known, situation, product, [right, x], columns, asTold)
      : solveGeneral(symmetry, product, data, [right, x], columns, asTold);
    solution.data.set(x, begin);
    const where = batch.length > 0 ? `, entry ${entry}` : "";
    const lastIterate = (): RealArray => astype(solution, data);
    failUnlessConverged(found, lastIterate, alphaOf(options), where);
    tellUnlessMet(this, options, found, { right, columns, where }, lastIterate);
    return found;
  }

  /** Some entries tell, where the points are the same array: what they miss, the residual does not. Else two products do. */
  private *checkSymmetry(
    product: Product,
    space: Space<Real, Float64Array>,
    { matrix, blocks, dtype, rows }: Situation,
  ): Task<void> {
    if (matrix && !blocks && rows > 0 && product.hasEqualPoints && looksSymmetric(matrix(dtype))) return;
    yield* checkSymmetry(space, this.kernel !== null);
  }

  /** What the choice of a method depends on. */
  private situation(product: Product, rows: number, dtype: Dtype, options: SolveOptions, how: How): Situation {
    const { kernel, unknown, formula } = this;
    const isMatrix = !this.keepsUnknown() && (kernel !== null || !isComponentwise(formula, unknown.variable));
    const situation: Situation = {
      method: options.method ?? "auto",
      preconditioner: options.preconditioner ?? "auto",
      precision: options.precision ?? "auto",
      alpha: alphaOf(options),
      rows,
      shape: [kernel ? rows : rows / unknown.dim, unknown.dim],
      dtype,
      matrix: isMatrix ? (of) => product.matrix(kernel, unknown, of) : null,
      blocks: how.ranges ? diagonalBlocks(how.ranges[this.operator.settings.rows], kernel ? 1 : unknown.dim) : null,
      algebra: denseWork(),
    };
    checkSituation(situation);
    return situation;
  }

  /** Columns are independent systems where the formula keeps components apart; else all components are one system. */
  layout(given: Given): { rows: number; columns: number } {
    const { rows } = this.operator.sizes(given);
    const { dim } = this.unknown;
    const apart = this.kernel !== null || isComponentwise(this.formula, this.unknown.variable);
    return apart ? { rows, columns: dim } : { rows: rows * dim, columns: 1 };
  }

  // ---- the derivative

  /** -K, whose gradients are those of b - K a. */
  negative(): Operator {
    return (this.negated ??= new Operator([minus(this.formula)], this.operator.args, this.operator.settings));
  }

  /** The system of K^T: the gradient by the unknown, linear in a cotangent that takes the unknown's place. */
  transposed(): System {
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
