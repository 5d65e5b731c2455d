/**
 * The promise of sums with a tolerance, |error| <= tolerance |result| over all rows, for many seeds: kernels that are
 * smooth, have a cusp or a pole, in one to three dimensions, of points that are uniform, in clusters, or of mixed widths.
 */
import { Genred, rand, randn } from "../../src/index";
import type { RealArray } from "../../src/index";
import { mixed } from "../helpers/mixed";
import { apart } from "../helpers/numbers";
import { passFirstPlans } from "../helpers/plans";
import { someRows } from "../helpers/rows";
import { sampled } from "../helpers/sample";
import { leaveAvx512Out } from "../helpers/widths";

leaveAvx512Out();
beforeAll(passFirstPlans);

const SEEDS = 20;
const COUNT = 24_000;
const CLUSTERS = 50;
/** One row of so many is compared, which spreads over all clusters. */
const APART = 19;

const KERNELS = {
  Gaussian: "Exp(-5 * SqDist(x, y)) * b",
  exponential: "Exp(-3 * Norm2(x - y)) * b",
  Matérn: "(1 + 3 * Norm2(x - y)) * Exp(-3 * Norm2(x - y)) * b",
  Cauchy: "Inv(1 + 5 * SqDist(x, y)) * b",
  "inverse multiquadric": "Rsqrt(1 + 20 * SqDist(x, y)) * b",
  pole: "Rsqrt(SqDist(x, y)) * b",
} as const;

const WHERE = ["uniform", "clusters", "mixed"] as const;
/** Where widths are mixed: so many that sums of all pairs are long enough for trees. */
const COUNTS = { uniform: COUNT, clusters: COUNT, mixed: 36_000 } as const;
const TOLERANCES = [1e-3, 1e-6] as const;

type Case = readonly [keyof typeof KERNELS, number, (typeof WHERE)[number], number, number];
const CASES = (Object.keys(KERNELS) as (keyof typeof KERNELS)[]).flatMap((kernel) =>
  [1, 2, 3].flatMap((dim) =>
    WHERE.flatMap((where) =>
      Array.from({ length: SEEDS }, (_, n): Case => [kernel, dim, where, TOLERANCES[n % TOLERANCES.length]!, n + 1]),
    ),
  ),
);

/** Rows and columns have the same clusters. */
function pointsAt(where: (typeof WHERE)[number], dim: number, seed: number): RealArray {
  if (where === "mixed") return mixed(COUNTS.mixed, dim, { dtype: "float64", seed });
  if (where === "uniform") return rand([COUNT, dim], { dtype: "float64", seed });
  const centres = rand([CLUSTERS, dim], { dtype: "float64", seed: 1000 + (seed >> 1) });
  const points = randn([COUNT, dim], { dtype: "float64", seed });
  for (let n = 0; n < COUNT; n++)
    for (let k = 0; k < dim; k++) points.set(n, k, centres.get(n % CLUSTERS, k) + 0.01 * points.get(n, k));
  return points;
}

test.each(sampled(CASES, 97, 5))("%s, D = %d, %s, to %d, seed %d", (kernel, dim, where, tolerance, seed) => {
  const reduce = Genred(KERNELS[kernel], [`x = Vi(${dim})`, `y = Vj(${dim})`, "b = Vj(1)"], { axis: 1 });
  const [x, y] = [pointsAt(where, dim, 2 * seed), pointsAt(where, dim, 2 * seed + 1)];
  const b = randn([COUNTS[where], 1], { dtype: "float64", seed: 3000 + seed });
  const compared = Math.ceil(x.shape[0]! / APART);
  const got = someRows(reduce(x, y, b, { tolerance }), compared);
  expect(apart(got, reduce(someRows(x, compared), y, b))).toBeLessThanOrEqual(tolerance);
});

test.each([0.17, 0.5, 0.99])("a tolerance of %d is kept as smaller ones are", (tolerance) => {
  const reduce = Genred(KERNELS.Gaussian, ["x = Vi(2)", "y = Vj(2)", "b = Vj(1)"], { axis: 1 });
  const [x, y] = [pointsAt("uniform", 2, 1), pointsAt("uniform", 2, 2)];
  const b = randn([COUNT, 1], { dtype: "float64", seed: 3 });
  const compared = Math.ceil(x.shape[0]! / APART);
  const got = someRows(reduce(x, y, b, { tolerance }), compared);
  expect(apart(got, reduce(someRows(x, compared), y, b))).toBeLessThanOrEqual(tolerance);
});
