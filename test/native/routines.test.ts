/** The addon's calls: what they compute, and what they refuse. */
import { ArgumentError } from "../../src/errors";
import { rectangleSizes } from "../../src/device/addoncall";
import { setThreads, threads, type Plan, type Ranges, type RealData, type Rectangle } from "../../src/device/native";
import {
  ADDON,
  addon,
  expectedSums,
  flatCall,
  largestError,
  numbers,
  pathOf,
  routine,
  sumArguments,
  sums,
  whole,
} from "../fixtures/routines";

afterEach(() => {
  setThreads(2);
});

describe("loading", () => {
  it("finds the addon that belongs to this source", () => {
    expect(addon().constants.abi).toBe(5);
    expect(["avx512", "avx2", "baseline"]).toContain(addon().isa());
  });

  it("gives the routine's table, and the same routine for the same file", () => {
    expect(addon().table(routine("sum"))).toEqual([5, 4, 4, 8, 1, 0, 0, 4, 0, 2, 1, 2, 1, 1, 2, 1]);
    expect(addon().load(pathOf("sum"))).toBe(addon().load(pathOf("sum")));
  });

  it("refuses files that are no routine of this ABI, with the reason", () => {
    expect(() => addon().load("/nowhere/a.so")).toThrow(/a\.so: cannot open/);
    expect(() => addon().load(ADDON)).toThrow(/no keops_table/);
    expect(() => routine("foreign")).toThrow(/ABI 999 instead of 5/);
    expect(() => addon().load(3 as unknown as string)).toThrow(/expected a path/);
  });

  it("takes only thread counts that make sense", () => {
    setThreads(3);
    expect(threads()).toBe(3);
    for (const count of [0, -1, 1.5, NaN, 1025]) expect(() => setThreads(count)).toThrow(ArgumentError);
    expect(() => addon().setThreads("2" as unknown as number)).toThrow(/expected an integer/);
    expect(threads()).toBe(3);
  });
});

