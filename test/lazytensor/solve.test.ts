/** Lazy tensors as matrices of systems: log-determinants, eigenpairs, indefinite solves. */
import { Vi, Vj, randn } from "../../src";
import type { RealData, RealArray } from "../../src";
import { G, K, eigenvalues, gauss, matrixOf, points, right } from "../helpers/spectra";
import { norm, wide } from "../helpers/numbers";

describe("a lazy tensor", () => {
  const x = points(60);
  const lazy = Vi(x).sqdist(Vj(x)).mul(-G).exp();

  test("has the log-determinant and the eigenpairs of its matrix", () => {
    expect(lazy.logdet({ alpha: 0.1 })).toEqual(K.logdet<RealData>(x, x, right(60), G, { alpha: 0.1 }));
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
