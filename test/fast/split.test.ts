/** Sums with a tolerance through the doors: the error is kept, gradients too, and plans are told and kept. */
import * as t from "../../src/index";
import type { RealArray } from "../../src/array/view";
import { apart, list } from "../helpers/numbers";
import { passFirstPlans } from "../helpers/plans";
import { someRows } from "../helpers/rows";
import { leaveAvx512Out } from "../helpers/widths";

beforeAll(passFirstPlans);

leaveAvx512Out();

const COUNT = 18_000;
/** So many that near pairs pay. */
const MANY = 60_000;
/** More than sums of all pairs differ by that are added in another order. */
const ROUNDED = 1e-11;

const wide = { dtype: "float64" } as const;
const points = (dim: number, seed: number, count = COUNT) => t.rand([count, dim], { ...wide, seed });
const weights = (dim: number, seed: number, count = COUNT) => t.randn([count, dim], { ...wide, seed });

const GAUSSIAN = t.Genred("Exp(-g*SqDist(x,y))*b", ["x=Vi(2)", "y=Vj(2)", "b=Vj(2)", "g=Pm(1)"], { axis: 1 });
const g = t.array([20], wide);

test("a sum keeps its tolerance, and its plan says how", () => {
  const [x, y, b] = [points(2, 1), points(2, 2, 20_000), weights(2, 3, 20_000)];
  const plan = GAUSSIAN.plan(x, y, b, g, { tolerance: 1e-5 });
  expect(plan).toMatchObject({ method: "split", whyDirect: null, pairsLeft: 0, pairs: COUNT * 20_000 });
  expect(plan.details).toMatchObject({ tolerance: 1e-5, radius: 0 });
  const error = apart(someRows(GAUSSIAN(x, y, b, g, { tolerance: 1e-5 })), GAUSSIAN(someRows(x), y, b, g));
  expect(error).toBeLessThan(1e-5);
  expect(error).toBeGreaterThan(0);
});

test("points of four components keep their tolerance, and so do gradients", () => {
  const K = t.Genred("Exp(-g*SqDist(x,y))*b", ["x=Vi(4)", "y=Vj(4)", "b=Vj(1)", "g=Pm(1)"], { axis: 1 });
  const [x, y, b, wider] = [points(4, 1), points(4, 2), weights(1, 3), t.array([5], wide)];
  expect(K.plan(x, y, b, wider, { tolerance: 1e-3 })).toMatchObject({ method: "split", whyDirect: null, pairsLeft: 0 });
  const error = apart(someRows(K(x, y, b, wider, { tolerance: 1e-3 })), K(someRows(x), y, b, wider));
  expect(error).toBeLessThan(1e-3);
  expect(error).toBeGreaterThan(0);
  const e = weights(1, 4);
  const gradient = (at: RealArray, weight: RealArray, how = {}): RealArray =>
    t.grad(K(t.requiresGrad(at), y, b, wider, how), [at], weight)[0];
  const fast = gradient(x, e, { tolerance: 1e-3 });
  expect(apart(someRows(fast), gradient(someRows(x), someRows(e)))).toBeLessThan(1e-3);
});

const KERNELS: Readonly<Record<string, string>> = {
  Laplacian: "Exp(-g*Norm2(x-y))*b",
  Coulomb: "Rsqrt(SqDist(x,y))*(g*b)",
};

test.each(Object.keys(KERNELS))("a %s sum keeps its tolerance with near pairs", (name) => {
  const K = t.Genred(KERNELS[name]!, ["x=Vi(2)", "y=Vj(2)", "b=Vj(2)", "g=Pm(1)"], { axis: 1 });
  const [x, b] = [points(2, 1, MANY), weights(2, 3, MANY)];
  const plan = K.plan(x, x, b, g, { tolerance: 1e-6 });
  expect(plan.method).toBe("split");
  expect(plan.details["radius"]).toBeGreaterThan(0);
  expect(plan.pairsLeft).toBeLessThan(plan.pairs / 4);
  const got = K(x, x, b, g, { tolerance: 1e-6 });
  expect(apart(someRows(got), K(someRows(x), x, b, g))).toBeLessThan(1e-6);
});

test("float32 sums keep 1e-3, and in double precision on the grid 1e-5", () => {
  const [x, b] = [points(2, 1, 30_000), weights(2, 3, 30_000)];
  const [x32, b32, g32] = [x, b, g].map((array) => t.astype(array, "float32")) as [RealArray, RealArray, RealArray];
  const exact = GAUSSIAN(someRows(x32), t.astype(x32, "float64"), t.astype(b32, "float64"), g);
  for (const tolerance of [1e-3, 3e-6]) {
    const got = GAUSSIAN(x32, x32, b32, g32, { tolerance });
    expect(got.data).toBeInstanceOf(Float32Array);
    expect(apart(someRows(got), exact)).toBeLessThan(tolerance);
  }
});

