/**
 * Fewer pairs in batches. The one idea: every entry is a call of its own, with a plan of its own; equal points of
 * several entries are told by their place in memory. Knows no way.
 */
import { contiguous, sameShape, sizeOf, wrap } from "../array/view";
import type { RealArray } from "../array/view";
import { at } from "../asserts";
import { entryOf } from "../call/batches";
import type { Operator } from "../call/operator";
import type { Given, How } from "../call/prepared";
import type { Shortcut } from "../call/shortcut";
import type { RealData } from "../device/native";
import { waitFor } from "../task";
import type { Task } from "../task";
import type { Plan } from "./way";

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
