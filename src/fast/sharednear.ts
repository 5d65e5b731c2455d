/**
 * Pairs of points within a radius, where ranks have some rows and columns each. The one idea: cells of a regular grid need
 * no look at the points of others, so ranks tell each other how many columns they have in each cell, and nothing else.
 * Columns are counted cell by cell, in a cell rank after rank; what a row visits, and in which order, depends on its cell
 * alone.
 */
import { gatherElements } from "../array/exchange";
import type { Shard } from "../array/shard";
import { sumOf } from "../array/shard";
import { at, realAt } from "../asserts";
import type { RealData } from "../device/native";
import type { Task } from "../task";
import type { NearPairs } from "./near";

/** Points of this rank, cell by cell. */
export interface LatticeCells {
  /** Numbers of cells with points, ascending. */
  readonly keys: Float64Array;
  readonly counts: Float64Array;
  /** The point that stands at each place. */
  readonly order: Int32Array;
}

/** Points of a cell, about, where they are evenly spread, if the radius is not larger. */
const IN_CELL = 16;
/** Cells are not smaller than a part of the radius. */
const OF_RADIUS = 0.51;
/** Which cell a point is in is rounded. */
const MARGIN = 1 + 1e-6;
/** Cells between two pauses. */
const AT_ONCE = 4096;

/** Cells of a box, numbered in row-major order. */
export class Lattice {
  readonly counts: readonly number[];
  private readonly lines: readonly Line[];

  /** @param columns of all ranks. */
  constructor(
    private readonly lower: readonly number[],
    private readonly lengths: readonly number[],
    columns: number,
    radius: number,
  ) {
    const volume = lengths.reduce((product, length) => product * length, IN_CELL / columns);
    const side = Math.max(OF_RADIUS * radius, volume ** (1 / lengths.length));
    this.counts = lengths.map((length) => Math.max(1, Math.floor(length / side)));
    this.lines = linesWithin(
      lengths.map((length, axis) => length / at(this.counts, axis)),
      (radius * MARGIN) ** 2,
    );
  }

  /** Points `[count, axes]` of this rank, in one cell by their order. */
  sort(points: RealData): LatticeCells {
    const axes = this.counts.length;
    const keys = new Float64Array(points.length / axes);
    for (let n = 0; n < keys.length; n++)
      for (let axis = 0; axis < axes; axis++)
        keys[n] = realAt(keys, n) * at(this.counts, axis) + this.cellOf(realAt(points, n * axes + axis), axis);
    return sortKeys(keys);
  }

  private cellOf(x: number, axis: number): number {
    const count = at(this.counts, axis);
    const cell = Math.floor((count * (x - at(this.lower, axis))) / at(this.lengths, axis));
    return Math.max(0, Math.min(count - 1, cell));
  }

  /** The ranges of rows of this rank, and their pairs; no more of them where there are more than `most`. */
  *near(rows: LatticeCells, columns: SharedColumns, most: number): Task<NearPairs> {
    const [intervals, slices] = [new Float64Array(2 * rows.keys.length), new Float64Array(rows.keys.length)];
    const visited: number[] = [];
    let [pairs, row] = [0, 0];
    for (let n = 0; n < rows.keys.length && pairs <= most; n++) {
      if (n % AT_ONCE === 0) yield;
      const count = realAt(rows.counts, n);
      pairs += count * this.visit(realAt(rows.keys, n), columns, visited);
      intervals.set([row, row + count], 2 * n);
      row += count;
      slices[n] = visited.length / 2;
    }
    return { ranges: { rows: intervals, slices, columns: Float64Array.from(visited) }, pairs };
  }

  /** Adds the places of columns that may be near points of a cell, in order and joined, and returns how many they are. */
  private visit(key: number, columns: SharedColumns, visited: number[]): number {
    const cell = this.decode(key);
    const first = visited.length;
    let count = 0;
    for (const { offsets, reach } of this.lines) {
      const keys = this.keysOf(cell, offsets, reach);
      if (!keys) continue;
      const [begin, end] = columns.placesBetween(...keys);
      if (begin === end) continue;
      if (visited.length > first && visited[visited.length - 1] === begin) visited[visited.length - 1] = end;
      else visited.push(begin, end);
      count += end - begin;
    }
    return count;
  }

  private decode(key: number): number[] {
    const cell = this.counts.map(() => 0);
    for (let axis = cell.length - 1, rest = key; axis >= 0; axis--) {
      cell[axis] = rest % at(this.counts, axis);
      rest = Math.floor(rest / at(this.counts, axis));
    }
    return cell;
  }

