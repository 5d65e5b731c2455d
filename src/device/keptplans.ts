/**
 * The tables of ranges and batches that a GPU keeps between calls, so that they are sent once. Knows no formula.
 */
import type { KeptPlan, LoadedRoutine } from "./addon";
import { sizesOf, tablesOf } from "./addoncall";
import type { Plan } from "./addoncall";
import { loadedAddon } from "./native";

/** Of calls that differ in their arrays alone, until whoever repeats them closes this. */
export class KeptPlans {
  private readonly plans = new Map<LoadedRoutine, KeptPlan>();

  /** The plan as it was when it was first asked for. @throws DeviceError where there is not enough memory. */
  of(routine: LoadedRoutine, plan: Plan): KeptPlan {
    let kept = this.plans.get(routine);
    if (kept === undefined)
      this.plans.set(routine, (kept = loadedAddon().cuda.keepPlan(routine, sizesOf(plan), tablesOf(plan))));
    return kept;
  }

  close(): void {
    for (const plan of this.plans.values()) loadedAddon().cuda.forgetPlan(plan);
    this.plans.clear();
  }
}
