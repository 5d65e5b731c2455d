/**
 * Preconditioned conjugate gradients: one recurrence per column, one operator product for all of them. Every step size
 * is a handle. A column that is done or broken has rho = 0, hence steps of 0: it stands still while the others go on,
 * whether or not anybody has looked. Where the space can, the others then go on in a narrower one, in which it costs
 * nothing. Knows recursive residuals only; refine.ts knows the true ones.
 */
import { waitFor } from "../task";
import { at } from "../asserts";
import type { Task } from "../task";
import { Narrowed, Workspace } from "./space";
import type { Space } from "./space";
import { Stall } from "./stopping";

export interface CgOptions {
  /** Residual norm at which each column is done. */
  readonly bounds: readonly number[];
  /** At least 1. */
  readonly maxIterations: number;
  /** Iterations from one reading of numbers to the next. */
  readonly checkEvery: number;
  /** Iterations without a lower residual that are granted at the least (default 2000). */
  readonly patience?: number | undefined;
  /** Receives the iterations done and the recursive residual norm of each column; what it throws ends the solve. */
  readonly onCheck?: (iteration: number, norms: readonly number[]) => void;
}

/**
 * How a column ended: its residual reached its bound; p·Ap or r·z was not positive, by no more than rounding explains
 * (`breakdown`) or by more (`indefinite`); numbers that are not finite; residuals that no longer fall (`stagnation`);
 * or the iterations ran out. Other methods end so too, at a `breakdown` where no better residual exists.
 */
export type CgEnd = "bound" | "breakdown" | "indefinite" | "stagnation" | "nan" | "iterations";

export interface CgResult {
  readonly iterations: number;
  readonly ends: readonly CgEnd[];
}

/** How far below zero, in units of roundoff times the largest p·Ap / p·p, a curvature may lie by rounding alone. */
const curvatureNoise = 64;

interface State<V, S> {
  readonly r: V;
  readonly z: V;
  readonly p: V;
  readonly q: V;
  readonly bound: S;
  readonly zero: S;
  readonly rr: S;
  readonly scratch: S;
  /** r·z of the columns that still move, 0 for the others. */
  rho: S;
  nextRho: S;
  readonly curvature: S;
  readonly step: S;
  /** Smallest and largest p·Ap / p·p so far. */
  readonly lowest: S;
  readonly highest: S;
}

interface Watched extends CgOptions {
  readonly stall: Stall;
}

/**
 * Solves A x = b from x = 0; `x` holds zeros on entry, and the last iterate whenever the task ends, but for stagnation:
 * then it is that of the least residual.
 */
export function* cg<V, S>(space: Space<V, S>, b: V, x: V, options: CgOptions): Task<CgResult> {
  const stall = new Stall(options.patience);
  const found = yield* iterateWatched(space, b, x, { ...options, stall });
  if (!found.ends.includes("stagnation")) return found;
  yield* repeatIterations(space, b, x, options, [found.iterations, stall.at]);
  return { ...found, iterations: found.iterations + stall.at };
}

/**
 * The iterations up to the least residual once more: that costs less than to keep every iterate that may be the best.
 */
function* repeatIterations<V, S>(
  space: Space<V, S>,
  b: V,
  x: V,
  options: CgOptions,
  [done, count]: readonly [done: number, count: number],
): Task<void> {
  const work = new Workspace(space);
  space.copy(work.vector(), x);
  work.free();
  if (count === 0) return;
  const onCheck = (iteration: number, norms: readonly number[]): void => options.onCheck?.(done + iteration, norms);
  yield* iterateWatched(space, b, x, { ...options, maxIterations: count, onCheck, stall: new Stall(Infinity) });
}

