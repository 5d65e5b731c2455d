/** When a process makes its first plan: its other tests stand in files, and so processes, of their own. */
import * as t from "../../src/index";

const K = t.Genred("Exp(-SqDist(x,y))*b", ["x=Vi(1)", "y=Vj(1)", "b=Vj(1)"], { axis: 1 });
const BRIEF = /less time than a plan, the first of this process/;

/** A sum of about 2e8 nanoseconds of processor time, with its plan. */
function sum(count: number): { plan: t.CallPlan; run: () => number } {
  const [x, y, b] = [1, 2, 3].map((seed) => t.rand([count, 1], { seed, dtype: "float64" })) as [
    t.RealArray,
    t.RealArray,
    t.RealArray,
  ];
  const options = { tolerance: 1e-3 };
  return { plan: K.plan(x, y, b, options), run: () => K(x, y, b, options).get(0, 0) };
}

test("short calls are not planned before some of them have taken their time", () => {
  const isa = t.settings.instructionSet;
  t.settings.instructionSet = "avx2"; // by whose rates the number of calls is known
  const count = 20_000;
  const first = sum(count);
  expect(first.plan).toMatchObject({ method: "direct", whyDirect: expect.stringMatching(BRIEF) as unknown });
  const exact = first.run();
  expect(sum(count).plan.whyDirect).toMatch(BRIEF);
  let calls = 1;
  for (; sum(count).plan.method !== "split" && calls < 10; calls++) first.run();
  expect(calls).toBeGreaterThan(1);
  expect(calls).toBeLessThan(6);
  expect(Math.abs(first.run() / exact - 1)).toBeLessThan(1e-2);
  t.settings.instructionSet = isa;
});

test("once there was a plan, short calls have theirs", () => {
  expect(sum(21_000).plan.method).toBe("split");
});
