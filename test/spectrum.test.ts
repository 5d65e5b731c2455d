/** Log-determinants, traces and eigenpairs of the matrix of a system: against ml-matrix on the same matrix, and within their error bars. */
import { EigenvalueDecomposition, Matrix } from "ml-matrix";
import {
  ArgumentError,
  ConvergenceError,
  InterruptedError,
  KernelSolve,
  Vi,
  Vj,
  fromMatrix,
  rand,
  randn,
  zeros,
} from "../src";
import type { BlockRanges, Dtype, LogdetOptions, Real, RealArray } from "../src";
import { HostVectors } from "../src/device/hostvectors";
import { symmetricEigen } from "../src/array/matrix";
import { gaussNodes } from "../src/solve/lanczos";
import type { Space } from "../src/solve/space";
import { restartedLanczos } from "../src/solve/thickrestart";
import { runSync } from "../src/task";

// Compiled in the background, a formula changes its rounding from one call to the next.
process.env["TSKEOPS_COMPILE"] = "never";

const wide = { dtype: "float64" } as const;
const norm = (v: Iterable<number>): number => Math.hypot(...v);

/** Descending. */
const eigenvalues = (rows: number[][]): number[] =>
  new EigenvalueDecomposition(new Matrix(rows), { assumeSymmetric: true }).realEigenvalues.sort((p, q) => q - p);

function randomSymmetric(n: number, seed: number): number[][] {
  const a = randn([n, n], { ...wide, seed });
  return Array.from({ length: n }, (_, i) => Array.from({ length: n }, (__, j) => a.get(i, j) + a.get(j, i)));
}

describe("small symmetric eigenproblems", () => {
  test.each([0, 1, 2, 3, 10, 60])("%i rows: descending eigenvalues, with orthonormal vectors that fit", (n) => {
    const a = randomSymmetric(n, 1);
    const { values, rows } = symmetricEigen(a);
    expect(values).toEqual([...values].sort((p, q) => q - p));
    for (let k = 0; k < n; k++) {
      const v = rows.map((row) => row[k]!);
      const left = a.map((row, i) => row.reduce((sum, entry, j) => sum + entry * v[j]!, -values[k]! * v[i]!));
      expect(norm(left)).toBeLessThan(1e-12 * n);
      for (let l = 0; l <= k; l++)
        expect(rows.reduce((sum, row) => sum + row[k]! * row[l]!, 0)).toBeCloseTo(l === k ? 1 : 0, 12);
    }
  });

  test("zero, diagonal and multiple ones", () => {
    const diagonal = [2, 0, 2, -1, 2];
    const { values } = symmetricEigen(diagonal.map((d, k) => diagonal.map((_, j) => (j === k ? d : 0))));
    expect([...values]).toEqual([2, 2, 2, 0, -1]);
    expect([
      ...symmetricEigen([
        [0, 0],
        [0, 0],
      ]).values,
    ]).toEqual([0, 0]);
  });

  test("Gauss's nodes integrate polynomials of the moment functional exactly", () => {
    // Legendre polynomials on [-1, 1]: nodes and weights of 5 points integrate up to degree 9.
    const beside = [1, 2, 3, 4].map((k) => k / Math.sqrt(4 * k * k - 1));
    const { nodes, weights } = gaussNodes([0, 0, 0, 0, 0], beside);
    for (let degree = 0; degree < 10; degree++) {
      const integral = nodes.reduce((sum, node, k) => sum + 2 * weights[k]! * node ** degree, 0);
      expect(integral).toBeCloseTo(degree % 2 === 0 ? 2 / (degree + 1) : 0, 12);
    }
  });

  test("numbers that are not finite end the iteration", () => {
    expect(
      symmetricEigen([
        [NaN, 1],
        [1, 0],
      ]).values.some(Number.isNaN),
    ).toBe(true);
  });
});

