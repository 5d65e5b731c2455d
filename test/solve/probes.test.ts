/** Matrices near their diagonal are iterated plainly; others are not taken for such. */
import { KernelSolve, nd, rand, randn } from "../../src/index";
import type { Matrix } from "../../src/solve/precondition";
import { iterationsNearDiagonal } from "../../src/solve/probes";

/** A symmetric matrix of which the function tells entries. */
const matrixOf = (rows: number, entry: (row: number, column: number) => number): Matrix => ({
  rows,
  dtype: "float64",
  diagonal: () => Float64Array.from({ length: rows }, (_, n) => entry(n, n)),
  entries: (some, others) => {
    const [all, columns] = [Array.from({ length: rows }, (_, n) => n), [...(others ?? [])]];
    return Float64Array.from([...(some ?? all)].flatMap((row) => columns.map((column) => entry(row, column))));
  },
});

test("a diagonal takes one iteration, discs that reach zero any number", () => {
  expect(
    iterationsNearDiagonal(
      matrixOf(30, (n, k) => Number(n === k)),
      0.1,
    ),
  ).toBeCloseTo(1, 5);
  expect(
    iterationsNearDiagonal(
      matrixOf(30, () => 1),
      0.1,
    ),
  ).toBe(Infinity);
  expect(
    iterationsNearDiagonal(
      matrixOf(0, () => 1),
      0.1,
    ),
  ).toBe(Infinity);
});

test("discs of a given radius bound the condition number, and that the iterations", () => {
  // Eigenvalues of a cycle with 0.2 beside a diagonal of 1 lie in [0.6, 1.4]: s = sqrt(1.4 / 0.6).
  const isBeside = (n: number, k: number): boolean => Math.abs(n - k) === 1 || Math.abs(n - k) === 39;
  const cycle = matrixOf(40, (n, k) => (n === k ? 1 : isBeside(n, k) ? 0.2 : 0));
  const s = Math.sqrt(1.4 / 0.6);
  expect(iterationsNearDiagonal(cycle, 0)).toBeCloseTo(1 + Math.log(2e6) / Math.log((s + 1) / (s - 1)), 10);
});

const system = KernelSolve("Exp(-g * SqDist(x, y)) * b", ["x = Vi(3)", "y = Vj(3)", "b = Vj(1)", "g = Pm(1)"], "b", {
  axis: 1,
});

test.each(["float32", "float64"] as const)("a narrow kernel is solved by a few plain iterations in %s", (dtype) => {
  const [x, b] = [rand([500, 3], { dtype, seed: 1 }), randn([500, 1], { dtype, seed: 2 })];
  const found = system.report(x, x, b, 5000, { alpha: 0.01 });
  const exact = system.report(x, x, b, 5000, { alpha: 0.01, method: "direct" });
  expect(found).toMatchObject({ method: "cg", rank: 0, converged: "tolerance" });
  expect(found.iterations).toBeLessThan(20);
  const difference = nd.norm(nd.sub(found.solution, exact.solution)).get() / nd.norm(exact.solution).get();
  expect(difference).toBeLessThan(2e-6);
});

test("points of which some coincide are not, as the matrix is nearly singular", () => {
  const half = rand([250, 3], { dtype: "float64", seed: 1 });
  const x = nd.concat([half, half]);
  const found = system.report(x, x, randn([500, 1], { dtype: "float64", seed: 2 }), 5000, { alpha: 1e-6 });
  expect(found).toMatchObject({ method: "direct", converged: "tolerance" });
});
