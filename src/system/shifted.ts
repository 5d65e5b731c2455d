/**
 * Several ridges for the data of one call. Where a low-rank approximation of K serves, the ridges are columns of one solve, each with a
 * preconditioner made of the same approximation; else they share one Krylov space. Whatever has not met its tolerance by its true residual
 * is solved again by itself.
 */
import { described } from "../array/check";
import { generator } from "../array/array";
import { recording } from "../array/record";
import { contiguous, sizeOf, wrap } from "../array/view";
import type { RealArray } from "../array/view";
import type { Real } from "../engine/native";
import { ArgumentError } from "../errors";
import { copied } from "../call/prepared";
import type { Given } from "../call/prepared";
import type { Tell } from "../call/run";
import { GivenRank, LeastCost, fitsFactorisation } from "../solver/costs";
import { lowRank } from "../solver/preconditioner";
import type { Preconditioner } from "../solver/preconditioner";
import { solve, targetOf } from "../solver/refine";
import { shiftedCg } from "../solver/shifted";
import { defaultMaxIterations } from "../solver/stall";
import type { Progress } from "../solver/refine";
import { onePrecision } from "../solver/space";
import type { Task, Work } from "../solver/task";
import { denseWork } from "./algebra";
import { pullback } from "./derivative";
import { sideBySide, systemMatrix } from "./matrix";
import type { SystemMatrix } from "./matrix";
import { Inverses } from "./method";
import type { Report } from "./method";
import { SOLVE_OPTIONS, checkOptions } from "./options";
import type { SolveOptions } from "./options";
import { checkSymmetry } from "./product";
import { returned, tellUnlessMet } from "./returned";
import { placedAs } from "./solved";
import type { Solved } from "./solved";
import type { System } from "./system";
import { widened } from "./widen";

/** As of one solve; its ridges are an argument, and they start from 0. */
export type ShiftedOptions = Omit<SolveOptions, "alpha" | "x0" | "onIteration">;

export const SHIFTED_OPTIONS: readonly string[] = SOLVE_OPTIONS.filter(
  (name) => !["alpha", "x0", "onIteration"].includes(name),
);

/** A solution in float64, and how it was found. */
interface Found {
  readonly x: Real;
  readonly report: Report;
}

/** One solution per alpha, recorded as those of single solves. */
export function* shiftedSolves(
  system: System,
  alphas: unknown,
  arrays: readonly RealArray[],
  { isReported, ...options }: ShiftedOptions & { readonly isReported: boolean },
  tell?: Tell,
): Task<Solved[]> {
  const ridges = checkAlphas(alphas);
  const given = system.check(arrays);
  const shape = system.shape(given);
  checkOptions(options, shape, given.dtype);
  const { dtype } = given;
  const wide: Given = dtype === "float64" ? given : { ...given, arrays: widened(given.arrays), dtype: "float64" };
  const recorded = recording(wide.arrays) ? system.recorder(wide.arrays) : undefined;
  const read = copied(wide);
  const together = yield* solvedTogether(system, ridges, read, options, tell);
  const results: Solved[] = [];
  for (const [s, alpha] of ridges.entries()) {
    const call = { given: wide, options: { ...options, alpha }, data: dtype };
    const inverses = (isChecked: boolean): Inverses[] =>
      Array.from({ length: sizeOf(given.batch) }, () => new Inverses(isChecked));
    const found = together[s];
    const own = inverses(false);
    try {
      const { solution, reports } = found
        ? { solution: wrap(found.x, shape), reports: [found.report] }
        : yield* system.run({ ...call, given: read, read, inverses: own, tell });
      if (found) tellUnlessMet(system, call.options, found.report, rightOf(system, read), () => solution);
      recorded?.(solution, (cotangent, wanted) => {
        return pullback(system, { ...call, inverses: inverses(true) }, solution, cotangent, wanted);
      });
      const asked = { given: read, options: call.options, data: dtype, isReported };
      results.push(placedAs(arrays[system.unknown.position]!, yield* returned(system, asked, { reports, solution })));
    } finally {
      for (const known of own) known.release();
    }
  }
  return results;
}

const rightOf = (system: System, given: Given): { right: Float64Array; columns: number; where: string } => ({
  right: Float64Array.from(contiguous(given.arrays[system.unknown.position]!)),
  columns: system.layout(given).columns,
  where: "",
});

