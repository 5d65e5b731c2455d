/** The tools that make ranges: clusters of points in any dimension, block matrices, and distances. */
import fc from "fast-check";
import ndarray from "ndarray";
import {
  clusterCentroids,
  clusterRanges,
  clusterRangesCentroids,
  fromMatrix,
  gridCluster,
  rangesFromRadius,
  sortClusters,
  swapAxes,
} from "../../src/cluster";
import { array, grad, rand, requiresGrad } from "../../src";
import type { RealArray } from "../../src";
import { checkRanges } from "../../src/array/ranges";
import { refuses } from "../helpers/numbers";

/** A call with what the types forbid, as plain JavaScript and notebooks make it. */
const untyped = (f: unknown) => f as (...args: unknown[]) => unknown;
const points = (...rows: number[][]): RealArray<Float64Array> => array(rows, { dtype: "float64" });

/** Points [N, D] at several scales, so that cells are shared, or not. */
const clouds = fc
  .record({
    dim: fc.integer({ min: 1, max: 6 }),
    count: fc.nat(40),
    seed: fc.nat(1000),
    scale: fc.constantFrom(1, 5, 1e6),
  })
  .map(({ dim, count, seed, scale }) => {
    const x = rand([count, dim], { dtype: "float64", seed });
    x.data.forEach((value, n) => (x.data[n] = (value - 0.5) * scale));
    return x;
  });

const rowsOf = ({ shape, data }: { shape: number[]; data: ArrayLike<number> }): number[][] => {
  const all = Array.from(data);
  return Array.from({ length: shape[0]! }, (_, n) => all.slice(n * shape[1]!, (n + 1) * shape[1]!));
};

describe("gridCluster", () => {
  test("labels two points alike exactly if they lie in the same cell, in any dimension, with labels 0 to C - 1", () => {
    fc.assert(
      fc.property(clouds, fc.constantFrom(0.3, 1, 7), (x, size) => {
        const labels = gridCluster(x, size);
        const cells = rowsOf(x).map((row) => row.map((value) => Math.floor(value / size)).join());
        const byCell = new Map(cells.map((cell, n) => [cell, labels.data[n]!]));
        expect(cells.map((cell) => byCell.get(cell))).toEqual([...labels.data]);
        expect([...byCell.values()].sort((a, b) => a - b)).toEqual(Array.from(byCell, (_, k) => k));
      }),
    );
  });

  test("ascends with the cells, first coordinate first", () => {
    const x = points([2.5, 0], [0.5, 9], [0.5, 1], [2.5, -3], [0.7, 9.9]);
    expect([...gridCluster(x, 1).data]).toEqual([3, 1, 0, 2, 1]);
  });

  test("does not overflow where cells are counted in billions of billions, nor where a corner is far away", () => {
    const far = [1e15, 0, 1e15, -1e15];
    const x = points([...far, 1], [...far, 1.5], [1e15, 0, 1e15, 1e15, 1], [-1e300, 0, 0, 0, 0]);
    expect([...gridCluster(x, 1e-3).data]).toEqual([1, 2, 3, 0]);
  });

  test("takes one size for each coordinate, strided views, and no points at all", () => {
    const x = points([0.5, 0.5], [0.5, 1.5], [1.5, 0.5]);
    expect([...gridCluster(x, [1, 10]).data]).toEqual([0, 0, 1]);
    expect([...gridCluster(x, Float32Array.of(10, 1)).data]).toEqual([0, 1, 0]);
    expect([...gridCluster(x.step(-1, 1), [1, 10]).data]).toEqual([1, 0, 0]);
    expect(gridCluster(rand([0, 3]), 1).shape).toEqual([0]);
  });

  test("refuses points and sizes that make no cells", () => {
    const x = rand([4, 2]);
    refuses(() => gridCluster(x, 0), /^gridCluster, size: expected a positive number or 2 of them, got the number 0$/);
    refuses(() => gridCluster(x, [1, 1, 1]), /expected a positive number or 2 of them, got \[1, 1, 1\]$/);
    refuses(() => gridCluster(x, NaN), /got the number NaN/);
    refuses(() => gridCluster(rand([4]), 1), /^gridCluster, x: expected shape \[N, D\], got \[4\]$/);
    refuses(
      () => gridCluster(points([0], [NaN]), 1),
      /^gridCluster, x: expected finite coordinates, got NaN in row 1$/,
    );
    refuses(() => untyped(gridCluster)("12", 1), /^gridCluster, x: expected a float32 or float64 ndarray/);
  });
});

