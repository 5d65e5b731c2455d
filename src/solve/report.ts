/**
 * What users get of a solution that was found in float64: the array in the dtype of the data, the residual which that
 * array has, and a warning or an error where it is not what was asked for; and what another way would take. Knows
 * nothing of how solutions are found.
 */
import { cutRows, shardOf } from "../array/shard";
import { bringBeside } from "../array/transfer";
import { contiguous } from "../array/view";
import type { Dtype, RealArray } from "../array/view";
import { at } from "../asserts";
import type { Given } from "../call/prepared";
import type { RealData } from "../device/native";
import { ConvergenceError } from "../errors";
import { emitWarning } from "../platform/process";
import { waitFor } from "../task";
import type { Task } from "../task";
import { EXACT } from "./attempt";
import type { Report } from "./attempt";
import { Costs } from "./costs";
import { chooseModes, leastForSolve } from "./modechoice";
import { whyNotAsked } from "./modes";
import { traceOf } from "./precondition";
import type { Product } from "./product";
import { alphaOf, placementOf } from "./solveoptions";
import type { SolveSettings } from "./solveoptions";
import { Norms, Workspace } from "./space";
import { USELESS_RESIDUAL, hasTolerance, isSolved, targetOf } from "./stopping";
import { recordAs } from "./system";
import type { System } from "./system";
import { allowedError, sampledResidual } from "./verified";
import type { FastRequest } from "./verified";

/** Solutions of a system. */
export interface Solved {
  readonly solution: RealArray;
  /** One per entry of the batch. */
  readonly reports: readonly Report[];
}

/**
 * A solution, and how it was found: of a batch the iterations of all entries, the largest residual, and the rest of the
 * last entry.
 */
export interface SolveReport<T extends RealData = RealData> extends Report {
  /** In the shape of the right-hand side. */
  readonly solution: RealArray<T>;
}

const NOTHING = { converged: "tolerance", method: "direct", rank: 0, library: null, history: [], ...EXACT } as const;

/** A solution and the reports of its entries as one. */
export function summary({ solution, reports }: Solved): SolveReport {
  return {
    ...(reports.at(-1) ?? NOTHING),
    solution,
    iterations: reports.reduce((sum, { iterations }) => sum + iterations, 0),
    residual: reports.reduce((most, { residual }) => Math.max(most, residual), 0),
  };
}

/** A solution where its right-hand side is, and of those of its rows. */
export function placeAs(right: RealArray, solved: Solved): Solved {
  const shard = shardOf(right);
  const solution = bringBeside(right, solved.solution);
  return { ...solved, solution: shard ? cutRows(solution, shard) : solution };
}

// ------------------------------------------------------------------------------------- in the dtype of the data

/** What was asked of a system that was solved in float64. */
export interface Asked {
  readonly given: Given;
  readonly settings: SolveSettings;
  /** What the data were, and the solution is to be. */
  readonly data: Dtype;
  /** Whether users see reports: else residuals are computed where rounding may leave no solution. */
  readonly isReported: boolean;
}

/** The solution as it is returned, with reports of that. @throws ConvergenceError where float32 cannot hold it. */
export function* roundToData(system: System, asked: Asked, { solution, reports }: Solved): Task<Solved> {
  if (asked.data === "float64") return { solution, reports };
  const rounded = recordAs(solution, asked.data);
  failUnlessFinite(rounded, reports, asked.settings);
  const own: Report[] = [];
  for (const [entry, report] of reports.entries())
    own.push(yield* reportRounded(system, asked, rounded, entry, report));
  return { solution: rounded, reports: own };
}

function failUnlessFinite(rounded: RealArray, reports: readonly Report[], settings: SolveSettings): void {
  if (contiguous(rounded).every(Number.isFinite)) return;
  const iterations = reports.reduce((sum, report) => sum + report.iterations, 0);
  throw new ConvergenceError(
    `KernelSolve, alpha ${alphaOf(settings)}: expected a solution that float32 can hold, got larger numbers: solve in float64, or for a smaller right-hand side`,
    { iterations, residual: Infinity, lastIterate: rounded },
  );
}

