/**
 * Block Jacobi: the inverses of diagonal blocks of K + alpha I, for operators of which only some pairs count.
 */
import type { Algebra, Matrix } from "./pivoted";
import { logdetOf } from "./preconditioner";
import type { Preconditioner } from "./preconditioner";
import { Work, settled } from "./task";
import type { Task } from "./task";

/** Begin and end of the rows of a block. */
export type Interval = readonly [begin: number, end: number];

interface Block {
  readonly begin: number;
  readonly end: number;
  readonly factor: Float64Array;
}

/** Rows of a block at most: larger intervals are cut. */
const LARGEST_BLOCK = 512;

/**
 * The inverse of every block, and 1 / alpha outside of them; null where a block is not positive definite.
 * @param intervals that do not overlap.
 */
export function* blockJacobi(
  matrix: Matrix,
  alpha: number,
  algebra: Algebra,
  intervals: readonly Interval[],
): Task<Preconditioner | null> {
  const blocks: Block[] = [];
  for (const [begin, end] of intervals.flatMap(cut)) {
    const factor = blockOf(matrix, alpha, begin, end);
    if ((yield* settled(algebra.cholesky(factor, end - begin))) !== 0) return null;
    blocks.push({ begin, end, factor });
  }
  const outside = alpha > 0 ? alpha : 1;
  const covered = blocks.reduce((sum, { begin, end }) => sum + end - begin, 0);
  const logdet = blocks.reduce((sum, { begin, end, factor }) => sum + logdetOf(factor, end - begin), 0);
  return {
    kind: "block",
    dtype: "any",
    rank: 0,
    logdet: logdet + (matrix.rows - covered) * Math.log(outside),
    apply: (x, out, columns) => {
      const solution = Float64Array.from(x, (value) => value / outside);
      const solves = blocks.map(({ begin, end, factor }) => {
        const own = solution.subarray(begin * columns, end * columns);
        own.set(x.subarray(begin * columns, end * columns));
        return algebra.choleskySolve(factor, own, end - begin, columns);
      });
      return Work.all(solves).andThen(() => {
        out.set(solution);
      });
    },
  };
}

function cut([begin, end]: Interval): Interval[] {
  const pieces = Math.ceil((end - begin) / LARGEST_BLOCK);
  const at = (piece: number): number => begin + Math.floor((piece * (end - begin)) / pieces);
  return Array.from({ length: pieces }, (_, piece) => [at(piece), at(piece + 1)]);
}

function blockOf(matrix: Matrix, alpha: number, begin: number, end: number): Float64Array {
  const rows = Int32Array.from({ length: end - begin }, (_, n) => begin + n);
  const block = Float64Array.from(matrix.entries(rows, rows));
  for (let n = 0; n < rows.length; n++) block[n * (rows.length + 1)]! += alpha;
  return block;
}
