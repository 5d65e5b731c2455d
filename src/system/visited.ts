/**
 * What block-sparse ranges leave of the diagonal of a system.
 */
import type { Ranges } from "../engine/native";
import type { Interval } from "../solver/blockjacobi";

/** The parts of row intervals that are among their own column intervals, in rows of a system with `dim` of them per point. */
export function diagonalBlocks({ rows, slices, columns }: Ranges, dim: number): Interval[] {
  const blocks: Interval[] = [];
  for (let k = 0; k < slices.length; k++)
    for (let m = k === 0 ? 0 : slices[k - 1]!; m < slices[k]!; m++) {
      const begin = Math.max(rows[2 * k]!, columns[2 * m]!);
      const end = Math.min(rows[2 * k + 1]!, columns[2 * m + 1]!);
      if (begin < end) blocks.push([begin * dim, end * dim]);
    }
  return blocks;
}

/** Diagonal entries `[N dim]` of pairs that are not visited are 0. */
export function leaveVisited(diagonal: Float64Array, { rows, slices, columns }: Ranges, dim: number): void {
  const isVisited = new Uint8Array(diagonal.length / dim);
  let interval = 0;
  for (let block = 0; block < slices.length; block++)
    for (; interval < slices[block]!; interval++) {
      const begin = Math.max(rows[2 * block]!, columns[2 * interval]!);
      const end = Math.min(rows[2 * block + 1]!, columns[2 * interval + 1]!);
      if (begin < end) isVisited.fill(1, begin, end);
    }
  for (let n = 0; n < diagonal.length; n++) if (isVisited[Math.floor(n / dim)] === 0) diagonal[n] = 0;
}
