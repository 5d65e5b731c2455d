/**
 * The two forms of everything long, over one task: `blocking` runs it here and now, `inBackground` as a promise, which
 * tells how far it is. Both end early: by Ctrl-C and the stop button of notebooks, the promise also by an AbortSignal.
 * Must not know what is computed.
 */
import { attended, cancel, newControl, progress } from "../device/native";
import type { Control } from "../device/native";
import { inTurn, tellsProgress } from "../array/exchange";
import { messageOf } from "../options";
import type { OptionsOf } from "../options";
import { every, offInterrupt, onInterrupt } from "../platform/process";
import { runAsync, runSync, stop } from "../task";
import type { AbortSignalLike, Task } from "../task";

/** What the promise form of a call takes besides the options of the blocking one. */
export const ASYNC = {
  /** Aborting it stops the call: its promise rejects with an InterruptedError, whose cause is the signal's reason. */
  signal: {
    expected: "an AbortSignal",
    accepts: (value: unknown): value is AbortSignalLike | null => value === null || isSignal(value),
  },
  /**
   * Called up to ten times a second and once when the call has ended, such as `progressBar()`; what it throws stops the
   * call. Of the ranks of an MPI program, on rank 0 alone.
   */
  onProgress: {
    expected: "a function",
    accepts: (value: unknown): value is ((progress: CallProgress) => void) | null =>
      value === null || typeof value === "function",
  },
} as const;

/** What the promise form of a call takes besides the options of the blocking one. */
export type AsyncOptions = OptionsOf<typeof ASYNC>;

function isSignal(value: unknown): boolean {
  const { aborted, addEventListener, removeEventListener } = (value ?? {}) as Partial<AbortSignalLike>;
  const functions = [addEventListener, removeEventListener] as unknown[];
  return typeof aborted === "boolean" && functions.every((each) => typeof each === "function");
}

/** @throws InterruptedError on Ctrl-C (on the main thread), and what the task throws. */
export function blocking<T>(task: Task<T>): T {
  return attended((watch) => runSync(task, watch));
}

/** The task begins at once; it must not read what its caller may change while it waits. */
export async function inBackground<T>(
  first: Stage["doing"],
  begin: (tell: Tell | undefined) => Task<T>,
  options: AsyncOptions,
): Promise<T> {
  const control = newControl();
  const signal = options.signal ?? undefined;
  const reporter =
    options.onProgress && tellsProgress
      ? new Reporter(options.onProgress, control, new Meter(control, first), signal)
      : undefined;
  listen(control);
  try {
    return await inTurn((turn) => runAsync(begin(reporter?.tell), { signal, control, turn }));
  } catch (error) {
    throw reporter?.failure ?? error;
  } finally {
    forget(control);
    reporter?.end();
  }
}

// ---------------------------------------------------------------------------------------------------------- Ctrl-C

const controls = new Set<Control>();

function cancelAll(): void {
  for (const control of controls) cancel(control);
}

/**
 * A listener that is added while a cell of a notebook runs would make the next interrupt end its kernel (node:vm,
 * breakOnSigint).
 */
function listen(control: Control): void {
  controls.add(control);
  if (controls.size === 1)
    queueMicrotask(() => {
      if (controls.size > 0) onInterrupt(cancelAll);
    });
}

function forget(control: Control): void {
  controls.delete(control);
  if (controls.size === 0) offInterrupt(cancelAll);
}

// -------------------------------------------------------------------------------------------------------- progress

/** What a long call is doing, and how far it is with that; times are in seconds. */
export interface CallProgress {
  /** A solve probes whether K is symmetric (`"check"`), then builds a `"preconditioner"` or a `"factorisation"`. */
  readonly doing: "reduction" | "check" | "preconditioner" | "factorisation" | "iterations";
  /**
   * What part of it is done, from 0 to 1; undefined where nobody can tell. Of iterations it is an estimate, from how
   * the residual has fallen. With batches it counts the entries.
   */
  readonly fraction: number | undefined;
  /** Since the call. */
  readonly seconds: number;
  /** Until this stage ends, if it goes on as before. */
  readonly secondsLeft: number | undefined;
  /** Pairs of points per second of a reduction, iterations per second of a solve. */
  readonly rate: number | undefined;
  /** In a solve: iterations so far. */
  readonly iterations?: number | undefined;
  /** In a solve: the largest relative residual over the columns. */
  readonly residual?: number | undefined;
  /** In a long solve with exact products: what another option is expected to take. */
  readonly hint?: string | undefined;
  /** True of the last report, however the call ended. */
  readonly ended: boolean;
}