function checkAlphas(alphas: unknown): readonly number[] {
  const list =
    Array.isArray(alphas) || ArrayBuffer.isView(alphas) ? Array.from(alphas as ArrayLike<unknown>) : [alphas];
  const isList = Array.isArray(alphas) || ArrayBuffer.isView(alphas);
  if (isList && list.every((alpha) => typeof alpha === "number" && alpha >= 0 && alpha < Infinity))
    return list as number[];
  throw new ArgumentError(`shifted, alphas: expected a list of numbers of at least 0, got ${described(alphas)}`);
}

/** Up to this many rows every ridge is factorised by itself: that costs less than an approximation. */
const DIRECT_ROWS = 1000;
/** Columns of one solve, about. */
const COLUMNS = 32;
const SEED = 5;

/** Solutions by alpha; undefined where it is better to solve by itself. */
function* solvedTogether(
  system: System,
  alphas: readonly number[],
  given: Given,
  options: ShiftedOptions,
  tell?: Tell,
): Task<(Found | undefined)[]> {
  const { symmetry = "positive", method, preconditioner = "auto" } = options;
  if (
    symmetry !== "positive" ||
    method === "direct" ||
    typeof preconditioner === "function" ||
    given.batch.length > 0 ||
    alphas.length < 2
  )
    return [];
  const { matrix } = systemMatrix("shifted", system, given.arrays, options);
  const right = Float64Array.from(contiguous(given.arrays[system.unknown.position]!));
  const group: Group = { matrix, right, columns: matrix.rows === 0 ? 0 : right.length / matrix.rows, options, tell };
  const isApproximable = matrix.entries !== null && denseWork() !== null && preconditioner !== "none";
  if (group.columns === 0 || (isApproximable && method !== "cg" && matrix.rows <= DIRECT_ROWS)) return [];
  yield* checkSymmetry(matrix.space(2, 0), true);
  return yield* isApproximable ? preconditioned(alphas, group) : inOneKrylovSpace(alphas, group);
}

/** What solves of several ridges have in common. */
interface Group {
  readonly matrix: SystemMatrix;
  /** `[rows, columns]` */
  readonly right: Float64Array;
  readonly columns: number;
  readonly options: ShiftedOptions;
  readonly tell: Tell | undefined;
}

// ------------------------------------------------------------------------------------- one approximation of K for all

function* preconditioned(alphas: readonly number[], group: Group): Task<(Found | undefined)[]> {
  const { matrix, columns, options, tell } = group;
  const { preconditioner } = options;
  const least = alphas.reduce((smallest, alpha) => (alpha > 0 ? Math.min(smallest, alpha) : smallest), Infinity);
  if (least === Infinity) return [];
  tell?.({ doing: "preconditioner" });
  const algebra = denseWork()!;
  const mayFactorise = options.method !== "cg" && typeof preconditioner !== "object" && fitsFactorisation(matrix.rows);
  const limit = mayFactorise
    ? algebra.costs.factorisation(matrix.rows, algebra.lapack(matrix.rows) !== null)
    : Infinity;
  const rule =
    typeof preconditioner === "object"
      ? new GivenRank(preconditioner.rank)
      : new LeastCost(algebra.costs, least, limit);
  const low = yield* lowRank(matrix.entries!, algebra, generator("shifted", SEED), rule);
  if (algebra.costs.iterations(low.iterations, low.rank, matrix.rows, "float64") > limit) return [];
  if (low.rank === 0) return yield* inOneKrylovSpace(alphas, group);
  const inverses: (Preconditioner | null)[] = [];
  for (const alpha of alphas) inverses.push(alpha > 0 ? yield* low.inverse(alpha) : null);
  const able = alphas.flatMap((_, s) => (inverses[s] ? [s] : []));
  const found = new Array<Found | undefined>(alphas.length).fill(undefined);
  const size = Math.max(1, Math.floor(COLUMNS / columns));
  for (let first = 0; first < able.length; first += size) {
    const some = able.slice(first, first + size);
    const part = some.map((s) => ({ alpha: alphas[s]!, inverse: inverses[s]! }));
    for (const [n, one] of (yield* asColumns(part, group)).entries()) found[some[n]!] = one;
  }
  return found;
}

interface Ridge {
  readonly alpha: number;
  readonly inverse: Preconditioner;
}