/** A matrix as the operator of vectors in plain memory. */
function spaceOf(rows: readonly (readonly number[])[]): Space<Real, Float64Array> & { taken: number } {
  const vectors = new HostVectors(rows.length, 1, "float64");
  const count = { taken: 0 };
  return Object.assign(vectors, count, {
    apply: (x: Real, out: Real) => {
      rows.forEach((row, i) => (out[i] = row.reduce((sum, entry, j) => sum + entry * x[j]!, 0)));
    },
  });
}

const randomVectors = (seed: number) => (out: Real) => {
  out.set(randn([out.length], { ...wide, seed: seed++ }).data);
};

function largest(rows: number[][], count: number, options: object = {}) {
  const vectors = Array.from({ length: count }, () => new Float64Array(rows.length));
  const random = randomVectors(3);
  const found = runSync(
    restartedLanczos(spaceOf(rows), vectors, { count, rtol: 1e-10, maxIterations: 5000, random, ...options }),
  );
  return { ...found, vectors };
}

describe("Lanczos with restarts", () => {
  test.each([
    [1, 1],
    [5, 2],
    [40, 40],
    [90, 1],
    [150, 4],
  ])("of %i rows finds the %i largest pairs", (n, count) => {
    const rows = randomSymmetric(n, 2);
    const { values, residuals, converged, vectors } = largest(rows, count);
    expect(converged).toBe(true);
    expect(Math.max(...residuals)).toBeLessThan(1e-9);
    expect(
      norm(
        eigenvalues(rows)
          .slice(0, count)
          .map((value, k) => value - values[k]!),
      ),
    ).toBeLessThan(1e-8 * n);
    for (const [k, v] of vectors.entries())
      for (const [l, w] of vectors.entries())
        expect(v.reduce((sum, x, i) => sum + x * w[i]!, 0)).toBeCloseTo(k === l ? 1 : 0, 8);
  });

  test("finds multiple eigenvalues as often as they are there", () => {
    const diagonal = Array.from({ length: 120 }, (_, k) => [5, 5, 5, 4, 4][k] ?? 1 / k);
    const rows = diagonal.map((d, k) => diagonal.map((_, j) => (j === k ? d : 0)));
    expect(largest(rows, 6).values.map((value) => Math.round(1e6 * value))).toEqual([5e6, 5e6, 5e6, 4e6, 4e6, 2e5]);
    const identity = rows.map((row) => row.map((value) => (value === 0 ? 0 : 1)));
    expect(largest(identity, 3).values).toEqual([1, 1, 1].map((value) => expect.closeTo(value, 12) as number));
    expect(
      largest(
        identity.map((row) => row.map(() => 0)),
        2,
      ).values,
    ).toEqual([0, 0]);
  });

  test("ends with its iterations, or where numbers are not finite", () => {
    expect(largest(randomSymmetric(150, 2), 4, { maxIterations: 10 })).toMatchObject({
      converged: false,
      iterations: 10,
    });
    const bad = randomSymmetric(30, 2);
    bad[3]![3] = NaN;
    expect(largest(bad, 2).residuals.some(Number.isNaN)).toBe(true);
  });
});

// ---------------------------------------------------------------------------------------------------- KernelSolve

const ALIASES = ["x = Vi(2)", "y = Vj(2)", "b = Vj(2)", "g = Pm(1)"] as const;
const K = KernelSolve("Exp(-g * SqDist(x, y)) * b", ALIASES, "b", { axis: 1 });
const laplacian = KernelSolve("Exp(-g * Norm2(x - y)) * b", ALIASES, "b", { axis: 1 });
const curl = KernelSolve("Exp(-g * SqDist(x, y)) * (b - 2 * g * ((x - y) | b) * (x - y))", ALIASES, "b", { axis: 1 });
const ofComponents = KernelSolve("Exp(-g * SqDist(x, y)) * Concat(Elem(b, 0), 2 * Elem(b, 1))", ALIASES, "b", {
  axis: 1,
});
const G = 5;

const points = (n: number, dtype: Dtype = "float64"): RealArray => rand([n, 2], { dtype, seed: 1 });
const right = (n: number, dtype: Dtype = "float64"): RealArray => zeros([n, 2], { dtype });

