/**
 * What a port of KeOps should pass at once: identities, conventions, closed forms, and properties over random data that
 * need no table of expected numbers.
 */
import fc from "fast-check";
import { Genred, KernelSolve, array, astype, grad, nd, rand, randn, requiresGrad, zeros } from "../../src/index";
import type { GenredOptions, RealArray, ReductionName } from "../../src/index";

const numbers = (a: { data: ArrayLike<number> }): number[] => Array.from(a.data);
const scalar = (formula: string, x: number, ...rest: number[]): number => {
  const names = ["x", "a", "b"].slice(0, 1 + rest.length);
  const args = [x, ...rest].map((value) => array([[value]], { dtype: "float64" }));
  const K = Genred(
    formula,
    names.map((name) => `${name} = Vi(1)`),
    { axis: 1 },
  );
  return (K as unknown as (...args: RealArray[]) => RealArray)(...args).data[0]!;
};

describe("conventions", () => {
  test.each([
    ["Step(x)", 0, 1],
    ["Rsqrt(x)", 0, 0],
    ["XLogX(x)", 0, 0],
    ["SinXDivX(x)", 0, 1],
    ["Sign(x)", 0, 0],
    ["ReLU(x)", 0, 0],
    ["Round(x, 0)", -2.5, -3],
    ["Round(x, 1)", 0.25, 0.3],
    ["Ceil(x)", -0.5, -0],
    ["ClampInt(x, -1, 2)", 3, 2],
    ["DiffClampInt(x, -1, 2)", 2, 1],
  ])("%s at %d is %d", (formula, at, expected) => {
    expect(scalar(formula, at)).toBeCloseTo(expected, 15);
  });

  test("IfElse takes the first where its condition is 0, and Mod any sign", () => {
    expect(scalar("IfElse(x, a, b)", 0, 3, 5)).toBe(3);
    expect(scalar("IfElse(x, a, b)", -1e-300, 3, 5)).toBe(5);
    expect(scalar("Mod(x, a, b)", -5, 3, 0)).toBe(1);
    expect(scalar("Mod(x, a, b)", 5, -3, 0)).toBe(-1);
  });

  test("x-y|x-y is the squared norm of the difference", () => {
    const [x, y] = [rand([4, 3], { dtype: "float64", seed: 1 }), rand([5, 3], { dtype: "float64", seed: 2 })];
    const aliases = ["x = Vi(3)", "y = Vj(3)"] as const;
    const [one, other] = ["x-y|x-y", "SqNorm2(x - y)"].map((formula) => Genred(formula, aliases, { axis: 1 })(x, y));
    expect(numbers(one!)).toEqual(numbers(other!));
  });
});

describe("closed forms", () => {
  const x = rand([6, 3], { dtype: "float64", seed: 1 });
  const y = rand([5, 3], { dtype: "float64", seed: 2 });
  const aliases = ["x = Vi(3)", "y = Vj(3)"] as const;
  const value = (formula: string): number[] => numbers(Genred(formula, aliases, { axis: 1 })(x, y));

  test.each([
    ["Laplacian(Exp(-SqDist(x, y)), x)", "(4 * SqDist(x, y) - 6) * Exp(-SqDist(x, y))"],
    ["Divergence(Exp(-SqDist(x, y)) * x, x)", "(3 - 2 * (x - y | x)) * Exp(-SqDist(x, y))"],
    ["Divergence(x * SqNorm2(x), x)", "5 * SqNorm2(x)"],
    ["Laplacian(SqNorm2(x), x)", "6"],
  ])("%s is %s", (formula, closed) => {
    const [got, expected] = [value(`${formula} + 0 * Sum(x + y)`), value(`${closed} + 0 * Sum(x + y)`)];
    got.forEach((number, n) => expect(number).toBeCloseTo(expected[n]!, 12));
  });
});

describe("rounding of float32 sums", () => {
  // So many rows that lanes are rows: few rows are split over lanes, each of which adds up fewer terms.
  const [n, rows] = [100_000, 300];
  const x = rand([rows, 3], { seed: 1 });
  const y = rand([n, 3], { seed: 2 });
  const b = rand([n, 1], { seed: 3 });
  const run = (options: GenredOptions<"Sum">, [p, q, r]: readonly RealArray[]): RealArray =>
    Genred("Exp(-g * SqDist(x, y)) * b", ["x = Vi(3)", "y = Vj(3)", "b = Vj(1)", "g = Pm(1)"], { axis: 1, ...options })(
      p as RealArray<Float64Array>,
      q as RealArray<Float64Array>,
      r as RealArray<Float64Array>,
      10,
      { backend: "cpu" }, // tiles add up tile by tile, whatever the scheme
    );
  const exact = numbers(
    run(
      {},
      [x, y, b].map((a) => astype(a, "float64")),
    ),
  );
  const error = (options: GenredOptions<"Sum">): number =>
    Math.max(...numbers(run(options, [x, y, b])).map((value, k) => Math.abs(value / exact[k]! - 1)));

  test("by blocks is within 5e-7 for 1e5 terms", () => {
    expect(error({})).toBeLessThanOrEqual(5e-7);
    expect(error({ sumScheme: "block" })).toBeLessThanOrEqual(5e-7);
  });

  test("compensated, and direct in float64, too; direct in float32 loses digits", () => {
    expect(error({ sumScheme: "kahan" })).toBeLessThanOrEqual(5e-7);
    expect(error({ sumScheme: "direct", dtypeAcc: "float64" })).toBeLessThanOrEqual(5e-7);
    const direct = error({ sumScheme: "direct" });
    expect(direct).toBeGreaterThan(error({ sumScheme: "kahan" }));
    expect(direct).toBeLessThanOrEqual(1e-3);
  });
});

