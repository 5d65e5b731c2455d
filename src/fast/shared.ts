/**
 * What is told of all points of a call, whether this process has them all or ranks have some rows each. The one idea:
 * what all need to know is found in an order that does not depend on who has which rows, so that all decide alike on any
 * number of ranks. Knows neither grids nor kernels.
 */
import { reduceElements } from "../array/exchange";
import type { Combination, Ranks } from "../array/exchange";
import { moveRows, rowsAtPlaces, sumRows } from "../array/rows";
import { sumOf } from "../array/shard";
import type { Shard } from "../array/shard";
import { wrap } from "../array/view";
import type { RealArray } from "../array/view";
import { at, integerAt, realAt } from "../asserts";
import type { Operator } from "../call/operator";
import { inParts } from "../call/parts";
import type { Given, How } from "../call/prepared";
import { otherOf } from "../call/result";
import type { RealData } from "../device/native";
import { Category } from "../formula/formula";

/** Of rows and of columns, where ranks have some each. */
type Shards = How["shards"];

/** Who has the points of a call that no rank has whole. */
export const ranksOf = ({ shards }: Pick<How, "shards">): Ranks | undefined =>
  shards?.find((shard) => shard !== undefined)?.ranks;

/** The ranks that decide together how a call is computed, whoever has its points. */
export const decidersOf = (how: How): Ranks | undefined => how.ranks ?? ranksOf(how);

/** What is remembered from one call to the next is remembered apart for calls of all ranks, which must decide alike. */
export type CallGroup = "alone" | "onRanks";
export const groupOfCall = (how: How): CallGroup => (decidersOf(how) ? "onRanks" : "alone");

/** A call that counts the rows and columns of all ranks, beside arrays of this one. */
export const countAll = (given: Given, { shards }: How): Given =>
  shards ? { ...given, shards, extents: [countOf(given, shards, 0), countOf(given, shards, 1)] } : given;

const countOf = ({ extents }: Given, shards: NonNullable<Shards>, k: 0 | 1): number => {
  const shard = shards[k];
  return shard ? sumOf(shard.counts) : extents[k];
};

/** The same call with columns in so many whole parts. */
export function inWholeParts(
  { args, settings }: Operator,
  given: Given,
  how: How,
  parts: number,
): { readonly given: Given; readonly how: How } {
  const reduced = otherOf(settings.rows);
  const shard = how.shards?.[reduced];
  if (!shard) return { given, how };
  const { ranks, counts } = shard;
  const own = inParts(sumOf(counts), ranks, parts);
  const moved = new Map<RealArray, RealArray>();
  const arrays = given.arrays.map((array, n) => {
    if (at(args, n).category !== reduced) return array;
    const there = moved.get(array) ?? moveRows(array, { ranks, counts }, own.counts);
    moved.set(array, there);
    return there;
  });
  const rows = how.shards[settings.rows];
  const shards: NonNullable<Shards> = settings.rows === Category.I ? [rows, own] : [own, rows];
  return { given: { ...countAll(given, { ...how, shards }), arrays }, how: { ...how, shards } };
}

/** Whether something holds on all ranks. @param what it is, in words. */
export const holdsForAll = (ranks: Ranks | undefined, what: string, holds: boolean): boolean =>
  ranks ? ranks.agree(() => what, holds ? 1 : 0).every((value) => value === 1) : holds;

/** The least, or the largest, of the numbers of all ranks, element by element. */
export const amongAll = (ranks: Ranks | undefined, op: Combination, own: RealData, what: string): RealData =>
  ranks ? reduceElements(ranks, own, op, what) : own;

/** Rows of all at these places, on all ranks. */
export function rowsOfAll(
  data: RealData,
  dim: number,
  places: Uint32Array | Int32Array,
  shard: Shard | undefined,
): RealData {
  if (shard) return rowsAtPlaces(data, shard, dim, Int32Array.from(places));
  const out =
    data instanceof Float64Array ? new Float64Array(places.length * dim) : new Float32Array(places.length * dim);
  for (let n = 0; n < places.length; n++)
    for (let k = 0; k < dim; k++) out[n * dim + k] = realAt(data, integerAt(places, n) * dim + k);
  return out;
}

/** The sum of numbers of all ranks, one after the other. */
export function sumOfAll(numbers: Float64Array, ranks: Ranks | undefined): number {
  if (!ranks) return numbers.reduce((sum, value) => sum + value, 0);
  return realAt(sumRows(wrap(numbers, [numbers.length, 1]), ranks).data, 0);
}
