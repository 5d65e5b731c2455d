/**
 * Extreme eigenpairs of a symmetric operator by Lanczos with full orthogonalisation and thick restarts (Wu and Simon
 * 2000). One Krylov space sees one vector of a multiple eigenvalue; hence, when all pairs have converged, the search
 * begins once more from a random vector beside them, and ends when that finds nothing further out. Which pairs are
 * wanted is an order of eigenvalues: all else is the same.
 */
import { symmetricEigen } from "../array/matrix";
import type { Eigen } from "../array/matrix";
import { at } from "../asserts";
import { waitFor } from "../task";
import type { Task } from "../task";
import { Workspace, numbersOf } from "./space";
import type { Space } from "./space";

/** An order in which eigenvalues are wanted. */
interface Order {
  /** Places of descending values, the one that is wanted most first. */
  readonly places: (values: readonly number[]) => readonly number[];
  /** How much further out a value at a place of that order is than another one. */
  readonly gain: (value: number, other: number, place: number) => number;
}

const places = (values: readonly number[]): number[] => [...values.keys()];

/** Both ends by turns, the upper one first. */
const fromBothEnds = (values: readonly number[]): number[] =>
  places(values).map((n) => (n % 2 === 0 ? n / 2 : values.length - (n + 1) / 2));

/** What may be wanted first. */
export type OrderName = "largest" | "smallest" | "both" | "magnitude";

const ORDERS: Readonly<Record<OrderName, Order>> = {
  largest: { places, gain: (value, other) => value - other },
  smallest: { places: (values) => places(values).reverse(), gain: (value, other) => other - value },
  both: { places: fromBothEnds, gain: (value, other, place) => (place % 2 === 0 ? value - other : other - value) },
  magnitude: {
    places: (values) => places(values).sort((a, b) => Math.abs(at(values, b)) - Math.abs(at(values, a))),
    gain: (value, other) => Math.abs(value) - Math.abs(other),
  },
};

/** What is searched for. */
export interface Wanted<V> {
  /** Pairs to find, at least 1 and at most the number of rows. */
  readonly count: number;
  /** Which ones: the largest by default. */
  readonly order?: OrderName | undefined;
  /** Norm of A v - λ v, over its scale, at which a pair is found; no smaller than rounding allows. */
  readonly rtol: number;
  /** What residuals of λ are compared with, given the largest |λ|: that by default. */
  readonly scale?: ((value: number, largest: number) => number) | undefined;
  /** Products with A, at the most; at least `count` are done. */
  readonly maxIterations: number;
  /** Fills a vector with random numbers. */
  readonly random: (out: V) => void;
  /** Receives the products so far and the largest relative residual of the pairs, as the projection has it. */
  readonly onIteration?: ((iteration: number, residual: number) => void) | undefined;
}

export interface Eigenpairs {
  /** In the order that is wanted. */
  readonly values: readonly number[];
  /** |A v - λ v| over its scale, recomputed. */
  readonly residuals: readonly number[];
  /** Products with A. */
  readonly iterations: number;
  readonly converged: boolean;
}

/** Vectors of the basis beyond twice those that are wanted. */
const SPARE = 30;
/** In units of roundoff times the largest |λ|: below, a vector is rounding. */
const NOISE = 64;
/** How far the first pair beside the wanted ones must have converged to show that nothing larger was missed. */
const BESIDE = 1e-2;

/** @param space of one column. @param vectors as many as `count`; they become the eigenvectors. */
export function* restartedLanczos<V, S>(
  space: Space<V, S>,
  vectors: readonly V[],
  options: Wanted<V>,
): Task<Eigenpairs> {
  const work = new Workspace(space);
  try {
    const search = new RestartedSearch(space, work, options);
    yield* search.begin();
    for (;;) {
      yield* search.extend();
      if (search.isOver()) return yield* search.conclude(vectors);
      yield* search.restart();
    }
  } finally {
    work.free();
  }
}

/** What a projection says of the operator, in the order that is wanted. */
interface Ritz extends Eigen {
  /** Over their scales. */
  readonly residuals: readonly number[];
}

