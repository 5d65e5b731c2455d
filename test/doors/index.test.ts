/**
 * Misuse of every public function: an option that it does not know, an argument too many, and junk in the place of
 * every argument and of every option. All of it is refused by errors of this library, or means something; nothing that
 * Node or the addon throws reaches a user.
 */
import { resolve } from "node:path";
import { inspect } from "node:util";
import * as api from "../../src";
import { ArgumentError, DeviceError } from "../../src/errors";
import { KeopsError } from "../../src";
import { FUNCTIONS, JUNK, METHODS } from "./misuse";
import type { Row } from "./misuse";
import { sampled } from "../helpers/sample";

const start = process.cwd();
beforeAll(() => process.chdir(resolve(__dirname, "..", "..", "notebooks"))); // where vega is
afterAll(() => process.chdir(start));

const ROWS = Object.entries({ ...FUNCTIONS, ...METHODS });

/** For a place of a row; a sample has half of the junk, the other half for the next place and row. */
const junkFor = (name: string, place: number): [string, unknown][] =>
  sampled(Object.entries(JUNK), 2, place + ROWS.findIndex(([row]) => row === name));

/** What a call throws, or what its promise rejects with; undefined if nothing. */
async function failureOf({ call, undo }: Row, args: readonly unknown[]): Promise<unknown> {
  try {
    await call(...(args as never[]));
    return undefined;
  } catch (error) {
    return error;
  } finally {
    undo?.();
  }
}

test("every public function has a row", () => {
  const names = Object.entries(api).flatMap(([name, value]) => {
    if (["errors", "KeopsError", "ndarray"].includes(name)) return []; // ndarray is npm's own
    if (typeof value === "string") return [];
    return typeof value === "object" ? Object.keys(value).map((inner) => `${name}.${inner}`) : [name];
  });
  expect(Object.keys(FUNCTIONS).sort()).toEqual(names.sort());
});

test.each(ROWS)("%s takes the arguments of its row", async (name, row) => {
  const failure = await failureOf(row, row.args());
  if (failure instanceof DeviceError && !api.cuda.available()) return; // of functions for GPUs
  expect([name, failure]).toEqual([name, undefined]);
});

const withOption = (row: Row, options: object): unknown[] => {
  const args = row.args();
  const last = row.options ? (args.pop() as object) : {};
  return [...args, { ...last, ...options }];
};

test.each(ROWS.filter(([, { options }]) => options))("%s refuses an option that it does not know", async (_, row) => {
  const failure = await failureOf(row, withOption(row, { unheardOf: 1 }));
  expect(failure).toBeInstanceOf(ArgumentError);
  expect((failure as Error).message).toMatch(/expected some of [\w, ]+, got "unheardOf"$/);
  expect(await failureOf(row, withOption(row, { unheardOf: undefined }))).toBeInstanceOf(ArgumentError);
});

test.each(ROWS.filter(([, { open }]) => !open))("%s refuses an argument too many", async (_, row) => {
  const failure = await failureOf(row, [...row.args(), 0]);
  expect(failure).toBeInstanceOf(ArgumentError);
  expect((failure as Error).message).toMatch(/expected (at most \d arguments?|no argument), got \d: the number 0$/);
});

test.each(ROWS)("%s lets no error of Node or the addon through, whatever stands for an argument", async (name, row) => {
  const foreign: unknown[] = [];
  for (let place = 0; place < row.args().length; place++) {
    for (const [kind, junk] of junkFor(name, place)) {
      const failure = await failureOf(row, Object.assign(row.args(), { [place]: junk }));
      if (failure !== undefined && !(failure instanceof KeopsError))
        foreign.push([name, place, kind, inspect(failure)]);
    }
  }
  expect(foreign).toEqual([]);
});

/** The names that the message about an unknown option lists. */
async function optionsOf(row: Row): Promise<string[]> {
  const failure = (await failureOf(row, withOption(row, { unheardOf: 1 }))) as Error;
  return /expected some of ([\w, ]+), got/.exec(failure.message)![1]!.split(", ");
}