describe("reduce", () => {
  const sizes = [0, 1, 2, 3, 7, 63, 64, 65, 129];

  it.each(sizes.flatMap((rows) => sizes.map((columns) => [rows, columns] as const)))(
    "sums over the columns of %d x %d pairs",
    (rows, columns) => {
      const args = sumArguments(rows, columns);
      expect(largestError(sums(args, whole(rows, columns)), expectedSums(args, rows, columns))).toBeLessThan(1e-5);
    },
  );

  it("works in float64", () => {
    const args = sumArguments(70, 50).map((values) => Float64Array.from(values));
    const out = new Float64Array(70);
    addon().reduce(...flatCall(routine("sum", "-DREAL=double"), args, out, whole(70, 50)));
    expect(largestError(out, expectedSums(args, 70, 50))).toBeLessThan(1e-13);
  });

  it("gives the same bits for 1, 2, 3 and 7 threads, however the work is cut", () => {
    const args = sumArguments(301, 257);
    const expected = expectedSums(args, 301, 257);
    for (const blockRows of [1, 5, 64, 1000]) {
      for (const chunkColumns of [1, 10, 256, 257, 1000]) {
        for (const unitsPerTask of [1, 3, 1e6]) {
          const plan: Plan = { rows: 301, columns: 257, blockRows, chunkColumns, unitsPerTask };
          const results = [1, 2, 3, 7].map((count) => {
            setThreads(count);
            return sums(args, plan);
          });
          for (const result of results) expect(result).toEqual(results[0]);
          expect(largestError(results[0]!, expected)).toBeLessThan(2e-5);
        }
      }
    }
  });

  it("computes what depends on columns alone before everything else, in every batch entry", () => {
    const [rows, columns, entries] = [33, 3001, 3];
    const args = [rows * entries, columns * entries, entries].map((size, k) => Float64Array.from(numbers(size, k + 1)));
    const batch = [{ length: entries, steps: [rows, columns, 1, 2 * rows] }];
    const out = new Float64Array(2 * rows * entries);
    const plan = { rows, columns, blockRows: 8, chunkColumns: 1000, unitsPerTask: 2, batch };
    addon().reduce(...flatCall(routine("hoisted"), args, out, plan));
    const [x, y, p] = args as [Float64Array, Float64Array, Float64Array];
    const expected = Array.from(x).flatMap((value, i) => {
      const entry = Math.floor(i / rows);
      const own = y.subarray(entry * columns, (entry + 1) * columns);
      const sum = (term: (y: number) => number) => own.reduce((total, next) => total + term(next), 0);
      return [value * sum((next) => p[entry]! / (1 + next * next)), sum((next) => next - p[entry]!)];
    });
    expect(largestError(out, expected)).toBeLessThan(1e-9);
  });

  it("places the entries of a batch by the steps along its dimensions, shared arguments included", () => {
    const [rows, columns] = [5, 9];
    const args = sumArguments(rows, columns, 700);
    const batch = [
      { length: 7, steps: [0, 2 * columns, columns, 3, 130 * rows] },
      { length: 1, steps: [1e9, 1e9, 1e9, 1e9, 0] },
      { length: 100, steps: [2 * rows, 0, 7 * columns, 1, rows] },
    ];
    const out = new Float32Array(6 * 130 * rows + 100 * rows).fill(-7);
    addon().reduce(
      ...flatCall(routine("sum"), args, out, { rows, columns, blockRows: 4, chunkColumns: 4, unitsPerTask: 7, batch }),
    );
    for (let a = 0; a < 7; a++)
      for (let b = 0; b < 100; b++) {
        const begins = [2 * rows * b, 2 * columns * a, columns * (a + 7 * b), 3 * a + b];
        const own = args.map((values, n) => values.subarray(begins[n]));
        const result = out.subarray(rows * (130 * a + b), rows * (130 * a + b + 1));
        expect(largestError(result, expectedSums(own, rows, columns))).toBeLessThan(1e-5);
      }
    expect(out.subarray(100 * rows, 130 * rows).every((value) => value === -7)).toBe(true);
  });

  it("reads views at a byte offset, and shared memory", () => {
    const args = sumArguments(20, 30);
    const shared = args.map((values) => {
      const copy = new Float32Array(new SharedArrayBuffer(4 * values.length + 12), 12);
      copy.set(values);
      return copy;
    });
    expect(sums(shared, whole(20, 30))).toEqual(sums(args, whole(20, 30)));
  });
});

