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
import { messageOf } from "../options";
import { Work, waitFor } from "../task";
import type { Task } from "../task";

/** A call whose columns are those of this rank, and by which argument. */
export interface Travelling {
  readonly call: Call;
  readonly arrays: readonly RealArray[];
  /** Whether an argument has columns. */
  readonly travels: (n: number) => boolean;
  readonly columns: Shard;
  readonly name: string;
}

/** Reduces over the columns of all ranks; an error here ends all, which may be anywhere in it. */
export function* reduceTravelling(routine: Routine, travelling: Travelling): Task<void> {
  const { call, columns, name } = travelling;
  const { ranks } = columns;
  const { ends, stateBytes } = routine.spans?.(call) ?? { ends: [call.columns], stateBytes: 0 };
  ranks.agree(() => `${name}, over ${String(call.columns)} columns that travel in ${String(ends.length)} spans`, 0);
  const done = { yes: false };
  try {
    yield* reduceSpans(routine, travelling, ends, new Uint8Array(stateBytes));
    done.yes = true;
  } catch (error) {
    ranks.endAll(messageOf(error));
    throw error;
  } finally {
    if (!done.yes) ranks.endAll(`${name}: stopped while columns travel`);
  }
}

function* reduceSpans(
  routine: Routine,
  travelling: Travelling,
  ends: readonly number[],
  state: Uint8Array,
): Task<void> {
  const arriving = new Arriving(travelling, Math.max(...ends.map((end, k) => end - (ends[k - 1] ?? 0))));
  arriving.ask(0, at(ends, 0));
  for (const [k, end] of ends.entries()) {
    const args = arriving.take();
    const next = ends[k + 1];
    if (next !== undefined) arriving.ask(end, next);
    const span = routine.spans && { first: ends[k - 1] ?? 0, end, state };
    const call = { ...travelling.call, args, span };
    yield* waitFor(
      new Work(
        () => {
          routine.reduce(call);
        },
        (control) => routine.reduceAsync({ ...call, control }),
      ),
    );
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
    private readonly of: Travelling,
    most: number,
  ) {
    const room = of.columns.ranks.size === 1 ? 0 : most;
    of.arrays.forEach((array, n) => {
      if (!of.travels(n) || this.columns.has(array)) return;
      const width = at(array.shape, 1);
      const make = (): RealData => allocate(dtypeOf(array), room * width);
      this.columns.set(array, { own: at(of.call.args, n), width, rooms: [make(), make()] });
    });
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
    const { columns, arrays, call, travels } = this.of;
    columns.ranks.awaitGather();
    const [first, end] = this.asked;
    return arrays.map((array, n) => {
      const column = travels(n) ? this.columns.get(array) : undefined;
      if (!column) return at(call.args, n);
      const { own, width } = column;
      return columns.ranks.size === 1
        ? own.subarray(first * width, end * width)
        : this.roomOf(column).subarray(0, (end - first) * width);
    });
  }
}