type Block = (d: readonly number[], squares: number) => number[][];
const gauss: Block = (_, s) => [[Math.exp(-G * s)]];
const blocks: readonly (readonly [string, typeof K, Block])[] = [
  ["a Gaussian kernel", K, gauss],
  ["a Laplacian kernel", laplacian, (_, s) => [[Math.exp(-G * Math.sqrt(s))]]],
  [
    "curl-free fields",
    curl,
    (d, s) => [0, 1].map((p) => [0, 1].map((q) => Math.exp(-G * s) * ((p === q ? 1 : 0) - 2 * G * d[p]! * d[q]!))),
  ],
  [
    "components with kernels of their own",
    ofComponents,
    (_, s) => [
      [Math.exp(-G * s), 0],
      [0, 2 * Math.exp(-G * s)],
    ],
  ],
];

/** The matrix in float64 of the points as they are, plus alpha. */
function matrixOf(x: RealArray, block: Block, alpha = 0): number[][] {
  const c = block([0, 0], 0).length;
  const size = c * x.shape[0]!;
  return Array.from({ length: size }, (_, p) =>
    Array.from({ length: size }, (__, q) => {
      const [i, j] = [Math.floor(p / c), Math.floor(q / c)];
      const d = [0, 1].map((k) => x.get(i, k) - x.get(j, k));
      return block(d, d[0]! ** 2 + d[1]! ** 2)[p % c]![q % c]! + (p === q ? alpha : 0);
    }),
  );
}

const logdetOf = (rows: number[][]): number => eigenvalues(rows).reduce((sum, value) => sum + Math.log(value), 0);
const traceOf = (rows: number[][]): number => rows.reduce((sum, row, k) => sum + row[k]!, 0);
/** Calls in whatever dtype. */
const call = (f: unknown, ...args: unknown[]): { readonly value: number } =>
  (f as (...given: unknown[]) => { readonly value: number })(...args);

describe.each(blocks)("of %s", (_name, Kinv, block) => {
  describe.each(["float32", "float64"] as const)("in %s", (dtype) => {
    const [x, b] = [points(40, dtype), right(40, dtype)];

    test("the log-determinant is exact where it is factorised", () => {
      const { array: value, ...found } = Kinv.logdet<Real>(x, x, b, G, { alpha: 0.1 });
      const exact = logdetOf(matrixOf(x, block, 0.1));
      expect([value.get(0), value.size]).toEqual([dtype === "float32" ? Math.fround(found.value) : found.value, 1]);
      expect(found).toEqual({
        value: expect.any(Number) as number,
        standardError: 0,
        method: "direct",
        probes: 0,
        iterations: 0,
        rank: 0,
      });
      expect(Math.abs(found.value - exact)).toBeLessThan(1e-9 * Math.abs(exact));
    });

    test.each(["auto", "none"] as const)(
      "its estimate is off by no more than its error bars say (preconditioner %s)",
      (preconditioner) => {
        const exact = logdetOf(matrixOf(x, block, 0.1));
        const options = { alpha: 0.1, method: "lanczos", preconditioner, probes: 64 } as const;
        const found = Kinv.logdet<Real>(x, x, b, G, options);
        expect(found).toMatchObject({ method: "lanczos", probes: 64 });
        expect(found.standardError).toBeGreaterThan(0);
        expect(found.standardError).toBeLessThan(0.1 * Math.abs(exact));
        // Where the preconditioner is the whole matrix, rounding is all that is left.
        expect(Math.abs(found.value - exact)).toBeLessThan(4 * found.standardError + 1e-12 * Math.abs(exact));
      },
    );

    test("the trace is exact", () => {
      const found = Kinv.trace<Real>(x, x, b, G, { alpha: 0.25 });
      expect(found.standardError).toBe(0);
      expect(found.value).toBeCloseTo(traceOf(matrixOf(x, block, 0.25)), 9);
    });

    test("the largest eigenpairs are those of the matrix", () => {
      const { values, vectors, residuals } = Kinv.eigsh<Real>(4, x, x, b, G);
      const rows = matrixOf(x, block);
      const roundoff = dtype === "float32" ? 1e-7 : 1e-9;
      expect(values.data).toBeInstanceOf(dtype === "float32" ? Float32Array : Float64Array);
      expect([values.shape, vectors.shape]).toEqual([[4], [rows.length, 4]]);
      expect(Math.max(...residuals)).toBeLessThanOrEqual(1e-9);
      eigenvalues(rows)
        .slice(0, 4)
        .forEach((value, k) => {
          expect(Math.abs(values.get(k) - value)).toBeLessThan(roundoff * eigenvalues(rows)[0]!);
          const left = rows.map((row, i) =>
            row.reduce((sum, a, j) => sum + a * vectors.get(j, k), -value * vectors.get(i, k)),
          );
          expect(norm(left)).toBeLessThan(20 * roundoff * eigenvalues(rows)[0]!);
        });
    });
  });
});

