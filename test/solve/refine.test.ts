/** Iterative refinement on dense spaces: solutions, stopping, columns, precisions. */
import type { SolveIteration, RefineOptions, Solution } from "../../src/solve/refine";
import { defaultMaxIterations } from "../../src/solve/stopping";
import { runSync } from "../../src/task";
import { columnsOf, kernelMatrix, leaks, problem, randomColumns, task } from "../helpers/densespace";
import type { Kind, Matrix, Preconditioner, Problem } from "../helpers/densespace";

/** Gaussian elimination with partial pivoting. */
function directSolve(matrix: Matrix, b: readonly number[]): number[] {
  const rows = matrix.map((row, i) => [...row, b[i]!]);
  const n = rows.length;
  for (let k = 0; k < n; k++) {
    const pivot = rows.reduce(
      (best, row, i) => (i >= k && Math.abs(row[k]!) > Math.abs(rows[best]![k]!) ? i : best),
      k,
    );
    [rows[k], rows[pivot]] = [rows[pivot]!, rows[k]!];
    for (let i = k + 1; i < n; i++) {
      const factor = rows[i]![k]! / rows[k]![k]!;
      for (let j = k; j <= n; j++) rows[i]![j]! -= factor * rows[k]![j]!;
    }
  }
  const x = new Array<number>(n).fill(0);
  for (let k = n - 1; k >= 0; k--) {
    const rest = rows[k]!.slice(k + 1, n).reduce((sum, value, j) => sum + value * x[k + 1 + j]!, 0);
    x[k] = (rows[k]![n]! - rest) / rows[k]![k]!;
  }
  return x;
}

const norm = (values: readonly number[]): number => {
  const peak = values.reduce((a, b) => Math.max(a, Math.abs(b)), 0) || 1;
  return peak * Math.sqrt(values.reduce((sum, value) => sum + (value / peak) ** 2, 0));
};
const difference = (a: readonly number[], b: readonly number[]): number[] => a.map((value, i) => value - b[i]!);
const relativeError = (a: readonly number[], b: readonly number[]): number => norm(difference(a, b)) / norm(b);
const scaled = (values: readonly number[], factor: number): number[] => values.map((value) => value * factor);
const trueResidual = (matrix: Matrix, x: readonly number[], b: readonly number[]): number => {
  const image = matrix.map((row) => row.reduce((sum, value, j) => sum + value * x[j]!, 0));
  return norm(difference(b, image)) / norm(b);
};

/** Nearly the eigenvector of the largest eigenvalue: a right-hand side that takes few iterations. */
function dominantVector(matrix: Matrix): number[] {
  let vector = new Array<number>(matrix.length).fill(1);
  for (let step = 0; step < 40; step++) {
    const image = matrix.map((row) => row.reduce((sum, value, j) => sum + value * vector[j]!, 0));
    vector = scaled(image, 1 / norm(image));
  }
  return vector;
}

function solved(p: Problem, options?: RefineOptions): Solution & { readonly x: number[][] } {
  const solution = runSync(task(p, options));
  expect(leaks(p)).toBe(0);
  return { ...solution, x: columnsOf(p) };
}