describe("indices", () => {
  test("are exact beyond what float32 can count", () => {
    const n = 2 ** 24 + 9;
    const y = zeros([n, 1]);
    const { data } = y;
    for (let k = 0; k < n; k++) data[k] = (k % 997) / 997;
    data[n - 2] = -1;
    const at = Genred("x + y", ["x = Vi(1)", "y = Vj(1)"], { axis: 1, reductionOp: "ArgMin" })(array([[0]]), y);
    expect(at.data[0]).toBe(n - 2);
  });

  test("of ties are the lowest, for one and for several", () => {
    const y = array([[2], [1], [1], [3], [1]]);
    const call = (reductionOp: ReductionName, optArg?: number): number[] =>
      numbers(
        Genred("x * y", ["x = Vi(1)", "y = Vj(1)"], { axis: 1, reductionOp, optArg })(array([[1]]), y) as RealArray,
      );
    expect(call("ArgMin")).toEqual([1]);
    expect(call("ArgKMin", 4)).toEqual([1, 2, 4, 0]);
    expect(call("ArgKMax", 3)).toEqual([3, 0, 1]);
  });

  test("more than there are columns is an error", () => {
    const K = Genred("x * y", ["x = Vi(1)", "y = Vj(1)"], { axis: 1, reductionOp: "KMin", optArg: 3 });
    expect(() => K(array([[1]]), array([[1], [2]]))).toThrow(/optArg: expected a K of at most 2/);
  });
});

describe("properties", () => {
  const matrix = (rows: number, columns: number, seed: number): RealArray<Float64Array> =>
    randn([rows, columns], { dtype: "float64", seed });
  const sizes = fc.tuple(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 40 }), fc.nat(1000));

  test("axis 0 is axis 1 with the roles of i and j exchanged", () => {
    fc.assert(
      fc.property(sizes, ([m, n, seed]) => {
        const [x, y] = [matrix(m, 2, seed), matrix(n, 2, seed + 1)];
        const along = Genred("Exp(-SqDist(x, y)) * x", ["x = Vi(2)", "y = Vj(2)"], { axis: 0 })(x, y);
        const across = Genred("Exp(-SqDist(x, y)) * x", ["x = Vj(2)", "y = Vi(2)"], { axis: 1 })(x, y);
        expect(numbers(along)).toEqual(numbers(across));
      }),
      { numRuns: 20 },
    );
  });

  test("gradients are the slopes of sums, whatever the sizes", () => {
    fc.assert(
      fc.property(sizes, ([m, n, seed]) => {
        const [x, y, e, t] = [
          matrix(m, 2, seed),
          matrix(n, 2, seed + 1),
          matrix(m, 1, seed + 2),
          matrix(m, 2, seed + 3),
        ];
        const K = Genred("Exp(-SqDist(x, y)) + (x | y)", ["x = Vi(2)", "y = Vj(2)"], { axis: 1 });
        const marked = requiresGrad(x);
        const [g] = grad(K(marked, y), [marked], e);
        const at = (h: number): number => {
          const moved = nd.add(x, nd.mul(t, h));
          return K(moved, y).data.reduce((sum, value, k) => sum + value * e.data[k]!, 0);
        };
        const slope = (8 * (at(1e-3) - at(-1e-3)) - (at(2e-3) - at(-2e-3))) / 12e-3;
        const expected = g.data.reduce((sum, value, k) => sum + value * t.data[k]!, 0);
        expect(Math.abs(slope - expected)).toBeLessThanOrEqual(1e-7 * (1 + Math.abs(expected)) * m);
      }),
      { numRuns: 20 },
    );
  });

  test("the mean, the K best and log-sum-exp agree with sums, minima and logarithms", () => {
    fc.assert(
      fc.property(sizes, ([m, n, seed]) => {
        const [x, y] = [matrix(m, 2, seed), matrix(n, 2, seed + 1)];
        const run = (reductionOp: ReductionName, formula = "SqDist(x, y)", optArg?: number): number[] =>
          numbers(Genred(formula, ["x = Vi(2)", "y = Vj(2)"], { axis: 1, reductionOp, optArg })(x, y) as RealArray);
        const sums = run("Sum");
        run("Mean").forEach((mean, k) => expect(mean * n).toBeCloseTo(sums[k]!, 9));
        expect(run("KMin", "SqDist(x, y)", 1)).toEqual(run("Min"));
        const powers = run("Sum", "Exp(-SqDist(x, y))");
        run("LogSumExp", "-SqDist(x, y)").forEach((log, k) => expect(log).toBeCloseTo(Math.log(powers[k]!), 10));
      }),
      { numRuns: 20 },
    );
  });
});

test("plain iterations of a Gaussian system of 300 points end within 200", () => {
  const x = rand([300, 2], { dtype: "float64", seed: 1 });
  const K = KernelSolve("Exp(-10 * SqDist(x, y)) * b", ["x = Vi(2)", "y = Vj(2)", "b = Vj(1)"], "b", { axis: 1 });
  const { iterations, residual } = K.report(x, x, randn([300, 1], { dtype: "float64", seed: 2 }), {
    alpha: 0.01,
    method: "cg",
    preconditioner: "none",
  });
  expect(iterations).toBeLessThan(200);
  expect(residual).toBeLessThanOrEqual(1e-6);
});
