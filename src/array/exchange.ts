/**
 * What ranks of a parallel program exchange: rows, and sums. The one idea: all gather what each has, so that each can
 * bring it together in the order of the ranks, and all have the same bits. Knows ranks by what is asked of them alone,
 * not how they talk.
 */
import { bytesOf, elementTypeOf, memoryOf } from "../device/memory";
import type { Elements } from "../device/memory";
import type { RealData } from "../device/native";
import { ArgumentError } from "../errors";
import { onceFor } from "../once";
import { markLocal, record } from "./record";
import type { Local } from "./record";
import { allocate, dtypeOf, readable, shapeText, wrap, wrapBeside } from "./view";
import type { RealArray } from "./view";

/** The processes of a parallel program, which all make the same calls in the same order. */
export interface Ranks {
  /** The number of this one, from 0. */
  readonly rank: number;
  readonly size: number;
  /**
   * The value of each rank, where all make the same call. @param what the call in words, made when they are needed.
   * @throws ArgumentError on all ranks where they differ.
   */
  agree(what: () => string, value: number): readonly number[];
  /** Fills `all`, `counts` elements of each rank one after the other, of which this one has put its own in place. */
  gather(all: Elements, counts: readonly number[]): void;
  /**
   * Fills `received` with what each rank has for this one, in the order of the ranks; `sent` has, in that order, what
   * this one has for each.
   */
  exchange(sent: Elements, sentCounts: readonly number[], received: Elements, receivedCounts: readonly number[]): void;
  /** Begins the gathering; until `awaitGather` nothing else is exchanged, and `all` is not touched. */
  startGather(all: Elements, counts: readonly number[]): void;
  /** Waits for all that was begun. */
  awaitGather(): void;
  /** Ends the processes of all ranks, where there are others, and says why: they may be anywhere. */
  endAll(why: string, wasInterrupted: boolean): void;
}

/** Whether calls report how far they are: of several ranks one is enough. */
export let tellsProgress = true;

/**
 * Runs work in the background, which begins at once. Of several ranks what comes after its first step waits for a turn,
 * so that the exchanges of two promises come in one order.
 */
export type InTurn = <T>(work: (turn?: Promise<void>) => Promise<T>) => Promise<T>;
export let inTurn: InTurn = (work) => work();

/** What a process does that has become one of these ranks. */
export function joinRanks({ rank }: Ranks, takeTurn: InTurn): void {
  tellsProgress = rank === 0;
  inTurn = takeTurn;
}

/** @param width elements of a row. @throws ArgumentError, which names `where`, for more than can be sent at once. */
export function gatherElements(
  where: string,
  ranks: Ranks,
  all: Elements,
  { counts, width }: { readonly counts: readonly number[]; readonly width: number },
): void {
  checkLength(where, all, all.length);
  ranks.gather(
    all,
    counts.map((count) => count * width),
  );
}

/** @throws ArgumentError for more than can be sent at once. */
function checkLength(where: string, like: Elements, length: number): void {
  if (length < 2 ** 31) return;
  const bytes = length * bytesOf(elementTypeOf(like));
  throw new ArgumentError(
    `${where}: expected fewer than 2^31 elements, got ${String(length)} (${String(bytes)} bytes)`,
  );
}

/** Rows of each rank for each rank: those that are sent stand one rank's after the other's, and so do those that come. */
export function exchangeElements<T extends RealData>(
  where: string,
  ranks: Ranks,
  from: T,
  rows: { readonly sent: readonly number[]; readonly received: readonly number[]; readonly width: number },
): T {
  const elements = (counts: readonly number[]): number[] => counts.map((count) => count * rows.width);
  const received = elements(rows.received);
  const length = received.reduce((sum, count) => sum + count, 0);
  for (const each of [from.length, length]) checkLength(where, from, each);
  const to = allocate(from.BYTES_PER_ELEMENT === 8 ? "float64" : "float32", length) as T;
  ranks.exchange(from, elements(rows.sent), to, received);
  return to;
}

/** What becomes of two numbers. */
export type Combination = "sum" | "min" | "max";
const COMBINE: Readonly<Record<Combination, (a: number, b: number) => number>> = {
  sum: (a, b) => a + b,
  min: Math.min,
  max: Math.max,
};

/** Elements of each rank that are there at once. */
const PIECE = 1 << 18;

/** @param what is combined, in words. */
export function reduceElements(ranks: Ranks, own: RealData, op: Combination, what: string): RealData {
  ranks.agree(() => `allReduce (${op}) of ${what}`, 0);
  const result = own.slice();
  for (let begin = 0; begin < own.length; begin += PIECE) {
    const part = own.subarray(begin, begin + PIECE);
    result.set(reducePiece(ranks, part, COMBINE[op]), begin);
  }
  return result;
}

function reducePiece(ranks: Ranks, part: RealData, combine: (a: number, b: number) => number): Float64Array {
  const counts = new Array<number>(ranks.size).fill(1);
  const all = allocate(part.BYTES_PER_ELEMENT === 8 ? "float64" : "float32", part.length * ranks.size);
  all.set(part, ranks.rank * part.length);
  gatherElements("allReduce", ranks, all, { counts, width: part.length });
  const reduced = Float64Array.from(all.subarray(0, part.length));
  for (let at = part.length; at < all.length; at++) {
    const k = at % part.length;
    reduced[k] = combine(reduced[k] ?? NaN, all[at] ?? NaN);
  }
  return reduced;
}

/** The numbers of all ranks element by element, on all ranks. @throws ArgumentError where shapes or dtypes differ. */
export function reduceArrays(ranks: Ranks, x: RealArray, op: Combination): RealArray {
  const data = reduceElements(ranks, readable(x), op, `${dtypeOf(x)} ${shapeText(x.shape)}`);
  const back = (cotangent: RealArray): readonly RealArray[] => [localBy(ranks).own(cotangent)];
  const result = wrapBeside<RealData>(data, x.shape, x);
  return record(result, [x], back, { where: "allReduce", readsInputs: [false], joins: true });
}

/** What makes memory that of one of these ranks. */
export const localBy: (ranks: Ranks) => Local = onceFor((ranks: Ranks): Local => ({
  sum: (own) => reduceArrays(ranks, own, "sum"),
  own: (whole) => ownCopy(ranks, whole),
}));

function ownCopy(ranks: Ranks, whole: RealArray): RealArray {
  const copy: RealArray = wrap(memoryOf(whole.data).copyStrided(whole.data, whole), whole.shape);
  const back = (cotangent: RealArray): readonly RealArray[] => [reduceArrays(ranks, cotangent, "sum")];
  return markLocal(record(copy, [whole], back, { where: "a copy", readsInputs: [false] }), localBy(ranks));
}
