/** Preconditioners and factorisations: that they solve what they claim for many kernels and points, what is chosen, and its algebra. */
import { Genred, KernelSolve, array, astype, dense, grad, rand, randn, requiresGrad, zeros } from "../src/index";
import type { Dtype, RealArray, SolveOptions } from "../src/index";
import { nativeAddon } from "../src/device/native";

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
        history,
      } = K.solve(x, x, b as RealArray<Float64Array>, 20, {
        alpha: 0.01,
        ...METHODS[method],
      });
      // The float64 solution is rounded to float32, and that times K + alpha, over alpha, is what it may be off by.
      const rounding = dtype === "float32" ? 2 ** -24 * (1 + largestEigenvalue(x) / 0.01) : 0;
      expect(history.at(-1)!.residual).toBeLessThanOrEqual(1e-6);
      expect(told).toBeLessThanOrEqual(1e-6 + rounding);
      if (dtype === "float64" || told > 1e-6) expect(converged).toBe(told > 1e-6 ? "precision" : "tolerance");
      // What is told is the residual of what is returned, of the worse column.
      const found = residual(kernel, x, solution, b, 20, 0.01);
      expect(found).toBeLessThanOrEqual(told + 1e-12);
      expect(found).toBeGreaterThanOrEqual(told / 2 - 1e-12);
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

  // With "auto", formulas change from tiles to compiled code when that is ready, and sums are rounded otherwise.
  describe.each(["never", "always"] as const)("with compile: %p, the same call gives the same bits", (compile) => {
    const [x, b] = [rand([520, 2], { seed: 1 }), randn([520, 2], { seed: 2 })];
    const marked = requiresGrad(array(x));

    test.each([{ method: "cg" }, { method: "direct" }, { method: "cg", preconditioner: "none" }] as const)(
      "%p",
      (by) => {
        const options = { alpha: 0.01, compile, ...by };
        const runs = Array.from({ length: 3 }, () => {
          const solution = K(marked, marked, b, 50, options);
          return [...solution.data, ...grad(solution, [marked], b)[0].data];
        });
        for (const run of runs) expect(run).toEqual(runs[0]);
      },
    );

    test("of log-determinants and eigenvalues", () => {
      const runs = Array.from({ length: 3 }, () => [
        K.logdet(x, x, b, 50, { alpha: 0.01, method: "lanczos", compile }).value,
        ...K.eigsh(3, x, x, b, 50, { compile }).values.data,
      ]);
      for (const run of runs) expect(run).toEqual(runs[0]);
    });
  });

  test("without a ridge, singular as float64 sees it, small residuals are still reached", () => {
    const x = rand([400, 2], { dtype: "float64", seed: 1 });
    const b = randn([400, 2], { dtype: "float64", seed: 2 });
    expect(K.solve(x, x, b, 50, { alpha: 1e-10 }).residual).toBeLessThanOrEqual(1e-3);
  });

  test("small systems of matrix-valued kernels are factorised", () => {
    const formula = "Exp(-g * SqDist(x, y)) * MatVecMult(TensorProd(x - y, x - y), b)";
    const coupled = KernelSolve(`${formula} + 3 * Exp(-g * SqDist(x, y)) * b`, ALIASES, "b", { axis: 1 });
    const x = rand([60, 2], { dtype: "float64", seed: 1 });
    const { method, converged } = coupled.solve(x, x, randn([60, 2], { dtype: "float64", seed: 2 }), 5, { alpha: 1 });
    expect([method, converged]).toEqual(["direct", "tolerance"]);
  });

  test.each([
    [{ method: "lu" }, /^method: expected "auto", "cg" or "direct", got the string "lu"$/],
    [{ preconditioner: "jacobi" }, /^preconditioner: expected "auto", "none", a function, or \{rank\}/],
    [{ preconditioner: { rank: 0.5 } }, /^preconditioner: expected "auto", "none", a function, or \{rank\}/],
  ])("%p is refused", (options, message) => {
    const x = rand([5, 2], { seed: 1 });
    expect(() => (K as unknown as (...args: unknown[]) => unknown)(x, x, x, 1, options)).toThrow(message);
  });
});

