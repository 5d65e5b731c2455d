/** MINRES and GMRES: on random matrices in plain memory, and as KernelSolve's `symmetry` option against dense solves. */
import {
  ArgumentError,
  ConvergenceError,
  InterruptedError,
  KernelSolve,
  array,
  astype,
  dense,
  grad,
  rand,
  randn,
  requiresGrad,
  zeros,
} from "../src";
import type { Dtype, Real, RealArray, SolveOptions, SolveResult } from "../src";
import { HostVectors } from "../src/device/hostvectors";
import { gmres, gmresWith } from "../src/solve/gmres";
import { MINRES, minres } from "../src/solve/minres";
import { refine } from "../src/solve/refine";
import { onePrecision } from "../src/solve/space";
import type { Space } from "../src/solve/space";
import { runSync } from "../src/task";

type Numbers = Float32Array | Float64Array;

const wide = { dtype: "float64" } as const;
const GMRES = gmresWith({});

const norm = (v: ArrayLike<number>): number => Math.hypot(...Array.from(v));
const minus = (a: ArrayLike<number>, b: ArrayLike<number>): number[] => Array.from(a, (value, n) => value - b[n]!);

/** A space in which the matrix `[n, n]` is the operator; it counts the handles that are taken and not given back. */
class MatrixSpace extends HostVectors implements Space<Numbers, Float64Array> {
  taken = 0;
  constructor(
    readonly matrix: RealArray,
    columns: number,
    readonly precondition?: (x: Numbers, out: Numbers) => void,
  ) {
    super(matrix.shape[0]!, columns, "float64");
  }
  override vector(): Numbers {
    this.taken++;
    return super.vector();
  }
  override scalar(): Float64Array {
    this.taken++;
    return super.scalar();
  }
  override free(): void {
    this.taken--;
  }
  apply(x: Numbers, out: Numbers): void {
    const { rows, columns, matrix } = this;
    for (let i = 0; i < rows; i++)
      for (let k = 0; k < columns; k++) {
        let sum = 0;
        for (let j = 0; j < rows; j++) sum += matrix.get(i, j) * x[j * columns + k]!;
        out[i * columns + k] = sum;
      }
  }
}

const inner = (a: RealArray, b: RealArray): number =>
  Array.from(a.data).reduce((sum, value, n) => sum + value * b.data[n]!, 0);

const gaussian = (n: number, columns: number, seed: number): RealArray => randn([n, columns], { ...wide, seed });
/** Eigenvalues of both signs, none near zero. */
function indefinite(n: number): RealArray {
  const a = gaussian(n, n, 1);
  const symmetric = dense.mul(dense.add(a, dense.transpose(a)), 0.5 / Math.sqrt(n));
  const signs = zeros([n, n], wide);
  for (let i = 0; i < n; i++) signs.set(i, i, i % 3 === 0 ? -2 : 2);
  return dense.add(symmetric, signs);
}
const general = (n: number): RealArray =>
  dense.add(dense.mul(gaussian(n, n, 3), 0.5 / Math.sqrt(n)), dense.mul(dense.eye(n, wide), 1.5));

const METHODS = [
  ["MINRES", MINRES, indefinite],
  ["GMRES", GMRES, general],
  ["GMRES on a symmetric matrix", GMRES, indefinite],
] as const;

