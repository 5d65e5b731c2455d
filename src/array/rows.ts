/**
 * Rows of several ranks that become others': moved to where they are wanted, and summed. The one idea: what comes out
 * depends on the rows and their order alone, not on which rank has which, to the last bit. Both are recorded.
 */
import type { RealData } from "../device/native";
import { at } from "../asserts";
import { AskedRows } from "./asked";
import { gatherElements, localBy } from "./exchange";
import type { Ranks } from "./exchange";
import { markLocal } from "./local";
import { record } from "./record";
import { cutRows, joinRows, markShard, ownRows, rowsOfRank } from "./shard";
import type { Shard } from "./shard";
import { allocate, dtypeOf, readable, sameShape, wrap } from "./view";
import type { RealArray } from "./view";

/** The rows of a shard `[n, D]`, of which each rank has as many as `counts` says afterwards. */
export function moveRows(own: RealArray, from: Shard, counts: readonly number[]): RealArray {
  const { ranks, source } = from;
  if (sameShape(from.counts, counts)) return own;
  if (source) return cutRows(joinRows(own, from), { ranks, counts });
  const moved = markShard(askFor(own, from, counts), { ranks, counts });
  const back = (cotangent: RealArray): readonly RealArray[] => [moveRows(cotangent, { ranks, counts }, from.counts)];
  return record(moved, [own], back, { where: "rows that move", readsInputs: [false] });
}

/** Each rank asks for the rows that it will have. */
function askFor(own: RealArray, from: Shard, counts: readonly number[]): RealArray {
  const width = at(own.shape, 1);
  const [begin, end] = ownRows({ ranks: from.ranks, counts });
  const places = Float64Array.from({ length: end - begin }, (_, n) => begin + n);
  const asked = new AskedRows(from, places, `rows of ${dtypeOf(own)} [${String(width)}] that move`);
  return wrap(asked.bring(readable(own), width), [end - begin, width]);
}

/** Rows `[n, D]` at these places among those of all ranks, on all ranks. */
export function rowsAtPlaces(own: RealData, { ranks, counts }: Shard, width: number, places: Int32Array): RealData {
  const rank = (place: number): number => counts.findIndex((_, k) => place < rowsOfRank(counts, k)[1]);
  const owners = Array.from(places, rank);
  const order = [...places.keys()].sort((a, b) => at(owners, a) - at(owners, b) || a - b);
  const found = allocate(own instanceof Float32Array ? "float32" : "float64", places.length * width);
  const [begin] = ownRows({ ranks, counts });
  order.forEach((n, k) => {
    const row = (places[n] as number) - begin;
    if (owners[n] === ranks.rank) found.set(own.subarray(row * width, (row + 1) * width), k * width);
  });
  const each = counts.map((_, k) => owners.filter((owner) => owner === k).length);
  gatherElements("rows at places", ranks, found, { counts: each, width });
  const sorted = found.slice();
  order.forEach((n, k) => {
    found.set(sorted.subarray(k * width, (k + 1) * width), n * width);
  });
  return found;
}

/**
 * The sum `[D]` of the rows `[n, D]` of all ranks, on all ranks: in float64, row after row. Each rank adds its own to
 * the sum of those before it, so that no bit depends on which rank has which.
 */
export function sumRows(own: RealArray, ranks: Ranks): RealArray {
  const [rows, width] = [at(own.shape, 0), at(own.shape, 1)];
  ranks.agree(() => `the sum of rows [${String(width)}] of ${dtypeOf(own)}`, 0);
  const sums = new Float64Array(width);
  for (let rank = 0; rank < ranks.size; rank++) {
    if (rank === ranks.rank) addRows(sums, readable(own));
    const counts = Array.from({ length: ranks.size }, (_, k) => (k === rank ? 1 : 0));
    gatherElements("a sum of rows", ranks, sums, { counts, width });
  }
  const total: RealArray = wrap(dtypeOf(own) === "float32" ? Float32Array.from(sums) : sums, [width]);
  const back = (cotangent: RealArray): readonly RealArray[] => [repeatRow(cotangent, ranks, rows)];
  return record(total, [own], back, { where: "a sum of rows", readsInputs: [false], joins: true });
}

function addRows(sums: Float64Array, rows: RealData): void {
  const width = sums.length;
  for (let n = 0; n < rows.length; n++) sums[n % width] = (sums[n % width] as number) + (rows[n] as number);
}

/** As many rows `[n, D]` of this rank, all the same. */
function repeatRow(row: RealArray, ranks: Ranks, rows: number): RealArray {
  const [numbers, width] = [readable(row), at(row.shape, 0)];
  const repeated = wrap(allocate(dtypeOf(row), rows * width), [rows, width]);
  for (let n = 0; n < rows; n++) repeated.data.set(numbers, n * width);
  const back = (cotangent: RealArray): readonly RealArray[] => [sumRows(cotangent, ranks)];
  return markLocal(record(repeated, [row], back, { where: "a sum of rows", readsInputs: [false] }), localBy(ranks));
}