describe("sortClusters", () => {
  test("sorts rows by label, keeps the order within a label, and tells where each row came from", () => {
    fc.assert(
      fc.property(clouds, fc.integer({ min: 1, max: 1e9 }), (x, most) => {
        const labels = rowsOf(x).map((_, n) => (n * 7919) % most);
        const [sorted, sortedLabels, order] = sortClusters(x, labels);
        const expected = labels.map((_, n) => n).sort((a, b) => labels[a]! - labels[b]! || a - b);
        expect([...order.data]).toEqual(expected);
        expect([...sortedLabels.data]).toEqual(expected.map((n) => labels[n]!));
        expect(rowsOf(sorted)).toEqual(expected.map((n) => rowsOf(x)[n]!));
      }),
    );
  });

  test("sorts several arrays alike, whatever their shapes and dtypes, into copies", () => {
    const x = array([[1, 2], [3, 4], [5, 6]]); // prettier-ignore
    const b = array([10, 20, 30], { dtype: "float64" });
    const [[xs, bs], labels] = sortClusters([x, b], [1, 0, 1]);
    const typed: readonly [RealArray<Float32Array>, RealArray<Float64Array>] = [xs, bs];
    expect(typed.map(({ dtype }) => dtype)).toEqual(["float32", "float64"]);
    expect([...xs.data, ...bs.data, ...labels.data]).toEqual([3, 4, 1, 2, 5, 6, 20, 10, 30, 0, 1, 1]);
    expect(x.data[0]).toBe(1);
  });

  test("takes lists, and tells them from lists of arrays", () => {
    const [sorted, labels] = sortClusters([[1, 2], [3, 4]], [1, 0]); // prettier-ignore
    expect([sorted.shape, Array.from(sorted.data), Array.from(labels.data)]).toEqual([
      [2, 2],
      [3, 4, 1, 2],
      [0, 1],
    ]);
    expect(Array.from(sortClusters([5, 6, 7], [1, 0, 1])[0].data)).toEqual([6, 5, 7]);
    const [typed] = sortClusters(Float64Array.of(5, 6), [1, 0]);
    expect([typed.dtype, Array.from(typed.data)]).toEqual(["float64", [6, 5]]);
  });

  test("passes derivatives through", () => {
    const x = requiresGrad(points([1, 2], [3, 4], [5, 6]));
    const [sorted] = sortClusters(x, Int32Array.of(2, 1, 0));
    const [gradient] = grad(sorted, [x], points([1, 2], [3, 4], [5, 6]));
    expect([...gradient.data]).toEqual([5, 6, 3, 4, 1, 2]);
  });

  test("refuses labels that are no labels, and arrays with another count of rows", () => {
    const x = rand([3, 2]);
    refuses(
      () => sortClusters(x, [0, -1, 0]),
      /^sortClusters, labels\[1\]: expected labels from 0 .* got the number -1$/,
    );
    refuses(() => sortClusters(x, [0, 0.5, 0]), /^sortClusters, labels\[1\]: expected an integer/);
    refuses(
      () => sortClusters([x, rand([4])], [0, 1, 2]),
      /^sortClusters, x\[1\]: expected 3 rows as .* got shape \[4\]$/,
    );
  });
});

