/**
 * A x = b by rounds of a fast inner solve, each judged by the true residual b - A x in an accurate space. Once a round
 * no longer improves some column, rounds run in the accurate space; there a column ends when that happens. Knows of the
 * inner solver only what conjugate gradients return, and throws nothing itself: the outcome says how far it came.
 */
import { waitFor } from "../task";
import type { Task } from "../task";
import { cg } from "./cg";
import type { CgEnd, CgOptions, CgResult } from "./cg";
import { Norms, Workspace, onePrecision } from "./space";
import type { Precisions, Space } from "./space";
import { OUTCOMES, defaultMaxIterations, targetOf } from "./stopping";
import type { Outcome, Stopping } from "./stopping";

/** What runs inside a round. */
export interface Inner {
  /** Solves A x = b from x = 0. */
  run<V, S>(space: Space<V, S>, b: V, x: V, options: CgOptions): Task<CgResult>;
  /** What its steps make smaller: |e|² = e·Ae of the error e, or the norm of the residual. */
  readonly minimises: "energy" | "residual";
}

const CG: Inner = { run: cg, minimises: "energy" };

/** Where a solve stands. */
export interface SolveIteration {
  /** Inner iterations so far. */
  readonly iteration: number;
  /** Largest over the columns of residual norm over right-hand side norm. */
  readonly residual: number;
  /** Whether it was recomputed as b - A x; else the recursion's own value, from which the truth drifts away. */
  readonly verified: boolean;
}

/** By default a solve may take `defaultMaxIterations` inner iterations. */
export interface RefineOptions extends Stopping {
  /** Iterations without a lower residual that a round is granted at the least (default 2000). */
  readonly patience?: number | undefined;
  /** Iterations from one reading of numbers to the next (default 1); the solution does not depend on it. */
  readonly checkEvery?: number | undefined;
  /** What solves in a round: conjugate gradients by default. */
  readonly inner?: Inner | undefined;
  /** Rounds at most (default: as many as bring something); the last goes as far as the fast space can. */
  readonly rounds?: number | undefined;
  /** Called at every reading; what it throws ends the solve. */
  readonly onIteration?: ((progress: SolveIteration) => void) | undefined;
}

export interface Solution {
  readonly converged: Outcome;
  readonly iterations: number;
  /** Largest of `residuals`. */
  readonly residual: number;
  /** Norm of b - A x over that of b per column, as the accurate space has it; 0 where b is 0. */
  readonly residuals: readonly number[];
}

/** A round that divides the residual by less has reached the limit of the precision it ran in. */
const LEAST_GAIN = 1.4;

/** Without rounding, `rows` iterations are enough; a fast round that needs this many more loses to rounding. */
const LEAST_PATIENCE = 100;

/** One right-hand side: its norm, the residual norm asked for, the one reached, and its outcome once that is known. */
interface Column {
  readonly norm: number;
  readonly target: number;
  residual: number;
  outcome: Outcome | undefined;
}

interface Refinement<V, S, W, T> {
  readonly pair: Precisions<V, S, W, T>;
  readonly options: RefineOptions;
  readonly maxIterations: number;
  readonly b: V;
  readonly x: V;
  readonly residual: V;
  readonly correction: V;
  readonly candidate: V;
  readonly minusOne: S;
  /** After each measured residual: that residual, scaled for the next round. */
  readonly norms: Norms<V, S>;
  columns: Column[];
  iterations: number;
  /** Whether rounds run in the accurate space: then, and only then, an indefinite operator is believed. */
  isAccurate: boolean;
}

/**
 * Solves A x = b for a symmetric positive definite A; `x` holds the start on entry, the best iterate at every end.
 * Column k is done when its residual norm is at most max(rtol ‖b_k‖, eps √n min(1, rms(b_k))).
 */
export function* refine<V, S, W, T>(
  pair: Precisions<V, S, W, T>,
  b: V,
  x: V,
  options: RefineOptions = {},
): Task<Solution> {
  const work = new Workspace(pair.accurate);
  try {
    const run = prepare(pair, work, b, x, options);
    const { rounds = Infinity } = options;
    yield* measureStart(run);
    for (let round = 1; goesOn(run) && round <= rounds; round++) yield* improve(run);
    return conclude(run);
  } finally {
    work.free();
  }
}

function prepare<V, S, W, T>(
  pair: Precisions<V, S, W, T>,
  work: Workspace<V, S>,
  b: V,
  x: V,
  options: RefineOptions,
): Refinement<V, S, W, T> {
  const { rows, columns } = pair.accurate;
  return {
    pair,
    options,
    maxIterations: options.maxIterations ?? defaultMaxIterations(rows),
    b,
    x,
    residual: work.vector(),
    correction: work.vector(),
    candidate: work.vector(),
    minusOne: work.scalar(new Array<number>(columns).fill(-1)),
    norms: new Norms(pair.accurate, work),
    columns: [],
    iterations: 0,
    isAccurate: Object.is(pair.fast, pair.accurate),
  };
}

