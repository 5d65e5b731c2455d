/** Preconditioners and factorisations: that they solve what they claim for many kernels and points, what is chosen, and its algebra. */
import { Genred, KernelSolve, astype, dense, grad, rand, randn, requiresGrad } from "../src/index";
import type { Dtype, RealArray, SolveOptions } from "../src/index";
import { nativeAddon } from "../src/engine/native";

const ALIASES = ["x = Vi(2)", "y = Vj(2)", "b = Vj(2)", "g = Pm(1)"] as const;
const KERNELS = {
  Gaussian: "Exp(-g * SqDist(x, y)) * b",
  Laplacian: "Exp(-g * Norm2(x - y)) * b",
  Cauchy: "b / (1 + g * SqDist(x, y))",
  "inverse multiquadric": "Rsqrt(1 + g * SqDist(x, y)) * b",
  polynomial: "Square(1 + (x | y)) * b + 0 * g * b",
};
type Kernel = keyof typeof KERNELS;

const METHODS = {
  auto: {},
  direct: { method: "direct" },
  "cg, automatic rank": { method: "cg" },
  "cg, rank 50": { method: "cg", preconditioner: { rank: 50 } },
} satisfies Record<string, SolveOptions>;

/** Points with structure: two tight clusters, some of them twice. */
function clustered(count: number, dtype: Dtype): RealArray {
  const x = rand([count, 2], { dtype, seed: 1 });
  for (let n = 0; n < count; n++) {
    const twin = n % 10 === 9 ? n - 1 : n;
    for (const k of [0, 1]) x.set(n, k, (n % 2) * 0.8 + 0.02 * x.get(twin, k));
  }
  return x;
}

/** ‖b - (K + alpha) a‖ / ‖b‖ by the reduction itself, in float64. */
function residual(kernel: Kernel, x: RealArray, a: RealArray, b: RealArray, g: number, alpha: number): number {
  const [x64, a64, b64] = [x, a, b].map((array) => astype(array, "float64")) as [RealArray, RealArray, RealArray];
  const product = Genred(KERNELS[kernel], [...ALIASES], { axis: 1 })(x64, x64, a64, g);
  const left = dense.sub(b64, dense.add(product, dense.mul(a64, alpha)));
  const norm = (v: RealArray): number => Math.hypot(...v.data);
  return norm(left) / norm(b64);
}

const combinations = Object.keys(KERNELS).flatMap((kernel) =>
  Object.keys(METHODS).map((method) => [kernel as Kernel, method as keyof typeof METHODS] as const),
);

describe.each(["float32", "float64"] as const)("systems of 600 points in %s", (dtype) => {
  const points = {
    "in the unit square": rand([600, 2], { dtype, seed: 1 }),
    "in clusters, some twice": clustered(600, dtype),
  };
  const b = randn([600, 2], { dtype, seed: 2 });

  test.each(combinations)("%s by %s", (kernel, method) => {
    const K = KernelSolve(KERNELS[kernel], ALIASES, "b", { axis: 1 });
    for (const x of Object.values(points) as RealArray<Float64Array>[]) {
      const {
        solution,
        converged,
        residual: told,
      } = K.solve(x, x, b as RealArray<Float64Array>, 20, {
        alpha: 0.01,
        ...METHODS[method],
      });
      // The float64 solution is rounded to float32, and that times K + alpha, over alpha, is what it may be off by.
      const rounding = dtype === "float32" ? 2 ** -24 * (1 + largestEigenvalue(x) / 0.01) : 0;
      expect(converged).toBe("tolerance");
      expect(told).toBeLessThanOrEqual(1e-6);
      expect(residual(kernel, x, solution, b, 20, 0.01)).toBeLessThanOrEqual(1e-6 + rounding);
    }
  });
});

/** Of a kernel whose entries are at most 4. */
const largestEigenvalue = (x: RealArray): number => 4 * x.shape[0]!;