describe("matrix-valued kernels", () => {
  const formula = "Exp(-g * SqDist(x, y)) * MatVecMult(TensorProd(x - y, x - y), b) + 3 * Exp(-g * SqDist(x, y)) * b";
  const K = KernelSolve(formula, ALIASES, "b", { axis: 1 });
  const x = rand([400, 2], { dtype: "float64", seed: 1 });
  const b = randn([400, 2], { dtype: "float64", seed: 2 });
  const plain = K(x, x, b, 20, { alpha: 0.01, eps: 1e-10, method: "cg", preconditioner: "none" });

  test.each([
    [{ method: "cg" }, "cg"],
    [{ method: "cg", preconditioner: { rank: 100 } }, "cg"],
    [{ method: "direct" }, "direct"],
  ] as const)("are solved by %p as by plain iterations", (options, method) => {
    const found = K.solve(x, x, b, 20, { alpha: 0.01, eps: 1e-10, ...options });
    expect([found.method, found.rank > 0]).toEqual([method, true]);
    expect(apart(found.solution, plain)).toBeLessThanOrEqual(1e-6);
  });

  test("need fewer iterations with a preconditioner", () => {
    const count = (preconditioner: "auto" | "none"): number =>
      K.solve(x, x, b, 20, { alpha: 0.01, method: "cg", preconditioner }).iterations;
    expect(count("auto")).toBeLessThan(count("none") / 5);
  });
});

const apart = (a: RealArray, b: RealArray): number =>
  Math.hypot(...a.data.map((value, n) => value - b.data[n]!)) / Math.hypot(...b.data);

describe("block Jacobi", () => {
  const K = KernelSolve(KERNELS.Gaussian, ALIASES, "b", { axis: 1 });
  // Two clusters far apart: the pairs between them are 0 anyway.
  const x = clustered(700, "float64");
  const order = Array.from({ length: 700 }, (_, n) => (n < 350 ? 2 * n : 2 * (n - 350) + 1));
  for (const k of [0, 1]) order.map((n) => x.get(n, k)).forEach((value, n) => x.set(n, k, value));
  const halves = new Int32Array([0, 350, 350, 700]);
  const ranges = [halves, new Int32Array([1, 2]), halves, halves, new Int32Array([1, 2]), halves] as const;
  const b = randn([700, 2], { dtype: "float64", seed: 2 });

  test("with ranges, inverts diagonal blocks, and needs fewer iterations than none", () => {
    const [block, none] = (["auto", "none"] as const).map((preconditioner) =>
      K.solve(x, x, b, 20_000, { alpha: 0.01, ranges, preconditioner }),
    );
    expect(apart(block!.solution, none!.solution)).toBeLessThanOrEqual(1e-3);
    expect(block!.iterations).toBeLessThanOrEqual(3);
    expect(none!.iterations).toBeGreaterThan(10);
  });

  test.each([
    [{ method: "direct" }, /^method: expected "auto" or "cg" with ranges, got "direct"$/],
    [{ preconditioner: { rank: 5 } }, /^preconditioner: expected "auto", "none" or a function with ranges/],
  ] as const)("%p with ranges is refused", (options, message) => {
    expect(() => K(x, x, b, 20_000, { alpha: 0.01, ranges, ...options })).toThrow(message);
  });
});

