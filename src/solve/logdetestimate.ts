/**
 * The derivative of log det (K + alpha I), estimated: the mean of w · dK z over random z of covariance I, with
 * (K + alpha I) w = z (Gardner, Pleiss, Bindel, Weinberger and Wilson 2018, section 4). A low-rank preconditioner P is
 * near K + alpha I, and the trace of P⁻¹ dK is known exactly: it is a control variate, w - P⁻¹ z being what is left to
 * chance (Meyer, Musco, Musco and Woodruff 2021 split a trace so). Here is also what all ways to that derivative share.
 */
import { add, mul } from "../array/arithmetic";
import { bandRanges } from "../array/bands";
import { wrap } from "../array/view";
import type { RealArray } from "../array/view";
import { asserted, at, realAt } from "../asserts";
import { checkPlacement } from "../call/prepared";
import type { Given } from "../call/prepared";
import type { LowRankParts } from "../device/device";
import type { RealData } from "../device/native";
import { ConvergenceError } from "../errors";
import { waitFor } from "../task";
import type { Task } from "../task";
import type { ModeFactor } from "./modes";
import { denseWork } from "./precondition";
import type { Preconditioner } from "./precondition";
import { refine } from "./refine";
import type { MatrixOptions } from "./solveoptions";
import { onePrecision } from "./space";
import { isSolved } from "./stopping";
import type { System } from "./system";
import { AT_ONCE } from "./systemmatrix";
import type { SystemMatrix } from "./systemmatrix";

/** A log-determinant that was found. */
export interface LogdetCall {
  readonly system: System;
  readonly matrix: SystemMatrix;
  /** In float64. */
  readonly given: Given;
  readonly inverse: Preconditioner | null;
  /** The factor of the kernel's modes, where the value came from that. */
  readonly modes: ModeFactor | null;
  readonly alphaShape: readonly number[];
  /** Fills a block with random vectors of covariance I; null for all unit vectors. */
  readonly random: ((out: RealData) => void) | null;
  readonly probes: number;
  readonly settings: MatrixOptions & { readonly alpha: number };
}

/** One per argument, null where it is not wanted or zero. */
export type Gradients = readonly (RealArray | null)[];

/** Derivatives by all arguments, and by alpha. */
export interface Sums {
  readonly sums: Gradients;
  readonly trace: number;
}

/** The gradients of w · K z, for blocks `[rows, dim]` of columns. */
export function productGradients(
  { system, given, settings }: LogdetCall,
  [z, w]: readonly [Float64Array, Float64Array],
  dim: number,
  wanted: readonly boolean[],
  ranges: MatrixOptions["ranges"] = settings.ranges,
): Gradients {
  if (!wanted.includes(true)) return given.arrays.map(() => null);
  const how = checkPlacement({ ...settings, ranges }, given);
  const vectors = [wrap(z, [z.length / dim, dim]), wrap(w, [w.length / dim, dim])] as const;
  return system.pullback(system.ofUnknown(dim), given, vectors, wanted, how);
}

export const addGradients = (sums: Gradients, more: Gradients): Gradients =>
  sums.map((sum, n) => (sum && more[n] ? add(sum, more[n]) : (more[n] ?? sum)));

/** Random vectors that are averaged before the spread is taken: fewer cost more gradients. */
const TOGETHER = 4;

/** Several estimates, whose mean is sought, each of covariance alike. */
export type Estimates = readonly Sums[];

/** Random vectors are taken in whole blocks. */
export function* estimateSums(
  call: LogdetCall,
  random: (out: RealData) => void,
  others: readonly boolean[],
): Task<Estimates> {
  const { system, matrix, probes, inverse } = call;
  const columns = system.kernel ? AT_ONCE : 1;
  const control = inverse?.parts ? yield* controlOf(call, inverse.parts, others) : null;
  const found: Sums[] = [];
  for (let count = 0; count < probes; count += columns) {
    const z = new Float64Array(matrix.rows * columns);
    random(z);
    const w = yield* solveFor(call, z, columns);
    if (inverse?.parts) yield* subtractApplied(inverse, z, w, columns);
    for (let first = 0; first < columns; first += TOGETHER)
      found.push(estimateOf(call, [z, w], { columns, first }, others));
  }
  return control ? found.map((sums) => addSums(sums, control)) : found;
}

const addSums = (a: Sums, b: Sums): Sums => ({ sums: addGradients(a.sums, b.sums), trace: a.trace + b.trace });

