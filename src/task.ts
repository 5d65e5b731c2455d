/**
 * A computation that may have to wait, written once as a generator and run in two forms: blocking, or as a promise. It
 * yields what it needs (a value, a promise, or work that is done now or in the background, as its driver wants) and
 * receives what became of it. A bare `yield` is a pause, to stand between pieces of some milliseconds. Cancelling ends
 * the generator, so whatever it frees in `finally` is freed however it ends. Knows nothing of what is computed.
 */
import { asserted } from "./asserts";
import { InterruptedError } from "./errors";
import { messageOf } from "./options";
import { nextTurn, sharedBytes } from "./platform/process";

/** A generator that yields what it needs, is resumed with what became of it, and returns a `T`. */
export type Task<T> = Generator<unknown, T, unknown>;

/** `[cancel flag, units done, units total, reserved]` over shared memory, as the addon has it. */
type Control = Int32Array;

/** What is done now or in the background, as whoever drives a task wants. */
export interface TwoForms<T> {
  readonly now: () => T;
  readonly later: (control: Control) => Promise<T>;
}

/** Long work outside of JavaScript, in its two forms. */
export class Work<T> implements TwoForms<T> {
  constructor(
    readonly now: () => T,
    /** Stops soon after the flag is set; memory that it was given is in use until the promise settles. */
    readonly later: (control: Control) => Promise<T>,
  ) {}

  /** One after the other. */
  static all(works: readonly Work<void>[]): Work<void> {
    return new Work(
      () => {
        for (const work of works) work.now();
      },
      async (control) => {
        for (const work of works) await work.later(control);
      },
    );
  }

  /** This, and then what comes after it in JavaScript. */
  andThen<U>(rest: (value: T) => U): Work<U> {
    return new Work(
      () => rest(this.now()),
      async (control) => rest(await this.later(control)),
    );
  }
}

/** Functions that give work. */
export type Works<Functions> = {
  readonly [Name in keyof Functions]: Functions[Name] extends (...args: infer Args) => infer Result
    ? (...args: Args) => Work<Result>
    : never;
};

type Form = (...args: unknown[]) => unknown;

const formOf = (forms: object, name: string): Form =>
  asserted((forms as Readonly<Record<string, Form>>)[name], `the function ${name}`);

/** Work of functions that have a form for now and one for later, which takes the control block last. */
export function worksOf<Functions>(now: object, later: object): Works<Functions> {
  const work =
    (name: string) =>
    (...args: unknown[]) =>
      new Work(
        () => formOf(now, name).apply(now, args),
        (control) => formOf(later, name).apply(later, [...args, control]) as Promise<unknown>,
      );
  return Object.fromEntries(Object.keys(later).map((name) => [name, work(name)])) as Works<Functions>;
}

/** Waits for a value, or runs a task to its end: `const y = yield* waitFor(f(x))`. */
export function* waitFor<T>(value: T | PromiseLike<T> | TwoForms<T> | Task<T>): Task<T> {
  if (isTask(value)) return yield* value;
  return (yield value) as T;
}

/**
 * Runs a task to its end and returns its result; throws what the task throws. Nothing in it may be a promise.
 * @param watch called at every request; what it throws is thrown into the task.
 */
export function runSync<T>(task: Task<T>, watch?: () => void): T {
  let step = task.next();
  while (step.done !== true) step = resumeTask(task, step.value, watch);
  return step.value;
}

function resumeTask<T>(task: Task<T>, request: unknown, watch?: () => void): IteratorResult<unknown, T> {
  let answer: unknown;
  try {
    watch?.();
    if (isPromise(request)) throw new Error("runSync: the task waits for a promise");
    answer = hasTwoForms(request) ? request.now() : request;
  } catch (error) {
    return task.throw(error);
  }
  return task.next(answer);
}

/**
 * All that is used of an AbortSignal, written down so that declarations need neither the DOM's types nor Node's: the
 * signal of any realm or library serves.
 */
export interface AbortSignalLike {
  readonly aborted: boolean;
  readonly reason?: unknown;
  addEventListener(type: "abort", listener: () => void): void;
  removeEventListener(type: "abort", listener: () => void): void;
}

export interface AsyncRun {
  readonly signal?: AbortSignalLike | undefined;
  /** Whoever holds it can stop the task, and see how far the work under way is. */
  readonly control?: Control;
  /** What the task waits for after its first step. */
  readonly turn?: Promise<void> | undefined;
}

/**
 * Runs a task to its end and resolves to its result; it begins at once. An aborted `signal`, or the flag of `control`,
 * cancels it: the work under way is stopped and awaited, the task ended, and the promise rejects with an
 * InterruptedError.
 */
export async function runAsync<T>(task: Task<T>, { signal, control = newControl(), turn }: AsyncRun = {}): Promise<T> {
  const cancel = (): void => {
    stop(control, `stopped by its signal: ${messageOf(signal?.reason ?? "no reason")}`);
  };
  if (signal?.aborted === true) cancel();
  signal?.addEventListener("abort", cancel);
  try {
    return await drive(task, control, signal, turn);
  } finally {
    signal?.removeEventListener("abort", cancel);
  }
}

const reasons = new WeakMap<Control, string>();

/** Stops the work that runs with this control block, and says why. */
export function stop(control: Control, why: string): void {
  reasons.set(control, why);
  Atomics.store(control, 0, 1);
}

/** What whoever stopped it said; Ctrl-C says nothing. */
export const whyStopped = (control: Control): string | undefined => reasons.get(control);

const newControl = (): Control => new Int32Array(sharedBytes(16));

async function drive<T>(
  task: Task<T>,
  control: Control,
  signal: AbortSignalLike | undefined,
  turn: Promise<void> | undefined,
): Promise<T> {
  const turns = new Turns();
  let resume = (): IteratorResult<unknown, T> => task.next();
  for (;;) {
    if (Atomics.load(control, 0) !== 0) {
      task.return(undefined as T);
      throw interruptionError(signal);
    }
    const step = resume();
    if (step.done === true) return step.value;
    if (turn) await turn;
    resume = await answer(task, step.value, control);
    await turns.next();
  }
}

function interruptionError(signal: AbortSignalLike | undefined): InterruptedError {
  return signal?.aborted === true
    ? new InterruptedError("stopped by its signal", { cause: signal.reason })
    : new InterruptedError("stopped by Ctrl-C or the stop button");
}

async function answer<T>(task: Task<T>, request: unknown, control: Control): Promise<() => IteratorResult<unknown, T>> {
  try {
    const value = await (hasTwoForms(request) ? request.later(control) : request);
    return () => task.next(value);
  } catch (error) {
    return () => task.throw(error);
  }
}

/** Milliseconds for which a task may keep the thread: timers, signals and other tasks wait so long. */
const TURN = 10;

/** Gives others their turn. Promises that are settled already do not. */
class Turns {
  private begin = performance.now();

  async next(): Promise<void> {
    if (performance.now() - this.begin < TURN) return;
    await nextTurn();
    this.begin = performance.now();
  }
}

function hasTwoForms(value: unknown): value is TwoForms<unknown> {
  return typeof (value as TwoForms<unknown> | null | undefined)?.later === "function";
}

function isTask<T>(value: T | PromiseLike<T> | TwoForms<T> | Task<T>): value is Task<T> {
  return typeof (value as Partial<Task<T>> | null | undefined)?.throw === "function";
}

function isPromise(value: unknown): boolean {
  return typeof (value as PromiseLike<unknown> | null | undefined)?.then === "function";
}
