/**
 * Cluster tools: labels, sorting by labels, intervals and centroids of clusters, as pykeops names them, in any
 * dimension. The one idea: block-sparse reductions need points that are neighbours in space to be neighbours in memory;
 * so labels are made, arrays are sorted by them, and each label becomes an interval. Labels, orders and intervals are
 * made on the machine; points stay where they are. Must not know reductions.
 */
import type { RealData } from "../device/native";
import { at, lookUp, realAt } from "../asserts";
import { ArgumentError } from "../errors";
import { atMost } from "../options";
import { arrayIn, described, isList, isNdarray } from "./check";
import type { ArrayInput } from "./check";
import { int32, integersOf } from "./integers";
import type { Int32NdArray, IntegerArray } from "./integers";
import { gather } from "./tape";
import { allocate, dtypeOf, readable, shapeText, sizeOf, wrapBeside } from "./view";
import type { RealArray } from "./view";

/**
 * Labels `[N]`, 0 to C - 1, of the cubic cells that the points `x` `[N, D]` lie in; labels ascend with the cells in
 * lexicographic order. Cells begin at the multiples of `size`, so the cells of two clouds agree, their labels do not.
 * @param x points `[N, D]`
 * @param size the edge of a cell: a number, or one for each of the D coordinates
 * @returns int32 labels `[N]`
 * @throws ArgumentError for points that are not finite, or a size that is not positive
 * @example console.log(nd.toNested(cluster.gridCluster(array([[0.1], [0.9], [0.2]]), 0.5))); // [ 0, 1, 0 ]
 */
export function gridCluster(x: ArrayInput, size: number | ArrayLike<number>): Int32NdArray {
  atMost("gridCluster", 2, arguments);
  const [count, dim, data] = points("gridCluster, x", x);
  const edges = edgesOf(size, dim);
  let labels = new Float64Array(count);
  let clusters = 1;
  for (const [axis, edge] of edges.entries()) {
    const cells = rankNumbers(Float64Array.from(labels, (_, n) => Math.floor(finite(data[n * dim + axis]!, n) / edge)));
    checkPairs(clusters, cells.count);
    const refined = rankNumbers(labels.map((label, n) => label * cells.count + realAt(cells.ranks, n)));
    [labels, clusters] = [refined.ranks, refined.count];
  }
  return int32("gridCluster", labels, [count]);
}

function edgesOf(size: unknown, dim: number): readonly number[] {
  const isList = Array.isArray(size) || (ArrayBuffer.isView(size) && "length" in size);
  const edges = isList ? Array.from(size as ArrayLike<unknown>) : new Array<unknown>(dim).fill(size);
  if (edges.length === dim && edges.every((edge) => typeof edge === "number" && edge > 0)) return edges as number[];
  const got = isList ? `[${edges.map(String).join(", ")}]` : described(size);
  throw new ArgumentError(`gridCluster, size: expected a positive number or ${dim} of them, got ${got}`);
}

function finite(coordinate: number, row: number): number {
  if (Number.isFinite(coordinate)) return coordinate;
  throw new ArgumentError(`gridCluster, x: expected finite coordinates, got ${coordinate} in row ${row}`);
}

/** Cells are numbered before they are combined, so only hundreds of millions of distinct ones could overflow. */
function checkPairs(clusters: number, cells: number): void {
  if (clusters * cells <= Number.MAX_SAFE_INTEGER) return;
  throw new ArgumentError(`gridCluster: expected fewer cells, got ${clusters} times ${cells}: take a larger size`);
}

/** The place of each number among the distinct ones, and how many of these there are. */
function rankNumbers(numbers: Float64Array): { ranks: Float64Array<ArrayBuffer>; count: number } {
  const distinct = numbers.slice().sort();
  let count = 0;
  for (const number of distinct) if (count === 0 || number !== distinct[count - 1]) distinct[count++] = number;
  const ranks = new Map(Array.from(distinct.subarray(0, count), (number, rank) => [number, rank]));
  return { ranks: Float64Array.from(numbers, (number) => lookUp(ranks, number)), count };
}

/** What `sortClusters` returns: sorted arrays, sorted labels, and where each row came from. */
export type SortedClusters<X> = readonly [x: X, labels: Int32NdArray, order: Int32NdArray];

/**
 * Sorts rows by label; rows of one label stay in order. Returns the sorted copy (a list of copies for a list), the
 * sorted labels `[N]`, and `order` `[N]`: row n of the result is row `order[n]` of `x`. Derivatives pass through.
 * @param x an array or lists `[N, ...]`, or a list of arrays with N rows each
 * @param labels integers `[N]` of at least 0
 * @returns the sorted copy or copies, the labels `[N]`, and the order `[N]`
 * @throws ArgumentError unless there is a label for each row
 * @example
 * const [sorted] = cluster.sortClusters(array([[5], [6], [7]]), [1, 0, 1]);
 * console.log(nd.toNested(sorted)); // [ [ 6 ], [ 5 ], [ 7 ] ]
 */
