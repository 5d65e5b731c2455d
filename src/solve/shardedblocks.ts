/**
 * Diagonal blocks of a matrix whose points no rank has whole. The one idea: a block is inverted by the rank that has its
 * first row, which asks for the points behind its own, so that no bit depends on who has which rows.
 */
import { AskedRows } from "../array/asked";
import { gatherElements } from "../array/exchange";
import { ownRows, rowsOfRank, sumOf } from "../array/shard";
import type { Shard } from "../array/shard";
import type { RealData } from "../device/native";
import { at } from "../asserts";
import { Category } from "../formula/formula";
import type { KernelMatrix, Pairwise } from "./kernelmatrix";
import type { Interval, SharedBlocks } from "./precondition";

/**
 * @param pairs of the rows of this rank, and their entries.
 * @param rows of all ranks.
 */
export function shareBlocks(
  blocks: readonly Interval[],
  { args, data }: Pairwise,
  matrix: KernelMatrix,
  rows: Shard,
): SharedBlocks {
  const { ranks } = rows;
  const counts = countsOf(blocks, rows);
  const [first, end] = ownRows({ ranks, counts });
  const places = Float64Array.from({ length: end - first }, (_, n) => first + n);
  const asked = new AskedRows(rows, places, "points of diagonal blocks");
  const points = args.map(({ category, dim }, n) =>
    category === Category.P ? at(data, n) : asked.bring(at(data, n), dim),
  );
  const pointsOf = ([from, to]: Interval): RealData[] =>
    args.map(({ category, dim }, n) => {
      const own = at(points, n);
      return category === Category.P ? own : own.subarray((from - first) * dim, (to - first) * dim);
    });
  return {
    own: blocks.filter(([from]) => first <= from && from < end),
    entries: (block) => matrix.valuesOf(pointsOf(block), block[1] - block[0], block[1] - block[0]),
    join: (found, columns) => {
      ranks.agree(() => `rows of diagonal blocks, ${counts.join(" + ")}`, 0);
      gatherElements("rows of diagonal blocks", ranks, found, { counts, width: columns });
    },
  };
}

/** Rows of each rank, in whole blocks. */
function countsOf(blocks: readonly Interval[], { counts }: Shard): number[] {
  const begins = counts.map((_, rank) => {
    const [begin] = rowsOfRank(counts, rank);
    return blocks.find(([from, to]) => from < begin && begin < to)?.[1] ?? begin;
  });
  return begins.map((begin, rank) => (begins[rank + 1] ?? sumOf(counts)) - begin);
}
