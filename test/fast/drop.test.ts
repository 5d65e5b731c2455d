/** Sums without the blocks that cannot matter: within the tolerance of all pairs, and computed from all where not. */
import { Genred, astype, nd, rand, randn } from "../../src/index";
import type { RealArray } from "../../src/index";
import { norm, minus } from "../helpers/numbers";
import { passFirstPlans } from "../helpers/plans";
import { someRows } from "../helpers/rows";
import { withoutOneLeaf } from "../helpers/walks";

beforeAll(passFirstPlans);

const N = 16_000;
/** How many rows are compared: some of every block. */
const COMPARED = 1000;
const ALIASES = ["x = Vi(2)", "y = Vj(2)", "b = Vj(1)"] as const;
const wide = { dtype: "float64" } as const;
const x = rand([N, 2], { ...wide, seed: 1 });
const y = rand([N, 2], { ...wide, seed: 2 });
const b = randn([N, 1], { ...wide, seed: 3 });

const FORMULAS = [
  ["Exp(-2000 * SqDist(x, y)) * b", "Sum"],
  ["(1 + 100 * Norm2(x - y)) * Exp(-100 * Norm2(x - y)) * b", "Sum"],
  ["(x - y) * Exp(-10000 * SqDist(x, y)) * b", "Sum"],
  ["b - 1000 * SqDist(x, y)", "LogSumExp"],
  ["-1000 * SqDist(x, y)", "LogSumExp", "Square(b)"],
  ["-1000 * SqDist(x, y)", "SumSoftMaxWeight", "Concat(b, y)"],
] as const;

const errorOf = (got: RealArray, all: RealArray): number => norm(minus(got.data, all.data)) / norm(all.data);

describe.each(FORMULAS)("%s, %s", (text, reductionOp, weights?: string) => {
  const ofAllPairs: (RealArray | undefined)[] = [];
  test.each([1e-3, 1e-6, 1e-9])("is within the tolerance %d of all pairs", (tolerance) => {
    for (const axis of [0, 1] as const) {
      const aliases = axis === 1 ? ALIASES : (["x = Vj(2)", "y = Vi(2)", "b = Vi(1)"] as const);
      const reduce = Genred(text, aliases, { reductionOp, axis, ...(weights && { formula2: weights }) });
      const plan = reduce.plan(x, y, b, { tolerance });
      expect(plan.method).toBe("dropped");
      expect(plan.pairsLeft).toBeLessThan((N * N) / 2);
      const all = (ofAllPairs[axis] ??= reduce(someRows(x, COMPARED), y, b));
      const fewer = someRows(reduce(x, y, b, { tolerance }), COMPARED);
      expect(errorOf(fewer, all)).toBeLessThanOrEqual(tolerance);
      // Certified by bounds, so it holds for each number.
      const off = minus(fewer.data, all.data).map(Math.abs);
      expect(Math.max(...off)).toBeLessThanOrEqual(plan.details["largestError"] as number);
    }
  });
});

// Of so few points in float32, sums and plain LogSumExp are left to all pairs, which cost less.
test.each(FORMULAS.slice(4))("%s, %s, in float32", (text, reductionOp, weights?: string) => {
  const reduce = Genred(text, ALIASES, { reductionOp, axis: 1, ...(weights && { formula2: weights }) });
  const single = [x, y, b].map((array) => astype(array, "float32")) as [RealArray, RealArray, RealArray];
  expect(reduce.plan(...single, { tolerance: 1e-3 }).method).toBe("dropped");
  expect(errorOf(reduce(...single, { tolerance: 1e-3 }), reduce(...single))).toBeLessThanOrEqual(1e-3);
});

test("all pairs are computed where all matter, and where nothing is known", () => {
  const texts = ["Exp(-SqDist(x, y)) * (b + Square(b))", "Exp(-2000 * SqDist(x, y)) * b"] as const;
  const [flat, local] = texts.map((text) => Genred(text, ALIASES, { reductionOp: "Sum", axis: 1 }));
  expect(flat!(x, y, b, { tolerance: 1e-3 }).data).toEqual(flat!(x, y, b).data);
  const broken = randn([N, 1], { ...wide, seed: 3 });
  broken.data[7] = NaN;
  expect(local!(x, y, broken, { tolerance: 1e-3 }).data).toEqual(local!(x, y, broken).data);
});

test.each([
  ["LogSumExp", "b + 2 * Square(b)", "some weights are below 0"],
  ["SumSoftMaxWeight", "x - y", "the weights depend on more than the columns"],
] as const)("%s with weights %s: %s", (reductionOp, formula2, why) => {
  const reduce = Genred("-1000 * SqDist(x, y)", ALIASES, { reductionOp, formula2, axis: 1 });
  const some = nd.sub(nd.abs(b), 1e-3);
  expect(reduce.plan(x, y, some, { tolerance: 1e-3 }).whyDirect).toContain(why);
  expect(reduce(x, y, some, { tolerance: 1e-3 }).data).toEqual(reduce(x, y, some).data);
});

test("one block too many is noticed", () => {
  const spy = withoutOneLeaf((count) => count >> 1);
  try {
    const reduce = Genred("Exp(-2000 * SqDist(x, y)) * b", ALIASES, { reductionOp: "Sum", axis: 1 });
    const got = someRows(reduce(x, y, b, { tolerance: 1e-6 }), COMPARED);
    expect(errorOf(got, reduce(someRows(x, COMPARED), y, b))).toBeGreaterThan(1e-6);
  } finally {
    spy.mockRestore();
  }
});
