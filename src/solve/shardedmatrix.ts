/**
 * The matrix of a kernel whose points no rank has whole, and dense algebra over factors of which each rank has its own
 * rows. Columns of the matrix and of its factors have the rows of this rank; diagonals, and what vectors become, are
 * whole. Points and rows that are pivots go to all ranks. A diagonal block is inverted by the rank that has its first row,
 * which asks for the points behind its own: so no bit depends on who has which rows.
 */
import { AskedRows, rowsAtPlaces } from "../array/rankrows";
import { gatherElements } from "../array/exchange";
import { ownRows, rowsOfRank, sumOf } from "../array/shard";
import type { Shard } from "../array/shard";
import { allocate } from "../array/view";
import type { Dtype } from "../array/view";
import { asserted, at } from "../asserts";
import { rowsOfPart, sumParts } from "../call/parts";
import type { How } from "../call/prepared";
import type { RealData } from "../device/native";
import { Category } from "../formula/formula";
import { Work, runAsync, runSync, waitFor } from "../task";
import type { Task } from "../task";
import { KernelMatrix } from "./kernelmatrix";
import type { Pairwise } from "./kernelmatrix";
import type { Algebra, Interval, Matrix, SharedBlocks } from "./precondition";
import { PARTS } from "./shardedsystem";

/** Rows behind those of this rank, where a factor has those of pivots: they may be other ranks'. */
const PIVOTS = 64;

/** Entries for pairs of which each rank has the rows of its shard. */
export class SpreadMatrix implements Matrix {
  readonly rows: number;
  readonly held: number;
  readonly dtype: Dtype;
  private readonly shard: Shard;
  private readonly own: KernelMatrix;

  /**
   * @param pairs of the rows of this rank.
   * @param points of this rank and of others, each of which is so many rows.
   */
  constructor(
    private readonly pairs: Pairwise,
    points: Shard,
    private readonly perPoint: number,
    how: How,
  ) {
    this.shard = { ranks: points.ranks, counts: points.counts.map((count) => count * perPoint) };
    this.rows = sumOf(this.shard.counts);
    this.held = pairs.rows + PIVOTS;
    this.dtype = pairs.dtype;
    this.own = new KernelMatrix(pairs, how, this.rows);
  }

  diagonal(): Float64Array {
    this.agree("the diagonal");
    const all = new Float64Array(this.rows);
    all.set(this.own.diagonal(), ownRows(this.shard)[0]);
    gatherElements("a diagonal", this.shard.ranks, all, { counts: this.shard.counts, width: 1 });
    return all;
  }

  entries(rows: Int32Array | null, columns: Int32Array | null, out?: RealData): RealData {
    this.agree("entries");
    const others = this.pointsAt(asserted(columns, "some columns"));
    const { args, kept, data } = this.pairs;
    const own = rows ? this.pointsAt(rows) : data;
    const points = args.map(({ category }, n) => at(category === kept ? own : others, n));
    const width = asserted(columns, "some columns").length;
    return rows
      ? this.own.valuesOf(points, rows.length, width, out)
      : this.ofOwnRows(points, width, out ?? allocate(this.dtype, this.held * width));
  }

  /** What stands at these places among the rows of all ranks. */
  private pointsAt(places: Int32Array): RealData[] {
    const { args, data } = this.pairs;
    return args.map(({ category, dim }, n) =>
      category === Category.P ? at(data, n) : rowsAtPlaces(at(data, n), this.shard, dim, places),
    );
  }

  private ofOwnRows(points: readonly RealData[], columns: number, out: RealData): RealData {
    const all = out.subarray(0, this.held * columns);
    this.own.valuesOf(points, this.pairs.rows, columns, all);
    return all.fill(0, this.pairs.rows * columns);
  }

  private agree(what: string): void {
    this.shard.ranks.agree(() => `${what} of a kernel matrix of ${String(this.rows)} rows in ${this.dtype}`, 0);
  }

  shareBlocks(blocks: readonly Interval[]): SharedBlocks {
    return shareBlocks(blocks, this.pairs, this.own, this.shard);
  }