describe("reduce with ranges", () => {
  const args = sumArguments(100, 90);
  const ranges: Ranges = {
    rows: Int32Array.from([60, 100, 0, 33, 40, 40, 50, 60]),
    slices: Int32Array.from([2, 5, 6, 6]),
    columns: Int32Array.from([0, 10, 20, 90, 5, 5, 7, 8, 80, 90, 0, 90]),
  };
  const isPair = (i: number, j: number): boolean => {
    if (i >= 60) return j < 10 || j >= 20;
    return i < 33 && (j === 7 || j >= 80);
  };

  it.each([1, 2, 3, 7])("reduces each interval of rows over its own columns, with %d threads", (count) => {
    setThreads(count);
    for (const blockRows of [1, 16, 64]) {
      const got = sums(args, { ...whole(100, 90), blockRows, chunkColumns: 8, ranges });
      const expected = expectedSums(args, 100, 90, isPair);
      const covered = expected.map((value, i) => (i >= 33 && i < 50 ? -7 : value));
      expect(largestError(got, covered)).toBeLessThan(1e-5);
    }
  });

  it("takes the same ranges for every entry of a batch, as float64 too", () => {
    const batch = sumArguments(100, 90, 2);
    const entries = [{ length: 2, steps: [200, 180, 90, 1, 100] }];
    const asDouble = {
      rows: Float64Array.from(ranges.rows),
      slices: Float64Array.from(ranges.slices),
      columns: Float64Array.from(ranges.columns),
    };
    const got = sums(batch, { ...whole(100, 90), ranges: asDouble, batch: entries });
    const second = [batch[0]!.subarray(200), batch[1]!.subarray(180), batch[2]!.subarray(90), batch[3]!.subarray(1)];
    const expected = expectedSums(second, 100, 90, isPair).map((value, i) => (i >= 33 && i < 50 ? -7 : value));
    expect(largestError(got.subarray(100), expected)).toBeLessThan(1e-5);
  });

  it.each<[string, Partial<Record<keyof Ranges, number[]>>, RegExp]>([
    ["a row past the end", { rows: [60, 101, 0, 33, 40, 40, 50, 60] }, /ranges\.rows: .*got \[60, 101\]/],
    ["a column past the end", { columns: [0, 91, 20, 90, 5, 5, 7, 8, 80, 90, 0, 90] }, /ranges\.columns/],
    ["an interval that ends before it begins", { rows: [60, 100, 33, 0, 40, 40, 50, 60] }, /ranges\.rows/],
    ["a negative number", { rows: [60, 100, -1, 33, 40, 40, 50, 60] }, /ranges\.rows/],
    ["rows that are in two intervals", { rows: [59, 100, 0, 33, 40, 40, 50, 60] }, /row 59 twice/],
    ["half an interval", { columns: [0, 10, 20] }, /ranges\.columns: expected pairs/],
    ["a slice past the end", { slices: [2, 5, 6, 7] }, /ranges\.slices/],
    ["slices that descend", { slices: [2, 1, 6, 6] }, /ranges\.slices/],
    ["too few slices", { slices: [2, 5, 6] }, /ranges\.slices/],
  ])("refuses %s", (_, change, message) => {
    const changed = Object.fromEntries(Object.entries(change).map(([name, values]) => [name, Int32Array.from(values)]));
    const plan = { ...whole(100, 90), ranges: { ...ranges, ...changed } };
    expect(() => sums(args, plan)).toThrow(message);
  });
});

describe("block", () => {
  const rectangle: Rectangle = { rows: 300, columns: 200, firstRow: 7, endRow: 290, firstColumn: 3, endColumn: 200 };
  const args = [300, 200, 1].map((size, k) => Float32Array.from(numbers(size, k + 1)));

  it.each([1, 2, 7])("stores the values of a rectangle of pairs, with %d threads", (count) => {
    setThreads(count);
    const out = new Float32Array(283 * 197 * 2);
    addon().block(routine("block"), args, out, rectangleSizes(rectangle));
    const [x, y, p] = args as [RealData, RealData, RealData];
    const expected = Array.from(out, (_, k) => {
      const i = 7 + Math.floor(k / 2 / 197);
      return k % 2 === 0 ? Math.fround(x[i]! * y[3 + (Math.floor(k / 2) % 197)]!) : Math.fround(x[i]! - p[0]!);
    });
    expect(out).toEqual(Float32Array.from(expected));
  });

  it.each<[string, Partial<Rectangle>]>([
    ["endRow", { endRow: 301 }],
    ["firstRow", { firstRow: 291 }],
    ["endColumn", { endColumn: 201 }],
    ["firstColumn", { firstColumn: 201 }],
    ["argument 0", { rows: 301 }],
    ["argument 1", { columns: 201 }],
    ["out", { firstRow: 6 }],
  ])("refuses a rectangle whose %s does not fit", (name, change) => {
    const out = new Float32Array(283 * 197 * 2);
    const call = () => {
      addon().block(routine("block"), args, out, rectangleSizes({ ...rectangle, ...change }));
    };
    expect(call).toThrow(new RegExp(`^${name}: expected`));
    expect(out.every((value) => value === 0)).toBe(true);
  });

  it("does nothing for an empty rectangle", () => {
    addon().block(routine("block"), args, new Float32Array(0), rectangleSizes({ ...rectangle, endRow: 7 }));
    addon().block(routine("block"), args, new Float32Array(0), rectangleSizes({ ...rectangle, endColumn: 3 }));
  });
});

