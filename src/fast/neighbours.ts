/**
 * neighbours: which points of one cloud are nearest to each point of another, or within a radius of it. The nearest
 * are a reduction like any other, which leaves out pairs by itself. For lists within a radius the one idea is that
 * boxes of cells are compared as points are, in float64, so that what a tree leaves out or takes whole is what all
 * pairs would say.
 */
import { arrayIn, dtypeAmong, isList } from "../array/check";
import type { ArrayInput } from "../array/check";
import { clouds } from "../array/clusters";
import type { Int32NdArray } from "../array/integers";
import { joinRows, ownRows, shardOf, sumOf } from "../array/shard";
import { dtypeOf, wrap } from "../array/view";
import type { RealArray } from "../array/view";
import { at, integerAt, realAt } from "../asserts";
import { PLAIN_SUM, bothOf } from "../call/result";
import type { Result } from "../call/result";
import { ASYNC, blocking, inBackground } from "../call/run";
import type { AsyncOptions } from "../call/run";
import { nativeAddon } from "../device/native";
import type { RealData } from "../device/native";
import { ArgumentError } from "../errors";
import { extraArgument } from "../formula/arguments";
import { Category } from "../formula/formula";
import { kMinArgKMin } from "../formula/reductions";
import { sqDist } from "../formula/vectors";
import { atMost, optionsOf } from "../options";
import { waitFor } from "../task";
import type { Task } from "../task";
import { cellWorks, permuteRows, restoreRows } from "./cells";
import { FewerPairs } from "./fewer";
import { boxed } from "./near";
import type { Boxed } from "./near";

export const NEIGHBOURS = {
  /** How many of the nearest points to find; at most N. Either this or `radius` is needed. */
  k: { kind: "integer", least: 1 },
  /** Up to what Euclidean distance points are neighbours. The lists are made on the machine. */
  radius: { kind: "number", least: 0 },
} as const;

/** The nearest points of a cloud `[N, D]` to each point of one `[M, D]`. */
export interface NearestNeighbours<T extends RealData = RealData> {
  /** `[M, k]`: rows of the cloud, the nearest first; ties go to the lowest index. */
  readonly indices: Int32NdArray;
  /** `[M, k]`: the squares of their distances, in the dtype of the points. Recorded for `grad`. */
  readonly squaredDistances: RealArray<T>;
}

/** The P pairs of points of a cloud `[M, D]` and one `[N, D]` that are within a radius of each other. */
export interface NeighboursWithin {
  /** `[M + 1]`: the neighbours of row i stand at the places from `offsets[i]` up to `offsets[i + 1]`. */
  readonly offsets: Int32NdArray;
  /** `[P]`: the row of the first cloud in each pair, ascending. */
  readonly rows: Int32NdArray;
  /** `[P]`: the row of the second one, ascending among those of a row. */
  readonly indices: Int32NdArray;
}

interface Nearest {
  readonly k: number;
  readonly radius?: undefined;
}
interface Within {
  readonly k?: undefined;
  readonly radius: number;
}
type Found<T extends RealData, O> = O extends Nearest ? NearestNeighbours<T> : NeighboursWithin;

/** `neighbours`, now or later. */
export interface Neighbours {
  /**
   * Of each point of `x` `[M, D]`, the `k` nearest points of `y` `[N, D]`, or all within `radius`, exactly:
   * `neighbours(x, y, { k: 10 })` is `{ indices, squaredDistances }`, both `[M, 10]`, as of FAISS or of pykeops's
   * `Kmin_argKmin` of squared distances; `neighbours(x, y, { radius: 0.1 })` is `{ offsets, rows, indices }`.
   *
   * The nearest are those of the reduction `KMin_ArgKMin` of `SqDist(x, y)` to the last bit. A pair is within the radius
   * where the sum of the squares of its differences, coordinate by coordinate in float64, is at most the square of the
   * radius, whatever the dtype; what is not finite is within no radius. A point is its own neighbour if both clouds have
   * it. Pairs are left out by trees of cells where that pays: for the `k` nearest with D of at most 8.
   *
   * On several ranks (`tskeops/mpi`) x may be a shard, and y too: each rank finds the neighbours of its rows, with the
   * numbers that rows have in all of x and y. `offsets` begin at 0 on each rank.
   * @throws ArgumentError for clouds that do not fit, unless there is one of `k` and `radius`, or a `k` above N;
   * InterruptedError on Ctrl-C.
   */
  <T extends RealData, O extends Nearest | Within>(x: ArrayInput<T>, y: ArrayInput<T>, options: O): Found<T, O>;
  /**
   * The call as a promise, of the clouds as they are now.
   * @param x `[M, D]`
   * @param y `[N, D]`
   * @returns a promise of what the call returns
   * @throws by rejecting, what the call throws, and InterruptedError when `signal` is aborted
   * @example
   * ```ts
   * const { indices } = await cluster.neighbours.async(rand([10, 2]), rand([20, 2]), { k: 3 });
   * console.log(indices.shape); // [ 10, 3 ]
   * ```
   */
  async<T extends RealData, O extends (Nearest | Within) & AsyncOptions>(
    x: ArrayInput<T>,
    y: ArrayInput<T>,
    options: O,
  ): Promise<Found<T, O>>;
}

