/**
 * Batches: a call is as many calls as it has entries, whatever is broadcast, with gradients summed over what an array
 * served.
 */
import fc from "fast-check";
import ndarray from "ndarray";
import { fromMatrix } from "../../src/cluster";
import { ArgumentError, ConvergenceError } from "../../src/errors";
import { Genred, KernelSolve, Pm, Vi, Vj, array, grad, rand, randn, requiresGrad, zeros } from "../../src";
import type { RealArray, ReductionName } from "../../src";
import { nativeAddon } from "../../src/device/native";
import { BACKENDS } from "../helpers/numbers";
import { ALIASES } from "../helpers/systems";

const [M, N] = [4, 5];
const FORMULA = "Exp(-g * SqDist(x, y)) * b";
/** Shapes of one entry. */
const TAILS = [[M, 2], [N, 2], [N, 2], [1]] as const;

type Args = [RealArray, RealArray, RealArray, RealArray];

/** Arrays of the Gaussian sums with the given batch dimensions, marked. */
const argsOf = (leads: readonly (readonly number[])[], seed = 1): Args =>
  leads.map((lead, n) => requiresGrad(rand([...lead, ...TAILS[n]!], { dtype: "float64", seed: seed + n }))) as Args;

/** Up to three batch dimensions: every array has or broadcasts each, and may lack some in front. */
const leads = fc
  .array(fc.integer({ min: 1, max: 3 }), { maxLength: 3 })
  .chain((batch) =>
    fc.tuple(
      ...TAILS.map(() =>
        fc
          .tuple(fc.nat(batch.length), fc.tuple(...batch.map((length) => fc.constantFrom(1, length))))
          .map(([lacking, lead]) => lead.slice(lacking)),
      ),
    ),
  );

/** Aligned at their end, as NumPy does. */
function common(leads: readonly (readonly number[])[]): number[] {
  const axes = Math.max(...leads.map(({ length }) => length));
  const lengthAt = (lead: readonly number[], axis: number): number => lead[lead.length - axes + axis] ?? 1;
  return Array.from({ length: axes }, (_, axis) => Math.max(...leads.map((lead) => lengthAt(lead, axis))));
}

/** Every index into a batch, in row-major order. */
const indicesOf = (batch: readonly number[]): number[][] =>
  batch.reduce<number[][]>(
    (all, length) => all.flatMap((index) => Array.from({ length }, (_, k) => [...index, k])),
    [[]],
  );

/** The entry of an array as ndarray itself cuts it out. */
function entry(a: RealArray, index: readonly number[], rank: number): RealArray {
  const lead = a.shape.length - rank;
  const picked = index.slice(index.length - lead).map((at, axis) => (a.shape[axis] === 1 ? 0 : at));
  return picked.length === 0 ? a : a.pick(...picked, ...new Array<null>(rank).fill(null));
}

function expectNear(got: ArrayLike<number>, expected: ArrayLike<number>, of = "value"): void {
  const errors = Array.from(expected, (value, n) => (Object.is(value, got[n]) ? 0 : Math.abs(value - got[n]!)));
  expect({ of, length: got.length, worst: errors.find((error) => !(error <= 1e-12)) }).toEqual({
    of,
    length: errors.length,
  });
}

const concatenated = (arrays: readonly RealArray[]): number[] => arrays.flatMap(({ data }) => [...data]);

