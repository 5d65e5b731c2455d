/**
 * KernelSolve as its users meet it: solutions against dense solves of one matrix, held to the bound that the residual
 * gives.
 */
import { Genred, KernelSolve, array, rand, randn, zeros } from "../../src";
import { ALIASES, D, G, GAUSSIAN, N, PLAIN, data, expectSolution, gaussian, matrixOf } from "../helpers/systems";
import { BACKENDS, DTYPES, minus, norm, values } from "../helpers/numbers";

// ---------------------------------------------------------------------------------------------------------- solutions

const KERNELS: readonly (readonly [string, string, (squares: number) => number])[] = [
  ["Gaussian", "Exp(-g * SqDist(x, y))", (s) => Math.exp(-G * s)],
  ["Laplacian", "Exp(-g * Norm2(x - y))", (s) => Math.exp(-G * Math.sqrt(s))],
  ["Cauchy", "Inv(1 + g * SqDist(x, y))", (s) => 1 / (1 + G * s)],
  ["inverse multiquadric", "Rsqrt(1 + g * SqDist(x, y))", (s) => 1 / Math.sqrt(1 + G * s)],
];

describe.each(DTYPES)("in %s", (dtype) => {
  const { x, b } = data(dtype);

  describe.each(KERNELS)("the solution for the %s kernel", (_name, kernel, value) => {
    const K = matrixOf(x, (_, squares) => [[value(squares)]]);

    test.each([
      ["a Vj, summed over j", "Vj", 1],
      ["a Vi, summed over i", "Vi", 0],
    ] as const)("is that of a dense solve: the unknown is %s", (_what, kind, axis) => {
      const Kinv = KernelSolve(`${kernel} * b`, ["x = Vi(2)", "y = Vj(2)", `b = ${kind}(2)`, "g = Pm(1)"], "b", {
        axis,
      });
      const a = Kinv(x, x, b, G, { alpha: 0.01 });
      expect(a.data).toBeInstanceOf(dtype === "float64" ? Float64Array : Float32Array);
      expectSolution(a, K, b, 0.01);
    });

    test("may be asked for more closely", () => {
      const a = KernelSolve(`${kernel} * b`, ALIASES, "b", { axis: 1 })(x, x, b, G, { alpha: 0.1, eps: 1e-11 });
      expectSolution(a, K, b, 0.1, 1e-11);
    });
  });

  test.each([
    ["a Vj, summed over i", "Vj", 0],
    ["a Vi, summed over j", "Vi", 1],
  ] as const)("an unknown of the kept index makes a diagonal system: %s", (_what, kind, axis) => {
    const Kinv = KernelSolve(GAUSSIAN, ["x = Vi(2)", "y = Vj(2)", `b = ${kind}(2)`, "g = Pm(1)"], "b", { axis });
    const other = rand([9, D], { dtype, seed: 5 });
    const weights = Genred("Exp(-g * SqDist(x, y))", ["x = Vi(2)", "y = Vj(2)", "g = Pm(1)"], { axis: 1 })(x, other, G);
    const expected = values(b).map((value, n) => value / (weights.get(Math.floor(n / 2), 0) + 0.5));
    const a = axis === 1 ? Kinv(x, other, b, G, { alpha: 0.5 }) : Kinv(other, x, b, G, { alpha: 0.5 });
    expect(norm(minus(values(a), expected))).toBeLessThanOrEqual(4e-6 * norm(values(b)));
  });

  test.each([1, 2, 3, 4, 5])("%i right-hand sides are solved side by side", (columns) => {
    const { b } = data(dtype, N, columns);
    const Kinv = KernelSolve(GAUSSIAN, ["x = Vi(2)", "y = Vj(2)", `b = Vj(${columns})`, "g = Pm(1)"], "b", { axis: 1 });
    const K = matrixOf(x, (_, squares) => [[Math.exp(-G * squares)]]);
    expectSolution(Kinv(x, x, b, G, { alpha: 0.01 }), K, b, 0.01);
  });

  const MIXED: readonly (readonly [string, string, number, (d: readonly number[], squares: number) => number[][]])[] = [
    [
      "curl-free fields",
      "Exp(-g * SqDist(x, y)) * (b - 2 * g * ((x - y) | b) * (x - y))",
      2,
      (d, s) => [0, 1].map((p) => [0, 1].map((q) => Math.exp(-G * s) * ((p === q ? 1 : 0) - 2 * G * d[p]! * d[q]!))),
    ],
    [
      "a matrix that mixes components",
      "Exp(-g * SqDist(x, y)) * Concat(2 * Elem(b, 0) + Elem(b, 1), Elem(b, 0) + 2 * Elem(b, 1))",
      2,
      (_, s) => [0, 1].map((p) => [0, 1].map((q) => Math.exp(-G * s) * (p === q ? 2 : 1))),
    ],
    [
      "a component that all share",
      "Exp(-g * SqDist(x, y)) * (b + Sum(b))",
      3,
      (_, s) => [0, 1, 2].map((p) => [0, 1, 2].map((q) => Math.exp(-G * s) * (p === q ? 2 : 1))),
    ],
  ];

  test.each(MIXED)("components that a formula mixes are one system: %s", (_what, formula, dim, block) => {
    const { b } = data(dtype, N, dim);
    const Kinv = KernelSolve(formula, ["x = Vi(2)", "y = Vj(2)", `b = Vj(${dim})`, "g = Pm(1)"], "b", { axis: 1 });
    expectSolution(Kinv(x, x, b, G, { alpha: 0.05 }), matrixOf(x, block), b, 0.05);
  });

  test.each(BACKENDS)("the backend %s solves it", (backend) => {
    const [few, right] = [x.hi(30, D), b.hi(30, 2)];
    const K = matrixOf(few, (_, squares) => [[Math.exp(-G * squares)]]);
    expectSolution(gaussian(few, few, right, G, { alpha: 0.1, backend }), K, array(right), 0.1);
  });

  test("both tolerances 0 mean as far as rounding allows", () => {
    const a = gaussian(x, x, b, G, { alpha: 0.1, eps: 0 });
    expectSolution(
      a,
      matrixOf(x, (_, squares) => [[Math.exp(-G * squares)]]),
      b,
      0.1,
      1e-12,
    );
  });

  test("a relative tolerance is enough where it is wider", () => {
    const counts = [0, 1e-2].map((rtol) => {
      let last = 0;
      gaussian(x, x, b, G, { alpha: 0.01, rtol, ...PLAIN, onIteration: ({ iteration }) => (last = iteration) });
      return last;
    });
    expect(counts[1]).toBeLessThan(counts[0]!);
  });

  test("views with gaps and negative strides give the solution of their copies, to the last bit", () => {
    const [reversed, mirrored] = [x.step(-1, 1), b.step(-1, -1)];
    const a = gaussian(reversed, reversed, mirrored, G, { alpha: 0.01 });
    const copies = [array(reversed), array(mirrored)] as const;
    expect(values(a)).toEqual(values(gaussian(copies[0], copies[0], copies[1], G, { alpha: 0.01 })));
  });

  test("inputs are left as they were, and no result shares memory with them", () => {
    const before = [x, b].map(values);
    const start = randn([N, 2], { dtype, seed: 3 });
    const a = gaussian(x, x, b, G, { alpha: 1, x0: start });
    expect([x, b].map(values)).toEqual(before);
    expect(values(start)).toEqual(values(randn([N, 2], { dtype, seed: 3 })));
    expect([x, b, start].map(({ data }) => data.buffer)).not.toContain(a.data.buffer);
  });

  test("one point", () => {
    const one = { x: x.hi(1, D), b: b.hi(1, 2) };
    const a = gaussian(one.x, one.x, one.b, G, { alpha: 1 });
    expect(
      norm(
        minus(
          values(a),
          values(one.b).map((value) => value / 2),
        ),
      ),
    ).toBeLessThan(1e-6);
  });

  test("no points have an empty solution", () => {
    const none = zeros([0, 2], { dtype });
    expect(gaussian(none, none, none, G, { alpha: 1 }).shape).toEqual([0, 2]);
  });
});
