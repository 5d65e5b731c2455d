/** Faults that are planted into split sums: exact rows show each, and a finer plan mends it, or all pairs are computed. */
import * as t from "../../src/index";
import type * as gridsamples from "../../src/fast/gridsamples";
import type * as gridsum from "../../src/fast/gridsum";
import type * as spreadwindow from "../../src/fast/spreadwindow";
import type * as splitchoice from "../../src/fast/splitchoice";
import type { RealArray } from "../../src/array/view";
import { apart } from "../helpers/numbers";
import { passFirstPlans } from "../helpers/plans";
import { someRows } from "../helpers/rows";
import { leaveAvx512Out } from "../helpers/widths";

beforeAll(passFirstPlans);

leaveAvx512Out();

type Fault = "none" | "half the band" | "one image" | "0.9 of the radius" | "a third of the degree";
const mockPlanted: { fault: Fault } = { fault: "none" };

jest.mock("../../src/fast/splitchoice", () => {
  const actual = jest.requireActual<typeof splitchoice>("../../src/fast/splitchoice");
  const { gridShapeAtLeast } = jest.requireActual<typeof gridsum>("../../src/fast/gridsum");
  return {
    ...actual,
    *chooseSplit(...given: Parameters<typeof splitchoice.chooseSplit>) {
      const split = yield* actual.chooseSplit(...given);
      if (mockPlanted.fault !== "half the band" || !split) return split;
      return { ...split, modes: gridShapeAtLeast(split.modes.map((count) => 0.45 * count)) };
    },
  };
});

jest.mock("../../src/fast/gridsamples", () => {
  const actual = jest.requireActual<typeof gridsamples>("../../src/fast/gridsamples");
  return {
    ...actual,
    *sampleGrid(...[table, component, given, counts]: Parameters<typeof gridsamples.sampleGrid>) {
      const changed = { ...given };
      if (mockPlanted.fault === "one image")
        Object.assign(changed, { reach: given.period.map((length) => length / 2) });
      if (mockPlanted.fault === "0.9 of the radius") Object.assign(changed, { radius: 0.9 * given.radius });
      return yield* actual.sampleGrid(table, component, changed, counts);
    },
  };
});

jest.mock("../../src/fast/spreadwindow", () => {
  const actual = jest.requireActual<typeof spreadwindow>("../../src/fast/spreadwindow");
  return {
    ...actual,
    windowPolynomials(window: spreadwindow.Window) {
      const whole = actual.windowPolynomials(window);
      if (mockPlanted.fault !== "a third of the degree") return whole;
      const degree = whole.length / window.width - 1;
      const third = actual.windowPolynomials(window, Math.floor(degree / 3));
      const padded = new Float64Array(whole.length);
      padded.set(third, whole.length - third.length);
      return padded;
    },
  };
});

const wide = { dtype: "float64" } as const;
const tolerance = 1e-5;
/** How many rows are compared. */
const COMPARED = 1000;

/** One kernel that is smooth and wide, and one that needs near pairs. */
const KERNELS = {
  smooth: ["Exp(-g*SqDist(x,y))*b", 2, 20_000],
  rough: ["Exp(-g*Norm2(x-y))*b", 2, 56_000],
  line: ["Exp(-g*Norm2(x-y))*b", 1, 20_000],
} as const;

function callOf(kind: keyof typeof KERNELS) {
  const [text, dim, count] = KERNELS[kind];
  const K = t.Genred(text, [`x=Vi(${dim})`, `y=Vj(${dim})`, "b=Vj(1)", "g=Pm(1)"], { axis: 1 });
  const x = t.rand([count, dim], { ...wide, seed: 1 });
  const y = t.rand([count, dim], { ...wide, seed: 3 });
  const b = t.randn([count, 1], { ...wide, seed: 2 });
  const rest = [y, b, t.array([2], wide)] as const;
  const given = [x, ...rest] as const;
  return {
    fast: (): RealArray => someRows(K(...given, { tolerance }), COMPARED),
    direct: (): RealArray => K(someRows(x, COMPARED), ...rest),
    plan: () => K.plan(...given, { tolerance }),
  };
}

const FAULTS: readonly (readonly [Fault, keyof typeof KERNELS])[] = [
  ["half the band", "smooth"],
  ["half the band", "line"],
  ["one image", "smooth"],
  ["0.9 of the radius", "rough"],
  ["a third of the degree", "smooth"],
];

afterEach(() => {
  mockPlanted.fault = "none";
});

test.each(Object.keys(KERNELS) as (keyof typeof KERNELS)[])("without a fault, what is %s is split", (kind) => {
  const { fast, direct, plan } = callOf(kind);
  expect(apart(fast(), direct())).toBeGreaterThan(0);
  expect(plan().method).toBe("split");
});

test.each(FAULTS)("%s, %s: the fault is seen, and the result is none the worse", (fault, kind) => {
  mockPlanted.fault = fault;
  const { fast, direct, plan } = callOf(kind);
  expect(plan()).toMatchObject({ method: "split", details: { tolerance } });
  const error = apart(fast(), direct());
  const { method, whyDirect, details } = plan();
  if (method === "direct") {
    expect(whyDirect).toMatch(/^the error on 128 exact rows was/);
    expect(error).toBe(0);
  } else {
    if (method === "split") expect(details["tolerance"]).toBeLessThan(tolerance / 2);
    expect(error).toBeLessThan(tolerance);
  }
});
