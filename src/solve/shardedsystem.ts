/**
 * Systems whose points are shards that no rank has whole: points stay where they are, vectors are whole. The one idea:
 * rows are counted in a fixed number of parts, of which each rank has some that follow each other. What is summed part by
 * part then has the same bits on any number of ranks.
 */
import { moveRows } from "../array/rankrows";
import { cutRows, joinRows, ownRows, shardOf, sumOf } from "../array/shard";
import type { Shard } from "../array/shard";
import { viewOf } from "../array/view";
import type { RealArray } from "../array/view";
import { checkArguments } from "../call/prepared";
import type { CallOptions, Given } from "../call/prepared";
import type { Kept } from "../call/result";
import { inParts } from "../call/parts";
import { shardAmong } from "../call/shards";
import { shardsTravel } from "../call/travel";
import { at } from "../asserts";
import { memoryOf } from "../device/memory";
import { ArgumentError } from "../errors";
import { label } from "../formula/arguments";
import type { Argument } from "../formula/arguments";
import { Category } from "../formula/formula";
import { replaceAt } from "./kernelmatrix";

/** Parts of the rows: more ranks than these have none. */
export const PARTS = 256;

/** What a system may ask for that needs all points on every rank. */
export type SystemOptions = Pick<CallOptions, "columns" | "device"> & {
  readonly method?: string | undefined;
  readonly tolerance?: "auto" | undefined;
};

/** Arrays of a system whose points travel: rows of this rank, and the unknown whole; null where they are gathered. */
export function spreadSystem(
  args: readonly Argument[],
  arrays: readonly RealArray[],
  unknown: Argument,
  options: SystemOptions,
): Given | null {
  const found = shardAmong(args, arrays);
  const isPoint = (n: number): boolean => n !== unknown.position && at(args, n).category !== Category.P;
  const points = arrays.filter((_, n) => isPoint(n));
  if (!found || !shardsTravel(points, options, () => whyNotSpread(points, options))) return null;
  if (arrays.some(({ shape }, n) => at(args, n).category !== Category.P && shape.length !== 2))
    checkArguments(args, arrays); // says which
  const extents = [Category.I, Category.J].map((kept) => rowsOf(args, arrays, kept as Kept)) as [number, number];
  const shards = [inParts(extents[0], found.ranks, PARTS), inParts(extents[1], found.ranks, PARTS)] as const;
  const own = new Map<RealArray, RealArray>();
  const spread = arrays.map((array, n) => {
    if (!isPoint(n)) return joinUnknown(array);
    const moved = own.get(array) ?? moveOrCut(array, shards[at(args, n).category as Kept]);
    own.set(array, moved);
    return moved;
  });
  checkArguments([unknown], [at(spread, unknown.position)]); // where its shape is that of all rows
  const right = rowsOfShard(at(spread, unknown.position), shards[unknown.category as Kept]);
  const checked = checkArguments(args, replaceAt(spread, unknown.position, right));
  return { ...checked, arrays: spread, extents, ranks: found.ranks, shards };
}

function whyNotSpread(points: readonly RealArray[], { device, method, tolerance }: SystemOptions): string | null {
  if (tolerance === "auto") return "a tolerance";
  if (method === "direct") return 'method "direct"';
  const isElsewhere = points.some(({ data }) => memoryOf(data).device !== null);
  return isElsewhere || device !== undefined ? "a device" : null;
}

const joinUnknown = (array: RealArray): RealArray => {
  const shard = shardOf(array);
  return shard ? joinRows(array, shard) : array;
};

function moveOrCut(array: RealArray, to: Shard): RealArray {
  const shard = shardOf(array);
  return shard ? moveRows(array, shard, to.counts) : cutRows(array, to);
}

/** Rows of all ranks that arrays of a category have. @throws ArgumentError where they differ. */
function rowsOf(args: readonly Argument[], arrays: readonly RealArray[], kept: Kept): number {
  const of = args.flatMap((argument, n) => (argument.category === kept ? [n] : []));
  const counts = of.map((n) => sumOf(shardOf(at(arrays, n))?.counts ?? [at(at(arrays, n).shape, 0)]));
  const other = counts.findIndex((count) => count !== counts[0]);
  if (other < 0) return counts[0] ?? 1;
  const [argument, first] = [at(args, at(of, other)), at(args, at(of, 0))];
  throw new ArgumentError(
    `${label(argument)}: expected ${String(counts[0])} rows as ${label(first)} has, got ${String(counts[other])}`,
  );
}

/** The rows of this rank of an array that all have, as a view. */
function rowsOfShard(whole: RealArray, shard: Shard): RealArray {
  const [begin, end] = ownRows(shard);
  const [, ...rest] = whole.shape;
  const offset = whole.offset + begin * at(whole.stride, 0);
  return viewOf(whole, { shape: [end - begin, ...rest], stride: whole.stride, offset });
}