describe("what is chosen", () => {
  const K = KernelSolve(KERNELS.Gaussian, ALIASES, "b", { axis: 1 });
  const report = (n: number, options: SolveOptions, g = 50): { method: string; rank: number; iterations: number } => {
    const x = rand([n, 2], { dtype: "float64", seed: 1 });
    const { method, rank, iterations } = K.solve(x, x, randn([n, 2], { dtype: "float64", seed: 2 }), g, options);
    return { method, rank, iterations };
  };

  test("small systems are factorised", () => {
    expect(report(300, { alpha: 0.01 })).toEqual({ method: "direct", rank: 300, iterations: 1 });
  });

  test("larger ones are iterated, with a rank that leaves few iterations", () => {
    const { method, rank, iterations } = report(2000, { alpha: 0.01 });
    expect(method).toBe("cg");
    expect(rank).toBeGreaterThan(50);
    expect(rank).toBeLessThan(1000);
    expect(iterations).toBeLessThanOrEqual(12);
  });

  test("a kernel that is not low-rank, with a small ridge, is factorised", () => {
    expect(report(1500, { alpha: 1e-4 }, 5000).method).toBe("direct");
  });

  test("a rank that is asked for is taken", () => {
    expect(report(600, { alpha: 0.01, method: "cg", preconditioner: { rank: 40 } })).toMatchObject({
      method: "cg",
      rank: 40,
    });
  });

  test("the more columns, the fewer iterations", () => {
    const counts = [20, 80, 160].map(
      (rank) => report(600, { alpha: 0.01, method: "cg", preconditioner: { rank } }).iterations,
    );
    const none = report(600, { alpha: 0.01, method: "cg", preconditioner: "none" });
    expect(none.rank).toBe(0);
    expect([none.iterations, ...counts]).toEqual([none.iterations, ...counts].sort((p, q) => q - p));
    expect(counts[2]).toBeLessThan(counts[0]! / 4);
  });

  test.each([1, 2, 3, 5, 9, 15, 16, 17, 33])("%i points are solved by every method", (n) => {
    for (const seed of [1, 2, 3, 4, 5, 6]) {
      const x = rand([n, 2], { dtype: "float64", seed });
      for (const options of Object.values(METHODS))
        expect(K.solve(x, x, x, 500, { alpha: 0.01, ...options }).residual).toBeLessThanOrEqual(1e-6);
    }
  });

  test("the same call gives the same bits", () => {
    const x = rand([700, 2], { seed: 1 });
    const b = randn([700, 2], { seed: 2 });
    const [first, second] = [1, 2].map(() => K(x, x, b, 50, { alpha: 0.01, method: "cg" }));
    expect([...first!.data]).toEqual([...second!.data]);
  });

  test("without a ridge, singular as float64 sees it, small residuals are still reached", () => {
    const x = rand([400, 2], { dtype: "float64", seed: 1 });
    const b = randn([400, 2], { dtype: "float64", seed: 2 });
    expect(K.solve(x, x, b, 50, { alpha: 1e-10 }).residual).toBeLessThanOrEqual(1e-3);
  });

  test("matrix-valued kernels are iterated", () => {
    const formula = "Exp(-g * SqDist(x, y)) * MatVecMult(TensorProd(x - y, x - y), b)";
    const coupled = KernelSolve(`${formula} + 3 * Exp(-g * SqDist(x, y)) * b`, ALIASES, "b", { axis: 1 });
    const x = rand([60, 2], { dtype: "float64", seed: 1 });
    const { method, converged } = coupled.solve(x, x, randn([60, 2], { dtype: "float64", seed: 2 }), 5, { alpha: 1 });
    expect([method, converged]).toEqual(["cg", "tolerance"]);
  });

  test.each([
    [{ method: "lu" }, /^method: expected "auto", "cg" or "direct", got the string "lu"$/],
    [{ preconditioner: "jacobi" }, /^preconditioner: expected "auto", "none" or \{rank\}/],
    [{ preconditioner: { rank: 0.5 } }, /^preconditioner: expected "auto", "none" or \{rank\}/],
  ])("%p is refused", (options, message) => {
    const x = rand([5, 2], { seed: 1 });
    expect(() => (K as unknown as (...args: unknown[]) => unknown)(x, x, x, 1, options)).toThrow(message);
  });
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

describe("the addon's dense algebra", () => {
  const algebra = nativeAddon()!.dense;
  const numbers = (count: number, dtype: Dtype, seed: number): Float32Array | Float64Array =>
    randn([count], { dtype, seed }).data;

  test.each([
    [1, 1, 1],
    [5, 3, 2],
    [67, 33, 19],
    [130, 40, 64],
    [4, 100, 7],
    [0, 3, 3],
    [3, 0, 3],
  ])("products and Gram matrices of %i x %i and %i columns", (rows, inner, columns) => {
    for (const [dtype, tolerance] of [
      ["float32", 1e-5],
      ["float64", 1e-13],
    ] as const) {
      const [a, b] = [numbers(rows * inner, dtype, 1), numbers(inner * columns, dtype, 2)];
      const out = numbers(rows * columns, dtype, 3);
      const expected = Float64Array.from(out);
      for (let i = 0; i < rows; i++)
        for (let j = 0; j < columns; j++)
          for (let k = 0; k < inner; k++) expected[i * columns + j]! -= a[i * inner + k]! * b[k * columns + j]!;
      algebra.subtractProduct(out, a, b, rows, inner, columns);
      out.forEach((value, n) => expect(Math.abs(value - expected[n]!)).toBeLessThanOrEqual(tolerance * (inner + 1)));
      checkGram(a, numbers(rows * columns, dtype, 4), [rows, inner, columns], tolerance);
      checkGram(a, a, [rows, inner, inner], tolerance);
    }
  });

  function checkGram(
    a: Float32Array | Float64Array,
    b: Float32Array | Float64Array,
    [rows, p, q]: readonly [number, number, number],
    tolerance: number,
  ): void {
    const out = new Float64Array(p * q).fill(1);
    algebra.addGram(out, a, b, rows, p, q);
    for (let k = 0; k < p; k++)
      for (let l = 0; l < q; l++) {
        let expected = 1;
        for (let i = 0; i < rows; i++) expected += a[i * p + k]! * b[i * q + l]!;
        expect(Math.abs(out[k * q + l]! - expected)).toBeLessThanOrEqual(tolerance * (rows + 1));
      }
  }

  test.each([0, 1, 7, 48, 49, 200])("Cholesky of order %i", (n) => {
    const root = numbers(n * n, "float64", 1) as Float64Array;
    const matrix = new Float64Array(n * n);
    algebra.addGram(matrix, root, root, n, n, n);
    for (let k = 0; k < n; k++) matrix[k * (n + 1)]! += 0.1;
    const [factor, x] = [matrix.slice(), numbers(3 * n, "float64", 2) as Float64Array];
    const solution = x.slice();
    expect(algebra.cholesky(factor, n)).toBe(0);
    algebra.choleskySolve(factor, solution, n, 3);
    algebra.subtractProduct(x, matrix, solution, n, n, 3);
    x.forEach((left) => expect(Math.abs(left)).toBeLessThanOrEqual(1e-9));
  });

  test("a matrix that is not positive definite is told by the first such minor", () => {
    expect(algebra.cholesky(new Float64Array([1, 0, 0, 2, 3, 0, 0, 0, 1]), 3)).toBe(2);
    expect(algebra.cholesky(new Float64Array([1, 0, NaN, 1]), 2)).toBe(2);
  });

  test("the number of threads does not change a bit", () => {
    const addon = nativeAddon()!;
    const before = addon.threads();
    const runs = [1, 2, 5].map((count) => {
      addon.setThreads(count);
      const out = new Float64Array(40 * 40);
      const a = numbers(300 * 40, "float32", 1);
      algebra.addGram(out, a, a, 300, 40, 40);
      for (let k = 0; k < 40; k++) out[k * 41]! += 1;
      algebra.cholesky(out, 40);
      return [...out];
    });
    addon.setThreads(before);
    expect(runs[1]).toEqual(runs[0]);
    expect(runs[2]).toEqual(runs[0]);
  });

  test.each([
    [
      "a length that does not fit",
      () => algebra.cholesky(new Float64Array(8), 3),
      /a: expected 3 \* 3 elements, got 8/,
    ],
    ["another dtype", () => algebra.cholesky(new Float32Array(9) as unknown as Float64Array, 3), /Float64Array/],
    ["sizes that overflow", () => algebra.cholesky(new Float64Array(0), 2 ** 33), /expected 8589934592 \* 8589934592/],
    [
      "out that is an argument",
      () => {
        const a = new Float64Array(9);
        algebra.subtractProduct(a, a, new Float64Array(9), 3, 3, 3);
      },
      /out: expected memory of its own, got memory of a/,
    ],
  ])("%s is refused", (_, call, message) => {
    expect(call).toThrow(message);
  });
});