describe("log-determinants", () => {
  const lanczos = (n: number, options: LogdetOptions, x = points(n)) =>
    K.logdet<Real>(x, x, right(x.shape[0]!), 50, { alpha: 0.01, method: "lanczos", ...options });

  test("a preconditioner makes the error bars shorter and saves products", () => {
    const [low, none] = [lanczos(500, {}), lanczos(500, { preconditioner: "none" })];
    expect(low.rank).toBeGreaterThan(50);
    expect(low.standardError).toBeLessThan(none.standardError / 10);
    expect(low.iterations).toBeLessThan(none.iterations / 4);
    const exact = K.logdet<Real>(points(500), points(500), right(500), 50, { alpha: 0.01 });
    expect(exact.method).toBe("direct");
    for (const found of [low, none]) expect(Math.abs(found.value - exact.value)).toBeLessThan(4 * found.standardError);
  });

  test("are factorised up to 2000 points and estimated beyond", () => {
    expect(K.logdet<Real>(points(2100), points(2100), right(2100), 50, { alpha: 0.1 }).method).toBe("lanczos");
  });

  test("error bars are honest: of 20 seeds few are off by more than two of them, and more probes make them shorter", () => {
    const exact = logdetOf(matrixOf(points(40), (_, s) => [[Math.exp(-50 * s)]], 0.01));
    const found = Array.from({ length: 20 }, (_, seed) => lanczos(40, { preconditioner: "none", seed }));
    expect(found.filter(({ value, standardError }) => Math.abs(value - exact) > 2 * standardError).length).toBeLessThan(
      5,
    );
    const many = lanczos(40, { preconditioner: "none", probes: 256 });
    expect(many.standardError).toBeLessThan(found[0]!.standardError / 2);
  });

  test("repeat to the last bit, with another seed they do not", () => {
    expect(lanczos(300, {})).toEqual(lanczos(300, {}));
    expect(lanczos(300, { seed: 7 }).value).not.toBe(lanczos(300, {}).value);
  });

  test("of no points and of one", () => {
    expect(call(K.logdet, zeros([0, 2], wide), zeros([0, 2], wide), zeros([0, 2], wide), 5).value).toBe(0);
    for (const method of ["direct", "lanczos"])
      expect(call(K.logdet, points(1), points(1), right(1), 5, { alpha: 2, method }).value).toBeCloseTo(
        Math.log(3),
        12,
      );
    expect(call(K.trace, zeros([0, 2], wide), zeros([0, 2], wide), zeros([0, 2], wide), 5).value).toBe(0);
  });

  test("need a matrix that is positive definite as far as rounding can tell", () => {
    const same = zeros([30, 2], wide);
    for (const method of ["direct", "lanczos"] as const)
      expect(() => K.logdet<Real>(same, same, right(30), 5, { alpha: 0, method })).toThrow(
        /^logdet, alpha 0: expected K \+ alpha I to be positive definite.*: raise alpha$/,
      );
    const negative = KernelSolve("-Exp(-g * SqDist(x, y)) * b", ALIASES, "b", { axis: 1 });
    for (const method of ["direct", "lanczos"] as const)
      expect(() => negative.logdet<Real>(points(30), points(30), right(30), 5, { alpha: 0.1, method })).toThrow(
        ArgumentError,
      );
  });

  test("end with a message where the quadrature does not settle, or numbers are not finite", () => {
    expect(() => lanczos(200, { alpha: 1e-6, preconditioner: "none", maxIterations: 5 })).toThrow(ConvergenceError);
    expect(() => lanczos(200, { alpha: 1e-6, preconditioner: "none", maxIterations: 5 })).toThrow(
      /still moves after 5 products: raise maxIterations or alpha/,
    );
    const x = points(20);
    x.set(3, 0, NaN);
    expect(() => lanczos(20, { preconditioner: "none" }, x)).toThrow(/finite|positive definite/);
  });
});