type Either = NearestNeighbours | NeighboursWithin;
type Given = { readonly k?: number | undefined; readonly radius?: number | undefined };

function neighboursNow(x: ArrayInput, y: ArrayInput, options: Given): Either {
  atMost("neighbours", 3, arguments);
  const { dim, arrays, data, k, radius } = checked(x, y, optionsOf("neighbours", options, NEIGHBOURS));
  if (k !== undefined) return nearestOf(operatorFor(dim, k).call(arrays));
  return withinOf(blocking(pointsWithin(...data, dim, radius)), arrays);
}

async function neighboursLater(x: ArrayInput, y: ArrayInput, options: Given & AsyncOptions): Promise<Either> {
  atMost("neighbours", 3, arguments);
  const { signal, onProgress, ...own } = optionsOf("neighbours", options, { ...NEIGHBOURS, ...ASYNC });
  const { dim, arrays, data, k, radius } = checked(x, y, own);
  const run = { signal, onProgress };
  if (k !== undefined)
    return nearestOf(await inBackground("reduction", (tell) => operatorFor(dim, k).calling(arrays, {}, tell), run));
  const [ofX, ofY] = [data[0].slice(), data[1] === data[0] ? undefined : data[1].slice()];
  const task = (): Task<NearLists> => pointsWithin(ofX, ofY ?? ofX, dim, radius);
  return withinOf(await inBackground("reduction", task, run), arrays);
}

/**
 * The nearest points of each point, or all within a distance, exactly.
 * @param x points `[M, D]`
 * @param y points `[N, D]`
 * @returns int32 `indices` and `squaredDistances`, both `[M, k]`; or `offsets`, `rows` and `indices` of the pairs
 * within the radius
 * @example
 * const { indices } = cluster.neighbours(array([[0], [5]]), array([[4], [1]]), { k: 1 });
 * console.log(nd.toNested(indices)); // [ [ 1 ], [ 0 ] ]
 */
export const neighbours = Object.assign(neighboursNow, { async: neighboursLater }) as Neighbours;

type Checked = { dim: number; arrays: readonly RealArray[]; data: readonly [RealData, RealData] } & (
  { k: number; radius?: undefined } | { k?: undefined; radius: number }
);

function checked(ofRows: ArrayInput, ofColumns: ArrayInput, { k, radius }: Given): Checked {
  const dtype = dtypeAmong([ofRows, ofColumns]);
  const x = arrayIn("neighbours, x", ofRows, isList(ofRows) ? dtype : undefined);
  const y = ofColumns === ofRows ? x : arrayIn("neighbours, y", ofColumns, isList(ofColumns) ? dtype : undefined);
  const arrays = [x, y];
  const { counts, dim, data } = clouds("neighbours", x, radius === undefined ? y : wholeOf(y));
  const [type, other] = [dtypeOf(x), dtypeOf(y)];
  if (type !== other)
    throw new ArgumentError(
      `neighbours, y: expected ${type} as x has, got ${other}: convert it with astype(x, "${type}")`,
    );
  if (dim === 0) throw new ArgumentError("neighbours, x: expected points [M, D] with a D of at least 1, got dim 0");
  const columns = sumOf(shardOf(y)?.counts ?? [counts[1]]);
  if (k !== undefined && k > columns)
    throw new ArgumentError(`neighbours, k: expected at most ${columns}, the number of rows of y, got ${k}`);
  if (k !== undefined && radius === undefined) return { dim, arrays, data, k };
  if (k === undefined && radius !== undefined) return { dim, arrays, data, radius };
  const got = k === undefined ? "neither" : "both";
  throw new ArgumentError(`neighbours, options: expected one of k and radius, got ${got}`);
}

const operators = new Map<string, FewerPairs>();

function operatorFor(dim: number, k: number): FewerPairs {
  const key = `${dim} ${k}`;
  const [x, y] = [extraArgument(0, dim, Category.I), extraArgument(1, dim, Category.J)];
  const settings = { ...PLAIN_SUM, reduction: kMinArgKMin, k, where: "neighbours" };
  const found = operators.get(key) ?? new FewerPairs([sqDist(x.variable, y.variable)], [x, y], settings);
  operators.set(key, found);
  return found;
}

