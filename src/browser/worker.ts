/**
 * The program of workers, a file of its own that src/browser/webworkers.ts holds as text: a worker is a thread of the
 * module of a page, or has a module of its own and computes what it is sent (remote.ts).
 */
import { answer } from "./remote";
import type { Job } from "./remote";
import { serve, systemOf } from "../device/wasmthreads";
import type { Start } from "../device/wasmthreads";
import type { First } from "./webworkers";

/** This worker, as it sees itself. */
declare const self: {
  onmessage: ((event: { readonly data: never }) => void) | null;
  postMessage(message: unknown, transfer?: readonly ArrayBufferLike[]): void;
};

/** Others wait for a thread that fails: all that can be done is to tell. */
function crash(error: unknown): void {
  console.error("tskeops: a thread of WebAssembly failed", error);
}

self.onmessage = ({ data }: { readonly data: First }) => {
  const send = (message: unknown, transfer: readonly ArrayBufferLike[] = []): void => {
    self.postMessage(message, transfer);
  };
  if ("memory" in data) {
    const onStart = (take: (start: Start) => void): void => {
      self.onmessage = (event) => {
        take(event.data);
      };
    };
    serve(systemOf, { send, onStart }, crash, data);
  } else {
    const take = answer(data.module, send);
    self.onmessage = (event: { readonly data: Job }) => {
      take(event.data);
    };
  }
};
