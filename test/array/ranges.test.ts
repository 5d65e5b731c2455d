/**
 * Block-sparse ranges: what they mean to every reduction, derivative and solve, what they become for the engines, and
 * every refusal.
 */
import fc from "fast-check";
import ndarray from "ndarray";
import { fromMatrix, swapAxes } from "../../src/cluster";
import { ArgumentError } from "../../src/errors";
import { Genred, KernelSolve, array, grad, rand, randn, requiresGrad, settings } from "../../src";
import type { BlockRanges, RealArray, ReductionName } from "../../src";
import { checkRanges } from "../../src/array/ranges";
import type { Ranges } from "../../src/device/native";
import { BACKENDS } from "../helpers/numbers";

const intervals = (...numbers: number[]): Int32Array => Int32Array.from(numbers);

/** Rows 0..9 and columns 0..11 in blocks, with a row that nobody lists, and a block that visits nothing. */
const EXAMPLE = [
  intervals(0, 4, 4, 6, 7, 10),
  intervals(1, 1, 3),
  intervals(0, 5, 5, 12, 0, 5),
  intervals(0, 5, 5, 12),
  intervals(2, 3),
  intervals(0, 4, 7, 10, 7, 10),
] as const;
const EXTENTS = [10, 12] as const;
/** The pairs of the example. */
const visits = (i: number, j: number): boolean => (i < 4 && j < 5) || i >= 7;

/**
 * Cuts of [0, n) into intervals, some of them empty, which of the blocks to keep, and how much lies beyond the last.
 */
const blocks = fc
  .record({
    rows: fc.array(fc.nat(5), { maxLength: 6 }),
    columns: fc.array(fc.nat(5), { maxLength: 6 }),
    gap: fc.nat(3),
  })
  .chain(({ rows, columns, gap }) => {
    const keep = fc.array(fc.boolean(), { minLength: columns.length, maxLength: columns.length });
    return fc.record({
      ofI: fc.constant(cut(rows)),
      ofJ: fc.constant(cut(columns)),
      keep: fc.array(keep, { minLength: rows.length, maxLength: rows.length }),
      gap: fc.constant(gap),
    });
  });
type Intervals = readonly (readonly [number, number])[];
interface Blocks {
  readonly ofI: Intervals;
  readonly ofJ: Intervals;
  readonly keep: readonly boolean[][];
  readonly gap: number;
}

function cut(lengths: readonly number[]): [number, number][] {
  let end = 0;
  return lengths.map((length) => [end, (end += length)]);
}

const extentsOf = ({ ofI, ofJ, gap }: Blocks): [number, number] => [
  (ofI.at(-1)?.[1] ?? 0) + gap,
  (ofJ.at(-1)?.[1] ?? 0) + gap,
];

const isKept = ({ ofI, ofJ, keep }: Blocks, i: number, j: number): boolean => {
  const blockOf = (list: Intervals, at: number): number => list.findIndex(([begin, end]) => begin <= at && at < end);
  return keep[blockOf(ofI, i)]?.[blockOf(ofJ, j)] ?? false;
};

/** Every pair of a checked half, "row,column", in the order of visits. */
function pairs({ rows, slices, columns }: Ranges): string[] {
  const found: string[] = [];
  for (let k = 0; k < slices.length; k++)
    for (let row = rows[2 * k]!; row < rows[2 * k + 1]!; row++)
      for (let n = slices[k - 1] ?? 0; n < slices[k]!; n++)
        for (let column = columns[2 * n]!; column < columns[2 * n + 1]!; column++) found.push(`${row},${column}`);
  return found;
}

