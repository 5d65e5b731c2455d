/**
 * The ranks of this program, and how it ends. The one idea: every exchange begins with a word from each rank on what it
 * is about to do, and the end of a script is one too. So ranks that do not make the same calls are told so, and none
 * waits for ever. Nothing is started before somebody asks for it.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { isMainThread } from "node:worker_threads";
import type { Elements } from "../device/memory";
import { joinRanks } from "../array/exchange";
import type { InTurn, Ranks } from "../array/exchange";
import { instructionSet, loadedAddon } from "../device/native";
import { ArgumentError, DeviceError, InterruptedError } from "../errors";
import { messageOf } from "../options";
import { version } from "../version";
import { start, whyAlone } from "./launch";
import type { Started } from "./launch";

/** A process that is alone. */
const ALONE: Ranks = {
  rank: 0,
  size: 1,
  agree: (_, value) => [value],
  gather: () => undefined,
  exchange: copyOwn,
  startGather: () => undefined,
  awaitGather: () => undefined,
  endAll: () => undefined,
};

function copyOwn(sent: Elements, _: readonly number[], received: Elements): void {
  received.set(sent);
}

/** What is said before an exchange: a hash of the call, a value, and as much of its words as there is room for. */
const NOTICE_BYTES = 256;
const WORDS_FROM = 16;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

class MpiRanks implements Ranks {
  readonly rank: number;
  readonly size: number;
  private readonly noticeCounts: readonly number[];
  private isTravelling = false;
  readonly promises: Promises = new Promises();

  constructor({ rank, size }: Started) {
    this.rank = rank;
    this.size = size;
    this.noticeCounts = new Array<number>(size).fill(NOTICE_BYTES);
  }

  agree(what: () => string, value: number): readonly number[] {
    if (this.size === 1) return [value];
    const words = this.promises.nameExchange(what());
    if (this.isTravelling)
      throw new ArgumentError(`MPI: expected nothing exchanged until columns that travel are there, got ${words}`);
    const all = new Uint8Array(NOTICE_BYTES * this.size);
    writeNotice(all.subarray(this.rank * NOTICE_BYTES, (this.rank + 1) * NOTICE_BYTES), words, value);
    this.gatherAll(all, this.noticeCounts);
    const notices = this.noticeCounts.map((length, rank) =>
      readNotice(all.subarray(rank * length, (rank + 1) * length)),
    );
    const [first, ...others] = notices;
    const other = others.findIndex(({ hash, words }) => hash !== first?.hash || words !== first.words);
    if (other < 0) return notices.map((notice) => notice.value);
    throw new ArgumentError(
      `MPI: expected the same call on all ranks, got "${first?.words ?? ""}" on rank 0 and "${others[other]?.words ?? ""}" on rank ${String(other + 1)}`,
    );
  }

  gather(all: ArrayBufferView, counts: readonly number[]): void {
    this.gatherAll(all, counts);
  }

  exchange(sent: Elements, sentCounts: readonly number[], received: Elements, receivedCounts: readonly number[]): void {
    const [to, from] = [Float64Array.from(sentCounts), Float64Array.from(receivedCounts)];
    this.attend(() => loadedAddon().ranks.exchange(sent, to, received, from));
  }

  startGather(all: ArrayBufferView, counts: readonly number[]): void {
    this.isTravelling = true;
    loadedAddon().ranks.startGather(all, Float64Array.from(counts));
  }

  awaitGather(): void {
    if (this.isTravelling) this.attend(() => loadedAddon().ranks.awaitGather());
    this.isTravelling = false;
  }

  endAll(why: string, wasInterrupted: boolean): void {
    if (this.size > 1) endAll(this, why, wasInterrupted ? INTERRUPTED : 1);
  }

  private gatherAll(all: ArrayBufferView, counts: readonly number[]): void {
    if (this.size > 1) this.attend(() => loadedAddon().ranks.allGather(all, Float64Array.from(counts)));
  }

  /** After an interrupt the library still writes: the program ends. */
  private attend(work: () => void): void {
    try {
      work();
    } catch (error) {
      if (error instanceof InterruptedError) endAll(this, messageOf(error), INTERRUPTED);
      throw error;
    }
  }
}

/** Work in the background. */
interface Promised {
  /** The last that was begun inside of it. */
  last: Promise<unknown>;
  number?: number;
}

/**
 * Work in the background, which takes turns in the order of its calls, also inside of other work. Its exchanges have its
 * number, lest those of one promise pass for those of another where ranks have come to them in another order.
 */
