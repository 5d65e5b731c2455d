/** Preconditioners: block Jacobi, the user's own, and what they are refused for. */
import { Genred, KernelSolve, nd, rand, randn, zeros } from "../../src/index";
import type { RealArray } from "../../src/index";
import { KERNELS, clustered } from "../helpers/methods";
import { apart } from "../helpers/numbers";
import { ALIASES } from "../helpers/systems";

describe("block Jacobi", () => {
  const K = KernelSolve(KERNELS.Gaussian, ALIASES, "b", { axis: 1 });
  // Two clusters far apart: the pairs between them are 0 anyway.
  const x = clustered(700, "float64");
  const order = Array.from({ length: 700 }, (_, n) => (n < 350 ? 2 * n : 2 * (n - 350) + 1));
  for (const k of [0, 1]) order.map((n) => x.get(n, k)).forEach((value, n) => x.set(n, k, value));
  const halves = new Int32Array([0, 350, 350, 700]);
  const ranges = [halves, new Int32Array([1, 2]), halves, halves, new Int32Array([1, 2]), halves] as const;
  const b = randn([700, 2], { dtype: "float64", seed: 2 });

  test("with ranges, inverts diagonal blocks, and needs fewer iterations than none", () => {
    const [block, none] = (["auto", "none"] as const).map((preconditioner) =>
      K.report(x, x, b, 20_000, { alpha: 0.01, ranges, preconditioner }),
    );
    expect(apart(block!.solution, none!.solution)).toBeLessThanOrEqual(1e-3);
    expect(block!.iterations).toBeLessThanOrEqual(3);
    expect(none!.iterations).toBeGreaterThan(10);
  });

  test.each([
    [{ method: "direct" }, /^method: expected "auto" or "cg" with ranges, got "direct"$/],
    [{ preconditioner: { rank: 5 } }, /^preconditioner: expected "auto", "none" or a function with ranges/],
  ] as const)("%p with ranges is refused", (options, message) => {
    expect(() => K(x, x, b, 20_000, { alpha: 0.01, ranges, ...options })).toThrow(message);
  });
});

describe("a preconditioner of one's own", () => {
  const K = KernelSolve(KERNELS.Gaussian, ALIASES, "b", { axis: 1 });
  const x = rand([200, 2], { dtype: "float64", seed: 1 });
  const b = randn([200, 2], { dtype: "float64", seed: 2 });
  const kernel = Genred("Exp(-g * SqDist(x, y))", ["x = Vi(2)", "y = Vj(2)", "g = Pm(1)"], { axis: 1 });
  const matrix = nd.add(
    nd.reshape(kernel.dense(x, x, 50) as RealArray<Float64Array>, [200, 200]),
    nd.mul(nd.eye(200, { dtype: "float64" }), 0.01),
  );

  test("that is the inverse itself needs one or two iterations", () => {
    const { iterations, converged } = K.report(x, x, b, 50, {
      alpha: 0.01,
      preconditioner: (r) => nd.solve(matrix, r as RealArray<Float64Array>),
    });
    expect(converged).toBe("tolerance");
    expect(iterations).toBeLessThanOrEqual(2);
  });

  test.each([
    [
      "of another shape",
      () => zeros([200], { dtype: "float64" }),
      /^preconditioner: expected shape \[200, 2\] as the residual has, got \[200\]$/,
    ],
    ["of another dtype", () => zeros([200, 2]), /^preconditioner: the result of the function: expected/],
    ["not finite", () => nd.mul(b, NaN), /^preconditioner: expected finite numbers from the function, got others$/],
  ] as const)("with a result %s is refused", (_, preconditioner, message) => {
    expect(() => K(x, x, b, 50, { alpha: 0.01, preconditioner })).toThrow(message);
  });
});