describe("checked ranges", () => {
  test("visit exactly the kept blocks in ascending order, and cover every row once", () => {
    fc.assert(
      fc.property(blocks, (given) => {
        const [rows, columns] = extentsOf(given);
        const [ofI, ofJ] = checkRanges(fromMatrix(given.ofI, given.ofJ, given.keep), [rows, columns]);
        const all = [...Array(rows).keys()].flatMap((i) => [...Array(columns).keys()].map((j) => [i, j] as const));
        const kept = all.filter(([i, j]) => isKept(given, i, j));
        expect(pairs(ofI)).toEqual(kept.map(([i, j]) => `${i},${j}`));
        expect(pairs(ofJ).sort()).toEqual(kept.map(([i, j]) => `${j},${i}`).sort());
        const bounds = [0, ...ofI.rows, rows];
        expect(bounds.filter((bound, n) => n % 2 === 1 && bound !== bounds[n - 1])).toEqual([]);
      }),
    );
  });

  test("merge neighbours, sort intervals and rows, and drop empty ones", () => {
    const half = (...lists: Int32Array[]): Int32Array[] => lists;
    const [ofI, ofJ] = checkRanges(
      [
        ...half(intervals(5, 8, 2, 2, 0, 5), intervals(1, 2, 4), intervals(0, 3, 0, 6, 3, 6, 0, 3)),
        ...half(intervals(3, 6, 0, 3), intervals(1, 3), intervals(0, 5, 5, 8, 0, 5)),
      ] as unknown as BlockRanges,
      [9, 6],
    );
    const flat = ({ rows, slices, columns }: Ranges): number[][] => [[...rows], [...slices], [...columns]];
    expect(flat(ofI)).toEqual([
      [0, 5, 5, 8, 8, 9],
      [1, 2, 2],
      [0, 6, 0, 3],
    ]);
    expect(flat(ofJ)).toEqual([
      [0, 3, 3, 6],
      [1, 2],
      [0, 8, 0, 5],
    ]);
  });

  test("are the same for lists, typed arrays, 64-bit integers and ndarrays of any kind and stride", () => {
    const expected = checkRanges(EXAMPLE, EXTENTS);
    const shaped = EXAMPLE.map((list, n) => (n % 3 === 1 ? [list.length] : [list.length / 2, 2]));
    const nested = EXAMPLE.map((list, n) =>
      n % 3 === 1 ? [...list] : Array.from({ length: list.length / 2 }, (_, k) => [...list.slice(2 * k, 2 * k + 2)]),
    );
    const forms: unknown[][] = [
      nested,
      EXAMPLE.map((list) => Uint8Array.from(list)),
      EXAMPLE.map((list) => BigInt64Array.from([...list].map(BigInt))),
      EXAMPLE.map((list, n) => ndarray(BigInt64Array.from([...list].map(BigInt)), shaped[n])),
      EXAMPLE.map((list, n) => ndarray([...list], shaped[n])),
      EXAMPLE.map((list, n) => {
        const spread = Float32Array.from([...list].flatMap((value) => [value, -7]));
        return ndarray(spread, shaped[n], n % 3 === 1 ? [2] : [4, 2]);
      }),
    ];
    for (const form of forms) expect(checkRanges(form as unknown as BlockRanges, EXTENTS)).toEqual(expected);
    expect(checkRanges(swapAxes(EXAMPLE), [12, 10])).toEqual([expected[1], expected[0]]);
  });

  test("any single block added to one half alone is noticed", () => {
    fc.assert(
      fc.property(blocks, fc.nat(100), fc.nat(100), (given, p, q) => {
        const { ofI, ofJ, keep } = given;
        const [a, b] = [p % (keep.length || 1), q % (ofJ.length || 1)];
        fc.pre(ofI[a]?.[0] !== ofI[a]?.[1] && ofJ[b]?.[0] !== ofJ[b]?.[1]);
        const other = keep.map((row, k) => row.map((kept, n) => (k === a && n === b ? !kept : kept)));
        const [one, two] = [fromMatrix(ofI, ofJ, keep), fromMatrix(ofI, ofJ, other)];
        expect(() => checkRanges([one[0], one[1], one[2], two[3], two[4], two[5]], extentsOf(given))).toThrow(
          /same pairs/,
        );
      }),
    );
  });
});