/** Of some columns of a block. */
function estimateOf(
  call: LogdetCall,
  [z, w]: readonly [Float64Array, Float64Array],
  { columns, first }: { readonly columns: number; readonly first: number },
  others: readonly boolean[],
): Sums {
  const count = Math.min(TOGETHER, columns - first);
  const [ownZ, ownW] = [z, w].map((block) => columnsOf(block, columns, first, count)) as [Float64Array, Float64Array];
  const trace = ownW.reduce((sum, value, n) => sum + value * realAt(ownZ, n), 0) / count;
  const { kernel, unknown } = call.system;
  const sums = productGradients(call, [ownZ, ownW], kernel ? count : unknown.dim, others);
  return { sums: sums.map((sum) => sum && mul(sum, 1 / count)), trace };
}

/** Columns [first, first + count) of a block `[rows, columns]`. */
const columnsOf = (block: Float64Array, columns: number, first: number, count: number): Float64Array =>
  Float64Array.from({ length: (block.length / columns) * count }, (_, n) =>
    realAt(block, Math.floor(n / count) * columns + first + (n % count)),
  );

/** w -= P⁻¹ z */
function* subtractApplied(
  inverse: NonNullable<LogdetCall["inverse"]>,
  z: Float64Array,
  w: Float64Array,
  columns: number,
): Task<void> {
  const near = new Float64Array(z.length);
  yield* waitFor(inverse.apply(z, near, columns));
  for (let n = 0; n < w.length; n++) w[n]! -= near[n]!;
}

// ------------------------------------------------------------------------------------------------ the control variate

/** Columns of G that one product takes. */
const WIDTH = 64;

/**
 * The traces of P⁻¹ dK and P⁻¹, exactly: P⁻¹ = (I - G Gᵀ) / alpha with G = F L⁻ᵀ, so that they are those of dK, on the
 * diagonal alone, less g · dK g over the columns g.
 */
function* controlOf(call: LogdetCall, parts: LowRankParts, others: readonly boolean[]): Task<Sums> {
  const { alpha, width } = parts;
  const { rows } = call.matrix;
  const [tall, triangular] = parts.matrices();
  const ones = new Float64Array(rows).fill(1);
  let sums = productGradients(call, [ones, ones], 1, others, bandRanges([rows, rows], 0, 0));
  let trace = rows;
  for (let first = 0; first < width; first += WIDTH) {
    const count = Math.min(WIDTH, width - first);
    const g = new Float64Array(rows * count);
    const some = columnsOf(triangular, width, first, count);
    asserted(denseWork(), "dense algebra").subtractTall(g, [tall], some, rows, count);
    trace -= g.reduce((sum, value) => sum + value ** 2, 0);
    const more = productGradients(call, [g, g.map((value) => -value)], count, others);
    sums = addGradients(sums, more);
    yield;
  }
  return { sums: sums.map((sum) => sum && mul(sum, 1 / alpha)), trace: trace / alpha };
}

// ------------------------------------------------------------------------------------------------- means and spreads

export function meanOf(estimates: Estimates): Sums {
  const total = estimates.reduce(addSums);
  const share = 1 / estimates.length;
  return { sums: total.sums.map((sum) => sum && mul(sum, share)), trace: total.trace * share };
}

/** The standard error of the mean of numbers of estimates, which are of one shape. */
export function standardErrors(estimates: readonly ArrayLike<number>[]): Float64Array {
  const count = estimates.length;
  return Float64Array.from({ length: at(estimates, 0).length }, (_, n) => {
    const values = estimates.map((estimate) => at(estimate, n));
    const mean = values.reduce((sum, value) => sum + value, 0) / count;
    const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
    return Math.sqrt(squares / (count * (count - 1)));
  });
}

/** Relative residual of the solves: far below the spread over random vectors. */
const RTOL = 1e-9;

function* solveFor(
  { matrix, inverse, settings: { alpha } }: LogdetCall,
  z: Float64Array,
  columns: number,
): Task<Float64Array> {
  const space = matrix.space(columns, alpha, inverse ?? undefined);
  const w = new Float64Array(z.length);
  const found = yield* refine(onePrecision(space), z, w, { eps: 0, rtol: RTOL });
  if (isSolved(found)) return w;
  const { iterations, residual } = found;
  throw new ConvergenceError(
    `logdet, derivative: expected solves that converge, got a relative residual of ${residual.toExponential(1)} after ${iterations} iterations: raise alpha`,
    { iterations, residual, lastIterate: wrap(w, [w.length]) },
  );
}
