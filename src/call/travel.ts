/**
 * Columns of which each rank has some, brought to all a span at a time, while the span before computes: no rank has them
 * all at once. The one idea: all ranks reduce over the same spans in the same order, the one in which a single process
 * does, so that how columns are held changes no bit. Knows ranks by `Ranks` alone.
 */
import type { Ranks } from "../array/exchange";
import { ownRows, rowsOfRank } from "../array/shard";
import type { Shard } from "../array/shard";
import { allocate, dtypeOf } from "../array/view";
import type { RealArray } from "../array/view";
import { at } from "../asserts";
import type { Call, Routine } from "../device/device";
import type { RealData } from "../device/native";
import type { Argument } from "../formula/arguments";
import { messageOf } from "../options";
import { Work, runAsync, runSync, waitFor } from "../task";
import type { Task } from "../task";
import { launchCall, otherOf } from "./result";
import type { Launch } from "./result";
import type { Reducing } from "./travels";

/** What is computed, of arrays that have the columns of this rank. */
interface Travelling {
  readonly of: { readonly args: readonly Argument[]; readonly settings: Reducing; toString(): string };
  readonly arrays: readonly RealArray[];
  readonly columns: Shard;
}

/** A call whose arguments have the columns of this rank. */
export const launchTravelling = (routine: Routine, call: Call, travelling: Travelling): Launch =>
  new Work(
    () => {
      runSync(reduceTravelling(routine, call, travelling));
    },
    (control) => runAsync(reduceTravelling(routine, call, travelling), { control }),
  );

/** Reduces over the columns of all ranks; an error here ends all, which may be anywhere in it. */
function* reduceTravelling(routine: Routine, call: Call, travelling: Travelling): Task<void> {
  const { ranks } = travelling.columns;
  const name = String(travelling.of);
  const spans = routine.spans?.(call);
  const ends = spans?.ends ?? [call.columns];
  const state = spans ? new Uint8Array(spans.stateBytes) : null;
  ranks.agree(() => `${name}, over ${String(call.columns)} columns that travel in ${String(ends.length)} spans`, 0);
  const done = { yes: false };
  try {
    yield* reduceSpans(routine, call, new Arriving(call, travelling, longest(ends)), ends, state);
    done.yes = true;
  } catch (error) {
    ranks.endAll(messageOf(error));
    throw error;
  } finally {
    if (!done.yes) ranks.endAll(`${name}: stopped while columns travel`);
  }
}

const longest = (ends: readonly number[]): number => Math.max(...ends.map((end, k) => end - (ends[k - 1] ?? 0)));

function* reduceSpans(
  routine: Routine,
  of: Call,
  arriving: Arriving,
  ends: readonly number[],
  state: Uint8Array | null,
): Task<void> {
  arriving.ask(0, at(ends, 0));
  for (const [k, end] of ends.entries()) {
    const args = arriving.take();
    const next = ends[k + 1];
    if (next !== undefined) arriving.ask(end, next);
    const span = state ? { first: ends[k - 1] ?? 0, end, state } : undefined;
    yield* waitFor(launchCall(routine, { ...of, args, span }));
  }
}

/** The numbers of one array: those of this rank, and room for two spans of all. */
interface Column {
  readonly own: RealData;
  readonly width: number;
  readonly rooms: readonly [RealData, RealData];
}

class Arriving {
  private readonly columns = new Map<RealArray, Column>();
  private turn = 0;
  private asked: readonly [first: number, end: number] = [0, 0];

  /** @param most columns of a span. */
  constructor(
    private readonly call: Call,
    private readonly of: Travelling,
    most: number,
  ) {
    const room = of.columns.ranks.size === 1 ? 0 : most;
    of.arrays.forEach((array, n) => {
      if (!this.travels(n) || this.columns.has(array)) return;
      const width = at(array.shape, 1);
      const make = (): RealData => allocate(dtypeOf(array), room * width);
      this.columns.set(array, { own: at(call.args, n), width, rooms: [make(), make()] });
    });
  }

  private travels(n: number): boolean {
    const { args, settings } = this.of.of;
    return at(args, n).category === otherOf(settings.rows);
  }

  /** Begins to bring these columns. */
  ask(first: number, end: number): void {
    this.asked = [first, end];
    this.turn = 1 - this.turn;
    const { ranks } = this.of.columns;
    if (ranks.size > 1) for (const column of this.columns.values()) this.askOf(column, ranks);
  }

  private askOf(column: Column, ranks: Ranks): void {
    const { own, width } = column;
    const [first, end] = this.asked;
    const [begin] = ownRows(this.of.columns);
    const room = this.roomOf(column);
    const [from, to] = this.overlap(ranks.rank);
    if (from < to) room.set(own.subarray((from - begin) * width, (to - begin) * width), (from - first) * width);
    const counts = this.of.columns.counts.map((_, rank) => {
      const [low, high] = this.overlap(rank);
      return (high - low) * width;
    });
    ranks.startGather(room.subarray(0, (end - first) * width), counts);
  }

  /** Which of the columns that were asked for a rank has. */
  private overlap(rank: number): readonly [from: number, to: number] {
    const [begin, end] = rowsOfRank(this.of.columns.counts, rank);
    const from = Math.max(begin, this.asked[0]);
    const to = Math.min(end, this.asked[1]);
    return [from, Math.max(from, to)];
  }

  private roomOf({ rooms }: Column): RealData {
    return rooms[this.turn === 0 ? 0 : 1];
  }

  /** The arguments with these columns, once they are there. */
  take(): RealData[] {
    const { columns, arrays } = this.of;
    columns.ranks.awaitGather();
    const [first, end] = this.asked;
    return arrays.map((array, n) => {
      const column = this.travels(n) ? this.columns.get(array) : undefined;
      if (!column) return at(this.call.args, n);
      const { own, width } = column;
      return columns.ranks.size === 1
        ? own.subarray(first * width, end * width)
        : this.roomOf(column).subarray(0, (end - first) * width);
    });
  }
}
