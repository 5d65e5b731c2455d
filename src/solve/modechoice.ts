/**
 * Whether K has a space of modes, and how many of them are features: from what its products may lose, from the kernel's
 * values and from a model of the cost. Every refusal is a clause that says why, for reports.
 */
import { contiguous, wrap } from "../array/view";
import type { RealArray } from "../array/view";
import type { Given, How } from "../call/prepared";
import type { Tell } from "../call/run";
import { windowFor } from "../fast/gridsum";
import type { Window } from "../fast/gridsum";
import { KernelTable } from "../fast/kerneltable";
import { pointsOf } from "../fast/splitpoints";
import type { Points } from "../fast/splitpoints";
import { asserted, at, integerAt, realAt } from "../asserts";
import { convolutionOf } from "../formula/convolution";
import type { Convolution } from "../formula/convolution";
import type { Task } from "../task";
import { Costs, iterationsFor } from "./costs";
import { originOf, seriesOf } from "./kernelseries";
import type { KernelSeries } from "./kernelseries";
import { listModes, orderModes } from "./modelist";
import type { ModeList } from "./modelist";
import type { Algebra } from "./precondition";
import type { System } from "./system";

/** The K that is looked at. */
export interface ModeRequest {
  readonly system: System;
  /** Data in float64. */
  readonly given: Given;
  readonly how: How;
  /** Null without the addon. */
  readonly algebra: Algebra | null;
  readonly tell?: Tell | undefined;
}

/** What is asked of a space of modes. */
export interface ModeNeeds {
  /** What values of K may be off by, as a root mean square. */
  readonly allowed: number;
  /** How many modes are features; or why there are to be none, in a clause. */
  readonly pick: (spectral: Spectral, algebra: Algebra) => number | string;
}

/** What a number of modes is chosen from. */
export interface Spectral {
  readonly series: KernelSeries;
  /** Places of modes, from the largest coefficient on. */
  readonly order: Int32Array;
  readonly rows: number;
  /** Seconds on two cores of spreading and interpolating one point. */
  readonly secondsOfPoint: number;
}

/** What a space of modes is made from. */
export interface ModeChoice {
  readonly algebra: Algebra;
  readonly kernel: ModeKernel;
  readonly series: KernelSeries;
  readonly list: ModeList;
  readonly window: Window;
}

/** A kernel as an even function of differences of points, which are those of rows and of columns. */
export interface ModeKernel {
  readonly convolution: Convolution;
  readonly parameters: readonly RealArray[];
  readonly table: KernelTable;
  readonly points: Points;
}

/** What float64 leaves of kernels and of windows, relative to the largest value. */
const LEAST_TOLERANCE = 1e-15;
const WINDOWS = { least: 1e-13, most: 1e-6 } as const;
const LEAST_OF_WINDOWS = 1e-14;
const OVERSAMPLING = 2;
/** Samples of the kernel at most: also one for so many pairs, so that a refusal costs a small part of a product. */
const MOST_SAMPLES = 2 ** 19;
const PAIRS_OF_SAMPLE = 64;

const TOO_FINE = "what is asked for, or alpha, is so small that products have to be exact";

/** What a space of modes is made from; or why there is none, in a clause. */
export function* chooseModes(request: ModeRequest, { allowed, pick }: ModeNeeds): Task<ModeChoice | string> {
  const kernel = yield* kernelOf(request);
  if (typeof kernel === "string") return kernel;
  const { table, points } = kernel;
  const algebra = asserted(request.algebra, "dense algebra");
  const rows = points.rows.length / points.dim;
  const tolerance = allowed / (yield* originOf(table));
  if (!(tolerance >= LEAST_TOLERANCE)) return TOO_FINE;
  const limits = { tolerance, samples: Math.min(MOST_SAMPLES, rows ** 2 / PAIRS_OF_SAMPLE) };
  const series = yield* seriesOf(table, points.lengths, limits, algebra);
  if (typeof series === "string") return series;
  const ofWindow = allowed / rootOfSquares(series);
  if (!(ofWindow >= LEAST_OF_WINDOWS)) return TOO_FINE;
  const window = windowFor(Math.min(WINDOWS.most, Math.max(WINDOWS.least, ofWindow)), OVERSAMPLING);
  const order = orderModes(series);
  const count = pick({ series, order, rows, secondsOfPoint: secondsOfPoint(points.dim, window) }, algebra);
  if (typeof count === "string") return count;
  return { algebra, kernel, series, list: listModes(series, order, count), window };
}

/** The root mean square of K over the period. */
const rootOfSquares = ({ coefficients }: KernelSeries): number =>
  Math.sqrt(2 * coefficients.reduce((sum, c) => sum + c * c, 0));

/** Seconds on two cores of spreading and interpolating one point. */
function secondsOfPoint(dim: number, { width }: Window): number {
  return 0.5e-9 * (60 + 2.2 * width ** (dim - 1) * Math.ceil(width / 4));
}

// ----------------------------------------------------------------------------------------------------------- the kernel

