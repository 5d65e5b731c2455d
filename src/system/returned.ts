/**
 * What users get of a solution that was found in float64: the array in the dtype of the data, the residual which that
 * array has, and a word where it is not what was asked for. Knows nothing of how solutions are found.
 */
import { contiguous } from "../array/view";
import type { Dtype, RealArray } from "../array/view";
import { ConvergenceError } from "../errors";
import type { Argument } from "../formula/arguments";
import type { Formula } from "../formula/formula";
import type { Given } from "../call/prepared";
import { entryOf, howOf } from "../call/prepared";
import type { Operator } from "../call/operator";
import { Norms } from "../solver/norms";
import { targetOf } from "../solver/refine";
import { Workspace } from "../solver/space";
import { settled } from "../solver/task";
import type { Task } from "../solver/task";
import type { Report } from "./method";
import { USELESS_RESIDUAL, alphaOf, relativeTarget } from "./options";
import type { SolveOptions } from "./options";
import type { Product } from "./product";
import type { Solved } from "./solved";
import { recordedAs } from "./widen";

/** What is asked of a system. */
export interface Equation {
  readonly operator: Operator;
  readonly unknown: Argument;
  readonly kernel: Formula | null;
  layout(given: Given): { readonly rows: number; readonly columns: number };
  keepsUnknown(): boolean;
  product(given: Given, alpha: number, how: ReturnType<typeof howOf>): Product;
}

/** A system that was solved in float64. */
export interface Asked {
  readonly given: Given;
  readonly options: SolveOptions;
  /** What the data were, and the solution is to be. */
  readonly data: Dtype;
  /** Whether users see reports: else residuals are computed where rounding may leave no solution. */
  readonly isReported: boolean;
}

/** The solution as it is returned, with reports of that. @throws ConvergenceError where float32 cannot hold it. */
export function* returned(equation: Equation, asked: Asked, { solution, reports }: Solved): Task<Solved> {
  if (asked.data === "float64") return { solution, reports };
  const rounded = recordedAs(solution, asked.data);
  failUnlessFinite(rounded, reports, asked.options);
  const own: Report[] = [];
  for (const [entry, report] of reports.entries()) own.push(yield* ofRounded(equation, asked, rounded, entry, report));
  return { solution: rounded, reports: own };
}

function failUnlessFinite(rounded: RealArray, reports: readonly Report[], options: SolveOptions): void {
  if (contiguous(rounded).every(Number.isFinite)) return;
  const iterations = reports.reduce((sum, report) => sum + report.iterations, 0);
  throw new ConvergenceError(
    `KernelSolve, alpha ${alphaOf(options)}: expected a solution that float32 can hold, got larger numbers: solve in float64, or for a smaller right-hand side`,
    { iterations, residual: Infinity, lastIterate: rounded },
  );
}

function* ofRounded(equation: Equation, asked: Asked, rounded: RealArray, entry: number, report: Report): Task<Report> {
  const { given, options, isReported } = asked;
  const { operator, unknown } = equation;
  const { rows, columns } = equation.layout(given);
  const arrays = given.arrays.map((array, n) => entryOf(operator.args[n]!, array, given.batch, entry));
  const product = equation.product({ ...given, arrays, batch: [] }, alphaOf(options), howOf(options, given.extents));
  const right = contiguous(arrays[unknown.position]!);
  const size = rows * columns;
  const x = Float64Array.from(contiguous(rounded).subarray(entry * size, (entry + 1) * size));
  if (size === 0 || !(isReported || mayLose(equation, product, x, right))) return report;
  const { norms, residuals } = yield* measured(product, rows, columns, x, right);
  const relative = residuals.map((residual, k) => (norms[k] === 0 ? residual : residual / norms[k]!));
  const residual = relative.reduce((most, one) => Math.max(most, one), 0);
  const { eps, rtol } = options;
  const isMet = residuals.every((one, k) => one <= targetOf(norms[k]!, rows, { eps, rtol }));
  if (residual > USELESS_RESIDUAL) tellLoss(equation, options, report, residual, rounded);
  return { ...report, residual, converged: isMet || report.converged !== "tolerance" ? report.converged : "precision" };
}

