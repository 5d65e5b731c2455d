/**
 * What a split sum is made of, for points that are known: the grid with the kernel's spectra, where the points lie in
 * it, and the ranges of the near pairs. It is made once and run for any weights and factors. Must not know when it is
 * used.
 */
import { contiguous, wrap } from "../array/view";
import type { RealArray } from "../array/view";
import { at } from "../asserts";
import { Operator } from "../call/operator";
import type { Given, How } from "../call/prepared";
import { PLAIN_SUM } from "../call/result";
import { allocate } from "../device/memory";
import type { Dtype } from "../device/memory";
import type { RealData } from "../device/native";
import { extraArgument } from "../formula/arguments";
import type { Argument } from "../formula/arguments";
import type { Convolution } from "../formula/convolution";
import { add, mult } from "../formula/core";
import { Category } from "../formula/formula";
import type { Formula } from "../formula/formula";
import { sqrt } from "../formula/maths";
import { mean } from "../formula/reductions";
import { sqDist } from "../formula/vectors";
import { waitFor } from "../task";
import type { Task } from "../task";
import { sampleGrid } from "./gridsamples";
import { PeriodicGrid } from "./gridsum";
import type { Places, Spectrum, Term } from "./gridsum";
import { KernelTable, randomNumbers } from "./kerneltable";
import type { Product } from "./kerneltable";
import { boxed, nearPairs } from "./near";
import type { Boxed, NearPairs } from "./near";
import { exactRows, gatherRows, sampledRows, squareOf } from "./samplecheck";
import { chooseSplit } from "./splitchoice";
import type { Split } from "./splitchoice";
import { pairNanoseconds } from "./splitcosts";
import { stepFor } from "./step";
import type { Step } from "./step";

/** A split sum that is ready for weights and factors. */
export interface Prepared {
  readonly tolerance: number;
  readonly split: Split;
  /** Pairs that are computed one by one. */
  readonly nearCount: number;
  /** Sets `[rows, dim]` numbers. */
  run(given: Given, out: RealData): Task<void>;
}

/** The points of a call, `[count, dim]`, and their box. */
export interface Points {
  readonly dim: number;
  readonly rows: RealData;
  readonly columns: RealData;
  readonly lower: readonly number[];
  readonly lengths: readonly number[];
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
  const points = pointsOf(convolution, given);
  if (typeof points === "string") return points;
  const plain: How = { backend: how.backend, compile: how.compile };
  const parameters = convolution.parameters.map(({ position, dim }) =>
    wrap(Float64Array.from(contiguous(at(given.arrays, position))), [dim]),
  );
  const table = yield* KernelTable.of(convolution, parameters, points.lengths, plain);
  if ("why" in table) return `the formula is no convolution that is known by its values: ${table.why}`;
  const scale = yield* scaleOf(operator, convolution, given, plain);
  if (!(scale > 0 && Number.isFinite(scale))) return "sums of some rows are 0, or not finite";
  const { rows, columns } = operator.sizes(given);
  const outputs = outputsOf(table.products);
  const near = new NearFormula(operator, convolution);
  const chosen = yield* chooseSplit(
    table,
    {
      lengths: points.lengths,
      rows,
      columns,
      spread: new Set(table.products.map(({ weight }) => weight)).size,
      interpolated: outputs.length,
      components: table.components.length,
      tolerance,
      scale,
      dtype: gridDtype(given.dtype, tolerance),
      nearPair: near.nanoseconds(given.dtype, stepFor(tolerance)),
      share: shareWithin(points),
    },
    most,
  );
  if (!chosen) return "no split is expected to take less time than all pairs";
  const making = { operator, convolution, given, how: plain, points, table, split: chosen, outputs };
  const cells = yield* near.find(making, most);
  if (cells === null) return "too many pairs are near each other";
  return yield* preparedOn(making, tolerance, cells, near);
}

/** Float32 holds sums on a grid to about this tolerance. */
const LEAST_FLOAT32 = 1e-5;
const gridDtype = (dtype: Dtype, tolerance: number): Dtype => (tolerance >= LEAST_FLOAT32 ? dtype : "float64");

// -------------------------------------------------------------------------------------------------------------- points

