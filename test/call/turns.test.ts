/** Turns of rows: together they visit what the ranges say, and none visits more columns than it may. */
import { turnsOf } from "../../src/call/turns";
import { uniform } from "../helpers/evaluate";

/** Row by row the columns that are visited, where those of `columns` stand at `places`. */
function visitsOf(
  { rows, slices, columns }: { rows: ArrayLike<number>; slices: ArrayLike<number>; columns: ArrayLike<number> },
  nameOf: (column: number) => number,
): number[][] {
  const visits: number[][] = [];
  for (let k = 0; k < slices.length; k++) {
    const own: number[] = [];
    for (let n = k === 0 ? 0 : slices[k - 1]!; n < slices[k]!; n++)
      for (let column = columns[2 * n]!; column < columns[2 * n + 1]!; column++) own.push(nameOf(column));
    for (let row = rows[2 * k]!; row < rows[2 * k + 1]!; row++) visits.push(own);
  }
  return visits;
}

/** Ranges of `intervals` intervals of rows, of which some are empty and some visit nothing. */
function randomRanges(seed: number, intervals: number, many: number): Parameters<typeof turnsOf>[0] {
  const next = uniform(seed);
  const [rows, slices, columns]: [number[], number[], number[]] = [[], [], []];
  for (let k = 0, end = 0; k < intervals; k++) {
    rows.push(end, (end += Math.floor(4 * next())));
    for (let column = Math.floor(many * next()); column < many && next() < 0.8;) {
      const last = Math.min(many, column + 1 + Math.floor(5 * next()));
      columns.push(column, last);
      column = last + 1 + Math.floor(6 * next());
    }
    slices.push(columns.length / 2);
  }
  return { rows: Float64Array.from(rows), slices: Float64Array.from(slices), columns: Float64Array.from(columns) };
}

const MOST = 12;

test.each(Array.from({ length: 40 }, (_, seed) => seed))("random ranges, seed %d", (seed) => {
  const ranges = randomRanges(seed, 1 + (seed % 20), 10 + 7 * (seed % 9));
  const turns = turnsOf(ranges, MOST);
  const visits = turns.flatMap(({ visited, ranges: own }) => {
    const names = visited.flatMap((begin, n) =>
      n % 2 === 0 ? Array.from({ length: visited[n + 1]! - begin }, (_, k) => begin + k) : [],
    );
    expect(new Set(names).size).toBe(names.length);
    if (own.slices.length > 1) expect(names.length).toBeLessThanOrEqual(MOST);
    return visitsOf(own, (column) => names[column]!);
  });
  expect(visits).toEqual(visitsOf(ranges, (column) => column));
  const rows = turns.flatMap(({ rows: [first, end] }) => [first, end]);
  expect(rows).toEqual([...rows].sort((a, b) => a - b));
  expect([rows[0], rows.at(-1)]).toEqual([0, ranges.rows.at(-1)]);
});

test("long intervals, and columns of large numbers, are told as they are", () => {
  const first = 2 ** 33 - 70;
  const columns = [0, 1, 31, 33, 64, 200, 40_000, 40_040].map((column) => first + column);
  const [turn, ...more] = turnsOf(
    {
      rows: Float64Array.of(0, 4, 4, 5),
      slices: Float64Array.of(4, 5),
      columns: Float64Array.of(...columns, first + 30, first + 64),
    },
    1000,
  );
  expect(more).toEqual([]);
  expect(turn!.visited).toEqual([0, 1, 30, 200, 40_000, 40_040].map((column) => first + column));
  expect([...turn!.ranges.columns]).toEqual([0, 1, 2, 4, 35, 171, 171, 211, 1, 35]);
});

test("as many rows as may be take one turn", () => {
  const ranges = randomRanges(3, 20, 30);
  expect(turnsOf(ranges, 30)).toHaveLength(1);
  expect(turnsOf(ranges, 1).length).toBeGreaterThan(10);
});

test("no rows take none", () => {
  const none = new Float64Array();
  expect(turnsOf({ rows: none, slices: none, columns: none }, 5)).toEqual([]);
});
