/** Derivatives of log-determinants: against differences, against each other, and where they are refused. */
import { KernelSolve, array, grad, nd, rand, randn, requiresGrad, zeros } from "../../src/index";
import type { KernelSolveFunction, LogdetOptions, RealArray } from "../../src/index";
import { ALIASES, GAUSSIAN } from "../helpers/systems";

const COUPLED = "Exp(-g * SqDist(x, y)) * MatVecMult(TensorProd(x - y, x - y), b) + 3 * Exp(-g * SqDist(x, y)) * b";
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

test.each([
  ["float32", "auto", 0.005],
  ["float64", "auto", 0.005],
  ["float64", "none", 0.1],
] as const)("estimated ones, in %s with preconditioner %s, are near the exact ones", (dtype, preconditioner, most) => {
  const x = rand([300, 2], { dtype, seed: 1 });
  const exact = derivatives(GAUSSIAN, x, 20, 0.05, { method: "direct" });
  const estimated = derivatives(GAUSSIAN, x, 20, 0.05, { method: "lanczos", probes: 64, preconditioner });
  expect(estimated[1]).not.toBe(exact[1]);
  expect(Math.abs(estimated[1] / exact[1] - 1)).toBeLessThanOrEqual(most);
  expect(Math.abs(estimated[2] / exact[2] - 1)).toBeLessThanOrEqual(most);
  expect(relative(estimated[0], exact[0])).toBeLessThanOrEqual(preconditioner === "auto" ? 0.2 : 30);
});

test("a full-rank preconditioner leaves nothing to chance", () => {
  const x = rand([60, 2], { dtype: "float64", seed: 1 });
  const exact = derivatives(GAUSSIAN, x, 5, 0.05, { method: "direct" });
  const estimated = derivatives(GAUSSIAN, x, 5, 0.05, { method: "lanczos", preconditioner: { rank: 60 } });
  expect(relative(estimated[0], exact[0])).toBeLessThanOrEqual(1e-5);
  expect(Math.abs(estimated[1] / exact[1] - 1)).toBeLessThanOrEqual(1e-6);
  expect(Math.abs(estimated[2] / exact[2] - 1)).toBeLessThanOrEqual(1e-6);
});

describe("error bars of estimated ones", () => {
  const x = rand([80, 2], { dtype: "float64", seed: 1 });
  const b = zeros([80, 2], { dtype: "float64" });
  const found = (options: LogdetOptions): { x: RealArray; g: RealArray; bars: ReadonlyMap<RealArray, RealArray> } => {
    const [own, g] = [ready(nd.mul(x, 1)), ready(scalar(20))];
    const result = systemOf(GAUSSIAN).logdet(own, own, b, g, { alpha: 0.05, ...options });
    expect(result.gradientErrors.size).toBe(0);
    grad(result.array, [own, g]);
    return { x: own, g, bars: result.gradientErrors };
  };

  test("are told for each input, in its shape", () => {
    const { x: own, g, bars } = found({ method: "lanczos" });
    expect([bars.get(own)?.shape, bars.get(g)?.shape, bars.size]).toEqual([[80, 2], [1], 2]);
  });

  test("are none where the derivative is exact", () => {
    expect(found({ method: "direct" }).bars.size).toBe(0);
  });

  test("are honest: the mean square of errors over bars is about one", () => {
    const exact = derivatives(GAUSSIAN, x, 20, 0.05, { method: "direct" })[1];
    const squares = Array.from({ length: 20 }, (_, seed) => {
      const options: LogdetOptions = { method: "lanczos", preconditioner: { rank: 20 }, probes: 64, seed };
      const { g, bars } = found(options);
      return ((derivatives(GAUSSIAN, x, 20, 0.05, options)[1] - exact) / bars.get(g)!.get(0)) ** 2;
    });
    const mean = squares.reduce((sum, square) => sum + square, 0) / squares.length;
    expect(mean).toBeGreaterThan(0.3);
    expect(mean).toBeLessThan(3);
  });
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
  const { array: value } = systemOf(GAUSSIAN).logdet(x, x, b, 20, { alpha: 0.05, method: "lanczos", compile: "never" });
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
    const misfit = nd.sum(nd.mul(b, K(x, x, b, g, { alpha: 0.1, rtol: 1e-12, eps: 0 })));
    return nd.add(nd.reshape(misfit, [1]), K.logdet(x, x, b, g, { alpha: 0.1 }).array);
  };
  const g = ready(scalar(4));
  const [dg] = grad(nll(g), [g]);
  expect(dg.data[0]).toBeCloseTo(
    difference((t) => nll(scalar(t)).get(0), 4, 1e-5),
    5,
  );
});

