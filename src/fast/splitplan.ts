/**
 * What a split sum is made of, for points that are known: the grid with the kernel's spectra, where the points lie in
 * it, and the ranges of the near pairs. It is made once and run for any weights and factors. Must not know when it is
 * used.
 */
import { contiguous, wrap } from "../array/view";
import { at, realAt } from "../asserts";
import type { Operator } from "../call/operator";
import type { Given, How } from "../call/prepared";
import type { Shortcut } from "../call/result";
import { allocate } from "../device/memory";
import type { Dtype } from "../device/memory";
import type { RealData } from "../device/native";
import type { Argument } from "../formula/arguments";
import type { Convolution } from "../formula/convolution";
import { mean } from "../formula/reductions";
import { availableMemory } from "../platform/process";
import type { Task } from "../task";
import { sampleGrid } from "./gridsamples";
import { PeriodicGrid } from "./gridsum";
import type { Places, Sources, Spectrum, Term } from "./gridsum";
import { KernelTable } from "./kerneltable";
import type { Product } from "./kerneltable";
import { directNanoseconds, firstTree } from "./paircosts";
import { NearFormula, addNear } from "./nearsum";
import type { Near, NearCells } from "./nearsum";
import { scaleOf } from "./samplecheck";
import { SharedPlaces, amongAll, bytesOfParts, decidersOf } from "./shared";
import { chooseSplit } from "./splitchoice";
import type { Problem, Split } from "./splitchoice";
import { pointsOf, shareWithin } from "./splitpoints";
import type { Points } from "./splitpoints";
import { stepFor } from "./step";
import { placeAlone, placeOf } from "./way";
import { treeSumFor } from "./treesum";

/** A sum that is ready for weights and factors. */
export interface Prepared {
  readonly method: "split" | "tree";
  readonly tolerance: number;
  /** What a call is expected to take, in nanoseconds of processor time. */
  readonly cost: number;
  /** Numbers that were chosen, by name. */
  readonly details: Shortcut["details"];
  /** Pairs of points that are computed one by one. */
  readonly nearCount: number;
  /** Sets `[rows, dim]` numbers. */
  run(given: Given, out: RealData): Task<void>;
}

/** What a plan has to keep to. */
export interface Limits {
  readonly tolerance: number;
  /** Nanoseconds of processor time that a call may take. */
  readonly most: number;
}

/** A call, and what its kernel is for the points that it has. */
interface Known {
  readonly operator: Operator;
  readonly convolution: Convolution;
  readonly given: Given;
  readonly how: How;
  readonly points: Points;
  readonly table: KernelTable;
  readonly scale: number;
}

/**
 * A plan for the points of a call; or why there is none, in a sentence.
 * @param only the method that is asked for; without it a tree is made where no split is, or a dear one.
 */
export function* makePrepared(
  operator: Operator,
  convolution: Convolution,
  given: Given,
  how: How,
  limits: Limits,
  only?: Prepared["method"],
): Task<Prepared | string> {
  if (only === "tree" && !isLongForTrees(operator, given, how)) return BRIEF_FOR_TREES;
  const known = yield* knownOf(operator, convolution, given, how);
  if (typeof known === "string") return known;
  const split = only === "tree" ? NO_SPLIT : yield* makeSplit(known, limits);
  if (only === "split" || !isDear(split, limits)) return split;
  const most = typeof split === "string" ? limits.most : MUCH_LESS * split.cost;
  const tree = isLongForTrees(operator, given, how) ? yield* makeTree(known, { ...limits, most }) : null;
  return tree ?? split;
}

const NO_SPLIT = "no split is expected to take less time than all pairs";
/** Of the time that a call may take: a split that takes less is not compared with a tree. */
const DEAR = 0.5;
export const isDear = (split: Prepared | string, { most }: Limits): boolean =>
  typeof split === "string" || split.cost > DEAR * most;
/** What part of the time of a split a tree may be expected to take. */
const MUCH_LESS = 0.7;

/** Nanoseconds that all pairs take at least where trees are made. */
const LEAST_FOR_TREES = 8e8;
const BRIEF_FOR_TREES = "all pairs take less time than a tree";
/** Whether trees are tried for a call. */
export function isLongForTrees(operator: Operator, given: Given, how: How): boolean {
  if (given.shards) return false; // trees are of all points
  const all = directNanoseconds(operator, given) * (how.repeats ?? 1);
  return all >= LEAST_FOR_TREES && !firstTree.isBefore(how, all);
}

