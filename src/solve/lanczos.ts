/**
 * The recurrence of Lanczos (1950), one per column: A V = V T with orthonormal V and tridiagonal T, or with a
 * preconditioner M the same for M^1/2 A M^1/2. Three vectors are kept, none is orthogonalised again. MINRES is made of
 * it, and the stochastic quadrature that estimates traces of logarithms (Ubaru, Chen and Saad 2017).
 */
import { waitFor } from "../task";
import { at, realAt } from "../asserts";
import type { Task } from "../task";
import { Workspace, numbersOf } from "./space";
import type { Space } from "./space";

/** A row of T, per column: its diagonal entry, and the one beside it. */
export interface Row {
  readonly alpha: readonly number[];
  readonly beta: readonly number[];
}

/** Runs step by step; its handles belong to the workspace. A column whose beta is 0 has ended and stands still. */
export class Lanczos<V, S> {
  /** v_k of the step done last, for a preconditioner M^1/2 v_k. */
  readonly v: V;
  private readonly zeros: V;
  private previous: V;
  private current: V;
  private next: V;
  private readonly image: V;
  private readonly scalars: { readonly beta: S; readonly alpha: S; readonly square: S; readonly factor: S };
  private beta: number[] = [];
  private betaBefore: number[];

  constructor(
    private readonly space: Space<V, S>,
    work: Workspace<V, S>,
  ) {
    this.v = work.vector();
    this.zeros = work.vector();
    this.previous = work.vector();
    this.current = work.vector();
    this.next = work.vector();
    this.image = work.vector();
    this.scalars = { beta: work.scalar(), alpha: work.scalar(), square: work.scalar(), factor: work.scalar() };
    this.betaBefore = new Array<number>(space.columns).fill(0);
  }

  /** Starts from `b`, and returns its norm per column (with a preconditioner, that of M^1/2 b). */
  *begin(b: V): Task<readonly number[]> {
    const { space, scalars } = this;
    space.copy(b, this.current);
    yield* this.measure();
    return (this.beta = (yield* numbersOf(space, scalars.square)).map(Math.sqrt));
  }

  /** Ends some columns: they stand still from now on. */
  end(isOver: (column: number) => boolean): void {
    this.beta = this.beta.map((beta, k) => (isOver(k) ? 0 : beta));
  }

  *step(): Task<Row> {
    const { space, scalars, v } = this;
    space.copy(this.image, v);
    space.write(this.beta.map(inverse), scalars.factor);
    space.xpay(this.zeros, scalars.factor, v);
    yield* waitFor(space.apply(v, this.next));
    space.write(
      this.beta.map((beta, k) => beta * inverse(at(this.betaBefore, k))),
      scalars.factor,
    );
    space.axmy(scalars.factor, this.previous, this.next);
    space.dot(v, this.next, scalars.alpha);
    space.write(this.beta, scalars.beta);
    space.div(scalars.alpha, scalars.beta, scalars.factor);
    space.axmy(scalars.factor, this.current, this.next);
    [this.previous, this.current, this.next] = [this.current, this.next, this.previous];
    yield* this.measure();
    const [alpha = [], squares = []] = yield* waitFor(space.read([scalars.alpha, scalars.square]));
    this.betaBefore = this.beta;
    this.beta = squares.map((square, k) => (this.betaBefore[k] === 0 ? 0 : Math.sqrt(square)));
    return { alpha, beta: this.beta };
  }

  /** M times the current vector, and their product. */
  private *measure(): Task<void> {
    const { space, current, image, scalars } = this;
    if (space.precondition === undefined) space.copy(current, image);
    else yield* waitFor(space.precondition(current, image));
    space.dot(current, image, scalars.square);
  }
}

const inverse = (x: number): number => (x === 0 ? 0 : 1 / x);

// ------------------------------------------------------------------------------------ stochastic Lanczos quadrature

export interface LogTraceOptions<V> {
  /** Random vectors, at least 2. */
  readonly probes: number;
  /** Products with a block of vectors, for each block at the most. */
  readonly maxIterations: number;
  /** Fills a block with random vectors: entries ±1, or with a preconditioner M normal ones of covariance M^-1. */
  readonly random: (out: V) => void;
  /** Receives the products so far. */
  readonly onIteration?: ((iteration: number) => void) | undefined;
}

