/** Whose gradients are: those of a rank's own rows, or of an array that all have, by where its numbers come from. */
import { LAUNCHER_NAMES, onRanks, testOn } from "../helpers/mpirun";
import { sampled } from "../helpers/sample";

/** What rank 0 and rank 1 have. */
const EXPECTED: readonly [string, readonly number[], readonly number[]][] = [
  ["equal numbers", [1, 2], [3, 4]],
  ["other numbers", [1, 2], [3, 4]],
  ["marked later", [1, 2], [3, 4]],
  ["a part, marked later", [0, 1, 2], [0, 3, 4]],
  ["a view of a part", [1, 2, 0], [3, 4, 0]],
  ["of all, marked later", [1, 2, 3, 4], [1, 2, 3, 4]],
  ["of all", [1, 2, 3, 4], [1, 2, 3, 4]],
  ["of all, detached", [1, 2, 3, 4], [1, 2, 3, 4]],
  // (1 + 8)² on rank 0 and (27 + 64)² on rank 1, by x: 2 · 9 · f · 2x and 2 · 91 · f · 2x.
  ["of all, twice", [36, 144, 3276, 5824], [36, 144, 3276, 5824]],
  ["rows that were joined", [1, 2], [3, 4]],
  ["rows of the other", [3, 4], [1, 2]],
];

for (const launcher of sampled(LAUNCHER_NAMES, 2, 0))
  testOn(launcher)("gradients by rows are each rank's, but of an array that all have", async () => {
    const { code, stdout, stderr } = await onRanks(launcher, 2, ["own.cjs"]);
    expect(stderr).toBe("");
    expect(
      stdout
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line) as unknown),
    ).toEqual(EXPECTED);
    expect(code).toBe(0);
  });
