/** Sums with a tolerance in batches: every entry keeps it, entries with the same points share a plan. */
import * as t from "../../src/index";
import type { RealArray } from "../../src/array/view";
import { apart, list } from "../helpers/numbers";
import { passFirstPlans } from "../helpers/plans";
import { someRows } from "../helpers/rows";
import { forWidth, leaveAvx512Out } from "../helpers/widths";

beforeAll(passFirstPlans);

leaveAvx512Out();

const COUNT = 17_000;
/** More than sums of all pairs differ by that are added in another order. */
const ROUNDED = 1e-11;
const wide = { dtype: "float64" } as const;
const ALIASES = ["x=Vi(2)", "y=Vj(2)", "b=Vj(1)"];
const GAUSSIAN = t.Genred("Exp(-20*SqDist(x,y))*b", ALIASES, { axis: 1 });

/** One entry of a batch on the first axis. */
const entry = (array: RealArray, n: number): RealArray => t.array(array.pick(n), wide);

const points = (shape: readonly number[], seed = 1) => t.rand([...shape], { ...wide, seed });
const weights = (shape: readonly number[], seed = 3) => t.randn([...shape], { ...wide, seed });

test("every entry keeps the tolerance, also where one is much smaller than the others", () => {
  const [x, b] = [points([3, COUNT, 2]), weights([3, COUNT, 1])];
  for (let n = 0; n < COUNT; n++) b.set(1, n, 0, 1e-9 * b.get(1, n, 0));
  const plan = GAUSSIAN.plan(x, x, b, { tolerance: 1e-5 });
  expect(plan).toMatchObject({ method: "split", whyDirect: null, pairsLeft: 0, pairs: 3 * COUNT ** 2 });
  const [got, all] = [someRows(GAUSSIAN(x, x, b, { tolerance: 1e-5 })), GAUSSIAN(someRows(x), x, b)];
  for (let n = 0; n < 3; n++) {
    const error = apart(entry(got, n), entry(all, n));
    expect(error).toBeLessThan(1e-5);
    expect(error).toBeGreaterThan(0);
  }
});

test("entries of one cloud share its plan, which pays for many that would not pay for one", () => {
  const [few, count] = [9000, 5];
  const [x, b] = [points([few, 2]), weights([count, few, 1])];
  expect(GAUSSIAN.plan(x, x, entry(b, 0), { tolerance: 1e-5 }).method).toBe("direct");
  expect(GAUSSIAN.plan(x, x, b, { tolerance: 1e-5 }).method).toBe("split");
  const [got, all] = [someRows(GAUSSIAN(x, x, b, { tolerance: 1e-5 })), GAUSSIAN(someRows(x), x, b)];
  for (let n = 0; n < count; n++) expect(apart(entry(got, n), entry(all, n))).toBeLessThan(1e-5);
});

test("what was decided for one call is not what is decided for many with its points", () => {
  const K = t.Genred("Exp(-3*SqDist(x,y))*b", ["x=Vi(4)", "y=Vj(4)", "b=Vj(1)"], { axis: 1 });
  const count = forWidth(12_000, 15_500);
  const [x, b] = [points([count, 4]), weights([40, count, 1])];
  const methods = [entry(b, 0), b, entry(b, 0), b].map((each) => K.plan(x, x, each, { tolerance: 3e-4 }).method);
  expect(methods).toEqual(["direct", "split", "direct", "split"]);
});

test("batches broadcast, and plans are told from each other in later calls", () => {
  const [x, y, b] = [points([2, 1, COUNT, 2]), points([COUNT, 2], 2), weights([1, 2, COUNT, 1])];
  const first = GAUSSIAN(x, y, b, { tolerance: 1e-4 });
  const error = apart(someRows(first), GAUSSIAN(someRows(x), y, b));
  expect(error).toBeLessThan(1e-4);
  expect(error).toBeGreaterThan(ROUNDED);
  expect(list(GAUSSIAN(x, y, b, { tolerance: 1e-4 }))).toEqual(list(first));
  for (let n = 0; n < COUNT; n++) x.set(1, 0, n, 0, x.get(1, 0, n, 0) ** 2);
  const other = GAUSSIAN(x, y, b, { tolerance: 1e-4 });
  expect(apart(someRows(other), GAUSSIAN(someRows(x), y, b))).toBeLessThan(1e-4);
});

