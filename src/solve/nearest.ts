/**
 * What finds eigenpairs near a number sigma: an operator whose largest eigenvalues belong to them, and the pairs of K
 * itself from the vectors that are found so. Up to some rows it is the inverse of (K - sigma I)², by Cholesky; beyond,
 * the inverse of K - sigma I, each product with it a solve by MINRES. Must not know what K is made of.
 */
import { symmetricEigen } from "../array/matrix";
import { at } from "../asserts";
import { HostVectors } from "../device/hostvectors";
import type { RealData } from "../device/native";
import { ConvergenceError } from "../errors";
import { waitFor } from "../task";
import type { Task } from "../task";
import { MINRES } from "./minres";
import { denseWork } from "./precondition";
import type { Algebra } from "./precondition";
import type { RealSpace } from "./product";
import { refine } from "./refine";
import type { Solution } from "./refine";
import { onePrecision } from "./space";
import { AT_ONCE } from "./systemmatrix";
import { restartedLanczos } from "./thickrestart";
import type { Eigenpairs } from "./thickrestart";

/** A symmetric operator whose eigenpairs are wanted. */
export interface Spectral {
  readonly where: string;
  /** On blocks of so many columns. */
  readonly space: (columns: number) => RealSpace;
}

/** Where pairs are searched, and how long. */
interface Shift {
  readonly sigma: number;
  /** About the largest |λ| of K. */
  readonly largest: number;
  readonly rtol: number;
  /** Products with K, of all solves together. */
  readonly maxIterations: number;
  readonly onIteration?: ((iteration: number, residual: number) => void) | undefined;
}

/** What has the wanted pairs at the end of its spectrum. */
interface Inverse {
  readonly space: RealSpace;
  /** Products with K so far. */
  readonly products: () => number;
}

/** Rows up to which products for all entries and a factorisation cost less than solves. */
const DENSE_ROWS = 2000;

/** An operator whose largest eigenvalues, by size, belong to the eigenvalues of K near sigma. */
export function* inverseNear(of: Spectral, shift: Shift): Task<Inverse> {
  const algebra = denseWork();
  const { rows } = of.space(1);
  return algebra && rows <= DENSE_ROWS ? yield* inverseSquare(of, shift, algebra) : inverseShift(of, shift);
}

// ----------------------------------------------------------------------------------------------- by a factorisation

/**
 * The ridge that makes (K - sigma I)² regular, over the square of the largest |λ|. The largest value of the inverse is
 * 1 over it, and rounding of that must leave the other pairs their digits.
 */
const RIDGE = 1e-8;

/** ((K - sigma I)² + a ridge)⁻¹: regular where sigma is an eigenvalue, too. */
function* inverseSquare({ where, space }: Spectral, { sigma, largest }: Shift, algebra: Algebra): Task<Inverse> {
  const block = space(AT_ONCE);
  const { rows } = block;
  const square = new Float64Array(rows * rows);
  const shifted = shiftedSpace(block, sigma);
  const [unit, once, twice] = [block.vector(), block.vector(), block.vector()];
  for (let first = 0; first < rows; first += AT_ONCE) {
    const count = Math.min(AT_ONCE, rows - first);
    unit.fill(0);
    for (let k = 0; k < count; k++) unit[(first + k) * AT_ONCE + k] = 1;
    yield* waitFor(shifted.apply(unit, once));
    yield* waitFor(shifted.apply(once, twice));
    for (let row = 0; row < rows; row++)
      square.set(twice.subarray(row * AT_ONCE, row * AT_ONCE + count), row * rows + first);
  }
  const ridge = RIDGE * (largest + Math.abs(sigma)) ** 2;
  for (let n = 0; n < rows; n++) square[n * (rows + 1)] = (square[n * (rows + 1)] as number) + ridge;
  const failed = (yield* waitFor(algebra.cholesky(square, rows))) !== 0;
  if (failed)
    throw new ConvergenceError(
      `${where}, sigma ${sigma}: expected numbers that are finite, got others: look for NaN or infinity in the arrays`,
      { iterations: 0, residual: NaN, lastIterate: null },
    );
  const inverse = derivedSpace(space(1), function* (x, out) {
    const solution = Float64Array.from(x);
    yield* waitFor(algebra.choleskySolve(square, solution, rows, 1));
    out.set(solution);
  });
  return { space: inverse, products: () => 2 * rows };
}

// ------------------------------------------------------------------------------------------------------- by solves

/** What a solve may miss of the tolerance of pairs. */
const PART = 0.1;
/** A solve that stops falling above that has met an eigenvalue. */
const USELESS = 1e-6;
/** Iterations of a solve without a lower residual. */
const PATIENCE = 500;

