/** Derivatives of solves, against finite differences. */
import ndarray from "ndarray";
import { KernelSolve, array, grad, nd, rand, randn, requiresGrad, zeros } from "../../src";
import type { Dtype, RealArray } from "../../src";
import { ALIASES, GAUSSIAN, data, gaussian } from "../helpers/systems";
import { minus, norm, untyped, values, wide } from "../helpers/numbers";
import { expectDerivatives } from "../helpers/derivatives";

// ----------------------------------------------------------------------------------------------------------- gradients

describe("the derivative of a solve", () => {
  const n = 12;
  const { x, b } = data("float64", n);
  const g = array([3], wide);
  const options = { alpha: 0.5, eps: 1e-14 };
  const curlFree = KernelSolve("Exp(-g * SqDist(x, y)) * (b - 2 * g * ((x - y) | b) * (x - y))", ALIASES, "b", {
    axis: 1,
  });
  const laplacian = KernelSolve("Exp(-g * Norm2(x - y)) * b", ALIASES, "b", { axis: 1 });
  const overI = KernelSolve(GAUSSIAN, ["x = Vi(2)", "y = Vj(2)", "b = Vi(2)", "g = Pm(1)"], "b", { axis: 0 });
  const diagonal = KernelSolve(GAUSSIAN, ["x = Vi(2)", "y = Vj(2)", "b = Vi(2)", "g = Pm(1)"], "b", { axis: 1 });
  const constant = KernelSolve("p * b", ["x = Vi(2)", "b = Vj(2)", "p = Pm(1)"], "b", { axis: 1 });
  const weighted = KernelSolve(
    "Exp(-SqDist(x, y)) * (p | q) * b",
    ["x = Vi(2)", "y = Vj(2)", "p = Vi(2)", "q = Vj(2)", "b = Vj(2)"],
    "b",
    { axis: 1 },
  );

  test.each<[string, RealArray, (a: RealArray) => RealArray]>([
    ["the points", x, (a) => gaussian(a, a, b, g, options)],
    ["the right-hand side", b, (a) => gaussian(x, x, a, g, options)],
    ["the parameter", g, (a) => gaussian(x, x, b, a, options)],
    ["the points, for the Laplacian kernel", x, (a) => laplacian(a, a, b, g, options)],
    ["the points, for an unknown Vi", x, (a) => overI(a, a, b, g, options)],
    ["the parameter, for an unknown Vi", g, (a) => overI(x, x, b, a, options)],
    ["the points, where components mix", x, (a) => curlFree(a, a, b, g, { ...options, alpha: 4 })],
    ["the right-hand side, where components mix", b, (a) => curlFree(x, x, a, g, { ...options, alpha: 4 })],
    ["the other points of a diagonal system", x, (a) => diagonal(x, a, b, g, options)],
    ["the parameter of a constant kernel", g, (a) => constant(x, b, a, options)],
    ["weights of both points", b, (a) => weighted(x, x, a, a, b, options)],
    ["points that are the right-hand side too", x, (a) => gaussian(a, a, a, g, options)],
    [
      "a view of larger data",
      rand([n + 2, 3], { ...wide, seed: 4 }),
      (a) => gaussian(a.lo(1, 1).hi(n, 2), a.lo(1, 1).hi(n, 2), b, g, options),
    ],
    ["a solve of a solve", b, (a) => gaussian(x, x, gaussian(x, x, a, g, options), g, options)],
  ])("by %s is a slope, and so is the next", (_what, a, f) => {
    expectDerivatives(f, array(a), 2, 1e-6);
  });

  test("by the points is a slope to the third order", () => {
    expectDerivatives((a) => gaussian(a, a, b, g, options), x, 3, 1e-6);
  });

  test("by the right-hand side alone is the solve of the cotangent", () => {
    const marked = requiresGrad(array(b));
    const e = randn([n, 2], { ...wide, seed: 9 });
    const [got] = grad(gaussian(x, x, marked, g, options), [marked], e);
    const expected = values(gaussian(x, x, e, g, options));
    expect(norm(minus(values(got), expected))).toBeLessThanOrEqual(1e-12 * norm(expected));
  });

  test("is the same for any view of the cotangent", () => {
    const marked = requiresGrad(array(x));
    const a = gaussian(marked, marked, b, g, options);
    const e = randn([n, 2], { ...wide, seed: 9 });
    const backwards = array(e.step(-1, -1)).step(-1, -1);
    expect(values(grad(a, [marked], backwards)[0])).toEqual(values(grad(a, [marked], e)[0]));
    const ones = ndarray(new Float64Array([1]), [n, 2], [0, 0]);
    expect(values(grad(a, [marked], ones)[0])).toEqual(
      values(grad(a, [marked], ndarray(new Float64Array(2 * n).fill(1), [n, 2]))[0]),
    );
  });

  test("of float32 data is near that of float64 data", () => {
    const gradient = (dtype: Dtype): number[] => {
      const marked = requiresGrad(array(x, { dtype }));
      const right = array(b, { dtype });
      const e = randn([n, 2], { dtype, seed: 9 });
      return values(grad(untyped(gaussian)(marked, marked, right, 3, { alpha: 0.5 }), [marked], e)[0]);
    };
    const expected = gradient("float64");
    expect(norm(minus(gradient("float32"), expected))).toBeLessThanOrEqual(2e-5 * norm(expected));
  });

  test("does not start where the solve started", () => {
    const marked = requiresGrad(array(b));
    const e = randn([n, 2], { ...wide, seed: 9 });
    const [got] = grad(gaussian(x, x, marked, g, { ...options, x0: nd.mul(b, 1e3) }), [marked], e);
    expect(norm(minus(values(got), values(gaussian(x, x, e, g, options))))).toBeLessThanOrEqual(1e-12);
  });

  test("needs the solution as it was", () => {
    const marked = requiresGrad(array(x));
    const a = gaussian(marked, marked, b, g, options);
    a.set(0, 0, 5);
    expect(() => grad(a, [marked], b)).toThrow(
      /^grad: expected the arrays of KernelSolve unchanged since its call, got its output overwritten$/,
    );
  });

  test("does not need the right-hand side as it was", () => {
    const [marked, right] = [requiresGrad(array(x)), array(b)];
    const a = gaussian(marked, marked, right, g, options);
    const before = values(grad(a, [marked], b)[0]);
    right.set(0, 0, 5);
    expect(values(grad(a, [marked], b)[0])).toEqual(before);
  });

  test("of no points is empty", () => {
    const none = requiresGrad(zeros([0, 2], wide));
    expect(grad(gaussian(none, none, none, g, options), [none], zeros([0, 2], wide))[0].shape).toEqual([0, 2]);
  });
});
