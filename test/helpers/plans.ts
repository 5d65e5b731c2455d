/** Plans of split sums in tests. */
import * as t from "../../src/index";

/** The first plan of a process is made for long calls alone: after this, short ones have plans too. */
export function makeFirstPlan(): void {
  const K = t.Genred("Exp(-SqDist(x,y))*b", ["x=Vi(1)", "y=Vj(1)", "b=Vj(1)"], { axis: 1 });
  const [x, b] = [t.rand([140_000, 1], { seed: 1 }), t.rand([140_000, 1], { seed: 2 })];
  if (K.plan(x, x, b, { tolerance: 1e-2 }).method !== "split") throw new Error("expected a first plan");
}