class Promises {
  private readonly running = new AsyncLocalStorage<Promised>();
  private readonly outside: Promised = { last: Promise.resolve() };
  private numbered = 0;
  /** What ends those whose turn has not come. */
  private readonly waiting = new Set<(error: unknown) => void>();

  readonly takeTurn: InTurn = (work) => {
    const around = this.running.getStore() ?? this.outside;
    const turn = this.turnAfter(around.last);
    const begun = this.running.run({ last: turn }, () => work(turn));
    around.last = begun;
    return begun;
  };

  private turnAfter(last: Promise<unknown>): Promise<void> {
    return new Promise((resolve, reject) => {
      const begin = (): void => {
        this.waiting.delete(reject);
        resolve();
      };
      this.waiting.add(reject);
      last.then(begin, begin);
    });
  }

  /** Called where nothing is left to do: whoever still waits for a turn does so for ever. */
  failWaiting(): void {
    const error = new ArgumentError(
      "MPI: expected promises that end in the order of their calls, got one that waits for a later one",
    );
    for (const fail of this.waiting) fail(error);
    this.waiting.clear();
  }

  nameExchange(what: string): string {
    const promise = this.running.getStore();
    if (!promise) return what;
    promise.number ??= ++this.numbered;
    return `${what}, in promise ${String(promise.number)}`;
  }
}

function writeNotice(notice: Uint8Array, what: string, value: number): void {
  const numbers = new DataView(notice.buffer, notice.byteOffset);
  numbers.setUint32(0, hashOf(what));
  numbers.setFloat64(8, value);
  encoder.encodeInto(what, notice.subarray(WORDS_FROM));
}

function readNotice(notice: Uint8Array): { hash: number; value: number; words: string } {
  const numbers = new DataView(notice.buffer, notice.byteOffset);
  const end = notice.indexOf(0, WORDS_FROM);
  const words = decoder.decode(notice.subarray(WORDS_FROM, end < 0 ? undefined : end));
  return { hash: numbers.getUint32(0), value: numbers.getFloat64(8), words };
}

/** FNV-1a, for what is longer than a notice. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let k = 0; k < text.length; k++) hash = Math.imul(hash ^ text.charCodeAt(k), 0x01000193);
  return hash >>> 0;
}

// ------------------------------------------------------------------------------------------------------- the world

let ranks: Ranks | undefined;
/** Why they could not be started: MPI starts once in a process. */
let failure: unknown;

/** The ranks of this program, started when they are first asked for. @throws DeviceError where MPI cannot be started. */
export function ranksOfWorld(): Ranks {
  if (failure !== undefined) throw failure as Error;
  try {
    return (ranks ??= open());
  } catch (error) {
    failure = error;
    throw error;
  }
}

function open(): Ranks {
  if (whyAlone() !== null) return ALONE;
  if (!isMainThread) throw new DeviceError("MPI: expected the main thread, got a worker");
  const started = start();
  if (started === null) return ALONE;
  const opened = new MpiRanks(started);
  joinRanks(opened, opened.promises.takeTurn);
  process.on("uncaughtExceptionMonitor", (error) => {
    say(opened, messageOf(error));
  });
  process.on("beforeExit", () => {
    opened.promises.failWaiting();
  });
  process.on("exit", (code) => {
    end(opened, code);
  });
  // Engines of another width round otherwise: iterations would part.
  opened.agree(() => `tskeops ${version} with the instruction set ${instructionSet()} (TSKEOPS_ISA sets it)`, 0);
  return opened;
}

/** What a shell says of a process that Ctrl-C has ended. */
const INTERRUPTED = 130;

/** What the system keeps of an exit code are 8 bits; a multiple of 256 would look like a success. */
const statusOf = (code: number): number => code & 255 || 1;

function end(opened: MpiRanks, code: number): void {
  if (code !== 0) abort(statusOf(code));
  try {
    opened.agree(() => "the end of the script", 0);
  } catch (error) {
    endAll(opened, messageOf(error), 1);
  }
  loadedAddon().ranks.finalize();
}

/** Milliseconds: launchers pass on what a rank has said while it lives. */
const LAST_WORDS = 100;

function endAll(opened: MpiRanks, why: string, code: number): never {
  say(opened, why);
  return abort(code);
}

function abort(code: number): never {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LAST_WORDS);
  return loadedAddon().ranks.abort(code);
}

const say = ({ rank, size }: Ranks, what: string): void => {
  process.stderr.write(`tskeops, rank ${String(rank)} of ${String(size)}: ${what}\n`);
};
