/**
 * Points of a call, whether this process has them all or ranks have some rows each: what is told of all of them, and
 * one grid on which all are spread. The one idea: what all need to know is found in an order that does not depend on
 * who has which rows, so that all decide alike on any number of ranks. Weights are spread in a fixed number of parts
 * of the columns, whose grids are added as a tree. Knows no kernel.
 */
import { reduceElements } from "../array/exchange";
import type { Combination, Ranks } from "../array/exchange";
import { moveRows, rowsAtPlaces, sumRows } from "../array/rankrows";
import { ownRows, sumOf } from "../array/shard";
import type { Shard } from "../array/shard";
import { wrap } from "../array/view";
import type { RealArray } from "../array/view";
import { at, integerAt, lookUp, realAt } from "../asserts";
import type { Operator } from "../call/operator";
import { inParts, partsOf, rowsOfPart, sumParts } from "../call/parts";
import type { Given, How } from "../call/prepared";
import { otherOf } from "../call/result";
import { allocate } from "../device/memory";
import type { RealData } from "../device/native";
import { Category } from "../formula/formula";
import type { Task } from "../task";
import type { PeriodicGrid, Places, Sources } from "./gridsum";

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

// ------------------------------------------------------------------------------------------------------------ one grid

/** Parts of the columns: each takes a grid to be spread on, and more ranks than these have nothing to spread. */
export const GRID_PARTS = 16;

/** Grids in float64 that a rank has beside its own: one for each level of the tree, and what is exchanged. */
const GRIDS_BESIDE = Math.log2(GRID_PARTS) + 3;

/** Bytes that are needed beside those of the grid. */
export const bytesOfParts = ({ cells }: PeriodicGrid): number => 8 * GRIDS_BESIDE * cells;

/** Points of a part, from a row of this rank on. */
interface Part {
  readonly first: number;
  readonly end: number;
  readonly places: Places;
}

/** Where the columns of this rank lie in a grid. */
export class SharedPlaces implements Sources {
  private constructor(
    readonly count: number,
    private readonly shard: Shard,
    private readonly parts: ReadonlyMap<number, Part>,
  ) {}

  /** @param shard whole parts of the columns. */
  static *of(grid: PeriodicGrid, points: RealData, shard: Shard): Task<SharedPlaces> {
    const axes = grid.shape.length;
    const [begin, end] = ownRows(shard);
    const parts = new Map<number, Part>();
    const [firstPart, endPart] = partsOf(shard.ranks.rank, shard.ranks, GRID_PARTS);
    for (let part = firstPart; part < endPart; part++) {
      const [from, to] = rowsOfPart(sumOf(shard.counts), part, GRID_PARTS).map((row) => row - begin) as [
        number,
        number,
      ];
      parts.set(part, { first: from, end: to, places: yield* grid.place(points.subarray(from * axes, to * axes)) });
    }
    return new SharedPlaces(end - begin, shard, parts);
  }

  /** On all ranks the sum of what all have spread. */
  *spread(grid: PeriodicGrid, into: RealData, weights: RealData, column: number): Task<void> {
    const { ranks } = this.shard;
    ranks.agree(() => `a grid of ${grid.shape.join(" x ")}`, 0);
    const columns = this.count === 0 ? 1 : weights.length / this.count;
    into.set(
      yield* sumParts(ranks, GRID_PARTS, into.length, (part) => this.spreadPart(grid, part, weights, columns, column)),
    );
  }

  private *spreadPart(
    grid: PeriodicGrid,
    part: number,
    weights: RealData,
    columns: number,
    column: number,
  ): Task<Float64Array> {
    const { first, end, places } = lookUp(this.parts, part);
    const into = allocate(grid.dtype, grid.cells);
    if (end > first) yield* grid.spread(places, weights.subarray(first * columns, end * columns), column, into);
    return into instanceof Float64Array ? into : Float64Array.from(into);
  }
}