function nearestOf(result: Result): NearestNeighbours {
  const { values, indices } = bothOf(result);
  return { indices, squaredDistances: values };
}

/** All points of a shard: which are near is told by trees of all. */
function wholeOf(points: RealArray): RealArray {
  const shard = shardOf(points);
  return shard ? joinRows(points, shard) : points;
}

function withinOf({ offsets, indices }: NearLists, [x]: readonly RealArray[]): NeighboursWithin {
  const shard = x && shardOf(x);
  const first = shard ? ownRows(shard)[0] : 0;
  const rows = new Int32Array(indices.length);
  for (let row = 0; row + 1 < offsets.length; row++)
    rows.fill(first + row, integerAt(offsets, row), integerAt(offsets, row + 1));
  return {
    offsets: wrap(offsets, [offsets.length]),
    rows: wrap(rows, [rows.length]),
    indices: wrap(indices, [indices.length]),
  };
}

// ----------------------------------------------------------------------------------------------------- within a radius

/** Row i has the columns `indices[offsets[i]]` up to `indices[offsets[i + 1]]`, ascending. */
interface NearLists {
  /** `[rows + 1]` */
  readonly offsets: Int32Array;
  readonly indices: Int32Array;
}

/** Points of a leaf. */
const LEAF = 16;

/**
 * Of points `[rows, dim]` and `[columns, dim]` of one dtype, those at a distance of at most `radius`, as
 * native/run/within.h says. Where there is no addon all pairs are looked at, as everything is there.
 */
function* pointsWithin(x: RealData, y: RealData, dim: number, radius: number): Task<NearLists> {
  if (x.length === 0 || y.length === 0)
    return { offsets: new Int32Array(x.length / dim + 1), indices: new Int32Array(0) };
  if (nativeAddon() === null) return yield* withinOfAll(x, y, dim, radius);
  const rows = yield* boxed(x, dim, LEAF);
  const columns = y === x ? rows : yield* boxed(y, dim, LEAF);
  const clouds = [rows.points, rows.boxes, columns.points, columns.boxes] as const;
  const sizes = Float64Array.of(...sizesOf(rows), ...sizesOf(columns), dim, radius);
  const counts = new Int32Array(rows.cells.count);
  yield* waitFor(cellWorks().countWithin(...clouds, sizes, counts));
  const byRow = new Int32Array(counts.length);
  yield* restoreRows(rows.cells, counts, byRow);
  const offsets = offsetsOf(byRow);
  const starts = yield* permuteRows(rows.cells, offsets.subarray(0, counts.length), 1);
  const indices = new Int32Array(integerAt(offsets, counts.length));
  yield* waitFor(cellWorks().listWithin(...clouds, sizes, columns.cells.order, starts, counts, indices));
  return { offsets, indices };
}

const sizesOf = ({ cells: { count, depth } }: Boxed): [number, number] => [count, depth];

const MOST_LISTED = 2 ** 31 - 1;

function offsetsOf(counts: ArrayLike<number>): Int32Array {
  const offsets = new Int32Array(counts.length + 1);
  let end = 0;
  for (let row = 0; row < counts.length; row++) {
    end += at(counts, row);
    if (end > MOST_LISTED)
      throw new ArgumentError(
        `neighbours, radius: expected fewer than 2^31 neighbours in all, got more up to row ${row}`,
      );
    offsets[row + 1] = end;
  }
  return offsets;
}

/** Rows between pauses have about so many pairs. */
const PAIRS_AT_ONCE = 1e6;

/** Looks at all pairs, in JavaScript. */
export function* withinOfAll(x: RealData, y: RealData, dim: number, radius: number): Task<NearLists> {
  const [rows, columns] = [x.length / dim, y.length / dim];
  const exponent = radius > 0 ? Math.floor(Math.log2(radius)) : -Infinity;
  const scale = 2 ** -Math.max(-1000, Math.min(1000, exponent));
  const limit = (radius * scale) ** 2;
  const found: number[][] = [];
  for (let row = 0; row < rows; row++) {
    const list: number[] = [];
    for (let column = 0; column < columns; column++) {
      let sum = 0;
      for (let k = 0; k < dim; k++) sum += ((realAt(x, row * dim + k) - realAt(y, column * dim + k)) * scale) ** 2;
      if (sum <= limit) list.push(column);
    }
    found.push(list);
    if (row % Math.ceil(PAIRS_AT_ONCE / columns) === 0) yield;
  }
  return { offsets: offsetsOf(found.map(({ length }) => length)), indices: Int32Array.from(found.flat()) };
}
