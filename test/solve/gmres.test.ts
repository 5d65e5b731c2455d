/** MINRES and GMRES on matrices of their own: solutions, limits, restarts, preconditioners. */
import { nd, randn } from "../../src";
import { array, zeros } from "../../src";
import type { RealArray } from "../../src";
import { HostVectors } from "../../src/device/hostvectors";
import { gmres, gmresWith } from "../../src/solve/gmres";
import { MINRES, minres } from "../../src/solve/minres";
import { refine } from "../../src/solve/refine";
import { onePrecision } from "../../src/solve/space";
import type { Space } from "../../src/solve/space";
import { runSync } from "../../src/task";
import { minus, norm, wide } from "../helpers/numbers";

type Numbers = Float32Array | Float64Array;
const GMRES = gmresWith({});

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

const gaussian = (n: number, columns: number, seed: number): RealArray => randn([n, columns], { ...wide, seed });
/** Eigenvalues of both signs, none near zero. */
function indefinite(n: number): RealArray {
  const a = gaussian(n, n, 1);
  const symmetric = nd.mul(nd.add(a, nd.transpose(a)), 0.5 / Math.sqrt(n));
  const signs = zeros([n, n], wide);
  for (let i = 0; i < n; i++) signs.set(i, i, i % 3 === 0 ? -2 : 2);
  return nd.add(symmetric, signs);
}
const general = (n: number): RealArray =>
  nd.add(nd.mul(gaussian(n, n, 3), 0.5 / Math.sqrt(n)), nd.mul(nd.eye(n, wide), 1.5));

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
    const exact = nd.solve(matrix, b).data;
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
  const matrix = nd.mul(indefinite(n), array(scale, wide)) as RealArray;
  const scaled = nd.mul(matrix, nd.reshape(array(scale, wide), [n, 1])) as RealArray;
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