/** Where a column of b is 0, so is its solution, whatever the start. */
function* measureStart<V, S, W, T>(run: Refinement<V, S, W, T>): Task<void> {
  const { pair, norms, b, x, options } = run;
  const atZero = (yield* norms.measure(x)).every((norm) => norm === 0);
  const sizes = yield* norms.measure(b);
  if (!atZero && sizes.includes(0)) norms.multiply(x, sizes.map(Math.sign));
  const residuals = atZero ? sizes : yield* measureResidual(run, x);
  run.columns = sizes.map((norm, k) => {
    const residual = residuals[k] ?? NaN;
    const target = targetOf(norm, pair.accurate.rows, options);
    const open = residual > target && residual < Infinity;
    return { norm, target, residual, outcome: open ? undefined : residual <= target ? "tolerance" : "nan" };
  });
  report(run, true, run.columns.map(relativeResidual));
}

/** The norms of b - A x. */
function* measureResidual<V, S, W, T>(run: Refinement<V, S, W, T>, x: V): Task<number[]> {
  const { accurate } = run.pair;
  yield* waitFor(accurate.apply(x, run.residual));
  accurate.xpay(run.b, run.minusOne, run.residual);
  return yield* run.norms.measure(run.residual);
}

/**
 * One round: an inner solve for the correction d, which a column takes if it brings x nearer to the solution in the
 * norm that the inner solver minimises. Of |e|² = e·Ae that is if d·(residual before + residual after) is positive; the
 * residual norm is no judge of that: it may rise while the error falls a hundredfold.
 */
function* improve<V, S, W, T>(run: Refinement<V, S, W, T>): Task<void> {
  const { pair, norms, x, correction, candidate, columns, isAccurate } = run;
  const { scales } = norms;
  const isFirst = run.iterations === 0;
  const ends = yield* isAccurate ? correct(run, onePrecision(pair.accurate)) : correct(run, pair);
  const before = yield* norms.dot(correction);
  pair.accurate.copy(x, candidate);
  norms.add(scales, correction, candidate);
  const residuals = yield* measureResidual(run, candidate);
  const after = yield* norms.dot(correction);
  if (failWithNan(columns, ends, residuals)) return;
  const steps = columns.map((column, k) => {
    const measured = { residual: residuals[k] ?? NaN, energy: (before[k] ?? NaN) + (after[k] ?? NaN), end: ends[k] };
    const { isTaken, isExhausted } = judge(column, roundOf(run, column, measured, { isFirst, isAccurate }));
    run.isAccurate ||= isExhausted;
    return isTaken ? (scales[k] ?? 0) : 0;
  });
  norms.add(steps, correction, x);
  report(run, true, columns.map(relativeResidual));
}

/** What is known of a column after a round. */
interface Measured {
  readonly residual: number;
  /** d·(residual before + residual after). */
  readonly energy: number;
  readonly end: CgEnd | undefined;
}

/** After stagnation the residual is the judge: that is where it was least. */
function roundOf<V, S, W, T>(
  run: Refinement<V, S, W, T>,
  column: Column,
  { residual, energy, end }: Measured,
  { isFirst, isAccurate }: { readonly isFirst: boolean; readonly isAccurate: boolean },
): Round {
  const hasStalled = end === "stagnation";
  const byEnergy = innerOf(run).minimises === "energy" && !hasStalled;
  const isNearer = byEnergy ? energy > 0 : residual < column.residual;
  return { residual, isNearer, isFirst: isFirst && !hasStalled, isAccurate, end };
}

const innerOf = <V, S, W, T>({ options }: Refinement<V, S, W, T>): Inner => options.inner ?? CG;

/** Solves A correction = scaled residual in the fast space, no further than that space can mean it. */
function* correct<V, S, W, T, F, G>(run: Refinement<V, S, W, T>, pair: Precisions<V, S, F, G>): Task<readonly CgEnd[]> {
  const { fast } = pair;
  const { scales } = run.norms;
  const work = new Workspace(fast);
  try {
    const [rhs, correction] = [work.vector(), work.vector()];
    pair.lower(run.norms.scaled, rhs);
    const { ends } = yield* innerOf(run).run(fast, rhs, correction, {
      bounds: run.columns.map((column, k) => boundOf(column, fast.roundoff, run.options.rounds) / (scales[k] ?? 1)),
      maxIterations: Math.min(
        run.maxIterations - run.iterations,
        run.isAccurate ? Infinity : LEAST_PATIENCE + fast.rows,
      ),
      patience: run.options.patience,
      checkEvery: run.options.checkEvery ?? 1,
      onCheck: recursionReporter(run),
    });
    pair.raise(correction, run.correction);
    return ends;
  } finally {
    work.free();
  }
}

