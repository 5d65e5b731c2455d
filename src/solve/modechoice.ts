/**
 * Whether a system is solved in the space of modes, and with how many: from what was asked, from the kernel's values
 * and from a model of the cost. Every refusal is a clause that says why, for the report.
 */
import { contiguous, wrap } from "../array/view";
import type { How } from "../call/prepared";
import type { Given } from "../call/prepared";
import { windowFor } from "../fast/gridsum";
import type { Window } from "../fast/gridsum";
import { KernelTable } from "../fast/kerneltable";
import { pointsOf } from "../fast/splitpoints";
import type { Points } from "../fast/splitpoints";
import { at, asserted } from "../asserts";
import { convolutionOf } from "../formula/convolution";
import type { Task } from "../task";
import { Costs, iterationsFor } from "./costs";
import type { Situation } from "./choose";
import { originOf, seriesOf } from "./kernelseries";
import type { KernelSeries } from "./kernelseries";
import { listModes, orderModes } from "./modelist";
import type { ModeList } from "./modelist";
import type { Algebra } from "./precondition";
import type { System } from "./system";

/** What a solve in mode space is of. */
export interface ModeRequest {
  readonly system: System;
  /** Data without batch dimensions, in float64. */
  readonly given: Given;
  readonly how: How;
  readonly situation: Situation;
  /** The relative residual that is asked for. */
  readonly target: number;
}

/** What a space of modes is made from. */
export interface ModeChoice {
  readonly points: Points;
  readonly series: KernelSeries;
  readonly list: ModeList;
  readonly window: Window;
}

/** Errors of products take so much of the residual that is asked for. */
const SHARE = 0.1;
/** What float64 leaves of kernels and of windows, relative to the largest value. */
const LEAST_TOLERANCE = 1e-15;
const WINDOWS = { least: 1e-13, most: 1e-6 } as const;
const LEAST_OF_WINDOWS = 1e-14;
const OVERSAMPLING = 2;
/** Samples of the kernel at most: also one for so many pairs, so that a refusal costs a small part of a product. */
const MOST_SAMPLES = 2 ** 19;
const PAIRS_OF_SAMPLE = 64;

const TOO_FINE = "the residual that is asked for, or alpha, is so small that products have to be exact";

/** @param finer divides the errors of products. */
export function* chooseModes(request: ModeRequest, algebra: Algebra, finer: number): Task<ModeChoice | string> {
  const kernel = yield* kernelOf(request);
  if (typeof kernel === "string") return kernel;
  const { table, points } = kernel;
  const { alpha, rows } = request.situation;
  const allowed = (SHARE * request.target * alpha) / (Math.sqrt(rows) * finer);
  const tolerance = allowed / (yield* originOf(table));
  if (!(tolerance >= LEAST_TOLERANCE)) return TOO_FINE;
  const limits = { tolerance, samples: Math.min(MOST_SAMPLES, rows ** 2 / PAIRS_OF_SAMPLE) };
  const series = yield* seriesOf(table, points.lengths, limits, algebra);
  if (typeof series === "string") return series;
  const ofWindow = allowed / rootOfSquares(series);
  if (!(ofWindow >= LEAST_OF_WINDOWS)) return TOO_FINE;
  const window = windowFor(Math.min(WINDOWS.most, Math.max(WINDOWS.least, ofWindow)), OVERSAMPLING);
  const order = orderModes(series);
  const cost = leastCost(request, { series, order, secondsOfPoint: secondsOfPoint(points.dim, window) }, algebra);
  if (cost === null) return `the kernel has more than ${MOST_FEATURES} modes that count`;
  if (cost.seconds > secondsOfExact(request, algebra)) return "exact products are expected to take less time";
  return { points, series, list: listModes(series, order, cost.modes), window };
}

/** The root mean square of K over the period. */
const rootOfSquares = ({ coefficients }: KernelSeries): number =>
  Math.sqrt(2 * coefficients.reduce((sum, c) => sum + c * c, 0));

// ----------------------------------------------------------------------------------------------------------- the kernel

