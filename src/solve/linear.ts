/**
 * Solutions of (K + alpha I) a = b: one solve per entry of a batch, with its record on the tape. The derivative is one
 * more solve, of the transposed system, so it is differentiable in its turn. Float32 data are solved as the float64
 * system of those numbers, and the solution is rounded.
 */
import { astype } from "../array/array";
import { localAmong, markLocal, recording } from "../array/record";
import { allocate, contiguous, sizeOf, wrap } from "../array/view";
import type { RealArray } from "../array/view";
import { copyArguments, copyOf } from "../call/prepared";
import type { Given, How } from "../call/prepared";
import { blocking, tellOfPart } from "../call/run";
import type { Tell } from "../call/run";
import { followArrays } from "../device/memory";
import { at } from "../asserts";
import { withDefaults } from "../options";
import type { Task } from "../task";
import { solveBy } from "./attempt";
import type { AttemptSettings, Report } from "./attempt";
import { Inverses, checkSituation } from "./choose";
import type { Situation } from "./choose";
import { pullback } from "./derivative";
import type { SystemCall } from "./derivative";
import { bothReasons, solveBySplit } from "./fastproducts";
import { failUnlessConverged, hintFor, missesTolerance, placeAs, reportMissed, roundToData } from "./report";
import type { Solved } from "./report";
import { diagonalBlocks } from "./kernelmatrix";
import { shareModes, solveInModes } from "./modes";
import { denseWork } from "./precondition";
import { checkSymmetry, looksSymmetric } from "./probes";
import type { Columns, Product, RealSpace } from "./product";
import type { SolveIteration } from "./refine";
import { SOLVE, alphaArray, alphaOf, checkSolveOptions, copyToHost, placementOf, withStart } from "./solveoptions";
import type { SolveOptions, SolveSettings, StartedOptions } from "./solveoptions";
import { columnNorms } from "./space";
import { relativeTarget } from "./stopping";
import { recordAs, widen } from "./system";
import type { System } from "./system";
import type { FastRequest } from "./verified";

/** Products with K that a solve takes, about. */
const PRODUCTS_ABOUT = 30;

/** How a solve is run and what is told of it. */
interface Course {
  /** Whether users see reports. */
  readonly isReported: boolean;
  /** What is computed with instead of what was given in float64. */
  readonly read: (given: Given) => Given;
  readonly tell?: Tell | undefined;
}

/** Solves here and now. @throws ArgumentError, ConvergenceError, as the door says. */
export function solve(
  system: System,
  arrays: readonly RealArray[],
  options: SolveOptions,
  isReported: boolean,
): Solved {
  const given = system.check(arrays, options);
  const placed = followArrays(arrays, copyToHost(withStart(options, given.dtype)));
  const solved = blocking(solveGiven(system, given, placed, { isReported, read: (own) => own }));
  return placeAs(at(arrays, system.unknown.position), solved);
}

/** A solve as a task that may wait: from its first step on, the arrays may change. */
export function* solving(
  system: System,
  arrays: readonly RealArray[],
  options: SolveOptions,
  isReported: boolean,
  tell?: Tell,
): Task<Solved> {
  const given = system.check(arrays, options);
  const { x0, ...others } = copyToHost(withStart(options, given.dtype));
  const start = x0 && copyOf(x0);
  const placed = followArrays(arrays, { ...others, x0: start });
  const solved = yield* solveGiven(system, given, placed, { isReported, read: copyArguments, tell });
  return placeAs(at(arrays, system.unknown.position), solved);
}

function* solveGiven(system: System, given: Given, options: StartedOptions, course: Course): Task<Solved> {
  checkSolveOptions(options, system.shape(given), given.dtype);
  const settings = settingsOf(given, options);
  const inverses = Array.from({ length: sizeOf(given.batch) }, () => new Inverses());
  try {
    return yield* solveInFloat64(system, given, settings, inverses, course);
  } finally {
    // Derivatives need them again.
    if (!recording(inputsOf(given, settings))) for (const known of inverses) known.release();
  }
}

