/**
 * A computation that may have to wait, written once as a generator and run in two forms: blocking or as a promise.
 * It yields each value or promise that it needs and receives what became of it. Cancelling returns the generator, so
 * whatever it frees in `finally` is freed however it ends. Knows nothing of what is computed.
 */
import { InterruptedError } from "../errors";

/** A generator that yields values or promises, is resumed with what they settled to, and returns a `T`. */
export type Task<T> = Generator<unknown, T, unknown>;

/** Waits for a value that may be a promise: `const y = yield* settled(f(x))`. */
export function* settled<T>(value: T | PromiseLike<T>): Task<T> {
  return (yield value) as T;
}

/** Runs a task to its end and returns its result; throws what the task throws. Nothing in it may be a promise. */
export function runSync<T>(task: Task<T>): T {
  let step = task.next();
  while (step.done !== true) {
    step = isPromise(step.value)
      ? task.throw(new Error("runSync: the task waits for a promise"))
      : task.next(step.value);
  }
  return step.value;
}

/**
 * Runs a task to its end and resolves to its result.
 * An aborted `signal` cancels it at its next request, once the pending one has settled (its memory may be in use until
 * then): the task is returned, and the promise rejects with an InterruptedError.
 */
export async function runAsync<T>(task: Task<T>, options: { signal?: AbortSignal | undefined } = {}): Promise<T> {
  const { signal } = options;
  let resume = (): IteratorResult<unknown, T> => task.next();
  for (;;) {
    if (signal?.aborted === true) {
      task.return(undefined as T);
      throw new InterruptedError("solve: aborted by its signal", { cause: signal.reason });
    }
    const step = resume();
    if (step.done === true) return step.value;
    resume = await answer(task, step.value);
  }
}

async function answer<T>(task: Task<T>, request: unknown): Promise<() => IteratorResult<unknown, T>> {
  try {
    const value = await request;
    return () => task.next(value);
  } catch (error) {
    return () => task.throw(error);
  }
}

function isPromise(value: unknown): boolean {
  return typeof (value as PromiseLike<unknown> | null | undefined)?.then === "function";
}
