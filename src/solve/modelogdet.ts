/**
 * log det (K + alpha I) of a smooth kernel from the factor of its Fourier modes, and its derivative. The one idea is
 * that the derivative is that of log det (Fᵀ F + alpha I), the trace of its inverse H times d(Fᵀ F): by points it is
 * the gradient of phi(x) · H phi(x), a sum over few frequencies; by parameters it is one of the kernel's values, as
 * the features are cosines and sines times roots of coefficients. Knows no tape.
 */
import { generator } from "../array/array";
import { contiguous, wrap } from "../array/view";
import type { RealArray } from "../array/view";
import { Operator } from "../call/operator";
import { PLAIN_SUM } from "../call/result";
import { at, realAt } from "../asserts";
import { waitFor } from "../task";
import type { Task } from "../task";
import { modesForTrace } from "./modechoice";
import type { ModeRequest } from "./modechoice";
import { GridModes, formOf, writeDerivative } from "./modelist";
import { ModeSpace, gridOfPairs, windowsOf } from "./modes";
import type { ModeFactor } from "./modes";
import { inverseOf } from "./precondition";
import type { Product } from "./product";
import { allowedError, sampledResidual } from "./verified";

/** A log-determinant, and what it was checked by. */
export interface ModeLogdet {
  readonly factor: ModeFactor;
  /** Norm of v - (K + alpha I) H v over that of v, for random v and the inverse H that the factor gives. */
  readonly residual: number;
  readonly checkedRows: number;
}

/** The relative residual that is asked for. */
const TARGET = 1e-6;
/** The trace of what features leave of K, over the rows and alpha: the value is off by the rows times it at most. */
const LEFT = 1e-8;
const SEED = 3;

/**
 * The factor, where exact rows confirm it; or why not, in a clause.
 * @param product with K + alpha I, exact, for one column.
 */
export function* logdetInModes(request: ModeRequest, product: Product, rows: number): Task<ModeLogdet | string> {
  const { alpha } = product;
  if (!(alpha > 0)) return "alpha is 0";
  const space = yield* ModeSpace.of(request, {
    allowed: allowedError(TARGET, alpha, rows, 1),
    pick: (spectral, algebra) => modesForTrace(spectral, LEFT * alpha, algebra),
  });
  const factor = typeof space === "string" ? space : yield* space.factorised(alpha, request.tell);
  if (typeof factor === "string") return factor;
  const random = generator(SEED);
  const right = Float64Array.from({ length: rows }, () => (random() < 0.5 ? -1 : 1));
  const x = new Float64Array(rows);
  yield* factor.applyInverse(right, x, 1);
  const { residual, rows: checkedRows } = yield* sampledResidual(product, { right, x, columns: 1 });
  if (residual <= TARGET) return { factor, residual, checkedRows };
  return `the factor of modes left a residual of exact rows of ${residual.toExponential(1)}, above ${TARGET}`;
}

// ---------------------------------------------------------------------------------------------------- the derivative

/** The derivative by all arguments of the kernel that are wanted, null for others, and by alpha. */
export function* logdetGradients(
  factor: ModeFactor,
  wanted: readonly boolean[],
): Task<{ sums: (RealArray | null)[]; trace: number }> {
  const { modes, alpha } = factor;
  const { algebra, kernel } = modes.chosen;
  const { features, rows } = modes;
  const inverse = yield* inverseOf(factor.factor, features, algebra);
  const diagonal = Float64Array.from({ length: features }, (_, n) => realAt(inverse, n * (features + 1)));
  const trace = (rows - features) / alpha + diagonal.reduce((sum, value) => sum + value, 0);
  const sums: (RealArray | null)[] = wanted.map(() => null);
  const { points, parameters } = kernel.convolution;
  if (points.some(({ row, column }) => wanted[row.position] || wanted[column.position]))
    yield* addByPoints(modes, inverse, sums);
  if (parameters.some(({ position }) => wanted[position])) yield* addByParameters(factor, diagonal, sums);
  return { sums: sums.map((sum, n) => (wanted[n] ? sum : null)), trace };
}

