/**
 * Solves against a Cholesky factorisation written here, of a matrix written here: dims 1 to 10, 1 to 50 right-hand
 * sides, several kernels, and points that are spread, or clustered and partly equal.
 */
import { KernelSolve, rand, randn } from "../../src/index";
import type { Dtype, RealArray, SolveOptions } from "../../src/index";

interface Kernel {
  readonly formula: string;
  /** Of the squared distance. */
  readonly value: (square: number) => number;
}

const KERNELS: Readonly<Record<string, Kernel>> = {
  Gaussian: { formula: "Exp(-3 * SqDist(x, y))", value: (s) => Math.exp(-3 * s) },
  Laplacian: { formula: "Exp(-2 * Norm2(x - y))", value: (s) => Math.exp(-2 * Math.sqrt(s)) },
  Cauchy: { formula: "Inv(1 + 4 * SqDist(x, y))", value: (s) => 1 / (1 + 4 * s) },
  Matern: {
    formula: "((1 + 3 * Norm2(x - y)) * Exp(-3 * Norm2(x - y)))",
    value: (s) => (1 + 3 * Math.sqrt(s)) * Math.exp(-3 * Math.sqrt(s)),
  },
  rough: { formula: "Exp(-5000 * SqDist(x, y))", value: (s) => Math.exp(-5000 * s) },
};

const ROWS = 100;

/** Uniform in the unit cube; or in three tight clusters, every fifth point twice. */
function points(dim: number, dtype: Dtype, isClustered: boolean): RealArray {
  const x = rand([ROWS, dim], { dtype, seed: dim });
  for (let n = 0; isClustered && n < ROWS; n++)
    for (let d = 0; d < dim; d++) x.set(n, d, n % 5 === 4 ? x.get(n - 1, d) : (n % 3) * 0.7 + 0.03 * x.get(n, d));
  return x;
}

/** (K + alpha I)⁻¹ b in float64, of the numbers that the arrays hold. */
function exact({ value }: Kernel, x: RealArray, b: RealArray, alpha: number): Float64Array {
  const [dim, columns] = [x.shape[1]!, b.shape[1]!];
  const l = new Float64Array(ROWS * ROWS);
  const a = Float64Array.from(b.data);
  for (let i = 0; i < ROWS; i++)
    for (let j = 0; j <= i; j++) {
      let square = 0;
      for (let d = 0; d < dim; d++) square += (x.get(i, d) - x.get(j, d)) ** 2;
      let sum = value(square) + (i === j ? alpha : 0);
      for (let k = 0; k < j; k++) sum -= l[i * ROWS + k]! * l[j * ROWS + k]!;
      l[i * ROWS + j] = i === j ? Math.sqrt(sum) : sum / l[j * (ROWS + 1)]!;
    }
  for (let c = 0; c < columns; c++) {
    for (let i = 0; i < ROWS; i++) {
      for (let k = 0; k < i; k++) a[i * columns + c]! -= l[i * ROWS + k]! * a[k * columns + c]!;
      a[i * columns + c]! /= l[i * (ROWS + 1)]!;
    }
    for (let i = ROWS - 1; i >= 0; i--) {
      for (let k = i + 1; k < ROWS; k++) a[i * columns + c]! -= l[k * ROWS + i]! * a[k * columns + c]!;
      a[i * columns + c]! /= l[i * (ROWS + 1)]!;
    }
  }
  return a;
}

const METHODS = {
  auto: {},
  "cg, automatic rank": { method: "cg" },
  "cg, plain, mixed": { method: "cg", preconditioner: "none", precision: "mixed" },
} satisfies Record<string, SolveOptions>;

/** The errors of all methods over what their residuals, at most eps |b|, and the rounding of the result can explain. */
function excesses(kernel: Kernel, dim: number, columns: number, dtype: Dtype, isClustered: boolean): object {
  const [alpha, eps] = [0.01, 1e-8];
  const x = points(dim, dtype, isClustered);
  const b = randn([ROWS, columns], { dtype, seed: 2 });
  const aliases = [`x = Vi(${dim})`, `y = Vj(${dim})`, `b = Vj(${columns})`];
  const K = KernelSolve(`${kernel.formula} * b`, aliases, "b", { axis: 1 });
  const expected = exact(kernel, x, b, alpha);
  const rounding = (dtype === "float32" ? 2 ** -24 : 2 ** -40) * Math.hypot(...expected);
  const bound = (eps * Math.hypot(...b.data)) / alpha + rounding;
  const errors = Object.entries(METHODS).map(([name, method]) => {
    const solution = K(x, x, b, { alpha, eps, compile: "never", ...method });
    return [name, Math.hypot(...expected.map((value, n) => value - solution.data[n]!)) / bound] as const;
  });
  return Object.fromEntries(errors.filter(([, excess]) => !(excess <= 1)));
}

const DIMS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10] as const;
const COLUMNS = [1, 2, 50, 3, 5, 8, 13, 21, 34, 17] as const;

const CASES = Object.keys(KERNELS).flatMap((kernel, n) =>
  DIMS.map((dim, k) => [kernel, dim, COLUMNS[(k + 2 * n) % 10]!, (n + k) % 2 === 0 ? "float32" : "float64"] as const),
);

test.each(CASES)("%s kernel, dim %i, %i right-hand sides, %s", (kernel, dim, columns, dtype) => {
  for (const isClustered of [false, true])
    expect(excesses(KERNELS[kernel]!, dim, columns, dtype, isClustered)).toEqual({});
});