/** All options; a factorisation would need all points on one rank. */
export function settingsOf({ shards }: Given, options: StartedOptions): SolveSettings {
  const settings: SolveSettings = withDefaults(SOLVE, options);
  return shards ? { ...settings, method: "cg" } : settings;
}

/** What a solution depends on. */
function inputsOf(given: Given, settings: SolveSettings): readonly RealArray[] {
  const alpha = alphaArray(settings);
  return alpha ? [...given.arrays, alpha] : given.arrays;
}

function* solveInFloat64(
  system: System,
  given: Given,
  settings: SolveSettings,
  inverses: readonly Inverses[],
  { isReported, read, tell }: Course,
): Task<Solved> {
  const { dtype } = given;
  const isWide = dtype === "float64";
  const wide = isWide ? given : widen(given);
  const wideSettings = isWide ? settings : widenSettings(settings);
  const call = { given: wide, read: isWide ? read(given) : wide, settings: wideSettings, data: dtype, inverses, tell };
  const solved = yield* run(system, call);
  return yield* roundToData(system, { given: wide, settings: wideSettings, data: dtype, isReported }, solved);
}

function widenSettings(settings: SolveSettings): SolveSettings {
  const { x0 } = settings;
  const alpha = alphaArray(settings);
  return {
    ...settings,
    alpha: alpha ? recordAs(alpha, "float64") : settings.alpha,
    x0: x0 && recordAs(x0, "float64"),
  };
}

/** Solves checked arrays in float64. */
export function* run(system: System, call: SystemCall): Task<Solved> {
  const { given, settings, inverses } = call;
  const shape = system.shape(given);
  const how = { ...placementOf(settings, given), repeats: PRODUCTS_ABOUT };
  const inputs = inputsOf(given, settings);
  const recorded = recording(inputs) ? system.recorder(inputs, given) : undefined;
  const local = given.shards ? undefined : localAmong(inputs);
  const solution = markLocal(wrap(allocate("float64", sizeOf(shape)), shape), local);
  const fixed = { ...call, settings: { ...settings, alpha: alphaOf(settings) } };
  const reports: Report[] = [];
  for (let entry = 0; entry < inverses.length; entry++)
    reports.push(yield* solveEntry(system, fixed, entry, how, solution));
  recorded?.(solution, (cotangent, wanted) => pullback(system, call, [solution, cotangent], wanted, solveAdjoint));
  return { solution, reports };
}

/** Solves the system of a derivative. */
export const solveAdjoint = (system: System, call: SystemCall): RealArray => blocking(run(system, call)).solution;

// ------------------------------------------------------------------------------------------- one entry of a batch

function* solveEntry(system: System, call: SystemCall, entry: number, how: How, solution: RealArray): Task<Report> {
  const { read, settings, data, inverses } = call;
  const tell = tellOfPart(call.tell, entry, inverses.length);
  const { request, product, accurate, block } = yield* prepareEntry(system, { ...call, tell }, entry, how);
  const hint = settings.tolerance === "auto" || read.shards ? null : yield* hintFor(request);
  if (hint !== null) tell?.({ doing: "check", hint });
  yield* checkOnce(at(inverses, entry), system, product, accurate, request.situation);
  const onIteration = progressOf(settings, tell, request.target);
  const found = yield* solveFastest(request, at(inverses, entry), product, block, { ...settings, onIteration });
  const report = { ...found, hint };
  solution.data.set(block.x, entry * block.x.length);
  const where = read.batch.length > 0 ? `, entry ${entry}` : "";
  const place = { settings, where, lastIterate: () => astype(solution, data) };
  failUnlessConverged(report, place);
  if (missesTolerance(report, settings)) reportMissed(system, report, request.target, place);
  return report;
}

/** One entry of a call, and what is asked of it. */
interface Entry {
  readonly request: FastRequest;
  readonly product: Product;
  readonly accurate: RealSpace;
  readonly block: Columns;
}

