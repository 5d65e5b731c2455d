/**
 * Reductions from fewer pairs than all. The one idea: a way is asked first whether it may apply, which costs nothing,
 * then for a plan, which looks at the points; the first way that has one computes the call, and where none has, all
 * pairs are computed as if nobody had asked. Knows no way but by the table.
 */
import { Operator } from "../call/operator";
import type { Given, How } from "../call/prepared";
import { blocking } from "../call/run";
import type { Launch, Reduce, Settings } from "../call/result";
import { DIRECT } from "../call/shortcut";
import type { Shortcut } from "../call/shortcut";
import type { RealData } from "../device/native";
import type { Argument } from "../formula/arguments";
import type { Formula } from "../formula/formula";
import { runAsync, waitFor } from "../task";
import type { Task } from "../task";
import { prune } from "./prune";
import { split } from "./split";

/** What a way has found out about one call. */
export interface Plan {
  readonly tells: Shortcut;
  /** Writes what all pairs would give, or near it as the tolerance says. Null: it was not near enough, and all pairs have to be computed. */
  run(out: RealData, indices: Int32Array | undefined): Task<Shortcut | null>;
}

/** A way to compute a reduction from fewer pairs. */
export interface Way {
  /** Whether the call asks for what this way gives. */
  asked(operator: Operator, how: How): boolean;
  /** From formula, sizes and options alone: why it cannot apply, or does not pay, in one sentence; null if it may. */
  whyNot(operator: Operator, given: Given, how: How): string | null;
  /** Looks at the arrays: a plan, or why there is none. What it evaluates it does with plain operators. */
  plan(operator: Operator, given: Given, how: How): Task<Plan | string>;
}

/** In the order in which they are tried. */
const WAYS: readonly Way[] = [prune, split];

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
    if (this.ways(how).every((way) => way.whyNot(this, given, how) !== null)) return all();
    return {
      now: () => {
        blocking(this.reduceFewer(call, all));
      },
      later: (control) => runAsync(this.reduceFewer(call, all), { control }),
    };
  }

  private ways(how: How): readonly Way[] {
    return WAYS.filter((way) => way.asked(this, how));
  }

  private *reduceFewer({ given, how, out, indices }: Reduce, all: () => Launch): Task<void> {
    const plan = yield* this.findPlan(given, how);
    if (plan !== null && typeof plan !== "string" && (yield* plan.run(out, indices))) return;
    yield* waitFor(all());
  }

  /** The plan of the first way that has one; why there is none; null where no way was asked for. */
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
