/** What tests of spectra share: symmetric matrices, their eigenvalues by ml-matrix, and the doors over them. */
import { EigenvalueDecomposition, Matrix } from "ml-matrix";
import { KernelSolve, rand, randn, zeros } from "../../src";
import type { Dtype, RealArray } from "../../src";
import { ALIASES } from "./systems";
import { wide } from "./numbers";

/** Descending. */
export const eigenvalues = (rows: number[][]): number[] =>
  new EigenvalueDecomposition(new Matrix(rows), { assumeSymmetric: true }).realEigenvalues.sort((p, q) => q - p);

export function randomSymmetric(n: number, seed: number): number[][] {
  const a = randn([n, n], { ...wide, seed });
  return Array.from({ length: n }, (_, i) => Array.from({ length: n }, (__, j) => a.get(i, j) + a.get(j, i)));
}

// ---------------------------------------------------------------------------------------------------- KernelSolve

export const K = KernelSolve("Exp(-g * SqDist(x, y)) * b", ALIASES, "b", { axis: 1 });
export const G = 5;

export const points = (n: number, dtype: Dtype = "float64"): RealArray => rand([n, 2], { dtype, seed: 1 });
export const right = (n: number, dtype: Dtype = "float64"): RealArray => zeros([n, 2], { dtype });

export type Block = (d: readonly number[], squares: number) => number[][];
export const gauss: Block = (_, s) => [[Math.exp(-G * s)]];

/** The matrix in float64 of the points as they are, plus alpha. */
export function matrixOf(x: RealArray, block: Block, alpha = 0): number[][] {
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