describe("a wrong call", () => {
  const plan: Plan = whole(10, 8);
  const axis = (length: number, ...steps: number[]): object => ({ plan: { batch: [{ length, steps }] } });
  const good = sumArguments(10, 8);
  const out = new Float32Array(10).fill(-7);
  const replaced = (index: number, value: unknown): RealData[] =>
    good.map((own, k) => (k === index ? value : own) as RealData);
  const detached = (() => {
    const array = new Float32Array(16);
    structuredClone(array, { transfer: [array.buffer] });
    return array;
  })();
  const memory = new Float32Array(40);
  const unreadable = Object.defineProperty([...good], 1, {
    get: () => {
      throw new Error("unreadable");
    },
  });

  it.each<
    [string, () => { routine?: unknown; args?: unknown; out?: unknown; plan?: object; control?: unknown }, RegExp]
  >([
    ["an unknown routine", () => ({ routine: 1e6 }), /routine: expected one that load gave/],
    ["a negative routine", () => ({ routine: -1 }), /routine: expected/],
    ["a routine that is no number", () => ({ routine: {} }), /routine: expected/],
    ["a routine of the form block", () => ({ routine: routine("block") }), /expected a routine of the form reduce/],
    ["endless arguments", () => ({ args: new Array(2 ** 32 - 1) }), /args: expected at most/],
    ["an argument that cannot be read", () => ({ args: unreadable }), /unreadable/],
    ["no arguments", () => ({ args: undefined }), /args: expected an array/],
    ["too few arguments", () => ({ args: good.slice(1) }), /args: expected 4 arrays, got 3/],
    ["too many arguments", () => ({ args: [...good, out] }), /args: expected 4 arrays, got 5/],
    ["an argument that is no typed array", () => ({ args: replaced(1, [1, 2]) }), /argument 1: expected a typed array/],
    [
      "an argument of another dtype",
      () => ({ args: replaced(2, new Float64Array(8)) }),
      /argument 2: expected a Float32Array/,
    ],
    [
      "an argument of integers",
      () => ({ args: replaced(0, new Int32Array(20)) }),
      /argument 0: expected a Float32Array/,
    ],
    [
      "a DataView",
      () => ({ args: replaced(0, new DataView(new ArrayBuffer(80))) }),
      /argument 0: expected a typed array/,
    ],
    ["rows one element short", () => ({ args: replaced(0, new Float32Array(19)) }), /argument 0: expected 20 elements/],
    [
      "columns one element short",
      () => ({ args: replaced(1, new Float32Array(15)) }),
      /argument 1: expected 16 elements/,
    ],
    ["an empty parameter", () => ({ args: replaced(3, new Float32Array(0)) }), /argument 3: expected 1 elements/],
    [
      "a detached array",
      () => ({ args: replaced(1, detached) }),
      /argument 1: expected 16 elements .* got an array of 0/,
    ],
    ["a step that leads past the end", () => axis(2, 1, 0, 0, 0, 0), /argument 0: expected 20 elements from offset 1/],
    ["a step that leads out of out", () => axis(2, 0, 0, 0, 0, 10), /out: expected 20 elements/],
    ["steps that overflow", () => axis(2 ** 31 - 1, 2 ** 52, 0, 0, 0, 10), /batch: expected at most/],
    ["a negative step", () => axis(2, 0, -1, 0, 0, 10), /batch: expected an integer/],
    ["a negative length", () => axis(-1, 0, 0, 0, 0, 10), /batch: expected an integer/],
    ["too few steps", () => axis(2, 0, 0, 0, 10), /batch: expected 6 numbers for every dimension/],
    [
      "too many entries",
      () => ({ plan: { batch: [1, 2].map(() => ({ length: 2 ** 20, steps: [0, 0, 0, 0, 10] })) } }),
      /entries: expected an integer/,
    ],
    ["entries that write the same place", () => axis(2, 0, 0, 0, 0, 9), /batch, steps of out: expected at least 10/],
    ["an out that is too short", () => ({ out: new Float32Array(9) }), /out: expected 10 elements/],
    ["an out of another dtype", () => ({ out: new Float64Array(10) }), /out: expected a Float32Array/],
    ["an out that is an argument", () => ({ args: replaced(0, memory), out: memory }), /memory of argument 0/],
    [
      "an out that overlaps an argument",
      () => ({ args: replaced(0, memory.subarray(0, 20)), out: memory.subarray(19) }),
      /memory of/,
    ],
    ["negative rows", () => ({ plan: { rows: -1 } }), /sizes: expected an integer/],
    ["fractional columns", () => ({ plan: { columns: 1.5 } }), /sizes: expected an integer/],
    ["NaN columns", () => ({ plan: { columns: NaN } }), /sizes: expected an integer/],
    ["endless rows", () => ({ plan: { rows: Infinity } }), /sizes: expected an integer/],
    ["rows whose size overflows", () => ({ plan: { rows: 2 ** 53 } }), /argument: expected at most/],
    ["more rows than there are", () => ({ plan: { rows: 11 } }), /argument 0: expected 22 elements/],
    ["blocks of no rows", () => ({ plan: { blockRows: 0 } }), /blockRows: expected/],
    ["chunks of no columns", () => ({ plan: { chunkColumns: 0 } }), /chunkColumns: expected/],
    ["tasks of no units", () => ({ plan: { unitsPerTask: 0 } }), /unitsPerTask: expected/],
    ["a control that is not shared", () => ({ control: new Int32Array(4) }), /control: expected/],
    ["a control that is too short", () => ({ control: new Int32Array(new SharedArrayBuffer(8)) }), /control: expected/],
    [
      "a control of another kind",
      () => ({ control: new Float32Array(new SharedArrayBuffer(16)) }),
      /control: expected/,
    ],
  ])("with %s is refused before anything is written", async (_, change, message) => {
    const call = { routine: routine("sum"), args: good, out, control: undefined, ...change() };
    const all = [call.routine, call.args, call.out, { ...plan, ...change().plan }, call.control] as Parameters<
      typeof flatCall
    >;
    expect(() => addon().reduce(...flatCall(...all))).toThrow(message);
    await expect(addon().later.reduce(...flatCall(...all))).rejects.toThrow(message);
    expect(Array.from(out)).toEqual(Array.from({ length: 10 }, () => -7));
  });
});
describe("indices", () => {
  const batch = [{ length: 2, steps: [60, 80, 40, 1, 30] }];
  const plan: Plan = { ...whole(30, 40), blockRows: 7, chunkColumns: 11, batch };
  const args = sumArguments(30, 40, 2);
  const call = (indices?: Int32Array, out = new Float32Array(60)): void => {
    addon().reduce(...flatCall(routine("sum", "-DINDICES=1"), args, out, plan, undefined, indices));
  };

  it("follow each other entry by entry, row by row", () => {
    const indices = new Int32Array(2 * 30 * 2).fill(9);
    call(indices);
    expect([...indices]).toEqual(Array.from({ length: 60 }, () => [4, -1]).flat());
  });

  it("come from the background too", async () => {
    const indices = new Int32Array(2 * 30 * 2).fill(9);
    await addon().later.reduce(
      ...flatCall(routine("sum", "-DINDICES=1"), args, new Float32Array(60), plan, undefined, indices),
    );
    expect([...indices]).toEqual(Array.from({ length: 60 }, () => [4, -1]).flat());
  });

  it("are refused where they do not fit", () => {
    expect(() => call()).toThrow(/indices: expected 120 elements from offset 0, got an array of 0/);
    expect(() => call(new Int32Array(119))).toThrow(/indices: expected 120 elements/);
    expect(() => call(new Float32Array(120) as unknown as Int32Array)).toThrow(/indices: expected an Int32Array/);
    expect(() => call(new Int32Array(args[0]!.buffer))).toThrow(
      /indices: expected memory of its own, got memory of argument 0/,
    );
    const shared = new ArrayBuffer(480);
    expect(() => call(new Int32Array(shared), new Float32Array(shared))).toThrow(/indices: .*memory of out/);
  });
});
