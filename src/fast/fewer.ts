/**
 * Reductions from fewer pairs than all. The one idea: a way is asked first whether it may apply, which costs nothing,
 * then for a plan, which looks at the points; the first way that has one computes the call, and where none has, all
 * pairs are computed as if nobody had asked. Knows no way but by the table.
 */
import { Operator } from "../call/operator";
import type { Given, How } from "../call/prepared";
import { blocking } from "../call/run";
import { DIRECT } from "../call/result";
import type { Launch, Reduce, Settings, Shortcut } from "../call/result";
import type { Argument } from "../formula/arguments";
import type { Formula } from "../formula/formula";
import { runAsync, waitFor } from "../task";
import type { Task } from "../task";
import { drop } from "./drop";
import { prune } from "./prune";
import { decidersOf } from "./shared";
import { split } from "./split";
import type { Plan, Way } from "./way";

/** In the order in which they are tried. */
const WAYS: readonly Way[] = [prune, drop, split];

/** An operator that computes fewer pairs where it may. */
export class FewerPairs extends Operator {
  protected override make(formulas: readonly Formula[], args: readonly Argument[], settings: Settings): Operator {
    return new FewerPairs(formulas, args, settings);
  }

  override shortcut(given: Given, how: How): Shortcut {
    const found = blocking(this.findPlan(given, how));
    return typeof found === "string" ? { ...DIRECT, whyDirect: found } : (found?.tells ?? DIRECT);
  }

  protected override launchFewer(call: Reduce, all: () => Launch): Launch {
    const { given, how } = call;
    // Ranks decide when the call's turn has come, in the order of calls: what they know is then the same.
    if (!decidersOf(how) && this.ways(how).every((way) => way.whyNot(this, given, how) !== null)) {
      this.note(given, how);
      return all();
    }
    return {
      now: () => {
        blocking(this.reduceFewer(call, all));
      },
      later: (control) => runAsync(this.reduceFewer(call, all), { control }),
    };
  }

  private ways(how: How): readonly Way[] {
    return WAYS.filter((way) => way.asked(this, how) && (way.takesShards ?? !how.shards));
  }

  private *reduceFewer({ given, how, out, indices }: Reduce, all: () => Launch): Task<void> {
    const plan = yield* this.findPlan(given, how);
    this.note(given, how);
    if (plan !== null && typeof plan !== "string" && (yield* plan.run(out, indices))) return;
    yield* waitFor(all());
  }

  private note(given: Given, how: How): void {
    for (const way of this.ways(how)) way.note?.(this, given, how);
  }

  /** The plan of the first way that has one; why the last way has none; null where no way was asked for. */
  private *findPlan(given: Given, how: How): Task<Plan | string | null> {
    let why: string | null = null;
    for (const way of this.ways(how)) {
      const found = way.whyNot(this, given, how) ?? (yield* way.plan(this, given, how));
      if (typeof found !== "string") return found;
      why = found;
    }
    return why;
  }
}
