/**
 * Points that ranks have some each of, spread on one grid. The one idea: weights are spread in a fixed number of parts of
 * the columns, whose grids are added as a tree, so that no bit depends on the number of ranks.
 */
import { ownRows, sumOf } from "../array/shard";
import type { Shard } from "../array/shard";
import { lookUp } from "../asserts";
import { partsOf, rowsOfPart, sumParts } from "../call/parts";
import { allocate } from "../device/memory";
import type { RealData } from "../device/native";
import type { Task } from "../task";
import type { PeriodicGrid, Places, Sources } from "./gridsum";

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
