/** Results of which a sample of rows tells little. */
import { Genred, nd, rand, randn, zeros } from "../../src/index";
import { passFirstPlans } from "../helpers/plans";

beforeAll(passFirstPlans);

describe("what 128 rows do not tell is computed from all pairs", () => {
  const N = 24_000;
  const wide = { dtype: "float64" } as const;
  const [points, weights] = [rand([N, 2], { ...wide, seed: 1 }), randn([N, 1], { ...wide, seed: 2 })];
  const ALIASES = ["p = Vi(1)", "x = Vi(2)", "y = Vj(2)", "b = Vj(1)"];
  const masked = Genred("p * Exp(-8 * SqDist(x, y)) * b", ALIASES, { axis: 1 });

  test("a mask that leaves some rows", () => {
    const mask = zeros([N, 1], wide);
    for (const row of [7, 3007, 9007]) mask.set(row, 0, 1);
    expect(masked.plan(mask, points, points, weights, { tolerance: 1e-3 }).method).toBe("split");
    const all = masked(mask, points, points, weights);
    expect(masked(mask, points, points, weights, { tolerance: 1e-3 }).data).toEqual(all.data);
  });

  test("weights so small that squares are 0 are checked all the same", () => {
    const tiny = nd.mul(weights, 1e-170);
    const full = nd.ones([N, 1], wide);
    const [all, got] = [{}, { tolerance: 1e-3 }].map((options) => masked(full, points, points, tiny, options));
    const scale = 1e170;
    const error = nd.norm(nd.mul(nd.sub(got!, all!), scale)).get() / nd.norm(nd.mul(all!, scale)).get();
    expect(error).toBeLessThanOrEqual(1e-3);
    expect(error).toBeGreaterThan(0);
  });
});
