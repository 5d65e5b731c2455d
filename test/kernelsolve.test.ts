/**
 * KernelSolve as its users meet it: solutions against dense solves of the same matrix, held to the bound that the residual gives;
 * hard data and what they end in; every input it must refuse; and its gradients, against finite differences of the solve.
 */
import ndarray from "ndarray";
import { ArgumentError, ConvergenceError, FormulaError } from "../src/errors";
import { Genred, KernelSolve, array, astype, grad, nd, rand, randn, requiresGrad, zeros } from "../src";
import type { Dtype, SolveIteration, RealArray, SolveOptions } from "../src";

const [N, D, G] = [60, 2, 20];
const BACKENDS = ["cpu", "tiles", "reference"] as const;
const DTYPES = ["float32", "float64"] as const;
const ALIASES = ["x = Vi(2)", "y = Vj(2)", "b = Vj(2)", "g = Pm(1)"] as const;
const GAUSSIAN = "Exp(-g * SqDist(x, y)) * b";
const gaussian = KernelSolve(GAUSSIAN, ALIASES, "b", { axis: 1 });
/** Iterations as they are: what follows is about how they go and end. */
const PLAIN = { method: "cg", preconditioner: "none" } as const;
const wide = { dtype: "float64" } as const;

interface Data {
  readonly x: RealArray;
  readonly b: RealArray;
}
const data = (dtype: Dtype = "float64", n = N, columns = 2): Data => ({
  x: rand([n, D], { dtype, seed: 1 }),
  b: randn([n, columns], { dtype, seed: 2 }),
});

/** A call as JavaScript makes it, with whatever it likes. */
const untyped = (f: unknown) => f as (...args: unknown[]) => RealArray;

/** Elements row by row, through `get`: nothing of ours is trusted to read them. */
function values(a: RealArray): number[] {
  const [rows = 1, columns = 1] = a.shape;
  return Array.from({ length: rows * columns }, (_, n) => a.get(Math.floor(n / columns), n % columns));
}
const norm = (numbers: readonly number[]): number => Math.hypot(...numbers);
const minus = (a: readonly number[], b: readonly number[]): number[] => a.map((value, n) => value - b[n]!);
const column = (a: RealArray, k: number): number[] => values(a).filter((_, n) => n % a.shape[1]! === k);

/** The float64 matrix of `[n c, n c]` that a symmetric kernel of c x c blocks makes of points. */
function matrixOf(x: RealArray, block: (d: readonly number[], squares: number) => number[][]): RealArray {
  const n = x.shape[0]!;
  const c = block([0, 0], 0).length;
  const matrix = zeros([n * c, n * c], wide);
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++) {
      const d = [0, 1].map((k) => x.get(i, k) - x.get(j, k));
      const entries = block(d, d[0]! ** 2 + d[1]! ** 2);
      for (let p = 0; p < c; p++) for (let q = 0; q < c; q++) matrix.set(i * c + p, j * c + q, entries[p]![q]!);
    }
  return matrix;
}

function ridged(matrix: RealArray, alpha: number): RealArray {
  return nd.add(matrix, nd.mul(nd.eye(matrix.shape[0]!, wide), alpha));
}

/** ‖a - a*‖ <= ‖r‖ / alpha, and a was rounded to its dtype at the end. */
function expectSolution(a: RealArray, K: RealArray, b: RealArray, alpha: number, eps = 1e-6): void {
  const right = nd.reshape(astype(b, "float64"), [K.shape[0]!, b.size / K.shape[0]!]);
  const exact = values(nd.solve(ridged(K, alpha), right));
  const error = norm(minus(values(a), exact));
  const allowed = (eps * norm(values(b))) / alpha;
  const rounding = a.data.BYTES_PER_ELEMENT === 4 ? 2 ** -23 : 1e-10;
  expect(a.shape).toEqual(b.shape);
  expect(error).toBeLessThanOrEqual(allowed + rounding * norm(exact));
}

// ---------------------------------------------------------------------------------------------------------- solutions

const KERNELS: readonly (readonly [string, string, (squares: number) => number])[] = [
  ["Gaussian", "Exp(-g * SqDist(x, y))", (s) => Math.exp(-G * s)],
  ["Laplacian", "Exp(-g * Norm2(x - y))", (s) => Math.exp(-G * Math.sqrt(s))],
  ["Cauchy", "Inv(1 + g * SqDist(x, y))", (s) => 1 / (1 + G * s)],
  ["inverse multiquadric", "Rsqrt(1 + g * SqDist(x, y))", (s) => 1 / Math.sqrt(1 + G * s)],
];