describe("clusters of labels", () => {
  const x = points([0, 0], [2, 0], [5, 1], [7, 7]);
  const labels = [0, 0, 1, 3];

  test("are intervals, empty for labels that do not occur", () => {
    const ranges = clusterRanges(labels);
    expect([ranges.dtype, ranges.shape, [...ranges.data]]).toEqual(["int32", [4, 2], [0, 2, 2, 3, 3, 3, 3, 4]]);
    expect(clusterRanges([]).shape).toEqual([0, 2]);
    expect([...clusterRanges(BigInt64Array.of(1n)).data]).toEqual([0, 0, 0, 1]);
  });

  test("have centroids in the dtype of the points, weighted or not; without points they have none", () => {
    const plain = clusterCentroids(x, labels);
    expect([plain.dtype, plain.shape, [...plain.data]]).toEqual(["float64", [4, 2], [1, 0, 5, 1, NaN, NaN, 7, 7]]);
    const weighted = clusterCentroids(x, labels, array([1, 3, 2, 0], { dtype: "float64" }));
    expect([...weighted.data]).toEqual([1.5, 0, 5, 1, NaN, NaN, 7, 7]);
    expect([...clusterCentroids(x, [1, 1, 0, 0]).data]).toEqual([6, 4, 1, 0]);
  });

  test("have weights: counts, or the sums of those given", () => {
    const [ranges, centroids, counts] = clusterRangesCentroids(x, labels);
    expect([ranges, centroids]).toEqual([clusterRanges(labels), clusterCentroids(x, labels)]);
    expect([...counts.data]).toEqual([2, 1, 0, 1]);
    const given = [array([1, 3, 2, 0.5]), array([[1], [3], [2], [0.5]])];
    for (const weights of given)
      expect([...clusterRangesCentroids(x, labels, weights)[2].data]).toEqual([4, 2, 0, 0.5]);
  });

  test("come in any order, before sorting as after it, as in the tutorials of KeOps", () => {
    expect([...clusterRanges([2, 0, 2, 4, 0, 0]).data]).toEqual([0, 3, 3, 3, 3, 5, 5, 5, 5, 6]);
    const mixed = points([7, 7], [0, 0], [5, 1], [2, 0]);
    const found = gridCluster(mixed, 4); // cells [0, 0], [1, 0], [1, 1]
    expect([...found.data]).toEqual([2, 0, 1, 0]);
    const [ranges, centroids, counts] = clusterRangesCentroids(mixed, found);
    expect([...ranges.data]).toEqual([0, 2, 2, 3, 3, 4]);
    expect([...centroids.data]).toEqual([1, 0, 5, 1, 7, 7]);
    expect([...counts.data]).toEqual([2, 1, 1]);
    const [sorted, sortedLabels] = sortClusters(mixed, found);
    expect(clusterRangesCentroids(sorted, sortedLabels)).toEqual([ranges, centroids, counts]);
  });

  test("are one for each point, of which there are not too many", () => {
    refuses(() => clusterCentroids(x, [0, 1]), /^clusterCentroids, labels: expected 4 labels, .* of x, got 2$/);
    refuses(
      () => clusterCentroids(x, labels, rand([3])),
      /^clusterCentroids, weights: expected shape \[4\], got \[3\]$/,
    );
    refuses(() => clusterRanges([0, 1e9]), /^clusterRanges, labels\[1\]: expected labels from 0 to 67108863, got/);
  });
});

describe("fromMatrix", () => {
  const [ofI, ofJ] = [Int32Array.of(0, 4, 4, 6, 7, 10), Int32Array.of(0, 5, 5, 12)];
  const keep = [
    [1, 0],
    [0, 0],
    [1, 1],
  ];

  test("makes the six arrays of KeOps as int32 ndarrays, which swapAxes exchanges", () => {
    const made = fromMatrix(ofI, ofJ, keep);
    expect(made.map(({ shape, dtype }) => [...shape, dtype])).toEqual(
      [[3, 2], [3], [3, 2], [2, 2], [2], [3, 2]].map((shape) => [...shape, "int32"]),
    );
    expect(made.map(({ data }) => data.join())).toEqual([
      "0,4,4,6,7,10",
      "1,1,3",
      "0,5,0,5,5,12",
      "0,5,5,12",
      "2,3",
      "0,4,7,10,7,10",
    ]);
    expect(swapAxes(made)).toEqual(fromMatrix(ofJ, ofI, ndarray(Uint8Array.from(keep.flat()), [2, 3], [1, 2])));
  });

  test("takes booleans, numbers and ndarrays of any stride", () => {
    const forms = [
      keep.map((row) => row.map(Boolean)),
      keep.map((row) => row.map((kept) => -kept / 2)),
      ndarray(Uint8Array.from(keep.flat()), [3, 2]),
      ndarray(Uint8Array.of(1, 0, 1, 0, 0, 1), [3, 2], [1, 3]),
    ];
    for (const form of forms) expect(fromMatrix(ofI, ofJ, form)).toEqual(fromMatrix(ofI, ofJ, keep));
  });

  test("refuses a matrix of another shape, and what are no intervals", () => {
    refuses(
      () => fromMatrix(ofI, ofJ, keep.slice(1)),
      /^fromMatrix, keep: expected shape \[3, 2\] as .* got \[2, 2\]$/,
    );
    refuses(() => untyped(fromMatrix)(ofI, [1, 2, 3], []), /^fromMatrix, rangesJ: expected intervals/);
  });
});

