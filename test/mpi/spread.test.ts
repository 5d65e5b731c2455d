/** Solves whose points no rank has whole: the bits of one process on any number of ranks, near those of whole points. */
import { KernelSolve, errors, rand } from "../../src";
import { fromRows, shard } from "../../src/mpi/mpi";
import { LAUNCHER_NAMES, onRanks, testOn } from "../helpers/mpirun";
import { isFull } from "../helpers/sample";

const RANKS = isFull ? { "Open MPI": [1, 2, 3, 4], MPICH: [1, 2, 3, 4] } : { "Open MPI": [3], MPICH: [] };

/** How far two solutions lie apart that both meet the default tolerance of 1e-6 · n: some times that of float32. */
const APART = 5e-7;

let alone: string;
beforeAll(async () => {
  const { code, stdout, stderr } = await onRanks(null, 1, ["spread.cjs"]);
  expect([code, stderr]).toEqual([0, ""]);
  alone = stdout;
}, 120_000);

test("points that travel give what gathered ones do", async () => {
  const { code, stdout, stderr } = await onRanks(null, 1, ["spread.cjs", "errors"]);
  expect([code, stderr]).toEqual([0, ""]);
  const errorsByName = stdout.trim().split("\n");
  expect(errorsByName.length).toBeGreaterThan(44);
  for (const line of errorsByName) expect([line, Number(line.split(" ").at(-1)) < APART]).toEqual([line, true]);
}, 120_000);

for (const launcher of LAUNCHER_NAMES)
  for (const ranks of RANKS[launcher])
    testOn(launcher)(`solves have the bits of one process on ${String(ranks)} ranks`, async () => {
      const { code, stdout } = await onRanks(launcher, ranks, ["spread.cjs"]);
      expect(stdout.split("\n")).toEqual(alone.split("\n"));
      expect(code).toBe(0);
    });

const [x, b] = [rand([6, 2], { seed: 1, dtype: "float64" }), rand([6, 1], { seed: 2, dtype: "float64" })];
const aliases = ["x = Vi(2)", "y = Vj(2)", "b = Vj(1)"] as const;
const Kinv = KernelSolve("Exp(-SqDist(x, y)) * b", aliases, "b", { axis: 1 });
const columns = "travel" as const;

test("points that no array is a shard of are no others than whole ones", () => {
  expect(Kinv(x, x, b, { alpha: 0.1, columns })).toEqual(Kinv(x, x, b, { alpha: 0.1 }));
});

test.each<[string, () => unknown, string]>([
  ["a factorisation", () => Kinv(shard(x), shard(x), b, { columns, method: "direct" }), 'with method "direct", got'],
  ["a tolerance", () => Kinv(shard(x), shard(x), b, { columns, tolerance: "auto" }), "with a tolerance, got"],
  ["its log-determinant", () => Kinv.logdet(shard(x), shard(x), b, { columns, method: "direct" }), 'method "direct"'],
  [
    "points of another number",
    () => Kinv(shard(x), fromRows(rand([5, 2], { dtype: "float64" })), b, { columns }),
    "rows",
  ],
])("%s is refused", (_, call, message) => {
  expect(call).toThrow(message);
  expect(call).toThrow(errors.ArgumentError);
});