describe.each(DTYPES)("in %s", (dtype) => {
  const { x, b } = data(dtype);

  describe.each(KERNELS)("the solution for the %s kernel", (_name, kernel, value) => {
    const K = matrixOf(x, (_, squares) => [[value(squares)]]);

    test.each([
      ["a Vj, summed over j", "Vj", 1],
      ["a Vi, summed over i", "Vi", 0],
    ] as const)("is that of a dense solve: the unknown is %s", (_what, kind, axis) => {
      const Kinv = KernelSolve(`${kernel} * b`, ["x = Vi(2)", "y = Vj(2)", `b = ${kind}(2)`, "g = Pm(1)"], "b", {
        axis,
      });
      const a = Kinv(x, x, b, G, { alpha: 0.01 });
      expect(a.data).toBeInstanceOf(dtype === "float64" ? Float64Array : Float32Array);
      expectSolution(a, K, b, 0.01);
    });

    test("may be asked for more closely", () => {
      const a = KernelSolve(`${kernel} * b`, ALIASES, "b", { axis: 1 })(x, x, b, G, { alpha: 0.1, eps: 1e-11 });
      expectSolution(a, K, b, 0.1, 1e-11);
    });
  });

  test.each([
    ["a Vj, summed over i", "Vj", 0],
    ["a Vi, summed over j", "Vi", 1],
  ] as const)("an unknown of the kept index makes a diagonal system: %s", (_what, kind, axis) => {
    const Kinv = KernelSolve(GAUSSIAN, ["x = Vi(2)", "y = Vj(2)", `b = ${kind}(2)`, "g = Pm(1)"], "b", { axis });
    const other = rand([9, D], { dtype, seed: 5 });
    const weights = Genred("Exp(-g * SqDist(x, y))", ["x = Vi(2)", "y = Vj(2)", "g = Pm(1)"], { axis: 1 })(x, other, G);
    const expected = values(b).map((value, n) => value / (weights.get(Math.floor(n / 2), 0) + 0.5));
    const a = axis === 1 ? Kinv(x, other, b, G, { alpha: 0.5 }) : Kinv(other, x, b, G, { alpha: 0.5 });
    expect(norm(minus(values(a), expected))).toBeLessThanOrEqual(4e-6 * norm(values(b)));
  });

  test.each([1, 2, 3, 4, 5])("%i right-hand sides are solved side by side", (columns) => {
    const { b } = data(dtype, N, columns);
    const Kinv = KernelSolve(GAUSSIAN, ["x = Vi(2)", "y = Vj(2)", `b = Vj(${columns})`, "g = Pm(1)"], "b", { axis: 1 });
    const K = matrixOf(x, (_, squares) => [[Math.exp(-G * squares)]]);
    expectSolution(Kinv(x, x, b, G, { alpha: 0.01 }), K, b, 0.01);
  });

  const MIXED: readonly (readonly [string, string, number, (d: readonly number[], squares: number) => number[][]])[] = [
    [
      "curl-free fields",
      "Exp(-g * SqDist(x, y)) * (b - 2 * g * ((x - y) | b) * (x - y))",
      2,
      (d, s) => [0, 1].map((p) => [0, 1].map((q) => Math.exp(-G * s) * ((p === q ? 1 : 0) - 2 * G * d[p]! * d[q]!))),
    ],
    [
      "a matrix that mixes components",
      "Exp(-g * SqDist(x, y)) * Concat(2 * Elem(b, 0) + Elem(b, 1), Elem(b, 0) + 2 * Elem(b, 1))",
      2,
      (_, s) => [0, 1].map((p) => [0, 1].map((q) => Math.exp(-G * s) * (p === q ? 2 : 1))),
    ],
    [
      "a component that all share",
      "Exp(-g * SqDist(x, y)) * (b + Sum(b))",
      3,
      (_, s) => [0, 1, 2].map((p) => [0, 1, 2].map((q) => Math.exp(-G * s) * (p === q ? 2 : 1))),
    ],
  ];

  test.each(MIXED)("components that a formula mixes are one system: %s", (_what, formula, dim, block) => {
    const { b } = data(dtype, N, dim);
    const Kinv = KernelSolve(formula, ["x = Vi(2)", "y = Vj(2)", `b = Vj(${dim})`, "g = Pm(1)"], "b", { axis: 1 });
    expectSolution(Kinv(x, x, b, G, { alpha: 0.05 }), matrixOf(x, block), b, 0.05);
  });

  test.each(BACKENDS)("the backend %s solves it", (backend) => {
    const [few, right] = [x.hi(30, D), b.hi(30, 2)];
    const K = matrixOf(few, (_, squares) => [[Math.exp(-G * squares)]]);
    expectSolution(gaussian(few, few, right, G, { alpha: 0.1, backend }), K, array(right), 0.1);
  });

  test("both tolerances 0 mean as far as rounding allows", () => {
    const a = gaussian(x, x, b, G, { alpha: 0.1, eps: 0 });
    expectSolution(
      a,
      matrixOf(x, (_, squares) => [[Math.exp(-G * squares)]]),
      b,
      0.1,
      1e-12,
    );
  });

  test("a relative tolerance is enough where it is wider", () => {
    const counts = [0, 1e-2].map((rtol) => {
      let last = 0;
      gaussian(x, x, b, G, { alpha: 0.01, rtol, ...PLAIN, onIteration: ({ iteration }) => (last = iteration) });
      return last;
    });
    expect(counts[1]).toBeLessThan(counts[0]!);
  });

  test("views with gaps and negative strides give the solution of their copies, to the last bit", () => {
    const [reversed, mirrored] = [x.step(-1, 1), b.step(-1, -1)];
    const a = gaussian(reversed, reversed, mirrored, G, { alpha: 0.01 });
    const copies = [array(reversed), array(mirrored)] as const;
    expect(values(a)).toEqual(values(gaussian(copies[0], copies[0], copies[1], G, { alpha: 0.01 })));
  });

  test("inputs are left as they were, and no result shares memory with them", () => {
    const before = [x, b].map(values);
    const start = randn([N, 2], { dtype, seed: 3 });
    const a = gaussian(x, x, b, G, { alpha: 1, x0: start });
    expect([x, b].map(values)).toEqual(before);
    expect(values(start)).toEqual(values(randn([N, 2], { dtype, seed: 3 })));
    expect([x, b, start].map(({ data }) => data.buffer)).not.toContain(a.data.buffer);
  });

  test("one point", () => {
    const one = { x: x.hi(1, D), b: b.hi(1, 2) };
    const a = gaussian(one.x, one.x, one.b, G, { alpha: 1 });
    expect(
      norm(
        minus(
          values(a),
          values(one.b).map((value) => value / 2),
        ),
      ),
    ).toBeLessThan(1e-6);
  });

  test("no points have an empty solution", () => {
    const none = zeros([0, 2], { dtype });
    expect(gaussian(none, none, none, G, { alpha: 1 }).shape).toEqual([0, 2]);
  });
});