/** What a computation says of itself. */
export interface Stage {
  readonly doing: CallProgress["doing"];
  /** Pairs of a reduction. */
  readonly pairs?: number;
  /** In iterations: how many were done, the residual that they reached, and the one at which they end. */
  readonly iterations?: number;
  readonly residual?: number;
  readonly target?: number;
  /** Whether that residual is the true one. */
  readonly verified?: boolean;
  /** What users are told from then on. */
  readonly hint?: string;
  /** In a batch: entries done, and entries. */
  readonly part?: readonly [number, number];
}

export type Tell = (stage: Stage) => void;

/** Stages are those of entry `done` of a batch. */
export function tellOfPart(tell: Tell | undefined, done: number, entries: number): Tell | undefined {
  return (
    tell &&
    ((stage) => {
      tell({ ...stage, part: [done, entries] });
    })
  );
}

/** Fractions below say nothing about the time that is left. */
const TELLING = 0.02;
/** What is done when the residual of the iteration is small enough, and the true one is not yet known. */
const UNVERIFIED = 0.99;
/** Stands for a target of 0: float64 goes no further. */
const LEAST_TARGET = 1e-15;

/** Turns what is told into progress. */
export class Meter {
  private readonly begin = performance.now();
  private stageBegin: number = this.begin;
  private stage: Stage;
  private firstResidual: number | undefined;
  private hint: string | undefined;
  /** Residuals go up and down, progress does not go back. */
  private highest = 0;

  constructor(
    private readonly control: Control,
    first: Stage["doing"],
  ) {
    this.stage = { doing: first };
  }

  tell(stage: Stage): void {
    const isNew = stage.doing !== this.stage.doing || stage.part?.[0] !== this.stage.part?.[0];
    if (isNew) [this.highest, this.firstResidual] = [0, undefined];
    if (stage.doing !== this.stage.doing) {
      this.stageBegin = performance.now();
      this.control[2] = 0; // what the control block says is still of the stage before
    }
    this.stage = stage;
    this.hint = stage.hint ?? this.hint;
    this.firstResidual ??= stage.residual;
  }

  makeReport(ended: boolean): CallProgress {
    const now = performance.now();
    const { doing, iterations, residual, pairs } = this.stage;
    const [seconds, spent] = [(now - this.begin) / 1000, (now - this.stageBegin) / 1000];
    const fraction = this.fraction();
    const secondsLeft = fraction !== undefined && fraction > TELLING ? (spent * (1 - fraction)) / fraction : undefined;
    const done = iterations ?? (pairs !== undefined && fraction !== undefined ? pairs * fraction : undefined);
    const rate = done !== undefined && spent > 0 ? done / spent : undefined;
    return { doing, fraction, seconds, secondsLeft, rate, iterations, residual, hint: this.hint, ended };
  }

  private fraction(): number | undefined {
    const { part } = this.stage;
    const own = this.ownFraction();
    if (own !== undefined) this.highest = Math.max(this.highest, own);
    if (part && part[1] > 1) return (part[0] + this.highest) / part[1];
    return own === undefined ? undefined : this.highest;
  }

  private ownFraction(): number | undefined {
    const { doing, residual, target, verified } = this.stage;
    if (doing === "reduction" || doing === "factorisation") return progress(this.control);
    if (residual === undefined || target === undefined || this.firstResidual === undefined) return undefined;
    const whole = Math.log(this.firstResidual / Math.max(target, LEAST_TARGET));
    const most = verified === true ? 1 : UNVERIFIED;
    return whole > 0 ? Math.min(most, Math.max(0, Math.log(this.firstResidual / residual) / whole)) : undefined;
  }
}

const INTERVAL = 100;

/** Calls a function with what a meter reads, until it throws. */
class Reporter {
  failure: unknown;
  readonly tell: Tell;
  private readonly stop: () => void;

  constructor(
    private readonly onProgress: (progress: CallProgress) => void,
    private readonly control: Control,
    private readonly meter: Meter,
    private readonly signal: AbortSignalLike | undefined,
  ) {
    this.tell = (stage) => {
      this.meter.tell(stage);
    };
    this.stop = every(INTERVAL, () => {
      this.report();
    });
  }

  end(): void {
    this.stop();
    if (this.failure === undefined) this.onProgress(this.meter.makeReport(true));
  }

  /** Whoever aborted a call waits for its end alone, which may take longer than an interval. */
  private report(): void {
    if (this.signal?.aborted) return;
    try {
      this.onProgress(this.meter.makeReport(false));
    } catch (error) {
      this.failure = error;
      this.stop();
      stop(this.control, messageOf(error));
    }
  }
}
