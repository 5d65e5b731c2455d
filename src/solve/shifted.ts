/**
 * Several ridges for the data of one call: in one space of modes where products may lose something and the kernel has
 * one, else in one solve; and what that leaves by itself. Each solution is recorded as that of a single solve. In one
 * solve, where a low-rank approximation of K serves, the ridges are columns, each with a preconditioner made of the same
 * approximation; else they share one Krylov space. Whatever has not met its tolerance by its true residual is left.
 */
import { generator } from "../array/array";
import { localAmong, markLocal, recording } from "../array/record";
import { contiguous, sizeOf, wrap } from "../array/view";
import type { RealArray } from "../array/view";
import { asserted, at } from "../asserts";
import { copyArguments } from "../call/prepared";
import type { Given } from "../call/prepared";
import type { Tell } from "../call/run";
import type { RealData } from "../device/native";
import { ArgumentError } from "../errors";
import { describeValue, isAtLeast, withoutRows } from "../options";
import type { OptionRows } from "../options";
import type { Task, Work } from "../task";
import { EXACT } from "./attempt";
import type { Report } from "./attempt";
import { Inverses } from "./choose";
import { Costs, LeastCost, ruleOf } from "./costs";
import { pullback } from "./derivative";
import { run, settingsOf, shareModesOf, solveAdjoint } from "./linear";
import { lowRank } from "./lowrank";
import type { LowRank } from "./lowrank";
import { denseWork, fitsFactorisation } from "./precondition";
import type { Algebra, Preconditioner } from "./precondition";
import { checkSymmetry } from "./probes";
import { refine } from "./refine";
import type { Solution, SolveIteration } from "./refine";
import { missesTolerance, placeAs, reportMissed, roundToData } from "./report";
import type { Solved } from "./report";
import { shiftedCg } from "./shiftedcg";
import { MATRIX, SOLVE, checkSolveOptions } from "./solveoptions";
import type { SolveOptions, SolveSettings } from "./solveoptions";
import { columnNorms, onePrecision } from "./space";
import { FLOAT64_LIMIT, defaultMaxIterations, relativeTarget, targetOf } from "./stopping";
import { widen } from "./system";
import type { System } from "./system";
import { sideBySide, systemMatrix } from "./systemmatrix";
import type { SystemMatrix } from "./systemmatrix";

/** How several ridges are solved: as one is; they are an argument, and their solves start from 0. */
export type ShiftedOptions = Omit<SolveOptions, "alpha" | "x0" | "onIteration">;

export const SHIFTED: OptionRows = { ...withoutRows(SOLVE, "alpha", "x0", "onIteration"), ...MATRIX };

/** One solution per alpha, recorded as those of single solves. */
export function* shiftedSolves(
  system: System,
  alphas: unknown,
  arrays: readonly RealArray[],
  { isReported, ...options }: ShiftedOptions & { readonly isReported: boolean },
  tell?: Tell,
): Task<Solved[]> {
  const ridges = checkAlphas(alphas);
  const given = system.check(arrays, options);
  checkSolveOptions(options, system.shape(given), given.dtype);
  const wide = widen(given);
  const recorded = recording(wide.arrays) ? system.recorder(wide.arrays, given) : undefined;
  const settings = settingsOf(given, options);
  const request: RidgesRequest = { system, given, wide, read: copyArguments(wide), settings, isReported, tell };
  const all = ridges.map(() => inversesOf(given, false));
  const { isShared, whyExact } = yield* shareSpace(ridges, request, all.flat());
  const together = isShared ? [] : yield* solveTogether(ridges, request);
  const results: Solved[] = [];
  for (const [s, alpha] of ridges.entries()) {
    const found = together[s] && { ...together[s], report: { ...together[s].report, whyExact } };
    const one = yield* resultOf({ ...request, settings: { ...settings, alpha } }, at(all, s), found, recorded);
    results.push(placeAs(at(arrays, system.unknown.position), one));
  }
  return results;
}