class RestartedSearch<V, S> {
  /** Orthonormal; one more than are projected on. */
  private readonly basis: V[];
  private readonly parts: S[];
  private readonly square: S;
  private readonly factor: S;
  private readonly zeros: V;
  /** Vᵀ A V, by rows. */
  private projected: Float64Array[];
  private readonly longest: number;
  /** Vectors of the basis whose images are in the projection. */
  private size = 0;
  private iterations = 0;
  private ritz: Ritz = { values: [], rows: [], residuals: [] };
  /** Norm of what the last image has outside of the basis. */
  private outside = 0;
  private largest = 0;
  /** The wanted values when all had converged; since then the search goes on from a random vector. */
  private accepted: readonly number[] | undefined;
  private readonly order: Order;
  private isConverged = false;

  constructor(
    private readonly space: Space<V, S>,
    private readonly work: Workspace<V, S>,
    private readonly options: Wanted<V>,
  ) {
    this.longest = Math.min(space.rows, 2 * options.count + SPARE);
    this.order = ORDERS[options.order ?? "largest"];
    this.basis = Array.from({ length: this.longest + 1 }, () => work.vector());
    this.parts = this.basis.map(() => work.scalar());
    this.projected = square(this.longest);
    this.square = work.scalar();
    this.factor = work.scalar();
    this.zeros = work.vector();
  }

  *begin(): Task<void> {
    yield* this.randomVector(0);
  }

  /** The basis grows to its full length, and is projected on. */
  *extend(): Task<void> {
    const { count, maxIterations, onIteration } = this.options;
    while (this.size < this.longest && (this.iterations < maxIterations || this.size < count)) {
      yield* this.addImage();
      this.iterations++;
      onIteration?.(this.iterations, this.residual);
    }
    this.ritz = this.projection();
  }

  /** Whether the search has ended: with all pairs, or with its iterations. */
  isOver(): boolean {
    const { rtol, maxIterations } = this.options;
    const { values } = this.ritz;
    const tolerance = Math.max(rtol, NOISE * this.space.roundoff);
    const isFound = this.residual <= tolerance;
    this.isConverged = this.size === this.space.rows;
    if (isFound && this.accepted !== undefined && !this.isConverged) {
      const isNew = this.accepted.some(
        (value, n) => this.order.gain(at(values, n), value, n) > tolerance * this.largest,
      );
      if (isNew) this.accepted = undefined;
      this.isConverged = !isNew && this.isQuietBeside(tolerance);
    }
    return this.isConverged || this.iterations >= maxIterations || Number.isNaN(this.largest);
  }

  /** Whether the first pairs beside the wanted ones have converged far enough to show that nothing was missed. */
  private isQuietBeside(tolerance: number): boolean {
    const { count, order = "largest" } = this.options;
    const { values, residuals } = this.ritz;
    const sides = order === "both" ? Math.min(2, count) : 1;
    const isEnough = (residual: number, n: number): boolean => {
      const [beside, least] = [at(values, count + n), Math.abs(at(values, count - 1))];
      if (order === "largest" || order === "magnitude")
        return residual <= BESIDE * Math.max(least / (this.scaleOf(least) || 1), tolerance);
      const gap = Math.abs(beside - at(values, sides === 1 ? 0 : (count + n) % 2));
      return residual <= Math.max((BESIDE * gap) / (this.scaleOf(beside) || 1), tolerance);
    };
    return residuals.slice(count, count + sides).every(isEnough);
  }

  /** The best Ritz vectors become the new basis; the next one is the residual of them all, or a random one. */
  *restart(): Task<void> {
    const { count, rtol } = this.options;
    const { values } = this.ritz;
    const kept = count + Math.floor((this.size - count) / 2);
    const isFound = this.residual <= Math.max(rtol, NOISE * this.space.roundoff);
    const isRandom = this.outside === 0 || (isFound && this.accepted === undefined);
    if (isFound) this.accepted ??= values.slice(0, count);
    const next = at(this.basis, this.size);
    const turned = Array.from({ length: kept }, () => this.work.vector());
    turned.forEach((vector, k) => {
      this.combine(k, vector);
    });
    turned.forEach((vector, k) => {
      this.space.copy(vector, at(this.basis, k));
    });
    this.work.release(turned);
    this.space.copy(next, at(this.basis, kept));
    this.projected = square(this.longest);
    for (let k = 0; k < kept; k++) at(this.projected, k)[k] = at(values, k);
    this.size = kept;
    if (isRandom) yield* this.randomVector(kept);
  }

