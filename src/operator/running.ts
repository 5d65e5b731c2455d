/**
 * The two forms of everything long, over one task: `blocking` runs it here and now, `inBackground` as a promise. Both end early: by
 * Ctrl-C and the stop button of notebooks, the promise also by an AbortSignal. Must not know what is computed.
 */
import { isMainThread } from "node:worker_threads";
import { described } from "../array/check";
import { cancel, nativeAddon, newControl } from "../engine/native";
import type { Control } from "../engine/native";
import { ArgumentError, InterruptedError } from "../errors";
import { Meter } from "./progress";
import type { RunProgress, Stage, Tell } from "./progress";
import { runAsync, runSync } from "../task";
import type { Task } from "../task";

/** What the promise form of a call takes besides the options of the blocking one. */
export interface AsyncOptions {
  /** Aborting it stops the call: its promise rejects with an InterruptedError, whose cause is the signal's reason. */
  readonly signal?: AbortSignal | null | undefined;
  /** Called up to ten times a second and once when the call has ended, such as `progressBar()`; what it throws stops the call. */
  readonly onProgress?: ((progress: RunProgress) => void) | null | undefined;
}

export const ASYNC_OPTIONS: readonly string[] = Object.keys({
  signal: true,
  onProgress: true,
} satisfies Record<keyof AsyncOptions, true>);

/** @throws InterruptedError on Ctrl-C (on the main thread), and what the task throws. */
export function blocking<T>(task: Task<T>): T {
  const addon = nativeAddon();
  if (!addon) return runSync(task);
  const before = addon.interrupts();
  const watch = (): void => {
    if (addon.interrupts() !== before) throw new InterruptedError("stopped by Ctrl-C or the stop button");
  };
  return addon.attend(() => runSync(task, watch));
}

/** The task begins at once; it must not read what its caller may change while it waits. */
export async function inBackground<T>(
  first: Stage["doing"],
  begin: (tell: Tell | undefined) => Task<T>,
  options: AsyncOptions,
): Promise<T> {
  checkOptions(options);
  const control = newControl();
  const reporter = options.onProgress
    ? new Reporter(options.onProgress, control, new Meter(control, first))
    : undefined;
  listen(control);
  try {
    return await runAsync(begin(reporter?.tell), { signal: options.signal ?? undefined, control });
  } catch (error) {
    throw reporter?.failure ?? error;
  } finally {
    forget(control);
    reporter?.end();
  }
}

function checkOptions({ signal, onProgress }: AsyncOptions): void {
  if (signal !== undefined && signal !== null && !isSignal(signal))
    throw new ArgumentError(`signal: expected an AbortSignal, got ${described(signal)}`);
  if (onProgress !== undefined && onProgress !== null && typeof onProgress !== "function")
    throw new ArgumentError(`onProgress: expected a function, got ${described(onProgress)}`);
}

/** All that is used of one, which may be of another realm. */
function isSignal({ aborted, addEventListener, removeEventListener }: Partial<AbortSignal>): boolean {
  const functions = [addEventListener, removeEventListener] as unknown[];
  return typeof aborted === "boolean" && functions.every((each) => typeof each === "function");
}

// ---------------------------------------------------------------------------------------------------------- Ctrl-C

const controls = new Set<Control>();

function cancelAll(): void {
  for (const control of controls) cancel(control);
}

/** A listener that is added while a cell of a notebook runs would make the next interrupt end its kernel (node:vm, breakOnSigint). */
function listen(control: Control): void {
  controls.add(control);
  if (isMainThread && controls.size === 1)
    queueMicrotask(() => {
      if (controls.size > 0 && !process.listeners("SIGINT").includes(cancelAll)) process.on("SIGINT", cancelAll);
    });
}

function forget(control: Control): void {
  controls.delete(control);
  if (controls.size === 0) process.off("SIGINT", cancelAll);
}

// -------------------------------------------------------------------------------------------------------- progress

const INTERVAL = 100;

/** Calls a function with what a meter reads, until it throws. */
class Reporter {
  failure: unknown;
  readonly tell: Tell;
  private readonly timer: NodeJS.Timeout;

  constructor(
    private readonly onProgress: (progress: RunProgress) => void,
    private readonly control: Control,
    private readonly meter: Meter,
  ) {
    this.tell = (stage) => {
      this.meter.tell(stage);
    };
    this.timer = setInterval(() => {
      this.report();
    }, INTERVAL).unref();
  }

  end(): void {
    clearInterval(this.timer);
    if (this.failure === undefined) this.onProgress(this.meter.read(true));
  }

  private report(): void {
    try {
      this.onProgress(this.meter.read(false));
    } catch (error) {
      this.failure = error;
      clearInterval(this.timer);
      cancel(this.control);
    }
  }
}
