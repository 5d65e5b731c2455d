/**
 * Several ridges for the data of one call: in one space of modes where products may lose something and the kernel has
 * one, else in one solve; and what that leaves by itself. Each solution is recorded as that of a single solve.
 */
import { localAmong, markLocal } from "../array/local";
import { recording } from "../array/record";
import { sizeOf, wrap } from "../array/view";
import type { RealArray } from "../array/view";
import { copyArguments } from "../call/prepared";
import type { Given } from "../call/prepared";
import type { Tell } from "../call/run";
import { at } from "../asserts";
import { ArgumentError } from "../errors";
import { describeValue, isAtLeast, withoutRows } from "../options";
import type { OptionRows } from "../options";
import type { Task } from "../task";
import { Inverses } from "./choose";
import { pullback } from "./derivative";
import { run, settingsOf, shareModesOf, solveAdjoint } from "./linear";
import { roundToData, missesTolerance, placeAs, reportMissed } from "./report";
import type { Solved } from "./report";
import { solveTogether } from "./ridges";
import type { FoundRidge, RidgesRequest } from "./ridges";
import { MATRIX, SOLVE, checkSolveOptions } from "./solveoptions";
import type { SolveOptions } from "./solveoptions";
import { widen } from "./system";
import type { System } from "./system";

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
