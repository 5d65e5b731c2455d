/**
 * Sums of convolutions in far fewer operations than pairs: near pairs times a window by the engine that computes all
 * pairs, and the smooth rest on a periodic grid by Fourier transforms (kernel splitting as in particle-mesh Ewald sums:
 * Darden, York and Pedersen 1993; for kernels that are only known by their values). The one idea is that the window is
 * a factor of the formula, so the near part is another formula and the rest is sampled; results are checked on rows
 * that are computed exactly. Knows no kernel by name.
 */
import { checksum } from "../array/record";
import { contiguous, sizeOf } from "../array/view";
import { asserted, at, lookUp } from "../asserts";
import { onceFor } from "../once";
import type { Operator } from "../call/operator";
import type { Given, How } from "../call/prepared";
import type { Shortcut } from "../call/result";
import { memoryAmong } from "../device/memory";
import { nativeAddon, whyNoAddon } from "../device/native";
import type { RealData } from "../device/native";
import { convolutionOf } from "../formula/convolution";
import type { Convolution, Refusal } from "../formula/convolution";
import { mean, sum } from "../formula/reductions";
import type { Task } from "../task";
import { firstsAlike, placeOf, planEntries } from "./way";
import type { Plan, Way } from "./way";
import { directNanoseconds, firstSplit, firstTree, whyBefore } from "./paircosts";
import { measureError, scaleOf } from "./samplecheck";
import type { MeasuredError } from "./samplecheck";
import { GRID_PARTS, countAll, groupOfCall, holdsForAll, inWholeParts, ranksOf } from "./shared";
import { isDear, isLongForTrees, makePrepared } from "./splitplan";
import type { Limits, Prepared } from "./splitplan";

/** Sums with a tolerance, of formulas that are convolutions. */
export const split: Way = {
  takesShards: true,
  asked: ({ settings }, { tolerance = 0 }) => tolerance > 0 && settings.reduction.isSum,
  whyNot: (operator, given, how) => whyNotSplit(operator, countAll(given, how), how),
  plan: (operator, given, how) => {
    const parts = inWholeParts(operator, given, how, GRID_PARTS);
    return planAll(operator, parts.given, parts.how);
  },
  note(operator, given, how) {
    if (whyNotOfCall(operator, given, how) !== null) return;
    const nanoseconds = directNanoseconds(operator, countAll(given, how)) * sizeOf(given.batch);
    if (nanoseconds >= LEAST_DIRECT && whyNotOfFormula(operator) !== null) return;
    firstSplit.note(how, nanoseconds);
    firstTree.note(how, nanoseconds);
  },
};

// ----------------------------------------------------------------------------------------------------- whether it may

/** The least tolerances: below them rounding is all there is. */
const LEAST_TOLERANCE = { float32: 1e-6, float64: 1e-12 } as const;
/** Of the products of solvers. */
const MOST_TOLERANCE = 1e-2;
const MOST_AXES = 4;
/**
 * In nanoseconds of processor time: points whose pairs take less are not planned, as a plan that is not used may cost a
 * part of it.
 */
const LEAST_DIRECT = 1.5e8;

function whyNotSplit(operator: Operator, given: Given, how: How): string | null {
  const refused = whyNotOfCall(operator, given, how);
  if (refused !== null) return refused;
  const { rows, columns } = operator.sizes(given);
  const isBrief = (repeats: number): boolean => directNanoseconds(operator, given) * repeats < LEAST_DIRECT;
  const why = `all ${rows} x ${columns} pairs take less time than a plan`;
  const { repeats = 1 } = how;
  const all = repeats * sizeOf(given.batch);
  if (isBrief(all)) return why;
  if (firstSplit.isBefore(how, directNanoseconds(operator, given) * all)) return whyBefore(rows, columns);
  return whyNotOfFormula(operator) ?? (isBrief(repeats * sharing(operator, given)) ? why : null);
}

function whyNotOfCall({ settings }: Operator, given: Given, how: How): string | null {
  const { ranges, backend = "auto", device } = how;
  const least = LEAST_TOLERANCE[given.dtype];
  if (asserted(how.tolerance, "a tolerance") < least)
    return `a tolerance below ${least} is less than ${given.dtype} can hold`;
  if (ranges) return "ranges say which pairs are computed";
  if (!["auto", "cpu", "tiles"].includes(backend)) return `the backend "${backend}" computes all pairs`;
  if (device !== undefined || memoryAmong(given.arrays).device !== null) return "the arrays are on a device";
  if (nativeAddon() === null) return `sums on a grid need the addon: ${whyNoAddon()}`;
  const { reduction, sumScheme, accumulator } = settings;
  if (reduction !== sum && reduction !== mean) return `${reduction.name} is no sum of the formula`;
  if (sumScheme !== "block" || accumulator !== "auto") return "sumScheme or dtypeAcc say how sums are rounded";
  return null;
}

const convolutionIn = onceFor(({ formula, args, settings }: Operator): Convolution | Refusal =>
  convolutionOf(formula, args, settings.rows),
);