export function pointsOf({ points }: Convolution, { arrays }: Given): Points | string {
  const of = (side: "row" | "column"): RealArray[] => points.map((pair) => at(arrays, pair[side].position));
  const dims = points.map(({ row }) => row.dim);
  const [rows, columns] = [joined(of("row"), dims), joined(of("column"), dims)];
  const dim = dims.reduce((sum, d) => sum + d, 0);
  const box = boxOf(dim, rows, columns);
  if (!box.every(Number.isFinite)) return "not all points are finite";
  const lengths = Array.from({ length: dim }, (_, k) => at(box, dim + k) - at(box, k));
  const longest = Math.max(...lengths);
  if (!(longest > 0)) return "all points are equal";
  return { dim, rows, columns, lower: box.slice(0, dim), lengths: lengths.map((l) => Math.max(l, FLAT * longest)) };
}

/** Points in a plane have a grid all the same, of cells that are not too flat. */
const FLAT = 2 ** -6;

/** The components of several arrays of points side by side. */
function joined(arrays: readonly RealArray[], dims: readonly number[]): RealData {
  const data = arrays.map(contiguous);
  const first = at(data, 0);
  if (data.length === 1) return first;
  const count = first.length / at(dims, 0);
  const width = dims.reduce((sum, dim) => sum + dim, 0);
  const out = first instanceof Float64Array ? new Float64Array(count * width) : new Float32Array(count * width);
  let start = 0;
  for (const [n, dim] of dims.entries()) {
    for (let p = 0; p < count; p++) for (let k = 0; k < dim; k++) out[p * width + start + k] = data[n]![p * dim + k]!;
    start += dim;
  }
  return out;
}

/** Lower corner, then upper corner; not finite where a point is not. */
function boxOf(dim: number, ...all: readonly RealData[]): number[] {
  const [lower, upper] = [new Float64Array(dim).fill(Infinity), new Float64Array(dim).fill(-Infinity)];
  for (const points of all)
    for (let n = 0; n < points.length; n += dim)
      for (let k = 0; k < dim; k++) {
        const value = points[n + k]!;
        lower[k] = Math.min(lower[k]!, value - value === 0 ? value : NaN);
        upper[k] = Math.max(upper[k]!, value);
      }
  return [...lower, ...upper];
}

const SAMPLED_POINTS = 768;
/** Squares of distances are counted by their exponent and as many bits of their mantissa. */
const BITS_KEPT = 5;

/** What part of all pairs is within a distance, about, from a sample of them that is taken when first asked. */
function shareWithin(points: Points): (radius: number) => number {
  let below: Float64Array | undefined;
  return (radius) => {
    below ??= sampledShares(points);
    return at(below, binOf(radius * radius));
  };
}

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/** Ascending with the square. */
function binOf(square: number): number {
  float[0] = square;
  return bits[0]! >>> (23 - BITS_KEPT);
}

/** What part of pairs has squares of each bin or below. */
function sampledShares({ dim, rows, columns }: Points): Float64Array {
  const some = sampledRows(rows.length / dim, SAMPLED_POINTS);
  const others = sampledRows(columns.length / dim, SAMPLED_POINTS);
  const below = new Float64Array(2 ** (8 + BITS_KEPT));
  for (let i = 0; i < some.length; i++)
    for (let j = 0; j < others.length; j++) {
      const [p, q] = [some[i]! * dim, others[j]! * dim];
      let square = 0;
      for (let k = 0; k < dim; k++) square += (rows[p + k]! - columns[q + k]!) ** 2;
      below[binOf(square)]!++;
    }
  const unit = 1 / (some.length * others.length);
  for (let n = 0, sum = 0; n < below.length; n++) below[n] = unit * (sum += below[n]!);
  return below;
}

// --------------------------------------------------------------------------------------------------------------- scale

const SCALE_ROWS = 32;