// ------------------------------------------------------------------------------------------------- what is hard, and how it ends

/** Solves and tells how: the solution, and the last progress whose residual was recomputed. */
function solved(x: RealArray, b: RealArray, options: SolveOptions = {}): { a: RealArray; last: SolveIteration } {
  const reports: SolveIteration[] = [];
  const a = untyped(gaussian)(x, x, b, G, {
    alpha: 0.01,
    ...PLAIN,
    ...options,
    onIteration: (p: SolveIteration) => reports.push(p),
  });
  return { a, last: reports.filter(({ verified }) => verified).at(-1)! };
}

describe.each(DTYPES)("with %s data", (dtype) => {
  const { x, b } = data(dtype);
  const K = matrixOf(x, (_, squares) => [[Math.exp(-G * squares)]]);
  const times = (factors: readonly number[]): RealArray => nd.mul(b, array(factors, { dtype }));

  test("a right-hand side of 0 has the solution 0, after no iteration, from any start", () => {
    const { a, last } = solved(x, zeros([N, 2], { dtype }), { x0: b });
    expect([new Set(values(a).map(Math.abs)), last]).toEqual([
      new Set([0]),
      { iteration: 0, residual: 0, verified: true },
    ]);
  });

  test("a column of 0 beside another stays 0", () => {
    const { a } = solved(x, times([0, 1]));
    expect(new Set(column(a, 0))).toEqual(new Set([0]));
    expectSolution(a, K, times([0, 1]), 0.01);
  });

  test("a tiny right-hand side is solved as precisely as a large one", () => {
    expectSolution(solved(x, times([1e-7, 1e-7])).a, K, times([1e-7, 1e-7]), 0.01);
    expectSolution(solved(x, times([1e-30, 1e-30])).a, K, times([1e-30, 1e-30]), 0.01);
  });

  test("a huge right-hand side is solved", () => {
    expectSolution(solved(x, times([1e30, 1e30])).a, K, times([1e30, 1e30]), 0.01);
  });

  test("columns 1e8 apart are each solved to their own size", () => {
    const mixed = times([1e-4, 1e4]);
    const { a } = solved(x, mixed);
    const exact = nd.solve(ridged(K, 0.01), astype(mixed, "float64"));
    for (const k of [0, 1]) {
      const allowed = (1e-6 / 0.01) * norm(column(mixed, k)) + 2 ** -23 * norm(column(exact, k));
      expect(norm(minus(column(a, k), column(exact, k)))).toBeLessThanOrEqual(allowed);
    }
  });

  test("without a ridge, a system that rounding can tell from a singular one is solved", () => {
    const far = nd.mul(x, 10);
    const { a, last } = solved(far, b, { alpha: 0 });
    expect(last.residual).toBeLessThanOrEqual(1e-6);
    const sharp = ridged(
      matrixOf(far, (_, squares) => [[Math.exp(-G * squares)]]),
      0,
    );
    const left = minus(values(nd.matmul(sharp, astype(a, "float64"))), values(b));
    expect(norm(left)).toBeLessThanOrEqual(2e-6 * norm(values(b)));
  });

  test("a system that rounding to float32 makes singular is solved in float64", () => {
    const points = rand([100, 2], { dtype, seed: 1 });
    const { last } = solved(points, randn([100, 2], { dtype, seed: 2 }), { alpha: 1e-10 });
    expect(last.residual).toBeLessThanOrEqual(1e-6);
  });

  test("started at the solution, no iteration is left to do", () => {
    const { a } = solved(x, b, { eps: 1e-8 });
    const again = solved(x, b, { x0: a, eps: 1e-3 });
    expect(again.last.iteration).toBe(0);
    expect(values(again.a)).toEqual(values(a));
  });

  test("started near the solution, fewer iterations are left to do", () => {
    const cold = solved(x, b);
    const warm = solved(x, b, { x0: nd.mul(cold.a, 1 + 1e-4) });
    expect(warm.last.iteration).toBeLessThan(cold.last.iteration);
    expectSolution(warm.a, K, b, 0.01);
  });

  test("progress counts up from 0, tells how far the residual is, and ends with a verified one", () => {
    const reports: SolveIteration[] = [];
    gaussian(x as RealArray<Float64Array>, x as RealArray<Float64Array>, b as RealArray<Float64Array>, G, {
      alpha: 0.01,
      onIteration: (progress) => reports.push(progress),
    });
    expect(reports[0]).toEqual({ iteration: 0, residual: 1, verified: true });
    expect(reports.map(({ iteration }) => iteration)).toEqual(
      [...reports.map(({ iteration }) => iteration)].sort((p, q) => p - q),
    );
    expect(reports.at(-1)!.verified).toBe(true);
    expect(reports.at(-1)!.residual).toBeLessThanOrEqual(1e-6);
  });

  test("what onIteration throws ends the solve and arrives as it is", () => {
    const stop = new Error("enough");
    let calls = 0;
    const onIteration = ({ iteration }: SolveIteration): void => {
      calls++;
      if (iteration === 3) throw stop;
    };
    expect(() => untyped(gaussian)(x, x, b, G, { alpha: 0.01, ...PLAIN, onIteration })).toThrow(stop);
    expect(calls).toBe(4);
  });

  describe("the error of a solve without convergence", () => {
    const failure = (run: () => unknown): ConvergenceError => {
      try {
        run();
      } catch (error) {
        if (error instanceof ConvergenceError) return error;
        throw error;
      }
      throw new Error("nothing was thrown");
    };

    test("after too few iterations carries them, the residual and the last iterate", () => {
      const error = failure(() => solved(x, b, { maxIterations: 5 }));
      const iterate = error.lastIterate as RealArray;
      const left = minus(values(b), values(nd.matmul(ridged(K, 0.01), astype(iterate, "float64"))));
      const worst = Math.max(...[0, 1].map((k) => norm(left.filter((_, n) => n % 2 === k)) / norm(column(b, k))));
      expect([error.name, error.code, error.iterations]).toEqual(["ConvergenceError", "ERR_KEOPS_CONVERGENCE", 5]);
      expect([iterate.shape, iterate.dtype]).toEqual([[N, 2], dtype]);
      expect(Math.abs(error.residual - worst)).toBeLessThanOrEqual(1e-4 * worst);
      expect(error.message).toMatch(
        /^KernelSolve, alpha 0.01: expected convergence, got a relative residual of .* after 5 iterations; it ran out of iterations: raise maxIterations, alpha or eps$/,
      );
    });

    test("says after one iteration that it was one", () => {
      expect(failure(() => solved(x, b, { maxIterations: 1 })).iterations).toBe(1);
    });

    test.each([NaN, Infinity, -Infinity])("names %p in the right-hand side", (bad) => {
      const broken = array(b, { dtype });
      broken.set(7, 1, bad);
      expect(failure(() => solved(x, broken)).message).toMatch(
        /numbers that are not finite: look for NaN or infinity in the arrays$/,
      );
    });

    test("names NaN in the points, in the parameter and in the start", () => {
      const broken = array(x, { dtype });
      broken.set(7, 1, NaN);
      expect(failure(() => solved(broken, b)).message).toMatch(/not finite/);
      expect(failure(() => untyped(gaussian)(x, x, b, NaN)).message).toMatch(/not finite/);
      expect(failure(() => solved(x, b, { x0: nd.mul(b, NaN) })).message).toMatch(/not finite/);
    });

    test.each([
      ["a negative kernel", "-(Exp(-g * SqDist(x, y)) * b)", 0],
      ["a kernel with eigenvalues of both signs", "g * Norm2(x - y) * b", 0.01],
    ])("says of %s that it is not positive definite", (_what, formula, alpha) => {
      const Kinv = untyped(KernelSolve(formula, ALIASES, "b", { axis: 1 }));
      expect(failure(() => Kinv(x, x, b, G, { alpha })).message).toMatch(
        /K \+ alpha I is not positive definite; raise alpha, or say symmetry: "indefinite"$/,
      );
    });

    test.each([
      ["a kernel of rank 2", "g * (x | y) * b"],
      ["a constant kernel", "(1 + 0 * g) * IntCst(1) * Rsqrt(1 + 0 * SqDist(x, y)) * b"],
    ])("says of %s without a ridge that it is singular", (_what, formula) => {
      const Kinv = untyped(KernelSolve(formula, ALIASES, "b", { axis: 1 }));
      const error = failure(() => Kinv(x, x, b, G, { alpha: 0 }));
      expect(error.message).toMatch(/raise alpha(, or say symmetry: "indefinite")?$/);
      expect(error.residual).toBeGreaterThan(0.1);
    });

    test("of points that coincide, without a ridge, is no solution by accident", () => {
      const twice = array(x, { dtype });
      for (let i = 0; i < N / 2; i++) for (const k of [0, 1]) twice.set(N / 2 + i, k, twice.get(i, k));
      expect(failure(() => solved(twice, b, { alpha: 0 })).residual).toBeGreaterThan(0.1);
    });
  });
});

