/** What solves return: reports tell the residual of that array, and poor solutions are told. */
import { ConvergenceError } from "../../src/errors";
import { KernelSolve, array, grad, rand, randn, requiresGrad, zeros } from "../../src/index";
import type { Dtype, RealArray, SolveOptions } from "../../src/index";
import { ALIASES, GAUSSIAN } from "../helpers/systems";

const K = KernelSolve(GAUSSIAN, ALIASES, "b", { axis: 1 });

const points = (n: number, dtype: Dtype): RealArray<Float32Array> =>
  rand([n, 2], { dtype, seed: 1 }) as RealArray<Float32Array>;
const random = (n: number, dtype: Dtype): RealArray<Float32Array> =>
  randn([n, 2], { dtype, seed: 2 }) as RealArray<Float32Array>;

/** The largest ‖b - (K + alpha I) a‖ / ‖b‖ of the columns, in plain float64 loops. */
function residualOf(x: RealArray, a: RealArray, b: RealArray, g: number, alpha: number): number {
  const n = x.shape[0]!;
  const [left, right] = [new Float64Array(2), new Float64Array(2)];
  for (let i = 0; i < n; i++) {
    const sums = [alpha * a.get(i, 0), alpha * a.get(i, 1)];
    for (let j = 0; j < n; j++) {
      const k = Math.exp(-g * ((x.get(i, 0) - x.get(j, 0)) ** 2 + (x.get(i, 1) - x.get(j, 1)) ** 2));
      for (const c of [0, 1]) sums[c]! += k * a.get(j, c);
    }
    for (const c of [0, 1]) {
      left[c]! += (b.get(i, c) - sums[c]!) ** 2;
      right[c]! += b.get(i, c) ** 2;
    }
  }
  return Math.max(Math.sqrt(left[0]! / right[0]!), Math.sqrt(left[1]! / right[1]!));
}

let warned: jest.SpyInstance;
beforeEach(() => {
  warned = jest.spyOn(process, "emitWarning").mockImplementation();
});
afterEach(() => {
  warned.mockRestore();
});
const messages = (): string[] => warned.mock.calls.map(([message]) => String(message));

const WAYS: Readonly<Record<string, SolveOptions>> = {
  direct: { method: "direct" },
  "conjugate gradients": { method: "cg" },
  "iterations in float32": { method: "cg", precision: "float32" },
  MINRES: { symmetry: "indefinite" },
  GMRES: { symmetry: "none" },
};

describe.each<Dtype>(["float32", "float64"])("the residual of %s data", (dtype) => {
  const [x, b] = [points(300, dtype), random(300, dtype)];
  const expectTold = (told: number, solution: RealArray, alpha: number, right: RealArray = b): void => {
    const found = residualOf(x, solution, right, 50, alpha);
    expect(Math.abs(told - found)).toBeLessThanOrEqual(1e-3 * found + 1e-12);
  };

  test.each(Object.entries(WAYS))("is that of the array that is returned, by %s", (_, options) => {
    const { residual, solution, converged } = K.report(x, x, b, 50, { alpha: 0.01, ...options });
    expectTold(residual, solution, 0.01);
    if (residual > 1.1e-6) expect(converged).toBe("precision");
    if (dtype === "float32") expect(residual).toBeGreaterThan(1e-6);
  });

  test("is so in promises, for several ridges, and the largest of a batch", async () => {
    const later = await K.report.async(x, x, b, 50, { alpha: 0.01 });
    expectTold(later.residual, later.solution, 0.01);
    for (const method of ["cg", "direct"] as const)
      K.shifted.report([0.01, 0.1], x, x, b, 50, { method }).forEach(({ residual, solution }, s) => {
        expectTold(residual, solution, [0.01, 0.1][s]!);
      });
    const rights = [b, randn([300, 2], { dtype, seed: 3 }) as RealArray<Float32Array>];
    const both = zeros([2, 300, 2], { dtype }) as RealArray<Float32Array>;
    rights.forEach((right, n) => both.data.set(right.data, 600 * n));
    const batch = zeros([1, 300, 2], { dtype }) as RealArray<Float32Array>;
    batch.data.set(x.data);
    const { residual, solution } = K.report(batch, batch, both, array([50], { dtype }), { alpha: 0.01 });
    const entries = rights.map((right, n) => {
      const own = zeros([300, 2], { dtype });
      own.data.set(solution.data.subarray(600 * n, 600 * (n + 1)));
      return residualOf(x, own, right, 50, 0.01);
    });
    const most = Math.max(...entries);
    expect(Math.abs(residual - most)).toBeLessThanOrEqual(1e-3 * most + 1e-12);
  });
});

