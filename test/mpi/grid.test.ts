/** Sums with a tolerance whose columns no rank has whole: near exact ones, and the same bits on any number of ranks. */
import { LAUNCHER_NAMES, onRanks, testOn } from "../helpers/mpirun";
import { isFull } from "../helpers/sample";

const RANKS = isFull ? { "Open MPI": [1, 2, 3, 4], MPICH: [1, 2, 3, 4] } : { "Open MPI": [3], MPICH: [] };

let alone: string;
beforeAll(async () => {
  const { code, stdout, stderr } = await onRanks(null, 1, ["grid.cjs"]);
  expect([code, stderr]).toEqual([0, ""]);
  alone = stdout;
}, 120_000);

test("results keep the tolerance, beside exact sums", async () => {
  const { code, stdout, stderr } = await onRanks(null, 1, ["grid.cjs", "errors"]);
  expect([code, stderr]).toEqual([0, ""]);
  const errors = stdout.trim().split("\n");
  expect(errors.length).toBeGreaterThan(10);
  for (const line of errors) expect([line, Number(line.split(" ").at(-1)) <= 1]).toEqual([line, true]);
  // What is exact beside them is not computed in this way, and the other way round.
  const exact = errors.filter((line) => line.endsWith(" 0")).map((line) => line.slice(0, -2));
  expect(exact).toEqual(["another reduction, of all pairs", "no convolution", "a weight that is not finite"]);
}, 120_000);

test("there are calls with near pairs, and without", () => {
  const told = alone.split("\n").flatMap((line) => /: (\w+ \w+)$/.exec(line)?.slice(1) ?? []);
  expect(new Set(told)).toEqual(new Set(["split near", "split far"]));
});

for (const launcher of LAUNCHER_NAMES)
  for (const ranks of RANKS[launcher])
    testOn(launcher)(`sums have the bits of one process on ${String(ranks)} ranks`, async () => {
      const { code, stdout } = await onRanks(launcher, ranks, ["grid.cjs"]);
      expect(stdout.split("\n")).toEqual(alone.split("\n"));
      expect(code).toBe(0);
    });

/** Megabytes that are added to each rank by a sum over 4 million columns, of which each of four has a quarter. */
async function grown(columns: string): Promise<number[]> {
  const { code, stdout } = await onRanks(LAUNCHER_NAMES[1]!, 4, ["gridmemory.cjs", columns]);
  expect(code).toBe(0);
  return JSON.parse(stdout) as number[];
}

testOn(LAUNCHER_NAMES[1]!)("a rank has room for its own columns alone", async () => {
  expect(Math.min(...(await grown("gather")))).toBeGreaterThan(140);
  expect(Math.max(...(await grown("travel")))).toBeLessThan(70);
});