// --------------------------------------------------------------------------------------------------------- wrong calls

describe("KernelSolve", () => {
  const make = (...args: unknown[]): unknown => (KernelSolve as unknown as (...args: unknown[]) => unknown)(...args);

  test.each([
    [
      "an unknown that no alias declares",
      [GAUSSIAN, ALIASES, "c"],
      /^varinvalias: expected one of "x", "y", "b", got the string "c"$/,
    ],
    [
      "a parameter as unknown",
      [GAUSSIAN, ALIASES, "g"],
      /^varinvalias: expected a Vi or a Vj, got the parameter g \(Pm, dim 1\)$/,
    ],
    ["no unknown", [GAUSSIAN, ALIASES], /^varinvalias: expected one of .*, got undefined$/],
    [
      "no unknown among aliases without names",
      ["Var(0,2,1)", ["Vj(2)"]],
      /^varinvalias: expected a Vi or a Vj with a name, got undefined$/,
    ],
    [
      "a formula that is not linear in the unknown",
      [GAUSSIAN, ALIASES, "x"],
      /^KernelSolve: expected a formula that is linear in x \(Vi, dim 2\), got Sum over i of/,
    ],
    [
      "a square of the unknown",
      ["Exp(-g * SqDist(x, y)) * Square(b)", ALIASES, "b"],
      /linear in b .*: its derivative depends on it$/,
    ],
    [
      "an affine formula",
      ["Exp(-g * SqDist(x, y)) * b + x", ALIASES, "b"],
      /linear in b .*: it is not 0 where that is 0$/,
    ],
    [
      "a formula without the unknown",
      ["Exp(-g * SqDist(x, y)) * x", ALIASES, "b"],
      /linear in b .*: it does not depend on it$/,
    ],
    [
      "a piecewise constant formula",
      ["Exp(-g * SqDist(x, y)) * Sign(b)", ALIASES, "b"],
      /linear in b .*: Sign is piecewise constant$/,
    ],
    [
      "a formula of another dim",
      ["Exp(-g * SqDist(x, y)) * Elem(b, 0)", ALIASES, "b"],
      /^KernelSolve: expected a formula of dim 2 as b \(Vj, dim 2\), got dim 1$/,
    ],
    ["one text in place of the list of aliases", ["b", "b = Vj(1)", "b"], /^aliases: expected a list of texts/],
  ])("refuses %s", (_what, args, message) => {
    expect(() => make(...args)).toThrow(FormulaError);
    expect(() => make(...args)).toThrow(message);
  });

  test.each([
    ["axis 2", { axis: 2 }, /^KernelSolve, axis: expected one of 0, 1, got the number 2$/],
    [
      "another reduction",
      { reductionOp: "Sum" },
      /^KernelSolve, options: expected some of axis, .* got "reductionOp"$/,
    ],
    [
      "an option that belongs to the call",
      { alpha: 1 },
      /^KernelSolve, options: expected some of axis, .* got "alpha"$/,
    ],
    ["options as text", "axis", /^KernelSolve, options: expected an object, got the string "axis"$/],
  ])("refuses %s", (_what, options, message) => {
    expect(() => make(GAUSSIAN, ALIASES, "b", options)).toThrow(ArgumentError);
    expect(() => make(GAUSSIAN, ALIASES, "b", options)).toThrow(message);
  });

  test("can be printed", () => {
    expect(String(gaussian)).toBe("Inverse of (Sum over j of Exp(-(g * SqNorm2(x - y))) * b) as a function of b");
  });
});

