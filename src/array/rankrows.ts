/**
 * Rows of several ranks that become others': asked for by those who want them, moved to where they are wanted, and
 * summed. The one idea: what comes out depends on the rows and their order alone, not on which rank has which, to the
 * last bit. An order, which all ranks make together, says who wants which rows of whom; rows follow it, and what
 * becomes of them goes the same way back, where it is added in the order of the ranks, and of what each has asked for.
 * All are recorded.
 */
import { at, realAt } from "../asserts";
import { memoryOf } from "../device/memory";
import type { RealData } from "../device/native";
import { exchangeElements, gatherElements, localBy } from "./exchange";
import type { Ranks } from "./exchange";
import { markLocal, record } from "./record";
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

// --------------------------------------------------------------------------------------------- rows that ranks ask for

/** Places among the rows of all ranks, or among those of one. */
type Places = Float64Array;

/** Who wants which rows of whom. */
export class AskedRows {
  /** How many this rank wants of each rank, and how many each wants of this one. */
  private readonly taken: readonly number[];
  private readonly given: readonly number[];
  /** Where each row that comes stands among the wanted ones, and the other way round; null where that is their order. */
  private readonly order: Places | null;
  private readonly inverse: Places | null;
  /** The rows of this rank that others want, rank after rank. */
  private readonly rows: Places;

  /**
   * All ranks make it together.
   * @param wanted by this rank, among the rows of all, in any order and as often as it likes.
   * @param what is asked for, in words.
   */
  constructor(
    private readonly shard: Shard,
    wanted: Places,
    private readonly what: string,
  ) {
    const { ranks, counts } = shard;
    const owners = ownersOf(wanted, counts);
    this.taken = countsOf(owners, ranks.size);
    this.order = orderOf(owners, this.taken);
    this.inverse = this.order && inverseOf(this.order);
    ranks.agree(() => `rows that ranks ask for, of ${what}`, 0);
    const one = counts.map(() => 1);
    this.given = Array.from(this.swap(Float64Array.from(this.taken), one, one, 1));
    const [begin] = ownRows(shard);
    const asked = this.order ? rowsAt(wanted, this.order, 1) : wanted;
    this.rows = this.swap(asked, this.taken, this.given, 1).map((place) => place - begin);
  }

  /** The wanted rows, of the rows `[n, width]` of each rank. */
  bring(own: RealData, width: number): RealData {
    this.agree("", width);
    const came = this.swap(rowsAt(own, this.rows, width), this.given, this.taken, width);
    return this.inverse ? rowsAt(came, this.inverse, width) : came;
  }

  /** What has become of the wanted rows, added up in the rows `[n, width]` of each rank that they were. */
  giveBack(rows: RealData, width: number): RealData {
    this.agree("what has become of ", width);
    const sorted = this.order ? rowsAt(rows, this.order, width) : rows;
    const came = this.swap(sorted, this.taken, this.given, width);
    const [begin, end] = ownRows(this.shard);
    return memoryOf(came).scatterAdd(came, elementsOf(this.rows, width), (end - begin) * width);
  }

  /** Before an exchange: an error, where ranks do different things. */
  private agree(doing: string, width: number): void {
    this.shard.ranks.agree(() => `${doing}${this.what}, [${width}]`, 0);
  }

  private swap<T extends RealData>(from: T, sent: readonly number[], received: readonly number[], width: number): T {
    return exchangeElements(this.what, this.shard.ranks, from, { sent, received, width });
  }
}

/** The rank that has each of these rows. */
function ownersOf(places: Places, counts: readonly number[]): Int32Array {
  const ends = counts.map((_, rank) => rowsOfRank(counts, rank)[1]);
  const owners = new Int32Array(places.length);
  places.forEach((place, k) => {
    let [low, high] = [0, ends.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (place < at(ends, middle)) high = middle;
      else low = middle + 1;
    }
    owners[k] = low;
  });
  return owners;
}

function countsOf(owners: Int32Array, size: number): number[] {
  const counts = new Array<number>(size).fill(0);
  for (const owner of owners) counts[owner] = at(counts, owner) + 1;
  return counts;
}

/** By owner, and in their order among those of one owner; null where they stand so. */
function orderOf(owners: Int32Array, counts: readonly number[]): Places | null {
  if (owners.every((owner, k) => k === 0 || at(owners, k - 1) <= owner)) return null;
  const next = counts.map((_, rank) => rowsOfRank(counts, rank)[0]);
  const order = new Float64Array(owners.length);
  owners.forEach((owner, k) => {
    const place = at(next, owner);
    order[place] = k;
    next[owner] = place + 1;
  });
  return order;
}

function inverseOf(order: Places): Places {
  const inverse = new Float64Array(order.length);
  order.forEach((place, k) => (inverse[place] = k));
  return inverse;
}

function rowsAt<T extends RealData>(from: T, rows: Places, width: number): T {
  const found = allocate(from instanceof Float32Array ? "float32" : "float64", rows.length * width) as T;
  let k = 0;
  while (k < rows.length) {
    const [first, length] = [realAt(rows, k), runAt(rows, k)];
    found.set(from.subarray(first * width, (first + length) * width), k * width);
    k += length;
  }
  return found;
}

/** How many rows stand one after the other from number k on. */
function runAt(rows: Places, k: number): number {
  const first = realAt(rows, k);
  let length = 1;
  while (k + length < rows.length && realAt(rows, k + length) === first + length) length++;
  return length;
}

function elementsOf(rows: Places, width: number): Places {
  const elements = new Float64Array(rows.length * width);
  rows.forEach((row, k) => {
    for (let c = 0; c < width; c++) elements[k * width + c] = row * width + c;
  });
  return elements;
}

// ------------------------------------------------------------------------------------------------------ derivatives

/** The rows that this rank has asked for. The derivative is `giveRows`. */
export function askRows(own: RealArray, asked: AskedRows): RealArray {
  const width = at(own.shape, 1);
  const rows = asked.bring(readable(own), width);
  const back = (cotangent: RealArray): readonly RealArray[] => [giveRows(cotangent, asked, at(own.shape, 0))];
  return record(wrap(rows, [rows.length / width, width]), [own], back, {
    where: "rows of ranks",
    readsInputs: [false],
  });
}

/** What has become of rows that ranks have asked for, added up in those of this rank. The derivative is `askRows`. */
export function giveRows(rows: RealArray, asked: AskedRows, own: number): RealArray {
  const width = at(rows.shape, 1);
  const sums = asked.giveBack(readable(rows), width);
  const back = (cotangent: RealArray): readonly RealArray[] => [askRows(cotangent, asked)];
  return record(wrap(sums, [own, width]), [rows], back, { where: "rows of ranks", readsInputs: [false] });
}