export interface LogTrace {
  readonly value: number;
  /** The standard error of the mean over the probes. */
  readonly standardError: number;
  readonly probes: number;
  /** Products with a block of vectors. */
  readonly iterations: number;
  /** `"indefinite"`: A has an eigenvalue that is not positive; `"iterations"`: the quadrature had not settled. */
  readonly converged: "tolerance" | "iterations" | "indefinite" | "nan";
}

/** Steps from one look at the quadrature to the next. */
const STRIDE = 4;
/** A quadrature has settled when it moves by less than this part of the standard error. */
const SETTLED = 0.02;
/** In units of roundoff: smaller movements are rounding. */
const NOISE = 16;

/**
 * Estimates tr log A: the mean of z·log(A) z over random z, and each of those a Gauss quadrature that Lanczos finds.
 * With a preconditioner M, estimates tr log M^1/2 A M^1/2, for z with the covariance M^-1 (Gardner, Pleiss, Bindel,
 * Weinberger and Wilson 2018): what is left beside log det M^-1, which is known.
 * @param space whose columns are that many probes at a time.
 */
export function* logTrace<V, S>(space: Space<V, S>, options: LogTraceOptions<V>): Task<LogTrace> {
  const samples: number[] = [];
  let iterations = 0;
  while (samples.length < options.probes) {
    const counted = { ...options, onIteration: (n: number) => options.onIteration?.(iterations + n) };
    const found = yield* sample(space, counted);
    iterations += found.iterations;
    samples.push(...found.samples);
    if (found.converged !== "tolerance") return { ...summary(samples), iterations, converged: found.converged };
  }
  return { ...summary(samples), iterations, converged: "tolerance" };
}

/** What some probes gave. */
interface Samples {
  readonly samples: readonly number[];
  readonly iterations: number;
  readonly converged: LogTrace["converged"];
}

function* sample<V, S>(space: Space<V, S>, options: LogTraceOptions<V>): Task<Samples> {
  const work = new Workspace(space);
  try {
    const start = work.vector();
    options.random(start);
    const lanczos = new Lanczos(space, work);
    const columns = (yield* lanczos.begin(start)).map((norm) => new ProbeQuadrature(norm ** 2, space.roundoff));
    let before: number[] | undefined;
    for (let iterations = 1; ; iterations++) {
      const row = yield* lanczos.step();
      columns.forEach((column, k) => {
        column.push(row, k);
      });
      lanczos.end((k) => at(columns, k).isWhole);
      options.onIteration?.(iterations);
      const isWhole = columns.every((column) => column.isWhole);
      if (!isWhole && iterations < options.maxIterations && iterations % STRIDE !== 0) continue;
      const samples = columns.map((column) => column.value());
      const hasEnded = isWhole || (before !== undefined && hasSettled(before, samples, options.probes, space));
      const converged = outcomeOf(columns, samples, hasEnded);
      if (converged !== "iterations" || iterations >= options.maxIterations) return { samples, iterations, converged };
      before = samples;
    }
  } finally {
    work.free();
  }
}

/** How a block would end here: `"iterations"` where it may go on. */
function outcomeOf(
  columns: readonly ProbeQuadrature[],
  samples: readonly number[],
  hasEnded: boolean,
): LogTrace["converged"] {
  if (samples.some(Number.isNaN)) return columns.some(({ isFinite }) => !isFinite) ? "nan" : "indefinite";
  return hasEnded ? "tolerance" : "iterations";
}

function hasSettled(
  before: readonly number[],
  now: readonly number[],
  probes: number,
  { rows, roundoff }: { readonly rows: number; readonly roundoff: number },
): boolean {
  const [a, b] = [summary(before), summary(now)];
  const error = (b.standardError * Math.sqrt(now.length)) / Math.sqrt(probes);
  return Math.abs(b.value - a.value) <= SETTLED * error + NOISE * roundoff * (rows + Math.abs(b.value));
}

/** z·log(A) z for one z, by the tridiagonal matrix that Lanczos makes of A and z. */
class ProbeQuadrature {
  /** Whether the Krylov space has ended, and the quadrature is exact. */
  isWhole = false;
  isFinite = true;
  private readonly alpha: number[] = [];
  private readonly beta: number[] = [];
  private norm = 0;

