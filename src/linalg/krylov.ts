/**
 * Linear systems A x = b of operators, by conjugate gradients, MINRES and GMRES. The one idea: methods differ in the
 * inner solver alone; rounds, stopping, reports and derivatives are the same, and the true residual decides. Must not
 * know what operators are made of.
 */
import { arrayIn } from "../array/check";
import type { ArrayInput } from "../array/check";
import { contiguous, dtypeOf, sameShape, shapeText, wrap } from "../array/view";
import type { RealArray } from "../array/view";
import { blocking } from "../call/run";
import type { AsyncOptions, Tell } from "../call/run";
import { at } from "../asserts";
import type { RealData } from "../device/native";
import { ArgumentError, ConvergenceError } from "../errors";
import type { OptionRows, OptionsOf } from "../options";
import { emitWarning } from "../platform/process";
import { GMRES, gmresWith } from "../solve/gmres";
import { spaceOf, toOperator, waysOf } from "../solve/linearoperator";
import { checkSquare, numbersAs } from "../solve/ways";
import type { AnyOperand, LinearOperator } from "../solve/linearoperator";
import { MINRES } from "../solve/minres";
import { functionPreconditioner } from "../solve/precondition";
import type { RealSpace } from "../solve/product";
import { refine } from "../solve/refine";
import type { Inner, Solution, SolveIteration } from "../solve/refine";
import { COURSE } from "../solve/solveoptions";
import type { Started } from "../solve/solveoptions";
import { onePrecision } from "../solve/space";
import { STOPPING, hasTolerance, isSolved, relativeTarget } from "../solve/stopping";
import type { Outcome } from "../solve/stopping";
import type { Task } from "../task";
import { makeForms, recordSolution, watchOf } from "./forms";

/** What helps a solve. */
export const HELP = {
  /**
   * Something near the inverse of A, symmetric and positive definite but for GMRES: an operator, or a function of
   * residuals `[N]` or `[N, E]`.
   */
  preconditioner: {
    expected: "a function, a LinearOperator, a LazyTensor or a matrix",
    accepts: (value: unknown): value is ((residual: RealArray) => RealArray) | AnyOperand =>
      typeof value === "function" || (typeof value === "object" && value !== null),
  },
} as const;

type Rows = typeof STOPPING & typeof HELP & typeof COURSE;
const KRYLOV: Rows = { ...STOPPING, ...HELP, ...COURSE };

/** How a system of an operator is solved. */
export type KrylovOptions<T extends RealData = RealData> = Started<OptionsOf<Rows, RealArray, RealArray<T>>, T>;
type GmresOptions<T extends RealData = RealData> = KrylovOptions<T> & OptionsOf<typeof GMRES>;

/** A solution with how it was found. */
export interface KrylovReport<T extends RealData = RealData> {
  /** In the shape of b. */
  readonly solution: RealArray<T>;
  /** Iterations done. */
  readonly iterations: number;
  /** |b - A x| over |b|, recomputed, the largest of the columns, before rounding to the dtype. */
  readonly residual: number;
  /** Why it ended. */
  readonly converged: Outcome;
  /** What `onIteration` was told. */
  readonly history: readonly SolveIteration[];
}

type Call<O, A, W extends keyof Results> = <T extends RealData>(
  operator: AnyOperand,
  b: ArrayInput<T>,
  options?: (O & A) | null,
) => W extends "solution" ? RealArray<T> : KrylovReport<T>;
interface Results {
  solution: unknown;
  report: unknown;
}
type Forms<O, W extends keyof Results> = Call<O, object, W> & {
  /**
   * The call as a promise, of the data as they are now.
   * @param operator `[N, N]`: a linear operator, a real lazy tensor, a matrix or an object with products
   * @param b `[N]` or `[N, K]`
   * @returns a promise of what the call returns
   * @throws by rejecting, what the call throws, and InterruptedError when `signal` is aborted
   * @example
   * ```ts
   * const x = await linalg.cg.async(linalg.diagonal(array([1, 2])), array([1, 4]));
   * console.log(nd.toNested(x)); // [ 1, 2 ]
   * ```
   */
  async<T extends RealData>(
    operator: AnyOperand,
    b: ArrayInput<T>,
    options?: (O & AsyncOptions) | null,
  ): Promise<W extends "solution" ? RealArray<T> : KrylovReport<T>>;
};

/**
 * The solution of A x = b for an operator A `[N, N]` and b `[N]` or `[N, E]`, in float64, recorded for `grad` by b and
 * all that A reads, to first order. `report` also tells how it was found; both have an `async` form.
 * @throws ArgumentError where shapes do not fit; ConvergenceError.
 */
