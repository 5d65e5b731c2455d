/**
 * Which memory holds numbers of one rank alone, such as its rows of a shard. The one idea: what is computed from such
 * numbers is such itself, and an array that all ranks have gets the sum of their derivatives where it meets them. The
 * mark belongs to memory, so every view has it. Knows neither ranks nor records.
 */
import type { RealArray } from "./view";

/** What the ranks do with arrays; both are recorded, and each is the derivative of the other. */
export interface Local {
  /** The sum over all ranks, on all of them. */
  sum(own: RealArray): RealArray;
  /** A copy of an array that all ranks have, of which each rank uses its own. */
  own(whole: RealArray): RealArray;
}

const locals = new WeakMap<object, Local>();
/** Whether there is any: programs of one process ask no further. */
export let areLocals = false;

interface OfMemory {
  readonly data: object;
}

export const localOf = ({ data }: OfMemory): Local | undefined => (areLocals ? locals.get(data) : undefined);

export const localAmong = (arrays: readonly OfMemory[]): Local | undefined =>
  areLocals ? arrays.map(localOf).find((local) => local !== undefined) : undefined;

/** Marks the memory of an array; returns the array. */
export function markLocal<X extends OfMemory>(array: X, local: Local | undefined): X {
  if (local) {
    areLocals = true;
    locals.set(array.data, local);
  } else if (areLocals) locals.delete(array.data);
  return array;
}