function* knownOf(operator: Operator, convolution: Convolution, given: Given, how: How): Task<Known | string> {
  const points = yield* pointsOf(convolution, given);
  if (typeof points === "string") return points;
  const parameters = convolution.parameters.map(({ position, dim }) =>
    wrap(Float64Array.from(contiguous(at(given.arrays, position))), [dim]),
  );
  const table = yield* KernelTable.of(convolution, parameters, points.lengths, placeAlone(how));
  if ("why" in table) return `the formula is no convolution that is known by its values: ${table.why}`;
  const scale = yield* scaleOf(operator, convolution, given, plainOf(how));
  if (!(scale > 0 && Number.isFinite(scale))) return "sums of some rows are 0, or not finite";
  return { operator, convolution, given, how, points, table, scale };
}

const plainOf = ({ backend, compile, ranks, shards }: How): How => ({ backend, compile, ranks, shards });

function* makeTree(known: Known, { tolerance, most }: Limits): Task<Prepared | null> {
  const { operator, given, how } = known;
  firstTree.begin(how);
  const place = placeOf(operator, given, how);
  const repeats = how.repeats ?? 1;
  const memory = memoryFor(how) / PART_OF_MEMORY;
  const tree = yield* treeSumFor({ ...known, how: place, repeats, dtype: given.dtype, tolerance, most, memory });
  return tree && { method: "tree", tolerance, ...tree };
}

function* makeSplit(known: Known, { tolerance, most }: Limits): Task<Prepared | string> {
  const { operator, convolution, given, how, points, table, scale } = known;
  const near = new NearFormula(operator, convolution);
  let pair: number | undefined;
  const nearPair = (): number => (pair ??= near.nanoseconds(given.dtype, stepFor(tolerance)));
  const chosen = yield* chooseSplit(table, {
    ...problemOf(table, operator.sizes(given), points, nearPair),
    repeats: how.repeats ?? 1,
    dtype: gridDtype(given.dtype, tolerance),
    tolerance,
    scale,
    limit: most,
  });
  if (!chosen) return NO_SPLIT;
  const cells = yield* near.find(points, chosen, given.dtype, most);
  if (cells === null) return "too many pairs are near each other";
  const making = { ...known, how: plainOf(how), split: chosen, outputs: outputsOf(table.products) };
  return yield* preparedOn(making, tolerance, cells, near);
}

/** Ranks decide alike: by the one that has least. */
const memoryFor = (how: How): number =>
  realAt(amongAll(decidersOf(how), "min", Float64Array.of(availableMemory()), "memory for a grid"), 0);

/** @param pair nanoseconds of a near pair in a compiled loop. */
function problemOf(
  { products, components }: KernelTable,
  { rows, columns }: ReturnType<Operator["sizes"]>,
  points: Points,
  pair: () => number,
): Omit<Problem, "repeats" | "dtype" | "tolerance" | "scale" | "limit"> {
  return {
    lengths: points.lengths,
    rows,
    columns,
    spread: new Set(products.map(({ weight }) => weight)).size,
    interpolated: outputsOf(products).length,
    components: components.length,
    nearPair: () => (rows * columns < COMPILED ? OF_EVALUATED * pair() : pair()),
    share: shareWithin(points),
  };
}

/** Float32 holds sums on a grid to about this tolerance. */
const LEAST_FLOAT32 = 1e-5;
const gridDtype = (dtype: Dtype, tolerance: number): Dtype => (tolerance >= LEAST_FLOAT32 ? dtype : "float64");

/** Pairs of a call from which on its formula is compiled, and how much longer each takes where it is not. */
const COMPILED = 3e9;
const OF_EVALUATED = 2.5;

// ------------------------------------------------------------------------------------------------------------- making

interface Making extends Known {
  readonly split: Split;
  readonly outputs: readonly Output[];
}

// ------------------------------------------------------------------------------------------------------------- the grid

/** A column of what is interpolated: it is multiplied by a component of the factors and added to one of the result. */
interface Output {
  readonly of: number;
  readonly factor: number;
}

const isSame = (a: Output, b: Output): boolean => a.of === b.of && a.factor === b.factor;

function outputsOf(products: readonly Product[]): Output[] {
  const outputs: Output[] = [];
  for (const { of, factor } of products)
    if (!outputs.some((known) => isSame(known, { of, factor }))) outputs.push({ of, factor });
  return outputs;
}

