/**
 * Which memory holds numbers of one rank alone, such as its rows of a shard. The one idea: what is computed from such
 * numbers is such itself, and an array that all ranks have gets the sum of their derivatives where it meets them. The
 * marks belong to memory, so every view has them, and tell where numbers come from, never what they are. Knows neither
 * ranks nor records.
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

/** Memory that an exchange has filled with the same numbers on all ranks, and what shows rows of it. */
let commons: WeakSet<object> | undefined;

export const isCommon = ({ data }: OfMemory): boolean => commons?.has(data) === true;

/** Marks memory of which all ranks have the same, whoever uses which part; returns the array. */
export function markCommon<X extends OfMemory>(array: X): X {
  (commons ??= new WeakSet()).add(array.data);
  return array;
}

/** Marks the memory of an array, whose numbers are new; returns the array. */
export function markLocal<X extends OfMemory>(array: X, local: Local | undefined): X {
  commons?.delete(array.data);
  if (local) {
    areLocals = true;
    locals.set(array.data, local);
  } else if (areLocals) locals.delete(array.data);
  return array;
}
