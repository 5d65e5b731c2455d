/**
 * Whether the columns of a call travel or are gathered: by what the caller says, by their size, and by what needs them all
 * at once.
 */
import { recording } from "../array/record";
import { shardOf, sumOf } from "../array/shard";
import type { RealArray } from "../array/view";
import { at } from "../asserts";
import { memoryOf } from "../device/memory";
import { ArgumentError } from "../errors";
import type { Argument } from "../formula/arguments";
import { Category } from "../formula/formula";
import type { CallOptions } from "./prepared";
import { otherOf } from "./result";
import type { Settings } from "./result";

export type Reducing = Pick<Settings, "rows" | "reduction">;

/** Bytes of columns that are gathered, unless the option tells. */
const MOST_GATHERED = 2 ** 28;

/** Whether the columns of a call travel: only shards do. @throws ArgumentError where they are to and cannot. */
export function columnsTravel(
  args: readonly Argument[],
  { rows, reduction }: Reducing,
  arrays: readonly RealArray[],
  options: CallOptions,
): boolean {
  const { columns = "auto" } = options;
  const reduced = otherOf(rows);
  const of = arrays.filter((_, n) => at(args, n).category === reduced);
  if (columns === "gather" || !of.some(shardOf)) return false;
  if (columns === "auto" && (!of.every(shardOf) || gatheredBytes(of) <= MOST_GATHERED)) return false;
  const why = whyNotTravel(args, { rows, reduction }, arrays, options);
  if (why === null) return true;
  if (columns === "auto") return false;
  throw new ArgumentError(`columns: expected "gather" or "auto" with ${why}, got "travel"`);
}

/** Bytes of all rows of arrays that this rank has in part only. */
function gatheredBytes(arrays: readonly RealArray[]): number {
  const parts = [...new Set(arrays)].filter((array) => shardOf(array)?.source === undefined);
  return parts.reduce((bytes, { data, shape: [, width = 1] }, k) => {
    const rows = sumOf(shardOf(at(parts, k))?.counts ?? []);
    return bytes + rows * width * data.BYTES_PER_ELEMENT;
  }, 0);
}

/** What needs all columns at once, in words, or null. */
function whyNotTravel(
  args: readonly Argument[],
  { rows, reduction }: Reducing,
  arrays: readonly RealArray[],
  { ranges, tolerance = 0 }: CallOptions,
): string | null {
  if (ranges) return "ranges";
  if (tolerance > 0) return "a tolerance";
  if (arrays.some(({ data }) => memoryOf(data).device !== null)) return "arrays of a device";
  if (!recording(arrays)) return null;
  const of = (category: Category): readonly RealArray[] => arrays.filter((_, n) => at(args, n).category === category);
  if (recording(of(Category.P))) return "parameters that take part in derivatives";
  if (!of(rows).every(shardOf)) return "derivatives of arrays that all ranks have";
  const { gradient } = reduction.recordedAs ?? reduction;
  return gradient.kind === "routed" ? "derivatives of minima and maxima" : null;
}