describe("exact ones are limits of differences of eliminations in plain numbers", () => {
  const POINTS = 40;
  const x = rand([POINTS, 2], { dtype: "float64", seed: 3 });
  const b = zeros([POINTS, 2], { dtype: "float64" });
  const [weights, alpha] = [[4, 7], 0.2] as const;

  /** log det (K + alpha I) by Gaussian elimination, K of an entry for (rows, columns) of the points. */
  function logdetOf(entry: (i: number, j: number) => number, ridge: number): number {
    const a = Array.from({ length: POINTS }, (_, i) =>
      Array.from({ length: POINTS }, (_value, j) => entry(i, j) + (i === j ? ridge : 0)),
    );
    let sum = 0;
    for (let k = 0; k < POINTS; k++) {
      sum += Math.log(a[k]![k]!);
      for (let i = k + 1; i < POINTS; i++)
        for (let j = POINTS - 1; j >= k; j--) a[i]![j]! -= (a[i]![k]! / a[k]![k]!) * a[k]![j]!;
    }
    return sum;
  }
  const gaussian = (w: readonly number[], p: RealArray, i: number, j: number): number =>
    Math.exp(-w[0]! * (p.get(i, 0) - p.get(j, 0)) ** 2 - w[1]! * (p.get(i, 1) - p.get(j, 1)) ** 2);
  /** Of two blocks of points, pairs of one block alone. */
  const halves = (i: number, j: number): number => Number(i < 25 === j < 25);
  const blocks = Int32Array.of(0, 25, 25, 40);
  const ranges = [blocks, Int32Array.of(1, 2), blocks, blocks, Int32Array.of(1, 2), blocks] as const;

  test.each([
    ["over j", "x = Vi(2)", "y = Vj(2)", "b = Vj(2)", 1, false],
    ["over i", "y = Vj(2)", "x = Vi(2)", "b = Vi(2)", 0, false],
    ["over ranges", "x = Vi(2)", "y = Vj(2)", "b = Vj(2)", 1, true],
  ] as const)("%s, by a vector of parameters, points, and the ridge", (_, first, second, right, axis, isBlocked) => {
    const formula = "Exp(-Sum(w * Square(x - y))) * b";
    const K = KernelSolve(formula, [first, second, right, "w = Pm(2)"], "b", { axis });
    const [points, w, ridge] = [
      ready(array(x)),
      ready(array([...weights], { dtype: "float64" })),
      ready(scalar(alpha)),
    ];
    const options = { alpha: ridge, ...(isBlocked && { ranges }) };
    const { array: value } = K.logdet(points, points, b, w, options);
    const [dx, dw, da] = grad(value, [points, w, ridge]);
    const part = isBlocked ? halves : (): number => 1;
    const at = (ws: readonly number[], p: RealArray, a: number): number =>
      logdetOf((i, j) => part(i, j) * gaussian(ws, p, i, j), a);
    expect(value.get(0)).toBeCloseTo(at(weights, x, alpha), 9);
    for (const k of [0, 1]) {
      const moved = (t: number): number => at(k === 0 ? [t, weights[1]] : [weights[0], t], x, alpha);
      expect(dw.get(k)).toBeCloseTo(difference(moved, weights[k]!, 1e-4), 6);
    }
    expect(da.get(0)).toBeCloseTo(
      difference((t) => at(weights, x, t), alpha, 1e-4),
      4,
    );
    const other = array(x) as RealArray;
    const nudged = (t: number): number => {
      other.set(30, 1, t);
      return at(weights, other, alpha);
    };
    expect(dx.get(30, 1)).toBeCloseTo(difference(nudged, x.get(30, 1), 1e-5), 5);
  });

  test("of a kernel that does not depend on an argument they are 0", () => {
    const K = KernelSolve(
      "Exp(-SqDist(x, y)) * b + 0 * w * b",
      ["x = Vi(2)", "y = Vj(2)", "b = Vj(2)", "w = Pm(1)"],
      "b",
      {
        axis: 1,
      },
    );
    const w = ready(scalar(3));
    const { array: value } = K.logdet(x, x, b, w, { alpha });
    expect([...grad(value, [w])[0].data]).toEqual([0]);
  });
});