function* preparedOn(
  making: Making,
  tolerance: number,
  cells: NearCells | undefined,
  formula: NearFormula,
): Task<Prepared | string> {
  const { given, points, split, operator } = making;
  const { lower } = points;
  const grid = new PeriodicGrid({
    shape: split.shape,
    lower,
    period: split.period,
    window: split.window,
    dtype: gridDtype(given.dtype, tolerance),
  });
  const { shards } = points;
  const bytes = grid.bytes + (shards ? bytesOfParts(grid) : 0);
  if (bytes > memoryFor(making.how) / PART_OF_MEMORY) return "the grid takes too much memory";
  const spectra = yield* spectraOf(making, grid);
  const rows = yield* grid.place(points.rows);
  const isSame = points.columns === points.rows;
  const columns = shards
    ? yield* SharedPlaces.of(grid, points.columns, shards.columns)
    : isSame
      ? rows
      : yield* grid.place(points.columns);
  const far = { grid, rows, columns, ...termsOf(making, spectra) };
  const near = cells && { ...cells, operator: formula.operatorWith(split.step) };
  const run = (now: Given, out: RealData): Task<void> => runSplit(making, far, near, now, out);
  const { rows: m, columns: n } = operator.sizes(given);
  const details = {
    radius: split.radius,
    grid: split.shape,
    modes: split.modes,
    windowWidth: split.window.width,
  };
  const nearCount = Math.min(m * n, cells?.near.pairs ?? 0);
  return { method: "split", tolerance, cost: split.cost, nearCount, details, run };
}

const PART_OF_MEMORY = 4;

function* spectraOf({ table, split }: Making, grid: PeriodicGrid): Task<Spectrum[]> {
  const spectra: Spectrum[] = [];
  for (const component of table.components) {
    const samples = yield* sampleGrid(table, component, split, split.modes);
    spectra.push(yield* grid.spectrumOf(samples, split.modes, component.parity === 1));
  }
  return spectra;
}

interface Far {
  readonly grid: PeriodicGrid;
  readonly rows: Places;
  readonly columns: Places | Sources;
  readonly terms: readonly Term[];
  /** Components of the weights that are spread. */
  readonly spread: readonly number[];
}

function termsOf({ table, outputs }: Making, spectra: readonly Spectrum[]): Pick<Far, "terms" | "spread"> {
  const spread = [...new Set(table.products.map(({ weight }) => weight))];
  const terms = table.products.map((product) => ({
    spectrum: at(spectra, product.component),
    column: spread.indexOf(product.weight),
    to: outputs.findIndex((output) => isSame(output, product)),
  }));
  return { terms, spread };
}

// --------------------------------------------------------------------------------------------------------------- a call

function* runSplit(
  { operator, convolution, how, outputs, split }: Making,
  { grid, rows, columns, terms, spread }: Far,
  near: Near | undefined,
  given: Given,
  out: RealData,
): Task<void> {
  const weights = productsOf(convolution.weights, given, spread, columns.count, grid.dtype);
  const smooth = allocate(grid.dtype, rows.count * outputs.length);
  yield* grid.convolve(terms, columns, weights, rows, smooth);
  const needed = outputs.map(({ factor }) => factor);
  const factors = productsOf(convolution.factors, given, needed, rows.count, grid.dtype);
  const sum = new Float64Array(rows.count * operator.dim);
  for (let n = 0; n < rows.count; n++)
    for (const [k, { of }] of outputs.entries()) {
      const place = n * outputs.length + k;
      sum[n * operator.dim + of]! += realAt(smooth, place) * realAt(factors, place);
    }
  if (near) yield* addNear(near, given, how, 1 / split.radius, sum);
  const share = operator.settings.reduction === mean ? 1 / operator.sizes(given).columns : 1;
  for (let n = 0; n < sum.length; n++) out[n] = share * realAt(sum, n);
}

/** `[count, places]`: products of components of the arguments; 1 where there are no arguments. */
function productsOf(
  args: readonly Argument[],
  { arrays }: Given,
  places: readonly number[],
  count: number,
  dtype: Dtype,
): RealData {
  const products = allocate(dtype, count * places.length).fill(1);
  for (const [column, place] of places.entries()) {
    let rest = place;
    for (const { position, dim } of args) {
      const data = contiguous(at(arrays, position));
      const component = rest % dim;
      rest = Math.floor(rest / dim);
      for (let n = 0; n < count; n++) products[n * places.length + column]! *= realAt(data, n * dim + component);
    }
  }
  return products;
}
