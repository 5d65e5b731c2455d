/** Columns that come span by span: the bits are those of one call, and spans that a plan does not have are refused. */
import { sizesOf } from "../../src/device/addoncall";
import type { Plan, RealData } from "../../src/device/native";
import {
  addon,
  expectedSums,
  flatCall,
  largestError,
  numbers,
  routine,
  sumArguments,
  sums,
} from "../fixtures/routines";

const SPAN = 65536;
const [ROWS, COLUMNS] = [21, 3 * SPAN + 5];
/** Widths of the arguments of columns; 0 for the others. */
const OF_SUM = [0, 2, 1, 0];
const OF_HOISTED = [0, 1, 0];

const planWith = (chunkColumns: number): Plan => ({
  rows: ROWS,
  columns: COLUMNS,
  blockRows: 8,
  chunkColumns,
  unitsPerTask: 2,
});

/** What the addon gives of columns of which it sees one span at a time. */
function bySpans(
  handle: number,
  args: readonly RealData[],
  out: RealData,
  plan: Plan,
  widths: readonly number[],
): number[] {
  const [bytes, ...ends] = addon().spans!(handle as never, sizesOf(plan));
  const state = new Uint8Array(bytes!);
  ends.forEach((end, k) => {
    const first = ends[k - 1] ?? 0;
    const part = args.map((all, n) => (widths[n]! > 0 ? all.slice(first * widths[n]!, end * widths[n]!) : all));
    const span = Float64Array.of(first, end);
    addon().reduceSpan(handle as never, part, out, undefined, sizesOf(plan), span, state);
  });
  return ends;
}

test.each([
  ["one part", COLUMNS, [SPAN, 2 * SPAN, 3 * SPAN, COLUMNS]],
  ["parts that are longer than a span", 100_000, [SPAN, 100_000, 100_000 + SPAN, COLUMNS]],
  ["parts that are shorter", 60_000, [60_000, 120_000, 180_000, COLUMNS]],
])("spans of %s", (_, chunkColumns, expected) => {
  const plan = planWith(chunkColumns);
  const args = sumArguments(ROWS, COLUMNS);
  const out = new Float32Array(ROWS);
  expect(bySpans(routine("sum") as never, args, out, plan, OF_SUM)).toEqual(expected);
  expect(out).toEqual(sums(args, plan));
  expect(largestError(out, expectedSums(args, ROWS, COLUMNS))).toBeLessThan(2e-5);
});

test("what depends on columns alone is computed for a span", () => {
  const args = [ROWS, COLUMNS, 1].map((size, k) => Float64Array.from(numbers(size, k + 1)));
  const plan = planWith(COLUMNS);
  const [whole, out] = [new Float64Array(2 * ROWS), new Float64Array(2 * ROWS)];
  addon().reduce(...flatCall(routine("hoisted"), args, whole, plan));
  bySpans(routine("hoisted"), args, out, plan, OF_HOISTED);
  expect(out).toEqual(whole);
});

test("what is no span of the plan is refused", () => {
  const args = sumArguments(ROWS, SPAN);
  const plan = planWith(COLUMNS);
  const state = new Uint8Array(addon().spans!(routine("sum"), sizesOf(plan))[0]!);
  const call = (first: number, end: number, memory = state, given = args): void => {
    const span = Float64Array.of(first, end);
    addon().reduceSpan(routine("sum"), given, new Float32Array(ROWS), undefined, sizesOf(plan), span, memory);
  };
  for (const [first, end] of [
    [1, SPAN],
    [0, SPAN + 1],
    [SPAN, SPAN],
    [4 * SPAN, 5 * SPAN],
  ] as const)
    expect(() => call(first, end)).toThrow("span: expected one that the plan has, got others' columns");
  expect(() => call(0, SPAN, state.subarray(1))).toThrow("state: expected as many bytes as spans tells");
  expect(() => call(0, SPAN, state, sumArguments(ROWS, SPAN - 1))).toThrow("elements from offset 0, got an array of");
  const more = new Uint8Array(state.length + 8);
  expect(() => call(0, SPAN, more.subarray(1))).toThrow("state: expected memory aligned to 8 bytes");
  expect(() => call(0, SPAN)).not.toThrow();
});

test("a state in the memory of an array is refused", () => {
  const args = sumArguments(ROWS, SPAN);
  const plan = planWith(COLUMNS);
  const bytes = addon().spans!(routine("sum"), sizesOf(plan))[0]!;
  const call = (memory: ArrayBufferLike, given: readonly RealData[], out: Float32Array): void => {
    const span = Float64Array.of(0, SPAN);
    addon().reduceSpan(routine("sum"), given, out, undefined, sizesOf(plan), span, new Uint8Array(memory, 0, bytes));
  };
  const result = new Float32Array(ROWS);
  const columns = args[1]!;
  expect(columns.byteLength).toBeGreaterThan(bytes);
  expect(() => call(columns.buffer, args, result)).toThrow(
    "state: expected memory of its own, got memory of argument 1",
  );
  const room = new ArrayBuffer(bytes);
  expect(() => call(room, args, new Float32Array(room, 0, ROWS))).toThrow("got memory of out");
  expect(() => call(room, args, result)).not.toThrow();
});