function* iterateWatched<V, S>(space: Space<V, S>, b: V, x: V, options: Watched): Task<CgResult> {
  const { bounds } = options;
  const open = bounds.flatMap((bound, k) => (bound < Infinity ? [k] : []));
  const narrowed = Narrowed.of(space, open);
  if (narrowed)
    return yield* runOnColumns(
      narrowed,
      [b],
      x,
      options,
      { norms: bounds.map(() => 0), ends: bounds.map(() => "bound") },
      (some, own, o) => iterateWatched(narrowed.part, at(some, 0), own, o),
    );
  const work = new Workspace(space);
  try {
    return yield* iterations(space, yield* begin(space, work, b, bounds), x, options, 1);
  } finally {
    work.free();
  }
}

/** From iteration `first` on. */
function* iterations<V, S>(
  space: Space<V, S>,
  state: State<V, S>,
  x: V,
  options: Watched,
  first: number,
): Task<CgResult> {
  for (let iteration = first; ; iteration++) {
    yield* iterate(space, state, x);
    const last = iteration >= options.maxIterations;
    if (!last && iteration % options.checkEvery !== 0) continue;
    const standing = yield* check(space, state, iteration, options);
    const { ends } = standing;
    if (last || isOver(ends)) return { iterations: iteration, ends };
    const narrowed = Narrowed.of(
      space,
      ends.flatMap((end, k) => (end === "iterations" ? [k] : [])),
    );
    if (!narrowed) continue;
    return yield* runOnColumns(narrowed, [state.r, state.p], x, options, standing, (vectors, own, o) =>
      iterateNarrowed(narrowed, [at(vectors, 0), at(vectors, 1)], own, o, standing, iteration + 1),
    );
  }
}

/** How columns stand: residual norms, and what has become of each. */
interface Standing {
  readonly norms: readonly number[];
  readonly ends: readonly CgEnd[];
}

/** Some columns by themselves, the result being that of all. */
function* runOnColumns<V, S>(
  narrowed: Narrowed<V, S>,
  vectors: readonly V[],
  x: V,
  options: Watched,
  { norms, ends }: Standing,
  body: (vectors: readonly V[], x: V, options: Watched) => Task<CgResult>,
): Task<CgResult> {
  const { onCheck, bounds } = options;
  const own: Watched = {
    ...options,
    bounds: narrowed.select(bounds, Infinity),
    ...(onCheck && {
      onCheck: (iteration, some) => {
        onCheck(iteration, narrowed.merge(norms, some));
      },
    }),
  };
  const found = yield* narrowed.run(vectors, x, (some, part) => body(some, part, own));
  return { ...found, ends: narrowed.merge(ends, found.ends) };
}

/** Iterations of some columns, where those of all have come. */
function* iterateNarrowed<V, S>(
  narrowed: Narrowed<V, S>,
  [r, p]: readonly [V, V],
  x: V,
  options: Watched,
  { rhos, lows, highs }: Readings,
  first: number,
): Task<CgResult> {
  const { part } = narrowed;
  const work = new Workspace(part);
  try {
    const state: State<V, S> = {
      ...newState(part, work, r, p, options.bounds),
      rho: work.scalar(narrowed.select(rhos, 0)),
      lowest: work.scalar(narrowed.select(lows, Infinity)),
      highest: work.scalar(narrowed.select(highs, 0)),
    };
    return yield* iterations(part, state, x, options, first);
  } finally {
    work.free();
  }
}

function newState<V, S>(space: Space<V, S>, work: Workspace<V, S>, r: V, p: V, bounds: readonly number[]): State<V, S> {
  return {
    r,
    z: space.precondition === undefined ? r : work.vector(),
    p,
    q: work.vector(),
    bound: work.scalar(bounds.map((bound) => bound * bound)),
    zero: work.scalar(),
    rr: work.scalar(),
    scratch: work.scalar(),
    rho: work.scalar(bounds.map(() => 1)),
    nextRho: work.scalar(),
    curvature: work.scalar(),
    step: work.scalar(),
    lowest: work.scalar(bounds.map(() => Infinity)),
    highest: work.scalar(),
  };
}