describe.each(BACKENDS)("a call with ranges on %s", (backend) => {
  const FORMULA = "Exp(-g * SqDist(x, y)) * b";
  const ALIASES = ["x = Vi(2)", "y = Vj(2)", "b = Vj(1)", "g = Pm(1)"] as const;
  const data = (
    [rows, columns]: readonly [number, number],
    seed: number,
  ): [RealArray, RealArray, RealArray, RealArray] => [
    requiresGrad(rand([rows, 2], { dtype: "float64", seed })),
    requiresGrad(rand([columns, 2], { dtype: "float64", seed: seed + 1 })),
    requiresGrad(randn([columns, 1], { dtype: "float64", seed: seed + 2 })),
    requiresGrad(array([0.7], { dtype: "float64" })),
  ];

  const expectNear = (got: ArrayLike<number>, expected: ArrayLike<number>, of: string): void => {
    const errors = Array.from(expected, (value, n) => (Object.is(value, got[n]) ? 0 : Math.abs(value - got[n]!)));
    const worst = errors.findIndex((error) => !(error <= 1e-12));
    expect([of, worst < 0 ? null : `${got[worst]!} instead of ${expected[worst]!}`]).toEqual([of, null]);
  };

  test.each([0, 1] as const)("is the masked dense sum over axis %d, and so are its gradients", (axis) => {
    const sum = Genred(FORMULA, ALIASES, { axis });
    fc.assert(
      fc.property(blocks, fc.nat(1000), (given, seed) => {
        const [M, N] = extentsOf(given);
        fc.pre(M > 0 && N > 0);
        const args = data([M, N], seed);
        const got = sum(...args, { backend, ranges: fromMatrix(given.ofI, given.ofJ, given.keep) });
        const values = sum.dense(...args, { backend });
        const e = randn(got.shape, { dtype: "float64", seed });
        const [expected, masked] = [new Float64Array(got.size), new Float64Array(M * N)];
        for (let i = 0; i < M; i++)
          for (let j = 0; j < N; j++) {
            const row = axis === 1 ? i : j;
            if (!isKept(given, i, j)) continue;
            expected[row] = expected[row]! + values.data[i * N + j]!;
            masked[i * N + j] = e.data[row]!;
          }
        expectNear(got.data, expected, "sum");
        const wanted = grad(values, args, ndarray(masked, [M, N, 1]));
        grad(got, args, e).forEach((gradient, n) => {
          expectNear(gradient.data, wanted[n]!.data, ALIASES[n]!);
        });
      }),
      { numRuns: 40 },
    );
  });

  test("gives rows without columns what the reduction is without any", () => {
    const [x, y] = data(EXTENTS, 1);
    const of = (reductionOp: ReductionName): number[] => {
      const K = Genred("SqDist(x, y)", ["x = Vi(2)", "y = Vj(2)"], { axis: 1, reductionOp });
      return [...(K(x, y, { backend, ranges: EXAMPLE }) as RealArray).data].filter((_, i) => !visits(i, 0));
    };
    expect(of("Sum")).toEqual([0, 0, 0]);
    expect(of("Mean")).toEqual([NaN, NaN, NaN]);
    expect(of("Prod")).toEqual([1, 1, 1]);
    expect(of("Min")).toEqual([Infinity, Infinity, Infinity]);
    expect(of("Max")).toEqual([-Infinity, -Infinity, -Infinity]);
    expect(of("LogSumExp")).toEqual([-Infinity, -Infinity, -Infinity]);
    expect(of("All")).toEqual([1, 1, 1]);
  });

  test("fills the places of the K best that nothing visits with infinity and -1, and they have no gradient", () => {
    const [x, y] = data(EXTENTS, 4);
    const best = Genred("Sqrt(SqDist(x, y))", ["x = Vi(2)", "y = Vj(2)"], {
      axis: 1,
      reductionOp: "KMin_ArgKMin",
      optArg: 7,
    });
    const [values, indices] = best(x, y, { backend, ranges: EXAMPLE });
    const rows = Array.from({ length: 10 }, (_, i) => [...indices.data.slice(7 * i, 7 * i + 7)]);
    expect(rows.map((row) => row.filter((index) => index < 0).length)).toEqual([2, 2, 2, 2, 7, 7, 7, 0, 0, 0]);
    expect([...values.data].filter((value) => value === Infinity)).toHaveLength(29);
    const [ofX] = grad(values, [x], ndarray(new Float64Array(70).fill(1), [10, 7]));
    expect([...ofX.data].map(Number.isFinite)).toEqual(Array(20).fill(true));
    expect([...ofX.data.slice(8, 14)]).toEqual([0, 0, 0, 0, 0, 0]);
  });

  test("solves the system of the visited pairs, with its derivatives", () => {
    const both = [intervals(0, 4, 4, 9), intervals(1, 2), intervals(0, 4, 4, 9)] as const;
    const whole = [
      requiresGrad(rand([9, 2], { dtype: "float64", seed: 8 })),
      requiresGrad(randn([9, 1], { dtype: "float64", seed: 9 })),
    ] as const;
    const solve = KernelSolve("Exp(-SqDist(x, y)) * a", ["x = Vi(2)", "y = Vj(2)", "a = Vj(1)"], "a", { axis: 1 });
    const options = { alpha: 0.1, eps: 0, rtol: 1e-14, backend };
    const [x, b] = whole;
    const got = solve(x, x, b, { ...options, ranges: [...both, ...both] });
    const e = randn([9, 1], { dtype: "float64", seed: 10 });
    const gradients = grad(got, whole, e);
    for (const [begin, end] of [
      [0, 4],
      [4, 9],
    ] as const) {
      const of = <A extends RealArray>(a: A): A => a.lo(begin, 0).hi(end - begin, a.shape[1]!) as A;
      const [ownX, ownB] = [of(x), of(b)].map((a) => requiresGrad(array(a)));
      const own = solve(ownX!, ownX!, ownB!, options);
      expectNear(got.data.slice(begin, end), own.data, "solution");
      const [ofX, ofB] = grad(own, [ownX!, ownB!], of(e));
      expectNear(gradients[0].data.slice(2 * begin, 2 * end), ofX.data, "gradient by x");
      expectNear(gradients[1].data.slice(begin, end), ofB.data, "gradient by b");
    }
  });
});

