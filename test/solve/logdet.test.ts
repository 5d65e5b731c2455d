/**
 * Log-determinants, traces and eigenpairs of the matrix of a system: against ml-matrix on the same matrix, and within
 * their error bars.
 */
import { fromMatrix } from "../../src/cluster";
import { ArgumentError, ConvergenceError, InterruptedError } from "../../src/errors";
import { KernelSolve, Vi, Vj, nd, rand, zeros } from "../../src";
import type { BlockRanges, LogdetOptions, RealData } from "../../src";
import { G, K, eigenvalues, gauss, matrixOf, points, right } from "../helpers/spectra";
import type { Block } from "../helpers/spectra";
import { norm, wide } from "../helpers/numbers";
import { ALIASES } from "../helpers/systems";

// Compiled in the background, a formula changes its rounding from one call to the next.
process.env["TSKEOPS_COMPILE"] = "never";
const laplacian = KernelSolve("Exp(-g * Norm2(x - y)) * b", ALIASES, "b", { axis: 1 });
const curl = KernelSolve("Exp(-g * SqDist(x, y)) * (b - 2 * g * ((x - y) | b) * (x - y))", ALIASES, "b", { axis: 1 });
const ofComponents = KernelSolve("Exp(-g * SqDist(x, y)) * Concat(Elem(b, 0), 2 * Elem(b, 1))", ALIASES, "b", {
  axis: 1,
});
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

const logdetOf = (rows: number[][]): number => eigenvalues(rows).reduce((sum, value) => sum + Math.log(value), 0);
const traceOf = (rows: number[][]): number => rows.reduce((sum, row, k) => sum + row[k]!, 0);
/** Calls in whatever dtype. */
const call = (f: unknown, ...args: unknown[]): { readonly value: number } =>
  (f as (...given: unknown[]) => { readonly value: number })(...args);