describe("a wrong solve", () => {
  const { x, b } = data();
  const call = untyped(gaussian);
  const other = rand([N, D], { ...wide, seed: 7 });

  test.each([
    [
      "points that differ",
      [x, other, b, G],
      /^KernelSolve: expected a symmetric operator \(the same points as x and y, and a symmetric formula; else say symmetry: "none"\), got u·Kv = /,
    ],
    [
      "one point that differs a little",
      [x, nd.add(x, nd.mul(other, 1e-5)), b, G],
      /^KernelSolve: expected a symmetric operator/,
    ],
    [
      "more rows than columns",
      [x, x.hi(50, D), b.hi(50, 2), G],
      /^KernelSolve: expected a square operator, got 60 rows and 50 columns$/,
    ],
    [
      "a right-hand side of other rows",
      [x, x, b.hi(50, 2), G],
      /^b \(Vj, dim 2\): expected shape \[60, 2\] as y .*, got \[50, 2\]$/,
    ],
    ["a right-hand side that is a vector", [x, x, b.pick(null, 0), G], /^b \(Vj, dim 2\): expected shape \[60, 2\]/],
    ["mixed dtypes", [x, x, astype(b, "float32"), G], /^b \(Vj, dim 2\): expected float64 as x .* has, got float32/],
    ["too few arrays", [x, x, b], /^call: expected 4 arrays: .*; got 3 arguments$/],
    [
      "a number for the right-hand side",
      [x, x, 1, G],
      /^b \(Vj, dim 2\): expected an array \[N, 2\], got the number 1$/,
    ],
  ])("with %s is refused", (_what, args, message) => {
    expect(() => call(...args)).toThrow(ArgumentError);
    expect(() => call(...args)).toThrow(message);
  });

  test.each([
    ["a misspelt option", { alhpa: 1 }, /^call, options: expected some of alpha, eps, .* got "alhpa"$/],
    ["an out, which a solve does not take", { out: b }, /^call, options: .* got "out"$/],
    ["a negative alpha", { alpha: -1 }, /^alpha: expected a number of at least 0, got the number -1$/],
    ["alpha NaN", { alpha: NaN }, /^alpha: expected a number of at least 0, got the number NaN$/],
    ["alpha as text", { alpha: "1" }, /^alpha: expected a number of at least 0, got the string "1"$/],
    ["alpha null", { alpha: null }, /^alpha: expected a number of at least 0, got null$/],
    ["an infinite eps", { eps: Infinity }, /^eps: expected a number of at least 0, got the number Infinity$/],
    ["a negative rtol", { rtol: -1e-3 }, /^rtol: expected a number of at least 0/],
    ["no iterations", { maxIterations: 0 }, /^maxIterations: expected an integer of at least 1, got the number 0$/],
    ["half an iteration", { maxIterations: 1.5 }, /^maxIterations: expected an integer of at least 1/],
    ["endless iterations", { maxIterations: Infinity }, /^maxIterations: expected an integer of at least 1/],
    [
      "a start of another shape",
      { x0: b.hi(50, 2) },
      /^x0: expected shape \[60, 2\] as the solution has, got \[50, 2\]$/,
    ],
    ["a start of another dtype", { x0: astype(b, "float32") }, /^x0: expected a float64 ndarray, got a float32 one/],
    ["a start that is a plain array", { x0: [1] }, /^x0: expected a float64 ndarray, got a plain array/],
    [
      "a report that is no function",
      { onIteration: "print" },
      /^onIteration: expected a function, got the string "print"$/,
    ],
    ["an unknown backend", { backend: "GPU" }, /^backend: expected one of "auto", "cpu", "tiles", .*, got "GPU"$/],
  ])("with %s is refused", (_what, options, message) => {
    expect(() => call(x, x, b, G, options)).toThrow(ArgumentError);
    expect(() => call(x, x, b, G, options)).toThrow(message);
  });

  test("of a formula that is not symmetric is refused, though its points are the same", () => {
    const Kinv = untyped(KernelSolve("Exp(-g * SqDist(x, 2 * y)) * b", ALIASES, "b", { axis: 1 }));
    expect(() => Kinv(x, x, b, G, { alpha: 1 })).toThrow(/^KernelSolve: expected a symmetric operator/);
  });

  test("is none where options are null or undefined", () => {
    const plain = values(gaussian(x, x, b, 2000));
    expect(values(call(x, x, b, 2000, null))).toEqual(plain);
    expect(values(call(x, x, b, 2000, { alpha: undefined, x0: null, onIteration: null }))).toEqual(plain);
  });
});

