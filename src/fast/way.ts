/**
 * What a way to reduce from fewer pairs is, and what all have in common: where they compute, and batches, of which
 * every entry is a call of its own, with a plan of its own. Knows no way.
 */
import { contiguous, sameShape, sizeOf, wrap } from "../array/view";
import type { RealArray } from "../array/view";
import { at } from "../asserts";
import { entryOf } from "../call/batches";
import type { Operator } from "../call/operator";
import type { Given, How } from "../call/prepared";
import type { Shortcut } from "../call/result";
import type { RealData } from "../device/native";
import { waitFor } from "../task";
import type { Task } from "../task";

/** What a way has found out about one call. */
export interface Plan {
  readonly tells: Shortcut;
  /**
   * Writes what all pairs would give, or near it as the tolerance says. Null: it was not near enough, and all pairs have
   * to be computed.
   */
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

// ------------------------------------------------------------------------------------------------------------- batches

/** One entry of the batch of a call, as a call of its own; arguments that were the same array still are. */
export function entryGiven({ args }: Operator, given: Given, entry: number): Given {
  if (given.batch.length === 0) return given;
  const views = given.arrays.map((array, n) => entryOf(at(args, n), array, given.batch, entry));
  const arrays: RealArray[] = [];
  for (const view of views) {
    const same = views.findIndex((other) => isSameView(other, view));
    arrays.push(arrays[same] ?? wrap(contiguous(view), view.shape));
  }
  return { ...given, arrays, batch: [] };
}

const isSameView = (a: RealArray, b: RealArray): boolean =>
  a.data === b.data && a.offset === b.offset && sameShape(a.shape, b.shape) && sameShape(a.stride, b.stride);

/** Of every entry of a batch, the first that has the same of some arguments: `[entries]`. */
export function firstsAlike({ args }: Operator, given: Given, positions: readonly number[]): number[] {
  const known = new Map<string, number>();
  return Array.from({ length: sizeOf(given.batch) }, (_, entry) => {
    const offsets = positions.map((n) => entryOf(at(args, n), at(given.arrays, n), given.batch, entry).offset);
    const first = known.get(offsets.join()) ?? entry;
    known.set(offsets.join(), first);
    return first;
  });
}

/**
 * A plan of a batch, from one of every entry.
 * @param rest how entries compute all their pairs that have no plan, or whose plan has missed; without it all must have
 * one, and a miss is a miss of all.
 * @returns why the first entry that has none has none, where too few have.
 */
export function* planEntries(
  operator: Operator,
  given: Given,
  planOne: (given: Given, entry: number) => Task<Plan | string>,
  rest?: How,
): Task<Plan | string> {
  const entries: Entry[] = [];
  for (let entry = 0; entry < sizeOf(given.batch); entry++) {
    const ofEntry = entryGiven(operator, given, entry);
    const plan = yield* planOne(ofEntry, entry);
    if (typeof plan === "string" && !rest) return plan;
    entries.push({ given: ofEntry, plan });
  }
  const plans = entries.flatMap(({ plan }) => (typeof plan === "string" ? [] : [plan]));
  const first = entries[0]?.plan;
  if (plans.length === 0) return typeof first === "string" ? first : "the batch has no entries";
  return {
    tells: told(operator, given, plans),
    run: (out, indices) => runEntries(operator, entries, rest, out, indices),
  };
}

interface Entry {
  readonly given: Given;
  readonly plan: Plan | string;
}

/** Numbers that ways have chosen are those of the first entry that has a plan. */
function told(operator: Operator, given: Given, plans: readonly Plan[]): Shortcut {
  const { rows, columns } = operator.sizes(given);
  const all = sizeOf(given.batch) - plans.length;
  const { method, details } = at(plans, 0).tells;
  const left = plans.reduce((sum, { tells }) => sum + (tells.pairsLeft ?? rows * columns), all * rows * columns);
  return { method, whyDirect: null, pairsLeft: left, details: all > 0 ? { ...details, directEntries: all } : details };
}

function* runEntries(
  operator: Operator,
  entries: readonly Entry[],
  rest: How | undefined,
  out: RealData,
  indices: Int32Array | undefined,
): Task<Shortcut | null> {
  const tells: Shortcut[] = [];
  for (const [n, { given, plan }] of entries.entries()) {
    const [part, ofIndices] = [partOf(out, n, entries.length), indices && partOf(indices, n, entries.length)];
    const done = typeof plan === "string" ? null : yield* plan.run(part, ofIndices);
    if (done) tells.push(done);
    else if (rest) yield* waitFor(operator.work(given, part, rest, ofIndices));
    else return null;
  }
  return tells[0] ?? null;
}

function partOf<T extends RealData | Int32Array>(data: T, part: number, parts: number): T {
  const size = data.length / parts;
  return data.subarray(part * size, (part + 1) * size) as T;
}