test("means are sums over how many columns there are", () => {
  const K = t.Genred("Exp(-g*SqDist(x,y))*b", ["x=Vi(2)", "y=Vj(2)", "b=Vj(2)", "g=Pm(1)"], {
    axis: 1,
    reductionOp: "Mean",
  });
  const [x, b] = [points(2, 1), weights(2, 3)];
  expect(K.plan(x, x, b, g, { tolerance: 1e-4 }).method).toBe("split");
  const got = K(x, x, b, g, { tolerance: 1e-4 });
  expect(apart(someRows(got), K(someRows(x), x, b, g))).toBeLessThan(1e-4);
});

test("sums over i give a row for each j", () => {
  const K = t.Genred("Exp(-g*SqDist(x,y))*u", ["x=Vi(2)", "y=Vj(2)", "u=Vi(2)", "g=Pm(1)"], { axis: 0 });
  const [x, y, u] = [points(2, 1), points(2, 2), weights(2, 3)];
  expect(K.plan(x, y, u, g, { tolerance: 1e-4 }).method).toBe("split");
  expect(apart(someRows(K(x, y, u, g, { tolerance: 1e-4 })), K(x, someRows(y), u, g))).toBeLessThan(1e-4);
});

test("equal calls have equal bits, also in the background", async () => {
  const [x, b] = [points(2, 1), weights(2, 3)];
  const once = list(GAUSSIAN(x, x, b, g, { tolerance: 1e-4 }));
  const isSame = (sums: RealArray): boolean => list(sums).every((value, n) => Object.is(value, once[n]));
  expect(isSame(GAUSSIAN(x, x, b, g, { tolerance: 1e-4 }))).toBe(true);
  expect(isSame(await GAUSSIAN.async(x, x, b, g, { tolerance: 1e-4 }))).toBe(true);
});

test("points that have changed are noticed, and other weights are taken", () => {
  const [x, b] = [points(2, 1), weights(2, 3)];
  GAUSSIAN(x, x, b, g, { tolerance: 1e-4 });
  for (let n = 0; n < x.data.length; n++) x.data[n] = x.data[n]! ** 2;
  b.data.fill(1);
  const got = GAUSSIAN(x, x, b, g, { tolerance: 1e-4 });
  expect(apart(someRows(got), GAUSSIAN(someRows(x), x, b, g))).toBeLessThan(1e-4);
});

/** First derivatives by x, y, b and g, and second ones by x, y and b. */
function derivatives([x, y, b, e, d]: readonly RealArray[], options = {}): RealArray[] {
  const inputs = [x!, y!, b!, g].map((array) => t.requiresGrad(array));
  const first = t.grad(GAUSSIAN(x!, y!, b!, g, options), inputs, e, { createGraph: true });
  return [...first, ...t.grad(first[0]!, inputs.slice(0, 3), d)];
}

test("all gradients of a call with a tolerance have it, and second ones", () => {
  const [x, y, b] = [points(2, 1), points(2, 2), weights(2, 3)];
  const [e, d] = [weights(2, 4), weights(2, 5)];
  const exact = t.noGrad(() => GAUSSIAN(x, y, b, g)); // not recorded
  expect(exact.shape).toEqual([COUNT, 2]);
  const [byX, byY, byB, byG, ...second] = derivatives([x, y, b, e, d], { tolerance: 1e-4 });
  const ofRows = derivatives([someRows(x), y, b, someRows(e), someRows(d)]);
  const ofColumns = derivatives([x, someRows(y), someRows(b), e, d]);
  for (const [n, array] of [byX!, byY!, byB!, ...second].entries()) {
    expect(array.shape).toEqual([x, y, b][n % 3]!.shape);
    const place = n < 3 ? n : n + 1;
    const error = apart(someRows(array), (n % 3 === 0 ? ofRows : ofColumns)[place]!);
    expect(error).toBeLessThan(2e-4);
    expect(error).toBeGreaterThan(ROUNDED);
  }
  const [direct] = t.grad(GAUSSIAN(x, y, b, t.requiresGrad(g)), [g], e);
  expect(apart(byG!, direct)).toBeLessThan(2e-4);
});

test("lazy tensors pass the tolerance on", () => {
  const [x, y, b] = [points(2, 1), points(2, 2), weights(1, 3)];
  const [K, some] = [x, someRows(x)].map((rows) => t.Vi(rows).sqdist(t.Vj(y)).mul(-20).exp());
  const pairs = [
    [K!.matmul(b, { tolerance: 1e-4 }), some!.matmul(b)],
    [K!.sum({ axis: 1, tolerance: 1e-4 }), some!.sum({ axis: 1 })],
  ] as const;
  for (const [fast, direct] of pairs) {
    const error = apart(someRows(fast), direct);
    expect(error).toBeGreaterThan(ROUNDED);
    expect(error).toBeLessThan(1e-4);
  }
});
