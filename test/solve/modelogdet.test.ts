/**
 * Log-determinants, eigenpairs and several ridges with `tolerance: "auto"`: against dense matrices and exact solves, and
 * where they are computed exactly.
 */
import { KernelSolve, Vi, Vj, array, grad, nd, rand, randn, requiresGrad } from "../../src";
import type { LogdetOptions, RealArray } from "../../src";
import { describeWidths, inOwnWidth, leaveAvx512Out } from "../helpers/widths";
import { apart, norm, wide } from "../helpers/numbers";

// Compiled in the background, a formula changes its rounding from one call to the next.
process.env["TSKEOPS_COMPILE"] = "never";

const ALIASES = ["x=Vi(2)", "y=Vj(2)", "b=Vj(1)", "g=Pm(1)"] as const;
const GAUSSIAN = "Exp(-g*SqDist(x,y))*b";
const K = KernelSolve(GAUSSIAN, ALIASES, "b", { axis: 1 });
const auto = { tolerance: "auto" } as const;
const N = 2100;
const points = (n = N, dim = 2): RealArray => rand([n, dim], { ...wide, seed: 1 });
const right = (n = N): RealArray => randn([n, 1], { ...wide, seed: 2 });

describeWidths("a log-determinant in the space of modes", () => {
  test.each([
    [20, 1e-2],
    [20, 1e-5],
  ])("is that of Cholesky (g = %p, alpha = %p)", (g, alpha) => {
    const x = points();
    const { array: value, ...found } = K.logdet(x, x, right(), g, { alpha, ...auto });
    const exact = K.logdet(x, x, right(), g, { alpha, method: "direct" });
    expect(found).toMatchObject({ method: "modes", standardError: 0, probes: 0, checkedRows: 200, whyExact: null });
    expect(value.get(0)).toBe(found.value);
    expect(found.residual).toBeLessThan(1e-6);
    expect(Math.abs(found.value - exact.value)).toBeLessThan(1e-7 * N); // 0.1 of what the residual allows
  });
});

describe("the derivative of a log-determinant in the space of modes", () => {
  test.each<[string, string, readonly string[], number[]]>([
    ["a Gaussian", GAUSSIAN, ALIASES, [20]],
    ["a kernel with a scale of its own for each axis", "Exp(-SqDist(g*x,g*y))*b", ["x=Vi(2)", "y=Vj(2)", "b=Vj(1)", "g=Pm(2)"], [5, 2]], // prettier-ignore
    ["points in two arguments", "Exp(-g*(SqDist(x,y)+3*SqDist(u,v)))*b", ["x=Vi(1)", "y=Vj(1)", "b=Vj(1)", "g=Pm(1)", "u=Vi(1)", "v=Vj(1)"], [10]], // prettier-ignore
  ])("is that of the inverse of %s, by every argument and by alpha", (_, formula, aliases, parameters) => {
    const n = 800;
    const Kinv = KernelSolve(formula, aliases, "b", { axis: 1 }) as unknown as typeof K;
    const [x, u] = [points(n, aliases.length > 4 ? 1 : 2), rand([n, 1], { ...wide, seed: 4 })].map((one) => requiresGrad(one)) as [RealArray, RealArray]; // prettier-ignore
    const [g, alpha] = [parameters, [1e-2]].map((one) => requiresGrad(array(one, wide))) as [RealArray, RealArray];
    const own = aliases.length > 4 ? [u, u] : [];
    const wanted = [x, g, alpha, ...own.slice(0, 1)];
    const gradients = (options: LogdetOptions): RealArray[] => {
      const args = [x, x, right(n), g, ...own, { alpha, ...options }] as unknown as Parameters<typeof K.logdet>;
      const found = Kinv.logdet(...args);
      expect(found.method).toBe(options.tolerance ? "modes" : "direct");
      return grad(found.array, wanted);
    };
    const [fast, exact] = [gradients(auto), gradients({ method: "direct" })];
    fast.forEach((one, k) => {
      expect(one.shape).toEqual(exact[k]!.shape);
      expect(apart(one, exact[k]!)).toBeLessThan(2e-5);
    });
  });

  test("is that of finite differences of the value itself", () => {
    const x = points();
    const valueAt = (g: number): number => K.logdet(x, x, right(), g, { alpha: 1e-2, ...auto }).value;
    const g = requiresGrad(array([20], wide));
    const [slope] = grad(K.logdet(x, x, right(), g, { alpha: 1e-2, ...auto }).array, [g]);
    const step = 0.5;
    const fourth = (8 * (valueAt(20 + step) - valueAt(20 - step)) - valueAt(20 + 2 * step) + valueAt(20 - 2 * step)) / (12 * step); // prettier-ignore
    expect(slope.get(0) / fourth - 1).toBeLessThan(1e-5);
    expect(slope.get(0) / fourth - 1).toBeGreaterThan(-1e-5);
  });
});