describe("large blocks on the addon's threads", () => {
  const BOUNDS = { rows: [0, 1, 40, 340, 700], columns: [0, 3, 300, 301, 900] };
  const KEEP = [
    [1, 0, 1, 1],
    [0, 1, 0, 1],
    [0, 1, 1, 0],
    [1, 1, 1, 1],
  ];
  const between = (bounds: readonly number[]): [number, number][] => bounds.slice(1).map((end, k) => [bounds[k]!, end]);
  const [ofI, ofJ] = [between(BOUNDS.rows), between(BOUNDS.columns)];
  const ranges = fromMatrix(ofI, ofJ, KEEP);
  const [x, y] = [rand([700, 3], { dtype: "float64", seed: 1 }), rand([900, 3], { dtype: "float64", seed: 2 })];
  const rowsOf = (a: RealArray, rows: readonly number[]): RealArray =>
    array(
      rows.map((row) => [a.get(row, 0), a.get(row, 1), a.get(row, 2)]),
      { dtype: "float64" },
    );
  const span = ([begin, end]: readonly [number, number]): number[] => [...Array(end).keys()].slice(begin);
  type Both = (x: RealArray, y: RealArray, options?: unknown) => [RealArray, { data: Int32Array }] | RealArray;

  afterEach(() => {
    settings.threads = 2;
  });

  const NAMES: ReductionName[] = ["Sum", "Mean", "Prod", "LogSumExp", "Count", "Min_ArgMin", "KMax_ArgKMax"];
  test.each(NAMES)(
    "are dense calls on the columns that each interval visits: %s, with any number of threads",
    (reductionOp) => {
      const K = Genred("SqDist(x, y) + 1/2", ["x = Vi(3)", "y = Vj(3)"], {
        axis: 1,
        reductionOp,
        optArg: reductionOp.startsWith("K") ? 5 : null,
      }) as unknown as Both;
      const parts = (result: ReturnType<Both>): number[][] =>
        (Array.isArray(result) ? result : [result]).map(({ data }) => [...data]);
      const got = [1, 2, 3].map((count) => {
        settings.threads = count;
        return parts(K(x, y, { backend: "cpu", ranges }));
      });
      const expected = ofI.map((rows, a) => {
        const visited = ofJ.filter((_, b) => KEEP[a]![b]).flatMap(span);
        const [values, places] = parts(K(rowsOf(x, span(rows)), rowsOf(y, visited)));
        return [values!, (places ?? []).map((place) => visited[place]!)] as const;
      });
      expect([got[1], got[2]]).toEqual([got[0], got[0]]);
      const scale = Math.max(...expected.flatMap(([values]) => values.map(Math.abs)));
      const off = expected.flatMap(([values]) => values).map((value, n) => Math.abs(value - got[0]![0]![n]!) / scale);
      expect(Math.max(...off)).toBeLessThan(1e-13);
      expect(got[0]![1] ?? []).toEqual(expected.flatMap(([, places]) => places));
    },
  );
});