const inversesOf = ({ batch }: Given, isChecked: boolean): Inverses[] =>
  Array.from({ length: sizeOf(batch) }, () => new Inverses(isChecked));

/** One space of modes, where that is asked for and can be: then ridges are solved one after the other. */
function* shareSpace(
  alphas: readonly number[],
  { system, wide, read, given, settings, tell }: RidgesRequest,
  all: readonly Inverses[],
): Task<{ isShared: boolean; whyExact: string | null }> {
  if (settings.tolerance !== "auto") return { isShared: false, whyExact: null };
  const alpha = alphas.reduce((least, one) => (one > 0 ? Math.min(least, one) : least), Infinity);
  if (alpha === Infinity || read.batch.length > 0) return { isShared: true, whyExact: null };
  const call = { given: wide, read, settings: { ...settings, alpha }, data: given.dtype, inverses: all, tell };
  const whyExact = yield* shareModesOf(system, call, all);
  return { isShared: whyExact === null, whyExact };
}

/** The solution for one ridge as users get it; what was not found together is solved by itself. */
function* resultOf(
  request: RidgesRequest,
  inverses: readonly Inverses[],
  found: FoundRidge | undefined,
  recorded: ReturnType<System["recorder"]> | undefined,
): Task<Solved> {
  const { system, given, wide, read, settings, isReported, tell } = request;
  const data = given.dtype;
  try {
    const solved = found
      ? { solution: wrap(found.x, system.shape(given)), reports: [found.report] }
      : yield* run(system, { given: read, read, settings, data, inverses, tell });
    if (found && missesTolerance(found.report, settings)) {
      const place = { settings, where: "", lastIterate: () => solved.solution };
      reportMissed(system, found.report, found.target, place);
    }
    markLocal(solved.solution, given.shards ? undefined : localAmong(wide.arrays));
    recorded?.(solved.solution, (cotangent, wanted) => {
      const call = { given: wide, settings, data, inverses: inversesOf(given, true) };
      return pullback(system, call, [solved.solution, cotangent], wanted, solveAdjoint);
    });
    return yield* roundToData(system, { given: read, settings, data, isReported }, solved);
  } finally {
    for (const known of inverses) known.release();
  }
}

function checkAlphas(alphas: unknown): readonly number[] {
  const isList = Array.isArray(alphas) || ArrayBuffer.isView(alphas);
  const list = isList ? Array.from(alphas as ArrayLike<unknown>) : [];
  if (isList && list.every((alpha) => isAtLeast(0, alpha))) return list;
  throw new ArgumentError(`shifted, alphas: expected a list of numbers of at least 0, got ${describeValue(alphas)}`);
}

// ----------------------------------------------------------------------------------------------------- ridges together

/** A solution in float64, and how it was found. */
interface FoundRidge {
  readonly x: RealData;
  readonly report: Report;
  /** The relative residual that was asked for. */
  readonly target: number;
}

/** What is to be solved for all ridges. */
interface RidgesRequest {
  readonly system: System;
  readonly given: Given;
  /** The data in float64, and a copy of them that nobody changes. */
  readonly wide: Given;
  readonly read: Given;
  readonly settings: SolveSettings;
  readonly isReported: boolean;
  readonly tell: Tell | undefined;
}

/** Up to this many rows every ridge is factorised by itself: that costs less than an approximation. */
const DIRECT_ROWS = 1000;
/** Columns of one solve, about. */
const COLUMNS = 32;
const SEED = 5;

/** What solves of several ridges have in common. */
interface RidgeGroup extends RidgesRequest {
  readonly matrix: SystemMatrix;
  /** `[rows, columns]`, and the norms of its columns. */
  readonly right: Float64Array;
  readonly norms: readonly number[];
  readonly columns: number;
  /** The relative residual that is asked for. */
  readonly target: number;
}

