/** The other forms of a formula: the short doors of pykeops, and its values at all pairs. */
import ndarray from "ndarray";
import { ArgumentError, FormulaError } from "../../src/errors";
import {
  Genred,
  genericArgkmin,
  genericArgmin,
  genericLogsumexp,
  genericSum,
  grad,
  rand,
  randn,
  requiresGrad,
} from "../../src";
import type { IndexArray, RealArray } from "../../src";

const [M, N] = [4, 6];
const ALIASES = ["x = Vi(3)", "y = Vj(3)"] as const;
const x = rand([M, 3], { dtype: "float64", seed: 1 });
const y = rand([N, 3], { dtype: "float64", seed: 2 });
const b = randn([M, 2], { dtype: "float64", seed: 3 });

describe("the short doors", () => {
  test("reduce over j for an output Vi, over i for a Vj", () => {
    const sum = genericSum("SqDist(x, y) * b", "a = Vj(2)", ...ALIASES, "b = Vi(2)");
    expect(sum(x, y, b)).toEqual(Genred("SqDist(x, y) * b", [...ALIASES, "b = Vi(2)"], { axis: 0 })(x, y, b));
    const log = genericLogsumexp("SqDist(x, y)", "a = Vi(1)", ...ALIASES);
    expect(log(x, y)).toEqual(Genred("SqDist(x, y)", ALIASES, { axis: 1, reductionOp: "LogSumExp" })(x, y));
    const nearest: IndexArray = genericArgmin("SqDist(x, y)", "a = Vi(1)", ...ALIASES)(x, y);
    expect(nearest).toEqual(Genred("SqDist(x, y)", ALIASES, { axis: 1, reductionOp: "ArgMin" })(x, y));
  });

  test("take K from the dim of the output", () => {
    const neighbours = genericArgkmin("SqDist(x, y)", "a = Vi(3)", ...ALIASES);
    const expected = Genred("SqDist(x, y)", ALIASES, { axis: 1, reductionOp: "ArgKMin", optArg: 3 })(x, y);
    expect(neighbours(x, y)).toEqual(expected);
    expect(expected.shape).toEqual([M, 3]);
  });

  test.each<[string, () => unknown, RegExp]>([
    [
      "an output of another dim",
      () => genericSum("x - y", "a = Vi(2)", ...ALIASES),
      /^genericSum: expected a formula of dim 2 as the output a \(Vi, dim 2\), got dim 3$/,
    ],
    [
      "a parameter as output",
      () => genericSum("x - y", "a = Pm(3)", ...ALIASES),
      /^genericSum, output: expected a Vi or a Vj, got a \(Pm, dim 3\)$/,
    ],
    ["an output that cannot be read", () => genericSum("x - y", "a", ...ALIASES), /alias/],
    [
      "a log-sum-exp of another dim",
      () => genericLogsumexp("x - y", "a = Vi(2)", ...ALIASES),
      /^genericLogsumexp: expected a formula of dim 2 as the output a \(Vi, dim 2\), got dim 3$/,
    ],
    [
      "K of vectors",
      () => genericArgkmin("x - y", "a = Vi(3)", ...ALIASES),
      /^genericArgkmin: expected a formula of dim 1, got dim 3$/,
    ],
  ])("refuse %s", (_what, make, message) => {
    expect(make).toThrow(FormulaError);
    expect(make).toThrow(message);
  });
});

describe.each(["cpu", "tiles", "reference"] as const)("dense values on %s", (backend) => {
  test.each([0, 1] as const)("are the formula at every pair, whatever the axis: %d", (axis) => {
    const K = Genred("(x - y) * g", [...ALIASES, "g = Pm(1)"], { axis });
    const got = K.dense(x, y, 2, { backend });
    expect(got.shape).toEqual([M, N, 3]);
    for (let i = 0; i < M; i++)
      for (let j = 0; j < N; j++)
        for (let k = 0; k < 3; k++) expect(got.get(i, j, k)).toBe(2 * (x.get(i, k) - y.get(j, k)));
  });

  test("are those of the formula for every reduction, batch and dtype", () => {
    const best = Genred("SqDist(x, y)", ALIASES, { reductionOp: "ArgMin" });
    const [xs, ys] = [rand([2, 1, M, 3], { seed: 4 }), rand([1, 3, N, 3], { seed: 5 })];
    const got: RealArray<Float32Array> = best.dense(xs, ys, { backend });
    expect([got.shape, got.dtype]).toEqual([[2, 3, M, N, 1], "float32"]);
    const one = best.dense(xs.pick(1, 0, null, null), ys.pick(0, 2, null, null), { backend });
    expect([...got.pick(1, 2, null, null, null).data.slice(5 * M * N)]).toEqual([...one.data]);
    expect(Genred("x", ["x = Vi(3)"]).dense(x, { backend }).shape).toEqual([M, 1, 3]);
    expect(Genred("y", ["y = Vj(3)"]).dense(y, { backend }).shape).toEqual([1, N, 3]);
  });

  test("have the derivatives of the sum that they add up to, also by parameters", () => {
    const K = Genred("Exp(-g * SqDist(x, y)) * b", [...ALIASES, "b = Vi(2)", "g = Pm(1)"], { axis: 1 });
    const args = [x, y, b, rand([1], { dtype: "float64", seed: 6 })].map((a) => requiresGrad(a)) as [
      RealArray,
      RealArray,
      RealArray,
      RealArray,
    ];
    const [sum, values] = [K(...args, { backend }), K.dense(...args, { backend })];
    const ones = ({ shape, size }: RealArray): RealArray => ndarray(new Float64Array(size).fill(1), shape);
    const expected = grad(sum, args, ones(sum));
    grad(values, args, ones(values)).forEach((gradient, n) => {
      gradient.data.forEach((value, k) => {
        expect(value).toBeCloseTo(expected[n]!.data[k]!, 12);
      });
    });
  });
});

test("dense values refuse to fill the memory, before anything is computed", () => {
  const K = Genred("x - y", ALIASES);
  const [big, small] = [rand([20_000, 3]), rand([10, 3])];
  expect(() => K.dense(big, big)).toThrow(ArgumentError);
  expect(() => K.dense(big, big)).toThrow(
    /^dense: expected an array of at most 1\.00 GiB \(option maxBytes\), got shape \[20000, 20000, 3\] of 4\.47 GiB$/,
  );
  expect(() => K.dense(small, small, { maxBytes: 1199 })).toThrow(/got shape \[10, 10, 3\]/);
  expect(K.dense(small, small, { maxBytes: 1200 }).shape).toEqual([10, 10, 3]);
  expect(() => K.dense(small, small, { maxBytes: NaN })).toThrow(/^maxBytes: expected a number of at least 0, got/);
});