describe("a preconditioner of one's own", () => {
  const K = KernelSolve(KERNELS.Gaussian, ALIASES, "b", { axis: 1 });
  const x = rand([200, 2], { dtype: "float64", seed: 1 });
  const b = randn([200, 2], { dtype: "float64", seed: 2 });
  const kernel = Genred("Exp(-g * SqDist(x, y))", ["x = Vi(2)", "y = Vj(2)", "g = Pm(1)"], { axis: 1 });
  const matrix = dense.add(
    dense.reshape(kernel.dense(x, x, 50) as RealArray<Float64Array>, [200, 200]),
    dense.mul(dense.eye(200, { dtype: "float64" }), 0.01),
  );

  test("that is the inverse itself needs one or two iterations", () => {
    const { iterations, converged } = K.solve(x, x, b, 50, {
      alpha: 0.01,
      preconditioner: (r) => dense.solve(matrix, r as RealArray<Float64Array>),
    });
    expect(converged).toBe("tolerance");
    expect(iterations).toBeLessThanOrEqual(2);
  });

  test.each([
    [
      "of another shape",
      () => zeros([200], { dtype: "float64" }),
      /^preconditioner: expected shape \[200, 2\] as the residual has, got \[200\]$/,
    ],
    ["of another dtype", () => zeros([200, 2]), /^preconditioner: the result of the function: expected/],
    ["not finite", () => dense.mul(b, NaN), /^preconditioner: expected finite numbers from the function, got others$/],
  ] as const)("with a result %s is refused", (_, preconditioner, message) => {
    expect(() => K(x, x, b, 50, { alpha: 0.01, preconditioner })).toThrow(message);
  });
});

describe("precision", () => {
  const K = KernelSolve(KERNELS.Gaussian, ALIASES, "b", { axis: 1 });

  test.each(["float32", "float64"] as const)(
    "of %s data: mixed and float64 meet the tolerance, float32 tells what it reached",
    (dtype) => {
      const x = rand([800, 2], { dtype, seed: 1 }) as RealArray<Float32Array>;
      const b = randn([800, 2], { dtype, seed: 2 }) as RealArray<Float32Array>;
      for (const precision of ["auto", "mixed", "float64"] as const) {
        const { history, converged } = K.solve(x, x, b, 50, { alpha: 0.01, method: "cg", precision });
        expect(history.at(-1)!.residual).toBeLessThanOrEqual(1e-6);
        expect(converged).toBe(dtype === "float64" ? "tolerance" : "precision");
      }
      const {
        converged,
        residual: told,
        solution,
      } = K.solve(x, x, b, 50, { alpha: 0.01, method: "cg", precision: "float32" });
      expect(converged).toBe("precision");
      expect(told).toBeLessThanOrEqual(1e-3);
      // Of all columns together, where the worst is told.
      const found = residual("Gaussian", x, solution, b, 50, 0.01);
      expect(found).toBeGreaterThanOrEqual(told / Math.SQRT2 - 1e-12);
      expect(found).toBeLessThanOrEqual(told + 1e-12);
    },
  );

  test("other words are refused", () => {
    const x = rand([5, 2], { seed: 1 });
    expect(() => K(x, x, x, 1, { precision: "float16" as "float32" })).toThrow(
      /^precision: expected "auto", "float32", "mixed" or "float64", got the string "float16"$/,
    );
  });
});

test("the history is what onIteration was told, and ends with the residual that a float64 solution has", () => {
  const K = KernelSolve(KERNELS.Gaussian, ALIASES, "b", { axis: 1 });
  const x = rand([700, 2], { dtype: "float64", seed: 1 });
  const told: unknown[] = [];
  const found = K.solve(x, x, x, 50, { alpha: 0.01, method: "cg", onIteration: (progress) => told.push(progress) });
  expect(found.history).toEqual(told);
  expect(found.history.at(-1)).toEqual({ iteration: found.iterations, residual: found.residual, verified: true });
});

test("a symmetric formula over points that differ in one place is refused", () => {
  const K = KernelSolve(KERNELS.Gaussian, ALIASES, "b", { axis: 1 });
  const [x, y] = [1, 1].map((seed) => rand([300, 2], { dtype: "float64", seed })) as [RealArray, RealArray];
  y.set(7, 0, 3);
  expect(() =>
    K(x as RealArray<Float64Array>, y as RealArray<Float64Array>, x as RealArray<Float64Array>, 5, { alpha: 0.01 }),
  ).toThrow(/expected a symmetric operator/);
});

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