  /** Writes the eigenvectors, and measures what they leave. */
  *conclude(vectors: readonly V[]): Task<Eigenpairs> {
    const { space, square, factor } = this;
    const image = this.work.vector();
    const values = vectors.map((_, k) => at(this.ritz.values, k));
    const residuals: number[] = [];
    for (const [k, vector] of vectors.entries()) {
      this.combine(k, vector);
      yield* waitFor(space.apply(vector, image));
      space.write([at(values, k)], factor);
      space.axmy(factor, vector, image);
      space.dot(image, image, square);
      residuals.push(Math.sqrt(yield* this.readNumber(square)) / (this.scaleOf(at(values, k)) || 1));
    }
    return { values, residuals, iterations: this.iterations, converged: this.isConverged };
  }

  /** The largest residual of the wanted pairs. */
  private get residual(): number {
    const { residuals } = this.ritz;
    if (residuals.length === 0) return 1;
    return residuals.slice(0, this.options.count).reduce((most, one) => Math.max(most, one), 0);
  }

  /** One more column of the projection, and one more vector of the basis. */
  private *addImage(): Task<void> {
    const { space, size } = this;
    const next = at(this.basis, size + 1);
    yield* waitFor(space.apply(at(this.basis, size), next));
    const parts = yield* this.orthogonalise(size + 1, next);
    parts.forEach((part, n) => {
      at(this.projected, n)[size] = at(this.projected, size)[n] = part;
    });
    this.largest = Math.max(this.largest, Math.hypot(...parts));
    space.dot(next, next, this.square);
    this.outside = Math.sqrt(yield* this.readNumber(this.square));
    this.size++;
    const isRounding = this.outside <= NOISE * space.roundoff * this.largest;
    if (!isRounding) this.scale(next, this.outside);
    else {
      this.outside = 0;
      if (this.size < space.rows) yield* this.randomVector(this.size);
    }
  }

  /** Vector n of the basis becomes random, orthogonal to those before. */
  private *randomVector(n: number): Task<void> {
    const vector = at(this.basis, n);
    this.options.random(vector);
    yield* this.orthogonalise(n, vector);
    this.space.dot(vector, vector, this.square);
    this.scale(vector, Math.sqrt(yield* this.readNumber(this.square)));
  }

  /**
   * Takes from a vector what it has in common with the first `count` of the basis, twice, and returns how much that
   * was.
   */
  private *orthogonalise(count: number, vector: V): Task<number[]> {
    const { space, parts } = this;
    const sums = new Array<number>(count).fill(0);
    for (let pass = 0; pass < 2; pass++) {
      for (let n = 0; n < count; n++) {
        space.dot(at(this.basis, n), vector, at(parts, n));
        space.axmy(at(parts, n), at(this.basis, n), vector);
      }
      const numbers = yield* waitFor(space.read(parts.slice(0, count)));
      numbers.forEach(([part = NaN], n) => (sums[n]! += part));
    }
    return sums;
  }

  private projection(): Ritz {
    const found = symmetricEigen(
      this.projected.slice(0, this.size).map((row) => Array.from(row.subarray(0, this.size))),
    );
    this.largest = found.values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const order = this.order.places(found.values);
    const values = order.map((n) => at(found.values, n));
    const rows = found.rows.map((row) => order.map((n) => at(row, n)));
    const residuals = (rows.at(-1) ?? []).map(
      (part, n) => (Math.abs(part) * this.outside) / (this.scaleOf(at(values, n)) || 1),
    );
    return { values, rows, residuals };
  }

  private scaleOf(value: number): number {
    const { scale } = this.options;
    return scale ? scale(value, this.largest) : this.largest;
  }

  /** out = Ritz vector k. */
  private combine(k: number, out: V): void {
    const { space, factor } = this;
    space.copy(this.zeros, out);
    this.ritz.rows.forEach((row, n) => {
      space.write([at(row, k)], factor);
      space.axpy(factor, at(this.basis, n), out);
    });
  }

  private scale(vector: V, norm: number): void {
    this.space.write([1 / norm], this.factor);
    this.space.xpay(this.zeros, this.factor, vector);
  }

  private *readNumber(scalar: S): Task<number> {
    const [number = NaN] = yield* numbersOf(this.space, scalar);
    return number;
  }
}

const square = (n: number): Float64Array[] => Array.from({ length: n }, () => new Float64Array(n));