describe.each(blocks)("of %s", (_name, Kinv, block) => {
  describe.each(["float32", "float64"] as const)("in %s", (dtype) => {
    const [x, b] = [points(40, dtype), right(40, dtype)];

    test("the log-determinant is exact where it is factorised", () => {
      const { array: value, ...found } = Kinv.logdet<RealData>(x, x, b, G, { alpha: 0.1 });
      const exact = logdetOf(matrixOf(x, block, 0.1));
      expect([value.get(0), value.size]).toEqual([dtype === "float32" ? Math.fround(found.value) : found.value, 1]);
      expect(found).toEqual({
        value: expect.any(Number) as number,
        standardError: 0,
        gradientErrors: new Map(),
        method: "direct",
        probes: 0,
        iterations: 0,
        rank: 0,
        residual: 0,
        checkedRows: 0,
        whyExact: null,
      });
      expect(Math.abs(found.value - exact)).toBeLessThan(1e-9 * Math.abs(exact));
    });

    test.each(["auto", "none"] as const)(
      "its estimate is off by no more than its error bars say (preconditioner %s)",
      (preconditioner) => {
        const exact = logdetOf(matrixOf(x, block, 0.1));
        const options = { alpha: 0.1, method: "lanczos", preconditioner, probes: 64 } as const;
        const found = Kinv.logdet<RealData>(x, x, b, G, options);
        expect(found).toMatchObject({ method: "lanczos", probes: 64 });
        expect(found.standardError).toBeGreaterThan(0);
        expect(found.standardError).toBeLessThan(0.1 * Math.abs(exact));
        // Where the preconditioner is the whole matrix, rounding is all that is left.
        expect(Math.abs(found.value - exact)).toBeLessThan(4 * found.standardError + 1e-12 * Math.abs(exact));
      },
    );

    test("the trace is exact", () => {
      const found = Kinv.trace<RealData>(x, x, b, G, { alpha: 0.25 });
      expect(found.standardError).toBe(0);
      expect(found.value).toBeCloseTo(traceOf(matrixOf(x, block, 0.25)), 9);
    });

    test("the largest eigenpairs are those of the matrix", () => {
      const { values, vectors, residuals } = Kinv.eigsh<RealData>(4, x, x, b, G);
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
    K.logdet<RealData>(x, x, right(x.shape[0]!), 50, { alpha: 0.01, method: "lanczos", ...options });

  test("a preconditioner makes the error bars shorter and saves products", () => {
    const [low, none] = [lanczos(500, {}), lanczos(500, { preconditioner: "none" })];
    expect(low.rank).toBeGreaterThan(50);
    expect(low.standardError).toBeLessThan(none.standardError / 10);
    expect(low.iterations).toBeLessThan(none.iterations / 4);
    const exact = K.logdet<RealData>(points(500), points(500), right(500), 50, { alpha: 0.01 });
    expect(exact.method).toBe("direct");
    for (const found of [low, none]) expect(Math.abs(found.value - exact.value)).toBeLessThan(4 * found.standardError);
  });

  test("are factorised up to 3000 points and estimated beyond", () => {
    expect(K.logdet<RealData>(points(3001), points(3001), right(3001), 50, { alpha: 0.1 }).method).toBe("lanczos");
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
      expect(() => K.logdet<RealData>(same, same, right(30), 5, { alpha: 0, method })).toThrow(
        /^logdet, alpha 0: expected K \+ alpha I to be positive definite.*: raise alpha$/,
      );
    const negative = KernelSolve("-Exp(-g * SqDist(x, y)) * b", ALIASES, "b", { axis: 1 });
    for (const method of ["direct", "lanczos"] as const)
      expect(() => negative.logdet<RealData>(points(30), points(30), right(30), 5, { alpha: 0.1, method })).toThrow(
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
    expect(K.logdet<RealData>(x, x, right(24), G, options).value).toBeCloseTo(logdetOf(ridged(2)), 9);
    expect(K.trace<RealData>(x, x, right(24), G, options).value).toBeCloseTo(traceOf(ridged(2)), 9);
    const { values } = K.eigsh<RealData>(3, x, x, right(24), G, { ranges });
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
  expect(D.trace<RealData>(x, y, right(9), G, { alpha: 0 }).value).toBeCloseTo(
    diagonal.reduce((sum, d) => sum + d),
    10,
  );
  const exact = diagonal.reduce((sum, d) => sum + Math.log(d + 1), 0);
  expect(D.logdet<RealData>(x, y, right(9), G, { alpha: 1 }).value).toBeCloseTo(exact, 10);
});

test("a result in place of its array is told by both names", () => {
  const x = rand([5, 2]);
  const result: unknown = Vi(x).sqdist(Vj(x)).neg().exp().logdet({ alpha: 1 });
  expect(() => nd.add(x, result as never)).toThrow(/got an object with value, array, /);
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
      () => call(K.eigsh, 2, x, x, right(12), G, { which: "least" }),
      'which: expected "largest", "smallest", "both" or "nearest", got the string "least"',
    );
    say(() => call(K.eigsh, 2, x, x, right(12), G, { alpha: 1 }), /options: expected some of which, sigma, rtol/);
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
      K.logdet<RealData>(y, y, b, 50, { alpha: 0.1, method: "lanczos" }),
      K.trace<RealData>(y, y, b, 50),
      K.eigsh<RealData>(2, y, y, b, 50),
    ];
    expect([...y.data]).toEqual([...points(300).data]);
    const promises = [
      K.logdet.async<RealData>(y, y, b, 50, { alpha: 0.1, method: "lanczos" }),
      K.trace.async<RealData>(y, y, b, 50),
      K.eigsh.async<RealData>(2, y, y, b, 50),
    ];
    y.data.fill(NaN);
    expect(JSON.stringify(await Promise.all<unknown>(promises))).toEqual(JSON.stringify(expected));
  });

  test("is let go when a signal is aborted", async () => {
    const y = points(3000);
    for (const start of [
      (signal: AbortSignal) =>
        K.logdet.async<RealData>(y, y, right(3000), 50, {
          alpha: 1e-3,
          method: "lanczos",
          preconditioner: "none",
          signal,
        }),
      (signal: AbortSignal) => K.eigsh.async<RealData>(50, y, y, right(3000), 5000, { signal }),
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