  constructor(
    /** |z|² */
    private readonly weight: number,
    private readonly roundoff: number,
  ) {
    this.isWhole = weight === 0;
  }

  push(row: Row, k: number): void {
    if (this.isWhole) return;
    const [alpha, beta] = [at(row.alpha, k), at(row.beta, k)];
    this.alpha.push(alpha);
    this.beta.push(beta);
    this.norm = Math.max(this.norm, Math.abs(alpha) + beta);
    this.isFinite &&= Number.isFinite(alpha) && Number.isFinite(beta);
    this.isWhole = !(beta > NOISE * this.roundoff * this.norm);
  }

  /** NaN where a node is not positive. */
  value(): number {
    const { nodes, weights } = gaussNodes(this.alpha, this.beta);
    return nodes.reduce(
      (sum, node, n) => sum + (node > 0 ? realAt(weights, n) * this.weight * Math.log(node) : NaN),
      0,
    );
  }
}

function summary(samples: readonly number[]): { value: number; standardError: number; probes: number } {
  const probes = samples.length;
  const value = samples.reduce((sum, sample) => sum + sample, 0) / probes;
  const squares = samples.reduce((sum, sample) => sum + (sample - value) ** 2, 0);
  return { value, standardError: Math.sqrt(squares / Math.max(1, probes - 1) / probes), probes };
}

// ------------------------------------------------------------------------------------------------ Gauss quadrature

/**
 * The nodes of the Gauss quadrature of a symmetric tridiagonal matrix, its eigenvalues, and their weights: squares of
 * the first components of the eigenvectors. By the implicit QL iteration (Golub and Welsch 1969), which needs no other
 * component.
 */
export function gaussNodes(diagonal: readonly number[], beside: readonly number[]): Quadrature {
  const nodes = Float64Array.from(diagonal);
  const first = new Float64Array(nodes.length);
  if (first.length > 0) first[0] = 1;
  const e = Float64Array.from({ length: nodes.length }, (_, n) => beside[n] ?? 0);
  for (let begin = 0; begin < nodes.length; begin++)
    for (let last = blockEnd(nodes, e, begin); last > begin; last = blockEnd(nodes, e, begin))
      sweep(nodes, e, first, begin, last);
  return { nodes, weights: first.map((part) => part ** 2) };
}

export interface Quadrature {
  readonly nodes: Float64Array;
  readonly weights: Float64Array;
}

/** Where the block that begins at `first` ends: the entry beside it is nothing but rounding. */
function blockEnd(d: Float64Array, e: Float64Array, first: number): number {
  let last = first;
  while (last + 1 < d.length && !isNegligible(e[last]!, Math.abs(d[last]!) + Math.abs(d[last + 1]!))) last++;
  return last;
}

/** NaN is: nothing would make it smaller. */
const isNegligible = (x: number, size: number): boolean => !(Math.abs(x) + size > size);

/** One iteration with Wilkinson's shift: a bulge is chased up through the block. */
function sweep(d: Float64Array, e: Float64Array, row: Float64Array, first: number, last: number): void {
  const ratio = (d[first + 1]! - d[first]!) / (2 * e[first]!);
  const root = Math.hypot(ratio, 1);
  let bulge = d[last]! - d[first]! + e[first]! / (ratio + (ratio < 0 ? -root : root));
  let [sine, cosine, shift] = [1, 1, 0];
  for (let n = last - 1; n >= first; n--) {
    const [f, b] = [sine * e[n]!, cosine * e[n]!];
    const r = Math.hypot(f, bulge);
    e[n + 1] = r;
    if (r === 0) {
      d[n + 1]! -= shift;
      e[last] = 0;
      return;
    }
    [sine, cosine] = [f / r, bulge / r];
    const g = d[n + 1]! - shift;
    const s = (d[n]! - g) * sine + 2 * cosine * b;
    shift = sine * s;
    d[n + 1] = g + shift;
    bulge = cosine * s - b;
    rotate(row, n, cosine, sine);
  }
  d[first]! -= shift;
  e[first] = bulge;
  e[last] = 0;
}

function rotate(row: Float64Array, n: number, cosine: number, sine: number): void {
  const [a, b] = [row[n]!, row[n + 1]!];
  row[n + 1] = sine * a + cosine * b;
  row[n] = cosine * a - sine * b;
}
