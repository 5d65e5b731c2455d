/** Near pairs by cells of a regular grid: all within the radius, whoever of several ranks has the points. */
import { rand } from "../../src";
import type { Ranks } from "../../src/array/exchange";
import { Lattice, SharedColumns } from "../../src/fast/sharednear";
import type { LatticeCells } from "../../src/fast/sharednear";
import { runSync } from "../../src/task";

/** Columns of ranks that exist one after the other: each is told what all have. */
function sharedBy(cells: readonly LatticeCells[]): SharedColumns {
  const tables = [cells.map(({ keys }) => keys), cells.map(({ counts }) => counts)];
  const ranks = {
    rank: 0,
    size: cells.length,
    agree: () => cells.map(({ keys }) => keys.length),
    gather: (all: Float64Array) => {
      all.set(tables.shift()!.flatMap((part) => [...part]));
    },
  } as unknown as Ranks;
  return new SharedColumns(cells[0]!, { ranks, counts: cells.map(({ order }) => order.length) });
}

const pointsOf = (rows: number, dim: number, seed: number): Float64Array =>
  rand([rows, dim], { seed, dtype: "float64" }).data;

/** Of each row the columns that it visits, by their numbers among all. */
function visitsOf(
  dim: number,
  radius: number,
  columnsOfRanks: readonly Float64Array[],
  rows: Float64Array,
): Set<number>[] {
  const lower = Array.from({ length: dim }, () => 0);
  const lengths = lower.map((_, axis) => (axis === 0 ? 1 : 1.5));
  const columns = columnsOfRanks.reduce((sum, { length }) => sum + length / dim, 0);
  const lattice = new Lattice(lower, lengths, columns, radius);
  const own = columnsOfRanks.map((points) => lattice.sort(points));
  const all = sharedBy(own);
  const original = own.flatMap(({ order }, rank) => {
    const before = columnsOfRanks.slice(0, rank).reduce((sum, { length }) => sum + length / dim, 0);
    return Array.from(order, (place) => before + place);
  });
  const cells = lattice.sort(rows);
  const { ranges, pairs } = runSync(lattice.near(cells, all, Infinity));
  const visits = Array.from(cells.order, () => new Set<number>());
  let count = 0;
  ranges.slices.forEach((end, k) => {
    for (let n = k === 0 ? 0 : ranges.slices[k - 1]!; n < end; n++) {
      const [from, to] = [ranges.columns[2 * n]!, ranges.columns[2 * n + 1]!];
      const places = all.placesOf(Float64Array.from({ length: to - from }, (_, place) => from + place));
      for (let row = ranges.rows[2 * k]!; row < ranges.rows[2 * k + 1]!; row++) {
        for (const place of places) visits[cells.order[row]!]!.add(original[place]!);
        count += places.length;
      }
    }
  });
  expect(count).toBe(pairs); // none is visited twice: sets would hide it
  expect(visits.reduce((sum, { size }) => sum + size, 0)).toBe(pairs);
  return visits;
}

describe.each([
  [1, 0.02],
  [2, 0.1],
  [3, 0.3],
  [4, 0.4],
  [2, 2],
])("in %d axes, radius %d", (dim, radius) => {
  const [rows, columns] = [pointsOf(150, dim, 1), pointsOf(700, dim, 2)];
  const visits = visitsOf(dim, radius, [columns], rows);

  test("all pairs within the radius are visited", () => {
    const missing: [number, number][] = [];
    for (let i = 0; i < 150; i++)
      for (let j = 0; j < 700; j++) {
        let square = 0;
        for (let k = 0; k < dim; k++) square += (rows[i * dim + k]! - columns[j * dim + k]!) ** 2;
        if (Math.sqrt(square) <= radius && !visits[i]!.has(j)) missing.push([i, j]);
      }
    expect(missing).toEqual([]);
  });

  test("columns that ranks have some of are the same ones, in their order", () => {
    const parts = [0, 0, 301, 302, 700].map((row) => row * dim);
    const shared = parts.slice(1).map((end, rank) => columns.subarray(parts[rank], end));
    expect(visitsOf(dim, radius, shared, rows).map((set) => [...set])).toEqual(visits.map((set) => [...set]));
  });
});

test("few pairs beyond the radius are visited", () => {
  const visits = visitsOf(2, 0.1, [pointsOf(20_000, 2, 2)], pointsOf(200, 2, 1));
  expect(visits.reduce((sum, { size }) => sum + size, 0)).toBeLessThan(2.5 * 200 * 20_000 * Math.PI * 0.1 ** 2);
});

test("no more ranges are made than for the pairs that are allowed", () => {
  const lattice = new Lattice([0, 0], [1, 1], 1000, 0.1);
  const columns = lattice.sort(pointsOf(1000, 2, 1));
  const { pairs } = runSync(lattice.near(columns, sharedBy([columns]), 20_000));
  expect(pairs).toBeGreaterThan(20_000);
  expect(pairs).toBeLessThan(60_000);
});
