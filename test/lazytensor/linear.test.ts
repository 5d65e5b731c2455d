/** Lazy tensors as matrices: entries, products, operators, solves. */
import ndarray from "ndarray";
import { fromMatrix } from "../../src/cluster";
import { KernelSolve, Pm, Vi, Vj, array, asLinearOperator, rand } from "../../src/index";
import type { RealArray } from "../../src/index";
import { M, N, b, expectClose, float64, gaussian, numbers, x, y } from "../helpers/lazy";

const rows = (a: RealArray): number[][] =>
  [...Array(a.shape[0]).keys()].map((i) => [...Array(a.shape[1]).keys()].map((k) => a.get(i, k)));
const at = (p: RealArray, q: RealArray, i: number, j: number): number =>
  Math.exp(-[0, 1, 2].reduce((sum, k) => sum + (p.get(i, k) - q.get(j, k)) ** 2, 0));

describe("matrices", () => {
  const K = gaussian(x, y);
  const S = gaussian(x, x);

  test("dense values, rows, columns, diagonals and slices are the values of the formula", () => {
    const dense = K.dense();
    expect(dense.shape).toEqual([M, N]);
    expect(dense.get(3, 2)).toBeCloseTo(at(x, y, 3, 2), 14);
    expectClose(K.row(3), dense.pick(3));
    expectClose(K.col(2), dense.pick(null, 2));
    expectClose(K.slice([1, 4], [2, 5]).dense(), dense.hi(4, 5).lo(1, 2));
    expect(numbers(S.diag())).toEqual(new Array(M).fill(1));
    expect(numbers(S.trace())).toEqual([M]);
    expect(Vi(x).mul(Vj(x)).diag().shape).toEqual([M, 3]);
  });

  test("entries of batches keep the batch in front", () => {
    const many = rand([2, M, 3], float64);
    const B = Vi(many)
      .sqdist(Vj(many))
      .neg()
      .exp()
      .mul(Pm([2]));
    const dense = B.dense();
    expectClose(B.row(3), dense.pick(null, 3));
    expectClose(B.col(2), dense.pick(null, null, 2));
    expectClose(B.diag(), array(new Array(2).fill(new Array(M).fill(2)), { dtype: "float64" }));
    expectClose(B.trace(), array([[2 * M], [2 * M]], { dtype: "float64" }));
  });

  test("a product goes where out says, in the shape of the vector", () => {
    const out = ndarray(new Float64Array(M), [M]);
    const v = rand([N], float64);
    expect(K.matmul(v, { out })).toBe(out);
    expectClose(out, K.matmul(v));
    expect(() => K.matmul(v, { out: ndarray(new Float64Array(N), [N]) })).toThrow(/out: expected shape \[7, 1\]/);
  });

  test("products take vectors and matrices, from both sides", () => {
    const v = rand([N], float64);
    expect(K.matmul(v).shape).toEqual([M]);
    expectClose(K.T.matmul(K.matmul(b)), K.rmatvec(K.matmul(b)));
    expectClose(K.matvec(b), K.mul(Vj(b)).sum({ axis: 1 }));
  });

  test("operators are chained, transposed and shifted without a matrix", () => {
    const G = K.matmul(K.T);
    const u = rand([M, 2], float64);
    expect([G.shape, G.dtype]).toEqual([[M, M], "float64"]);
    expectClose(G.matvec(u), K.matmul(K.rmatvec(u)));
    expectClose(G.T.matvec(u), G.matvec(u));
    expectClose(asLinearOperator(S).addDiag(2).matvec(u), S.addDiag(2).matvec(u));
    expect(S.addDiag(2).matvec(u).get(1, 0)).toBeCloseTo(S.matvec(u).get(1, 0) + 2 * u.get(1, 0), 13);
    expect(() => K.addDiag(1)).toThrow(/expected a square operator/);
    expect(() => K.matmul(K)).toThrow(/expected an operator with 5 rows/);
  });

  test("a solve is that of KernelSolve, with all its options", () => {
    const right = rand([M, 2], float64);
    const Kinv = KernelSolve("Exp(-SqDist(x,y)) * b", ["x=Vi(3)", "y=Vj(3)", "b=Vj(2)"], "b", { axis: 1 });
    expectClose(S.solve(right, { alpha: 0.5 }), Kinv(x, x, right, { alpha: 0.5 }));
    const found = S.report(right, { alpha: 0.5, method: "cg", preconditioner: "none", rtol: 1e-12 });
    expect([found.method, found.converged]).toEqual(["cg", "tolerance"]);
    expectClose(S.solve(right.pick(null, 0), { alpha: 0.5 }), S.solve(right, { alpha: 0.5 }).pick(null, 0), 9);
  });

  test("a solve takes the summation schemes and the start of KernelSolve", () => {
    const right = rand([M], float64);
    const found = S.solve(right, { alpha: 0.5, sumScheme: "kahan" });
    expectClose(found, S.solve(right, { alpha: 0.5 }), 9);
    const again = S.report(right, { alpha: 0.5, x0: found, method: "cg", preconditioner: "none" });
    expect([again.iterations, again.solution.shape]).toEqual([0, [M]]);
    expect(() => S.solve(right, { sumScheme: "kahn" as "kahan" })).toThrow(
      /^solve, sumScheme: expected "auto", .* got the string "kahn"$/,
    );
  });

  test("a right-hand side may be an array that the kernel reads too", () => {
    expectClose(S.solve(x, { alpha: 0.5 }), S.solve(array(rows(x), { dtype: "float64" }), { alpha: 0.5 }));
  });

  test("solves wait for symbolic variables, and run as promises", async () => {
    const right = rand([M, 2], float64);
    const kernel = Vi(0, 3).sqdist(Vj(1, 3)).neg().exp();
    const f = kernel.solve(Vj(2, 2), { alpha: 0.5, call: false });
    const expected = S.solve(right, { alpha: 0.5 });
    expectClose(f(x, x, right), expected);
    expectClose(await f.async(x, x, right, { eps: 1e-9 }), expected, 9);
    expect(f.report(x, x, right).solution.shape).toEqual([M, 2]);
    expect((await f.report.async(x, x, right)).method).toBe("direct");
    expectClose(S.solve(right, { alpha: 0.5, call: false })(), expected);
    expectClose(
      kernel.mul(Vj(2, 2)).solve(Vj(2, 2), { var: Vj(2, 2), alpha: 0.5, call: false })(x, x, right),
      expected,
    );
  });

  test("batches are systems of their own, and ranges make a system block-sparse", () => {
    const many = rand([2, M, 3], float64);
    const right = rand([2, M, 1], float64);
    const B = Vi(many).sqdist(Vj(many)).neg().exp();
    expectClose(
      B.solve(right, { alpha: 0.5 }).pick(1),
      gaussian(many.pick(1), many.pick(1)).solve(right.pick(1), { alpha: 0.5 }),
      9,
    );
    const blocks = [[0, 3], [3, M]] as const; // prettier-ignore
    const ranges = fromMatrix(blocks, blocks, [[1, 0], [0, 1]]); // prettier-ignore
    const got = S.withRanges(ranges).solve(right.pick(0), { alpha: 0.5 });
    const part = S.slice([0, 3], [0, 3]).solve(right.pick(0).hi(3, 1), { alpha: 0.5 });
    expectClose(got.hi(3, 1), part, 6);
  });

  test("a solve may be for a variable of the formula", () => {
    const right = rand([M, 2], float64);
    const unknown = Vj(rand([M, 2], float64));
    expectClose(S.mul(unknown).solve(right, { alpha: 0.5, var: unknown }), S.solve(right, { alpha: 0.5 }));
    expect(() => S.solve(right, { var: unknown })).toThrow(/expected a variable of this LazyTensor/);
  });
});