/** The norms of b and b - (K + alpha I) x, column by column. */
function* measured(
  product: Product,
  rows: number,
  columns: number,
  x: Float64Array,
  right: ArrayLike<number>,
): Task<{ norms: readonly number[]; residuals: readonly number[] }> {
  const space = product.space(rows, columns, "float64", null);
  const work = new Workspace(space);
  const [b, left, norms] = [Float64Array.from(right), work.vector(), new Norms(space, work)];
  yield* settled(space.apply(x, left));
  space.xpay(b, work.scalar(new Array<number>(columns).fill(-1)), left);
  const residuals = yield* norms.measure(left);
  return { residuals, norms: yield* norms.measure(b) };
}

/**
 * Whether rounding to float32 may leave a residual that is no longer small: roundings have random signs, so that K
 * multiplies them by about its Frobenius norm over √n, and that norm is at most its trace.
 */
function mayLose(equation: Equation, product: Product, x: Float64Array, right: ArrayLike<number>): boolean {
  const { kernel, unknown } = equation;
  if (!kernel || product.how.ranges || equation.keepsUnknown()) return false;
  const trace = product
    .matrix(kernel, unknown, "float32")
    .diagonal()
    .reduce((sum, value) => sum + value, 0);
  return 2 ** -22 * (trace / Math.sqrt(x.length)) * norm(x) > USELESS_RESIDUAL * norm(right);
}

function norm(x: ArrayLike<number>): number {
  let sum = 0;
  for (let n = 0; n < x.length; n++) sum += x[n]! ** 2;
  return Math.sqrt(sum);
}

// ------------------------------------------------------------------------------------------------- what is told

/** A relative residual that nobody misses. */
const ROUNDING = 1e-12;

/** Tells that a solution is as good as rounding allows, and not as good as was asked. @throws ConvergenceError if that is wanted. */
export function tellUnlessMet(
  { operator }: Pick<Equation, "operator">,
  options: SolveOptions,
  report: Report,
  asked: { readonly right: Float64Array; readonly columns: number; readonly where: string },
  lastIterate: () => RealArray,
): void {
  const { eps = 1e-6, rtol = 0, precision } = options;
  const { residual, iterations, converged } = report;
  if (converged !== "precision" || residual <= ROUNDING || (eps === 0 && rtol === 0) || precision === "float32") return;
  const target = relativeTarget(asked.right, asked.columns, options).toExponential(1);
  const about = `KernelSolve, alpha ${alphaOf(options)}${asked.where}`;
  const got = `${residual.toExponential(1)} after ${iterations} iterations, as far as rounding allows`;
  const message = `${about}: expected a relative residual of at most ${target}, got ${got}: raise alpha or eps`;
  tell(options, `${String(operator)}, tolerance`, message, report, lastIterate);
}

function tellLoss(
  { operator }: Equation,
  options: SolveOptions,
  report: Report,
  residual: number,
  rounded: RealArray,
): void {
  const about = `KernelSolve, alpha ${alphaOf(options)}: expected a solution that float32 can hold`;
  const message = `${about}, got a relative residual of ${residual.toExponential(1)} after rounding: raise alpha, or solve in float64`;
  tell(options, `${String(operator)}, rounding`, message, { ...report, residual }, () => rounded);
}

function tell(
  { missed = "warn", ...options }: SolveOptions,
  what: string,
  message: string,
  { iterations, residual }: Report,
  lastIterate: () => RealArray,
): void {
  if (missed === "throw") throw new ConvergenceError(message, { iterations, residual, lastIterate: lastIterate() });
  const key = `${what}, alpha ${alphaOf(options)}`;
  if (missed === "accept" || told.has(key)) return;
  if (told.size >= MOST_TOLD) told.clear();
  told.add(key);
  process.emitWarning(message, { type: "KeopsWarning", code: "KEOPS_RESIDUAL", detail: DETAIL });
}

/** Systems that were told of: loops should not repeat it. */
const told = new Set<string>();
const MOST_TOLD = 1000;

const DETAIL =
  'Told once for a formula and an alpha. Reports of .solve() tell residuals; the option missed: "throw" makes it an error, "accept" keeps it quiet.';