describe("pairs that are left out", () => {
  const x = points(24);
  const keep = [0, 1, 2, 3].map((p) => [0, 1, 2, 3].map((q) => p !== 3 && q !== 3 && Math.abs(p - q) < 2));
  const spans = [
    [0, 6],
    [6, 12],
    [12, 18],
    [18, 24],
  ];
  const ranges = fromMatrix(spans, spans, keep) as BlockRanges;
  const rows = matrixOf(x, gauss).map((row, i) =>
    row.map((value, j) => (keep[Math.floor(i / 6)]![Math.floor(j / 6)]! ? value : 0)),
  );
  const ridged = (alpha: number): number[][] =>
    rows.map((row, i) => row.map((value, j) => value + (i === j ? alpha : 0)));

  test("do not count in log-determinants, traces and eigenvalues", () => {
    const options = { alpha: 2, ranges };
    expect(K.logdet<Real>(x, x, right(24), G, options).value).toBeCloseTo(logdetOf(ridged(2)), 9);
    expect(K.trace<Real>(x, x, right(24), G, options).value).toBeCloseTo(traceOf(ridged(2)), 9);
    const { values } = K.eigsh<Real>(3, x, x, right(24), G, { ranges });
    eigenvalues(rows)
      .slice(0, 3)
      .forEach((value, k) => expect(values.get(k)).toBeCloseTo(value, 9));
  });
});

test("an unknown of the kept index makes a diagonal, and that is what the functions see", () => {
  const D = KernelSolve("Exp(-g * SqDist(x, y)) * b", ["x = Vi(2)", "y = Vj(2)", "b = Vi(2)", "g = Pm(1)"], "b", {
    axis: 1,
  });
  const [x, y] = [points(9), rand([7, 2], { ...wide, seed: 4 })];
  const diagonal = Array.from({ length: 9 }, (_, i) => {
    const squares = Array.from(
      { length: 7 },
      (__, j) => (x.get(i, 0) - y.get(j, 0)) ** 2 + (x.get(i, 1) - y.get(j, 1)) ** 2,
    );
    return squares.reduce((sum, s) => sum + Math.exp(-G * s), 0);
  });
  expect(D.trace<Real>(x, y, right(9), G, { alpha: 0 }).value).toBeCloseTo(
    diagonal.reduce((sum, d) => sum + d),
    10,
  );
  const exact = diagonal.reduce((sum, d) => sum + Math.log(d + 1), 0);
  expect(D.logdet<Real>(x, y, right(9), G, { alpha: 1 }).value).toBeCloseTo(exact, 10);
});

