/** When a process makes its first plans: its other tests stand in files, and so processes, of their own. */
import * as t from "../../src/index";
import { nested } from "../helpers/mixed";

const BRIEF = /less time than a plan, the first of this process/;
const ALIASES = (dim: number): string[] => [`x=Vi(${dim})`, `y=Vj(${dim})`, "b=Vj(1)"];
const wide = { dtype: "float64" } as const;

const isa = t.settings.instructionSet;
beforeAll(() => {
  t.settings.instructionSet = "avx2"; // by whose rates the number of calls is known
});
afterAll(() => {
  t.settings.instructionSet = isa;
});

interface Kind {
  readonly method: string;
  readonly K: ReturnType<typeof t.Genred>;
  /** Of a call that takes longer than a plan that is not the first. */
  readonly count: number;
  readonly cloud: (count: number, seed: number) => t.RealArray;
  readonly why: RegExp;
  /** After which there is a plan. */
  readonly calls: number;
}

const line = (count: number, seed: number): t.RealArray => t.rand([count, 1], { seed, ...wide });

const KINDS: readonly Kind[] = [
  {
    method: "dropped",
    K: t.Genred("b - IntCst(100000)*SqDist(x,y)", ALIASES(1), { axis: 1, reductionOp: "LogSumExp" }),
    count: 11_000,
    cloud: line,
    why: BRIEF,
    calls: 2,
  },
  {
    method: "split",
    K: t.Genred("Exp(-SqDist(x,y))*b", ALIASES(1), { axis: 1 }),
    count: 20_000,
    cloud: line,
    why: BRIEF,
    calls: 2,
  },
  {
    method: "tree",
    K: t.Genred("Rsqrt(SqDist(x,y))*b", ALIASES(3), { axis: 1 }),
    count: 32_000,
    cloud: (count, seed) => nested(count, 3, { seed, ...wide }),
    why: /no split/,
    calls: 1,
  },
];

test.each(KINDS)("short calls have no plan by which pairs are $method before some have taken their time", (kind) => {
  const { K, cloud, count, why, method } = kind;
  const [x, y, b] = [cloud(count, 1), cloud(count, 2), line(count, 3)];
  const options = { tolerance: 1e-6 };
  expect(K.plan(x, y, b, options)).toMatchObject({
    method: "direct",
    whyDirect: expect.stringMatching(why) as unknown,
  });
  const exact = K(x, y, b, options);
  let calls = 1;
  for (; K.plan(x, y, b, options).method === "direct" && calls < 10; calls++) K(x, y, b, options);
  expect(K.plan(x, y, b, options).method).toBe(method);
  expect(calls).toBe(kind.calls);
  expect(t.nd.relativeError(K(x, y, b, options) as t.RealArray, exact as t.RealArray)).toBeLessThan(1e-6);
});

test.each(KINDS)("once there was a plan, short calls have theirs: $method", ({ K, cloud, count, method }) => {
  const own = (seed: number): t.RealArray => cloud(count + 100, seed);
  expect(K.plan(own(4), own(5), line(count + 100, 6), { tolerance: 1e-6 }).method).toBe(method);
});