export function sortClusters<const X extends readonly RealArray[]>(
  x: X,
  labels: IntegerArray,
): SortedClusters<{ -readonly [K in keyof X]: X[K] }>;
export function sortClusters<T extends RealData>(x: ArrayInput<T>, labels: IntegerArray): SortedClusters<RealArray<T>>;
export function sortClusters(x: ArrayInput | readonly RealArray[], labels: IntegerArray): SortedClusters<unknown> {
  atMost("sortClusters", 2, arguments);
  const given = labelsOf("sortClusters, labels", labels, 2 ** 31);
  const order = sortingOrder(given);
  const sorted = isListOfArrays(x)
    ? x.map((array, k) => takeRows(`sortClusters, x[${k}]`, array, order))
    : takeRows("sortClusters, x", x, order);
  const sortedLabels = order.map((row) => realAt(given, row));
  return [
    sorted,
    int32("sortClusters, labels", sortedLabels, [order.length]),
    int32("sortClusters", order, [order.length]),
  ];
}

/** Rows in ascending order of their labels, stable: one count per label. */
function sortingOrder(labels: Float64Array): Float64Array {
  const { ranks, count } = rankNumbers(labels);
  const counts = counted(ranks, count);
  let end = 0;
  const next = counts.map((own) => (end += own) - own);
  const order = new Float64Array(labels.length);
  ranks.forEach((rank, row) => {
    const place = realAt(next, rank);
    order[place] = row;
    next[rank] = place + 1;
  });
  return order;
}

/** How often each number below `count` occurs. */
function counted(numbers: Float64Array, count: number): Float64Array {
  const counts = new Float64Array(count);
  for (const number of numbers) counts[number] = realAt(counts, number) + 1;
  return counts;
}

/** Lists that hold no array are themselves one. */
const isListOfArrays = (x: unknown): x is readonly RealArray[] => Array.isArray(x) && x.some(isNdarray);

function takeRows(where: string, x: ArrayInput, order: Float64Array): RealArray {
  const array = arrayIn(where, x);
  const { shape } = array;
  if (shape.length === 0 || shape[0] !== order.length)
    throw new ArgumentError(
      `${where}: expected ${order.length} rows as there are labels, got shape ${shapeText(shape)}`,
    );
  const width = sizeOf(shape.slice(1));
  const index = new Float64Array(order.length * width);
  let end = 0;
  for (const row of order) for (let k = 0; k < width; k++) index[end++] = row * width + k;
  return gather(array, index, shape);
}

/**
 * Intervals `[C, 2]` of the clusters of labels `[N]`: once rows are sorted by `sortClusters`, rows [begin, end) have
 * label k. Labels may come in any order, for counts are enough. A label that does not occur has an empty interval.
 * @param labels integers `[N]` of at least 0, in any order
 * @returns int32 intervals `[C, 2]`
 * @throws ArgumentError for other labels
 * @example console.log(nd.toNested(cluster.clusterRanges([0, 0, 1]))); // [ [ 0, 2 ], [ 2, 3 ] ]
 */
export function clusterRanges(labels: IntegerArray): Int32NdArray {
  atMost("clusterRanges", 1, arguments);
  return intervalsOfLabels("clusterRanges, labels", labelsOf("clusterRanges, labels", labels));
}

function intervalsOfLabels(where: string, labels: Float64Array): Int32NdArray {
  const counts = counted(labels, clustersOf(labels));
  let end = 0;
  const intervals = Array.from(counts).flatMap((count) => [end, (end += count)]);
  return int32(where, intervals, [counts.length, 2]);
}

/** How many clusters there are: one more than the largest label. */
const clustersOf = (labels: Float64Array): number => labels.reduce((most, label) => Math.max(most, label + 1), 0);

/**
 * Means `[C, D]` of the points `x` `[N, D]` of each cluster, weighted by `weights` `[N]` if given. A cluster without
 * weight has its plain mean, one without points NaN. Leaves no record for `grad`.
 * @param x points `[N, D]`
 * @param labels integers `[N]` of at least 0, in any order
 * @param weights numbers `[N]`
 * @returns points `[C, D]`
 * @throws ArgumentError unless there is a label, and a weight, for each point
 * @example
 * console.log(nd.toNested(cluster.clusterCentroids(array([[1], [3], [9]]), [0, 0, 1]))); // [ [ 2 ], [ 9 ] ]
 */
export function clusterCentroids<T extends RealData>(
  x: ArrayInput<T>,
  labels: IntegerArray,
  weights?: ArrayInput | null,
): RealArray<T> {
  atMost("clusterCentroids", 3, arguments);
  return statistics("clusterCentroids", x, labels, weights)[0];
}