/** Why modes cannot be for this K, from its formula and its call alone; null if they may. */
export function whyNoModes({ system, how, algebra }: Omit<ModeRequest, "given">): string | null {
  if (how.ranges) return "it has ranges";
  if (!system.kernel || !system.isMatrix) return "its formula is no kernel times the unknown";
  return algebra ? null : "the addon is missing";
}

function* kernelOf(request: ModeRequest): Task<ModeKernel | string> {
  const why = whyNoModes(request);
  if (why !== null) return why;
  const { system, given, how } = request;
  const { args, settings } = system.operator;
  const convolution = convolutionOf(asserted(system.kernel, "a kernel"), args, settings.rows);
  if ("why" in convolution) return `the kernel is no function of differences: ${convolution.why}`;
  if (convolution.weights.length + convolution.factors.length > 0) return "the kernel has factors of single points";
  const points = yield* pointsOf(convolution, given);
  if (typeof points === "string") return points;
  if (!areEqual(points)) return "rows and columns have other points";
  const parameters = convolution.parameters.map(({ position, dim }) =>
    wrap(Float64Array.from(contiguous(at(given.arrays, position))), [dim]),
  );
  const plain: How = { backend: how.backend, compile: how.compile };
  const table = yield* KernelTable.of(convolution, parameters, points.lengths, plain);
  if ("why" in table) return `the kernel is not known by its values: ${table.why}`;
  const isEven = table.components.length === 1 && at(table.components, 0).parity === 1;
  return isEven ? { convolution, parameters, table, points } : "the kernel is not even";
}

function areEqual({ rows, columns }: Points): boolean {
  return rows === columns || (rows.length === columns.length && rows.every((value, n) => value === columns[n]));
}

// ------------------------------------------------------------------------------------------------------ how many modes

/** Features of a dense factor at most: 300 MB. */
const MOST_FEATURES = 6000;
const TOO_MANY = `the kernel has more than ${MOST_FEATURES} modes that count`;
const SLOWER = "exact products are expected to take less time";
/** Modes are left out whose eigenvalues are below alpha times a power of two among these. */
const LEFT_OUT = Array.from({ length: 20 }, (_, n) => 2 ** (9 - n));

/** The number of modes for which the factor of K + alpha I and iterations to a residual together cost least. */
export function modesForSolve(spectral: Spectral, wanted: Wanted, algebra: Algebra): number | string {
  const least = leastForSolve(spectral, wanted, algebra);
  if (typeof least === "string") return least;
  return least.seconds > new Costs(algebra).exactSolve(spectral.rows) ? SLOWER : least.modes;
}

interface Wanted {
  readonly alpha: number;
  /** The relative residual. */
  readonly target: number;
}

/** That number, and what it is expected to cost; or why there is none, in a clause. */
export function leastForSolve(
  { series, order, rows, secondsOfPoint }: Spectral,
  { alpha, target }: Wanted,
  algebra: Algebra,
): { modes: number; seconds: number } | string {
  const costs = new Costs(algebra);
  let least = { modes: 0, seconds: Infinity };
  for (const leftOut of LEFT_OUT) {
    const modes = countAbove(series, order, (leftOut * alpha) / rows);
    const features = 1 + 2 * modes;
    if (features > MOST_FEATURES) break;
    const iterations = Math.ceil(iterationsFor(leftOut * alpha, alpha, target));
    const seconds = costs.factorisation(features) + (2 + 2 * iterations) * rows * secondsOfPoint;
    if (seconds < least.seconds) least = { modes, seconds };
  }
  return least.seconds === Infinity ? TOO_MANY : least;
}

/** How many modes, from the largest on, have coefficients of at least a level. */
function countAbove({ coefficients }: KernelSeries, order: Int32Array, level: number): number {
  const place = order.findIndex((entry) => realAt(coefficients, entry) < level);
  return place < 0 ? order.length : place;
}

/** Transforms of the points that a log-determinant takes, with its check. */
const TRANSFORMS = 6;

/** As many modes as leave a trace of no more than `left`, spread over the rows. */
export function modesForTrace(
  { series, order, rows, secondsOfPoint }: Spectral,
  left: number,
  algebra: Algebra,
): number | string {
  let [count, rest] = [order.length, 0];
  while (count > 0 && rest + 2 * realAt(series.coefficients, integerAt(order, count - 1)) <= left)
    rest += 2 * realAt(series.coefficients, integerAt(order, --count));
  const features = 1 + 2 * count;
  if (features > MOST_FEATURES) return TOO_MANY;
  const costs = new Costs(algebra);
  const seconds = costs.factorisation(features) + TRANSFORMS * rows * secondsOfPoint;
  return seconds > costs.exactLogdet(rows) ? SLOWER : count;
}

/** None, where products by all modes cost less than those of all pairs. */
export function modesForProducts({ series, rows, secondsOfPoint }: Spectral, algebra: Algebra): number | string {
  const seconds = 2 * rows * secondsOfPoint + SECONDS_OF_MODE * series.samples.length;
  const exact = new Costs(algebra).iterations(1, 0, rows, "float64");
  return seconds > exact ? SLOWER : 0;
}

/** Of transforms there and back, oversampled on up to three axes. */
const SECONDS_OF_MODE = 1e-7;
