/**
 * Columns of which each rank has some: whether they are gathered, or travel. Those that travel are brought to all a
 * span at a time, while the span before computes: no rank has them all at once. The one idea: all ranks reduce over
 * the same spans in the same order, the one in which a single process does, so that how columns are held changes no
 * bit. Knows ranks by `Ranks` alone.
 */
import { tellsProgress } from "../array/exchange";
import type { Ranks } from "../array/exchange";
import { ownRows, rowsOfRank, shardOf, sumOf } from "../array/shard";
import type { Shard } from "../array/shard";
import { allocate, dtypeOf } from "../array/view";
import type { RealArray } from "../array/view";
import { at } from "../asserts";
import type { Call, Routine } from "../device/device";
import { memoryOf } from "../device/memory";
import type { RealData } from "../device/native";
import { ArgumentError, InterruptedError } from "../errors";
import type { Argument } from "../formula/arguments";
import { messageOf } from "../options";
import { Work, runAsync, runSync, waitFor, whyStopped } from "../task";
import type { Task } from "../task";
import { warnOnce } from "../warnings";
import type { CallOptions } from "./prepared";
import { launchCall, otherOf } from "./result";
import type { Launch, Settings } from "./result";

// ----------------------------------------------------------------------------------------------------- gathered or not

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

// ---------------------------------------------------------------------------------------------------- a span at a time

/** What is computed, of arrays that have the columns of this rank. */
export interface Travelling {
  readonly of: { readonly args: readonly Argument[]; readonly settings: Reducing; toString(): string };
  readonly arrays: readonly RealArray[];
  readonly columns: Shard;
}

/** A call whose arguments have the columns of this rank. */
export const launchSpans = (routine: Routine, call: Call, travelling: Travelling): Launch =>
  new Work(
    () => {
      runSync(reduceTravelling(routine, call, travelling));
    },
    (control) => runAsync(reduceTravelling(routine, call, travelling, control), { control }),
  );

/** Reduces over the columns of all ranks; an error here ends all, which may be anywhere in it. */
function* reduceTravelling(
  routine: Routine,
  call: Call,
  travelling: Travelling,
  control: Int32Array | null = null,
): Task<void> {
  const { ranks } = travelling.columns;
  const name = String(travelling.of);
  const spans = routine.spans?.(call);
  const ends = spans?.ends ?? [call.columns];
  const state = spans ? new Uint8Array(spans.stateBytes) : null;
  ranks.agree(() => `${name}, ${columnsText(travelling)} travel in spans to ${ends.join(", ")}`, 0);
  // A task that is ended before its end hears no error.
  const outcome: Outcome = { isDone: false, error: new InterruptedError("interrupted") };
  try {
    yield* reduceSpans(routine, call, new Arriving(call, travelling, longest(ends)), ends, state);
    outcome.isDone = true;
  } catch (error) {
    outcome.error = error;
    throw error;
  } finally {
    if (!outcome.isDone) endTravelling(ranks, name, outcome.error, control);
  }
}

interface Outcome {
  isDone: boolean;
  error: unknown;
}

function endTravelling(ranks: Ranks, name: string, error: unknown, control: Int32Array | null): void {
  const wasStopped = error instanceof InterruptedError;
  const why = wasStopped && control ? whyStopped(control) : undefined;
  ranks.endAll(`${name}, while columns travel: ${why ?? messageOf(error)}`, wasStopped && why === undefined);
}

/** Arrays of which columns travel, and the numbers of the arguments that each of them is. */
function placesOf({ of: { args, settings }, arrays }: Travelling): Map<RealArray, readonly number[]> {
  const places = new Map<RealArray, readonly number[]>();
  arrays.forEach((array, n) => {
    if (at(args, n).category === otherOf(settings.rows)) places.set(array, [...(places.get(array) ?? []), n]);
  });
  return places;
}

/** What ranks must agree on, lest one waits for an array that another sends in one with the next. */
export const columnsText = (travelling: Travelling): string =>
  Array.from(placesOf(travelling), ([array, places]) => {
    return `argument ${places.join(" = ")} of ${dtypeOf(array)} [${String(at(array.shape, 1))}]`;
  }).join(", ");

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
  private readonly columns: Column[] = [];
  private readonly inPlace = new Map<number, Column>();
  private turn = 0;
  private asked: readonly [first: number, end: number] = [0, 0];

  /** @param most columns of a span. */
  constructor(
    private readonly call: Call,
    private readonly of: Travelling,
    most: number,
  ) {
    const room = of.columns.ranks.size === 1 ? 0 : most;
    for (const [array, places] of placesOf(of)) {
      const width = at(array.shape, 1);
      const make = (): RealData => allocate(dtypeOf(array), room * width);
      const column = { own: at(call.args, at(places, 0)), width, rooms: [make(), make()] } as const;
      this.columns.push(column);
      for (const n of places) this.inPlace.set(n, column);
    }
  }

  /** Begins to bring these columns. */
  ask(first: number, end: number): void {
    this.asked = [first, end];
    this.turn = 1 - this.turn;
    const { ranks } = this.of.columns;
    if (ranks.size > 1) for (const column of this.columns) this.askOf(column, ranks);
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
    const { ranks } = this.of.columns;
    ranks.awaitGather();
    const [first, end] = this.asked;
    return this.call.args.map((arg, n) => {
      const column = this.inPlace.get(n);
      if (!column) return arg;
      const { own, width } = column;
      return ranks.size === 1
        ? own.subarray(first * width, end * width)
        : this.roomOf(column).subarray(0, (end - first) * width);
    });
  }
}