describe("a solution that rounding keeps from its tolerance", () => {
  const solve = (options: SolveOptions, n = 600): unknown => {
    const x = points(n, "float64");
    return K(x, x, random(n, "float64"), 50, options);
  };

  test("is told by a warning with a code, once for a formula and an alpha", () => {
    for (let times = 0; times < 3; times++) solve({ alpha: 1e-10 });
    expect(messages()).toEqual([
      expect.stringMatching(
        /^KernelSolve, alpha 1e-10: expected a relative residual of at most \S+, got \S+ after \d+ iterations/,
      ),
    ]);
    expect(warned).toHaveBeenCalledWith(
      expect.anything(),
      expect.objectContaining({ type: "KeopsWarning", code: "KEOPS_RESIDUAL" }),
    );
    solve({ alpha: 2e-10 });
    expect(messages()).toHaveLength(2);
  });

  test("is an error where that is wanted, with the solution", () => {
    let error: unknown;
    try {
      solve({ alpha: 3e-10, missed: "throw" });
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(ConvergenceError);
    const { residual, lastIterate } = error as ConvergenceError;
    const found = residualOf(points(600, "float64"), lastIterate as RealArray, random(600, "float64"), 50, 3e-10);
    expect(residual).toBeGreaterThan(1e-6);
    // At the limit, both are made of rounding errors to a good part.
    expect(found).toBeLessThanOrEqual(3 * residual);
    expect(found).toBeGreaterThanOrEqual(residual / 3);
    expect(messages()).toEqual([]);
  });

  test.each<SolveOptions>([
    { alpha: 4e-10, missed: "accept" },
    { alpha: 4e-10, eps: 0 },
    { alpha: 0.01 },
    { alpha: 0.01, method: "cg", precision: "float32" },
    { alpha: 0.01, eps: 1e-17 },
  ])("is not told with %p, where nothing is missed or nobody asks", (options) => {
    solve(options);
    expect(messages()).toEqual([]);
  });

  test("other words are refused", () => {
    expect(() => solve({ missed: "ignore" as "accept" }, 5)).toThrow(
      /^missed: expected "warn", "throw" or "accept", got the string "ignore"$/,
    );
  });
});

describe("a solution that float32 cannot hold", () => {
  const FORMS: Readonly<Record<string, (b: RealArray<Float32Array>, alpha: number) => unknown>> = {
    call: (b, alpha) => K(points(50, "float32"), points(50, "float32"), b, 50, { alpha }),
    solve: (b, alpha) => K.report(points(50, "float32"), points(50, "float32"), b, 50, { alpha }),
    promise: (b, alpha) => K.async(points(50, "float32"), points(50, "float32"), b, 50, { alpha }),
    "several ridges": (b, alpha) => K.shifted([alpha, 1], points(50, "float32"), points(50, "float32"), b, 50),
  };

  test.each(Object.entries(FORMS))("is an error, in the form of a %s", async (_, form) => {
    const b = zeros([50, 2]);
    b.data.fill(3e38);
    const attempt = (): Promise<unknown> => Promise.resolve().then(() => form(b, 1e-4));
    await expect(attempt()).rejects.toThrow(ConvergenceError);
    await expect(attempt()).rejects.toThrow(/expected a solution that float32 can hold, got larger numbers/);
    b.data.fill(1e30);
    await expect(attempt()).resolves.toBeDefined();
  });

  test("to any accuracy is told", () => {
    const [x, b] = [points(800, "float32"), random(800, "float32")];
    const solution = K(x, x, b, 49, { alpha: 1e-10 });
    expect(residualOf(x, solution, b, 49, 1e-10)).toBeGreaterThan(0.1);
    expect(messages()).toContainEqual(
      expect.stringMatching(/expected a solution that float32 can hold, got a relative residual of \S+ after rounding/),
    );
    expect(() => K(x, x, b, 49, { alpha: 1e-10, missed: "throw" })).toThrow(ConvergenceError);
  });
});

test("the option holds for the solves of derivatives, too", () => {
  const x = points(600, "float64");
  const b = requiresGrad(random(600, "float64"));
  grad(K(x, x, b, 50, { alpha: 6e-10, missed: "accept" }), [b], random(600, "float64"));
  expect(messages()).toEqual([]);
});