describe.each(BACKENDS)("a batch on %s", (backend) => {
  test.each([0, 1] as const)(
    "is a loop over its entries, and so are its gradients of first and second order, axis %d",
    (axis) => {
      const sum = Genred(FORMULA, ALIASES, { axis });
      fc.assert(
        fc.property(leads, fc.nat(1000), (shapes, seed) => {
          const args = argsOf(shapes, seed);
          const batch = common(shapes);
          const got = sum(...args, { backend });
          expect(got.shape).toEqual([...batch, axis === 1 ? M : N, 2]);
          const e = randn(got.shape, { dtype: "float64", seed });
          const u = randn(args[0].shape, { dtype: "float64", seed: seed + 1 });
          const derivatives = (out: RealArray, cotangent: RealArray): RealArray[] => {
            const first = grad(out, args, cotangent, { createGraph: true });
            return [...first, ...grad(first[0], args, u)];
          };
          const outputs = indicesOf(batch).map((index) => {
            const own = args.map((a, n) => entry(a, index, TAILS[n]!.length)) as Args;
            const out = sum(...own, { backend });
            return { out, all: derivatives(out, entry(e, index, 2)) };
          });
          expectNear(got.data, concatenated(outputs.map(({ out }) => out)));
          derivatives(got, e).forEach((gradient, n) => {
            const total = gradient.data.map((_, k) => outputs.reduce((sum, { all }) => sum + all[n]!.data[k]!, 0));
            expect(gradient.shape).toEqual(args[n % 4]!.shape);
            expectNear(gradient.data, total, `derivative ${n}`);
          });
        }),
        { numRuns: 30 },
      );
    },
  );

  test.each<[ReductionName, number | undefined]>([
    ["Min_ArgMin", undefined],
    ["Max_ArgMax", undefined],
    ["KMin_ArgKMin", 3],
  ])("gives the values and indices of each entry: %s", (reductionOp, optArg) => {
    const best = Genred("(x - y) * p", ["x = Vi(2)", "y = Vj(2)", "p = Pm(2)"], { axis: 1, reductionOp, optArg });
    type Best = (...args: unknown[]) => [RealArray, ReturnType<typeof ndarray<Int32Array>>];
    const call = best as unknown as Best;
    const args = [
      [3, 1, M, 2],
      [1, 2, N, 2],
      [3, 1, 2],
    ].map((shape, n) => requiresGrad(rand(shape, { dtype: "float64", seed: n + 1 })));
    const [values, indices] = call(...args, { backend });
    const e = randn(values.shape, { dtype: "float64", seed: 9 });
    const loop = indicesOf([3, 2]).map((index) => {
      const [out, at] = call(...args.map((a, n) => entry(a, index, n === 2 ? 1 : 2)), { backend });
      return { out, at, gradients: grad(out, args, entry(e, index, out.shape.length)) };
    });
    expect(values.shape).toEqual([3, 2, ...loop[0]!.out.shape]);
    expect([...indices.data]).toEqual(loop.flatMap(({ at }) => [...at.data]));
    expectNear(values.data, concatenated(loop.map(({ out }) => out)));
    grad(values, args, e).forEach((gradient, n) => {
      const total = gradient.data.map((_, k) => loop.reduce((sum, { gradients }) => sum + gradients[n]!.data[k]!, 0));
      expectNear(gradient.data, total, `gradient ${n}`);
    });
  });

  test("visits the same ranges in every entry", () => {
    const ranges = fromMatrix([[0, 3]], [[0, 2], [2, 5]], [[0, 1]]); // prettier-ignore
    const shapes = [
      [2, 1],
      [1, 3],
      [2, 3],
      [2, 3],
    ];
    const args = argsOf(shapes);
    const got = Genred(FORMULA, ALIASES, { axis: 1 })(...args, { backend, ranges });
    const expected = indicesOf([2, 3]).flatMap((index) => {
      const own = args.map((a, n) => entry(a, index, TAILS[n]!.length)) as Args;
      return [...Genred(FORMULA, ALIASES, { axis: 1 })(...own, { backend, ranges }).data];
    });
    expectNear(got.data, expected);
    expect(expected.filter((value) => value === 0)).toHaveLength(6 * 2);
  });

  test("writes into out, also where it is a view", () => {
    const args = argsOf([[2], [1], [2], []]).map((a) => array(a)) as Args;
    const sum = Genred(FORMULA, ALIASES, { axis: 1 });
    const expected = sum(...args, { backend });
    const out = zeros([2, 2, M], { dtype: "float64" }).transpose(0, 2, 1);
    expect(sum(...args, { backend, out })).toBe(out);
    for (const [e, i, k] of indicesOf([2, M, 2])) expect(out.get(e!, i!, k!)).toBe(expected.get(e!, i!, k!));
  });

  test("takes numbers, views of strides 0 and batches without entries", () => {
    const [x, y, b] = argsOf([[3], [3], [3], []]);
    const sum = Genred(FORMULA, ALIASES, { axis: 1 });
    const repeated = ndarray(y.data, [3, N, 2], [0, 2, 1]);
    const first = ndarray(y.data, [1, N, 2]);
    expectNear(
      sum(x, repeated, b, 0.5, { backend }).data,
      sum(x, first, b, array([0.5], { dtype: "float64" }), { backend }).data,
    );
    const [none, noneOfB] = [rand([0, M, 2], { dtype: "float64" }), rand([0, N, 2], { dtype: "float64" })];
    expect(sum(none, first, noneOfB, 0.5, { backend }).shape).toEqual([0, M, 2]);
  });

  test("solves a system per entry, and differentiates each", () => {
    const solve = KernelSolve("Exp(-g * SqDist(x, y)) * a", ["x = Vi(2)", "y = Vj(2)", "a = Vj(1)", "g = Pm(1)"], "a", {
      axis: 1,
    });
    const options = { alpha: 0.1, eps: 0, rtol: 1e-14, backend };
    const shapes = [
      [2, 1, N, 2],
      [1, 3, N, 1],
      [2, 1, 1],
    ];
    const args = shapes.map((shape, n) => requiresGrad(rand(shape, { dtype: "float64", seed: n + 1 })));
    const [x, b, g] = args as [RealArray, RealArray, RealArray];
    const got = solve(x, x, b, g, options);
    expect(got.shape).toEqual([2, 3, N, 1]);
    const e = randn(got.shape, { dtype: "float64", seed: 7 });
    const loop = indicesOf([2, 3]).map((index) => {
      const [ownX, ownB, ownG] = args.map((a, n) => entry(a, index, n === 2 ? 1 : 2)) as [
        RealArray,
        RealArray,
        RealArray,
      ];
      const out = solve(ownX, ownX, ownB, ownG, options);
      return { out, gradients: grad(out, args, entry(e, index, 2)) };
    });
    expectNear(got.data, concatenated(loop.map(({ out }) => out)), "solution");
    grad(got, args, e).forEach((gradient, n) => {
      const total = gradient.data.map((_, k) => loop.reduce((sum, { gradients }) => sum + gradients[n]!.data[k]!, 0));
      expectNear(gradient.data, total, `gradient ${n}`);
    });
    const again = solve(x, x, b, g, { ...options, x0: got });
    expectNear(again.data, got.data, "solution from x0");
    expect(() => solve(x, x, b, g, { ...options, x0: b })).toThrow(
      /^x0: expected shape \[2, 3, 5, 1\] as the solution has/,
    );
  });
});

