import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Worker } from "node:worker_threads";

import { ArgumentError, InterruptedError } from "../src/errors";
import {
  cancel,
  nativeAddon,
  newControl,
  progress,
  setThreads,
  threads,
  whyNoAddon,
  type Addon,
  type NativeRoutine,
  type Plan,
  type Ranges,
  type Real,
  type Rectangle,
} from "../src/engine/native";

const FIXTURES = join(__dirname, "fixtures");
const ADDON = join(__dirname, "..", "build", "Release", "tskeops.node");
const folder = mkdtempSync(join(tmpdir(), "tskeops-native-"));
let addon: Addon;

beforeAll(() => {
  const found = nativeAddon();
  if (!found) throw new Error(whyNoAddon() ?? "");
  addon = found;
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});
afterEach(() => {
  setThreads(2);
});

function compiled(name: string, ...flags: string[]): string {
  const path = join(folder, `${name}${flags.join("")}.so`);
  const include = join(__dirname, "..", "native");
  const options = ["-std=c++17", "-O2", "-shared", "-fPIC", "-I", include, ...flags];
  execFileSync(process.env["CXX"] ?? "g++", [...options, join(FIXTURES, `${name}.cc`), "-o", path]);
  return path;
}

const paths = new Map<string, string>();
function pathOf(name: string, ...flags: string[]): string {
  const key = [name, ...flags].join(" ");
  const path = paths.get(key) ?? compiled(name, ...flags);
  paths.set(key, path);
  return path;
}
const routine = (name: string, ...flags: string[]): NativeRoutine => addon.load(pathOf(name, ...flags));