describe.each<Kind>(["float64", "mixed"])("solve, %s", (kind) => {
  test.each([1, 2, 7, 60, 200])("agrees with a direct solve of %i unknowns", (n) => {
    const matrix = kernelMatrix(n, 0.1);
    const b = randomColumns(n, 3);
    const { x, converged, residual, residuals } = solved(problem(kind, matrix, b));
    expect(converged).toBe("tolerance");
    expect(residual).toBe(Math.max(...residuals));
    expect(residual).toBeLessThanOrEqual(1e-6);
    b.forEach((column, k) => {
      expect(trueResidual(matrix, x[k]!, column)).toBeCloseTo(residuals[k]!, 12);
      // The error is at most the residual times the condition number, 100 n at the worst.
      expect(relativeError(x[k]!, directSolve(matrix, column))).toBeLessThan(1e-5);
    });
  });

  test.each([2 ** 27, 2 ** -24, 2 ** 60, 2 ** 600, 2 ** -600])(
    "scales the solution with a right-hand side scaled by %d",
    (factor) => {
      const matrix = kernelMatrix(50, 0.01);
      const [b = []] = randomColumns(50, 1);
      const options = { eps: 0, rtol: 1e-6 };
      const one = solved(problem(kind, matrix, [b]), options);
      const other = solved(problem(kind, matrix, [scaled(b, factor)]), options);
      expect(other.x[0]).toEqual(scaled(one.x[0]!, factor));
      expect(other.residual).toBe(one.residual);
    },
  );

  test.each([1e8, 1e-7, 0])("gives other columns the same bits when one is scaled by %d", (factor) => {
    const matrix = kernelMatrix(80, 0.01);
    const [a = [], b = [], c = []] = randomColumns(80, 3);
    const reference = solved(problem(kind, matrix, [a, b, c]));
    const { x, residuals } = solved(problem(kind, matrix, [a, scaled(b, factor), c]));
    expect([x[0], x[2]]).toEqual([reference.x[0], reference.x[2]]);
    expect(trueResidual(matrix, x[0]!, a)).toBeCloseTo(residuals[0]!, 12);
  });

  test("solves columns of very different difficulty as if each were alone", () => {
    const matrix = kernelMatrix(80, 0.001);
    const easy = dominantVector(matrix);
    const [hard = []] = randomColumns(80, 1);
    const together = solved(problem(kind, matrix, [easy, hard]));
    const alone = [easy, hard].map((column) => solved(problem(kind, matrix, [column])));
    expect(together.converged).toBe("tolerance");
    expect(alone[0]!.iterations).toBeLessThan(alone[1]!.iterations / 2);
    expect(together.x).toEqual(alone.map(({ x }) => x[0]));
    together.x.forEach((x, k) => expect(trueResidual(matrix, x, [easy, hard][k]!)).toBeLessThanOrEqual(1e-6));
  });

  test("solves for a small right-hand side relative to it, and for a large one down to eps root mean square", () => {
    const matrix = kernelMatrix(60, 0.01);
    const [b = []] = randomColumns(60, 1);
    const tiny = solved(problem(kind, matrix, [scaled(b, 1e-7)]));
    expect(tiny.residual).toBeLessThanOrEqual(1e-6);
    expect(norm(tiny.x[0]!)).toBeGreaterThan(0);
    const huge = solved(problem(kind, matrix, [scaled(b, 1e4)]));
    expect(huge.residual * norm(scaled(b, 1e4))).toBeLessThanOrEqual(1e-6 * Math.sqrt(60) * (1 + 1e-12));
  });

  test("gives zero for a zero column, from any start", () => {
    const zeros = new Array<number>(20).fill(0);
    const start = randomColumns(20, 1);
    for (const p of [
      problem(kind, kernelMatrix(20, 1), [zeros]),
      problem(kind, kernelMatrix(20, 1), [zeros], { start }),
    ]) {
      expect(solved(p)).toEqual({ converged: "tolerance", iterations: 0, residual: 0, residuals: [0], x: [zeros] });
    }
  });

  test("does no iteration when it starts at the solution", () => {
    const matrix = kernelMatrix(40, 0.1);
    const b = randomColumns(40, 2);
    const start = b.map((column) => directSolve(matrix, column));
    const { iterations, converged, x } = solved(problem(kind, matrix, b, { start }));
    expect({ iterations, converged, x }).toEqual({ iterations: 0, converged: "tolerance", x: start });
  });

  test("needs fewer iterations from a start near the solution", () => {
    const matrix = kernelMatrix(60, 0.01);
    const b = randomColumns(60, 1);
    const start = b.map((column) => scaled(directSolve(matrix, column), 1 + 1e-5));
    const near = solved(problem(kind, matrix, b, { start }));
    expect(near.converged).toBe("tolerance");
    expect(near.iterations).toBeLessThan(solved(problem(kind, matrix, b)).iterations);
  });

  test("goes to the limit of the precision when both tolerances are zero", () => {
    const matrix = kernelMatrix(60, 0.01);
    const b = randomColumns(60, 2);
    const { converged, residuals, x } = solved(problem(kind, matrix, b), { eps: 0 });
    expect(converged).toBe("precision");
    residuals.forEach((residual, k) => {
      expect(residual).toBeLessThan(1e-12);
      expect(relativeError(x[k]!, directSolve(matrix, b[k]!))).toBeLessThan(1e-11);
    });
  });

  test("stops at maxIterations, nearer to the solution, with the residual that its iterate has", () => {
    const matrix = kernelMatrix(100, 1e-3);
    const [b = []] = randomColumns(100, 1);
    const { converged, iterations, residual, x } = solved(problem(kind, matrix, [b]), { maxIterations: 70 });
    expect({ converged, iterations }).toEqual({ converged: "iterations", iterations: 70 });
    expect(residual).toBeGreaterThan(1e-6);
    expect(residual).toBeCloseTo(trueResidual(matrix, x[0]!, b), 10);
    expect(relativeError(x[0]!, directSolve(matrix, b))).toBeLessThan(1);
  });

  test("does nothing with maxIterations 0", () => {
    const { converged, iterations, residual } = solved(problem(kind, kernelMatrix(5, 1), randomColumns(5, 1)), {
      maxIterations: 0,
    });
    expect({ converged, iterations, residual }).toEqual({ converged: "iterations", iterations: 0, residual: 1 });
  });

  test.each([NaN, Infinity])("ends before the first iteration when b holds %d", (bad) => {
    const { converged, iterations } = solved(
      problem(kind, kernelMatrix(10, 1), [[bad, ...new Array<number>(9).fill(1)]]),
    );
    expect({ converged, iterations }).toEqual({ converged: "nan", iterations: 0 });
  });

  test.each([NaN, Infinity, 1e308])(
    "ends after the first iteration when the operator holds %d, with x untouched",
    (bad) => {
      const matrix = kernelMatrix(10, 1).map((row, i) => (i === 3 ? row.map(() => bad) : row));
      const { converged, iterations, x } = solved(problem(kind, matrix, [new Array<number>(10).fill(1)]));
      expect({ converged, iterations, x }).toEqual({ converged: "nan", iterations: 1, x: [new Array(10).fill(0)] });
    },
  );

  test("reports an indefinite operator", () => {
    const matrix = kernelMatrix(50, 0).map((row, i) => row.map((value, j) => value - (i === j ? 0.5 : 0)));
    const { converged, residual, x } = solved(problem(kind, matrix, randomColumns(50, 2)));
    expect(converged).toBe("indefinite");
    expect(residual).toBeLessThan(Infinity);
    expect(x.flat().every(Number.isFinite)).toBe(true);
  });

  test.each([
    ["negative", -1, 1],
    ["zero", 0, 1],
    ["singular", 0, 2],
  ])("reports a %s operator", (_, first, size) => {
    const matrix = Array.from({ length: size }, (_row, i) =>
      Array.from({ length: size }, (_value, j) => (i !== j ? 0 : i || first)),
    );
    expect(solved(problem(kind, matrix, [new Array<number>(size).fill(1)])).converged).toBe("indefinite");
  });

  test("gives the same bits however seldom it reads numbers, and reads no oftener than it says", () => {
    const matrix = kernelMatrix(60, 0.01);
    const often = problem(kind, matrix, randomColumns(60, 3));
    const seldom = problem(kind, matrix, randomColumns(60, 3));
    const a = solved(often);
    const checks: SolveIteration[] = [];
    const b = solved(seldom, { checkEvery: 10, onIteration: (progress) => checks.push(progress) });
    expect([b.x, b.residuals, b.converged]).toEqual([a.x, a.residuals, a.converged]);
    const recursive = checks.filter(({ verified }) => !verified).length;
    const rounds = checks.length - recursive - 1;
    expect(recursive).toBe(b.iterations / 10);
    // At the start, two measures of two readings; per round one measure and two products.
    const reads = [...new Set(seldom.spaces)].reduce((sum, space) => sum + space.reads, 0);
    expect(reads).toBe(4 + recursive + 4 * rounds);
  });

  test("tells residuals as they fall, the recursion's and the true ones", () => {
    const checks: SolveIteration[] = [];
    const p = problem(kind, kernelMatrix(60, 0.01), randomColumns(60, 2));
    const { iterations, residual } = solved(p, { onIteration: (progress) => checks.push(progress) });
    expect(checks[0]).toEqual({ iteration: 0, residual: 1, verified: true });
    expect(checks.at(-1)).toEqual({ iteration: iterations, residual, verified: true });
    const recursive = checks.filter(({ verified }) => !verified).map(({ iteration }) => iteration);
    expect(recursive).toEqual(Array.from({ length: iterations }, (_, i) => i + 1));
  });

  test("frees its handles when the callback throws, and passes the exception on", () => {
    const p = problem(kind, kernelMatrix(30, 0.01), randomColumns(30, 2));
    const stop = new Error("enough");
    const onIteration = ({ iteration }: SolveIteration): void => {
      if (iteration === 5) throw stop;
    };
    expect(() => runSync(task(p, { onIteration }))).toThrow(stop);
    expect(leaks(p)).toBe(0);
  });

  test("needs fewer iterations with a preconditioner, for the same solution", () => {
    const size = (i: number): number => 10 ** (i % 5);
    const matrix = kernelMatrix(60, 0.1).map((row, i) => row.map((value, j) => value * size(i) * size(j)));
    const b = randomColumns(60, 2);
    const jacobi: Preconditioner = (x, out) => x.forEach((value, i) => (out[i] = value / size(Math.floor(i / 2)) ** 2));
    const plain = solved(problem(kind, matrix, b), { maxIterations: 2000 });
    const { converged, iterations, x } = solved(problem(kind, matrix, b, { precondition: jacobi }), {
      eps: 0,
      rtol: 1e-7,
    });
    expect(converged).toBe("tolerance");
    expect(iterations).toBeLessThan(plain.iterations / 2);
    b.forEach((column, k) => expect(trueResidual(matrix, x[k]!, column)).toBeLessThan(1.1e-7));
  });
});