test("a float32 gradient over many entries is summed in float64", () => {
  const y = requiresGrad(array([[[1]]]));
  const out = Genred("x * y", ["x = Vi(1)", "y = Vj(1)"], { axis: 1 })(array([[[1]], [[1]], [[1]]]), y);
  const [gradient] = grad(out, [y], array([[[2 ** 24]], [[1]], [[1]]]));
  expect([...gradient.data]).toEqual([2 ** 24 + 2]);
});

test("20 000 batches of 10 x 20 pairs are one native call", () => {
  const reduce = jest.spyOn(nativeAddon()!, "reduce");
  const sum = Genred("SqDist(x, y)", ["x = Vi(3)", "y = Vj(3)"], { axis: 1 });
  const [x, y] = [rand([20_000, 10, 3], { seed: 1 }), rand([20_000, 20, 3], { seed: 2 })];
  const got = sum(x, y, { backend: "cpu" });
  expect(reduce).toHaveBeenCalledTimes(1);
  reduce.mockRestore();
  for (const at of [0, 12_345, 19_999])
    expect([...got.data.slice(10 * at, 10 * at + 10)]).toEqual([
      ...sum(x.pick(at, null, null), y.pick(at, null, null), { backend: "cpu" }).data,
    ]);
});

test.each<[string, number[][], number[]]>([
  ["points that many share", [[3, M, 2], [N, 2], [1]], [3]],
  [
    "points of their own for every dimension",
    [
      [M, 2],
      [2, 1, N, 2],
      [3, 1],
    ],
    [2, 3],
  ],
  [
    "parameters alone",
    [
      [M, 2],
      [N, 2],
      [3, 1],
    ],
    [3],
  ],
])("a batch of %s broadcasts as in NumPy", (_what, shapes, batch) => {
  const args = shapes.map((shape, n) => rand(shape, { seed: n, dtype: "float64" }));
  const [x, y, p] = args as [RealArray, RealArray, RealArray];
  const aliases = ["x = Vi(2)", "y = Vj(2)", "p = Pm(1)"] as const;
  const got = Genred("x * y * p", aliases, { axis: 1 })(x, y, p);
  expect(got.shape).toEqual([...batch, M, 2]);
  // The sum over j of x_i y_j p is x_i p times the sum of all y_j.
  indicesOf([...batch, M, 2]).forEach((index, n) => {
    const [lead, [i, c]] = [index.slice(0, -2), index.slice(-2) as [number, number]];
    const [ownX, ownY, ownP] = [entry(x, lead, 2), entry(y, lead, 2), entry(p, lead, 1)];
    const sum = Array.from({ length: N }, (_, j) => ownY.get(j, c)).reduce((total, value) => total + value, 0);
    expect(Math.abs(got.data[n]! - ownX.get(i, c) * ownP.get(0) * sum)).toBeLessThan(1e-14);
  });
  const symbolic = Vi(x).mul(Vj(y)).mul(Pm(p));
  expect(symbolic.batchdims).toEqual(batch);
  expectNear(symbolic.sum({ axis: 1 }).data, got.data);
  expect(symbolic.dense().shape).toEqual([...batch, M, N, 2]);
});

