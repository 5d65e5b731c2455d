/** Promises of several calls: their exchanges come in one order on all ranks, or an error names the ranks. */
import { LAUNCHER_NAMES, onRanks, testOn } from "../helpers/mpirun";
import { sampled } from "../helpers/sample";

let alone: string;
beforeAll(async () => {
  const { code, stdout, stderr } = await onRanks(null, 1, ["promises.cjs", "one by one"]);
  expect([code, stderr]).toEqual([0, ""]);
  alone = stdout;
}, 120_000);

test("each call has a result of its own", () => {
  expect(new Set(alone.trim().split("\n")).size).toBe(6);
});

const cases = LAUNCHER_NAMES.flatMap((launcher) =>
  ["at once", "one after the other"].map((how) => [launcher, how] as const),
);

for (const [launcher, how] of sampled(cases, 3, 0))
  testOn(launcher)(`promises ${how} give what calls one by one do`, async () => {
    const { code, stdout } = await onRanks(launcher, 3, ["promises.cjs", how]);
    expect(stdout).toBe(alone);
    expect(code).toBe(0);
  });

for (const launcher of sampled(LAUNCHER_NAMES, 2, 1))
  testOn(launcher)("promises inside of a promise wait for no turn that comes after their own", async () => {
    const inside = await onRanks(null, 1, ["promises.cjs", "inside of others"]);
    const { code, stdout } = await onRanks(launcher, 2, ["promises.cjs", "inside of others"]);
    expect(stdout).toBe(inside.stdout);
    expect(stdout).toMatch(/^inside /);
    expect(code).toBe(0);
  });

for (const launcher of sampled(LAUNCHER_NAMES, 2, 0))
  testOn(launcher)("a promise that waits for a later one is an error that can be caught", async () => {
    const { code, stdout } = await onRanks(launcher, 2, ["promises.cjs", "waiting for a later one"]);
    const why =
      "ArgumentError: MPI: expected promises that end in the order of their calls, got one that waits for a later one";
    expect(stdout.split("\n").map((line) => line.replace(/ \w{32}$/, ""))).toEqual([`${why},${why}`, "solution", ""]);
    expect(code).toBe(0);
  });

for (const launcher of sampled(LAUNCHER_NAMES, 2, 0))
  testOn(launcher)("ranks plan alike, whenever each of them has called", async () => {
    const how = "with a tolerance, called at another time";
    const { stdout } = await onRanks(null, 1, ["promises.cjs", how]);
    const { code, stdout: ofRanks } = await onRanks(launcher, 2, ["promises.cjs", how]);
    expect(ofRanks).toBe(stdout);
    expect(stdout).toMatch(/^sums /);
    expect(code).toBe(0);
  });

for (const launcher of sampled(LAUNCHER_NAMES, 2, 0))
  testOn(launcher)("what comes at another time on one rank is an error that names both", async () => {
    const { code, stderr } = await onRanks(launcher, 2, ["promises.cjs", "at another time"]);
    expect(stderr).toMatch(
      /expected the same call on all ranks, got "fromRows of .*" on rank 0 and ".*, in promise 1" on rank 1/,
    );
    expect(code).not.toBe(0);
  });