/** One solve whose columns have different ridges. */
function* asColumns(ridges: readonly Ridge[], group: Group): Task<(Found | undefined)[]> {
  const { matrix, right, columns, options } = group;
  const { rows } = matrix;
  const all = ridges.length * columns;
  const alphas = ridges.flatMap(({ alpha }) => new Array<number>(columns).fill(alpha));
  const precondition = sideBySide(
    ridges.map(
      ({ inverse }) =>
        (x: Real, out: Real): Work<void> =>
          inverse.apply(x, out, columns),
    ),
    columns,
  );
  const space = matrix.ridged(alphas, precondition);
  const [b, x] = [space.vector(), space.vector()];
  for (let n = 0; n < b.length; n++) b[n] = right[Math.floor(n / all) * columns + (n % columns)]!;
  const told = { ...options, onIteration: telling(group) };
  const { iterations, residuals, converged } = yield* solve(onePrecision(space), b, x, told);
  return ridges.map(({ inverse }, s) => {
    const own = residuals.slice(s * columns, (s + 1) * columns);
    const mine = Float64Array.from(right, (_, n) => x[Math.floor(n / columns) * all + s * columns + (n % columns)]!);
    return judged(group, mine, own, {
      iterations,
      method: "cg",
      rank: inverse.rank,
      library: null,
      converged,
      rows,
      history: [],
    });
  });
}

/** Residuals that stop falling here are at the limit of float64. */
const LIMIT = 1e-9;

/** A solution whose true residuals meet its tolerance, or what float64 allows. */
function judged(
  { right, columns, options }: Group,
  x: Real,
  residuals: readonly number[],
  { rows, converged, ...how }: Omit<Report, "residual"> & { rows: number },
): Found | undefined {
  const norms = normsOf(right, columns);
  const isMet = residuals.every(
    (residual, k) => residual * norms[k]! <= targetOf(norms[k]!, rows, options) * (1 + 1e-12),
  );
  const residual = residuals.reduce((most, one) => Math.max(most, one), 0);
  if (isMet) return { x, report: { ...how, residual, converged: "tolerance" } };
  return converged === "precision" && residual <= LIMIT ? { x, report: { ...how, residual, converged } } : undefined;
}

function normsOf(right: Float64Array, columns: number): number[] {
  const squares = new Array<number>(columns).fill(0);
  right.forEach((value, n) => (squares[n % columns]! += value ** 2));
  return squares.map(Math.sqrt);
}

function telling({ tell, right, columns, options, matrix }: Group): ((progress: Progress) => void) | undefined {
  if (!tell) return undefined;
  const norms = normsOf(right, columns);
  const target = norms.reduce((least, norm) => Math.min(least, targetOf(norm, matrix.rows, options) / (norm || 1)), 1);
  return ({ iteration, residual, verified }) => {
    tell({ doing: "iterations", iterations: iteration, residual, target, verified });
  };
}

// --------------------------------------------------------------------------------------- one Krylov space for all

function* inOneKrylovSpace(alphas: readonly number[], group: Group): Task<(Found | undefined)[]> {
  const { matrix, right, columns, options } = group;
  const { rows } = matrix;
  const least = alphas.reduce((smallest, alpha) => Math.min(smallest, alpha), Infinity);
  const space = matrix.space(columns, least);
  const norms = normsOf(right, columns);
  const most = options.maxIterations ?? defaultMaxIterations(rows);
  const onIteration = telling(group);
  const x = alphas.map(() => space.vector());
  const { iterations: done, hasStalled } = yield* shiftedCg(
    space,
    alphas.map((alpha) => alpha - least),
    right,
    x,
    {
      // Below the target, since the recursion drifts.
      bounds: norms.map((norm) => Math.max(0.3 * targetOf(norm, rows, options), 2 ** -50 * norm)),
      maxIterations: most,
      onIteration: (iteration, excess) =>
        onIteration?.({ iteration, residual: excess * 0.3 * (options.eps ?? 1e-6), verified: false }),
    },
  );
  const found: (Found | undefined)[] = [];
  const rest = hasStalled ? 1 : Math.max(1, most - done);
  for (const [s, alpha] of alphas.entries()) found.push(yield* verified(alpha, x[s]!, done, rest, group));
  return found;
}

/** The true residuals decide, and what they leave is refined. */
function* verified(alpha: number, x: Real, done: number, maxIterations: number, group: Group): Task<Found | undefined> {
  const { matrix, right, columns, options } = group;
  const space = matrix.space(columns, alpha);
  const rest = { ...options, maxIterations };
  const { iterations, residuals, converged } = yield* solve(onePrecision(space), right, x, rest);
  return judged(group, x, residuals, {
    iterations: done + iterations,
    method: "cg",
    rank: 0,
    library: null,
    history: [],
    converged,
    rows: matrix.rows,
  });
}
