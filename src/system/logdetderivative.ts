/**
 * The derivative of log det (K + alpha I), the trace of (K + alpha I)⁻¹ dK: the mean of w · dK z over random z of covariance I, with
 * (K + alpha I) w = z (Gardner, Pleiss, Bindel, Weinberger and Wilson 2018, section 4), or its sum over all unit vectors, which is exact. Either way it
 * is made of solves with many columns and of gradients of the product.
 */
import { add, mul } from "../array/dense";
import { wrap } from "../array/view";
import type { RealArray } from "../array/view";
import type { Real } from "../engine/native";
import { ConvergenceError } from "../errors";
import type { Given } from "../operator/arguments";
import { howOf } from "../operator/call";
import { blocking } from "../operator/running";
import type { Preconditioner } from "../solver/preconditioner";
import { solve } from "../solver/refine";
import { onePrecision } from "../solver/space";
import type { Task } from "../solver/task";
import { AT_ONCE } from "./matrix";
import type { MatrixOptions, SystemMatrix } from "./matrix";
import { isSolved } from "./options";
import { replaced } from "./replaced";
import type { System } from "./system";

/** A log-determinant that was found. */
export interface LogdetCall {
  readonly system: System;
  readonly matrix: SystemMatrix;
  /** In float64. */
  readonly given: Given;
  readonly inverse: Preconditioner | null;
  readonly alphaShape: readonly number[];
  /** Fills a block with random vectors of covariance I; null for all unit vectors. */
  readonly random: ((out: Real) => void) | null;
  readonly probes: number;
  readonly options: MatrixOptions & { readonly alpha: number };
}

/** @returns one per argument, and that of alpha; null where it is not wanted. */
export function logdetPullback(
  call: LogdetCall,
  cotangent: RealArray,
  wanted: readonly boolean[],
): (RealArray | null)[] {
  return blocking(gradients(call, cotangent.get(0), wanted));
}

function* gradients(call: LogdetCall, weight: number, wanted: readonly boolean[]): Task<(RealArray | null)[]> {
  const { system, matrix, given, random, probes } = call;
  const { unknown, kernel } = system;
  const width = kernel ? AT_ONCE : 1;
  const count = random ? probes : matrix.rows;
  const scale = random ? weight / (Math.ceil(count / width) * width) : weight;
  const others = given.arrays.map((_, n) => wanted[n] === true && n !== unknown.position);
  let sums: (RealArray | null)[] = others.map(() => null);
  let trace = 0;
  for (let first = 0; first < count; first += width) {
    const z = new Float64Array(matrix.rows * width);
    if (random) random(z);
    else for (let k = 0; k < width && first + k < count; k++) z[(first + k) * width + k] = 1;
    const w = yield* solved(call, z, width);
    trace += w.reduce((sum, value, n) => sum + value * z[n]!, 0);
    if (others.includes(true)) sums = merged(sums, productGradients(call, z, w, kernel ? width : unknown.dim, others));
  }
  const ofAlpha = wanted[given.arrays.length] === true ? wrap(Float64Array.of(scale * trace), call.alphaShape) : null;
  return [...sums.map((sum) => sum && mul(sum, scale)), ofAlpha];
}

/** Of w · K z. */
function productGradients(
  { system, given, options }: LogdetCall,
  z: Float64Array,
  w: Float64Array,
  dim: number,
  wanted: readonly boolean[],
): readonly (RealArray | null)[] {
  const arrays = replaced(given.arrays, system.unknown.position, wrap(z, [z.length / dim, dim]));
  return system.ofUnknown(dim).pullback(arrays, wrap(w, [w.length / dim, dim]), wanted, howOf(options, given.extents));
}

const merged = (sums: readonly (RealArray | null)[], more: readonly (RealArray | null)[]): (RealArray | null)[] =>
  sums.map((sum, n) => (sum && more[n] ? add(sum, more[n]) : (more[n] ?? null)));

/** Relative residual of the solves: far below the spread over random vectors. */
const RTOL = 1e-9;

function* solved(
  { matrix, inverse, options: { alpha } }: LogdetCall,
  z: Float64Array,
  columns: number,
): Task<Float64Array> {
  const space = matrix.space(columns, alpha, inverse ?? undefined);
  const w = new Float64Array(z.length);
  const found = yield* solve(onePrecision(space), z, w, { eps: 0, rtol: RTOL });
  if (isSolved(found)) return w;
  const { iterations, residual } = found;
  throw new ConvergenceError(
    `logdet, derivative: expected solves that converge, got a relative residual of ${residual.toExponential(1)} after ${iterations} iterations: raise alpha`,
    { iterations, residual, lastIterate: wrap(w, [w.length]) },
  );
}