describe.each(METHODS)("%s", (_name, inner, matrixOf) => {
  const run = (matrix: RealArray, b: RealArray, options: object = {}) => {
    const space = new MatrixSpace(matrix, b.shape[1]!);
    const x = new Float64Array(b.size);
    const found = runSync(refine(onePrecision(space), Float64Array.from(b.data), x, { inner, ...options }));
    expect(space.taken).toBe(0);
    return { ...found, x };
  };

  test.each([1, 2, 7, 60, 150])("agrees with a dense solve of %i unknowns, several columns at once", (n) => {
    const [matrix, b] = [matrixOf(n), gaussian(n, 3, 2)];
    const { converged, residual, x } = run(matrix, b, { eps: 1e-10 });
    expect(converged).toBe("tolerance");
    expect(residual).toBeLessThanOrEqual(1e-10);
    const exact = dense.solve(matrix, b).data;
    expect(norm(minus(x, exact))).toBeLessThan(1e-7 * norm(exact));
  });

  test("goes to the limit of the precision when both tolerances are zero", () => {
    const { converged, residual } = run(indefinite(50), gaussian(50, 2, 2), { eps: 0 });
    expect(converged).toBe("precision");
    expect(residual).toBeLessThan(1e-13);
  });

  test("gives every column as if it were alone, and zero for a zero column", () => {
    const [matrix, b] = [matrixOf(40), gaussian(40, 3, 2)];
    for (let i = 0; i < 40; i++) {
      b.set(i, 1, 0);
      b.set(i, 2, 1e-7 * b.get(i, 2));
    }
    const together = run(matrix, b).x;
    [0, 1, 2].forEach((k) => {
      const column = array(b.hi(40, k + 1).lo(0, k));
      const alone = run(matrix, column).x;
      expect(
        norm(
          minus(
            alone,
            Array.from(together).filter((_, n) => n % 3 === k),
          ),
        ),
      ).toBeLessThanOrEqual(1e-5 * norm(alone));
      expect(norm(alone) > 0).toBe(k !== 1);
    });
  });

  test("ends with the iterations it may have, nearer to the solution", () => {
    const { converged, iterations, residual } = run(matrixOf(80), gaussian(80, 1, 2), { maxIterations: 6 });
    expect({ converged, iterations }).toEqual({ converged: "iterations", iterations: 6 });
    expect(residual).toBeGreaterThan(1e-6);
    expect(residual).toBeLessThan(1);
  });

  test("solves a singular system where it can, and says that the residual no longer falls where it cannot", () => {
    const matrix = zeros([3, 3], wide);
    matrix.set(0, 0, 2);
    matrix.set(1, 1, -1);
    const within = run(matrix, array([[1], [1], [0]], wide));
    expect(within.converged).toBe("tolerance");
    expect(minus(within.x, [0.5, -1, 0]).every((left) => Math.abs(left) < 1e-12)).toBe(true);
    const without = run(matrix, array([[1], [1], [1]], wide));
    expect(without.converged).toBe("precision");
    expect(without.residual).toBeCloseTo(1 / Math.sqrt(3), 10);
  });

  test.each([NaN, Infinity])("ends at once where an entry is %d", (bad) => {
    const matrix = matrixOf(5);
    matrix.set(2, 2, bad);
    expect(run(matrix, gaussian(5, 1, 2)).converged).toBe("nan");
  });

  test("repeats to the last bit", () => {
    const [matrix, b] = [matrixOf(60), gaussian(60, 2, 2)];
    expect(run(matrix, b).x).toEqual(run(matrix, b).x);
  });
});

test("the residuals of MINRES never rise, and are those that its iterates have", () => {
  const [matrix, b] = [indefinite(60), gaussian(60, 1, 2)];
  const space = new MatrixSpace(matrix, 1);
  const told: number[] = [];
  const [x, image] = [new Float64Array(60), new Float64Array(60)];
  const onCheck = (_: number, norms: readonly number[]): void => void told.push(norms[0]!);
  runSync(minres(space, Float64Array.from(b.data), x, { bounds: [1e-4], maxIterations: 100, checkEvery: 1, onCheck }));
  space.apply(x, image);
  expect(told).toEqual([...told].sort((p, q) => q - p));
  expect(norm(minus(b.data, image))).toBeCloseTo(told.at(-1)!, 10);
});

test("a preconditioner saves iterations of MINRES and of GMRES", () => {
  const n = 60;
  const scale = Array.from({ length: n }, (_, k) => 10 ** (k % 4));
  const matrix = dense.mul(indefinite(n), array(scale, wide)) as RealArray;
  const scaled = dense.mul(matrix, dense.reshape(array(scale, wide), [n, 1])) as RealArray;
  const inverse = (x: Numbers, out: Numbers): void => x.forEach((value, k) => (out[k] = value / scale[k]! ** 2));
  for (const { run } of [MINRES, GMRES]) {
    const counts = [inverse, undefined].map((precondition) => {
      const space = new MatrixSpace(scaled, 1, precondition);
      const options = { bounds: [1e-6], maxIterations: 500, checkEvery: 1 };
      return runSync(run(space, Float64Array.from(gaussian(n, 1, 2).data), new Float64Array(n), options)).iterations;
    });
    expect(counts[0]).toBeLessThan(counts[1]!);
  }
});

