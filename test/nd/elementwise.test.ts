/** Elementwise functions: every row through the door of arrays, against the row's own definition. */
import { array, errors, grad, nd, rand, requiresGrad } from "../../src";
import type { RealArray } from "../../src";
import { entries } from "../../src/formula/core";
import { wide } from "../helpers/numbers";

const functions = nd as unknown as Readonly<Record<string, (...args: unknown[]) => RealArray>>;

/** Rows with functions of their name, which take arrays alone. */
const rows = [...entries.values()].flatMap((entry) => {
  const name = entry.name === "Inv" ? "reciprocal" : entry.method?.names[0];
  const shape =
    "shape" in entry ? (entry.shape as { kind: string; value?: (args: readonly number[]) => number }) : null;
  const plain = entry.slots.every(({ kind }) => kind === "formula");
  if (name === undefined || !shape?.value || !plain || !(name in functions)) return [];
  const [low, high] = (entry as unknown as { domain: readonly [number, number] }).domain;
  return [{ name, value: shape.value, count: entry.slots.length, low, high }];
});

test("most rows are there", () => {
  expect(rows.length).toBeGreaterThan(45);
});

describe.each(["float32", "float64"] as const)("%s", (dtype) => {
  test.each(rows)("$name", ({ name, value, count, low, high }) => {
    const args = Array.from({ length: count }, (_, n) =>
      nd.add(nd.mul(rand([5, 3], { dtype, seed: n + 1 }), high - low), low),
    );
    const got = functions[name]!(...args);
    const lists = args.map((x) => [nd.toNested(x)].flat(2) as number[]);
    const tolerance = dtype === "float32" ? 2e-6 : 1e-13;
    ([nd.toNested(got)].flat(2) as number[]).forEach((number, k) => {
      const expected = value(lists.map((list) => list[k]!));
      expect(Math.abs(number - expected)).toBeLessThanOrEqual(tolerance * (1 + Math.abs(expected)));
    });
  });
});

test("arrays broadcast, and numbers stand for arrays", () => {
  const [a, b] = [array([[1], [2]], wide), array([10, 20, 30], wide)];
  expect(nd.toNested(nd.maximum(a, b))).toEqual([
    [10, 20, 30],
    [10, 20, 30],
  ]);
  expect(nd.toNested(nd.pow(2, b.lo(1)))).toEqual([2 ** 20, 2 ** 30]);
  expect(nd.toNested(nd.minimum(b, 15))).toEqual([10, 15, 15]);
  expect(nd.exp(rand([0, 3])).shape).toEqual([0, 3]);
  expect(nd.exp(array(0)).shape).toEqual([]);
});

test("repeated elements collect their gradients", () => {
  const x = requiresGrad(array([1, 2], wide));
  const product = nd.maximum(nd.reshape(x, [2, 1]), nd.reshape(nd.neg(x), [1, 2]));
  expect(nd.toNested(grad(nd.sum(product), [x])[0])).toEqual([2, 2]);
});

test.each([
  [(): unknown => nd.exp(2 as unknown as RealArray), "exp: expected an array, got numbers alone: the number 2"],
  [(): unknown => nd.log(["1"] as unknown as RealArray), 'log, x: expected a number at values[0], got the string "1"'],
  [(): unknown => nd.maximum(rand([2]), rand([3])), "maximum: expected shapes that broadcast, got [2] and [3]"],
  [
    (): unknown => nd.pow(rand([2]), rand([2], wide) as RealArray as RealArray<Float32Array>),
    /^pow, y: expected a float32 ndarray, got a float64 one/,
  ],
  [(): unknown => nd.clampInt(rand([2]), 0.5, 1), "clampInt, a: expected an integer, got the number 0.5"],
  [
    (): unknown => (nd.exp as (...args: unknown[]) => unknown)(rand([2]), 1),
    /^exp: expected at most 1 argument, got 2/,
  ],
])("refuses %#", (call, message) => {
  expect(call).toThrow(errors.ArgumentError);
  expect(call).toThrow(message);
});
