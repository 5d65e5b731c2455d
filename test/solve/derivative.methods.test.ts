/** Derivatives of solves by every method, and by alpha. */
import { KernelSolve, array, astype, grad, rand, randn, requiresGrad } from "../../src/index";
import type { RealArray } from "../../src/index";
import { KERNELS, METHODS } from "../helpers/methods";
import { apart } from "../helpers/numbers";
import { ALIASES } from "../helpers/systems";

describe("the derivative by alpha", () => {
  const K = KernelSolve(KERNELS.Gaussian, ALIASES, "b", { axis: 1 });
  const x = requiresGrad(rand([40, 2], { dtype: "float64", seed: 1 }));
  const [b, e] = [2, 3].map((seed) => randn([40, 2], { dtype: "float64", seed })) as [
    RealArray<Float64Array>,
    RealArray<Float64Array>,
  ];
  const solved = (alpha: RealArray<Float64Array> | number): RealArray<Float64Array> =>
    K(x, x, b, 5, { alpha, eps: 1e-12 });
  const inner = (a: RealArray<Float64Array>): number => a.data.reduce((sum, value, n) => sum + value * e.data[n]!, 0);
  const ridge = (value: number): RealArray<Float64Array> => requiresGrad(array([value], { dtype: "float64" }));

  test("is a slope, to the second order, and across to the points", () => {
    const alpha = ridge(0.5);
    const [first] = grad(solved(alpha), [alpha], e, { createGraph: true });
    expect(first.shape).toEqual([1]);
    const slope = (at: number): number => (inner(solved(at + 1e-4)) - inner(solved(at - 1e-4))) / 2e-4;
    expect(first.data[0]).toBeCloseTo(slope(0.5), 5);
    const [second, mixed] = grad(first, [alpha, x]);
    const slopeOf = (by: number): number => {
      const other = ridge(0.5 + by);
      return grad(solved(other), [other], e)[0].data[0]!;
    };
    expect(second.data[0]).toBeCloseTo((slopeOf(1e-4) - slopeOf(-1e-4)) / 2e-4, 4);
    const before = x.get(3, 1);
    const across = [1e-4, -1e-4].map((by) => {
      x.set(3, 1, before + by);
      return slopeOf(0);
    });
    x.set(3, 1, before);
    expect(mixed.get(3, 1)).toBeCloseTo((across[0]! - across[1]!) / 2e-4, 4);
  });

  test("of float32 data is that of float64 data, rounded", () => {
    const small = requiresGrad(array([0.5]));
    const [x32, b32, e32] = [x, b, e].map((a) => astype(a, "float32")) as RealArray<Float32Array>[];
    const [got] = grad(K(x32!, x32!, b32!, 5, { alpha: small }), [small], e32);
    const wide = ridge(0.5);
    const [x64, b64, e64] = [x32, b32, e32].map((a) => astype(a!, "float64")) as RealArray<Float64Array>[];
    const [expected] = grad(K(x64!, x64!, b64!, 5, { alpha: wide, eps: 1e-12 }), [wide], e64);
    expect(Math.abs(got.data[0]! / expected.data[0]! - 1)).toBeLessThanOrEqual(1e-5);
  });

  test.each([
    [array([1, 2], { dtype: "float64" }), /^alpha: expected a number or an array \[1\], got shape \[2\]$/],
    [array([-1], { dtype: "float64" }), /^alpha: expected a number of at least 0, got the number -1$/],
  ])("%# is refused where it is no ridge", (alpha, message) => {
    expect(() => solved(alpha)).toThrow(message);
  });
});

test("derivatives of float32 data are near those of a dense float64 solve", () => {
  const K = KernelSolve(KERNELS.Gaussian, ALIASES, "b", { axis: 1 });
  const x = requiresGrad(rand([600, 2], { seed: 1 }));
  const [b, e] = [2, 3].map((seed) => randn([600, 2], { seed })) as [RealArray<Float32Array>, RealArray<Float32Array>];
  const [got] = grad(K(x, x, b, 50, { alpha: 0.01, method: "cg" }), [x], e);
  const [x64, b64, e64] = [x, b, e].map((a) => astype(a, "float64")) as RealArray<Float64Array>[];
  const wide = requiresGrad(x64!);
  const [expected] = grad(K(wide, wide, b64!, 50, { alpha: 0.01, method: "direct" }), [wide], e64);
  expect(apart(got, expected)).toBeLessThanOrEqual(1e-6);
});

describe("derivatives", () => {
  const K = KernelSolve(KERNELS.Gaussian, ALIASES, "b", { axis: 1 });

  test.each(Object.entries(METHODS))("by %s are those of plain iterations", (_, options) => {
    const gradients = [options, { method: "cg", preconditioner: "none" } as const].map((how) => {
      const x = requiresGrad(rand([550, 2], { dtype: "float64", seed: 1 }));
      const b = requiresGrad(randn([550, 2], { dtype: "float64", seed: 2 }));
      const a = K(x, x, b, 50, { alpha: 0.1, eps: 1e-11, ...how });
      return grad(a, [x, b], randn([550, 2], { dtype: "float64", seed: 3 })).map(({ data }) => [...data]);
    });
    for (const k of [0, 1]) {
      const scale = Math.max(...gradients[1]![k]!.map(Math.abs));
      const worst = Math.max(...gradients[0]![k]!.map((value, n) => Math.abs(value - gradients[1]![k]![n]!)));
      expect(worst).toBeLessThanOrEqual(1e-8 * scale);
    }
  });
});