function* begin<V, S>(space: Space<V, S>, work: Workspace<V, S>, b: V, bounds: readonly number[]): Task<State<V, S>> {
  const state = newState(space, work, work.vector(), work.vector(), bounds);
  space.copy(b, state.r);
  yield* measureResidual(space, state);
  space.copy(state.z, state.p);
  return state;
}

function* iterate<V, S>(space: Space<V, S>, state: State<V, S>, x: V): Task<void> {
  const { r, p, q, zero, curvature, step } = state;
  yield* waitFor(space.apply(p, q));
  space.dot(p, q, curvature);
  observeCurvature(space, state);
  space.select(curvature, zero, state.rho, zero, state.rho);
  space.div(state.rho, curvature, step);
  space.axpy(step, p, x);
  space.axmy(step, q, r);
  const previousRho = state.rho;
  yield* measureResidual(space, state);
  space.div(state.rho, previousRho, step);
  space.xpay(state.z, step, p);
}

/** Updates r·r, z and rho; a column with rho = 0 keeps it. */
function* measureResidual<V, S>(space: Space<V, S>, state: State<V, S>): Task<void> {
  const { r, z, rr, zero, rho, nextRho } = state;
  space.dot(r, r, rr);
  if (space.precondition !== undefined) yield* waitFor(space.precondition(r, z));
  space.dot(r, z, nextRho);
  space.select(rr, state.bound, nextRho, zero, nextRho);
  space.select(rho, zero, nextRho, zero, nextRho);
  space.select(nextRho, zero, nextRho, zero, nextRho);
  state.rho = nextRho;
  state.nextRho = rho;
}

function observeCurvature<V, S>(space: Space<V, S>, state: State<V, S>): void {
  const { p, curvature, scratch, lowest, highest } = state;
  space.dot(p, p, scratch);
  space.div(curvature, scratch, scratch);
  space.select(lowest, scratch, scratch, lowest, lowest);
  space.select(scratch, highest, scratch, highest, highest);
}

/** Numbers of the columns, brought back. */
interface Readings extends Standing {
  readonly rhos: readonly number[];
  readonly lows: readonly number[];
  readonly highs: readonly number[];
}

/** Reports the residual norms and says how each column stands. */
function* check<V, S>(space: Space<V, S>, state: State<V, S>, iteration: number, options: Watched): Task<Readings> {
  const { rr, rho, lowest, highest } = state;
  const numbers = yield* waitFor(space.read([rr, rho, lowest, highest]));
  const [squares = [], rhos = [], lows = [], highs = []] = numbers;
  const norms = squares.map(Math.sqrt);
  options.onCheck?.(iteration, norms);
  const noise = curvatureNoise * space.roundoff;
  const ends = options.bounds.map((bound, k): CgEnd => {
    const [square = NaN, moving = NaN, low = NaN, high = NaN] = [squares[k], rhos[k], lows[k], highs[k]];
    if (!Number.isFinite(square)) return "nan";
    if (moving !== 0) return "iterations";
    if (square <= bound * bound) return "bound";
    // Rounding gives curvatures near zero, never exactly zero: that is a singular operator.
    return low === 0 || low < -noise * high ? "indefinite" : "breakdown";
  });
  return { norms, ends: hasStalled(norms, ends, iteration, options) ? ends.map(stallOpen) : ends, rhos, lows, highs };
}

function hasStalled(
  norms: readonly number[],
  ends: readonly CgEnd[],
  iteration: number,
  { stall, bounds }: Watched,
): boolean {
  const open = norms.map((norm, k) => (ends[k] === "iterations" ? norm : 0));
  return ends.includes("iterations") && stall.hasCome(iteration, open, bounds);
}

const stallOpen = (end: CgEnd): CgEnd => (end === "iterations" ? "stagnation" : end);

function isOver(ends: readonly CgEnd[]): boolean {
  return ends.includes("nan") || ends.includes("indefinite") || !ends.includes("iterations");
}