export type KrylovFunction<O = KrylovOptions> = Forms<O, "solution"> & {
  /**
   * The solution with how it was found; `report.async` is its promise.
   * @param operator `[N, N]`: a linear operator, a real lazy tensor, a matrix or an object with products
   * @param b `[N]` or `[N, K]`
   * @returns `solution`, `iterations`, `residual`, `converged` and `history`
   * @throws what the call throws
   * @example
   * ```ts
   * console.log(linalg.cg.report(linalg.diagonal(array([1, 2])), array([1, 4])).iterations); // 2
   * ```
   */
  readonly report: Forms<O, "report">;
};

interface Method {
  readonly where: "cg" | "minres" | "gmres";
  readonly rows: OptionRows;
  /** Conjugate gradients where it is undefined. */
  readonly inner: (options: GmresOptions) => Inner | undefined;
}

/**
 * Solves A x = b by conjugate gradients, for A symmetric and positive definite.
 * @param operator `[N, N]`: a linear operator, a real lazy tensor, a matrix or an object with products
 * @param b `[N]` or `[N, K]`
 * @returns an array of the shape of b; `report` gives more
 * @throws ArgumentError if shapes do not fit, ConvergenceError after `maxIterations`, InterruptedError on Ctrl-C
 * @example console.log(nd.toNested(linalg.cg(linalg.diagonal(array([1, 2])), array([1, 4])))); // [ 1, 2 ]
 */
export const cg: KrylovFunction = functionOf({ where: "cg", rows: KRYLOV, inner: () => undefined }) as KrylovFunction;

/**
 * Solves A x = b by MINRES, for A symmetric.
 * @param operator `[N, N]`: a linear operator, a real lazy tensor, a matrix or an object with products
 * @param b `[N]` or `[N, K]`
 * @returns an array of the shape of b; `report` gives more
 * @throws ArgumentError if shapes do not fit, ConvergenceError after `maxIterations`, InterruptedError on Ctrl-C
 * @example console.log(nd.toNested(linalg.minres(linalg.diagonal(array([1, 2])), array([1, 4])))); // [ 1, 2 ]
 */
export const minres: KrylovFunction = functionOf({
  where: "minres",
  rows: KRYLOV,
  inner: () => MINRES,
}) as KrylovFunction;

/**
 * Solves A x = b by GMRES with restarts, for any A.
 * @param operator `[N, N]`: a linear operator, a real lazy tensor, a matrix or an object with products
 * @param b `[N]` or `[N, K]`
 * @returns an array of the shape of b; `report` gives more
 * @throws ArgumentError if shapes do not fit, ConvergenceError after `maxIterations`, InterruptedError on Ctrl-C
 * @example console.log(nd.toNested(linalg.gmres(linalg.diagonal(array([1, 2])), array([1, 4])))); // [ 1, 2 ]
 */
export const gmres: KrylovFunction<GmresOptions> = functionOf({
  where: "gmres",
  rows: { ...KRYLOV, ...GMRES },
  inner: gmresWith,
}) as KrylovFunction<GmresOptions>;

function functionOf(method: Method): object {
  const { where, rows } = method;
  const begin = (given: readonly unknown[], options: GmresOptions, tell?: Tell) =>
    solving(method, given, options, tell);
  const report = makeForms([where, 2], rows, begin, (found) => found);
  return Object.assign(
    makeForms([where, 2], rows, begin, ({ solution }) => solution),
    { report },
  );
}

// -------------------------------------------------------------------------------------------------------- a solve

interface KrylovSystem {
  readonly method: Method;
  readonly operator: LinearOperator;
  readonly b: RealArray;
  readonly options: GmresOptions;
}

function* solving(
  method: Method,
  [given, right]: readonly unknown[],
  options: GmresOptions,
  tell?: Tell,
): Task<KrylovReport> {
  const { where } = method;
  const operator = toOperator(where, given);
  const b = rightSide(where, operator, right);
  const system = { method, operator, b, options };
  const watch = watchOf(where, operator);
  const { solution, ...found } = yield* solved(system, tell);
  const { x0: _, onIteration: __, ...kept } = options;
  const adjoint = (cotangent: RealArray): RealArray =>
    blocking(solved({ method, operator: operator.T, b: cotangent, options: kept })).solution;
  return { ...found, solution: recordSolution(where, [solution, b, watch.imageOf(solution)], adjoint) };
}

function rightSide(where: string, { shape, dtype }: LinearOperator, value: unknown): RealArray {
  const n = checkSquare(where, shape);
  const b = arrayIn(`${where}, b`, value as ArrayInput, dtype);
  if (b.shape[0] === n && b.shape.length <= 2) return b;
  throw new ArgumentError(`${where}, b: expected shape [${n}] or [${n}, E], got ${shapeText(b.shape)}`);
}

