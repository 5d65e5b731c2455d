/**
 * What the library asks of the system around it, in browsers: in the place of src/platform/process.ts, with its names.
 */

/** There is no environment. */
export const variable = (_: string): string | undefined => undefined;

/** Code is made for no processor. */
export const architecture: string = "wasm";

/** Nobody tells; a module has no more. */
export const availableMemory = (): number => 2 ** 32;

/** Bytes that threads share, where the page may have threads. */
export const sharedBytes = (bytes: number): ArrayBufferLike =>
  typeof SharedArrayBuffer === "undefined" ? new ArrayBuffer(bytes) : new SharedArrayBuffer(bytes);

/** Messages are not delayed, as timers are; what waits is called in turn. */
export function nextTurn(): Promise<void> {
  const { port1, port2 } = new MessageChannel() as unknown as Channel;
  return new Promise((resolve) => {
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}

/** As browsers have it. */
interface Channel {
  readonly port1: { onmessage: () => void; close(): void };
  readonly port2: { postMessage(message: null): void };
}

/** The console is where developers look. */
export function emitWarning(message: string, code: string, detail?: string): void {
  console.warn(`KeopsWarning [${code}]: ${message}${detail === undefined ? "" : `\n${detail}`}`);
}

export function printLine(line: string): void {
  console.error(line);
}

export function every(milliseconds: number, action: () => void): () => void {
  const timer = setInterval(action, milliseconds);
  return () => {
    clearInterval(timer);
  };
}

/** There is no Ctrl-C. */
export function onInterrupt(_: () => void): void {
  // nothing to hear
}

export function offInterrupt(_: () => void): void {
  // nothing was heard
}
