/**
 * Workers of browsers. Their program is text, from which each is made by a URL of its own, so that bundlers need not know
 * of it. Must not know what they run.
 */
import type { Message, OpenWorker, Shared } from "../device/wasmthreads";

/** What a worker is told first: with memory it is a thread of that module, else it has one of its own. */
export type First = Shared | { readonly module: WebAssembly.Module };

let url: string | undefined;

/** @throws Error where the page may not make workers of text. */
export function makeWorker(first: First): Worker {
  url ??= URL.createObjectURL(new Blob([TSKEOPS_WORKER], { type: "text/javascript" }));
  const worker = new Worker(url, { name: "tskeops" });
  worker.postMessage(first);
  return worker;
}

export const openWorker: OpenWorker = (shared, take) => {
  const worker = makeWorker(shared);
  worker.onmessage = ({ data }: { readonly data: Message }) => {
    take(data);
  };
  worker.onerror = ({ message }) => {
    take({ failed: message || "none: the page may not run workers of its own text (worker-src blob:)" });
  };
  return (start) => {
    worker.postMessage(start);
  };
};