function whyNotOfFormula(operator: Operator): string | null {
  const found = convolutionIn(operator);
  if ("why" in found) return `the formula is no convolution: ${found.why}`;
  const dim = found.points.reduce((all, { row }) => all + row.dim, 0);
  return dim > MOST_AXES ? `points have ${dim} components, and grids are made up to ${MOST_AXES}` : null;
}

// -------------------------------------------------------------------------------------------------------------- plans

/** What was made of the points of the last call, or why nothing was. */
interface Kept {
  readonly key: string;
  readonly prepared: Prepared | string;
  /** Whether a tree might take less time, and came too early to be tried. */
  readonly wantsTree: boolean;
}

/** By number of the points among the different ones of a batch. */
type KeptPlans = Map<number, Kept>;

/** Ranks must all have kept the same, whatever each has computed for itself. */
const keptBy = {
  alone: onceFor((_operator: Operator): KeptPlans => new Map()),
  onRanks: onceFor((_operator: Operator): KeptPlans => new Map()),
};
const keptFor = (operator: Operator, how: How): KeptPlans => keptBy[groupOfCall(how)](operator);

/** How many plans of a batch are kept for the next call: those behind are made again. */
const MOST_KEPT = 64;

/** Drops plans from number `first` on. */
function forget(kept: KeptPlans, first: number): void {
  for (const slot of kept.keys()) if (slot >= first) kept.delete(slot);
}

/** What a plan depends on but weights and factors. */
const readBy = (operator: Operator): number[] => {
  const { points, parameters } = convolutionIn(operator) as Convolution;
  return [...points.flatMap(({ row, column }) => [row, column]), ...parameters].map(({ position }) => position);
};

/** Data are told apart by checksums. What pays depends on how often it is computed. */
function keyOf(operator: Operator, given: Given, how: How): string {
  const sums = readBy(operator).map((position) => checksum(at(given.arrays, position)));
  const whose = given.shards ? "of ranks" : "of all";
  return [given.dtype, whose, ...given.extents, how.tolerance, how.backend, how.repeats ?? 1, ...sums].join(" ");
}

/** For each entry of a batch the number of its points among the different ones, and how many of those there are. */
function alike(operator: Operator, given: Given): { slots: readonly number[]; count: number } {
  const firsts = firstsAlike(operator, given, readBy(operator));
  const numbers = new Map([...new Set(firsts)].map((first, n) => [first, n]));
  return { slots: firsts.map((first) => lookUp(numbers, first)), count: numbers.size };
}

/** How many entries of a batch have the same points, and share a plan. */
const sharing = (operator: Operator, given: Given): number =>
  sizeOf(given.batch) / Math.max(1, alike(operator, given).count);

function* planAll(operator: Operator, given: Given, how: How): Task<Plan | string> {
  const { slots, count } = alike(operator, given);
  const kept = keptFor(operator, how);
  forget(kept, count);
  const all = directNanoseconds(operator, given) * sizeOf(given.batch) * (how.repeats ?? 1);
  if (given.batch.length > 0 && !firstTree.isBefore(how, all)) firstTree.begin(how); // no entry would pass by itself
  const own = { ...how, repeats: ((how.repeats ?? 1) * slots.length) / Math.max(1, count) };
  const rest = given.batch.length > 0 ? placeOf(operator, given, how) : undefined;
  const plan = yield* planEntries(operator, given, (entry, n) => planSplit(operator, entry, own, at(slots, n)), rest);
  forget(kept, MOST_KEPT);
  return plan;
}

function* planSplit(operator: Operator, given: Given, how: How, slot: number): Task<Plan | string> {
  if (!holdsForAll(ranksOf(given), "finite weights", hasFiniteFactors(operator, given)))
    return "not all weights and factors are finite";
  const key = keyOf(operator, given, how);
  const prepared = yield* preparedFor(operator, given, how, { key, slot });
  if (typeof prepared === "string") return prepared;
  return { tells: told(prepared), run: (out) => runChecked(operator, given, how, { key, slot, prepared, out }) };
}

function hasFiniteFactors(operator: Operator, { arrays }: Given): boolean {
  const { weights, factors } = convolutionIn(operator) as Convolution;
  return [...weights, ...factors].every(({ position }) => isFiniteThroughout(contiguous(at(arrays, position))));
}

function isFiniteThroughout(values: RealData): boolean {
  for (let n = 0; n < values.length; n++) if (!Number.isFinite(values[n])) return false;
  return true;
}

function* preparedFor(
  operator: Operator,
  given: Given,
  how: How,
  { key, slot }: { readonly key: string; readonly slot: number },
): Task<Prepared | string> {
  const kept = keptFor(operator, how);
  const known = kept.get(slot);
  const triesTrees = isLongForTrees(operator, given, how);
  const isCurrent = known?.key === key && !(known.wantsTree && triesTrees);
  if (holdsForAll(ranksOf(given), "a plan that is kept", isCurrent)) return asserted(known, "a plan").prepared;
  kept.delete(slot);
  const convolution = convolutionIn(operator) as Convolution;
  const tolerance = asserted(how.tolerance, "a tolerance");
  firstSplit.begin(how);
  const limits = limitsOf(operator, given, how, tolerance);
  const prepared = yield* makePrepared(operator, convolution, given, how, limits);
  kept.set(slot, { key, prepared, wantsTree: !triesTrees && isDear(prepared, limits) });
  return prepared;
}

