/** Small symmetric eigenproblems and the nodes of Gauss's quadrature. */
import { symmetricEigen } from "../../src/array/matrix";
import { gaussNodes } from "../../src/solve/lanczos";
import { randomSymmetric } from "../helpers/spectra";
import { norm } from "../helpers/numbers";

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