test("GMRES restarts, with longer cycles where short ones gain little", () => {
  // A cyclic shift: no residual falls before all n vectors are there.
  const n = 40;
  const matrix = zeros([n, n], wide);
  for (let i = 0; i < n; i++) matrix.set(i, (i + 1) % n, 1);
  const b = new Float64Array(n);
  b[0] = 1;
  const options = { bounds: [1e-8], maxIterations: 300, checkEvery: 1 };
  const run = (extra: object) =>
    runSync(gmres(new MatrixSpace(matrix, 1), b, new Float64Array(n), { ...options, ...extra }));
  expect(run({ restart: 5 }).ends).toEqual(["bound"]);
  expect(run({ restart: 5, memory: 5 * n }).ends).toEqual(["stagnation"]);
  expect(run({ restart: 5 }).iterations).toBeLessThan(150);
});

// ---------------------------------------------------------------------------------------------------- KernelSolve

const ALIASES = ["x = Vi(2)", "y = Vj(2)", "b = Vj(2)", "g = Pm(1)"] as const;
/** Differences of Gaussians: symmetric, and neither positive nor negative definite. */
const Kindefinite = KernelSolve("(Exp(-g * SqDist(x, y)) - 1.5 * Exp(-4 * g * SqDist(x, y))) * b", ALIASES, "b", {
  axis: 1,
});
const Knone = KernelSolve("Exp(-g * SqDist(x, y)) * (1 + Elem(x, 0)) * b", ALIASES, "b", { axis: 1 });
const CASES = [
  ["indefinite", "minres", Kindefinite, (s: number) => Math.exp(-5 * s) - 1.5 * Math.exp(-20 * s)],
  ["none", "gmres", Knone, (s: number, x0: number) => Math.exp(-5 * s) * (1 + x0)],
] as const;

function matrixOf(x: RealArray, entry: (squares: number, x0: number) => number, alpha: number): RealArray {
  const n = x.shape[0]!;
  const matrix = zeros([n, n], wide);
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++) {
      const squares = (x.get(i, 0) - x.get(j, 0)) ** 2 + (x.get(i, 1) - x.get(j, 1)) ** 2;
      matrix.set(i, j, entry(squares, x.get(i, 0)) + (i === j ? alpha : 0));
    }
  return matrix;
}

const points = (n: number, dtype: Dtype = "float64"): RealArray => rand([n, 2], { dtype, seed: 1 });
const right = (n: number, dtype: Dtype = "float64"): RealArray => randn([n, 2], { dtype, seed: 2 });

