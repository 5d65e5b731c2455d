/**
 * Arrays of which each rank of a parallel program has some rows. The one idea: an array is either whole, with the same
 * numbers on all ranks, or a shard, with the rows of its own; so is its cotangent, and cutting and joining are each the
 * derivative of the other. Knows ranks by what is asked of them alone, not how they talk.
 */
import { bytesOf, elementTypeOf, memoryOf, sizeOf } from "../device/memory";
import type { Elements } from "../device/memory";
import type { NdArray } from "ndarray";
import type { RealData } from "../device/native";
import { ArgumentError } from "../errors";
import { record, recording } from "./record";
import { allocate, readable, shapeText, viewOf, wrap, wrapBeside } from "./view";
import type { RealArray } from "./view";

/** The processes of a parallel program, which all make the same calls in the same order. */
export interface Ranks {
  /** The number of this one, from 0. */
  readonly rank: number;
  readonly size: number;
  /**
   * The value of each rank, where all make the same call. @param what the call in words, made when they are needed.
   * @throws ArgumentError on all ranks where they differ.
   */
  agree(what: () => string, value: number): readonly number[];
  /** Fills `all`, `counts` elements of each rank one after the other, of which this one has put its own in place. */
  gather(all: Elements, counts: readonly number[]): void;
}

/** Whose rows an array has. */
export interface Shard {
  readonly ranks: Ranks;
  /** Rows of each rank; they stand in the order of the ranks. */
  readonly counts: readonly number[];
  /** The array that it was cut from, where all ranks have it. */
  readonly whole?: NdArray<Elements> | undefined;
}

const shards = new WeakMap<object, Shard>();
/** Whether there is a shard at all: programs of one process ask no further. */
export let areShards = false;

export const shardOf = (array: object): Shard | undefined => (areShards ? shards.get(array) : undefined);

/** Marks an array of rows of this rank; returns it. */
export function markShard<X extends object>(array: X, shard: Shard): X {
  areShards = true;
  shards.set(array, shard);
  return array;
}

/** Rows shared evenly: the first ranks have one more where they cannot be equal. */
export function evenCounts(rows: number, { size }: Ranks): number[] {
  return Array.from({ length: size }, (_, rank) => Math.floor(rows / size) + (rank < rows % size ? 1 : 0));
}

/** Begin and end of the rows of this rank. */
export function ownRows({ ranks, counts }: Shard): [begin: number, end: number] {
  const begin = sumOf(counts.slice(0, ranks.rank));
  return [begin, begin + (counts[ranks.rank] ?? 0)];
}

export const sumOf = (counts: readonly number[]): number => counts.reduce((sum, count) => sum + count, 0);

/** The rows of this rank: a view, or where derivatives are recorded a copy. */
export function cutRows<T extends Elements>(whole: NdArray<T>, { ranks, counts }: Shard): NdArray<T> {
  const [begin, end] = ownRows({ ranks, counts });
  const shape = [end - begin, ...whole.shape.slice(1)];
  const offset = whole.offset + begin * (whole.stride[0] ?? 0);
  const view = viewOf(whole as RealArray, { shape, stride: whole.stride, offset }) as NdArray<Elements> as NdArray<T>;
  const shard = { ranks, counts, whole };
  if (isIndices(whole) || !recording([whole as RealArray])) return markShard(view, shard);
  const data = memoryOf(whole.data).copyStrided(whole.data, view);
  const back = (cotangent: RealArray): readonly RealArray[] => [joinRows(cotangent, { ranks, counts })];
  const options = { where: "shard", readsInputs: [false] };
  return markShard(
    record(wrap(data as RealData, shape), [whole as RealArray], back, options),
    shard,
  ) as NdArray<Elements> as NdArray<T>;
}

/** The rows of all ranks, on all ranks: what was cut from an array is that array again. */
export function joinRows<T extends Elements>(own: NdArray<T>, shard: Shard): NdArray<T> {
  if (shard.whole) return shard.whole as NdArray<T>;
  const { ranks, counts } = shard;
  const rest = own.shape.slice(1);
  ranks.agree(() => `gather of ${elementTypeOf(own.data)} rows ${shapeText(rest)}, ${counts.join(" + ")} of them`, 0);
  const joined = gatherFrom(own, shard);
  const { data, shape } = joined;
  if (isIndices(own)) return wrapBeside(data, shape, own) as NdArray<T>;
  const back = (cotangent: RealArray): readonly RealArray[] => [cutRows(cotangent, { ranks, counts })];
  const result = wrapBeside(data as RealData, shape, own as RealArray);
  return record(result, [own as RealArray], back, {
    where: "gather",
    readsInputs: [false],
  }) as NdArray<Elements> as NdArray<T>;
}

function gatherFrom(own: NdArray<Elements>, { ranks, counts }: Shard): NdArray<Elements> {
  const width = sizeOf(own.shape.slice(1));
  const shape = [sumOf(counts), ...own.shape.slice(1)];
  const all: Elements = allocate(elementTypeOf(own.data), sizeOf(shape));
  const [begin] = ownRows({ ranks, counts });
  all.set(readable(own), begin * width);
  gatherElements(ranks, all, counts, width);
  return wrap(all, shape);
}

/** @param width elements of a row. @throws ArgumentError for more than can be sent at once. */
export function gatherElements(ranks: Ranks, all: Elements, counts: readonly number[], width: number): void {
  if (all.length >= 2 ** 31)
    throw new ArgumentError(
      `gather: expected fewer than 2^31 elements, got ${String(all.length)} (${String(all.length * bytesOf(elementTypeOf(all)))} bytes)`,
    );
  ranks.gather(
    all,
    counts.map((count) => count * width),
  );
}

const isIndices = ({ data }: NdArray<Elements>): boolean => elementTypeOf(data) === "int32";