/** The report of one entry, for the solution after rounding. */
function* reportRounded(
  system: System,
  { given, settings, isReported }: Asked,
  rounded: RealArray,
  entry: number,
  report: Report,
): Task<Report> {
  const { rows, columns } = system.layout(given);
  const own = system.entry(given, entry);
  const product = system.product(own, alphaOf(settings), placementOf(settings, given));
  const right = contiguous(at(own.arrays, system.unknown.position));
  const size = rows * columns;
  const x = Float64Array.from(contiguous(rounded).subarray(entry * size, (entry + 1) * size));
  if (size === 0 || !(isReported || mayLose(system, product, x, right))) return report;
  if (report.checkedRows > 0) return yield* reportSampled(product, settings, { right, x, columns }, report);
  const { norms, residuals } = yield* measureResiduals(product, { right: Float64Array.from(right), x, columns });
  const residual = residuals.reduce((most, one, k) => Math.max(most, norms[k] === 0 ? one : one / at(norms, k)), 0);
  if (residual > USELESS_RESIDUAL) reportLoss(system, settings, { ...report, residual }, rounded);
  const isMet = residuals.every((one, k) => one <= targetOf(at(norms, k), rows, settings));
  return { ...report, residual, converged: isMet || report.converged !== "tolerance" ? report.converged : "precision" };
}

/** Where products were not exact, the residual is that of some rows. */
function* reportSampled(
  product: Product,
  settings: SolveSettings,
  block: { readonly right: RealData; readonly x: Float64Array; readonly columns: number },
  report: Report,
): Task<Report> {
  const right = Float64Array.from(block.right);
  const { residual, rows } = yield* sampledResidual(product, { ...block, right });
  const norm = lengthOf(right);
  const isMet = residual * norm <= targetOf(norm, right.length, settings);
  return { ...report, residual, checkedRows: rows, converged: isMet ? report.converged : "precision" };
}

/** The norms of b and b - (K + alpha I) x, column by column. */
function* measureResiduals(
  product: Product,
  { right, x, columns }: { readonly right: Float64Array; readonly x: RealData; readonly columns: number },
): Task<{ norms: readonly number[]; residuals: readonly number[] }> {
  const space = product.space(x.length / columns, columns, "float64", null);
  const work = new Workspace(space);
  const [left, norms] = [work.vector(), new Norms(space, work)];
  yield* waitFor(space.apply(x, left));
  space.xpay(right, work.scalar(new Array<number>(columns).fill(-1)), left);
  const residuals = yield* norms.measure(left);
  return { residuals, norms: yield* norms.measure(right) };
}

/**
 * Whether rounding to float32 may leave a residual that is no longer small: roundings have random signs, so that K
 * multiplies them by about its Frobenius norm over √n, and that norm is at most its trace.
 */
function mayLose(system: System, product: Product, x: Float64Array, right: RealData): boolean {
  const { kernel, unknown } = system;
  if (!kernel || product.how.ranges || system.keepsUnknown()) return false;
  const trace = traceOf(product.matrix(kernel, unknown, "float32"));
  return 2 ** -22 * (trace / Math.sqrt(x.length)) * lengthOf(x) > USELESS_RESIDUAL * lengthOf(right);
}

const lengthOf = (x: RealData): number => Math.sqrt((x as Float64Array).reduce((sum, value) => sum + value ** 2, 0));

// ---------------------------------------------------------------------------------------------- errors and warnings

/** One entry of a solve, for messages. */
export interface Place {
  readonly settings: SolveSettings;
  /** `, entry 2`, or nothing. */
  readonly where: string;
  /** The solution so far, in the dtype of the data. */
  readonly lastIterate: () => RealArray;
}

const ADVICE = {
  precision: "stopped falling there: K + alpha I is singular as far as rounding can tell; raise alpha",
  iterations: "ran out of iterations: raise maxIterations, alpha or eps",
  indefinite:
    'met a direction p with p·(K + alpha I)p <= 0: K + alpha I is not positive definite; raise alpha, or say symmetry: "indefinite"',
  stagnation: "stopped falling, over thousands of iterations or whole cycles of GMRES: raise alpha or eps",
  nan: "met numbers that are not finite: look for NaN or infinity in the arrays",
} as const;