/** Numbers in [-1, 1), the same in every run. */
function numbers(count: number, seed: number): number[] {
  let state = seed * 7919 + 1;
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

const whole = (rows: number, columns: number): Plan => ({
  rows,
  columns,
  blockRows: 64,
  chunkColumns: 1e9,
  unitsPerTask: 1,
});

function sumArguments(rows: number, columns: number, entries = 1): Float32Array[] {
  const sizes = [2 * rows * entries, 2 * columns * entries, columns * entries, entries];
  return sizes.map((size, k) => Float32Array.from(numbers(size, k + 1)));
}

/** What sum.cc computes, for rows and columns that `isPair` allows. */
function expectedSums(
  args: readonly Real[],
  rows: number,
  columns: number,
  isPair = (_i: number, _j: number) => true,
): number[] {
  const [x, y, b, p] = args as [Real, Real, Real, Real];
  return Array.from({ length: rows }, (_, i) => {
    let sum = 0;
    for (let j = 0; j < columns; j++) {
      if (isPair(i, j)) sum += (x[2 * i]! * y[2 * j]! + x[2 * i + 1]! * y[2 * j + 1]!) * b[j]! * p[0]!;
    }
    return sum;
  });
}

function largestError(got: Real, expected: readonly number[]): number {
  expect(got).toHaveLength(expected.length);
  return Math.max(0, ...expected.map((value, k) => Math.abs(value - got[k]!)));
}

function sums(args: readonly Real[], plan: Plan): Float32Array {
  const out = new Float32Array(plan.rows * (plan.entries ?? 1)).fill(-7);
  addon.reduce(routine("sum"), args, out, plan);
  return out;
}

describe("loading", () => {
  it("finds the addon that belongs to this source", () => {
    expect(addon.abi).toBe(1);
    expect(["avx512", "avx2", "baseline"]).toContain(addon.isa());
  });

  it("gives the routine's table, and the same routine for the same file", () => {
    expect(addon.table(routine("sum"))).toEqual([1, 4, 4, 8, 1, 0, 4, 0, 2, 1, 2, 1, 1, 2, 1]);
    expect(addon.load(pathOf("sum"))).toBe(addon.load(pathOf("sum")));
  });

  it("refuses files that are no routine of this ABI, with the reason", () => {
    expect(() => addon.load("/nowhere/a.so")).toThrow(/a\.so: cannot open/);
    expect(() => addon.load(ADDON)).toThrow(/no keops_table/);
    expect(() => routine("foreign")).toThrow(/ABI 999 instead of 1/);
    expect(() => addon.load(3 as unknown as string)).toThrow(/expected a path/);
  });

  it("takes only thread counts that make sense", () => {
    setThreads(3);
    expect(threads()).toBe(3);
    for (const count of [0, -1, 1.5, NaN, 1025]) expect(() => setThreads(count)).toThrow(ArgumentError);
    expect(() => addon.setThreads("2" as unknown as number)).toThrow(/expected an integer/);
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
    addon.reduce(routine("sum", "-DREAL=double"), args, out, whole(70, 50));
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
    const offsets = Float64Array.from([0, 1, 2].flatMap((e) => [e * rows, e * columns, e, 2 * e * rows]));
    const out = new Float64Array(2 * rows * entries);
    const plan = { rows, columns, blockRows: 8, chunkColumns: 1000, unitsPerTask: 2, entries, offsets };
    addon.reduce(routine("hoisted"), args, out, plan);
    const [x, y, p] = args as [Float64Array, Float64Array, Float64Array];
    const expected = Array.from(x).flatMap((value, i) => {
      const entry = Math.floor(i / rows);
      const own = y.subarray(entry * columns, (entry + 1) * columns);
      const sum = (term: (y: number) => number) => own.reduce((total, next) => total + term(next), 0);
      return [value * sum((next) => p[entry]! / (1 + next * next)), sum((next) => next - p[entry]!)];
    });
    expect(largestError(out, expected)).toBeLessThan(1e-9);
  });

  it("places the entries of a batch by their offsets, shared arguments included", () => {
    const [rows, columns, entries] = [5, 9, 700];
    const args = sumArguments(rows, columns, entries);
    const shared = 4; // of y, in elements
    const offsets = Float64Array.from(
      Array.from({ length: entries }, (_, e) => [
        2 * rows * (entries - 1 - e),
        shared,
        columns * e,
        e,
        rows * e,
      ]).flat(),
    );
    const got = sums(args, { rows, columns, blockRows: 4, chunkColumns: 4, unitsPerTask: 7, entries, offsets });
    for (let e = 0; e < entries; e++) {
      const [a, b, c, d] = Array.from(offsets.subarray(5 * e, 5 * e + 4)) as [number, number, number, number];
      const own = [args[0]!.subarray(a), args[1]!.subarray(b), args[2]!.subarray(c), args[3]!.subarray(d)];
      const result = got.subarray(rows * e, rows * (e + 1));
      expect(largestError(result, expectedSums(own, rows, columns))).toBeLessThan(1e-5);
    }
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
    const offsets = Float64Array.from([0, 0, 0, 0, 0, 200, 180, 90, 1, 100]);
    const asDouble = {
      rows: Float64Array.from(ranges.rows),
      slices: Float64Array.from(ranges.slices),
      columns: Float64Array.from(ranges.columns),
    };
    const got = sums(batch, { ...whole(100, 90), ranges: asDouble, entries: 2, offsets });
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
    addon.block(routine("block"), args, out, rectangle);
    const [x, y, p] = args as [Real, Real, Real];
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
      addon.block(routine("block"), args, out, { ...rectangle, ...change });
    };
    expect(call).toThrow(new RegExp(`^${name}: expected`));
    expect(out.every((value) => value === 0)).toBe(true);
  });

  it("does nothing for an empty rectangle", () => {
    addon.block(routine("block"), args, new Float32Array(0), { ...rectangle, endRow: 7 });
    addon.block(routine("block"), args, new Float32Array(0), { ...rectangle, endColumn: 3 });
  });
});

describe("a wrong call", () => {
  const plan: Plan = { ...whole(10, 8), offsets: new Float64Array(5), entries: 1 };
  const good = sumArguments(10, 8);
  const out = new Float32Array(10).fill(-7);
  const replaced = (index: number, value: unknown): Real[] => good.map((own, k) => (k === index ? value : own) as Real);
  const detached = (() => {
    const array = new Float32Array(16);
    structuredClone(array, { transfer: [array.buffer] });
    return array;
  })();
  const memory = new Float32Array(40);

  it.each<
    [string, () => { routine?: unknown; args?: unknown; out?: unknown; plan?: object; control?: unknown }, RegExp]
  >([
    ["an unknown routine", () => ({ routine: 1e6 }), /routine: expected one that load gave/],
    ["a negative routine", () => ({ routine: -1 }), /routine: expected/],
    ["a routine that is no number", () => ({ routine: {} }), /routine: expected/],
    ["a routine of the form block", () => ({ routine: routine("block") }), /expected a routine of the form reduce/],
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
    [
      "an offset that leads past the end",
      () => ({ plan: { offsets: Float64Array.of(1, 0, 0, 0, 0) } }),
      /argument 0: .*offset 1/,
    ],
    [
      "an offset of out that leads past the end",
      () => ({ plan: { offsets: Float64Array.of(0, 0, 0, 0, 1) } }),
      /out: .*offset 1/,
    ],
    [
      "a negative offset",
      () => ({ plan: { offsets: Float64Array.of(0, -1, 0, 0, 0) } }),
      /offsets: expected an integer/,
    ],
    ["too few offsets", () => ({ plan: { offsets: new Float64Array(4) } }), /offsets: expected/],
    [
      "offsets of another kind",
      () => ({ plan: { offsets: new Float32Array(5) } }),
      /offsets: expected an Int32Array or/,
    ],
    ["several entries without offsets", () => ({ plan: { entries: 2, offsets: undefined } }), /offsets: expected/],
    [
      "entries that write the same place",
      () => ({ plan: { entries: 2, offsets: new Float64Array(10) } }),
      /offsets of out/,
    ],
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
      Addon["reduce"]
    >;
    expect(() => addon.reduce(...all)).toThrow(message);
    await expect(addon.reduceAsync(...all)).rejects.toThrow(message);
    expect(Array.from(out)).toEqual(Array.from({ length: 10 }, () => -7));
  });
});

