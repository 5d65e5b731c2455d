/**
 * Which arrays of a call are shards, checked to fit each other: joined where all ranks need all rows, and cut where an
 * array that all have stands beside shards. Knows ranks by `Ranks` alone.
 */
import type { Ranks } from "../array/exchange";
import { cutRows, joinRows, shapeOfAll, shardOf, sumOf } from "../array/shard";
import type { Shard } from "../array/shard";
import { sameShape, shapeText } from "../array/view";
import type { RealArray } from "../array/view";
import { asserted, at } from "../asserts";
import { ArgumentError } from "../errors";
import { label } from "../formula/arguments";
import type { Argument } from "../formula/arguments";
import { Category } from "../formula/formula";
import type { Kept } from "./result";

/**
 * Arrays without shards, and who shares what is computed of them. @throws ArgumentError for batches, and shards that are
 * parameters.
 */
export function joinShards(
  args: readonly Argument[],
  arrays: readonly RealArray[],
): { arrays: readonly RealArray[]; ranks: Ranks | undefined } {
  const found = shardAmong(args, arrays);
  if (!found) return { arrays, ranks: undefined };
  return { arrays: joinAll(args, arrays, () => true), ranks: found.ranks };
}

/** An array that stands in several places is one array afterwards. */
export function joinAll(
  args: readonly Argument[],
  arrays: readonly RealArray[],
  joins: (of: Category) => boolean,
): RealArray[] {
  const joined = new Map<RealArray, RealArray>();
  return arrays.map((array, n) => {
    const shard = joins(at(args, n).category) ? shardOf(array) : undefined;
    if (!shard) return array;
    const places = arrays.flatMap((other, m) => (other === array ? [m] : [])).join(" = ");
    const whole = joined.get(array) ?? joinRows(array, shard, `rows of argument ${places}`);
    joined.set(array, whole);
    return whole;
  });
}

/** With what is whole of this category cut; an array that stands in several places is one array afterwards. */
export function cutAll(
  args: readonly Argument[],
  arrays: readonly RealArray[],
  category: Category,
  { ranks, counts }: Shard,
): RealArray[] {
  const cut = new Map<RealArray, RealArray>();
  return arrays.map((array, n) => {
    if (at(args, n).category !== category || shardOf(array)) return array;
    checkRowsOf(at(args, n), array, sumOf(counts));
    const own = cut.get(array) ?? cutRows(array, { ranks, counts });
    cut.set(array, own);
    return own;
  });
}

/** @throws ArgumentError unless an array that all ranks have has so many rows. */
function checkRowsOf(argument: Argument, { shape }: RealArray, rows: number): void {
  if (shape[0] === rows) return;
  throw new ArgumentError(`${label(argument)}: expected ${String(rows)} rows as the shards, got ${shapeText(shape)}`);
}

/** The shard that all arrays of the kept index are, or none of them is. */
export function commonShard(args: readonly Argument[], arrays: readonly RealArray[], kept: Kept): Shard | undefined {
  const of = args.flatMap((argument, n) => (argument.category === kept ? [n] : []));
  const first = of.find((n) => shardOf(at(arrays, n)));
  if (first === undefined) return undefined;
  const shard = asserted(shardOf(at(arrays, first)), "a shard");
  for (const n of of) {
    const counts = shardOf(at(arrays, n))?.counts;
    if (counts && sameShape(counts, shard.counts)) continue;
    const [expected, got] = [shard.counts, counts ?? []].map((each) => each.join(" + "));
    throw new ArgumentError(
      `${label(at(args, n))}: expected a shard of ${String(expected)} rows as ${label(at(args, first))} is, got ` +
        (counts ? `one of ${String(got)}` : "an array: make it one with shard or fromRows"),
    );
  }
  return shard;
}

/** A shard among the arrays. @throws ArgumentError for one that is a parameter, and batch dimensions beside it. */
export function shardAmong(args: readonly Argument[], arrays: readonly RealArray[]): Shard | undefined {
  const found = arrays.map(shardOf).find((shard) => shard !== undefined);
  if (!found) return undefined;
  args.forEach((argument, n) => {
    const { shape } = at(arrays, n);
    if (argument.category === Category.P && shardOf(at(arrays, n)))
      throw new ArgumentError(`${label(argument)}: expected a parameter that all ranks have, got a shard`);
    if (shape.length > argument.rank)
      throw new ArgumentError(
        `${label(argument)}: expected no batch dimensions with shards, got shape ${shapeOfAll(at(arrays, n))}`,
      );
  });
  return found;
}

/** @throws ArgumentError where one of the arrays has the rows of one rank alone. */
export function refuseShards(args: readonly Argument[], arrays: readonly RealArray[]): void {
  const found = arrays.findIndex((array) => shardOf(array) !== undefined);
  if (found >= 0)
    throw new ArgumentError(`${label(at(args, found))}: expected an array that all ranks have, got a shard: gather it`);
}
