/** Where ranks do not end well, or do not make the same calls, all end, and a message says which rank and why. */
import { LAUNCHER_NAMES, onRanks, testOn } from "../helpers/mpirun";
import type { Launcher } from "../helpers/mpirun";
import { sampled } from "../helpers/sample";

const ORDER = /expected the same call on all ranks, got "(.*)" on rank 0 and "(.*)" on rank 1/;

/** What a rank does, what is said then (null where the launcher alone can say something), and the code if it is told. */
const ENDS: readonly [string, RegExp | null, number?][] = [
  ["throws", /tskeops, rank 1 of 2: what rank 1 says/],
  ["rejects", /tskeops, rank 1 of 2: what rank 1 says/],
  ["ends early", ORDER],
  ["is killed", null],
  ["is interrupted", null],
  ["calls something else", ORDER],
  ["has another dtype", ORDER],
  ["has another shape", ORDER],
  ["has other arrays", ORDER],
  ["fails while columns travel", /tskeops, rank 1 of 2: .*while columns travel: stopped by its signal: enough/, 1],
  ["has a reporter that throws while columns travel", /tskeops, rank 0 of 2: .*while columns travel: what the re/, 1],
  ["is interrupted while columns travel", /tskeops, rank 1 of 2: /, 130],
  ["has one array for two", /"gather of float32 rows of argument 1 = 2 .* on rank 0 and "gather of .* argument 1 \[/],
  ["has one array for two that travel", ORDER],
  ["differentiates minima in another order", ORDER],
  ["exchanges while columns travel", /tskeops, rank 1 of 2: MPI: expected nothing exchanged until columns that travel/],
  [
    "exchanges before columns travel",
    /expected the same call on all ranks, got "Sum over j .* on rank 0 and "allReduce/,
  ],
  ["is aborted", /tskeops, rank 1 of 2: .*(stopped|abort)/],
];

const cases = LAUNCHER_NAMES.flatMap((launcher) => ENDS.map((end): [Launcher, ...typeof end] => [launcher, ...end]));

for (const [launcher, what, said, told] of sampled(cases, 4, 1))
  testOn(launcher)(`all ranks end where one ${what}`, async () => {
    const { code, stderr } = await onRanks(launcher, 2, ["fail.cjs", what]);
    expect(code).not.toBe(0);
    expect(code).not.toBeNull();
    if (told !== undefined) expect(code).toBe(told);
    if (said) expect(stderr).toMatch(said);
  });

/** Exit codes of a rank, and what the launcher's tells of them: a shell sees 8 bits, and no failure as a success. */
const CODES: readonly [number, number][] = [
  [256, 1],
  [130, 130],
  [128, 128],
  [-1, 255],
];

for (const [launcher, code, told] of sampled(
  LAUNCHER_NAMES.flatMap((name) => CODES.map((pair): [Launcher, number, number] => [name, ...pair])),
  2,
  2,
))
  testOn(launcher)(`a rank's exit code ${String(code)} becomes ${String(told)}`, async () => {
    expect((await onRanks(launcher, 2, ["fail.cjs", "has the exit code", String(code)])).code).toBe(told);
  });

for (const launcher of LAUNCHER_NAMES) {
  testOn(launcher)("a child of a rank is alone", async () => {
    const { code, stdout } = await onRanks(launcher, 2, ["parts.cjs", "has a child"]);
    expect(stdout.trim().split("\n")).toEqual([
      "has a child 2 null",
      "is a child 1 a rank has started this process, which is none itself",
    ]);
    expect(code).toBe(0);
  });

  testOn(launcher)("errors name shapes of all rows", async () => {
    const { code, stdout, stderr } = await onRanks(launcher, 2, ["shapes.cjs"]);
    expect(stdout.trim().split("\n")).toEqual([
      "x (Vi, dim 2): expected shape [M, 2], got [12, 3], the rows of all ranks",
      "y (Vj, dim 2): expected shape [N, 2], got [10, 3], the rows of all ranks",
      "b (Vj, dim 1): expected shape [10, 1] as y (Vj, dim 2) has 10 rows, got [10, 2], the rows of all ranks",
      "b (Vj, dim 1): expected shape [N, 1], got [12, 2]",
      "x (Vi, dim 2): expected shape [M, 2], got [12, 3], the rows of all ranks",
      "b (Vj, dim 1): expected 12 rows as y (Vj, dim 2) has, got 10",
      "LazyTensor: expected arrays with one number of rows, got Vi [12, 2], the rows of all ranks and Vi [10, 2], the rows of all ranks",
      "solve, b: expected 10 rows, got shape [12, 1], the rows of all ranks",
    ]);
    expect([stderr, code]).toEqual(["", 0]);
  });

  testOn(launcher)("ranks that do not fit each other hear the same whenever they ask", async () => {
    const { code, stdout, stderr } = await onRanks(launcher, 2, ["parts.cjs", "widths"]);
    const [first, second, ...more] = stdout.trim().split("\n");
    expect(first).toMatch(/first MPI: expected the same call on all ranks, .*baseline.*avx2/);
    expect(second).toBe(first?.replace("first", "second"));
    expect([more, stderr, code]).toEqual([[], "", 0]);
  });
}

test("a launcher without a library of its kind is an error, and no run of many that are alone", async () => {
  const env = { PMI_RANK: "0", PMI_SIZE: "2", TSKEOPS_MPI: "libnothing.so.1" };
  const { code, stderr } = await onRanks(null, 1, ["fail.cjs", "throws"], env);
  expect(code).toBe(1);
  expect(stderr).toContain("DeviceError: MPI: expected one of libnothing.so.1, got none: libnothing.so.1: cannot open");
});

test("a program that is alone needs no library", async () => {
  const { code, stderr } = await onRanks(null, 1, ["fail.cjs", "has another shape"], { TSKEOPS_ADDON: "off" });
  expect([code, stderr.replace(/.*KEOPS_REFERENCE.*|\(Use `node.*/g, "").trim()]).toEqual([0, ""]);
});