/**
 * Intervals `[C, 2]`, centroids `[C, D]` and weights `[C]` of the clusters of points `x` `[N, D]` with `labels` `[N]`,
 * in any order; weights are counts where none are given. The intervals hold for the points as `sortClusters` sorts
 * them.
 * @param x points `[N, D]`
 * @param labels integers `[N]` of at least 0, in any order
 * @param weights numbers `[N]`
 * @returns intervals `[C, 2]`, centroids `[C, D]` and weights `[C]`
 * @throws ArgumentError unless there is a label, and a weight, for each point
 * @example
 * const [ranges] = cluster.clusterRangesCentroids(array([[1], [3], [9]]), [0, 0, 1]);
 * console.log(nd.toNested(ranges)); // [ [ 0, 2 ], [ 2, 3 ] ]
 */
export function clusterRangesCentroids<T extends RealData>(
  x: ArrayInput<T>,
  labels: IntegerArray,
  weights?: ArrayInput | null,
): readonly [ranges: Int32NdArray, centroids: RealArray<T>, weights: RealArray<T>] {
  atMost("clusterRangesCentroids", 3, arguments);
  const where = "clusterRangesCentroids";
  const ranges = intervalsOfLabels(`${where}, labels`, labelsOf(`${where}, labels`, labels));
  return [ranges, ...statistics(where, x, labels, weights)];
}

/** Centroids and total weights. */
function statistics<T extends RealData>(
  where: string,
  cloud: ArrayInput<T>,
  labels: IntegerArray,
  weights: ArrayInput | null | undefined,
): [RealArray<T>, RealArray<T>] {
  const x = arrayIn(`${where}, x`, cloud);
  const [count, dim, data] = points(`${where}, x`, x);
  const given = labelsOf(`${where}, labels`, labels);
  if (given.length !== count)
    throw new ArgumentError(`${where}, labels: expected ${count} labels, one for each row of x, got ${given.length}`);
  const clusters = clustersOf(given);
  const ones = new Float64Array(count).fill(1);
  const own = weights !== undefined && weights !== null ? weightsOf(`${where}, weights`, weights, count) : ones;
  const totals = sums(own, ones, given, clusters, 1);
  const shares = own.map((weight, n) => (totals[realAt(given, n)] === 0 ? 1 : weight));
  const [moments, masses] = [sums(data, shares, given, clusters, dim), sums(shares, ones, given, clusters, 1)];
  const wrapValues = (values: Float64Array, shape: number[]): RealArray<T> => {
    const memory = allocate(dtypeOf(x), values.length) as RealData as T;
    memory.set(values);
    return wrapBeside(memory, shape, x);
  };
  return [
    wrapValues(
      moments.map((moment, n) => moment / realAt(masses, Math.floor(n / dim))),
      [clusters, dim],
    ),
    wrapValues(totals, [clusters]),
  ];
}

/** Per label, the sum of `factor[n]` times row n of `values` `[N, width]`. */
function sums(
  values: RealData,
  factor: Float64Array,
  labels: Float64Array,
  count: number,
  width: number,
): Float64Array {
  const result = new Float64Array(count * width);
  labels.forEach((label, n) => {
    for (let k = 0; k < width; k++)
      result[label * width + k] = result[label * width + k]! + factor[n]! * values[n * width + k]!;
  });
  return result;
}

/** Count, dim and elements, row by row, of points `[N, D]`. Throws ArgumentError. */
export function points(where: string, cloud: ArrayInput): [count: number, dim: number, data: RealData] {
  const x = arrayIn(where, cloud);
  const { shape } = x;
  if (shape.length !== 2) throw new ArgumentError(`${where}: expected shape [N, D], got ${shapeText(shape)}`);
  return [at(shape, 0), at(shape, 1), readable(x)];
}

/** Two clouds `[M, D]` and `[N, D]`: counts, dim and elements. Throws ArgumentError. */
export function clouds(
  where: string,
  x: ArrayInput,
  y: ArrayInput,
): { counts: readonly [number, number]; dim: number; data: readonly [RealData, RealData] } {
  const [rows, dim, ofX] = points(`${where}, x`, x);
  const [columns, dimOfY, ofY] = points(`${where}, y`, y);
  if (dimOfY !== dim) throw new ArgumentError(`${where}, y: expected shape [N, ${dim}] as x has, got dim ${dimOfY}`);
  return { counts: [rows, columns], dim, data: [ofX, ofY] };
}

function weightsOf(where: string, given: ArrayInput, count: number): Float64Array {
  const weights = arrayIn(where, given, isList(given) ? "float64" : undefined);
  const { shape } = weights;
  const fits = shape[0] === count && (shape.length === 1 || (shape.length === 2 && shape[1] === 1));
  if (!fits) throw new ArgumentError(`${where}: expected shape [${count}], got ${shapeText(shape)}`);
  return Float64Array.from(readable(weights));
}

/** Where there is something for every label up to the largest, labels of this size are a mistake. */
const MOST_CLUSTERS = 2 ** 26;

function labelsOf(where: string, labels: IntegerArray, end = MOST_CLUSTERS): Float64Array {
  const numbers = integersOf(where, labels);
  const wrong = numbers.findIndex((label) => label < 0 || label >= end);
  if (wrong < 0) return numbers;
  throw new ArgumentError(`${where}[${wrong}]: expected labels from 0 to ${end - 1}, got ${described(numbers[wrong])}`);
}
