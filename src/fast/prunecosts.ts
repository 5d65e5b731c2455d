/**
 * When leaving out pairs pays: estimates in nanoseconds of a processor, measured on AVX2. The one idea is that what is
 * lost where it does not pay, sorting the points and looking at a few rows, must be small beside computing all pairs.
 * Knows sizes alone.
 */

/** What a call is, as far as its cost goes. */
export interface Sizes {
  readonly rows: number;
  readonly columns: number;
  /** Points that have to be sorted: rows and columns, or one of them where they are the same. */
  readonly points: number;
  readonly flops: number;
  /** Coordinates by which points are sorted. */
  readonly dim: number;
}

/** Decides for a call, or an entry of its batch. */
export interface Choice {
  /** Pairs below which nothing else is asked. */
  readonly leastPairs: number;
  /** Before anything is sorted: why it does not pay, or null. */
  whyNot(sizes: Sizes): string | null;
  /** Points of a leaf, about. */
  readonly leaf: number;
  /** Of so many leaves of rows one is looked at before the others. */
  readonly sampled: number;
  /** Pairs that may be left. */
  mostPairs(sizes: Omit<Sizes, "points">): number;
}

export const FEW_PAIRS = "there are too few pairs";
export const MANY_LEFT = "too many pairs may hold a best value";

/** Of a pair among all pairs, and of one among those that are left. */
const perPair = (flops: number): number => Math.max(0.22, 0.025 * flops);
const perPairLeft = (flops: number): number => 0.6 + perPair(flops);
/** Of a point that is sorted, and of a row that is computed twice. */
const PER_POINT = 300;
const PER_ROW = 400;
/** What may be lost where it does not pay, as a part of all. */
const MOST_LOST = 0.1;
/** Points of a leaf: a few vectors of rows, and columns enough for a loop. */
const LEAF = 28;
const SAMPLED = 16;
/** Leaves of columns that are left of a leaf of rows among uniform points, by dim. */
const leavesLeft = (dim: number): number => 3 ** dim;

export const MEASURED: Choice = {
  leastPairs: 1e7,
  whyNot({ rows, columns, points, flops, dim }) {
    const all = rows * columns * perPair(flops);
    if (points * PER_POINT + (rows * PER_ROW) / SAMPLED > MOST_LOST * all) return FEW_PAIRS;
    const left = leavesLeft(dim) * LEAF * Math.max(1, columns / rows);
    return rows * (left * perPairLeft(flops) + PER_ROW) > all ? MANY_LEFT : null;
  },
  leaf: LEAF,
  sampled: SAMPLED,
  mostPairs: ({ rows, columns, flops }) => (rows * (columns * perPair(flops) - PER_ROW)) / perPairLeft(flops),
};