describe.each(CASES)("symmetry %j", (symmetry, method, Kinv, entry) => {
  const call = (x: RealArray, b: RealArray, options: SolveOptions): SolveResult =>
    Kinv.solve<Real>(x, x, b, 5, { symmetry, ...options });

  test.each(["float32", "float64"] as const)("solves as a dense solve does (%s)", (dtype) => {
    const [x, b] = [points(90, dtype), right(90, dtype)];
    const found = call(x, b, { alpha: 0.2 });
    expect(found).toMatchObject({ method, rank: 0 });
    expect(found.history.at(-1)!.residual).toBeLessThanOrEqual(1e-6);
    if (dtype === "float64")
      expect(found).toMatchObject({ converged: "tolerance", residual: found.history.at(-1)!.residual });
    const matrix = matrixOf(astype(x, "float64"), entry, 0.2);
    const left = dense.sub(dense.matmul(matrix, astype(found.solution, "float64")), astype(b, "float64"));
    const rounding = dtype === "float32" ? 2 ** -24 * norm(matrix.data) * norm(found.solution.data) : 0;
    expect(norm(left.data)).toBeLessThanOrEqual(1.01e-6 * norm(b.data) + rounding);
    expect(norm(left.data)).toBeLessThanOrEqual(1.001 * found.residual * norm(b.data) + 1e-12);
  });

  test("is differentiable: gradients are those of finite differences", () => {
    const x = requiresGrad(points(12));
    const [b, e] = [requiresGrad(right(12)), right(12)];
    const options = { symmetry, alpha: 0.9, eps: 1e-13 } as const;
    const value = (at: RealArray, of: RealArray): number => inner(Kinv(at, at, of, 5, options), e);
    const gradients = grad(Kinv(x, x, b, 5, options), [x, b], e);
    [x, b].forEach((of, which) => {
      const direction = randn(of.shape, { ...wide, seed: 7 });
      const moved = (h: number): number => {
        const there = dense.add(array(of), dense.mul(direction, h));
        return which === 0 ? value(there, array(b)) : value(array(x), there);
      };
      const slope = inner(gradients[which]!, direction);
      expect(Math.abs(slope / ((moved(1e-5) - moved(-1e-5)) / 2e-5) - 1)).toBeLessThan(1e-6);
    });
  });

  test("batches, one point and none", () => {
    const x = rand([2, 9, 2], { ...wide, seed: 1 });
    const b = randn([2, 9, 2], { ...wide, seed: 2 });
    const all = Kinv(x, x, b, 5, { symmetry, alpha: 0.5 });
    const second = Kinv(array(x.pick(1)), array(x.pick(1)), array(b.pick(1)), 5, { symmetry, alpha: 0.5 });
    expect(Array.from(all.data.subarray(18))).toEqual(Array.from(second.data));
    expect(call(points(1), right(1), { alpha: 0.7 }).converged).toBe("tolerance");
    expect(call(zeros([0, 2], wide), zeros([0, 2], wide), {}).solution.shape).toEqual([0, 2]);
  });

  test("ends with its last iterate where iterations run out", () => {
    const failing = (): unknown => call(points(200), right(200), { alpha: 1e-9, maxIterations: 3 });
    expect(failing).toThrow(ConvergenceError);
    expect(failing).toThrow(/ran out of iterations: raise maxIterations, alpha or eps/);
    try {
      failing();
    } catch (error) {
      expect((error as ConvergenceError).lastIterate).toMatchObject({ shape: [200, 2] });
    }
  });

  test("ends with a message for NaN, and with alpha 0", () => {
    const b = right(20);
    b.set(3, 1, NaN);
    expect(() => call(points(20), b, { alpha: 1 })).toThrow(/numbers that are not finite/);
    const singular = zeros([20, 2], wide);
    expect(() => call(singular, right(20), { alpha: 0 })).toThrow(/K \+ alpha I is singular|out of iterations/);
  });

  test("repeats to the last bit, blocking or promised", async () => {
    const once = call(points(80), right(80), { alpha: 0.1 });
    const again = await Kinv.solve.async(
      points(80) as RealArray<Float64Array>,
      points(80) as RealArray<Float64Array>,
      right(80) as RealArray<Float64Array>,
      5,
      { symmetry, alpha: 0.1 },
    );
    expect(again.solution.data).toEqual(once.solution.data);
  });

  test("stops when its signal is aborted", async () => {
    const controller = new AbortController();
    const x = points(3000) as RealArray<Float64Array>;
    const running = Kinv.async(x, x, right(3000) as RealArray<Float64Array>, 5, {
      symmetry,
      alpha: 1e-9,
      eps: 1e-14,
      signal: controller.signal,
    });
    setTimeout(() => {
      controller.abort();
    }, 30);
    await expect(running).rejects.toThrow(InterruptedError);
  });

  test("goes with no factorisation and no preconditioner", () => {
    expect(() => call(points(5), right(5), { method: "direct" })).toThrow(
      new ArgumentError(`method: expected "auto" with symmetry "${symmetry}", got the string "direct"`),
    );
    expect(() => call(points(5), right(5), { preconditioner: { rank: 2 } })).toThrow(
      /preconditioner: expected "none" with symmetry/,
    );
  });
});

test("the kind of a system is never guessed", () => {
  const [x, b] = [points(60), right(60)];
  expect(() => Knone(x, x, b, 5, { alpha: 1 })).toThrow(/expected a symmetric operator.*else say symmetry: "none"/);
  expect(() => Knone(x, x, b, 5, { alpha: 1, symmetry: "indefinite" })).toThrow(/expected a symmetric operator/);
  expect(() => Kindefinite(x, x, b, 5, { alpha: 0.01, method: "cg", preconditioner: "none" })).toThrow(
    /not positive definite; raise alpha, or say symmetry: "indefinite"/,
  );
  expect(() => Knone(x, x, b, 5, { symmetry: "some" as "none" })).toThrow(
    'symmetry: expected "positive", "indefinite" or "none", got the string "some"',
  );
});

test("GMRES restarts after as many iterations as it is told", () => {
  const iterations = (options: SolveOptions): number =>
    Knone.solve<Real>(points(90), points(90), right(90), 5, { symmetry: "none", alpha: 0.1, ...options }).iterations;
  expect(iterations({ restart: 50 })).toBe(iterations({}));
  expect(iterations({ restart: 2 })).toBeGreaterThan(iterations({}));
  expect(() => iterations({ restart: 0 })).toThrow("restart: expected an integer of at least 1, got the number 0");
});
