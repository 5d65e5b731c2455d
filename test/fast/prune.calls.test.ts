/** Calls that leave out pairs by themselves: what they tell, their derivatives, promises, `out`, and when they do not. */
import { Genred, grad, rand, requiresGrad, zeros } from "../../src/index";
import type { RealArray } from "../../src/index";
import { wrap } from "../../src/array/view";
import { InterruptedError } from "../../src/errors";

const N = 32_000;
const ALIASES = ["x = Vi(2)", "y = Vj(2)"] as const;
const nearest = Genred("SqDist(x, y)", ALIASES, { reductionOp: "ArgKMin", optArg: 4, axis: 1 });
const least = Genred("SqDist(x, y)", ALIASES, { reductionOp: "Min", axis: 0 });
const x = rand([N, 2], { seed: 1 });
const y = rand([N - 7, 2], { seed: 2 });

describe("a call", () => {
  test("tells that it leaves out pairs, and gives what all pairs give", () => {
    const plan = nearest.plan(x, y);
    expect(plan).toMatchObject({ method: "pruned", whyDirect: null });
    expect(plan.pairsLeft).toBeLessThan((N * N) / 50);
    expect(nearest(x, y).data).toEqual(nearest(x, y, { prune: "never" }).data);
    expect(least(x, y).data).toEqual(least(x, y, { prune: "never" }).data);
  });

  test("computes all pairs where it is told so, and says why where it does by itself", () => {
    expect(nearest.plan(x, y, { prune: "never" })).toMatchObject({ method: "direct", whyDirect: null });
    const few = (array: RealArray): RealArray => array.lo(N - 200);
    expect(nearest.plan(few(x), few(y))).toMatchObject({ method: "direct", whyDirect: "there are too few pairs" });
    const ofSum = Genred("Exp(x | x)", ["x = Vi(2)", "y = Vj(2)"], { reductionOp: "Min", axis: 1 });
    expect(ofSum.plan(x, y).whyDirect).toMatch(/does not depend on both/);
    const wide = Genred("SqDist(x, y)", ["x = Vi(9)", "y = Vj(9)"], { reductionOp: "Min", axis: 1 });
    expect(wide.plan(rand([N, 9], { seed: 1 }), rand([N, 9], { seed: 2 })).whyDirect).toMatch(/8 at most/);
  });

  test("writes into the array that it is given", () => {
    const out = zeros([N - 7, 1]);
    least(x, y, { out });
    expect(out.data).toEqual(least(x, y, { prune: "never" }).data);
  });

  test("serves every entry of a batch", () => {
    const [a, b] = [rand([2, N, 2], { seed: 3 }), rand([N, 2], { seed: 4 })];
    expect(nearest.plan(a, b).method).toBe("pruned");
    expect(nearest(a, b).data).toEqual(nearest(a, b, { prune: "never" }).data);
  });

  test("notices that its points have changed", () => {
    const moved = rand([N, 2], { seed: 5 });
    nearest(moved, y);
    moved.data.set(x.data);
    expect(nearest(moved, y).data).toEqual(nearest(x, y, { prune: "never" }).data);
  });
});

test("derivatives go to the pairs that were chosen", () => {
  const gradients = (["auto", "never"] as const).map((prune) => {
    const [a, b] = [requiresGrad(rand([N, 2], { seed: 6 })), requiresGrad(rand([N, 2], { seed: 7 }))];
    const distances = least(a, b, { prune });
    return grad(distances, [a, b], rand([N, 1], { seed: 8 })).map(({ data }) => data);
  });
  expect(gradients[0]).toEqual(gradients[1]);
});

describe("a promise", () => {
  test("gives the same", async () => {
    expect((await nearest.async(x, y)).data).toEqual(nearest(x, y, { prune: "never" }).data);
  });

  test("is stopped by its signal", async () => {
    const stop = new AbortController();
    const running = nearest.async(x, y, { signal: stop.signal });
    stop.abort();
    await expect(running).rejects.toThrow(InterruptedError);
  });
});

test("one memory that is read as rows of different lengths has cells for each", () => {
  const count = 80_000;
  const data = new Float64Array(count).map((_, n) => ((n * 7919) % count) / count);
  const nearest = Genred("SqNorm2(x - y)", ["x = Vi(2)", "y = Vj(1)"], { axis: 1, reductionOp: "Min" });
  const [rows, columns] = [wrap(data, [count / 2, 2]), wrap(data, [count, 1])];
  const few = rows.hi(4);
  expect(nearest.plan(rows, columns).method).toBe("pruned");
  expect(nearest(rows, columns).data.subarray(0, 4)).toEqual(nearest(few, columns, { prune: "never" }).data);
});
