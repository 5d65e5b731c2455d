/**
 * The derivative of log det (K + alpha I), the trace of (K + alpha I)⁻¹ dK. Exactly: the inverse as a matrix, times the
 * derivatives of the entries, summed over all pairs; where entries are no formula, w · dK z over all unit vectors z, w
 * being columns of the inverse. Estimated: logdetestimate.ts.
 */
import { mul } from "../array/arithmetic";
import { wrap } from "../array/view";
import type { RealArray } from "../array/view";
import { checkPlacement } from "../call/prepared";
import { summedTo } from "../call/batches";
import type { How } from "../call/prepared";
import { blocking } from "../call/run";
import { chooser, routineFor } from "../device/routine";
import type { Routine } from "../device/device";
import type { Specification } from "../codegen/specification";
import { asserted, at } from "../asserts";
import type { Argument } from "../formula/arguments";
import { grad } from "../formula/autodiff";
import { Category } from "../formula/formula";
import type { Formula } from "../formula/formula";
import { constant, isZero } from "../formula/core";
import { concat } from "../formula/vectors";
import type { Task } from "../task";
import type { Pairwise } from "./kernelmatrix";
import { addGradients, estimateSums, meanOf, productGradients } from "./logdetestimate";
import type { Gradients, LogdetCall, Sums } from "./logdetestimate";
import { logdetGradients } from "./modelogdet";
import type { ModeFactor } from "./modes";
import { denseWork, inverseOf } from "./precondition";
import { AT_ONCE } from "./systemmatrix";

/** What the derivative is, by all arguments and alpha, and where it is estimated its standard error. */
export interface LogdetGradients {
  /** Null where it is not wanted. */
  readonly values: (RealArray | null)[];
  readonly estimates: readonly (RealArray | null)[][];
}

/** @param wanted one per argument, and alpha. */
export function logdetPullback(call: LogdetCall, cotangent: RealArray, wanted: readonly boolean[]): LogdetGradients {
  return blocking(gradients(call, cotangent.get(0), wanted));
}

function* gradients(call: LogdetCall, weight: number, wanted: readonly boolean[]): Task<LogdetGradients> {
  const { system, given, random, modes } = call;
  const others = given.arrays.map((_, n) => wanted[n] === true && n !== system.unknown.position);
  const estimates = random && !modes ? yield* estimateSums(call, random, others) : [];
  const found =
    estimates.length > 0
      ? meanOf(estimates)
      : yield* modes ? sumsByModes(call, modes, others) : exactSums(call, others);
  const weighted = ({ sums, trace }: Sums): (RealArray | null)[] => {
    const ofAlpha =
      wanted[given.arrays.length] === true ? wrap(Float64Array.of(weight * trace), call.alphaShape) : null;
    return [...sums.map((sum) => sum && mul(sum, weight)), ofAlpha];
  };
  return { values: weighted(found), estimates: estimates.map(weighted) };
}

function* sumsByModes({ system, given }: LogdetCall, modes: ModeFactor, others: readonly boolean[]): Task<Sums> {
  const { sums, trace } = yield* logdetGradients(modes, others);
  const own = sums.map((sum, n) => sum && summedTo(sum, at(system.operator.args, n), at(given.arrays, n).shape));
  return { sums: own, trace };
}

function* exactSums(call: LogdetCall, others: readonly boolean[]): Task<Sums> {
  const { system, matrix, given, inverse, settings } = call;
  const { rows, pairs } = matrix;
  const factor = asserted(inverse?.factor, "a factor");
  const all = yield* inverseOf(factor, rows, asserted(denseWork(), "dense algebra"));
  let trace = 0;
  for (let n = 0; n < rows; n++) trace += all[n * (rows + 1)]!;
  if (!pairs) return { sums: sumsByProducts(call, all, others), trace };
  const [points = 1] = system.shape(given);
  const found = yield* weightedGradients(pairs, all, others, rows / points, checkPlacement(settings, given));
  const sums = given.arrays.map((array, n) => {
    const [sum, argument] = [found[n], at(system.operator.args, n)];
    return sum ? summedTo(wrap(sum, shapeOf(argument, sum.length)), argument, array.shape) : null;
  });
  return { sums, trace };
}

const shapeOf = ({ category, dim }: Argument, size: number): readonly number[] =>
  category === Category.P ? [dim] : [size / dim, dim];

/** @param inverse `[rows, rows]`, symmetric. */
function sumsByProducts(call: LogdetCall, inverse: Float64Array, others: readonly boolean[]): Gradients {
  const { system, matrix, given } = call;
  const { rows } = matrix;
  const width = system.kernel ? AT_ONCE : 1;
  let sums: Gradients = given.arrays.map(() => null);
  for (let first = 0; first < rows; first += width) {
    const [z, w] = [new Float64Array(rows * width), new Float64Array(rows * width)];
    for (let k = 0; k < Math.min(width, rows - first); k++) {
      z[(first + k) * width + k] = 1;
      for (let n = 0; n < rows; n++) w[n * width + k] = inverse[(first + k) * rows + n]!;
    }
    sums = addGradients(sums, productGradients(call, [z, w], system.kernel ? width : system.unknown.dim, others));
  }
  return sums;
}

