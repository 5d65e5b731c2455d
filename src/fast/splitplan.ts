/**
 * What a split sum is made of, for points that are known: the grid with the kernel's spectra, where the points lie in
 * it, and the ranges of the near pairs. It is made once and run for any weights and factors. Must not know when it is
 * used.
 */
import { ownRows, sumOf } from "../array/shard";
import { contiguous, wrap } from "../array/view";
import { at, realAt } from "../asserts";
import { Operator } from "../call/operator";
import type { Given, How } from "../call/prepared";
import { PLAIN_SUM } from "../call/result";
import { allocate } from "../device/memory";
import type { Dtype } from "../device/memory";
import type { RealData } from "../device/native";
import type { Argument } from "../formula/arguments";
import type { Convolution } from "../formula/convolution";
import { Category } from "../formula/formula";
import { mean } from "../formula/reductions";
import { availableMemory } from "../platform/system";
import type { Task } from "../task";
import { sampleGrid } from "./gridsamples";
import { PeriodicGrid } from "./gridsum";
import type { Places, Sources, Spectrum, Term } from "./gridsum";
import { KernelTable, randomNumbers } from "./kerneltable";
import type { Product } from "./kerneltable";
import { NearFormula, addNear } from "./nearsum";
import type { Near, NearCells } from "./nearsum";
import { exactRows, sampledRows, squareOf } from "./samplecheck";
import { amongAll, ranksOf } from "./shared";
import { SharedPlaces, bytesOfParts } from "./sharedgrid";
import { chooseSplit } from "./splitchoice";
import type { Problem, Split } from "./splitchoice";
import { pointsOf, shareWithin } from "./splitpoints";
import type { Points } from "./splitpoints";
import { stepFor } from "./step";
import { placeAlone } from "./way";

/** A split sum that is ready for weights and factors. */
export interface Prepared {
  readonly tolerance: number;
  readonly split: Split;
  /** Pairs that are computed one by one. */
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

/** A plan for the points of a call; or why there is none, in a sentence. */
export function* makePrepared(
  operator: Operator,
  convolution: Convolution,
  given: Given,
  how: How,
  { tolerance, most }: Limits,
): Task<Prepared | string> {
  const points = yield* pointsOf(convolution, given);
  if (typeof points === "string") return points;
  const plain: How = { backend: how.backend, compile: how.compile, ranks: how.ranks, shards: how.shards };
  const parameters = convolution.parameters.map(({ position, dim }) =>
    wrap(Float64Array.from(contiguous(at(given.arrays, position))), [dim]),
  );
  const table = yield* KernelTable.of(convolution, parameters, points.lengths, placeAlone(how));
  if ("why" in table) return `the formula is no convolution that is known by its values: ${table.why}`;
  const scale = yield* scaleOf(operator, convolution, given, plain);
  if (!(scale > 0 && Number.isFinite(scale))) return "sums of some rows are 0, or not finite";
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
  if (!chosen) return "no split is expected to take less time than all pairs";
  const outputs = outputsOf(table.products);
  const making = { operator, convolution, given, how: plain, points, table, split: chosen, outputs };
  const cells = yield* near.find(points, chosen, given.dtype, most);
  if (cells === null) return "too many pairs are near each other";
  return yield* preparedOn(making, tolerance, cells, near);
}

/** Ranks decide alike: by the one that has least. */
const memoryFor = (how: How): number =>
  realAt(amongAll(how.ranks ?? ranksOf(how), "min", Float64Array.of(availableMemory()), "memory for a grid"), 0);

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

// --------------------------------------------------------------------------------------------------------------- scale

const SCALE_ROWS = 32;

/** The root mean square that a pair adds to a row of the result, where weights and factors have random signs. */
export function* scaleOf(operator: Operator, convolution: Convolution, given: Given, how: How): Task<number> {
  const linear = new Set([...convolution.weights, ...convolution.factors].map(({ position }) => position));
  let before = 0;
  const arrays = given.arrays.map((array, n) => {
    if (!linear.has(n)) return array;
    const { category, dim } = at(operator.args, n);
    const shard = category === Category.P ? undefined : given.shards?.[category];
    const random = randomNumbers(before + (shard ? ownRows(shard)[0] * dim : 0));
    before += shard ? sumOf(shard.counts) * dim : array.size;
    const signs = allocate(given.dtype, array.size);
    for (let k = 0; k < signs.length; k++) signs[k] = random() < 0.5 ? -1 : 1;
    return wrap<RealData>(signs, array.shape);
  });
  const { rows, columns } = operator.sizes(given);
  const total = new Operator(operator.formulas, operator.args, { ...PLAIN_SUM, rows: operator.settings.rows });
  const chosen = sampledRows(rows, SCALE_ROWS);
  const values = yield* exactRows(total, { ...given, arrays }, how, chosen);
  return Math.sqrt(squareOf(values) / (chosen.length * columns));
}

// ------------------------------------------------------------------------------------------------------------- making

interface Making {
  readonly operator: Operator;
  readonly convolution: Convolution;
  readonly given: Given;
  readonly how: How;
  readonly points: Points;
  readonly table: KernelTable;
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
  return { tolerance, split, nearCount: Math.min(m * n, cells?.near.pairs ?? 0), run };
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
