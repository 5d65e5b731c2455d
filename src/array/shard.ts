/**
 * Arrays of which each rank of a parallel program has some rows. The one idea: an array is either whole, with the same
 * numbers on all ranks, or a shard, with the rows of its own; so is its cotangent, and cutting and joining are each the
 * derivative of the other.
 */
import { elementTypeOf, memoryOf, sizeOf } from "../device/memory";
import type { Elements } from "../device/memory";
import type { NdArray } from "ndarray";
import type { RealData } from "../device/native";
import { ArgumentError } from "../errors";
import { gatherElements, localBy } from "./exchange";
import type { Ranks } from "./exchange";
import { checksum, isCommon, markCommon, markLocal, record, shareVersion } from "./record";
import { allocate, coversMemory, readable, shapeText, viewOf, wrap, wrapBeside } from "./view";
import type { RealArray } from "./view";

/** Whose rows an array has. */
export interface Shard {
  readonly ranks: Ranks;
  /** Rows of each rank; they stand in the order of the ranks. */
  readonly counts: readonly number[];
  /** What it was cut from, where all ranks have that. */
  readonly source?: Source | undefined;
  /** Where rows stand, of what counts them in another order: of ascending numbers in that order. */
  readonly placesOf?: ((counted: Float64Array) => Float64Array) | undefined;
}

interface Source {
  readonly array: NdArray<Elements>;
  /** Checksums of the rows, in that array and as they were cut: nothing stops a user from writing into them. */
  readonly sums: readonly [number, number];
}

const shards = new WeakMap<object, Shard>();
/** Whether there is a shard at all: programs of one process ask no further. */
export let areShards = false;

export const shardOf = (array: object): Shard | undefined => (areShards ? shards.get(array) : undefined);

/** A shape for messages: of a shard that of all rows, for nobody asks how many one rank has. */
export function shapeOfAll(array: NdArray<Elements>): string {
  const shard = shardOf(array);
  if (!shard) return shapeText(array.shape);
  return `${shapeText([sumOf(shard.counts), ...array.shape.slice(1)])}, the rows of all ranks`;
}

/** Marks an array of rows of this rank; returns it. */
export function markShard<X extends NdArray<Elements>>(array: X, shard: Shard): X {
  areShards = true;
  shards.set(array, shard);
  return markLocal(array, localBy(shard.ranks));
}

/** A view that has the rows of `array`, as a shard where that is one. */
export function keepShard<X extends RealArray>(view: X, array: RealArray): X {
  const shard = shardOf(array);
  return shard ? markShard(view, { ranks: shard.ranks, counts: shard.counts }) : view;
}

/** Rows shared evenly: the first ranks have one more where they cannot be equal. */
export function evenCounts(rows: number, { size }: Ranks): number[] {
  return Array.from({ length: size }, (_, rank) => Math.floor(rows / size) + (rank < rows % size ? 1 : 0));
}

/** Begin and end of the rows of this rank. */
export const ownRows = ({ ranks, counts }: Shard): [begin: number, end: number] => rowsOfRank(counts, ranks.rank);

/** Begin and end of the rows of a rank. */
export function rowsOfRank(counts: readonly number[], rank: number): [begin: number, end: number] {
  const begin = sumOf(counts.slice(0, rank));
  return [begin, begin + (counts[rank] ?? 0)];
}

export const sumOf = (counts: readonly number[]): number => counts.reduce((sum, count) => sum + count, 0);

/** The rows of this rank, in memory of their own. */
export function cutRows<T extends Elements>(whole: NdArray<T>, { ranks, counts }: Shard): NdArray<T> {
  const rows = rowsOf(whole, { ranks, counts });
  const own = wrap(memoryOf(whole.data).copyStrided(whole.data, rows), rows.shape);
  const source = { array: whole, sums: [sumOfBits(rows), sumOfBits(own)] } as const;
  if (isIndices(whole)) return markShard(own, { ranks, counts, source });
  const back = (cotangent: RealArray): readonly RealArray[] => [joinRows(cotangent, { ranks, counts })];
  record(own as NdArray<Elements> as RealArray, [whole as NdArray<Elements> as RealArray], back, {
    where: "shard",
    readsInputs: [false],
  });
  return markShard(own, { ranks, counts, source });
}