// ------------------------------------------------------------------------- sums over all pairs, weighted by a matrix

/** Numbers of one piece, between two pauses. */
const PIECE = 2 ** 16;

/** The derivative by one argument: where its components stand among those of all, and what its sums are. */
interface Part {
  readonly argument: Argument;
  readonly derivative: Formula;
  readonly offset: number;
  readonly sums: Float64Array;
}

/**
 * For each wanted argument n: the sum over pairs of weights [rows, rows] times the derivative of the kernel by it, as
 * `[extent, dim]`. One pass evaluates the derivatives by all arguments together: they have most of their work in
 * common.
 * @param perPoint rows of the kernel that belong to one point.
 */
function* weightedGradients(
  pairs: Pairwise,
  weights: Float64Array,
  wanted: readonly boolean[],
  perPoint: number,
  how: How,
): Task<(Float64Array | null)[]> {
  const { args, rows } = pairs;
  const derivatives = args.map(({ variable }, n) =>
    wanted[n] === true ? grad(pairs.formula, variable, constant(1)) : null,
  );
  const found = derivatives.map((derivative, n) => {
    const { category, dim } = at(args, n);
    return derivative && new Float64Array((category === Category.P ? 1 : rows / perPoint) * dim);
  });
  const parts: Part[] = [];
  let dims = 0;
  derivatives.forEach((derivative, n) => {
    if (!derivative || isZero(derivative)) return;
    parts.push({ argument: at(args, n), derivative, offset: dims, sums: asserted(found[n], "sums") });
    dims += at(args, n).dim;
  });
  if (parts.length > 0) yield* addAll(parts, weights, { ...pairs, dims, perPoint }, how);
  return found;
}

/** Evaluates all derivatives by some rows after the other, and adds them up. */
function* addAll(
  parts: readonly Part[],
  weights: Float64Array,
  place: Pairwise & Pick<Place, "dims" | "perPoint">,
  how: How,
): Task<void> {
  const { rows, dims } = place;
  const values = routineOf(place, parts.map(({ derivative }) => derivative).reduce(concat), how);
  const height = Math.max(1, Math.floor(PIECE / (rows * dims)));
  const out = new Float64Array(Math.min(height, rows) * rows * dims);
  for (let firstRow = 0; firstRow < rows; firstRow += height) {
    const piece = { firstRow, endRow: Math.min(rows, firstRow + height) };
    const whole = { args: place.data, rows, columns: rows, firstColumn: 0, endColumn: rows, device: how.device };
    values.block({ ...whole, ...piece, out: out.subarray(0, (piece.endRow - firstRow) * rows * dims) });
    for (const part of parts) addTo(part, out, weights, { ...place, ...piece });
    yield;
  }
}

function routineOf({ args, rows, dtype, kept }: Pairwise, formula: Formula, how: How): Routine {
  const specification: Specification = {
    ...{ formulas: [formula], reduction: null, k: 1, rows: kept, variables: args, dtype },
    ...{ sumScheme: "block", accumulator: dtype },
  };
  return routineFor(chooser(specification, how), rows * rows, how.begun);
}

interface Place {
  readonly firstRow: number;
  readonly endRow: number;
  readonly rows: number;
  readonly dims: number;
  readonly perPoint: number;
  readonly kept: Category;
}

/** Adds a piece's derivatives, each times the weight of its pair. */
function addTo({ argument, offset, sums }: Part, values: Float64Array, weights: Float64Array, place: Place): void {
  const { firstRow, endRow, rows, dims, perPoint, kept } = place;
  const { category, dim } = argument;
  const [byRow, byColumn] = [category === kept ? dim : 0, category === kept || category === Category.P ? 0 : dim];
  for (let i = firstRow; i < endRow; i++)
    for (let d = 0; d < dim; d++) {
      const row = { values, weights, at: (i - firstRow) * rows * dims + offset + d, step: dims, first: i * rows, rows };
      if (byColumn > 0) addColumns(row, sums, d, dim, perPoint);
      else sums[byRow * Math.floor(i / perPoint) + d]! += dotOf(row);
    }
}

/** Values of one row of pairs, `step` apart from `at` on, and their weights, from `first` on. */
interface WeightedRow {
  readonly values: Float64Array;
  readonly weights: Float64Array;
  readonly at: number;
  readonly step: number;
  readonly first: number;
  readonly rows: number;
}

/** In two sums, as each addition waits for the one before it. */
function dotOf({ values, weights, at: from, step, first, rows }: WeightedRow): number {
  let [even, odd] = [0, 0];
  let place = from;
  for (let j = first; j < first + rows; j += 2, place += 2 * step) {
    even += weights[j]! * values[place]!;
    if (j + 1 < first + rows) odd += weights[j + 1]! * values[place + step]!;
  }
  return even + odd;
}

/** Component d of each column's point. */
function addColumns(row: WeightedRow, sums: Float64Array, d: number, dim: number, perPoint: number): void {
  const { values, weights, at: from, step, first, rows } = row;
  for (let begin = 0, to = d; begin < rows; begin += perPoint, to += dim)
    for (let j = begin; j < begin + perPoint; j++) sums[to]! += weights[first + j]! * values[from + j * step]!;
}
