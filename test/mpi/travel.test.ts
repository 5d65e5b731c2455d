/** Columns that travel: the bits of one process, and the memory of a part. */
import ndarray from "ndarray";
import { Genred, errors, rand, requiresGrad } from "../../src";
import { shardsTravel } from "../../src/call/travel";
import { fromRows, shard } from "../../src/mpi/mpi";
import { LAUNCHER_NAMES, onRanks, testOn } from "../helpers/mpirun";
import type { Launcher } from "../helpers/mpirun";
import { isFull } from "../helpers/sample";

const COMPILE = isFull ? ["never", "always"] : ["never"];

interface Program {
  readonly program: string;
  /** That it prints at least. */
  readonly lines: number;
  readonly ranks: Readonly<Record<Launcher, readonly number[]>>;
}

const ALL = { "Open MPI": [1, 2, 4], MPICH: [1, 2, 4] };

/** Calls of columns that all need, and of columns that those ask for whose rows visit or choose them. */
const PROGRAMS: readonly Program[] = [
  { program: "travel.cjs", lines: 75, ranks: isFull ? ALL : { "Open MPI": [], MPICH: [2] } },
  { program: "asked.cjs", lines: 70, ranks: isFull ? ALL : { "Open MPI": [4], MPICH: [] } },
];

describe.each(COMPILE.flatMap((compile) => PROGRAMS.map((row) => ({ ...row, compile }))))(
  "$program, compile $compile",
  ({ program, lines, ranks: allRanks, compile }) => {
    let gathered: string;
    beforeAll(async () => {
      const { code, stdout, stderr } = await onRanks(null, 1, [program, "gather", compile]);
      expect([code, stderr]).toEqual([0, ""]);
      gathered = stdout;
    }, 120_000);

    test("columns that are there all at once have the same bits part by part", async () => {
      expect((await onRanks(null, 1, [program, "travel", compile])).stdout).toBe(gathered);
      expect(gathered.split("\n").length).toBeGreaterThan(lines);
    }, 120_000);

    for (const launcher of LAUNCHER_NAMES)
      for (const ranks of allRanks[launcher])
        testOn(launcher)(`columns that travel over ${String(ranks)} ranks give the bits of one process`, async () => {
          const { code, stdout } = await onRanks(launcher, ranks, [program, "travel", compile]);
          expect(stdout.split("\n")).toEqual(gathered.split("\n"));
          expect(code).toBe(0);
        });
  },
);

/** Megabytes that are added to each rank by columns of 269 MB, of which each of four has 67. */
async function grown(...how: readonly string[]): Promise<number[]> {
  const { code, stdout } = await onRanks(LAUNCHER_NAMES[1]!, 4, ["memory.cjs", ...how]);
  expect(code).toBe(0);
  return JSON.parse(stdout) as number[];
}

const test4 = testOn(LAUNCHER_NAMES[1]!);

test4("gathered columns are whole on all ranks", async () => {
  expect(Math.min(...(await grown("gather")))).toBeGreaterThan(250);
});

test4("as many columns travel unless they are to be gathered, in memory for two spans", async () => {
  expect(Math.max(...(await grown("auto")))).toBeLessThan(40);
});

test4("of ranges a rank has room for the columns that its rows visit", async () => {
  expect(Math.max(...(await grown("auto", "ranges")))).toBeLessThan(40);
});

test4("rows that visit as many columns at once are told, by the first rank", async () => {
  const { code, stderr } = await onRanks(LAUNCHER_NAMES[1]!, 4, ["memory.cjs", "auto", "all"]);
  expect(stderr.match(/KEOPS_GATHER.*/g)).toEqual([
    "KEOPS_GATHER] KeopsWarning: 269 MB of columns are gathered at once, because a range of rows visits as many; told once",
  ]);
  expect(code).toBe(0);
});

const [x, y] = [rand([4, 2], { seed: 1 }), rand([5, 2], { seed: 2 })];
const K = Genred("SqDist(x, y) * p", ["x = Vi(2)", "y = Vj(2)", "p = Pm(1)"], { axis: 1 });
const L = Genred("SqDist(x, y) * b", ["x = Vi(2)", "y = Vj(2)", "b = Vj(1)"], { axis: 1 });
const columns = "travel" as const;
const all = [[[0, 4]], [1], [[0, 5]], [[0, 5]], [1], [[0, 4]]] as never;

test.each([{}, { tolerance: 0.1 }, { ranges: all }])("columns that are no shards do not travel: %j", (options) => {
  const result = K(shard(x), y, 1, options);
  expect(K(shard(x), y, 1, { ...options, columns })).toEqual(result);
  expect(K(x, y, 1, { ...options, columns })).toEqual(K(x, y, 1, options));
});

test.each<[string, () => unknown, string]>([
  [
    "an array for a whole result with a tolerance",
    () => K(x, fromRows(y), 1, { columns, tolerance: 0.1, out: rand([4, 1]) }),
    "out: expected none for shards with derivatives or a tolerance",
  ],
  [
    "rows of another number",
    () => L(shard(x), shard(y), rand([6, 1]), { columns }),
    ": expected 5 rows as the shards, got [6, 1]",
  ],
  [
    "an array for a whole result with derivatives",
    () => K(requiresGrad(rand([4, 2])), fromRows(y), 1, { columns, out: rand([4, 1]) }),
    "out: expected none for shards with derivatives",
  ],
  ["a whole array", () => K(shard(x), fromRows(y), 1, { columns: "go" as never }), '"auto", "gather" or "travel"'],
])("%s is refused", (_, call, message) => {
  expect(call).toThrow(message);
  expect(call).toThrow(errors.ArgumentError);
});

test("large columns that are gathered all the same are told once, with their size and why", () => {
  const emitted = jest.spyOn(process, "emitWarning").mockImplementation(() => undefined);
  const large = fromRows(ndarray(new Float32Array(16), [5_000_000, 16], [0, 1])); // 320 MB, if it were gathered
  const whyNot = (): string => "arrays of a device";
  for (let time = 0; time < 2; time++) expect(shardsTravel([large], {}, whyNot)).toBe(false);
  expect(() => shardsTravel([large], { columns }, whyNot)).toThrow(
    'columns: expected "gather" or "auto" with arrays of a device, got "travel"',
  );
  expect(emitted.mock.calls).toEqual([
    [
      "320 MB of columns are gathered on every rank, because of arrays of a device; told once",
      { type: "KeopsWarning", code: "KEOPS_GATHER" },
    ],
  ]);
});