/** @throws ConvergenceError */
export function failUnlessConverged(report: Report, { settings, where, lastIterate }: Place): void {
  const { converged, iterations, residual } = report;
  if (converged === "tolerance" || isSolved(report)) return;
  throw new ConvergenceError(
    `KernelSolve, alpha ${alphaOf(settings)}${where}: expected convergence, got a relative residual of ${residual.toExponential(1)} after ${iterations} iterations; it ${ADVICE[converged]}`,
    { iterations, residual, lastIterate: lastIterate() },
  );
}

/** A relative residual that nobody misses. */
const ROUNDING = 1e-12;

/** Whether a solution is as good as rounding allows, and not as good as was asked. */
export function missesTolerance({ converged, residual }: Report, settings: SolveSettings): boolean {
  const isAsked = hasTolerance(settings) && settings.precision !== "float32";
  return isAsked && converged === "precision" && residual > ROUNDING;
}

/**
 * Reports such a solution.
 * @param target the relative residual that was asked for.
 * @throws ConvergenceError if that is wanted.
 */
export function reportMissed({ operator }: System, report: Report, target: number, place: Place): void {
  const { residual, iterations } = report;
  const about = `KernelSolve, alpha ${alphaOf(place.settings)}${place.where}`;
  const got = `${residual.toExponential(1)} after ${iterations} iterations, as far as rounding allows`;
  const expected = `expected a relative residual of at most ${target.toExponential(1)}`;
  warn(`${String(operator)}, tolerance`, `${about}: ${expected}, got ${got}: raise alpha or eps`, report, place);
}

function reportLoss({ operator }: System, settings: SolveSettings, report: Report, rounded: RealArray): void {
  const about = `KernelSolve, alpha ${alphaOf(settings)}: expected a solution that float32 can hold`;
  const got = `a relative residual of ${report.residual.toExponential(1)} after rounding`;
  const place = { settings, where: "", lastIterate: () => rounded };
  warn(`${String(operator)}, rounding`, `${about}, got ${got}: raise alpha, or solve in float64`, report, place);
}

function warn(what: string, message: string, { iterations, residual }: Report, { settings, lastIterate }: Place): void {
  const { missed } = settings;
  if (missed === "throw") throw new ConvergenceError(message, { iterations, residual, lastIterate: lastIterate() });
  const key = `${what}, alpha ${alphaOf(settings)}`;
  if (missed === "accept" || warned.has(key)) return;
  if (warned.size >= MOST_WARNED) warned.clear();
  warned.add(key);
  emitWarning(message, "KEOPS_RESIDUAL", DETAIL);
}

/** Systems that were warned of: loops should not repeat it. */
const warned = new Set<string>();
const MOST_WARNED = 1000;

const DETAIL =
  'Told once for a formula and an alpha. `report` tells the residual; the option missed: "throw" makes it an error, "accept" keeps it quiet.';

// ----------------------------------------------------------------------------------------- what another way would take

/** Seconds, by the model of costs, from which a solve is long. */
const LONG = 5;
/** A part of the time that is worth telling. */
const WORTH = 1 / 2;

/** In a sentence; null where the solve is short, or nothing better is known. */
export function* hintFor(request: FastRequest): Task<string | null> {
  const { situation, target, algebra } = request;
  const { rows, alpha } = situation;
  const exact = algebra ? new Costs(algebra).exactSolve(rows) : 0;
  if (!(exact >= LONG) || whyNotAsked(situation) !== null) return null;
  let seconds = Infinity;
  yield* chooseModes(request, {
    allowed: allowedError(target, alpha, rows, 1),
    pick: (spectral, own) => {
      const least = leastForSolve(spectral, { alpha, target }, own);
      if (typeof least !== "string") ({ seconds } = least);
      return "it is asked for an estimate";
    },
  });
  const share = seconds / exact;
  return share <= WORTH
    ? `tolerance: "auto" is expected to take ${Math.ceil(100 * share)} % of the time of exact products`
    : null;
}
