/**
 * What solvers compute in: the `Space` of vectors and scalars with a linear operator, the workspace that frees what a
 * solver took, norms of columns, and narrower spaces for some of the columns.
 */
import type { Arithmetic } from "../device/device";
import { waitFor } from "../task";
import { at } from "../asserts";
import type { Task, Work } from "../task";

/** Vectors and scalars with a linear operator A. */
export interface Space<V, S> extends Arithmetic<V, S> {
  /** out = A x; `out` is another vector than `x`. */
  apply(x: V, out: V): void | Promise<void> | Work<void> | Task<void>;

  /** out = M x with M near the inverse of A, symmetric and positive definite; `out` is another vector than `x`. */
  readonly precondition?: ((x: V, out: V) => void | Promise<void> | Work<void> | Task<void>) | undefined;

  /**
   * This space on blocks of another number of columns, where that is possible: for solves of which some columns are
   * done. Comes with `gather` and `scatter`.
   */
  readonly resized?: ((columns: number) => Space<V, S>) | undefined;
}

/** The numbers of one scalar. */
export function* numbersOf<V, S>(space: Space<V, S>, scalar: S): Task<number[]> {
  const [numbers = []] = yield* waitFor(space.read([scalar]));
  return numbers;
}

/** The space that residuals and solution live in, the one that iterations run in, and the ways between them. */
export interface Precisions<V, S, W, T> {
  readonly accurate: Space<V, S>;
  readonly fast: Space<W, T>;
  lower(x: V, out: W): void;
  raise(x: W, out: V): void;
}

/** Iterations in the accurate space itself, for float64 data. */
export function onePrecision<V, S>(space: Space<V, S>): Precisions<V, S, V, S> {
  const copy = (x: V, out: V): void => {
    space.copy(x, out);
  };
  return { accurate: space, fast: space, lower: copy, raise: copy };
}

/** Takes handles from a space and frees them all at once. */
export class Workspace<V, S> {
  private readonly handles: (V | S)[] = [];

  constructor(private readonly space: Space<V, S>) {}

  vector(): V {
    return this.track(this.space.vector());
  }

  /** A scalar of zeros, or of the given numbers. */
  scalar(values?: readonly number[]): S {
    const scalar = this.track(this.space.scalar());
    if (values !== undefined) this.space.write(values, scalar);
    return scalar;
  }

  /** Frees some before the others. */
  release(handles: readonly (V | S)[]): void {
    for (const handle of handles) {
      this.handles.splice(this.handles.indexOf(handle), 1);
      this.space.free(handle);
    }
  }

  free(): void {
    for (const handle of this.handles.splice(0)) this.space.free(handle);
  }

  private track<H extends V | S>(handle: H): H {
    this.handles.push(handle);
    return handle;
  }
}

// ---------------------------------------------------------------------------------------------------------- norms

/** The 2-norm of each column. */
export function* columnNorms<V, S>(space: Space<V, S>, x: V): Task<number[]> {
  const work = new Workspace(space);
  try {
    return yield* new Norms(space, work).measure(x);
  } finally {
    work.free();
  }
}

/**
 * Measures vectors of one space by norms that neither overflow nor underflow: every column is first scaled, exactly, by
 * the power of two of its largest entry. Its handles belong to the workspace.
 */
export class Norms<V, S> {
  /** The vector measured last, each column with its peak in [1, 2): what a solve in a smaller dtype should be given. */
  readonly scaled: V;
  /** What its columns were divided by. */
  scales: number[] = [];
  private readonly zeros: V;
  private readonly peak: S;
  private readonly factor: S;

  constructor(
    private readonly space: Space<V, S>,
    work: Workspace<V, S>,
  ) {
    this.scaled = work.vector();
    this.zeros = work.vector();
    this.peak = work.scalar();
    this.factor = work.scalar();
  }

  /** The 2-norm of each column, not finite where an entry is not. */
  *measure(x: V): Task<number[]> {
    const { space, scaled, peak } = this;
    space.peak(x, peak);
    this.scales = (yield* numbersOf(space, peak)).map(powerOfTwo);
    space.copy(x, scaled);
    this.multiply(
      scaled,
      this.scales.map((scale) => 1 / scale),
    );
    space.dot(scaled, scaled, peak);
    const squares = yield* numbersOf(space, peak);
    return this.scales.map((scale, k) => scale * Math.sqrt(squares[k] ?? NaN));
  }

  /** x · the vector measured last, column by column. */
  *dot(x: V): Task<number[]> {
    this.space.dot(x, this.scaled, this.peak);
    const products = yield* numbersOf(this.space, this.peak);
    return products.map((product, k) => product * (this.scales[k] ?? NaN));
  }

  /** x *= factors, column by column. */
  multiply(x: V, factors: readonly number[]): void {
    this.space.write(factors, this.factor);
    this.space.xpay(this.zeros, this.factor, x);
  }

  /** y += factors x, column by column. */
  add(factors: readonly number[], x: V, y: V): void {
    this.space.write(factors, this.factor);
    this.space.axpy(this.factor, x, y);
  }
}

/**
 * The power of two at or below a peak; 1 for zero and for what is not finite. The exponent's reciprocal exists, too.
 */
function powerOfTwo(peak: number): number {
  if (!(peak > 0 && peak < Infinity)) return 1;
  return 2 ** Math.max(-1000, Math.min(1000, Math.floor(Math.log2(peak))));
}

// ------------------------------------------------------------------------------------------------- some columns

/** Part of the columns that a narrower block must spare to be worth its copies. */
const SPARED = 0.25;

/**
 * Some columns of a space, as the first ones of a narrower space, so that columns that are done cost nothing any more;
 * what is beyond them is zero.
 */
export class Narrowed<V, S> {
  private constructor(
    private readonly whole: Space<V, S>,
    readonly part: Space<V, S>,
    private readonly places: readonly number[],
  ) {}

  /**
   * Undefined where that spares too little, or cannot be. Widths are powers of two, as products of each width are a
   * routine of their own.
   */
  static of<V, S>(whole: Space<V, S>, places: readonly number[]): Narrowed<V, S> | undefined {
    const width = 2 ** Math.ceil(Math.log2(places.length));
    if (places.length === 0 || width > (1 - SPARED) * whole.columns) return undefined;
    const part = whole.resized?.(width);
    return part && new Narrowed(whole, part, places);
  }

  /** A number per column of the part, from those of the whole. */
  select(numbers: readonly number[], beyond: number): number[] {
    return Array.from({ length: this.part.columns }, (_, k) =>
      k < this.places.length ? at(numbers, at(this.places, k)) : beyond,
    );
  }

  /** The numbers of the whole, with what the part has made of its own. */
  merge<T>(ofWhole: readonly T[], ofPart: readonly T[]): T[] {
    const all = [...ofWhole];
    this.places.forEach((place, k) => (all[place] = at(ofPart, k)));
    return all;
  }

  /** Runs on these columns of vectors and of x; whatever its end, x gets what they have become. */
  *run<R>(vectors: readonly V[], x: V, body: (vectors: readonly V[], x: V) => Task<R>): Task<R> {
    const { whole, part, places } = this;
    const work = new Workspace(part);
    const narrow = (wide: V): V => {
      const own = work.vector();
      whole.gather?.(wide, places, own);
      return own;
    };
    const own = narrow(x);
    try {
      return yield* body(vectors.map(narrow), own);
    } finally {
      whole.scatter?.(own, places, x);
      work.free();
    }
  }
}