/** (K - sigma I)⁻¹ */
function inverseShift({ where, space }: Spectral, { sigma, rtol, maxIterations, onIteration }: Shift): Inverse {
  let products = 0;
  const own = space(1);
  const shifted = shiftedSpace(own, sigma);
  const counted = derivedSpace(own, function* (x, out) {
    products++;
    yield* waitFor(shifted.apply(x, out));
  });
  const inverse = derivedSpace(own, function* (b, out) {
    out.fill(0);
    const before = products;
    const found = yield* refine(onePrecision(counted), b, out, {
      ...{ eps: 0, rtol: Math.max(PART * rtol, own.roundoff), inner: MINRES, patience: PATIENCE },
      maxIterations: Math.max(1, maxIterations - before),
      onIteration: ({ iteration, residual }) => onIteration?.(before + iteration, residual),
    });
    failUnlessSolved(where, sigma, found, out);
  });
  return { space: inverse, products: () => products };
}

function failUnlessSolved(where: string, sigma: number, found: Solution, lastIterate: RealData): void {
  const { converged, residual, iterations } = found;
  if (converged === "tolerance" || residual <= USELESS) return;
  const got = `a residual of ${residual.toExponential(1)} after ${iterations} products`;
  const advice =
    converged === "nan"
      ? "look for NaN or infinity in the arrays"
      : converged === "iterations"
        ? "raise maxIterations, or move sigma off an eigenvalue"
        : "move sigma off an eigenvalue, or use another `which`";
  throw new ConvergenceError(
    `${where}, sigma ${sigma}: expected solves with K - sigma I that converge, got ${got}: ${advice}`,
    { iterations, residual, lastIterate },
  );
}

/** Vectors of the same kind with another operator. */
function derivedSpace(space: RealSpace, apply: (x: RealData, out: RealData) => Task<void>): RealSpace {
  return Object.assign(new HostVectors(space.rows, space.columns, "float64"), { apply, roundoff: space.roundoff });
}

const shiftedSpace = (space: RealSpace, sigma: number): RealSpace =>
  derivedSpace(space, function* (x, out) {
    yield* waitFor(space.apply(x, out));
    for (let n = 0; n < out.length; n++) out[n] = (out[n] as number) - sigma * (x[n] as number);
  });

// --------------------------------------------------------------------------------------------------- the pairs of K

/** Products that tell the largest |λ|, which residuals are compared with, well enough. */
const FEW = 20;

/** The largest |λ|, roughly. */
export function* largestValue(space: RealSpace, random: (out: RealData) => void): Task<number> {
  const options = { count: 1, order: "magnitude", rtol: 0, maxIterations: FEW, random } as const;
  const { values } = yield* restartedLanczos(space, [space.vector()], options);
  return Math.abs(at(values, 0));
}

/**
 * The pairs of K nearest to sigma in the span of orthonormal vectors (Rayleigh and Ritz): the first vectors become
 * theirs, as many as `count`.
 */
export function* nearestInSpan(
  space: RealSpace,
  vectors: readonly RealData[],
  { sigma, largest, count }: Pick<Shift, "sigma" | "largest"> & { readonly count: number },
): Task<Omit<Eigenpairs, "converged" | "iterations">> {
  const images = vectors.map(() => space.vector());
  for (const [n, vector] of vectors.entries()) yield* waitFor(space.apply(vector, at(images, n)));
  const { values, rows } = symmetricEigen(vectors.map((v) => images.map((image) => dot(v, image))));
  const order = [...values.keys()].sort((a, b) => Math.abs(at(values, a) - sigma) - Math.abs(at(values, b) - sigma));
  const places = order.slice(0, count);
  const turned = (some: readonly RealData[], place: number): Float64Array => combine(some, rows, place);
  const found = places.map((place) => ({ vector: turned(vectors, place), image: turned(images, place) }));
  const residuals = found.map(({ vector, image }, k) => {
    const value = at(values, at(places, k));
    const square = image.reduce((sum, y, n) => sum + (y - value * (vector[n] as number)) ** 2, 0);
    at(vectors, k).set(vector);
    return Math.sqrt(square) / (largest || 1);
  });
  return { values: places.map((place) => at(values, place)), residuals };
}

function dot(a: RealData, b: RealData): number {
  let sum = 0;
  for (let n = 0; n < a.length; n++) sum += (a[n] as number) * (b[n] as number);
  return sum;
}

/** The sum of vectors, each times its entry in a column. */
function combine(some: readonly RealData[], rows: readonly (readonly number[])[], column: number): Float64Array {
  const sum = new Float64Array(at(some, 0).length);
  some.forEach((vector, k) => {
    const factor = at(at(rows, k), column);
    for (let n = 0; n < sum.length; n++) sum[n] = (sum[n] as number) + factor * (vector[n] as number);
  });
  return sum;
}