/** A minute of work or more, in units of less than a millisecond: a test that is not stopped in time fails. */
const long: Plan = { rows: 200000, columns: 1000, blockRows: 1, chunkColumns: 1000, unitsPerTask: 1 };
const longArguments = (): Real[] => [new Float32Array(long.rows)];

function collectGarbage(): void {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
}

const later = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });

describe("control", () => {
  it("counts the units that are done", () => {
    const control = newControl();
    addon.reduce(
      routine("sum"),
      sumArguments(100, 100),
      new Float32Array(100),
      { ...whole(100, 100), chunkColumns: 30 },
      control,
    );
    expect(Array.from(control)).toEqual([0, 8, 8, 0]);
    expect(progress(control)).toBe(1);
  });

  it("that was cancelled before lets nothing run", () => {
    const control = newControl();
    cancel(control);
    const out = new Float32Array(10).fill(-7);
    const call = () => {
      addon.reduce(routine("sum"), sumArguments(10, 10), out, whole(10, 10), control);
    };
    expect(call).toThrow(InterruptedError);
    expect(Array.from(out)).toEqual(Array.from({ length: 10 }, () => -7));
  });

  it("stops a call in the background", async () => {
    const control = newControl();
    const call = addon.reduceAsync(routine("slow"), longArguments(), new Float32Array(long.rows), long, control);
    const outcome = expect(call).rejects.toThrow(InterruptedError);
    await later(100);
    cancel(control);
    await outcome;
    expect(progress(control)).toBeGreaterThan(0);
    expect(progress(control)).toBeLessThan(1);
  });

  it("stops a call of this thread, from another one", async () => {
    const control = newControl();
    const canceller = new Worker(
      "const { workerData } = require('node:worker_threads'); setTimeout(() => Atomics.store(workerData, 0, 1), 100)",
      {
        eval: true,
        workerData: control,
      },
    );
    await new Promise((resolve) => canceller.once("online", resolve));
    const call = () => {
      addon.reduce(routine("slow"), longArguments(), new Float32Array(long.rows), long, control);
    };
    expect(call).toThrow(InterruptedError);
    await new Promise((resolve) => canceller.once("exit", resolve));
  });
});

describe("reduceAsync", () => {
  it("gives what reduce gives, with many calls under way", async () => {
    const args = sumArguments(300, 200);
    const plans = [30, 64, 200, 1000].map((chunkColumns) => ({ ...whole(300, 200), blockRows: 16, chunkColumns }));
    const calls = Array.from({ length: 40 }, async (_, k) => {
      const out = new Float32Array(300);
      await addon.reduceAsync(routine("sum"), args, out, plans[k % 4]!);
      return out;
    });
    const results = await Promise.all(calls);
    results.forEach((result, k) => {
      expect(result).toEqual(sums(args, plans[k % 4]!));
    });
  });

  it("keeps its arrays until it is done, and no longer", async () => {
    const control = newControl();
    const begin = (): { call: Promise<void>; arrays: WeakRef<Real>[] } => {
      const [args, out] = [longArguments(), new Float32Array(long.rows)];
      const call = addon.reduceAsync(routine("slow"), args, out, long, control);
      return { call, arrays: [new WeakRef<Real>(args[0]!), new WeakRef<Real>(out)] };
    };
    const { call, arrays } = begin();
    const kept = (): boolean[] => arrays.map((array) => array.deref() !== undefined);
    const outcome = expect(call).rejects.toThrow(InterruptedError);
    await later(50);
    collectGarbage();
    expect(kept()).toEqual([true, true]);
    cancel(control);
    await outcome;
    await later(50);
    collectGarbage();
    expect(kept()).toEqual([false, false]);
  });
});

