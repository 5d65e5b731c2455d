/** What a way to reduce from fewer pairs is. Knows none. */
import type { Operator } from "../call/operator";
import type { Given, How } from "../call/prepared";
import type { Shortcut } from "../call/shortcut";
import type { RealData } from "../device/native";
import type { Task } from "../task";

/** What a way has found out about one call. */
export interface Plan {
  readonly tells: Shortcut;
  /** Writes what all pairs would give, or near it as the tolerance says. Null: it was not near enough, and all pairs have to be computed. */
  run(out: RealData, indices: Int32Array | undefined): Task<Shortcut | null>;
}

/** Where this rank alone evaluates samples: by what no rank waits for a compiler to have. */
export const placeAlone = ({ backend, compile, ranks, shards }: How): How => ({
  backend,
  compile: (ranks ?? shards) && compile !== "always" ? "never" : compile,
});

/** Where fewer pairs are computed: as all of them would be, so that the bits are the same. */
export function placeOf(operator: Operator, given: Given, how: How): How {
  if (how.ranks) return { backend: how.backend, compile: how.compile, ranks: how.ranks };
  const { backend } = operator.preview(given, how);
  return { backend, compile: backend === "cpu" ? "always" : "never" };
}

/** A way to compute a reduction from fewer pairs. */
export interface Way {
  /** Whether it needs no rank to have all points. */
  readonly takesShards?: true;
  /** Whether the call asks for what this way gives. */
  asked(operator: Operator, how: How): boolean;
  /** From formula, sizes and options alone: why it cannot apply, or does not pay, in one sentence; null if it may. */
  whyNot(operator: Operator, given: Given, how: How): string | null;
  /** Looks at the arrays: a plan, or why there is none. What it evaluates it does with plain operators. */
  plan(operator: Operator, given: Given, how: How): Task<Plan | string>;
  /** Is told of each call that it was asked for, once plans were made, whatever computes it. */
  note?(operator: Operator, given: Given, how: How): void;
}
