/** Sums with a tolerance, and neighbours, do not depend on the number of ranks. */
import { LAUNCHER_NAMES, onRanks, testOn } from "../helpers/mpirun";
import { isFull } from "../helpers/sample";

const RANKS = isFull ? { "Open MPI": [1, 2, 4], MPICH: [1, 2, 4] } : { "Open MPI": [2], MPICH: [4] };

let alone: string;
beforeAll(async () => {
  const { code, stdout, stderr } = await onRanks(null, 1, ["tolerance.cjs"]);
  expect([code, stderr]).toEqual([0, ""]);
  alone = stdout;
}, 120_000);

test("the ways that leave out pairs are taken", () => {
  const told = alone.split("\n").flatMap((line) => /is (\w+), as it should be (\w+)/.exec(line)?.slice(1) ?? []);
  expect(told).toEqual(["split", "split", "dropped", "dropped", "dropped", "dropped"]);
});

test("neighbours are those of whole arrays", () => {
  const lines = alone.split("\n");
  for (const name of ["nearest", "within"]) expect(new Set(lines.filter((line) => line.startsWith(name))).size).toBe(1);
});

for (const launcher of LAUNCHER_NAMES)
  for (const ranks of RANKS[launcher])
    testOn(launcher)(`results have the bits of one process on ${String(ranks)} ranks`, async () => {
      const { code, stdout } = await onRanks(launcher, ranks, ["tolerance.cjs"]);
      expect(stdout.split("\n")).toEqual(alone.split("\n"));
      expect(code).toBe(0);
    });