  /** The first cell of a line beside a cell, and the last; null where the line is outside. */
  private keysOf(cell: readonly number[], offsets: readonly number[], reach: number): [number, number] | null {
    let key = 0;
    for (const [axis, offset] of offsets.entries()) {
      const place = at(cell, axis) + offset;
      if (place < 0 || place >= at(this.counts, axis)) return null;
      key = key * at(this.counts, axis) + place;
    }
    const last = at(this.counts, offsets.length);
    const own = at(cell, offsets.length);
    return [key * last + Math.max(0, own - reach), key * last + Math.min(last - 1, own + reach)];
  }
}

/** Cells along the last axis beside a cell: how far it is on the other axes, and how many count to either side. */
interface Line {
  readonly offsets: readonly number[];
  readonly reach: number;
}

/** Lines with cells whose points may be within a distance, in the order of their cells. */
function linesWithin(widths: readonly number[], square: number): Line[] {
  const [width, ...others] = widths as [number, ...number[]];
  const reach = Math.floor(Math.sqrt(square) / width) + 1;
  if (others.length === 0) return [{ offsets: [], reach }];
  return Array.from({ length: 2 * reach + 1 }, (_, n) => n - reach).flatMap((offset) => {
    const left = square - (Math.max(0, Math.abs(offset) - 1) * width) ** 2;
    if (left < 0) return [];
    return linesWithin(others, left).map((line) => ({ ...line, offsets: [offset, ...line.offsets] }));
  });
}

/** By key, and in one cell by their order. */
function sortKeys(keys: Float64Array): LatticeCells {
  const sorted = keys.slice().sort();
  const found = sorted.filter((key, n) => n === 0 || key !== sorted[n - 1]);
  const cells = Int32Array.from(keys, (key) => firstNotBelow(found, key));
  const counts = new Float64Array(found.length);
  for (const cell of cells) counts[cell]!++;
  const next = beginsOf(counts);
  const order = new Int32Array(keys.length);
  cells.forEach((cell, n) => (order[next[cell]!++] = n));
  return { keys: found, counts, order };
}

/** Where each begins that has so many, and where the last one ends. */
function beginsOf(counts: Float64Array): Float64Array {
  const begins = new Float64Array(counts.length + 1);
  counts.forEach((count, n) => (begins[n + 1] = realAt(begins, n) + count));
  return begins;
}

/** The place of the first of ascending numbers that is not below one. */
function firstNotBelow(numbers: Float64Array, least: number): number {
  let [low, high] = [0, numbers.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (realAt(numbers, middle) < least) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** How many columns each rank has in each cell. */
export class SharedColumns {
  /** Where columns of a cell begin among all, counted cell by cell. */
  private readonly begins: Float64Array;
  private readonly keys: Float64Array;
  /** Cells of ranks, cell by cell: where their columns stand among those of all ranks, and how many they are. */
  private readonly parts: Int32Array;
  private readonly firstPart: Float64Array;
  private readonly standing: Float64Array;
  private readonly counts: Float64Array;

  /** All ranks make it together, of columns that stand cell by cell on each. */
  constructor({ keys, counts }: LatticeCells, { ranks }: Shard) {
    const ofRanks = ranks.agree(() => "cells of columns that may be near", keys.length);
    const gather = (own: Float64Array): Float64Array => {
      const all = new Float64Array(sumOf(ofRanks));
      all.set(own, sumOf(ofRanks.slice(0, ranks.rank)));
      gatherElements("cells of columns", ranks, all, { counts: ofRanks, width: 1 });
      return all;
    };
    const cells = sortKeys(gather(keys));
    this.counts = gather(counts);
    this.standing = beginsOf(this.counts);
    [this.keys, this.parts, this.firstPart] = [cells.keys, cells.order, beginsOf(cells.counts)];
    this.begins = beginsOf(Float64Array.from(cells.keys, (_, cell) => this.countIn(cell)));
  }

  private partsOf(cell: number): Int32Array {
    return this.parts.subarray(realAt(this.firstPart, cell), realAt(this.firstPart, cell + 1));
  }

  private countIn(cell: number): number {
    return this.partsOf(cell).reduce((sum, part) => sum + realAt(this.counts, part), 0);
  }

  /** Of the columns in cells from one to another, counted cell by cell. */
  placesBetween(first: number, last: number): [begin: number, end: number] {
    const [from, to] = [firstNotBelow(this.keys, first), firstNotBelow(this.keys, last + 1)];
    return [realAt(this.begins, from), realAt(this.begins, to)];
  }

  /** Where columns of whole cells stand among those of all ranks. @param counted ascending. */
  placesOf(counted: Float64Array): Float64Array {
    const places = new Float64Array(counted.length);
    for (let k = 0; k < counted.length;)
      for (const part of this.partsOf(firstNotBelow(this.begins, realAt(counted, k)))) {
        const count = realAt(this.counts, part);
        for (let n = 0; n < count; n++) places[k++] = realAt(this.standing, part) + n;
      }
    return places;
  }
}