const given = (task: string): object => ({ task, addon: ADDON, sum: pathOf("sum"), slow: pathOf("slow") });
const started = (task: string): ChildProcess =>
  spawn(process.execPath, [join(FIXTURES, "addon-process.cjs"), JSON.stringify(given(task))], {
    stdio: ["ignore", "pipe", "pipe"],
    timeout: 30000,
  });

interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  readonly lines: string[];
  readonly errors: string;
}

/** Runs a task in a process of its own; `onLine` may signal it. */
function ended(task: string, onLine: (line: string, child: ChildProcess) => void = () => undefined): Promise<Ended> {
  const child = started(task);
  const lines: string[] = [];
  let errors = "";
  child.stderr?.on("data", (text: Buffer) => (errors += text.toString()));
  child.stdout?.on("data", (text: Buffer) => {
    for (const line of text.toString().trim().split("\n")) {
      lines.push(line);
      onLine(line, child);
    }
  });
  return new Promise((resolve) => {
    child.once("close", (code, signal) => {
      resolve({ code, signal, lines, errors });
    });
  });
}

const interruptSoon = (line: string, child: ChildProcess): void => {
  if (line === "begins") setTimeout(() => child.kill("SIGINT"), 300);
};

describe("Ctrl-C", () => {
  it("ends a call of the main thread with an error that can be caught", async () => {
    expect(await ended("long", interruptSoon)).toMatchObject({ lines: ["begins", "ERR_KEOPS_INTERRUPTED"], code: 0 });
  });

  it("ends the process by that error where nobody catches it", async () => {
    const { code, errors } = await ended("longUncaught", interruptSoon);
    expect(code).toBe(1);
    expect(errors).toContain("ERR_KEOPS_INTERRUPTED");
  });

  it("reaches the process's own listener too", async () => {
    const { lines } = await ended("longWithListener", interruptSoon);
    expect(lines).toEqual(["begins", "ERR_KEOPS_INTERRUPTED", "listener"]);
  });

  it("has its usual effect again after the call", async () => {
    const outcome = await ended("ignoresLaterSignals", (line, child) => {
      interruptSoon(line, child);
      if (line.includes("waits")) setTimeout(() => child.kill("SIGINT"), 100);
    });
    expect(outcome.signal).toBe("SIGINT");
  });
});

describe("the end of a process or worker", () => {
  it("does not wait for a call in the background", async () => {
    expect(await ended("exitDuringBackgroundCall")).toMatchObject({ code: 7, errors: "" });
    expect(await ended("failureDuringBackgroundCall")).toMatchObject({ code: 1, signal: null });
  });

  it("stops the calls of workers", async () => {
    expect(await ended("exitDuringCallOfWorker")).toMatchObject({ code: 8, errors: "" });
  });

  it("leaves the threads their code when a worker ends that alone had loaded the addon", async () => {
    expect(await ended("onlyWorkerLoads")).toMatchObject({ code: 0, lines: ["still loaded"], errors: "" });
  });

  it.each(["long", "background"])("lets a worker be terminated during a call (%s)", async (task) => {
    const worker = new Worker(join(FIXTURES, "addon-process.cjs"), { workerData: given(task) });
    const messages: unknown[] = [];
    worker.on("message", (message) => messages.push(message));
    await new Promise((resolve) => worker.once("message", resolve));
    await later(100);
    await worker.terminate();
    expect(messages).toEqual(["begins"]);
    expect(sums(sumArguments(3, 3), whole(3, 3))).toHaveLength(3);
  });

  it("leaves workers that compute at once to their own results", async () => {
    const outcomes = Array.from({ length: 4 }, () => {
      const worker = new Worker(join(FIXTURES, "addon-process.cjs"), { workerData: given("sums") });
      return new Promise((resolve) => worker.once("message", resolve));
    });
    const args = sumArguments(200, 200);
    const plan = { ...whole(200, 200), blockRows: 8, chunkColumns: 50 };
    const expected = sums(args, plan);
    for (let k = 0; k < 100; k++) expect(sums(args, plan)).toEqual(expected);
    expect(await Promise.all(outcomes)).toEqual(["right", "right", "right", "right"]);
  });
});