test.each(ROWS.filter(([, { options }]) => options))(
  "%s lets no error of Node or the addon through, whatever stands for an option",
  async (name, row) => {
    const foreign: unknown[] = [];
    for (const [place, option] of (await optionsOf(row)).entries()) {
      for (const [kind, junk] of junkFor(name, place)) {
        const failure = await failureOf(row, withOption(row, { [option]: junk }));
        if (failure !== undefined && !(failure instanceof KeopsError))
          foreign.push([name, option, kind, inspect(failure)]);
      }
    }
    expect(foreign).toEqual([]);
  },
  60_000,
);

/** A call in plain JavaScript, as notebooks make it. */
const untyped = (value: unknown): Record<string, (...args: unknown[]) => unknown> => value as never;
const points = api.rand([5, 2], { seed: 1 });
const D = untyped(api.Vi(points).sqdist(api.Vj(points)));
const other = api.Vi(api.rand([2, 5, 2])).sqdist(api.Vj(points));

test.each<[string, () => unknown, RegExp]>([
  [
    "the K that was left out",
    () => D["argKmin"]!({ axis: 1 }),
    /^ArgKMin, k: expected an integer of at least 1, and then/,
  ],
  [
    "an option near one",
    () => D["logsumexp"]!({ axis: 1, weights: 2 }),
    / weight, got "weights": did you mean weight\?$/,
  ],
  [
    "an axis beyond",
    () => D["sum"]!({ axis: -2 }),
    /^Sum, axis: expected 0 .*, 1 .* or -1 \(of components\); batches by sumBatches, got the number -2$/,
  ],
  [
    "an axis for one that has no components",
    () => D["prod"]!({ axis: -1 }),
    /^Prod, axis: expected 0 .* or 1 \(over j\), not counting batches, got/,
  ],
  [
    "a product of tensors with batches",
    () => D["matmul"]!(other),
    /^matmul: expected a LazyTensor over i and j without/,
  ],
  ["a product that cannot wait", () => D["matmul"]!(points, { call: false }), /^matmul, options: .* got "call"$/],
  [
    "no size of cells",
    () => untyped(api.cluster)["gridCluster"]!(points),
    /^gridCluster, size: expected .*, got undefined$/,
  ],
  [
    "no options of a chart",
    () => untyped(api.notebook)["lineChart"]!([{ a: 1 }]),
    /^lineChart, x: expected the name of a field/,
  ],
  [
    "a number as text",
    () => Object.assign(api.settings, { threads: "4" }),
    /^settings.threads: .* 1 to 1024, got the string "4"$/,
  ],
  [
    "a setting near one",
    () => Object.assign(api.settings, { thread: 4 }),
    /^settings: expected one of threads, .*, got thread: did you mean threads\?$/,
  ],
  [
    "a seed near one",
    () => untyped(api)["rand"]!([2], { sed: 1 }),
    /^rand, options: .* got "sed": did you mean seed\?$/,
  ],
  [
    "a reduction near one",
    () => untyped(api)["Genred"]!("x", ["x = Vi(1)"], { reductionOp: "Summ" }),
    / did you mean Sum\?$/,
  ],
  ["an axis as a second argument", () => untyped(api.nd)["sum"]!(points, 1), /^sum, options: expected an object, got/],
  [
    "an option of another function",
    () => untyped(api)["zeros"]!([2], { type: "float64" }),
    /^zeros, options: .*dtype.* got "type"/,
  ],
])("%s is told by a message that names the function", (_, call, message) => {
  expect(call).toThrow(KeopsError);
  expect(call).toThrow(message);
});

test("functions of one or two arguments serve map, forEach and reduce", () => {
  const arrays = [api.array([1]), api.array([4])];
  expect(arrays.map(api.nd.sqrt).map(({ data }) => data[0])).toEqual([1, 2]);
  expect(arrays.reduce(api.nd.add).data[0]).toBe(5);
  arrays.forEach(api.dispose);
  expect(() => (api.nd.sqrt as (...args: unknown[]) => unknown)(arrays[0], 0, [])).toThrow(ArgumentError);
});
