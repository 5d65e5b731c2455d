/** Lanczos with restarts: the largest eigenpairs of matrices with known spectra. */
import { randn } from "../../src";
import type { RealData } from "../../src";
import { HostVectors } from "../../src/device/hostvectors";
import type { Space } from "../../src/solve/space";
import { restartedLanczos } from "../../src/solve/thickrestart";
import { runSync } from "../../src/task";
import { eigenvalues, randomSymmetric } from "../helpers/spectra";
import { norm, wide } from "../helpers/numbers";

/** A matrix as the operator of vectors in plain memory. */
function spaceOf(rows: readonly (readonly number[])[]): Space<RealData, Float64Array> & { taken: number } {
  const vectors = new HostVectors(rows.length, 1, "float64");
  const count = { taken: 0 };
  return Object.assign(vectors, count, {
    apply: (x: RealData, out: RealData) => {
      rows.forEach((row, i) => (out[i] = row.reduce((sum, entry, j) => sum + entry * x[j]!, 0)));
    },
  });
}

const randomVectors = (seed: number) => (out: RealData) => {
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