describe("what they are given", () => {
  const x = points(12);

  test("is checked, with the name of what does not fit", () => {
    const say = (f: () => unknown, text: string | RegExp): void => expect(f).toThrow(text);
    say(
      () => call(K.eigsh, 13, x, x, right(12), G),
      "eigsh, k: expected an integer from 1 to 12, the order of K, got the number 13",
    );
    say(() => call(K.eigsh, 0, x, x, right(12), G), /eigsh, k: expected an integer from 1/);
    say(
      () => call(K.eigsh, 2, x, x, right(12), G, { which: "smallest" }),
      'which: expected "largest", got the string "smallest"',
    );
    say(() => call(K.eigsh, 2, x, x, right(12), G, { alpha: 1 }), /options: expected some of which, rtol/);
    say(
      () => call(K.logdet, x, x, right(12), G, { probes: 1 }),
      "probes: expected an integer of at least 2, got the number 1",
    );
    say(() => call(K.logdet, x, x, right(12), G, { method: "cg" }), /method: expected "auto", "direct" or "lanczos"/);
    say(() => call(K.logdet, x, x, right(12), G, { seed: -1 }), /seed: expected an integer of at least 0/);
    say(() => call(K.logdet, x, x, right(12), G, { alpha: -1 }), /alpha: expected a number of at least 0/);
    say(() => call(K.logdet, x, rand([12, 2], wide), right(12), G), /expected a symmetric operator/);
    say(() => call(K.trace, x, x, right(13), G), /expected shape/);
  });

  test("may have no batch dimensions", () => {
    const batch = rand([2, 5, 2], wide);
    for (const f of [K.logdet, K.trace])
      expect(() => call(f, batch, batch, zeros([2, 5, 2], wide), G)).toThrow(
        /expected arrays without batch dimensions, got batch \[2\]/,
      );
  });

  test("is left as it was, and may change after a promise was asked for", async () => {
    const [y, b] = [points(300), right(300)];
    const expected = [
      K.logdet<Real>(y, y, b, 50, { alpha: 0.1, method: "lanczos" }),
      K.trace<Real>(y, y, b, 50),
      K.eigsh<Real>(2, y, y, b, 50),
    ];
    expect([...y.data]).toEqual([...points(300).data]);
    const promises = [
      K.logdet.async<Real>(y, y, b, 50, { alpha: 0.1, method: "lanczos" }),
      K.trace.async<Real>(y, y, b, 50),
      K.eigsh.async<Real>(2, y, y, b, 50),
    ];
    y.data.fill(NaN);
    expect(JSON.stringify(await Promise.all<unknown>(promises))).toEqual(JSON.stringify(expected));
  });

  test("is let go when a signal is aborted", async () => {
    const y = points(3000);
    for (const start of [
      (signal: AbortSignal) =>
        K.logdet.async<Real>(y, y, right(3000), 50, { alpha: 1e-3, method: "lanczos", preconditioner: "none", signal }),
      (signal: AbortSignal) => K.eigsh.async<Real>(50, y, y, right(3000), 5000, { signal }),
    ]) {
      const controller = new AbortController();
      const running = start(controller.signal);
      setTimeout(() => {
        controller.abort();
      }, 30);
      await expect(running).rejects.toThrow(InterruptedError);
    }
  });
});

describe("a lazy tensor", () => {
  const x = points(60);
  const lazy = Vi(x).sqdist(Vj(x)).mul(-G).exp();

  test("has the log-determinant and the eigenpairs of its matrix", () => {
    expect(lazy.logdet({ alpha: 0.1 })).toEqual(K.logdet<Real>(x, x, right(60), G, { alpha: 0.1 }));
    const found = lazy.eigsh(3);
    eigenvalues(matrixOf(x, gauss))
      .slice(0, 3)
      .forEach((value, k) => expect(found.values.get(k)).toBeCloseTo(value, 8));
    expect(found.vectors.shape).toEqual([60, 3]);
  });

  test("solves what is symmetric and indefinite, where it is told so", () => {
    const difference = lazy.sub(lazy.square().mul(1.5));
    const [b, options] = [randn([60, 1], { ...wide, seed: 2 }), { alpha: 0.9, symmetry: "indefinite" } as const];
    const a = difference.solve(b, options) as RealArray;
    const image = difference.matmul(a as never) as RealArray;
    expect(norm(Array.from(image.data, (value, n) => value + 0.9 * a.data[n]! - b.data[n]!))).toBeLessThan(
      1e-5 * norm(b.data),
    );
  });

  test("is refused where it is no square matrix", () => {
    expect(() =>
      Vi(x)
        .sqdist(Vj(points(9)))
        .logdet(),
    ).toThrow(/^logdet: expected a square LazyTensor/);
    expect(() => Vi(x).sub(Vj(x)).eigsh(1)).toThrow(/^eigsh: expected a square LazyTensor over arrays, of dim 1/);
    expect(() => lazy.eigsh(61)).toThrow(/eigsh, k: expected an integer from 1 to 60/);
  });
});
