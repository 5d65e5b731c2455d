/** Blocks of right-hand sides: columns that are done cost nothing any more, and change nothing. */
import { KernelSolve, nd, rand, randn } from "../../src/index";
import type { SolveOptions, SolveReport } from "../../src/index";
import { HostVectors } from "../../src/device/hostvectors";
import type { RealData } from "../../src/device/native";
import { cg } from "../../src/solve/cg";
import type { CgOptions, CgResult } from "../../src/solve/cg";
import type { Space } from "../../src/solve/space";
import { runSync } from "../../src/task";

const ROWS = 40;

/** The matrix diag(1, 2, ..., 40) on so many columns; `products` receives the width of every product. */
function diagonal(columns: number, canResize: boolean, products: number[]): Space<RealData, Float64Array> {
  return Object.assign(new HostVectors(ROWS, columns, "float64"), {
    apply: (x: RealData, out: RealData) => {
      products.push(columns);
      for (let n = 0; n < x.length; n++) out[n] = (Math.floor(n / columns) + 1) * x[n]!;
    },
    ...(canResize && { resized: (width: number) => diagonal(width, true, products) }),
  });
}

interface Solved extends CgResult {
  readonly x: readonly number[];
  readonly products: readonly number[];
  readonly checks: readonly (readonly number[])[];
}

/** Column k is a sum of k + 1 eigenvectors, so that it takes k + 1 iterations. */
function solved(columns: number, canResize: boolean, options: Partial<CgOptions> = {}): Solved {
  const products: number[] = [];
  const checks: (readonly number[])[] = [];
  const space = diagonal(columns, canResize, products);
  const [b, x] = [space.vector(), space.vector()];
  for (let k = 0; k < columns; k++) for (let n = 0; n <= k; n++) b[n * columns + k] = 1 + n;
  const onCheck = (_: number, norms: readonly number[]): void => void checks.push(norms);
  const bounds = new Array<number>(columns).fill(1e-10);
  const found: CgResult = runSync(cg(space, b, x, { bounds, maxIterations: 100, checkEvery: 1, onCheck, ...options }));
  return { ...found, x: [...x], products, checks };
}

test("conjugate gradients multiply only the columns that are not done, and find the same bits", () => {
  const [narrowing, whole] = [solved(20, true), solved(20, false)];
  expect(narrowing.x).toEqual(whole.x);
  expect(narrowing.ends).toEqual(whole.ends);
  expect(narrowing.ends).toEqual(new Array(20).fill("bound"));
  expect(whole.products).toEqual(new Array(20).fill(20));
  // Widths are powers of two that spare a quarter at least.
  const widths = [20, 8, 4, 2, 1].map((width) => narrowing.products.filter((other) => other === width).length);
  expect(widths).toEqual([12, 4, 2, 1, 1]);
  expect(narrowing.products).toEqual([...narrowing.products].sort((p, q) => q - p));
});

test("columns that nothing is asked of are not multiplied at all", () => {
  const bounds = Array.from({ length: 8 }, (_, k) => (k === 5 ? 1e-10 : Infinity));
  const { products, x, ends, checks } = solved(8, true, { bounds });
  expect(products).toEqual(new Array(6).fill(1));
  expect(ends).toEqual(new Array(8).fill("bound"));
  expect(checks.every((norms) => norms.length === 8)).toBe(true);
  expect(Array.from({ length: 6 }, (_, n) => x[n * 8 + 5]!.toFixed(9))).toEqual(new Array(6).fill("1.000000000"));
  expect(x.filter((_, n) => n % 8 !== 5).every((value) => value === 0)).toBe(true);
});

test("what ends a solve early leaves the last iterate of all columns", () => {
  const [narrowing, whole] = [true, false].map((canResize) => solved(20, canResize, { maxIterations: 17 }));
  expect(narrowing!.x).toEqual(whole!.x);
  expect(narrowing!.ends).toEqual(whole!.ends);
  expect(narrowing!.ends.filter((end) => end === "iterations")).toHaveLength(3);
});

test.each(["float32", "float64"] as const)(
  "50 right-hand sides in %s, some of them zero or nearly eigenvectors",
  (dtype) => {
    const x = rand([300, 3], { dtype, seed: 1 });
    const b = randn([300, 50], { dtype, seed: 2 });
    for (let n = 0; n < 300; n++) for (let k = 4; k < 50; k++) b.set(n, k, k % 3 === 0 ? 0 : 1 / (1 + k));
    const K = KernelSolve("Exp(-5 * SqDist(x, y)) * b", ["x = Vi(3)", "y = Vj(3)", "b = Vj(50)"], "b", { axis: 1 });
    const solve = (options: SolveOptions): SolveReport => K.report(x, x, b, { alpha: 0.1, ...options });
    const [plain, direct] = [solve({ method: "cg", preconditioner: "none" }), solve({ method: "direct" })];
    const apart = nd.sub(plain.solution, direct.solution);
    expect(plain.history.at(-1)!.residual).toBeLessThanOrEqual(1e-6);
    if (dtype === "float64") expect(plain.converged).toBe("tolerance");
    expect(Math.hypot(...apart.data)).toBeLessThanOrEqual(1e-5 * Math.hypot(...direct.solution.data));
  },
);
