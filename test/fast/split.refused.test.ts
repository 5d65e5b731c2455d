/** Sums with a tolerance that all pairs compute: the bits are those without it, and the plan says why. */
import * as t from "../../src/index";
import type { RealArray } from "../../src/array/view";
import { list } from "../helpers/numbers";
import { passFirstPlans } from "../helpers/plans";

beforeAll(passFirstPlans);

const MANY = 24_000;

const GAUSSIAN = "Exp(-g*SqDist(x,y))*b";
const points = (dim: number) => [`x=Vi(${dim})`, `y=Vj(${dim})`, "b=Vj(1)", "g=Pm(1)"];

const arraysOf = (count: number, dim: number, dtype: "float32" | "float64" = "float64"): RealArray[] => [
  t.rand([count, dim], { dtype, seed: 1 }),
  t.rand([count, dim], { dtype, seed: 2 }),
  t.randn([count, 1], { dtype, seed: 3 }),
  t.array([2], { dtype }),
];

type Call = ((...given: unknown[]) => RealArray) & { plan(...given: unknown[]): t.CallPlan };
const genred = (text: string, aliases: readonly string[], options: object = {}): Call =>
  t.Genred(text, aliases, { axis: 1, ...options }) as unknown as Call;

interface Refusal {
  readonly why: RegExp;
  readonly text?: string;
  readonly aliases?: readonly string[];
  readonly genred?: object;
  readonly options?: (count: number) => object;
  readonly arrays?: (count: number) => readonly RealArray[];
}

const wholeRanges = (count: number) => {
  const [all, one] = [[[0, count]], [1]];
  return [all, one, all, all, one, all];
};

const REFUSALS: Readonly<Record<string, Refusal>> = {
  "a formula that is no convolution": {
    text: "Exp(-g*SqDist(x,y))*(b+1)",
    why: /^the formula is no convolution: it reads b \(Vj, dim 1\) neither linearly/,
  },
  "points in five dimensions": { aliases: points(5), arrays: (count) => arraysOf(count, 5), why: /^points have 5/ },
  "ranges of the caller": { options: (count) => ({ ranges: wholeRanges(count) }), why: /^ranges say/ },
  "batches of short clouds": {
    arrays: (count) => [
      t.rand([50, count >> 5, 2], { dtype: "float64", seed: 4 }),
      ...arraysOf(count >> 5, 2).slice(1),
    ],
    why: /^all 750 x 750 pairs take less time than a plan/,
  },
  "a scheme of summing": { genred: { sumScheme: "kahan" }, why: /^sumScheme or dtypeAcc/ },
  "an accumulator": { genred: { dtypeAcc: "float64" }, why: /^sumScheme or dtypeAcc/ },
  "a count": { genred: { reductionOp: "Count" }, why: /^Count is no sum of the formula/ },
  "a tolerance that the dtype cannot hold": {
    arrays: (count) => arraysOf(count, 2, "float32"),
    options: () => ({ tolerance: 1e-8 }),
    why: /^a tolerance below 0.000001 is less than float32 can hold/,
  },
  "the reference engine": { options: () => ({ backend: "reference" }), why: /^the backend "reference"/ },
  "points that are not finite": {
    arrays: (count) => {
      const arrays = arraysOf(count, 2);
      arrays[0]!.set(7, 1, NaN);
      return arrays;
    },
    why: /^not all points are finite/,
  },
  "weights that are not finite": {
    arrays: (count) => {
      const arrays = arraysOf(count, 2);
      arrays[2]!.set(7, 0, Infinity);
      return arrays;
    },
    why: /^not all weights and factors are finite/,
  },
  "points that are all equal": {
    arrays: (count) =>
      arraysOf(count, 2).map((array, n) => (n < 2 ? t.zeros([count, 2], { dtype: "float64" }) : array)),
    why: /^all points are equal/,
  },
};

test.each(Object.entries(REFUSALS))("%s: all pairs are computed", (_, refusal) => {
  const {
    text = GAUSSIAN,
    aliases = points(2),
    arrays = (count) => arraysOf(count, 2),
    options = () => ({}),
  } = refusal;
  const K = genred(text, aliases, refusal.genred);
  const plan = K.plan(...arrays(MANY), { tolerance: 1e-4, ...options(MANY) });
  expect([plan.method, plan.whyDirect]).toEqual(["direct", expect.stringMatching(refusal.why)]);
  const few = arrays(64);
  const { tolerance: _unused, ...without } = options(64) as { tolerance?: number };
  expect(list(K(...few, { tolerance: 1e-4, ...options(64) }))).toEqual(list(K(...few, without)));
});

test("few pairs take less time than a plan", () => {
  const K = genred(GAUSSIAN, points(2));
  const arrays = arraysOf(500, 2);
  const plan = K.plan(...arrays, { tolerance: 1e-4 });
  expect([plan.method, plan.whyDirect]).toEqual(["direct", "all 500 x 500 pairs take less time than a plan"]);
  expect(list(K(...arrays, { tolerance: 1e-4 }))).toEqual(list(K(...arrays)));
});

test("a tolerance of 0, and none, ask for nothing", () => {
  const K = genred(GAUSSIAN, points(2));
  const arrays = arraysOf(MANY, 2);
  for (const options of [{}, { tolerance: 0 }])
    expect(K.plan(...arrays, options)).toMatchObject({ method: "direct", whyDirect: null });
});