/**
 * Rows that this rank has of its own, as a shard. What covers its memory makes all of it this rank's; the mark of a part
 * does not reach what else is there. Derivatives do, and of memory that all ranks have they are those of all rows.
 */
export function viewRows<T extends Elements>(own: NdArray<T>, shard: Shard): NdArray<T> {
  const real = own as NdArray<Elements> as RealArray;
  if (coversMemory(real) && !isCommon(own))
    return markShard(viewOf(real, real) as NdArray<Elements> as NdArray<T>, shard);
  const memory = wrap(own.data.subarray(0), [own.data.length]) as NdArray<Elements> as RealArray;
  const view = markShard(viewOf(memory, real), shard);
  if (!isIndices(own)) shareVersion(view, real);
  return (isCommon(own) ? markCommon(view) : view) as NdArray<Elements> as NdArray<T>;
}

function rowsOf<T extends Elements>(whole: NdArray<T>, shard: Shard): NdArray<T> {
  const [begin, end] = ownRows(shard);
  const shape = [end - begin, ...whole.shape.slice(1)];
  const offset = whole.offset + begin * (whole.stride[0] ?? 0);
  return viewOf(whole as RealArray, { shape, stride: whole.stride, offset }) as NdArray<Elements> as NdArray<T>;
}

const sumOfBits = (rows: NdArray<Elements>): number => checksum(rows as RealArray);

/** @throws ArgumentError where the rows were written into, here or in the array that they were cut from. */
function checkRows(own: NdArray<Elements>, shard: Shard, { array, sums }: Source): void {
  if (sumOfBits(own) === sums[1] && sumOfBits(rowsOf(array, shard)) === sums[0]) return;
  throw new ArgumentError(
    "shard: expected rows that stay as they were cut, got some overwritten: " +
      "cut them again with shard, or share what each rank has with fromRows",
  );
}

/**
 * The rows of all ranks, on all ranks: what was cut from an array is that array again.
 * @param what in words, lest ranks that gather different things take one for the other
 * @throws ArgumentError for overwritten ones.
 */
export function joinRows<T extends Elements>(own: NdArray<T>, shard: Shard, what = "rows"): NdArray<T> {
  if (shard.source) {
    checkRows(own, shard, shard.source);
    return shard.source.array as NdArray<T>;
  }
  const { ranks, counts } = shard;
  const rest = own.shape.slice(1);
  ranks.agree(
    () => `gather of ${elementTypeOf(own.data)} ${what} ${shapeText(rest)}, ${counts.join(" + ")} of them`,
    0,
  );
  const joined = gatherFrom(own, shard);
  const { data, shape } = joined;
  if (isIndices(own)) return wrapBeside(data, shape, own) as NdArray<T>;
  const back = (cotangent: RealArray): readonly RealArray[] => [cutRows(cotangent, { ranks, counts })];
  const result = wrapBeside(data as RealData, shape, own as RealArray);
  return record(result, [own as RealArray], back, {
    where: "gather",
    readsInputs: [false],
    joins: true,
  }) as NdArray<Elements> as NdArray<T>;
}

function gatherFrom(own: NdArray<Elements>, { ranks, counts }: Shard): NdArray<Elements> {
  const width = sizeOf(own.shape.slice(1));
  const shape = [sumOf(counts), ...own.shape.slice(1)];
  const all: Elements = allocate(elementTypeOf(own.data), sizeOf(shape));
  const [begin] = ownRows({ ranks, counts });
  all.set(readable(own), begin * width);
  gatherElements("gather", ranks, all, { counts, width });
  return wrap(all, shape);
}

const isIndices = ({ data }: NdArray<Elements>): boolean => elementTypeOf(data) === "int32";
