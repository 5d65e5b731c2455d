/**
 * KernelSolve: solves (K + alpha I) a = b, where K is a formula that is linear in one of its arguments, reduced over i or j. The
 * solver iterates over plain vectors and asks an Operator for every product with K; the derivative is one more solve with the
 * transposed formula (implicit function theorem) and the gradients of the product, so it is differentiable in its turn.
 */
import { checkArray, described } from "./array/check";
import { record } from "./array/record";
import { randn } from "./array/array";
import { Vectors } from "./array/vectors";
import { allocate, contiguous, sameShape, shapeText, wrap } from "./array/view";
import type { Dtype, RealArray } from "./array/view";
import type { Real } from "./engine/native";
import { ArgumentError, ConvergenceError, FormulaError } from "./errors";
import { label } from "./formula/arguments";
import type { Argument } from "./formula/arguments";
import { grad, isComponentwise, whyNotLinear } from "./formula/autodiff";
import { Category } from "./formula/formula";
import { minus } from "./formula/ops";
import { parse } from "./formula/parse";
import { settingsOf, splitOptions } from "./genred";
import type { ArgumentsFor, GenredOptions } from "./genred";
import { Operator, extraArgument } from "./operator";
import type { CallOptions, Given } from "./operator";
import { onePrecision } from "./solver/space";
import type { Precisions, Space } from "./solver/space";
import { solve } from "./solver/refine";
import type { Progress, Solution } from "./solver/refine";
import { runSync } from "./solver/task";

/** How the product with K is computed. */
export type KernelSolveOptions = Omit<GenredOptions, "reductionOp">;

/** How one system is solved. */
export interface SolveOptions extends Omit<CallOptions, "out"> {
  /** Ridge: K + alpha I is inverted. Default 1e-10, as in pykeops. */
  readonly alpha?: number | undefined;
  /**
   * Column k is done when ‖r_k‖ <= max(rtol ‖b_k‖, eps √n min(1, rms(b_k))), r the residual recomputed in float64. Default 1e-6; with
   * rtol = 0 too the solver runs until the residual no longer falls.
   */
  readonly eps?: number | undefined;
  /** Relative tolerance, default 0; see `eps`. */
  readonly rtol?: number | undefined;
  /** Bound on the iterations, default 10 n but at least 10 000 and at most 50 000. */
  readonly maxIterations?: number | undefined;
  /** Where to start, in the shape of b; default 0. */
  readonly x0?: RealArray | null | undefined;
  /** Called after every iteration with its number and the largest relative residual over the columns; may throw to stop. */
  readonly onIteration?: ((progress: Progress) => void) | null | undefined;
}

/** A linear system as a function of its data. */
export interface KernelSolveFunction<A extends readonly string[] = readonly string[]> {
  /**
   * Arrays in the order of the aliases; in the place of the unknown stands the right-hand side b `[N, dim]`. Returns the solution
   * `[N, dim]`, recorded for `grad`.
   * @throws ArgumentError for arrays that do not fit or an operator that is not symmetric, ConvergenceError when the iteration ends
   * without reaching its tolerance (it carries the last iterate), CompileError, DeviceError, InterruptedError.
   */
  <T extends Real>(...args: [...ArgumentsFor<A, T>, (SolveOptions | null)?]): RealArray<T>;
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
  varinvalias: string,
  options?: KernelSolveOptions | null,
): KernelSolveFunction<A> {
  const parsed = parse([formula], aliases);
  const settings = settingsOf("KernelSolve", { ...options, reductionOp: "Sum" });
  const operator = new Operator(parsed.formulas[0]!, parsed.arguments, settings);
  const system = new System(operator, unknownAmong(parsed.arguments, varinvalias));
  const call = (...given: unknown[]): RealArray => {
    const [args, solveOptions] = splitOptions<SolveOptions>(given);
    return system.solve(operator.arrays(args), solveOptions);
  };
  return Object.assign(call, { toString: () => String(system) }) as KernelSolveFunction<A>;
}

function unknownAmong(args: readonly Argument[], name: string): Argument {
  const found = args.find((argument) => argument.name === name);
  if (!found) throw new FormulaError(`varinvalias: expected ${namesOf(args)}, got ${JSON.stringify(name)}`);
  if (found.category === Category.P)
    throw new FormulaError(`varinvalias: expected a Vi or a Vj, got the parameter ${label(found)}`);
  return found;
}

const namesOf = (args: readonly Argument[]): string => {
  const names = args.flatMap(({ name }) => (name === undefined ? [] : [JSON.stringify(name)]));
  return names.length > 0 ? `one of ${names.join(", ")}` : "an alias with a name";
};

/** The equation (K + alpha I) a = b for an operator that is linear in one of its arguments. */
class System {
  private adjoint: System | undefined;
  /** -K, whose gradients are those of b - K a. */
  private negative: Operator | undefined;