describe("the addon's dense algebra", () => {
  const algebra = nativeAddon()!.dense;
  const numbers = (count: number, dtype: Dtype, seed: number): Float32Array | Float64Array =>
    randn([count], { dtype, seed }).data;

  /** a `[rows, columns]` turned. */
  const turned = (a: ArrayLike<number>, rows: number, columns: number): Float64Array =>
    Float64Array.from({ length: rows * columns }, (_, n) => a[(n % rows) * columns + Math.floor(n / rows)]!);
  const product = (a: ArrayLike<number>, b: ArrayLike<number>, rows: number, inner: number, columns: number) =>
    Float64Array.from({ length: rows * columns }, (_, n) => {
      let sum = 0;
      for (let k = 0; k < inner; k++) sum += a[Math.floor(n / columns) * inner + k]! * b[k * columns + (n % columns)]!;
      return sum;
    });
  const expectNear = (got: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number): void => {
    expect(got).toHaveLength(expected.length);
    const scale = Array.from(expected).reduce((most, value) => Math.max(most, Math.abs(value)), 1);
    const worst = Array.from(expected).reduce((most, value, n) => Math.max(most, Math.abs(got[n]! - value)), 0);
    expect(worst).toBeLessThanOrEqual(tolerance * scale);
  };
  /** A symmetric positive definite matrix. */
  const positive = (n: number, seed: number): Float64Array => {
    const root = numbers(n * n, "float64", seed);
    const matrix = product(root, turned(root, n, n), n, n, n);
    for (let k = 0; k < n; k++) matrix[k * (n + 1)]! += 0.1;
    return matrix;
  };

  test.each([0, 1, 7, 48, 49, 200])("Cholesky of order %i", (n) => {
    const matrix = positive(n, 1);
    const [factor, x] = [matrix.slice(), numbers(3 * n, "float64", 2) as Float64Array];
    const solution = x.slice();
    expect(algebra.cholesky(factor, n)).toBe(0);
    algebra.choleskySolve(factor, solution, n, 3);
    expectNear(product(matrix, solution, n, n, 3), x, 1e-9);
  });

  const SIZES = [
    [1, [16], 1],
    [67, [32, 16], 2],
    [130, [16, 64, 32], 3],
    [300, [48], 40],
  ] as const;
  const DTYPES = [
    ["float32", 2e-5],
    ["float64", 1e-13],
  ] as const;

  describe.each(SIZES)("F of %i rows and blocks of %p columns", (rows, widths, columns) => {
    const width = widths.reduce<number>((sum, w) => sum + w, 0);
    const made = (dtype: Dtype): { blocks: (Float32Array | Float64Array)[]; f: Float64Array } => {
      const blocks = widths.map((w, n) => numbers(rows * w, dtype, 10 + n));
      const f = new Float64Array(rows * width);
      let from = 0;
      blocks.forEach((block, n) => {
        block.forEach((value, at) => {
          f[Math.floor(at / widths[n]!) * width + from + (at % widths[n]!)] = value;
        });
        from += widths[n]!;
      });
      return { blocks, f };
    };

    test.each(DTYPES)("in %s has its Gram matrix, products and inverse", (dtype, tolerance) => {
      const { blocks, f } = made(dtype);
      const gram = new Float64Array(width * width);
      algebra.gram(gram, blocks, rows, dtype === "float32" ? 4 : 8);
      const expected = product(turned(f, rows, width), f, width, rows, width);
      const lower = (a: Float64Array): Float64Array => a.map((v, n) => (n % width > Math.floor(n / width) ? 0 : v));
      expectNear(lower(gram), lower(expected), tolerance);

      const x = numbers(width * columns, "float64", 3) as Float64Array;
      const out = numbers(rows * columns, dtype, 4);
      const fx = product(f, x, rows, width, columns);
      const left = out.map((value, n) => value - fx[n]!);
      algebra.subtractTall(out, blocks, x, rows, columns);
      expectNear(out, left, tolerance);

      const alpha = 3 * rows;
      for (let k = 0; k < width; k++) expected[k * (width + 1)]! += alpha;
      expect(algebra.cholesky(expected, width)).toBe(0);
      const [right, solution] = [numbers(rows * columns, dtype, 5), numbers(rows * columns, dtype, 6)];
      algebra.lowRankSolve(solution, right, blocks, expected, alpha, rows, columns);
      const inner = product(turned(f, rows, width), solution, width, rows, columns);
      const product1 = product(f, inner, rows, width, columns).map((value, n) => value + alpha * solution[n]!);
      expectNear(product1, right, 10 * tolerance);
    });
  });

  test.each(DTYPES)("pivots of a matrix in %s are accepted, and give columns that reproduce it", (dtype, tolerance) => {
    const n = 16;
    const matrix = positive(n, 1);
    const typed = dtype === "float32" ? Float32Array.from(matrix) : matrix.slice();
    const candidates = Int32Array.from({ length: n }, (_, k) => (5 * k) % n);
    const between = typed.map((_, at) => typed[candidates[Math.floor(at / n)]! * n + candidates[at % n]!]!);
    const [accepted, factor] = [new Int32Array(n), new Float64Array(n * n)];
    // A chance of 0 takes every candidate whose residual is positive.
    const found = algebra.choosePivots(between, [], candidates, new Float64Array(n), accepted, factor, n, n, 1e-9, 0);
    expect(found).toBe(n);
    const pivots = Int32Array.from(accepted, (place) => candidates[place]!);
    const left = typed.map((_, at) => typed[Math.floor(at / n) * n + pivots[at % n]!]!);
    const [columns, residual] = [typed.slice(), Float64Array.from({ length: n }, (_, k) => matrix[k * (n + 1)]!)];
    const largest = algebra.extend(columns, left, [], pivots, factor, residual, n, n);
    expectNear(product(columns, turned(columns, n, n), n, n, n), matrix, 10 * tolerance);
    expect(Math.max(...residual)).toBeLessThanOrEqual(1e-3);
    const squares = Array.from({ length: n }, (_, k) =>
      Array.from({ length: n }, (_, row) => columns[row * n + k]! ** 2).reduce((a, b) => a + b),
    );
    expect(largest).toBeCloseTo(Math.max(...squares.slice(-8)), 3);
  });

  test("a chance of 1 accepts a candidate only where nothing was taken off its residual", () => {
    const ones = new Float64Array(4).fill(1);
    const [accepted, factor] = [new Int32Array(2), new Float64Array(4)];
    const chances = new Float64Array([1, 1]);
    expect(algebra.choosePivots(ones, [], new Int32Array([0, 1]), chances, accepted, factor, 2, 2, 1e-9, 0)).toBe(1);
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
      const out = new Float64Array(48 * 48);
      const blocks = [numbers(3000 * 48, "float32", 1)];
      algebra.gram(out, blocks, 3000, 4);
      for (let k = 0; k < 48; k++) out[k * 49]! += 1;
      algebra.cholesky(out, 48);
      const [x, solution] = [numbers(3000, "float32", 2), new Float32Array(3000)];
      algebra.lowRankSolve(solution, x, blocks, out, 1, 3000, 1);
      return [...out, ...solution];
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
        const a = new Float64Array(16);
        algebra.lowRankSolve(a, a, [new Float64Array(128)], new Float64Array(64), 1, 16, 1);
      },
      /out: expected memory of its own, got memory of x/,
    ],
    [
      "a block of another width",
      () => {
        algebra.gram(new Float64Array(9), [new Float64Array(9)], 3, 8);
      },
      /block: expected 3 rows of a multiple of 8 numbers, got 9 elements/,
    ],
    [
      "a pivot outside of the rows",
      () =>
        algebra.extend(
          new Float64Array(16),
          new Float64Array(16),
          [],
          new Int32Array(8).fill(2),
          new Float64Array(1),
          new Float64Array(2),
          2,
          1,
        ),
      /pivots: expected rows below 2, got 2/,
    ],
  ])("%s is refused", (_, call, message) => {
    expect(call).toThrow(message);
  });
});
