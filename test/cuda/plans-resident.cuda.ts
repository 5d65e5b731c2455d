/**
 * Plans whose tables a device keeps from call to call, on the simulated one: what the addon does with them, and what it
 * refuses.
 */
import { Genred, cuda, rand, randn, toDevice, toHost } from "../../src/index";
import { nativeAddon } from "../../src/device/native";
import type { LoadedRoutine } from "../../src/device/addon";
import type { Tables } from "../../src/device/addoncall";
import { lentToTheLiving } from "./lent";

const addon = nativeAddon()!.cuda;
const ALIASES = ["x = Vi(3)", "y = Vj(3)", "b = Vj(2)"] as const;
const [x, y, b] = [rand([90, 3], { seed: 1 }), rand([60, 3], { seed: 2 }), randn([60, 2], { seed: 3 })].map((array) =>
  toDevice(array),
) as unknown as [ReturnType<typeof rand>, ReturnType<typeof rand>, ReturnType<typeof rand>];
const RANGES = [[[0, 50], [50, 90]], [1, 2], [[0, 20], [20, 60]], [[0, 20], [20, 60]], [1, 2], [[0, 50], [50, 90]]] as const; // prettier-ignore

/** A call as the addon gets it, and its result. */
function seen(formula: string) {
  const spy = jest.spyOn(addon, "reduce");
  const result = Genred(formula, ALIASES, { axis: 1 })(x, y, b, { ranges: RANGES });
  const [routines, args, out, , sizes, tables] = spy.mock.calls[0]!;
  spy.mockRestore();
  const routine = [routines].flat()[0] as LoadedRoutine;
  return { routine, args, out, sizes: sizes!.slice(), tables: tables as Tables, result };
}

const first = seen("Exp(-SqDist(x, y)) * b");
const other = seen("Exp(-Norm2(x - y)) * b");

test("a plan that is kept gives the same result, call after call, until it is forgotten", async () => {
  const { routine, args, out, sizes, tables, result } = first;
  const expected = Array.from(toHost(result).data);
  const before = await lentToTheLiving();
  const kept = addon.keepPlan(routine, sizes, tables);
  expect(cuda.memory().lent).toBeGreaterThan(before);
  for (let call = 0; call < 2; call++) {
    result.data.fill(0);
    addon.reduce(routine, args, out, undefined, undefined, kept);
    expect(Array.from(toHost(result).data)).toEqual(expected);
  }
  addon.forgetPlan(kept);
  addon.forgetPlan(kept);
  expect(cuda.memory().lent).toBe(before);
  expect(() => addon.reduce(routine, args, out, undefined, undefined, kept)).toThrow(
    "plan: expected one that was kept for this routine",
  );
});

test("a call in the background has its plan even when it is forgotten meanwhile", async () => {
  const { routine, args, out, sizes, tables, result } = first;
  const expected = Array.from(toHost(result).data);
  const before = await lentToTheLiving();
  const kept = addon.keepPlan(routine, sizes, tables);
  result.data.fill(0);
  const done = addon.later.reduce(routine, args, out, undefined, undefined, kept);
  addon.forgetPlan(kept);
  await done;
  expect(Array.from(toHost(result).data)).toEqual(expected);
  expect(cuda.memory().lent).toBe(before);
});

test("a plan serves one routine, and arrays that are as large as it says", () => {
  const { routine, args, out, sizes, tables } = first;
  const kept = addon.keepPlan(routine, sizes, tables);
  expect(() => addon.reduce(other.routine, args, out, undefined, undefined, kept)).toThrow(
    "plan: expected one that was kept",
  );
  const [address] = (args[0] as BigUint64Array).subarray(0, 1);
  expect(() =>
    addon.reduce(routine, [BigUint64Array.of(address!, 267n), ...args.slice(1)], out, undefined, undefined, kept),
  ).toThrow("argument 0");
  expect(() => addon.reduce(routine, args.slice(1), out, undefined, undefined, kept)).toThrow(
    "args: expected 3 arrays, got 2",
  );
  expect(() => addon.reduce([routine, other.routine], args, out, undefined, undefined, kept)).toThrow(
    "routines: expected one for arrays of a device",
  );
  addon.forgetPlan(kept);
});

test("a plan that is none is not kept", async () => {
  const { routine, sizes, tables } = first;
  const before = await lentToTheLiving();
  const [axes, rows, slices] = tables as Extract<Tables, { length: 4 }>;
  const wrong: Tables = [axes, rows, slices, Float64Array.of(0, 20, 20, 61)];
  expect(() => addon.keepPlan(routine, sizes, wrong)).toThrow("ranges.columns: expected 0 <= begin <= end <= 60");
  expect(() =>
    addon.keepPlan(
      routine,
      sizes.map((size, n) => (n === 2 ? 0 : size)),
      tables,
    ),
  ).toThrow("blockRows");
  expect(cuda.memory().lent).toBe(before);
});