test("a system solves right-hand sides that fewer dimensions broadcast to", () => {
  const x = rand([3, N, 2], { seed: 1, dtype: "float64", requiresGrad: true });
  const b = rand([N, 2], { seed: 2, dtype: "float64", requiresGrad: true });
  const Kinv = KernelSolve(FORMULA, ALIASES, "b", { axis: 1 });
  const got = Kinv(x, x, b, 2, { alpha: 0.5 });
  expect(got.shape).toEqual([3, N, 2]);
  const e = rand(got.shape, { seed: 3, dtype: "float64" });
  const [ofX, ofB] = grad(got, [x, b], e);
  const each = [0, 1, 2].map((k) => {
    const own = entry(x, [k], 2);
    const solution = Kinv(own, own, b, 2, { alpha: 0.5 });
    return { solution, gradients: grad(solution, [own, b], entry(e, [k], 2)) };
  });
  expectClose(got.data, concatenated(each.map(({ solution }) => solution)));
  expectClose(ofX.data, concatenated(each.map(({ gradients: [ofOwn] }) => ofOwn)));
  expectClose(
    ofB.data,
    ofB.data.map((_, n) => each.reduce((sum, { gradients }) => sum + gradients[1].data[n]!, 0)),
  );
});

/** To the tolerance of a solve. */
function expectClose(got: ArrayLike<number>, expected: ArrayLike<number>): void {
  expect(got.length).toBe(expected.length);
  for (let n = 0; n < got.length; n++) expect(Math.abs(got[n]! - expected[n]!)).toBeLessThan(1e-5);
}

describe("a wrong batch", () => {
  const call = (...shapes: number[][]): unknown =>
    Genred("x * y * p", ["x = Vi(2)", "y = Vj(2)", "p = Pm(1)"], { axis: 1 })(
      ...(shapes.map((shape) => rand(shape)) as [RealArray, RealArray, RealArray]),
    );

  test.each<[string, number[][], RegExp]>([
    [
      "lengths that differ",
      [[2, M, 2], [3, N, 2], [1]],
      /^y \(Vj, dim 2\): expected batch dimensions that broadcast with those of the arrays before, \[2\], got \[3\]$/,
    ],
    [
      "lengths that differ on one axis",
      [
        [2, 1, M, 2],
        [1, 3, N, 2],
        [2, 4, 1],
      ],
      /^p \(Pm, dim 1\): .* before, \[2, 3\], got \[2, 4\]$/,
    ],
    [
      "lengths that differ where fewer dimensions are aligned",
      [[2, 3, M, 2], [2, N, 2], [1]],
      /^y \(Vj, dim 2\): .* before, \[2, 3\], got \[2\]$/,
    ],
    ["a wrong dim", [[2, M, 3], [2, N, 2], [1]], /^x \(Vi, dim 2\): expected shape \[\.\.\., M, 2\], got \[2, 4, 3\]$/],
    [
      "a wrong dim of a parameter",
      [
        [2, M, 2],
        [2, N, 2],
        [2, 3],
      ],
      /^p \(Pm, dim 1\): expected shape \[\.\.\., 1\], got \[2, 3\]$/,
    ],
  ])("with %s is refused", (_what, shapes, message) => {
    expect(() => call(...shapes)).toThrow(ArgumentError);
    expect(() => call(...shapes)).toThrow(message);
  });

  test("rows that differ are refused in every form of a batch", () => {
    const sum = Genred("x * z", ["x = Vi(2)", "z = Vi(2)"], { axis: 1 });
    expect(() => sum(rand([2, M, 2]), rand([1, N, 2]))).toThrow(
      /^z \(Vi, dim 2\): expected shape \[\.\.\., 4, 2\] as x \(Vi, dim 2\) has 4 rows, got \[1, 5, 2\]$/,
    );
  });

  test("an out without the batch dimensions is refused, and a system that cannot be solved tells its entry", () => {
    const [x, y] = [rand([2, M, 2]), rand([2, N, 2])];
    const sum = Genred("x * y", ["x = Vi(2)", "y = Vj(2)"], { axis: 1 });
    expect(() => sum(x, y, { out: zeros([M, 2]) })).toThrow(/^out: expected shape \[2, 4, 2\], got \[4, 2\]$/);
    const solve = KernelSolve("p * a", ["a = Vj(1)", "x = Vi(1)", "p = Pm(1)"], "a", { axis: 1 });
    const [ones, p] = [rand([2, N, 1], { seed: 1 }), array([[1], [-1]])];
    const run = (): unknown => solve(ones, ones, p, { alpha: 1e-3, backend: "reference" });
    expect(run).toThrow(ConvergenceError);
    expect(run).toThrow(/entry 1/);
  });
});