/** Why mode space cannot be for this system, from what was asked alone; null if it may. */
export function whyNoModes({
  symmetry,
  method,
  preconditioner,
  blocks,
  matrix,
  alpha,
  algebra,
}: Situation): string | null {
  if (symmetry !== "positive") return `it asks for symmetry "${symmetry}"`;
  if (method !== "auto" || preconditioner !== "auto") return "it asks for a method or a preconditioner";
  if (blocks) return "it has ranges";
  if (!matrix) return "its formula is no kernel times the unknown";
  if (!algebra) return "the addon is missing";
  return alpha > 0 ? null : "alpha is 0";
}

/** The points, and the kernel as an even function of their differences. */
function* kernelOf({ system, given, how }: ModeRequest): Task<{ table: KernelTable; points: Points } | string> {
  const { args, settings } = system.operator;
  const convolution = convolutionOf(asserted(system.kernel, "a kernel"), args, settings.rows);
  if ("why" in convolution) return `the kernel is no function of differences: ${convolution.why}`;
  if (convolution.weights.length + convolution.factors.length > 0) return "the kernel has factors of single points";
  const points = pointsOf(convolution, given);
  if (typeof points === "string") return points;
  const parameters = convolution.parameters.map(({ position, dim }) =>
    wrap(Float64Array.from(contiguous(at(given.arrays, position))), [dim]),
  );
  const plain: How = { backend: how.backend, compile: how.compile };
  const table = yield* KernelTable.of(convolution, parameters, points.lengths, plain);
  if ("why" in table) return `the kernel is not known by its values: ${table.why}`;
  const isEven = table.components.length === 1 && at(table.components, 0).parity === 1;
  return isEven ? { table, points } : "the kernel is not even";
}

// ------------------------------------------------------------------------------------------------------------- the cost

/** Features of a dense factor at most: 300 MB. */
const MOST_FEATURES = 6000;
/** Modes are left out whose eigenvalues are below alpha times a power of two among these. */
const LEFT_OUT = Array.from({ length: 20 }, (_, n) => 2 ** (9 - n));

/** Seconds on two cores of spreading and interpolating one point. */
function secondsOfPoint(dim: number, { width }: Window): number {
  return 0.5e-9 * (60 + 2.2 * width ** (dim - 1) * Math.ceil(width / 4));
}

interface Spectral {
  readonly series: KernelSeries;
  readonly order: Int32Array;
  readonly secondsOfPoint: number;
}

/** The number of modes for which the factor and the iterations together cost least; null where all are too many. */
function leastCost(
  { situation: { alpha, rows }, target }: ModeRequest,
  { series, order, secondsOfPoint }: Spectral,
  algebra: Algebra,
): { modes: number; seconds: number } | null {
  const costs = new Costs(algebra.instructionSet);
  let least: { modes: number; seconds: number } | null = null;
  for (const leftOut of LEFT_OUT) {
    const modes = countAbove(series, order, (leftOut * alpha) / rows);
    const features = 1 + 2 * modes;
    if (features > MOST_FEATURES) break;
    const iterations = Math.ceil(iterationsFor(leftOut * alpha, alpha, target));
    const ofFactor = costs.factorisation(features, algebra.lapack(features) !== null);
    const seconds = ofFactor + (2 + 2 * iterations) * rows * secondsOfPoint;
    if (least === null || seconds < least.seconds) least = { modes, seconds };
  }
  return least;
}

/** How many modes, from the largest on, have coefficients of at least a level. */
function countAbove({ coefficients }: KernelSeries, order: Int32Array, level: number): number {
  const place = order.findIndex((entry) => at(coefficients, entry) < level);
  return place < 0 ? order.length : place;
}

/** Iterations and columns of a preconditioner with exact products, about. */
const EXACT = { iterations: 6, rank: 300 } as const;

function secondsOfExact({ situation: { rows } }: ModeRequest, algebra: Algebra): number {
  const costs = new Costs(algebra.instructionSet);
  const dense = costs.factorisation(rows, algebra.lapack(rows) !== null);
  return Math.min(dense, costs.preconditioned(EXACT.iterations, EXACT.rank, rows, "float64"));
}