  algebra(algebra: Algebra): Algebra {
    return new SpreadAlgebra(algebra, this.shard, this.perPoint).functions();
  }
}

/** A task in the two forms of work. */
const workOf = <T>(task: () => Task<T>): Work<T> =>
  new Work(
    () => runSync(task()),
    (control) => runAsync(task(), { control }),
  );

/** Columns of the last block of a factor whose norms tell how large the rest is. */
const LAST_COLUMNS = 8;

/** (F Fᵀ + alpha I)⁻¹ by the Cholesky factor of Fᵀ F + alpha I. */
interface Woodbury {
  readonly blocks: readonly RealData[];
  readonly factor: Float64Array;
  readonly alpha: number;
}

class SpreadAlgebra {
  private readonly own: number;
  private readonly begin: number;
  private readonly rows: number;

  constructor(
    private readonly algebra: Algebra,
    private readonly shard: Shard,
    private readonly perPoint: number,
  ) {
    const [begin, end] = ownRows(shard);
    [this.begin, this.own, this.rows] = [begin, end - begin, sumOf(shard.counts)];
  }

  functions(): Algebra {
    return {
      ...this.algebra,
      choosePivots: (left, blocks, candidates, chances, accepted, factor, _rows, most, part, floor) => {
        this.agree("pivots");
        const count = candidates.length;
        const some = this.rowsOf(blocks, candidates);
        const places = Int32Array.from(candidates.keys());
        return this.algebra.choosePivots(left, some, places, chances, accepted, factor, count, most, part, floor);
      },
      extend: (out, left, blocks, pivots, factor, residual, _rows, count) =>
        workOf(() => this.extend([out, left], blocks, pivots, factor, residual, count)),
      gram: (out, blocks, _rows, bytes) => workOf(() => this.gram(out, blocks, bytes)),
      lowRankSolve: (out, x, blocks, factor, alpha, _rows, columns) =>
        workOf(() => this.lowRankSolve(out, x, { blocks, factor, alpha }, columns)),
      subtractTall: (out, blocks, x, _rows, columns) => {
        this.agree("a product");
        this.subtract(out, blocks, x, columns);
      },
    };
  }

  private agree(what: string): void {
    this.shard.ranks.agree(() => `${what} of a factor of ${String(this.rows)} rows`, 0);
  }

  /** Rows of blocks at these places among those of all ranks. */
  private rowsOf(blocks: readonly RealData[], places: Int32Array): RealData[] {
    return blocks.map((block) => rowsAtPlaces(block, this.shard, this.widthOf(block), places));
  }

  private widthOf(block: RealData): number {
    return block.length / (this.own + PIVOTS);
  }

  /** As if the rows of pivots were the last of this rank. */
  private *extend(
    [out, left]: readonly [RealData, RealData],
    blocks: readonly RealData[],
    pivots: Int32Array,
    factor: Float64Array,
    residual: Float64Array,
    count: number,
  ): Task<number> {
    this.agree("columns");
    const { own, begin, shard } = this;
    const held = own + PIVOTS;
    for (const [n, rows] of this.rowsOf(blocks, pivots).entries()) {
      const block = at(blocks, n);
      block.set(rows, own * this.widthOf(block));
    }
    const rest = new Float64Array(held);
    rest.set(residual.subarray(begin, begin + own));
    const places = Int32Array.from(pivots.keys(), (k) => own + k);
    yield* waitFor(this.algebra.extend(out, left, blocks, places, factor, rest, held, count));
    residual.set(rest.subarray(0, own), begin);
    gatherElements("a diagonal", shard.ranks, residual, { counts: shard.counts, width: 1 });
    for (const pivot of pivots.subarray(0, count)) residual[pivot] = 0;
    return yield* this.largestNorm(out, count);
  }