function* prepareEntry(system: System, call: SystemCall, entry: number, how: How): Task<Entry> {
  const { read, settings, tell } = call;
  const own = system.entry(read, entry);
  const { rows, columns } = system.layout(read);
  const product = system.product(own, alphaOf(settings), how);
  const situation: Situation = { ...situationOf(system, product, own, { ...call, how }), tell };
  const accurate = product.space(rows, columns, "float64", null);
  const block = { ...columnsOf(system, own, settings, entry), columns };
  const target = relativeTarget(yield* columnNorms(accurate, block.right), rows, settings);
  const request = { system, given: own, how, algebra: situation.algebra, tell, situation, target };
  return { request, product, accurate, block };
}

/**
 * One space of modes for the solves of several ridges of a system without batch dimensions.
 * @param call of the least ridge.
 * @param all the inverses of all ridges.
 * @returns why there is none, in a clause.
 */
export function* shareModesOf(system: System, call: SystemCall, all: readonly Inverses[]): Task<string | null> {
  const how = { ...placementOf(call.settings, call.given), repeats: PRODUCTS_ABOUT };
  return yield* shareModes((yield* prepareEntry(system, call, 0, how)).request, all);
}

/** In mode space or with split sums, where that is asked for and can be, else with exact products. */
function* solveFastest(
  request: FastRequest,
  inverses: Inverses,
  product: Product,
  block: Columns,
  options: AttemptSettings & Pick<SolveSettings, "tolerance">,
): Task<Report> {
  const { situation } = request;
  if (options.tolerance !== "auto") return yield* solveBy(inverses, situation, product, block, options);
  const inModes = yield* solveInModes(request, inverses, product, block, options);
  if (typeof inModes !== "string") return inModes;
  const split = yield* solveBySplit(request, inverses, product, block, options);
  if (typeof split !== "string") return split;
  const whyExact = bothReasons(inModes, split);
  return { ...(yield* solveBy(inverses, situation, product, block, options)), whyExact };
}

/** The right-hand side of an entry, and where its solve begins. */
function columnsOf(
  { unknown }: System,
  own: Given,
  { x0 }: SolveSettings,
  entry: number,
): Pick<Columns, "right" | "x"> {
  const right = Float64Array.from(contiguous(at(own.arrays, unknown.position)));
  const begin = entry * right.length;
  const x = new Float64Array(right.length);
  if (x0) x.set(contiguous(x0).subarray(begin, begin + x.length));
  return { right, x };
}

/** What the choice of a method depends on. */
function situationOf(
  system: System,
  product: Product,
  own: Given,
  { settings, data, how }: Pick<SystemCall, "settings" | "data"> & { readonly how: How },
): Situation {
  const { kernel, unknown, operator } = system;
  const visited = how.ranges?.[operator.settings.rows];
  const situation: Situation = {
    ...settings,
    alpha: alphaOf(settings),
    rows: system.layout(own).rows,
    shape: system.shape(own),
    dtype: data,
    matrix: system.isMatrix ? (of) => product.matrix(kernel, unknown, of) : null,
    blocks: visited ? diagonalBlocks(visited, kernel ? 1 : unknown.dim) : null,
    algebra: denseWork(),
  };
  checkSituation(situation);
  return situation;
}

/**
 * Checks that K is symmetric, but for known inverses: they come from a solve with the same K, or its transpose. Some
 * entries tell, where the points are the same array: what they miss, the residual does not. Else two products do.
 */
function* checkOnce(
  known: Inverses,
  system: System,
  product: Product,
  space: RealSpace,
  { symmetry, matrix, blocks, dtype, rows }: Situation,
): Task<void> {
  if (known.isChecked || symmetry === "none") return;
  const hasEntries = matrix && !blocks && rows > 0 && product.hasEqualPoints;
  if (!(hasEntries && looksSymmetric(matrix(dtype)))) yield* checkSymmetry(space, system.kernel !== null);
  known.isChecked = true;
}

// -------------------------------------------------------------------------------------------------------- progress

/** Every iteration is progress too. */
function progressOf(
  { onIteration }: SolveSettings,
  tell: Tell | undefined,
  target: number,
): ((progress: SolveIteration) => void) | undefined {
  if (!tell) return onIteration ?? undefined;
  return (progress) => {
    const { iteration, residual, verified } = progress;
    tell({ doing: "iterations", iterations: iteration, residual, target, verified });
    onIteration?.(progress);
  };
}