/** How much of the time of all pairs a split may be expected to take, and nanoseconds for what is sampled to choose it. */
const WORTH = 0.8;
const CHOICE = 4e7;

const limitsOf = (operator: Operator, given: Given, how: How, tolerance: number): Limits => ({
  tolerance,
  most: WORTH * directNanoseconds(operator, given) - CHOICE / (how.repeats ?? 1),
});

/**
 * A plan whose sums solvers judge, and what part of the time of all pairs it takes; or why there is none, in a clause.
 * @param allowed what the kernel's values may be off by, as a root mean square.
 */
export function* prepareFor(
  operator: Operator,
  given: Given,
  how: How,
  allowed: number,
): Task<{ prepared: Prepared; share: number } | string> {
  const refused = whyNotSplit(operator, given, { ...how, tolerance: Infinity });
  if (refused !== null) return refused;
  const convolution = convolutionIn(operator) as Convolution;
  const tolerance = allowed / (yield* scaleOf(operator, convolution, given, how));
  if (!(tolerance >= LEAST_TOLERANCE[given.dtype]))
    return "what is asked for, or alpha, is so small that products have to be exact";
  firstSplit.begin(how);
  const prepared = yield* makePrepared(
    operator,
    convolution,
    given,
    how,
    limitsOf(operator, given, how, Math.min(MOST_TOLERANCE, tolerance)),
    "split",
  );
  if (typeof prepared === "string") return prepared;
  return { prepared, share: prepared.cost / directNanoseconds(operator, given) };
}

/** Until one is near enough, or none is left to try: then all pairs are computed, also in later calls with these points. */
function* runChecked(
  operator: Operator,
  given: Given,
  how: How,
  { key, slot, prepared, out }: { key: string; slot: number; prepared: Prepared; out: RealData },
): Task<Shortcut | null> {
  const keep = (now: Prepared | string): void => {
    const wantsTree = typeof now === "string" && !isLongForTrees(operator, given, how);
    if (slot < MOST_KEPT) keptFor(operator, how).set(slot, { key, prepared: now, wantsTree });
  };
  const tolerance = asserted(how.tolerance, "a tolerance");
  const tried: Prepared[] = [];
  let why = "";
  for (let next: Prepared | null = prepared; next;) {
    tried.push(next);
    yield* next.run(given, out);
    const measured = yield* measureError(operator, given, how, out);
    if (!(measured.error < Infinity)) return null; // the rows tell nothing
    if (isWithin(measured, tolerance)) {
      if (tried.length > 1) keep(next);
      return told(next, measured);
    }
    why = whyMissed(measured);
    next = yield* prepareAgain(operator, given, how, tried, measured.error / tolerance);
  }
  keep(why);
  return null;
}

/** How much finer a plan is made that has missed, beside what it missed by. */
const FINER = 4;
/** In tolerances: what misses by more has not seen what the kernel is like. */
const MISSED_BY_FAR = 100;

/**
 * What to try next: each method twice at most, finer the second time. Where a split has missed, a tree is another way that
 * may take less time; it is the first one where the split has missed by far.
 * @param missed the error that the last one had, in tolerances.
 */
function* prepareAgain(
  operator: Operator,
  given: Given,
  how: How,
  tried: readonly Prepared[],
  missed: number,
): Task<Prepared | null> {
  const last = at(tried, tried.length - 1);
  const isFirst = tried.filter(({ method }) => method === last.method).length === 1;
  const finer = last.tolerance / (FINER * Math.max(1, missed));
  const make = function* (method: Prepared["method"], tolerance: number, most = Infinity): Task<Prepared | null> {
    const limits = limitsOf(operator, given, how, tolerance);
    const convolution = convolutionIn(operator) as Convolution;
    const limited = { ...limits, most: Math.min(most, limits.most) };
    const made = yield* makePrepared(operator, convolution, given, how, limited, method);
    return typeof made === "string" ? null : made;
  };
  if (last.method === "tree") return isFirst ? yield* make("tree", finer) : null;
  const split = isFirst && missed < MISSED_BY_FAR ? yield* make("split", finer) : null;
  const tree = yield* make("tree", asserted(how.tolerance, "a tolerance"), split?.cost);
  return tree ?? split ?? (isFirst ? yield* make("split", finer) : null);
}

const isWithin = ({ error, uncertainty }: MeasuredError, tolerance: number): boolean =>
  error + uncertainty <= tolerance;

const whyMissed = ({ error, rows }: MeasuredError): string =>
  `the error on ${rows} exact rows was ${error.toExponential(1)}, and a finer plan did not mend that`;

function told(prepared: Prepared, measured?: MeasuredError): Shortcut {
  const { method, nearCount, tolerance, details } = prepared;
  return {
    method,
    whyDirect: null,
    pairsLeft: nearCount,
    details: {
      tolerance,
      ...details,
      ...(measured && { error: measured.error, uncertainty: measured.uncertainty, checkedRows: measured.rows }),
    },
  };
}
