/**
 * The worker's side of remote.ts: does jobs one after the other, in a module of its own on this one thread, and tells how
 * far they are while they keep it busy.
 */
import type { Addon, NativeRoutine } from "../device/addon";
import { newControl } from "../device/addoncall";
import type { Control } from "../device/addoncall";
import { linkWasm } from "../device/wasm";
import { DeviceError, InterruptedError } from "../errors";
import { functionAt, loadProgram } from "./remote";
import type { Answer, Job, JobResult } from "./remote";

type Send = (answer: Answer, transfer?: readonly ArrayBufferLike[]) => void;

/** Milliseconds from one word of progress to the next. */
const BEAT = 100;

/** Gives what takes the jobs. */
export function answer(module: WebAssembly.Module, send: Send): (job: Job) => void {
  let tell = (): void => undefined;
  const addon = addonOf(module, () => {
    tell();
  });
  const routines = new Map<unknown, NativeRoutine>();
  return (job) => {
    const control = newControl();
    tell = progressOf(control, send);
    try {
      const result = perform(addon, routines, job, control);
      send(result, [...new Set(result.written.map(({ buffer }) => buffer))]);
    } catch (error) {
      const { name, message } = error as Error;
      send({ failure: { name, message } });
    }
  };
}

/** @param beat called every few milliseconds by what keeps this thread busy. */
function addonOf(module: WebAssembly.Module, beat: () => void): Addon {
  const linked = linkWasm(module, { openWorker: null, processors: 1, mayWait: true });
  const napi = linked.imports["napi"] as Record<string, (...args: number[]) => number>;
  const ask = napi["napi_has_element"];
  napi["napi_has_element"] = (...args) => {
    const answered = ask?.(...args) ?? 0;
    beat();
    return answered;
  };
  const file = linked.register(new WebAssembly.Instance(module, linked.imports));
  return file.initialize({ InterruptedError, DeviceError });
}

function progressOf(control: Control, send: Send): () => void {
  let last = performance.now();
  return () => {
    const now = performance.now();
    if (now - last < BEAT) return;
    last = now;
    send({ done: [control[1] ?? 0, control[2] ?? 0] });
  };
}

function perform(addon: Addon, routines: Map<unknown, NativeRoutine>, job: Job, control: Control): JobResult {
  const { path, program, written } = job;
  const args = [...job.args];
  if (program) {
    let routine = routines.get(args[0]);
    if (routine === undefined) routines.set(args[0], (routine = loadProgram(addon, program)));
    args[0] = routine;
  }
  const value = functionAt(addon, path)(...args, control) as number | undefined;
  return { value, written: written.map((place) => args[place] as Float64Array) };
}
