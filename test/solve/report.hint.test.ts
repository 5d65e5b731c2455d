/** Long solves with exact products tell what `tolerance: "auto"` is expected to take; short ones do not. */
import { KernelSolve, rand, randn } from "../../src/index";
import type { RealArray } from "../../src/index";

const aliases = ["x = Vi(2)", "y = Vj(2)", "b = Vj(1)", "g = Pm(1)"] as const;
const solveOf = (formula: string) => KernelSolve(formula, aliases, "b", { axis: 1 });
const data = (n: number): [RealArray, RealArray] => [
  rand([n, 2], { dtype: "float64", seed: 1 }),
  randn([n, 1], { dtype: "float64", seed: 2 }),
];

/** The first hint of a solve, which ends with it; or null where it came to its first iterations without. */
async function hintOf(formula: string, n: number, options: object = {}): Promise<string | null> {
  const [x, b] = data(n);
  const controller = new AbortController();
  let found: string | null = null;
  const onProgress = ({ hint, doing }: { hint?: string | undefined; doing: string }): void => {
    found ??= hint ?? null;
    if (hint !== undefined || doing !== "check") controller.abort();
  };
  await solveOf(formula)
    .async(x, x, b, 10, { alpha: 0.01, signal: controller.signal, onProgress, ...options })
    .catch(() => undefined);
  return found;
}

const SMOOTH = "Exp(-g * SqDist(x, y)) * b";

test("a long solve of a smooth kernel tells it in its progress, before the first products", async () => {
  expect(await hintOf(SMOOTH, 100_000)).toMatch(/^tolerance: "auto" is expected to take \d+ % of the time of exact/);
}, 60_000);

test("a short solve has none in its report", () => {
  const [x, b] = data(300);
  expect(solveOf(SMOOTH).report(x, x, b, 10, { alpha: 0.01 }).hint).toBeNull();
});