function* solved({ method, operator, b, options }: KrylovSystem, tell?: Tell): Task<KrylovReport> {
  const { where, inner } = method;
  const columns = b.shape[1] ?? 1;
  const right = Float64Array.from(contiguous(b));
  const x = startOf(where, b, options);
  const space = preconditioned(where, spaceOf(operator, columns), b.shape, options);
  const history: SolveIteration[] = [];
  const target = relativeTarget(normsOf(right, columns), at(b.shape, 0), options);
  const onIteration = (progress: SolveIteration): void => {
    history.push(progress);
    options.onIteration?.(progress);
    const { iteration: iterations, residual, verified } = progress;
    tell?.({ doing: "iterations", iterations, residual, target, verified });
  };
  const { eps, rtol, maxIterations } = options;
  const found = yield* refine(onePrecision(space), right, x, {
    ...{ eps, rtol, maxIterations, onIteration },
    inner: inner(options),
  });
  const solution = wrap(numbersAs(dtypeOf(b), wrap(x, b.shape)), b.shape);
  judge(method, found, { target, options, solution });
  const { iterations, residual, converged } = found;
  return { solution, iterations, residual, converged, history };
}

function startOf(where: string, b: RealArray, { x0 }: KrylovOptions): Float64Array {
  if (x0 === undefined || x0 === null) return new Float64Array(b.size);
  const start = arrayIn(`${where}, x0`, x0, dtypeOf(b));
  if (sameShape(start.shape, b.shape)) return Float64Array.from(contiguous(start));
  throw new ArgumentError(`${where}, x0: expected shape ${shapeText(b.shape)}, got ${shapeText(start.shape)}`);
}

function normsOf(x: Float64Array, columns: number): number[] {
  const squares = new Array<number>(columns).fill(0);
  x.forEach((value, n) => (squares[n % columns] = at(squares, n % columns) + value ** 2));
  return squares.map(Math.sqrt);
}

/** The space with what helps, on vectors that are as those of b. */
function preconditioned(
  where: string,
  space: RealSpace,
  shape: readonly number[],
  { preconditioner }: KrylovOptions,
): RealSpace {
  if (!preconditioner) return space;
  if (typeof preconditioner === "function") {
    const inverse = functionPreconditioner(preconditioner, shape);
    return Object.assign(space, { precondition: (x: RealData, out: RealData) => inverse.apply(x, out, space.columns) });
  }
  const operator = toOperator(`${where}, preconditioner`, preconditioner);
  if (operator.shape[0] !== space.rows || operator.shape[1] !== space.rows)
    throw new ArgumentError(
      `${where}, preconditioner: expected shape [${space.rows}, ${space.rows}], got ${shapeText(operator.shape)}`,
    );
  const times = waysOf(operator).forward.often(space.columns);
  return Object.assign(space, {
    *precondition(x: RealData, out: RealData): Task<void> {
      out.set(contiguous(yield* times(wrap(x, [space.rows, space.columns]))));
    },
  });
}

// -------------------------------------------------------------------------------------------- errors and warnings

const ADVICE = {
  precision: "stopped falling there: A is singular as far as rounding can tell",
  iterations: "ran out of iterations: raise maxIterations or eps, or give a preconditioner",
  indefinite: "met a direction p with p·A p <= 0: A is not positive definite; use minres",
  stagnation: "stopped falling, over thousands of iterations or whole cycles of GMRES: raise eps",
  nan: "met numbers that are not finite: look for NaN or infinity in the arrays",
} as const;

/** A relative residual that nobody misses. */
const ROUNDING = 1e-12;

interface Judged {
  readonly target: number;
  readonly options: KrylovOptions;
  readonly solution: RealArray;
}

function judge({ where }: Method, found: Solution, { target, options, solution }: Judged): void {
  const { converged, iterations, residual } = found;
  if (converged === "tolerance") return;
  const got = `a relative residual of ${residual.toExponential(1)} after ${iterations} iterations`;
  const failed = { iterations, residual, lastIterate: solution };
  if (!isSolved(found))
    throw new ConvergenceError(`${where}: expected convergence, got ${got}; it ${ADVICE[converged]}`, failed);
  if (!hasTolerance(options) || residual <= ROUNDING || options.missed === "accept") return;
  const expected = `expected a relative residual of at most ${target.toExponential(1)}`;
  const message = `${where}: ${expected}, got ${got}, as far as rounding allows: raise eps`;
  if (options.missed === "throw") throw new ConvergenceError(message, failed);
  warnOf(`${where} of ${shapeText(solution.shape)}`, message);
}

/** Methods and shapes that were warned of: loops should not repeat it. */
const warned = new Set<string>();

function warnOf(key: string, message: string): void {
  if (warned.has(key)) return;
  warned.add(key);
  emitWarning(message, "KEOPS_RESIDUAL");
}
