/**
 * Threads of a WebAssembly module as workers of Node. A worker gets its program as text, so that bundlers need not know of
 * it. Must not know what they run.
 */
import { Worker } from "node:worker_threads";
import { serve, systemOf } from "./wasmthreads";
import type { Message, OpenWorker } from "./wasmthreads";

/** A thread that fails takes the process with it, as one of the native addon does: others wait for it. */
const PROGRAM = `
const { parentPort, workerData } = require("node:worker_threads");
const crash = (error) => {
  require("node:fs").writeSync(2, "tskeops: a thread of WebAssembly failed: " + (error && error.stack) + "\\n");
  process.kill(process.pid, "SIGABRT");
};
const port = {
  send: (message) => parentPort.postMessage(message),
  onStart: (take) => parentPort.on("message", take),
};
const __name = (named) => named; // some bundlers write that into functions
(${String(serve)})(${String(systemOf)}, port, crash, workerData);`;

/** Keeps no process alive. */
export const openWorker: OpenWorker = (shared, take) => {
  const worker = new Worker(PROGRAM, { eval: true, name: "tskeops", workerData: shared, execArgv: [] });
  worker.on("message", (message: Message) => {
    take(message);
  });
  worker.unref();
  return (start) => {
    worker.postMessage(start);
  };
};