describe('what is computed exactly with tolerance: "auto", and says why', () => {
  const x = points(600);
  test.each<[string, LogdetOptions, RegExp]>([
    ["Exp(-g*Norm2(x-y))*b", {}, /not smooth/],
    [GAUSSIAN, { method: "lanczos" }, /it asks for a method or a preconditioner/],
    [GAUSSIAN, { alpha: 1e-12, method: "direct" }, /it asks for a method/],
    ["Exp(-g*SqDist(x,y)-Square(x|y))*b", {}, /no function of differences/],
    ["Exp(-g*SqDist(x,y))*(b-2*g*((x-y)|b)*(x-y))", {}, /no kernel times the unknown/],
  ])("a log-determinant of %s, %p", (formula, options, why) => {
    const dim = formula.includes("|b") ? 2 : 1;
    const Kinv = KernelSolve(formula, ["x=Vi(2)", "y=Vj(2)", `b=Vj(${dim})`, "g=Pm(1)"], "b", { axis: 1 });
    const b = rand([dim === 2 ? 100 : 600, dim], { ...wide, seed: 2 });
    const own = dim === 2 ? points(100) : x;
    const asked = { alpha: 1, ...options };
    const ask = (more: LogdetOptions): ReturnType<typeof K.logdet> => Kinv.logdet(own, own, b, array([20], wide), more);
    const { whyExact, value, checkedRows } = ask({ ...asked, ...auto });
    expect(whyExact).toMatch(why);
    expect([value, checkedRows]).toEqual([ask(asked).value, 0]);
  });

  test("a trace, which takes one sweep over the points", () => {
    const [fast, exact] = [auto, {}].map((options) => K.trace(x, x, right(600), 20, { alpha: 0.5, ...options }));
    expect(fast!.whyExact).toBe("the diagonal takes one sweep over the points");
    expect(exact!).toEqual({ value: fast!.value, standardError: 0, whyExact: null });
  });
});

describe("eigenpairs with products that are not exact", () => {
  leaveAvx512Out();

  test.each([
    [GAUSSIAN, 2500, "modes"],
    ["Exp(-g*Norm2(x-y))*b", 8000, "split"],
  ] as const)("of %s, %i points, are those of exact ones (%s)", (formula, n, products) => {
    const Kinv = KernelSolve(formula, ALIASES, "b", { axis: 1 });
    const x = points(n);
    const fast = Kinv.eigsh(3, x, x, right(n), 3, { ...auto, rtol: 1e-6 });
    expect(fast).toMatchObject({ products, checkedRows: 200, whyExact: null });
    expect(Math.max(...fast.residuals)).toBeLessThan(1e-6);
    const exact = inOwnWidth(() => Kinv.eigsh(3, x, x, right(n), 3, { rtol: 1e-7 }));
    expect(exact).toMatchObject({ products: "exact", checkedRows: 0, whyExact: null });
    expect(apart(fast.values, exact.values)).toBeLessThan(1e-6);
  });

  test("are exact where nothing else is, and say why", () => {
    const x = points(100);
    const found = K.eigsh(2, x, x, right(100), 3, auto);
    expect(found).toMatchObject({
      products: "exact",
      whyExact: expect.stringMatching(/less time than a plan/) as string,
    });
    expect(found.values.data).toEqual(K.eigsh(2, x, x, right(100), 3).values.data);
  });
});

describe("several ridges in one space of modes", () => {
  const alphas = [1e-2, 1, 0.1];

  test("have the solutions of exact solves, and say what they took", () => {
    const x = points(3000);
    const b = right(3000);
    const found = K.shifted.report(alphas, x, x, b, 50, auto);
    for (const [s, report] of found.entries()) {
      expect(report).toMatchObject({ method: "modes", products: "modes", checkedRows: 200, whyExact: null });
      expect(report.rank).toBe(found[0]!.rank);
      expect(report.residual).toBeLessThanOrEqual(1e-6);
      const alone = K(x, x, b, 50, { alpha: alphas[s]!, eps: 1e-9 });
      expect(apart(report.solution, alone)).toBeLessThan((1e-6 / alphas[s]!) * (norm(b.data) / norm(alone.data)));
    }
  });

  test("share exact products where there are no modes, and say why", () => {
    const x = points(1100);
    const b = right(1100);
    const laplacian = KernelSolve("Exp(-g*Norm2(x-y))*b", ALIASES, "b", { axis: 1 });
    const found = laplacian.shifted.report(alphas, x, x, b, 3, { ...auto, method: "cg" });
    for (const { method, whyExact } of found) {
      expect(method).toBe("cg");
      expect(whyExact).toBe("it asks for a method or a preconditioner");
    }
    const exact = laplacian.shifted(alphas, x, x, b, 3, { method: "cg" });
    expect(found.map(({ solution }) => solution.data)).toEqual(exact.map(({ data }) => data));
  });
});

test('lazy tensors take tolerance: "auto", in solves, log-determinants and eigenpairs', () => {
  const [x, b] = [points(3000, 1), right(3000)];
  const S = Vi(x).sqdist(Vj(x)).mul(-50).exp();
  const found = S.report(b, { alpha: 1e-2, ...auto });
  expect(found).toMatchObject({ method: "modes", products: "modes", checkedRows: 200, whyExact: null });
  const left = nd.sub(nd.add(S.matmul(found.solution), nd.mul(found.solution, 1e-2)), b);
  expect(norm(left.data) / norm(b.data)).toBeLessThan(1e-6);
  expect(S.logdet({ alpha: 1e-2, ...auto }).method).toBe("modes");
  expect(S.eigsh(2, { ...auto, rtol: 1e-6 }).products).toBe("modes");
});
