/**
 * What the library asks of the system around it, in Node: variables of the environment, warnings, turns of the event loop,
 * Ctrl-C. src/browser/page.ts answers in its place where the package is made for browsers. Must not know what is computed.
 */
import { isMainThread } from "node:worker_threads";

/** A variable of the environment; undefined where it is not set. */
export const variable = (name: string): string | undefined => process.env[name];

/** The processor's: `"x64"`, `"arm64"`, or one that no code is made for. */
export const architecture: string = process.arch;

/** Bytes that this process may still use. */
export const availableMemory = (): number => process.availableMemory();

/** Bytes that threads share, zeroed. */
export const sharedBytes = (bytes: number): ArrayBufferLike => new SharedArrayBuffer(bytes);

/** Lets others have their turn: timers, signals, messages. */
export const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Tells whoever listens to the warnings of the process. */
export function emitWarning(message: string, code: string, detail?: string): void {
  process.emitWarning(message, { type: "KeopsWarning", code, ...(detail !== undefined && { detail }) });
}

/** A line on standard error. */
export function printLine(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** Calls a function again and again, and keeps no process alive; gives what ends it. */
export function every(milliseconds: number, action: () => void): () => void {
  const timer = setInterval(action, milliseconds).unref();
  return () => {
    clearInterval(timer);
  };
}

/** Calls a function at Ctrl-C, which then does not end the process; only the main thread hears of it. */
export function onInterrupt(listener: () => void): void {
  if (isMainThread && !process.listeners("SIGINT").includes(listener)) process.on("SIGINT", listener);
}

export function offInterrupt(listener: () => void): void {
  process.off("SIGINT", listener);
}
