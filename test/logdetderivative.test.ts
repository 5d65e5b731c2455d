/** Derivatives of log-determinants: against differences, against each other, and where they are refused. */
import { KernelSolve, array, dense, grad, rand, randn, requiresGrad, zeros } from "../src/index";
import type { KernelSolveFunction, LogdetOptions, RealArray } from "../src/index";

const GAUSSIAN = "Exp(-g * SqDist(x, y)) * b";
const COUPLED = "Exp(-g * SqDist(x, y)) * MatVecMult(TensorProd(x - y, x - y), b) + 3 * Exp(-g * SqDist(x, y)) * b";
const ALIASES = ["x = Vi(2)", "y = Vj(2)", "b = Vj(2)", "g = Pm(1)"] as const;
const systemOf = (formula: string): KernelSolveFunction<typeof ALIASES> =>
  KernelSolve(formula, ALIASES, "b", { axis: 1 });
const scalar = (value: number): RealArray => array([value], { dtype: "float64" });
const ready = (x: RealArray): RealArray => requiresGrad(x);

/** (f(t + h) - f(t - h)) / 2h */
const difference = (f: (t: number) => number, t: number, h: number): number => (f(t + h) - f(t - h)) / (2 * h);

test.each([
  ["a scalar kernel", GAUSSIAN],
  ["a matrix-valued kernel", COUPLED],
])("exact ones, of %s, are limits of differences", (_, formula) => {
  const K = systemOf(formula);
  const x = rand([20, 2], { dtype: "float64", seed: 1 });
  const b = zeros([20, 2], { dtype: "float64" });
  const value = (g: number, alpha: number): number => K.logdet(x, x, b, g, { alpha }).value;
  const [dx, dg, da] = derivatives(formula, x, 3, 0.1, {});
  expect(dg).toBeCloseTo(
    difference((g) => value(g, 0.1), 3, 1e-5),
    6,
  );
  expect(da).toBeCloseTo(
    difference((alpha) => value(3, alpha), 0.1, 1e-6),
    5,
  );
  const moved = (t: number): number => {
    const at = x.get(7, 1);
    x.set(7, 1, t);
    const found = value(3, 0.1);
    x.set(7, 1, at);
    return found;
  };
  expect(dx[7 * 2 + 1]).toBeCloseTo(difference(moved, x.get(7, 1), 1e-5), 6);
});

type Derivatives = readonly [dx: ArrayLike<number>, dg: number, dalpha: number];

/** By x, g and alpha. */
function derivatives(
  formula: string,
  points: RealArray,
  g: number,
  alpha: number,
  options: LogdetOptions,
): Derivatives {
  const dtype = points.data instanceof Float32Array ? "float32" : "float64";
  const [x, gs, as] = [points, array([g], { dtype }), array([alpha], { dtype })].map(ready) as [
    RealArray,
    RealArray,
    RealArray,
  ];
  const b = zeros([x.shape[0]!, 2], { dtype });
  const { array: value } = systemOf(formula).logdet(x, x, b, gs, { ...options, alpha: as });
  const [dx, dg, da] = grad(value, [x, gs, as]);
  return [dx.data, dg.data[0]!, da.data[0]!] as const;
}

test.each(["float32", "float64"] as const)("estimated ones, in %s, are near the exact ones", (dtype) => {
  const x = rand([300, 2], { dtype, seed: 1 });
  const exact = derivatives(GAUSSIAN, x, 20, 0.05, { method: "direct" });
  const estimated = derivatives(GAUSSIAN, x, 20, 0.05, { method: "lanczos", probes: 64 });
  expect(estimated[1]).not.toBe(exact[1]);
  expect(Math.abs(estimated[1] / exact[1] - 1)).toBeLessThanOrEqual(0.05);
  expect(Math.abs(estimated[2] / exact[2] - 1)).toBeLessThanOrEqual(0.05);
});

test("estimated ones by points approach the exact ones as the square root of the number of vectors", () => {
  const x = rand([100, 2], { dtype: "float64", seed: 1 });
  const [exact] = derivatives(GAUSSIAN, x, 20, 1, { method: "direct" });
  const [few, many] = [64, 1024].map((probes) => {
    const [estimated] = derivatives(GAUSSIAN, x, 20, 1, { method: "lanczos", probes });
    return relative(estimated, exact);
  });
  expect(many! / few!).toBeLessThanOrEqual(0.4); // 0.25 on average
});

/** ‖a - b‖ / ‖b‖ */
function relative(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const [of, to] = [Array.from(a), Array.from(b)];
  return Math.hypot(...of.map((value, n) => value - to[n]!)) / Math.hypot(...to);
}

test("estimated ones are the same to the bit whenever they are asked for", () => {
  const x = ready(rand([60, 2], { dtype: "float64", seed: 1 }));
  const b = zeros([60, 2], { dtype: "float64" });
  const { array: value } = systemOf(GAUSSIAN).logdet(x, x, b, 20, { alpha: 0.05, method: "lanczos" });
  const [once, again] = [grad(value, [x])[0], grad(value, [x])[0]];
  expect(again.data).toEqual(once.data);
});

test("second derivatives are refused, as there are none", () => {
  const g = ready(scalar(4));
  const x = rand([10, 2], { dtype: "float64", seed: 1 });
  const { array: value } = systemOf(GAUSSIAN).logdet(x, x, zeros([10, 2], { dtype: "float64" }), g, { alpha: 0.1 });
  expect(() => grad(value, [g], undefined, { createGraph: true })).toThrow(/^grad of logdet: expected no createGraph/);
});

test("a ridge in an array of any shape gets its gradient in that shape", () => {
  const alpha = ready(array([[0.1]], { dtype: "float64" }));
  const x = rand([10, 2], { dtype: "float64", seed: 1 });
  const { array: value } = systemOf(GAUSSIAN).logdet(x, x, zeros([10, 2], { dtype: "float64" }), 4, { alpha });
  expect(grad(value, [alpha])[0].shape).toEqual([1, 1]);
});

test("in the background the ridge is what it was at the call", async () => {
  const alpha = array([0.1], { dtype: "float64" });
  const x = rand([40, 2], { dtype: "float64", seed: 1 });
  const b = zeros([40, 2], { dtype: "float64" });
  const { value } = systemOf(GAUSSIAN).logdet(x, x, b, 4, { alpha: 0.1 });
  const later = systemOf(GAUSSIAN).logdet.async(x, x, b, 4, { alpha });
  alpha.set(0, 100);
  expect((await later).value).toBe(value);
});

test("the marginal likelihood of a Gaussian process has a derivative of both its parts", () => {
  const K = systemOf(GAUSSIAN);
  const x = rand([50, 2], { dtype: "float64", seed: 1 });
  const b = randn([50, 2], { dtype: "float64", seed: 2 });
  const nll = (g: RealArray): RealArray => {
    const misfit = dense.sum(dense.mul(b, K(x, x, b, g, { alpha: 0.1, rtol: 1e-12, eps: 0 })));
    return dense.add(dense.reshape(misfit, [1]), K.logdet(x, x, b, g, { alpha: 0.1 }).array);
  };
  const g = ready(scalar(4));
  const [dg] = grad(nll(g), [g]);
  expect(dg.data[0]).toBeCloseTo(
    difference((t) => nll(scalar(t)).get(0), 4, 1e-5),
    5,
  );
});
