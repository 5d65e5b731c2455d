/**
 * The search for eigenpairs of a symmetric operator, in float64, from random vectors of a fixed seed: those at the ends
 * of the spectrum, or those nearest to a number, by the spectrum of an inverse (Ericsson and Ruhe 1980). Must not know
 * what the operator is made of.
 */
import { generator } from "../array/array";
import { allocate, wrap } from "../array/view";
import type { Dtype, RealArray } from "../array/view";
import type { Tell } from "../call/run";
import type { RealData } from "../device/native";
import { at } from "../asserts";
import { ArgumentError, ConvergenceError } from "../errors";
import { describeValue } from "../options";
import type { OptionsOf } from "../options";
import type { Task } from "../task";
import type { Report } from "./attempt";
import { inverseNear, largestValue, nearestInSpan } from "./nearest";
import type { Spectral } from "./nearest";
import { restartedLanczos } from "./thickrestart";
import type { Eigenpairs, Wanted } from "./thickrestart";

/** Which eigenpairs are found, and how. */
export const PAIRS = {
  /**
   * Which eigenvalues: the algebraically largest (the default), the smallest, as many from both ends (of an odd number
   * one more of the largest), or those nearest to `sigma`, the nearest first.
   */
  which: { kind: ["largest", "smallest", "both", "nearest"], default: "largest" },
  /** With which "nearest": the number; with more than 2000 rows no eigenvalue itself, and near an end of the spectrum. */
  sigma: {
    expected: "a finite number",
    accepts: (value: unknown): value is number => Number.isFinite(value),
  },
  /** A pair is found when |K v - λ v| is at most rtol times the largest |λ| (default 1e-9). */
  rtol: { kind: "number", least: 0, default: 1e-9 },
  /** Products with K (default 10 n, at least 1000; nearest: 10 n, at least 10 000). */
  maxIterations: { kind: "integer", least: 1 },
} as const;

/** Which eigenpairs are found, and how. */
export type PairOptions = OptionsOf<typeof PAIRS>;

/** What `eigsh` gives. */
export interface EigshResult<T extends RealData = RealData> {
  /** `[k]`: descending; the smallest ascending; the nearest by their distance. */
  readonly values: RealArray<T>;
  /** `[n, k]`, orthonormal columns. */
  readonly vectors: RealArray<T>;
  /**
   * |K v - λ v| over the largest |λ|, one per pair, in float64 before rounding to the dtype; with exact products, or as
   * `checkedRows` exact rows tell it.
   */
  readonly residuals: readonly number[];
  /** Products with K. */
  readonly iterations: number;
  /** What products were, as of solves. */
  readonly products: Report["products"];
  /** How many rows of the residuals were computed, with all pairs, where products were not exact; else 0. */
  readonly checkedRows: number;
  /** With `tolerance: "auto"`: why products were exact all the same, in a clause; else null. */
  readonly whyExact: string | null;
}

/** Pairs in their order, with their vectors. */
export interface FoundPairs {
  readonly pairs: Eigenpairs;
  readonly vectors: readonly RealData[];
}

const SEED = 11;

/** @throws ArgumentError for a number of pairs that are not there, and for a sigma where it means nothing. */
export function checkWanted(where: string, k: unknown, rows: number, { which, sigma }: PairOptions): void {
  if (!Number.isSafeInteger(k) || (k as number) < 1 || (k as number) > rows)
    throw new ArgumentError(
      `${where}, k: expected an integer from 1 to ${rows}, the order of K, got ${describeValue(k)}`,
    );
  if ((which === "nearest") === (sigma !== undefined)) return;
  const expected = which === "nearest" ? 'a finite number with which "nearest"' : 'none unless which is "nearest"';
  throw new ArgumentError(`${where}, sigma: expected ${expected}, got ${sigma ?? "none"}`);
}

/** The pairs of a symmetric operator, whether or not the search has converged. */
export function* findPairs(
  of: Spectral,
  count: number,
  options: PairOptions,
  tell?: Tell,
  scale?: Wanted<RealData>["scale"],
): Task<FoundPairs> {
  const { rtol = PAIRS.rtol.default, which = PAIRS.which.default } = options;
  const space = of.space(1);
  const vectors = Array.from({ length: count }, () => space.vector());
  const onIteration = (iterations: number, residual: number): void =>
    tell?.({ doing: "iterations", iterations, residual, target: rtol });
  const search = { count, rtol, random: randomVectors(), onIteration, scale };
  const found = yield* which === "nearest"
    ? nearestPairs(of, vectors, search, options)
    : restartedLanczos(space, vectors, { ...search, order: which, maxIterations: mostProducts(options, space.rows) });
  return which === "both" ? inOrder(found, vectors) : { pairs: found, vectors };
}