  constructor(
    private readonly operator: Operator,
    private readonly unknown: Argument,
  ) {
    const { formula } = operator;
    const reason = whyNotLinear(formula, unknown.variable);
    if (reason !== undefined)
      throw new FormulaError(`KernelSolve: expected a formula that is linear in ${label(unknown)}, got ${String(operator)}: ${reason}`);
    if (formula.dim !== unknown.dim)
      throw new FormulaError(`KernelSolve: expected a formula of dim ${unknown.dim} as ${label(unknown)}, got dim ${formula.dim}`);
  }

  toString(): string {
    return `Inverse of (${String(this.operator)}) as a function of ${this.unknown.name ?? label(this.unknown)}`;
  }

  solve(arrays: readonly RealArray[], options: SolveOptions): RealArray {
    const given = this.operator.check(arrays);
    checkOptions(options, this.shape(given));
    const solution = this.compute(given, options);
    return record(solution, arrays, (cotangent, wanted) => this.pullback(arrays, solution, cotangent, wanted, options), {
      where: "KernelSolve",
      names: this.operator.args.map(label),
      readsInputs: this.operator.args.map((argument) => argument !== this.unknown),
      readsOutput: true,
    });
  }

  private shape({ arrays, rows, columns }: Given): readonly number[] {
    const { shape } = arrays[this.unknown.position]!;
    if (shape[0] !== rows || rows !== columns && this.unknown.category !== this.operator.settings.rows)
      throw new ArgumentError(`KernelSolve: expected a square operator, got ${rows} rows and ${columns} columns`);
    return shape;
  }

  // ---- the solve

  private compute(given: Given, options: SolveOptions): RealArray {
    const right = given.arrays[this.unknown.position]!;
    const { rows, columns } = this.layout(given);
    const product = new Product(this.operator, this.unknown.position, given, options);
    const accurate = product.space(rows, columns, "float64");
    checkSymmetry(accurate);
    const x = accurate.vector();
    if (options.x0) x.set(contiguous(options.x0));
    const { onIteration, ...rest } = options;
    const solution = runSync(
      solve(precisions(product, accurate, given.dtype), Float64Array.from(contiguous(right)), x, {
        ...rest,
        ...(onIteration && { onIteration }),
      }),
    );
    const result = wrap(allocate(given.dtype, x.length), right.shape);
    result.data.set(x);
    failUnlessConverged(solution, result, options);
    return result;
  }

  /** Columns are independent systems where the formula keeps components apart; else all components are one system. */
  private layout({ rows }: Given): { rows: number; columns: number } {
    const { dim } = this.unknown;
    const apart = isComponentwise(this.operator.formula, this.unknown.variable);
    return apart ? { rows, columns: dim } : { rows: rows * dim, columns: 1 };
  }

  // ---- the derivative

  /**
   * With a = (K + alpha I)^-1 b and the cotangent e of a: lambda = (K^T + alpha I)^-1 e is the cotangent of b, and that of any other
   * argument is the gradient of -lambda · K a.
   */
  private pullback(
    arrays: readonly RealArray[],
    solution: RealArray,
    cotangent: RealArray,
    wanted: readonly boolean[],
    { alpha, eps, rtol, maxIterations, backend }: SolveOptions,
  ): (RealArray | null)[] {
    const at = this.unknown.position;
    const lambda = this.transposed().solve(replaced(arrays, at, cotangent), { alpha, eps, rtol, maxIterations, backend });
    const others = wanted.map((want, n) => want && n !== at);
    if (!others.includes(true)) return wanted.map((want) => (want ? lambda : null));
    this.negative ??= new Operator(minus(this.operator.formula), this.operator.args, this.operator.settings);
    const gradients = this.negative.pullback(replaced(arrays, at, solution), lambda, others);
    return replaced(gradients, at, wanted[at] ? lambda : null);
  }

  /** The system of K^T: the gradient by the unknown, linear in a cotangent that takes the unknown's place. */
  private transposed(): System {
    if (this.adjoint) return this.adjoint;
    const { formula, args, settings } = this.operator;
    const { position, category, variable } = this.unknown;
    const cotangent = extraArgument(position, formula.dim, settings.rows);
    const operator = new Operator(grad(formula, variable, cotangent.variable), replaced(args, position, cotangent), {
      ...settings,
      rows: category as Category.I | Category.J,
    });
    this.adjoint = new System(operator, cotangent);
    this.adjoint.adjoint = this;
    return this.adjoint;
  }
}

/** The list with another element at `at`. */
function replaced<T>(list: readonly T[], at: number, element: T): T[] {
  return list.map((old, n) => (n === at ? element : old));
}

// -------------------------------------------------------------------------------------------------------- product

/** K v + alpha v for given data, in the dtype of the vectors. */
class Product {
  private readonly givens = new Map<Dtype, Given>();

  constructor(
    private readonly operator: Operator,
    private readonly position: number,
    given: Given,
    private readonly options: SolveOptions,
  ) {
    this.givens.set(given.dtype, given);
    if (given.dtype === "float32") this.givens.set("float64", inFloat64(given));
  }

