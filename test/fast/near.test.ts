/** Near pairs as ranges: every pair within the radius is visited, each once, and few that are not. */
import { boxed, nearPairs } from "../../src/fast/near";
import type { Boxed, NearPairs } from "../../src/fast/near";
import { randomNumbers } from "../../src/fast/kerneltable";
import { runSync } from "../../src/task";

const cellsOf = (points: Float64Array, dim: number, leaf: number): Boxed => runSync(boxed(points, dim, leaf));

function pointsOf(count: number, dim: number, clusters = 0): Float64Array {
  const random = randomNumbers();
  const centres = Array.from({ length: clusters * dim }, random);
  return Float64Array.from({ length: count * dim }, (_, n) => {
    if (clusters === 0) return random();
    return centres[(Math.floor(n / dim) % clusters) * dim + (n % dim)]! + 0.01 * random();
  });
}

/** Pairs of original indices, as `i * columns + j`. */
function visited({ ranges }: NearPairs, { cells: rows }: Boxed, { cells: columns }: Boxed): number[] {
  const pairs: number[] = [];
  for (let block = 0, first = 0; block < ranges.slices.length; first = ranges.slices[block++]!)
    for (let place = ranges.rows[2 * block]!; place < ranges.rows[2 * block + 1]!; place++)
      for (let k = first; k < ranges.slices[block]!; k++)
        for (let other = ranges.columns[2 * k]!; other < ranges.columns[2 * k + 1]!; other++)
          pairs.push(rows.order[place]! * columns.order.length + columns.order[other]!);
  return pairs;
}

function distance(a: Float64Array, i: number, b: Float64Array, j: number, dim: number): number {
  let square = 0;
  for (let k = 0; k < dim; k++) square += (a[i * dim + k]! - b[j * dim + k]!) ** 2;
  return Math.sqrt(square);
}

test.each([
  [1, 0, 0.05],
  [2, 0, 0.1],
  [3, 0, 0.2],
  [2, 5, 0.004],
  [3, 5, 0.02],
])("in dimension %p with %p clusters, all pairs within %p are visited once", (dim, clusters, radius) => {
  const [x, y] = [pointsOf(500, dim, clusters), pointsOf(700, dim, clusters).map((value) => value + 1e-3)];
  const [rows, columns] = [cellsOf(x, dim, 16), cellsOf(y, dim, 16)];
  const found = nearPairs(rows, columns, dim, radius, Infinity)!;
  const pairs = visited(found, rows, columns);
  expect(pairs).toHaveLength(found.pairs);
  const known = new Set(pairs);
  expect(known.size).toBe(pairs.length);
  let within = 0;
  const missed: (readonly [number, number])[] = [];
  for (let i = 0; i < 500; i++)
    for (let j = 0; j < 700; j++) {
      if (distance(x, i, y, j, dim) > radius) continue;
      within++;
      if (!known.has(i * 700 + j)) missed.push([i, j]);
    }
  expect(missed).toEqual([]);
  expect(found.pairs).toBeLessThan(20 * within);
});

test("rows are covered from the first to the last, also those that are near nothing", () => {
  const [rows, columns] = [cellsOf(Float64Array.of(0, 1, 2, 3), 1, 1), cellsOf(Float64Array.of(3.01, 9), 1, 1)];
  const { ranges, pairs } = nearPairs(rows, columns, 1, 0.1, Infinity)!;
  expect([...ranges.rows]).toEqual([0, 1, 1, 2, 2, 3, 3, 4]);
  expect([...ranges.slices]).toEqual([0, 0, 0, 1]);
  expect([[...ranges.columns], pairs]).toEqual([[0, 1], 1]);
});

test("columns of neighbouring cells are one interval", () => {
  const cells = cellsOf(pointsOf(256, 1), 1, 8);
  const { ranges } = nearPairs(cells, cells, 1, 10, Infinity)!;
  expect([...ranges.columns]).toEqual([...ranges.slices].flatMap(() => [0, 256]));
});

test("too many pairs are not listed", () => {
  const cells = cellsOf(pointsOf(256, 2), 2, 8);
  expect(nearPairs(cells, cells, 2, 0.5, 1000)).toBeNull();
});