/** Pairs with descending values. */
function inOrder(pairs: Eigenpairs, vectors: readonly RealData[]): FoundPairs {
  const { values, residuals } = pairs;
  const places = [...values.keys()].sort((a, b) => at(values, b) - at(values, a));
  const sorted = <E>(list: readonly E[]): E[] => places.map((place) => at(list, place));
  return { pairs: { ...pairs, values: sorted(values), residuals: sorted(residuals) }, vectors: sorted(vectors) };
}

const mostProducts = ({ maxIterations }: PairOptions, rows: number): number =>
  maxIterations ?? Math.max(1000, 10 * rows);

function randomVectors(): (out: RealData) => void {
  const random = generator(SEED);
  return (out) => {
    for (let n = 0; n < out.length; n++) out[n] = random() - 0.5;
  };
}

type Search = Omit<Wanted<RealData>, "maxIterations" | "order">;

/** Pairs that are searched beside those that are wanted, as the order of their inverses may differ. */
const BESIDE = 2;
/** Pairs of the inverse are found as much better, as their residuals count more for K. */
const FINER = 1e-2;

function* nearestPairs(
  of: Spectral,
  vectors: readonly RealData[],
  search: Search,
  options: PairOptions,
): Task<Eigenpairs> {
  const { random, rtol, onIteration, count } = search;
  const space = of.space(1);
  const { sigma = 0, maxIterations = Math.max(10_000, 10 * space.rows) } = options;
  const largest = yield* largestValue(space, random);
  const inverse = yield* inverseNear(of, { sigma, largest, rtol, maxIterations, onIteration });
  const beside = Array.from({ length: Math.min(BESIDE, space.rows - count) }, () => space.vector());
  const all = [...vectors, ...beside];
  const { converged } = yield* restartedLanczos(inverse.space, all, {
    ...{ count: all.length, order: "magnitude", scale: Math.abs, rtol: FINER * rtol, maxIterations, random },
  });
  const pairs = yield* nearestInSpan(space, all, { sigma, largest, count });
  const isNear = pairs.residuals.every((residual) => residual <= Math.max(rtol, 64 * space.roundoff));
  return { ...pairs, iterations: inverse.products(), converged: converged && isNear };
}

/** Pairs in the dtype of the data. @throws ConvergenceError unless they were found. */
export function roundPairs(
  { pairs: { values, residuals, iterations, converged }, vectors }: FoundPairs,
  { where, dtype }: { readonly where: string; readonly dtype: Dtype },
  told: Pick<EigshResult, "products" | "checkedRows" | "whyExact">,
): EigshResult {
  const [count, rows] = [vectors.length, at(vectors, 0).length];
  const [ofValues, ofVectors] = [allocate(dtype, count), allocate(dtype, rows * count)];
  ofValues.set(values);
  vectors.forEach((vector, k) => {
    for (let n = 0; n < rows; n++) ofVectors[n * count + k] = vector[n] as number;
  });
  const arrays = { values: wrap(ofValues, [count]), vectors: wrap(ofVectors, [rows, count]) };
  const result = { ...arrays, residuals, iterations, ...told };
  failUnlessFound(where, { converged, iterations, residuals }, result);
  return result;
}

function failUnlessFound(
  where: string,
  { converged, iterations, residuals }: Omit<Eigenpairs, "values">,
  lastIterate: EigshResult,
): void {
  const residual = residuals.reduce((most, one) => (one <= most ? most : one), 0);
  if (converged && Number.isFinite(residual)) return;
  const what = Number.isFinite(residual)
    ? `a residual of ${residual.toExponential(1)} after ${iterations} products: raise maxIterations or rtol`
    : "numbers that are not finite: look for NaN or infinity in the arrays";
  throw new ConvergenceError(`${where}: expected convergence, got ${what}`, { iterations, residual, lastIterate });
}