test("an entry without a plan has the numbers of all pairs, the others do not", () => {
  const [x, b] = [points([2, COUNT, 2]), weights([2, COUNT, 1])];
  for (let n = 0; n < COUNT; n++) for (let k = 0; k < 2; k++) x.set(1, n, k, 0.5);
  const plan = GAUSSIAN.plan(x, x, b, { tolerance: 1e-4 });
  expect(plan).toMatchObject({ method: "split", pairsLeft: COUNT ** 2, details: { directEntries: 1 } });
  const [got, all] = [someRows(GAUSSIAN(x, x, b, { tolerance: 1e-4 })), GAUSSIAN(someRows(x), x, b)];
  expect(apart(entry(got, 0), entry(all, 0))).toBeGreaterThan(ROUNDED);
  expect(apart(entry(got, 0), entry(all, 0))).toBeLessThan(1e-4);
  expect(apart(entry(got, 1), entry(all, 1))).toBeLessThan(1e-12);
});

test("where no entry has a plan, it is told why, and the bits are those without the option", () => {
  const [x, b] = [points([2, COUNT, 2]), weights([2, COUNT, 1])];
  b.set(0, 7, 0, Infinity);
  x.set(1, 7, 0, NaN);
  const plan = GAUSSIAN.plan(x, x, b, { tolerance: 1e-4 });
  expect(plan).toMatchObject({ method: "direct", whyDirect: "not all weights and factors are finite" });
  expect(list(GAUSSIAN(x, x, b, { tolerance: 1e-4 }))).toEqual(list(GAUSSIAN(x, x, b)));
});

/** First and second derivatives by x, y and b. */
function derivatives([x, y, b, e, d]: readonly RealArray[], options = {}): RealArray[] {
  const inputs = [x!, y!, b!].map((array) => t.requiresGrad(array));
  const first = t.grad(GAUSSIAN(x, y, b, options), inputs, e, { createGraph: true });
  return [...first, ...t.grad(first[0]!, inputs, d)];
}

test("gradients of a batch keep the tolerance, and second ones, summed over entries where they share points", () => {
  const [x, y, b] = [points([2, COUNT, 2]), points([COUNT, 2], 2), weights([2, COUNT, 1])];
  const [e, d] = [weights([2, COUNT, 1], 4), weights([2, COUNT, 2], 5)];
  const fast = derivatives([x, y, b, e, d], { tolerance: 1e-4 });
  const ofRows = derivatives([someRows(x), y, b, someRows(e), someRows(d)]);
  const ofColumns = derivatives([x, someRows(y), someRows(b), e, d]);
  for (const [n, array] of fast.entries()) {
    const direct = n % 3 === 0 ? ofRows[n]! : ofColumns[n]!;
    expect(array.shape).toEqual([x, y, b][n % 3]!.shape);
    const error = apart(someRows(array), direct);
    expect(error).toBeLessThan(2e-4);
    expect(error).toBeGreaterThan(ROUNDED);
  }
});

test("blocks that cannot matter are dropped in every entry", () => {
  const local = t.Genred("Exp(-2000*SqDist(x,y))*b", ALIASES, { axis: 1 });
  const [x, b] = [points([2, 40_000, 2]), weights([2, 40_000, 1])];
  const plan = local.plan(x, x, b, { tolerance: 1e-6 });
  expect(plan.method).toBe("dropped");
  expect(plan.pairsLeft).toBeLessThan(plan.pairs / 4);
  const [got, all] = [local(x, x, b, { tolerance: 1e-6 }), local(someRows(x, 1000), x, b)];
  const rows = someRows(got, 1000);
  for (let n = 0; n < 2; n++) expect(apart(entry(rows, n), entry(all, n))).toBeLessThan(1e-6);
});