describe("ranges that are refused", () => {
  const changed = (at: number, value: unknown): unknown[] => EXAMPLE.map((list, n) => (n === at ? value : list));
  const [I, S, J] = ["ranges\\[0\\] \\(rangesI\\)", "ranges\\[1\\] \\(slicesI\\)", "ranges\\[2\\] \\(redrangesJ\\)"];
  const call = (ranges: unknown): unknown => {
    const sum = Genred("x * y", ["x = Vi(1)", "y = Vj(1)"], { axis: 1 });
    return sum(rand([10, 1]), rand([12, 1]), { backend: "reference", ranges: ranges as BlockRanges });
  };

  test.each<[string, unknown, string]>([
    ["no list", 5, "^ranges: expected a list of the six arrays rangesI, .*redrangesI, got the number 5$"],
    ["five arrays", EXAMPLE.slice(1), "^ranges: expected a list of the six arrays .*, got 5 of them$"],
    [
      "an end past the rows",
      changed(0, intervals(0, 4, 4, 6, 7, 11)),
      `^${I}\\[2\\]: expected 0 <= begin <= end <= 10, got \\[7, 11\\]$`,
    ],
    [
      "an end past the columns",
      changed(2, intervals(0, 5, 5, 13, 0, 5)),
      `^${J}\\[1\\]: expected 0 <= begin <= end <= 12, got \\[5, 13\\]$`,
    ],
    ["a backward interval", changed(0, intervals(4, 0, 4, 6, 7, 10)), `^${I}\\[0\\]: .*got \\[4, 0\\]$`],
    ["a negative begin", changed(0, intervals(-1, 4, 4, 6, 7, 10)), `^${I}\\[0\\]: .*got \\[-1, 4\\]$`],
    [
      "rows that overlap",
      changed(0, intervals(0, 5, 4, 6, 7, 10)),
      `^${I}: expected intervals that do not overlap, got index 4 again in interval 1$`,
    ],
    [
      "columns that overlap",
      changed(2, intervals(0, 5, 5, 12, 0, 6)),
      `^${J}, of interval 2: expected intervals that do not overlap, got index 5 again`,
    ],
    ["a column interval twice", changed(2, intervals(0, 5, 0, 5, 0, 5)), "do not overlap, got index 0 again"],
    ["too few slices", changed(1, [1, 3]), `^${S}: expected 3 integers, one for each row interval, got 2$`],
    ["falling slices", changed(1, [2, 1, 3]), `^${S}\\[1\\]: expected an integer from 2 to 3, got 1$`],
    ["slices past the end", changed(1, [1, 1, 4]), `^${S}\\[2\\]: expected an integer from 1 to 3, got 4$`],
    ["intervals in no slice", changed(1, [1, 1, 2]), `^${S}: expected slices up to the 3 intervals listed, got 2$`],
    ["fractions", changed(1, [1, 1.5, 3]), `^${S}\\[1\\]: expected an integer, got the number 1.5$`],
    [
      "NaN in a typed array",
      changed(1, Float64Array.of(1, NaN, 3)),
      `^${S}\\[1\\]: expected an integer, got the number NaN$`,
    ],
    ["a text", changed(1, ["1", 1, 3]), `^${S}\\[0\\]: expected an integer, got the string "1"$`],
    [
      "integers beyond 2^53",
      changed(1, BigInt64Array.of(1n, 2n ** 60n, 3n)),
      `^${S}\\[1\\]: expected an integer, got the bigint`,
    ],
    [
      "triples",
      changed(0, [[0, 5, 1]]),
      `^${I}: expected intervals \\[begin, end\\] of shape \\[n, 2\\], got shape \\[1, 3\\]$`,
    ],
    ["a flat plain list", changed(0, [0, 4, 4, 6]), "of shape \\[n, 2\\], got shape \\[4\\]$"],
    ["a ragged list", changed(0, [[0, 5], [5]]), `^${I}\\[1\\]: expected 2 numbers as in row 0, got 1 of them$`],
    ["pairs for slices", changed(1, [[1, 1]]), `^${S}: expected integers of shape \\[n\\], got shape \\[1, 2\\]$`],
    [
      "a view past its memory",
      changed(1, ndarray(intervals(1, 1, 3), [3], [2])),
      `^${S}: expected a view inside its data`,
    ],
    ["null", changed(1, null), `^${S}: expected nested lists, a typed array or an ndarray of integers, got null$`],
    [
      "halves that disagree",
      changed(5, intervals(0, 4, 6, 10, 7, 10)),
      "^ranges: expected the last three arrays to list the same pairs",
    ],
  ])("%s", (_what, ranges, message) => {
    expect(() => call(ranges)).toThrow(ArgumentError);
    expect(() => call(ranges)).toThrow(new RegExp(message));
  });

  test("but not what is good", () => {
    expect(call(EXAMPLE)).toMatchObject({ shape: [10, 1] });
    expect(call(null)).toMatchObject({ shape: [10, 1] });
  });
});