/** Turns what an inner solve reports, of scaled columns, into progress of the whole solve. */
function recursionReporter<V, S, W, T>(run: Refinement<V, S, W, T>): NonNullable<CgOptions["onCheck"]> {
  const { columns, iterations, norms } = run;
  const { scales } = norms;
  return (iteration, sizes) => {
    run.iterations = iterations + iteration;
    const residuals = columns.map((column, k) =>
      column.outcome === undefined ? ((sizes[k] ?? NaN) * (scales[k] ?? NaN)) / column.norm : relativeResidual(column),
    );
    report(run, false, residuals);
  };
}

/**
 * The residual norm at which an inner solve stops. It aims below the target, since the recursion drifts; reductions
 * beyond about √roundoff in one round are not real in its dtype (1e-3 in float32: measured best); a single round goes
 * on, as what is not real of the residual may still be of the error. Ended columns stand still.
 */
function boundOf(column: Column, roundoff: number, rounds: number | undefined): number {
  if (column.outcome !== undefined) return Infinity;
  const real = rounds === 1 ? 64 * roundoff : 4 * Math.sqrt(roundoff);
  return Math.max(real * column.residual, 0.3 * column.target);
}

/** What a round brought to a column. */
interface Round {
  readonly residual: number;
  readonly isNearer: boolean;
  readonly isFirst: boolean;
  readonly isAccurate: boolean;
  readonly end: CgEnd | undefined;
}

/** Ends that say that another round in the same space would be no better. */
const FAILURES: readonly CgEnd[] = ["indefinite", "stagnation", "iterations"];

/** Enters a round into an open column: whether to take the correction, and whether its space can do no more. */
function judge(column: Column, round: Round): { isTaken: boolean; isExhausted: boolean } {
  if (column.outcome !== undefined) return { isTaken: false, isExhausted: false };
  // From x = 0 the residual may rise at first, hence a first round need only have brought x nearer.
  const gained = column.residual >= LEAST_GAIN * round.residual || (round.isFirst && round.isNearer);
  const isTaken = round.isNearer || round.residual <= column.target;
  if (isTaken) column.residual = round.residual;
  const isExhausted =
    column.residual > column.target && (!gained || (round.end !== undefined && FAILURES.includes(round.end)));
  if (column.residual <= column.target) column.outcome = "tolerance";
  else if (isExhausted && round.isAccurate) column.outcome = outcomeOf(round.end);
  return { isTaken, isExhausted };
}

/** The outcome of a column that the accurate space cannot improve; `goesOn` sees to iterations that have run out. */
function outcomeOf(end: CgEnd | undefined): Outcome | undefined {
  if (end === "iterations") return undefined;
  return end === "indefinite" || end === "stagnation" ? end : "precision";
}

/** Whether a round brought numbers that are not finite; x then stays as it was. */
function failWithNan(columns: readonly Column[], ends: readonly CgEnd[], residuals: readonly number[]): boolean {
  const broken = columns.filter((_, k) => ends[k] === "nan" || !Number.isFinite(residuals[k]));
  for (const column of broken) column.outcome = "nan";
  return broken.length > 0;
}

function goesOn<V, S, W, T>(run: Refinement<V, S, W, T>): boolean {
  const failed = run.columns.some(({ outcome }) => outcome === "nan" || outcome === "indefinite");
  return !failed && run.iterations < run.maxIterations && run.columns.some(({ outcome }) => outcome === undefined);
}

function relativeResidual(column: Column): number {
  return column.norm === 0 ? column.residual : column.residual / column.norm;
}

function report<V, S, W, T>(run: Refinement<V, S, W, T>, verified: boolean, residuals: readonly number[]): void {
  run.options.onIteration?.({ iteration: run.iterations, residual: largest(residuals), verified });
}

function conclude<V, S, W, T>(run: Refinement<V, S, W, T>): Solution {
  const residuals = run.columns.map(relativeResidual);
  const open = run.iterations < run.maxIterations ? "precision" : "iterations"; // there were no more rounds
  const ranks = run.columns.map(({ outcome }) => OUTCOMES.indexOf(outcome ?? open));
  return {
    converged: OUTCOMES[largest(ranks)] ?? "nan",
    iterations: run.iterations,
    residual: largest(residuals),
    residuals,
  };
}

/** Not `Math.max(...)`, which cannot take very many columns. */
function largest(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => Math.max(a, b), 0);
}
