/**
 * The derivative of log det (K + alpha I), the trace of (K + alpha I)⁻¹ dK. Exactly: the inverse as a matrix, times the derivatives of
 * the entries, summed over all pairs; where entries are no formula, w · dK z over all unit vectors z, w being columns of the inverse.
 * Estimated: the mean of w · dK z over random z of covariance I, with (K + alpha I) w = z (Gardner, Pleiss, Bindel, Weinberger and
 * Wilson 2018, section 4).
 */
import { add, mul } from "../array/dense";
import { wrap } from "../array/view";
import type { RealArray } from "../array/view";
import type { Real } from "../engine/native";
import { ConvergenceError } from "../errors";
import type { Argument } from "../formula/arguments";
import { Category } from "../formula/formula";
import type { Given } from "../call/prepared";
import { howOf, summedTo } from "../call/prepared";
import { blocking } from "../call/run";
import type { Preconditioner } from "../solver/preconditioner";
import { inverseOf } from "../solver/preconditioner";
import { solve } from "../solver/refine";
import { onePrecision } from "../solver/space";
import type { Task } from "../solver/task";
import { denseWork } from "./algebra";
import { weightedGradients } from "./kernelgradient";
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
  const { system, given, random } = call;
  const others = given.arrays.map((_, n) => wanted[n] === true && n !== system.unknown.position);
  const { sums, trace, scale } = yield* random ? estimated(call, random, others) : exact(call, others);
  const factor = weight * scale;
  const ofAlpha = wanted[given.arrays.length] === true ? wrap(Float64Array.of(factor * trace), call.alphaShape) : null;
  return [...sums.map((sum) => sum && mul(sum, factor)), ofAlpha];
}

/** Sums of derivatives by all arguments, and by alpha; times `scale` they are what is sought. */
interface Sums {
  readonly sums: readonly (RealArray | null)[];
  readonly trace: number;
  readonly scale: number;
}

function* estimated(call: LogdetCall, random: (out: Real) => void, others: readonly boolean[]): Task<Sums> {
  const { system, matrix, given, probes } = call;
  const width = system.kernel ? AT_ONCE : 1;
  let sums: readonly (RealArray | null)[] = given.arrays.map(() => null);
  let [trace, count] = [0, 0];
  for (; count < probes; count += width) {
    const z = new Float64Array(matrix.rows * width);
    random(z);
    const w = yield* solved(call, z, width);
    trace += w.reduce((sum, value, n) => sum + value * z[n]!, 0);
    sums = withProducts(call, sums, [z, w], width, others);
  }
  return { sums, trace, scale: 1 / count };
}

function* exact(call: LogdetCall, others: readonly boolean[]): Task<Sums> {
  const { system, matrix, given, inverse, options } = call;
  const { rows, pairs } = matrix;
  const all = yield* inverseOf(inverse!.factor!, rows, denseWork()!);
  let trace = 0;
  for (let n = 0; n < rows; n++) trace += all[n * (rows + 1)]!;
  if (!pairs) return { sums: byProducts(call, all, others), trace, scale: 1 };
  const [points = 1] = system.shape(given);
  const found = yield* weightedGradients(pairs, all, others, rows / points, howOf(options, given.extents));
  const sums = given.arrays.map((array, n) => {
    const [sum, argument] = [found[n], system.operator.args[n]!];
    return sum ? summedTo(wrap(sum, shapeOf(argument, sum.length)), argument, array.shape) : null;
  });
  return { sums, trace, scale: 1 };
}

const shapeOf = ({ category, dim }: Argument, size: number): readonly number[] =>
  category === Category.P ? [dim] : [size / dim, dim];

/** @param inverse `[rows, rows]`, symmetric. */
function byProducts(
  call: LogdetCall,
  inverse: Float64Array,
  others: readonly boolean[],
): readonly (RealArray | null)[] {
  const { system, matrix, given } = call;
  const { rows } = matrix;
  const width = system.kernel ? AT_ONCE : 1;
  let sums: readonly (RealArray | null)[] = given.arrays.map(() => null);
  for (let first = 0; first < rows; first += width) {
    const [z, w] = [new Float64Array(rows * width), new Float64Array(rows * width)];
    for (let k = 0; k < Math.min(width, rows - first); k++) {
      z[(first + k) * width + k] = 1;
      for (let n = 0; n < rows; n++) w[n * width + k] = inverse[(first + k) * rows + n]!;
    }
    sums = withProducts(call, sums, [z, w], width, others);
  }
  return sums;
}

/** With the gradients of w · K z. */
function withProducts(
  call: LogdetCall,
  sums: readonly (RealArray | null)[],
  [z, w]: readonly [Float64Array, Float64Array],
  width: number,
  others: readonly boolean[],
): readonly (RealArray | null)[] {
  if (!others.includes(true)) return sums;
  const { kernel, unknown } = call.system;
  return merged(sums, productGradients(call, z, w, kernel ? width : unknown.dim, others));
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