/** Half of the gradient of phi(x) · H phi(x) for rows, half for columns: K is even. */
function* addByPoints(modes: ModeSpace, inverse: Float64Array, sums: (RealArray | null)[]): Task<void> {
  const { list, series, kernel } = modes.chosen;
  const { dim, rows } = kernel.points;
  const form = yield* formOf(list, inverse);
  const grid = gridOfPairs(modes.chosen);
  const places = yield* grid.place(rows);
  const gradient = new Float64Array(rows.length);
  for (let axis = 0; axis < dim; axis++) {
    const transform = { re: new Float64Array(grid.modes), im: new Float64Array(grid.modes) };
    const along = { axis, period: at(series.period, axis) };
    writeDerivative(list, form, along, grid.shape, windowsOf(grid), transform);
    yield* grid.synthesise(transform, places, gradient, axis);
  }
  let first = 0;
  for (const { row, column } of kernel.convolution.points) {
    const own = new Float64Array(places.count * row.dim);
    for (let n = 0; n < own.length; n++)
      own[n] = realAt(gradient, Math.floor(n / row.dim) * dim + first + (n % row.dim)) / 2;
    sums[row.position] = wrap(own, [places.count, row.dim]);
    sums[column.position] = wrap(Float64Array.from(own), [places.count, row.dim]);
    first += row.dim;
  }
}

/**
 * The trace of H d(Fᵀ F) is the sum over features of (1 - alpha H) dc / c, c being the coefficient; and coefficients
 * are sums over the kernel's samples.
 */
function* addByParameters(factor: ModeFactor, diagonal: Float64Array, sums: (RealArray | null)[]): Task<void> {
  const { series, kernel } = factor.modes.chosen;
  const { kernel: formula, kernelArguments, parameters } = kernel.convolution;
  const weights = yield* weightsOfSamples(factor, diagonal);
  const operator = new Operator([formula], kernelArguments, PLAIN_SUM);
  const wanted = [false, ...parameters.map(() => true)];
  for (let image = 0; image < 2 ** series.modes.length; image++) {
    const z = displacements(series.modes, series.period, image);
    const arrays = [wrap(z, [weights.length, series.modes.length]), ...kernel.parameters];
    const found = operator.pullback(arrays, wrap(weights, [weights.length, 1]), wanted, {});
    for (const [n, { position, dim }] of parameters.entries()) {
      const more = found[1 + n];
      const before = sums[position]?.data ?? new Float64Array(dim);
      if (more)
        sums[position] = wrap(
          Float64Array.from(contiguous(more), (v, k) => v + realAt(before, k)),
          [dim],
        );
    }
    yield;
  }
}

/** What a change of each of the kernel's samples changes. */
function* weightsOfSamples({ modes, alpha }: ModeFactor, diagonal: Float64Array): Task<Float64Array> {
  const { list, series, algebra } = modes.chosen;
  const { count, scales, constant } = list;
  const shape = series.modes;
  const cells = series.samples.length;
  const features = new Float64Array(modes.features);
  if (constant > 0) features[0] = (1 - alpha * realAt(diagonal, 0)) / (constant ** 3 * cells);
  for (let n = 0; n < count; n++) {
    const both = 2 - alpha * (realAt(diagonal, 1 + n) + realAt(diagonal, 1 + count + n));
    features[1 + n] = (2 * both) / (realAt(scales, n) ** 3 * cells);
  }
  const numbers = (cells / at(shape, shape.length - 1)) * (at(shape, shape.length - 1) / 2 + 1);
  const [re, im, out] = [new Float64Array(numbers), new Float64Array(numbers), new Float64Array(cells)];
  const ones = shape.map((length) => new Float64Array(length).fill(1));
  new GridModes(list, shape, ones).write(features, re, im);
  yield* waitFor(algebra.inverseFourier(out, re, im, Int32Array.from(shape)));
  return out;
}

/** `[...modes, axes]`: displacements k period / modes, less a period on the axes whose bits are in `image`. */
function displacements(modes: readonly number[], period: readonly number[], image: number): Float64Array {
  const axes = modes.length;
  const size = modes.reduce((product, length) => product * length, 1);
  const z = new Float64Array(size * axes);
  for (let n = 0; n < size; n++) {
    let rest = n;
    for (let axis = axes - 1; axis >= 0; axis--) {
      const [length, whole] = [at(modes, axis), at(period, axis)];
      z[n * axes + axis] = ((rest % length) * whole) / length - ((image >> axis) % 2) * whole;
      rest = Math.floor(rest / length);
    }
  }
  return z;
}