/** Solutions by alpha; undefined where it is better to solve by itself. */
function* solveTogether(alphas: readonly number[], request: RidgesRequest): Task<(FoundRidge | undefined)[]> {
  const { system, read, settings } = request;
  const { symmetry, method, preconditioner } = settings;
  const isForOne = symmetry !== "positive" || method === "direct" || typeof preconditioner === "function";
  if (isForOne || read.batch.length > 0 || alphas.length < 2) return [];
  const matrix = systemMatrix("shifted", system, read, settings);
  const right = Float64Array.from(contiguous(at(read.arrays, system.unknown.position)));
  const columns = matrix.rows === 0 ? 0 : right.length / matrix.rows;
  const algebra = matrix.entries && preconditioner !== "none" ? denseWork() : null;
  if (columns === 0 || (algebra && method !== "cg" && matrix.rows <= DIRECT_ROWS)) return [];
  yield* checkSymmetry(matrix.space(2, 0), true);
  const norms = yield* columnNorms(matrix.space(columns, 0), right);
  const target = relativeTarget(norms, matrix.rows, settings);
  const group: RidgeGroup = { ...request, matrix, right, norms, columns, target };
  return yield* algebra ? solvePreconditioned(alphas, group, algebra) : solveInOneKrylovSpace(alphas, group);
}

// ------------------------------------------------------------------------------------- one approximation of K for all

function* solvePreconditioned(
  alphas: readonly number[],
  group: RidgeGroup,
  algebra: Algebra,
): Task<(FoundRidge | undefined)[]> {
  const least = alphas.reduce((smallest, alpha) => (alpha > 0 ? Math.min(smallest, alpha) : smallest), Infinity);
  if (least === Infinity) return [];
  const low = yield* approximation(least, group, algebra);
  if (low === null) return [];
  if (low.rank === 0) return yield* solveInOneKrylovSpace(alphas, group);
  const able: Ridge[] = [];
  for (const [place, alpha] of alphas.entries()) {
    const inverse = alpha > 0 ? yield* low.inverse(alpha) : null;
    if (inverse) able.push({ place, alpha, inverse });
  }
  const found = new Array<FoundRidge | undefined>(alphas.length).fill(undefined);
  const size = Math.max(1, Math.floor(COLUMNS / group.columns));
  for (let first = 0; first < able.length; first += size) {
    const some = able.slice(first, first + size);
    for (const [n, one] of (yield* solveAsColumns(some, group)).entries()) found[at(some, n).place] = one;
  }
  return found;
}

/** An approximation that serves all ridges from the least on; null where factorisations are expected to cost less. */
function* approximation(least: number, group: RidgeGroup, algebra: Algebra): Task<LowRank | null> {
  const { matrix, settings, tell } = group;
  const { rows } = matrix;
  const { method, preconditioner } = settings;
  tell?.({ doing: "preconditioner" });
  const costs = new Costs(algebra);
  const mayFactorise = method !== "cg" && typeof preconditioner !== "object" && fitsFactorisation(rows);
  const limit = mayFactorise ? costs.factorisation(rows) : Infinity;
  const rule = ruleOf(preconditioner, new LeastCost(costs, least, limit));
  const low = yield* lowRank(asserted(matrix.entries, "entries"), algebra, generator(SEED), rule);
  return costs.iterations(low.iterations, low.rank, rows, "float64") > limit ? null : low;
}

interface Ridge {
  /** Among all ridges. */
  readonly place: number;
  readonly alpha: number;
  readonly inverse: Preconditioner;
}

