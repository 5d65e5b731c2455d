/** Faults that are planted into sums over trees: exact rows show each, and a finer plan mends it, or all pairs are computed. */
import * as t from "../../src/index";
import type { RealArray } from "../../src/array/view";
import type * as treewalk from "../../src/fast/treewalk";
import { mixed } from "../helpers/mixed";
import { apart } from "../helpers/numbers";
import { passFirstPlans } from "../helpers/plans";
import { someRows } from "../helpers/rows";
import { leaveAvx512Out } from "../helpers/widths";

beforeAll(passFirstPlans);
leaveAvx512Out();

type Fault = "none" | "a block of twenty dropped" | "a degree too low";
const mockPlanted: { fault: Fault } = { fault: "none" };

jest.mock("../../src/fast/treewalk", () => {
  const actual = jest.requireActual<typeof treewalk>("../../src/fast/treewalk");
  class TreeWalk extends actual.TreeWalk {
    /** Every twentieth interval of columns is left out. */
    override ranges() {
      const { rows, slices, columns } = super.ranges();
      if (mockPlanted.fault !== "a block of twenty dropped") return { rows, slices, columns };
      return {
        rows,
        slices: slices.map((end) => end - Math.floor(end / 20)),
        columns: columns.filter((_, n) => (n >> 1) % 20 !== 19),
      };
    }
  }
  const reachFor: typeof actual.reachFor = (table, lengths, degree, allowed) =>
    actual.reachFor(table, lengths, mockPlanted.fault === "a degree too low" ? degree + 2 : degree, allowed);
  return { ...actual, TreeWalk, reachFor };
});

const wide = { dtype: "float64" } as const;
const tolerance = 1e-3;
const COUNT = 36_000;
/** How many rows are compared. */
const COMPARED = 1000;

function callOf() {
  const K = t.Genred("Exp(-g*Norm2(x-y))*b", ["x=Vi(3)", "y=Vj(3)", "b=Vj(1)", "g=Pm(1)"], { axis: 1 });
  const [x, y] = [1, 2].map((seed) => mixed(COUNT, 3, { ...wide, seed })) as [RealArray, RealArray];
  const rest = [y, t.randn([COUNT, 1], { ...wide, seed: 3 }), t.array([3], wide)] as const;
  const given = [x, ...rest] as const;
  return {
    fast: (): RealArray => someRows(K(...given, { tolerance }), COMPARED),
    direct: (): RealArray => K(someRows(x, COMPARED), ...rest),
    plan: () => K.plan(...given, { tolerance }),
  };
}

afterEach(() => {
  mockPlanted.fault = "none";
});

test("without a fault the sum goes over trees, and keeps its tolerance", () => {
  const { fast, direct, plan } = callOf();
  const error = apart(fast(), direct());
  expect(plan()).toMatchObject({ method: "tree", whyDirect: null });
  expect(error).toBeGreaterThan(0);
  expect(error).toBeLessThan(tolerance);
});

test.each(["a block of twenty dropped", "a degree too low"] as const)("%s: the fault is seen", (fault) => {
  mockPlanted.fault = fault;
  const { fast, direct, plan } = callOf();
  const error = apart(fast(), direct());
  const { method, whyDirect, details } = plan();
  expect(error).toBeLessThan(tolerance);
  if (method === "direct") expect(whyDirect).toMatch(/^the error on 128 exact rows was/);
  else expect(details["tolerance"]).toBeLessThan(tolerance / 2);
});
