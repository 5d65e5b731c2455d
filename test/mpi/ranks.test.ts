/** Sums, derivatives and solves have the same bits on any number of ranks, with either kind of library. */
import { LAUNCHER_NAMES, onRanks, testOn } from "../helpers/mpirun";
import { isFull } from "../helpers/sample";

const COMPILE = isFull ? ["never", "always"] : ["never"];
const RANKS = isFull ? { "Open MPI": [1, 2, 3, 4], MPICH: [1, 2, 3, 4] } : { "Open MPI": [3], MPICH: [2] };

let alone: string;
beforeAll(async () => {
  const { code, stdout, stderr } = await onRanks(null, 1, ["bits.cjs", ...COMPILE]);
  expect([code, stderr]).toEqual([0, ""]);
  alone = stdout;
}, 120_000);

test("a script that is started alone is rank 0 of 1", () => {
  expect(alone.split("\n").length).toBeGreaterThan(35);
});

for (const launcher of LAUNCHER_NAMES)
  for (const ranks of RANKS[launcher])
    testOn(launcher)(`all results have the bits of one process on ${String(ranks)} ranks`, async () => {
      const { code, stdout } = await onRanks(launcher, ranks, ["bits.cjs", ...COMPILE]);
      expect(stdout.split("\n")).toEqual(alone.split("\n"));
      expect(code).toBe(0);
    });