describe("rangesFromRadius", () => {
  const distance = (p: readonly number[], q: readonly number[]): number =>
    Math.hypot(...p.map((value, k) => value - q[k]!));

  /** Which pairs are visited, as a flat mask `[M, N]`. */
  function visited(x: RealArray, y: RealArray, radius: number): Uint8Array {
    const [rows, columns] = [x.shape[0]!, y.shape[0]!];
    const [half] = checkRanges(rangesFromRadius(x, y, radius), [rows, columns]);
    const mask = new Uint8Array(rows * columns);
    for (let k = 0; k < half.slices.length; k++)
      for (let row = half.rows[2 * k]!; row < half.rows[2 * k + 1]!; row++)
        for (let n = half.slices[k - 1] ?? 0; n < half.slices[k]!; n++)
          mask.fill(1, row * columns + half.columns[2 * n]!, row * columns + half.columns[2 * n + 1]!);
    return mask;
  }

  test("never loses a pair that is within the radius, whatever the order of the points", () => {
    fc.assert(
      fc.property(clouds, fc.nat(1000), fc.constantFrom(0, 1e-3, 0.1, 0.5, 1, 3, Infinity), (x, seed, radius) => {
        const y = rand([37, x.shape[1]!], { dtype: "float64", seed });
        y.data.set(x.data.subarray(0, Math.min(x.size, y.size)));
        const mask = visited(x, y, radius);
        const lost = rowsOf(x).flatMap((p, i) =>
          rowsOf(y).filter((q, j) => distance(p, q) <= radius && mask[i * 37 + j] === 0),
        );
        expect(lost).toEqual([]);
      }),
    );
  });

  test("keeps pairs at exactly the radius, and at distances that rounding makes larger", () => {
    for (let n = 1; n <= 200; n++)
      for (const scale of [1, 1e-160, 1e150]) {
        const q = [n / 7, n / 11, n / 13].map((value) => value * scale);
        const radius = Math.hypot(n / 7, n / 11, n / 13) * scale * (1 + 2e-16);
        expect([...visited(points([0, 0, 0]), points(q), radius)]).toEqual([1]);
      }
  });

  test("leaves out most of what is far, for points sorted by cells", () => {
    const cloud = rand([2000, 2], { dtype: "float64", seed: 5 });
    const [x] = sortClusters(cloud, gridCluster(cloud, 0.1));
    const count = visited(x, x, 0.1).reduce((sum, bit) => sum + bit, 0);
    expect(count).toBeGreaterThan(0.025 * 2000 * 2000);
    expect(count).toBeLessThan(0.25 * 2000 * 2000);
  });

  test("sees a point that is not a number as near everything, and takes clouds without points", () => {
    expect([...visited(points([NaN], [0]), points([5], [9]), 1)]).toEqual([1, 1, 1, 1]);
    expect(rangesFromRadius(rand([0, 2]), rand([3, 2]), 1).map(({ shape }) => shape[0])).toEqual([0, 0, 0, 1, 1, 0]);
  });

  test("refuses clouds of different dims, and a radius that is none", () => {
    const x = rand([3, 2]);
    refuses(
      () => rangesFromRadius(x, rand([3, 3]), 1),
      /^rangesFromRadius, y: expected shape \[N, 2\] as .* got dim 3$/,
    );
    refuses(() => rangesFromRadius(x, x, -1), /^rangesFromRadius, radius: expected .* at least 0, got the number -1$/);
    refuses(() => rangesFromRadius(x, x, NaN), /got the number NaN$/);
    refuses(() => rangesFromRadius(rand([3]), x, 1), /^rangesFromRadius, x: expected shape \[N, D\]/);
  });
});