/** The root mean square that a pair adds to a row of the result, where weights and factors have random signs. */
function* scaleOf(operator: Operator, convolution: Convolution, given: Given, how: How): Task<number> {
  const random = randomNumbers();
  const linear = new Set([...convolution.weights, ...convolution.factors].map(({ position }) => position));
  const arrays = given.arrays.map((array, n) => {
    if (!linear.has(n)) return array;
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

// ----------------------------------------------------------------------------------------------------------- near pairs

/** Cells of rows and of columns, and the pairs of them that are near. */
interface NearCells {
  readonly rows: Boxed;
  readonly columns: Boxed;
  readonly near: NearPairs;
}

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

/** The formula times the step of the distance over a radius, of which the inverse is the last argument. */
class NearFormula {
  private readonly inverse: Argument;

  constructor(
    private readonly operator: Operator,
    private readonly convolution: Convolution,
  ) {
    this.inverse = extraArgument(operator.args.length, 1, Category.P);
  }

  private formulaWith(step: Step): Formula {
    const squares = this.convolution.points.map(({ row, column }) => sqDist(row.variable, column.variable));
    const distance = sqrt(squares.reduce((sum, square) => add(sum, square)));
    return mult(step.of(mult(distance, this.inverse.variable)), this.operator.formula);
  }

  operatorWith(step: Step): Operator {
    const settings = { ...PLAIN_SUM, rows: this.operator.settings.rows };
    return new Operator([this.formulaWith(step)], [...this.operator.args, this.inverse], settings);
  }

  /** Of a pair in a block. */
  nanoseconds(dtype: Dtype, step: Step): number {
    return pairNanoseconds(this.formulaWith(step), dtype);
  }

  /** The cells of near pairs; undefined where there are none, null where there are too many. */
  *find({ given, points, split }: Making, most: number): Task<NearCells | null | undefined> {
    const { radius } = split;
    if (radius === 0) return undefined;
    const { dim, lengths } = points;
    const leaf = leafSize(points.columns.length / dim, radius, lengths);
    const rows = yield* boxed(points.rows, dim, leaf);
    const columns = points.columns === points.rows ? rows : yield* boxed(points.columns, dim, leaf);
    const near = nearPairs(rows, columns, dim, radius, most / this.nanoseconds(given.dtype, split.step));
    return near && { rows, columns, near };
  }
}

/** Points of a leaf that is about half a radius wide. */
function leafSize(count: number, radius: number, lengths: readonly number[]): number {
  const inCube = lengths.reduce((product, length) => product * Math.min(1, radius / (2 * length)), count);
  return Math.max(16, Math.min(256, Math.round(inCube)));
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
  if (grid.bytes > process.availableMemory() / PART_OF_MEMORY) return "the grid takes too much memory";
  const spectra = yield* spectraOf(making, grid);
  const rows = yield* grid.place(points.rows);
  const columns = points.columns === points.rows ? rows : yield* grid.place(points.columns);
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
  readonly columns: Places;
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

interface Near extends NearCells {
  readonly operator: Operator;
}

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
      sum[n * operator.dim + of]! += smooth[place]! * factors[place]!;
    }
  if (near) yield* addNear(near, given, how, 1 / split.radius, sum);
  const share = operator.settings.reduction === mean ? 1 / columns.count : 1;
  for (let n = 0; n < sum.length; n++) out[n] = share * sum[n]!;
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
      for (let n = 0; n < count; n++) products[n * places.length + column]! *= data[n * dim + component]!;
    }
  }
  return products;
}

/** In the order of cells, and back. */
function* addNear(
  { operator, rows, columns, near }: Near,
  given: Given,
  how: How,
  inverse: number,
  into: Float64Array,
): Task<void> {
  const arrays = given.arrays.map((array, n) => {
    const { category, dim } = at(operator.args, n);
    if (category === Category.P) return array;
    return gatherRows(array, category === operator.settings.rows ? rows.cells.order : columns.cells.order, dim);
  });
  arrays.push(wrap<RealData>(allocate(given.dtype, 1).fill(inverse), [1]));
  const out = allocate(given.dtype, into.length);
  const ranges = [near.ranges, near.ranges] as const; // the half of the kept index is read alone
  yield* waitFor(operator.work(operator.check(arrays), out, { ...how, ranges }));
  const { dim } = operator;
  const { order } = rows.cells;
  for (let n = 0; n < order.length; n++) for (let k = 0; k < dim; k++) into[order[n]! * dim + k]! += out[n * dim + k]!;
}