/** One solve whose columns have different ridges. */
function* solveAsColumns(ridges: readonly Ridge[], group: RidgeGroup): Task<(FoundRidge | undefined)[]> {
  const { matrix, right, columns, settings } = group;
  const all = ridges.length * columns;
  const applies = ridges.map(
    ({ inverse }) =>
      (x: RealData, out: RealData): Work<void> =>
        inverse.apply(x, out, columns),
  );
  const alphas = ridges.flatMap(({ alpha }) => new Array<number>(columns).fill(alpha));
  const space = matrix.addRidges(alphas, sideBySide(applies, columns));
  const [b, x] = [space.vector(), space.vector()];
  for (let n = 0; n < b.length; n++) b[n] = right[Math.floor(n / all) * columns + (n % columns)]!;
  const found = yield* refine(onePrecision(space), b, x, { ...settings, onIteration: progressOf(group) });
  const part = (s: number): Float64Array =>
    Float64Array.from(right, (_, n) => x[Math.floor(n / columns) * all + s * columns + (n % columns)]!);
  return ridges.map(({ inverse }, s) => {
    const residuals = found.residuals.slice(s * columns, (s + 1) * columns);
    return foundIfSolved(group, part(s), { ...found, residuals }, inverse.rank);
  });
}

/** A solution whose true residuals meet its tolerance, or what float64 allows. */
function foundIfSolved(
  { norms, matrix, settings, target }: RidgeGroup,
  x: RealData,
  { residuals, converged, iterations }: Omit<Solution, "residual">,
  rank: number,
): FoundRidge | undefined {
  const isMet = residuals.every(
    (residual, k) => residual * at(norms, k) <= targetOf(at(norms, k), matrix.rows, settings) * (1 + 1e-12),
  );
  const residual = residuals.reduce((most, one) => Math.max(most, one), 0);
  const how = { iterations, residual, method: "cg", rank, library: null, history: [], ...EXACT } as const;
  if (isMet) return { x, target, report: { ...how, converged: "tolerance" } };
  return converged === "precision" && residual <= FLOAT64_LIMIT
    ? { x, target, report: { ...how, converged } }
    : undefined;
}

function progressOf({ tell, target }: RidgeGroup): ((progress: SolveIteration) => void) | undefined {
  if (!tell) return undefined;
  return ({ iteration, residual, verified }) => {
    tell({ doing: "iterations", iterations: iteration, residual, target, verified });
  };
}

// --------------------------------------------------------------------------------------- one Krylov space for all

/** A recursion drifts: it aims below the target by this. */
const AIM = 0.3;

function* solveInOneKrylovSpace(alphas: readonly number[], group: RidgeGroup): Task<(FoundRidge | undefined)[]> {
  const { matrix, right, columns, norms, settings } = group;
  const { rows } = matrix;
  const least = alphas.reduce((smallest, alpha) => Math.min(smallest, alpha), Infinity);
  const shifts = alphas.map((alpha) => alpha - least);
  const space = matrix.space(columns, least);
  const most = settings.maxIterations ?? defaultMaxIterations(rows);
  const onProgress = progressOf(group);
  const x = alphas.map(() => space.vector());
  const { iterations: done, hasStalled } = yield* shiftedCg(space, shifts, right, x, {
    bounds: norms.map((norm) => Math.max(AIM * targetOf(norm, rows, settings), 2 ** -50 * norm)),
    maxIterations: most,
    onIteration: (iteration, excess) =>
      onProgress?.({ iteration, residual: excess * AIM * settings.eps, verified: false }),
  });
  const found: (FoundRidge | undefined)[] = [];
  const rest = hasStalled ? 1 : Math.max(1, most - done);
  for (const [s, alpha] of alphas.entries()) found.push(yield* refineRidge(alpha, at(x, s), done, rest, group));
  return found;
}

/** The true residuals decide, and what they leave is refined. */
function* refineRidge(
  alpha: number,
  x: RealData,
  done: number,
  maxIterations: number,
  group: RidgeGroup,
): Task<FoundRidge | undefined> {
  const { matrix, right, columns, settings } = group;
  const options = { ...settings, maxIterations, onIteration: undefined };
  const found = yield* refine(onePrecision(matrix.space(columns, alpha)), right, x, options);
  return foundIfSolved(group, x, { ...found, iterations: done + found.iterations }, 0);
}