// ----------------------------------------------------------------------------------------------------------- gradients

/** sum(a * b) as a recorded array of one element. */
const inner = (a: RealArray, b: RealArray): RealArray => nd.sum(nd.mul(a, b));

/** The derivative at t = 0, to fourth order in the step. */
function slope(f: (t: number) => number, h = 1e-3): number {
  return (8 * (f(h) - f(-h)) - (f(2 * h) - f(-2 * h))) / (12 * h);
}

/** L_0 = e · f(a), L_{k+1} = v_k · dL_k/da: each must be the slope of the one before along v_k. */
function expectDerivatives(f: (a: RealArray) => RealArray, a: RealArray, orders: number): void {
  const directions = Array.from({ length: orders }, (_, k) => randn(a.shape, { ...wide, seed: 20 + k }));
  const levels = (at: RealArray): RealArray[] => {
    const marked = requiresGrad(array(at));
    const result = f(marked);
    const found = [inner(result, randn(result.shape, { ...wide, seed: 19 }))];
    for (const v of directions) found.push(inner(grad(found.at(-1)!, [marked], null, { createGraph: true })[0], v));
    return found;
  };
  const exact = levels(a);
  directions.forEach((v, k) => {
    const expected = slope((t) => levels(nd.add(a, nd.mul(v, t)))[k]!.data[0]!);
    const got = exact[k + 1]!.data[0]!;
    expect(Math.abs(got - expected)).toBeLessThanOrEqual(1e-6 * Math.max(1, Math.abs(expected)));
  });
}

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
    expectDerivatives(f, array(a), 2);
  });

  test("by the points is a slope to the third order", () => {
    expectDerivatives((a) => gaussian(a, a, b, g, options), x, 3);
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
