/** What an operator gives of all pairs, and of those that a way leaves. */
import { asserted } from "../../src/asserts";
import type { RealArray } from "../../src/array/view";
import type { Operator } from "../../src/call/operator";
import type { How } from "../../src/call/prepared";
import type { RealData } from "../../src/device/native";
import type { Way } from "../../src/fast/way";
import { runSync } from "../../src/task";

export interface Found {
  readonly values: RealData;
  readonly indices: Int32Array;
  readonly pairs: number;
}

export function bothOf(
  way: Way,
  operator: Operator,
  arrays: readonly RealArray[],
  how: How,
): { all: Found; pruned: Found } {
  const given = operator.check(arrays);
  const all = operator.results(arrays, { ...how, prune: "never" });
  const plan = runSync(way.plan(operator, given, how));
  if (typeof plan === "string") throw new Error(`expected a plan, got none: ${plan}`);
  const empty = given.dtype === "float64" ? new Float64Array(0) : new Float32Array(0);
  const [values, indices] = [all.values?.data ?? empty, all.indices?.data ?? new Int32Array(0)];
  const [ownValues, ownIndices] = [values.slice().fill(7), indices.slice().fill(7)];
  runSync(plan.run(ownValues, ownIndices));
  return {
    all: { values, indices, pairs: NaN },
    pruned: { values: ownValues, indices: ownIndices, pairs: asserted(plan.tells.pairsLeft, "a count") },
  };
}
