/**
 * Fewer points for lines that have more than a picture can show. The one idea: in each column of pixels a line is what
 * its first, last, least and greatest point there make it (Jugel, Jerzak, Hackenbroich and Markl, M4, 2014).
 */
import { extent } from "./columns";
import type { Row } from "./columns";

interface Lines {
  readonly x: string;
  /** Fields of vertical positions. */
  readonly y: readonly string[];
  /** Fields that tell lines apart. */
  readonly groups: readonly (string | undefined)[];
  /** Columns of pixels. */
  readonly columns: number;
}

/** The rows that show the same lines, in their order. Rows that have something else than numbers stay. */
export function thinned(rows: readonly Row[], { x, y, groups, columns }: Lines): readonly Row[] {
  const [low, high] = extent(rows.map((row) => Number(row[x])));
  const kept = new Set<number>();
  const cells = new Map<string, number[]>();
  for (const [k, row] of rows.entries()) {
    const column = Math.floor(((Number(row[x]) - low) / (high - low || 1)) * columns);
    if (![column, ...y.map((field) => row[field])].every(Number.isFinite)) kept.add(k);
    else add(cells, JSON.stringify([column, ...groups.map((field) => field && row[field])]), k);
  }
  for (const cell of cells.values())
    for (const field of [x, ...y]) for (const k of endsIn(rows, cell, field)) kept.add(k);
  return rows.filter((_, k) => kept.has(k));
}

function add(cells: Map<string, number[]>, name: string, k: number): void {
  const cell = cells.get(name);
  if (cell) cell.push(k);
  else cells.set(name, [k]);
}

/** The rows with the least and the greatest number of a field. */
function endsIn(rows: readonly Row[], cell: readonly number[], field: string): readonly [number, number] {
  const numberAt = (k: number): number => rows[k]?.[field] as number;
  const pick = (better: (a: number, b: number) => boolean): number =>
    cell.reduce((best, k) => (better(numberAt(k), numberAt(best)) ? k : best));
  return [pick((a, b) => a < b), pick((a, b) => a > b)];
}