  /** The space of [rows, columns] blocks of `dtype` in which this is the operator. */
  space(rows: number, columns: number, dtype: Dtype): Space<Real, Float64Array> {
    const vectors = new Vectors(rows, columns, dtype);
    return Object.assign(vectors, {
      apply: (x: Real, out: Real) => {
        this.apply(x, out, dtype);
      },
    });
  }

  private apply(x: Real, out: Real, dtype: Dtype): void {
    const given = this.givens.get(dtype)!;
    const { shape } = given.arrays[this.position]!;
    const arrays = replaced(given.arrays, this.position, wrap(x, shape));
    this.operator.compute({ ...given, arrays }, out, this.options);
    const alpha = alphaOf(this.options);
    for (let n = 0; n < out.length; n++) out[n] = out[n]! + alpha * x[n]!;
  }
}

function inFloat64(given: Given): Given {
  const arrays = given.arrays.map((array) => wrap(Float64Array.from(contiguous(array)), array.shape));
  return { ...given, arrays, dtype: "float64" };
}

/** Float32 data are solved as the float64 system of those numbers: iterations in float32, residuals in float64. */
function precisions(
  product: Product,
  accurate: Space<Real, Float64Array>,
  dtype: Dtype,
): Precisions<Real, Float64Array, Real, Float64Array> {
  if (dtype === "float64") return onePrecision(accurate);
  const copy = (x: Real, out: Real): void => {
    out.set(x);
  };
  return { accurate, fast: product.space(accurate.rows, accurate.columns, "float32"), lower: copy, raise: copy };
}

/** How far u · K v and v · K u may lie apart, relative to |u| |K v| + |v| |K u|: rounding is orders of magnitude below. */
const ASYMMETRY = 1e-9;

/** One random probe. @throws ArgumentError if u · K v differs from v · K u by more than rounding. */
function checkSymmetry(space: Space<Real, Float64Array>): void {
  const size = space.rows * space.columns;
  const [u, v] = [1, 2].map((seed) => randn([size], { dtype: "float64", seed }).data) as [Real, Real];
  const [ku, kv] = [space.vector(), space.vector()];
  void space.apply(u, ku);
  void space.apply(v, kv);
  const [uKv, vKu] = [dot(u, kv), dot(v, ku)];
  const scale = Math.sqrt(dot(u, u) * dot(kv, kv)) + Math.sqrt(dot(v, v) * dot(ku, ku));
  if (Math.abs(uKv - vKu) > ASYMMETRY * scale)
    throw new ArgumentError(
      `KernelSolve: expected a symmetric operator (the same points as x and y, and a symmetric formula), got u·Kv = ${uKv.toPrecision(6)} and v·Ku = ${vKu.toPrecision(6)} for random u and v`,
    );
}

function dot(a: Real, b: Real): number {
  let sum = 0;
  for (let n = 0; n < a.length; n++) sum += a[n]! * b[n]!;
  return sum;
}

// -------------------------------------------------------------------------------------------------------- options

const alphaOf = ({ alpha }: SolveOptions): number => alpha ?? 1e-10;

function checkOptions(options: SolveOptions, shape: readonly number[]): void {
  const { alpha, eps, rtol, maxIterations, x0 } = options;
  for (const [name, value] of Object.entries({ alpha, eps, rtol })) checkAtLeastZero(name, value);
  if (maxIterations !== undefined && !(Number.isSafeInteger(maxIterations) && maxIterations >= 1))
    throw new ArgumentError(`maxIterations: expected an integer of at least 1, got ${described(maxIterations)}`);
  if (x0 && !sameShape(checkArray("x0", x0).shape, shape))
    throw new ArgumentError(`x0: expected shape ${shapeText(shape)} as the right-hand side, got ${shapeText(x0.shape)}`);
}

function checkAtLeastZero(name: string, value: unknown): void {
  if (value === undefined || (typeof value === "number" && value >= 0 && value < Infinity)) return;
  throw new ArgumentError(`${name}: expected a number of at least 0, got ${described(value)}`);
}

const ADVICE = {
  iterations: "ran out of iterations: raise maxIterations, alpha or eps",
  indefinite: "met a direction p with p·(K + alpha I)p <= 0: K + alpha I is not positive definite; raise alpha",
  nan: "met numbers that are not finite: look for NaN or infinity in the arrays",
} as const;

/** "precision" is success: the residual fell as far as the dtype can show. */
function failUnlessConverged(solution: Solution, lastIterate: RealArray, options: SolveOptions): void {
  const { converged, iterations, residual } = solution;
  if (converged === "tolerance" || converged === "precision") return;
  throw new ConvergenceError(
    `KernelSolve, alpha ${alphaOf(options)}: expected convergence, got a relative residual of ${residual.toExponential(1)} after ${iterations} iterations; it ${ADVICE[converged]}`,
    { iterations, residual, lastIterate },
  );
}