test("a preconditioner that is not positive definite leaves x where it was, with its true residual", () => {
  const negate: Preconditioner = (x, out) => x.forEach((value, i) => (out[i] = -value));
  const p = problem("float64", kernelMatrix(10, 1), randomColumns(10, 2), { precondition: negate });
  expect(solved(p)).toMatchObject({ converged: "precision", iterations: 1, residuals: [1, 1] });
});

describe("solve in float32 alone", () => {
  test.each([1e-2, 1e-4, 1e-6])(
    "stops at the limit of the precision for alpha = %d, and says its true residual",
    (alpha) => {
      const matrix = kernelMatrix(120, alpha);
      const [b = []] = randomColumns(120, 1);
      const { converged, residual, x } = solved(problem("float32", matrix, [b]));
      const truth = trueResidual(matrix, x[0]!, b);
      expect(converged).toBe("precision");
      expect(truth).toBeGreaterThan(1e-6);
      expect(Math.abs(residual / truth - 1)).toBeLessThan(0.5);
    },
  );
});

describe("solve with float32 iterations", () => {
  test("believes an indefinite operator only in float64", () => {
    // Rounded to float32, this positive definite matrix has a negative eigenvalue along the right-hand side.
    const matrix = [
      [1, 1 - 1e-9],
      [1 - 1e-9, 1 + 2e-9],
    ];
    const { converged, x } = solved(problem("mixed", matrix, [[1, -1]]));
    expect(converged).toBe("tolerance");
    expect(relativeError(x[0]!, directSolve(matrix, [1, -1]))).toBeLessThan(1e-5);
  });

  test("takes a first round whose residual rose while the error fell, and goes on", () => {
    const matrix = [
      [1, 0],
      [0, 1e-6],
    ];
    // Turned by 2e-6, it takes (0, 1) to about (-2, 1e6) instead of (0, 1e6): residual 2, but an error of 2e-6.
    const fastMatrix = [
      [1, 2e-6],
      [2e-6, 1e-6 + 4e-12],
    ];
    const rounds: number[] = [];
    const onIteration = ({ verified, residual }: SolveIteration): void => {
      if (verified) rounds.push(residual);
    };
    const { converged } = solved(problem("mixed", matrix, [[0, 1]], { fastMatrix }), { onIteration });
    expect(rounds[1]).toBeGreaterThan(1.5);
    expect(converged).toBe("tolerance");
  });
});

test("the default for maxIterations is bounded and gives small systems room", () => {
  expect([1, 500, 3000, 1e7].map(defaultMaxIterations)).toEqual([10_000, 10_000, 30_000, 50_000]);
});
