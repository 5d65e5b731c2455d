/**
 * Whether the columns of a call travel or are gathered: by what the caller says, by their size, and by what needs them all
 * at once.
 */
import { tellsProgress } from "../array/exchange";
import { shardOf, sumOf } from "../array/shard";
import type { RealArray } from "../array/view";
import { at } from "../asserts";
import { memoryOf } from "../device/memory";
import { ArgumentError } from "../errors";
import type { Argument } from "../formula/arguments";
import { warnOnce } from "../warnings";
import type { CallOptions } from "./prepared";
import { otherOf } from "./result";
import type { Settings } from "./result";

export type Reducing = Pick<Settings, "rows" | "reduction">;

/** Bytes of columns that are gathered, unless the option tells. */
export const MOST_GATHERED: number = 2 ** 28;

/** Whether the columns of a call travel: only shards do. @throws ArgumentError where they are to and cannot. */
export function columnsTravel(
  args: readonly Argument[],
  { rows }: Reducing,
  arrays: readonly RealArray[],
  options: CallOptions,
): boolean {
  const of = arrays.filter((_, n) => at(args, n).category === otherOf(rows));
  const isElsewhere = (): boolean => arrays.some(({ data }) => memoryOf(data).device !== null);
  return shardsTravel(of, options, () => (isElsewhere() ? "arrays of a device" : null));
}

/**
 * Whether rows of these arrays stay where they are and travel when they are needed: as the option says, else where they
 * are large. What has to gather as many says so.
 * @param whyNot what needs them all at once, in words, or null.
 * @throws ArgumentError where they are to travel and cannot.
 */
export function shardsTravel(
  of: readonly RealArray[],
  { columns = "auto" }: Pick<CallOptions, "columns">,
  whyNot: () => string | null,
): boolean {
  if (columns === "gather" || !of.some(shardOf)) return false;
  const bytes = gatheredBytes(of);
  if (columns === "auto" && bytes <= MOST_GATHERED) return false;
  const why = whyNot();
  if (why === null) return true;
  if (columns === "travel") throw new ArgumentError(`columns: expected "gather" or "auto" with ${why}, got "travel"`);
  const size = `${String(Math.round(bytes / 1e6))} MB`;
  if (tellsProgress)
    warnOnce("KEOPS_GATHER", `${size} of columns are gathered on every rank, because of ${why}; told once`);
  return false;
}

/** Bytes of all rows of arrays that this rank has in part only. */
function gatheredBytes(arrays: readonly RealArray[]): number {
  const parts = [...new Set(arrays)].filter((array) => shardOf(array)?.source === undefined);
  return parts.reduce((bytes, { data, shape: [, width = 1] }, k) => {
    const rows = sumOf(shardOf(at(parts, k))?.counts ?? []);
    return bytes + rows * width * data.BYTES_PER_ELEMENT;
  }, 0);
}