  /** The largest squared norm among the last of these columns. */
  private *largestNorm(block: RealData, count: number): Task<number> {
    const few = Math.min(LAST_COLUMNS, count);
    const squares = yield* sumParts(this.shard.ranks, PARTS, few, (part) =>
      this.squaresOf(part, block, [count - few, count]),
    );
    return squares.reduce((most, square) => Math.max(most, square), 0);
  }

  private squaresOf(part: number, block: RealData, [low, high]: readonly [number, number]): Float64Array {
    const [width, [first, end]] = [this.widthOf(block), this.ownRowsOf(part)];
    const sums = new Float64Array(high - low);
    for (let row = first; row < end; row++)
      for (let k = low; k < high; k++) sums[k - low]! += (block[row * width + k] as number) ** 2;
    return sums;
  }

  /** Rows of a part, from the first of this rank. */
  private ownRowsOf(part: number): [first: number, end: number] {
    const [first, end] = this.rowsOfPart(part);
    return [first - this.begin, end - this.begin];
  }

  private rowsOfPart(part: number): [first: number, end: number] {
    const [first, end] = rowsOfPart(this.rows / this.perPoint, part, PARTS);
    return [first * this.perPoint, end * this.perPoint];
  }

  /** Rows of a part, and how many. */
  private partOf(blocks: readonly RealData[], part: number): [RealData[], number] {
    const [first, end] = this.ownRowsOf(part);
    const some = blocks.map((block) => block.subarray(first * this.widthOf(block), end * this.widthOf(block)));
    return [some, end - first];
  }

  private *gram(out: Float64Array, blocks: readonly RealData[], bytes: number): Task<void> {
    this.agree("a Gram matrix");
    out.set(
      yield* sumParts(this.shard.ranks, PARTS, out.length, (part) => this.gramOf(part, blocks, out.length, bytes)),
    );
  }

  private *gramOf(part: number, blocks: readonly RealData[], size: number, bytes: number): Task<Float64Array> {
    const [some, rows] = this.partOf(blocks, part);
    const sums = new Float64Array(size);
    if (rows > 0) yield* waitFor(this.algebra.gram(sums, some, rows, bytes));
    return sums;
  }

  /** (x - F (Fᵀ F + alpha I)⁻¹ Fᵀ x) / alpha, whole. */
  private *lowRankSolve(out: RealData, x: RealData, { blocks, factor, alpha }: Woodbury, columns: number): Task<void> {
    this.agree("an inverse");
    const width = Math.sqrt(factor.length);
    const inner = yield* sumParts(this.shard.ranks, PARTS, width * columns, (part) =>
      this.project(part, blocks, x, columns),
    );
    yield* waitFor(this.algebra.choleskySolve(factor, inner, width, columns));
    out.set(x);
    this.subtract(out, blocks, inner, columns);
    const inverse = 1 / alpha;
    for (let n = 0; n < out.length; n++) out[n] = (out[n] as number) * inverse;
  }

  /** Fᵀ x of a part. */
  private project(part: number, blocks: readonly RealData[], x: RealData, columns: number): Float64Array {
    const [some, rows] = this.partOf(blocks, part);
    const [first, end] = this.rowsOfPart(part).map((row) => row * columns);
    const sums = new Float64Array(blocks.reduce((width, block) => width + this.widthOf(block), 0) * columns);
    if (rows > 0) this.algebra.project(sums, some, x.subarray(first, end), rows, columns);
    return sums;
  }

  /** out `[all rows, columns]` -= F x */
  private subtract(out: RealData, blocks: readonly RealData[], x: Float64Array, columns: number): void {
    const { own, begin, shard } = this;
    const some = blocks.map((block) => block.subarray(0, own * this.widthOf(block)));
    const rows = out.subarray(begin * columns, (begin + own) * columns);
    if (own > 0) this.algebra.subtractTall(rows, some, x, own, columns);
    gatherElements("rows of a vector", shard.ranks, out, { counts: shard.counts, width: columns });
  }
}

// ----------------------------------------------------------------------------------------------------- diagonal blocks

/**
 * @param pairs of the rows of this rank, and their entries.
 * @param rows of all ranks.
 */
function shareBlocks(
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
