/**
 * Background forms of the addon's long functions where there are no threads: a worker with a module of its own is sent
 * copies of the arguments, and sends back what it has written; it does jobs one after the other, and tells how far
 * they are while they keep it busy. Both sides are here. Their one idea: a job is data, the name of a function and its
 * arguments; routines are sent as programs. Stopping a job ends its worker. Must not know what functions do, but which
 * of their arguments they write.
 */
import type { Addon, NativeRoutine } from "../device/addon";
import { newControl } from "../device/addoncall";
import type { Control } from "../device/addoncall";
import { WRITTEN, linkWasm } from "../device/wasm";
import { DeviceError, InterruptedError } from "../errors";
import { messageOf } from "../options";
import { every } from "../platform/process";
import { makeWorker } from "./webworkers";

/** What `loadTiles` was called with. */
export type Program = Parameters<Addon["loadTiles"]>;
/** The group of functions, `""` for the addon itself, and the name. */
export type Path = readonly [group: "" | "dense", name: string];

export interface Job {
  readonly path: Path;
  readonly args: readonly unknown[];
  /** That of the routine, where the first argument is one. */
  readonly program: Program | undefined;
  /** Places of the arguments that are sent back. */
  readonly written: readonly number[];
}
interface JobResult {
  readonly value: number | undefined;
  readonly written: readonly Float64Array[];
}
/** What came of a job, or how far it is: units done, and units. */
type Answer =
  | JobResult
  | { readonly failure: { readonly name: string; readonly message: string } }
  | { readonly done: readonly [number, number] };

type AnyFunction = (...args: unknown[]) => unknown;

const functionAt = (addon: Addon, [group, name]: Path): AnyFunction =>
  (group === "" ? addon : addon[group])[name as never];
const loadProgram = (addon: Addon, program: Program): NativeRoutine => addon.loadTiles(...program);

/** The addon, whose long functions are computed by workers where they are asked for later. */
export function withWorkers(addon: Addon, module: WebAssembly.Module, most: number): Addon {
  const programs = new Map<unknown, Program>();
  const crew = new Crew(module, most);
  const loadTiles = (...program: Program): NativeRoutine => {
    const routine = addon.loadTiles(...program);
    programs.set(routine, program);
    return routine;
  };
  const laterOf = <Functions extends object>(group: Path[0], functions: Functions): Functions => {
    const forms = Object.keys(functions).map((name) => [name, sender(crew, [group, name], programs)] as const);
    return Object.fromEntries(forms) as Functions;
  };
  const dense = { ...addon.dense, later: laterOf("dense", addon.dense.later) };
  return { ...addon, loadTiles, later: laterOf("", addon.later), dense };
}

/** Functions that take a routine first. */
const OF_ROUTINES = ["reduce", "seekCells", "walkCells"];

/** Whoever asks for later passes a control block, or undefined, behind all other arguments. */
function sender(crew: Crew, path: Path, programs: ReadonlyMap<unknown, Program>): AnyFunction {
  const [, name] = path;
  const places = WRITTEN[name as keyof typeof WRITTEN];
  return async (...given) => {
    const [args, control] = [given.slice(0, -1), given.at(-1) as Control | undefined];
    const written = places.filter((place) => ArrayBuffer.isView(args[place]));
    const program = OF_ROUTINES.includes(name) ? programs.get(args[0]) : undefined;
    const result = await crew.perform({ path, args: copiesOf(args), program, written }, control);
    for (const [n, place] of written.entries()) (args[place] as Float64Array).set(result.written[n] ?? []);
    return result.value;
  };
}

/** Views alone, without the rest of their memory; what is one array stays one. */
function copiesOf(args: readonly unknown[]): unknown[] {
  const copies = new Map<unknown, unknown>();
  const copyOf = (arg: unknown): unknown => {
    if (Array.isArray(arg)) return arg.map(copyOf);
    if (!ArrayBuffer.isView(arg)) return arg;
    if (!copies.has(arg)) copies.set(arg, (arg as Float64Array).slice());
    return copies.get(arg);
  };
  return args.map(copyOf);
}

/** Milliseconds from one look at the control block to the next. */
const BEAT = 10;

/** Calls `stop` once a call is to stop, until the result is called. */
const watch = (control: Control | undefined, name: string, stop: (error: Error) => void): (() => void) =>
  every(BEAT, () => {
    if (control && Atomics.load(control, 0) !== 0) stop(new InterruptedError(`${name}: interrupted`));
  });

/** Who waits for a worker. */
interface Turn {
  begin(worker: Worker): void;
  fail(error: Error): void;
}

/** Workers that do a job each, as many as there may be; other jobs wait for one. */
class Crew {
  private readonly idle: Worker[] = [];
  private readonly waiting: Turn[] = [];
  private count = 0;

  constructor(
    private readonly module: WebAssembly.Module,
    private readonly most: number,
  ) {}

  /** @throws InterruptedError, DeviceError where the page makes no worker, and what the function throws. */
  async perform(job: Job, control: Control | undefined): Promise<JobResult> {
    const worker = this.idle.pop() ?? (this.count < this.most ? this.hire() : await this.queue(job.path[1], control));
    return new Promise((resolve, reject) => {
      const end = (): void => {
        stopLooking();
        this.giveBack(worker);
      };
      const fail = (error: Error): void => {
        stopLooking();
        reject(error);
        this.dismiss(worker);
      };
      const stopLooking = watch(control, job.path[1], fail);
      worker.onerror = ({ message }) => {
        fail(workerError(message || "none: see the console"));
      };
      worker.onmessage = ({ data }: { readonly data: Answer }) => {
        if ("done" in data) return control?.set(data.done, 1);
        end();
        if ("failure" in data) reject(errorOf(data.failure));
        else resolve(data);
      };
      try {
        worker.postMessage(job);
      } catch (error) {
        end();
        reject(workerError(messageOf(error), error));
      }
    });
  }

  private hire(): Worker {
    try {
      const worker = makeWorker({ module: this.module });
      this.count++;
      return worker;
    } catch (error) {
      throw workerError(messageOf(error), error);
    }
  }

  private queue(name: string, control: Control | undefined): Promise<Worker> {
    return new Promise((resolve, reject) => {
      const stopLooking = watch(control, name, (error) => {
        this.waiting.splice(this.waiting.indexOf(turn), 1);
        turn.fail(error);
      });
      const turn: Turn = {
        begin: (worker) => {
          stopLooking();
          resolve(worker);
        },
        fail: (error) => {
          stopLooking();
          reject(error);
        },
      };
      this.waiting.push(turn);
    });
  }

  private giveBack(worker: Worker): void {
    const next = this.waiting.shift();
    if (next) next.begin(worker);
    else this.idle.push(worker);
  }

  /** Its place is taken by a new one, where there are jobs that wait. */
  private dismiss(worker: Worker): void {
    worker.terminate();
    this.count--;
    while (this.count < this.most) {
      const next = this.waiting.shift();
      if (!next) return;
      try {
        next.begin(this.hire());
      } catch (error) {
        next.fail(error as Error);
      }
    }
  }
}

const workerError = (got: string, cause?: unknown): DeviceError =>
  new DeviceError(`a worker of the page: expected it to run, got ${got}`, { cause });

const ERRORS = { InterruptedError, DeviceError, TypeError, RangeError };

function errorOf({ name, message }: { readonly name: string; readonly message: string }): Error {
  const kind = Object.hasOwn(ERRORS, name) ? ERRORS[name as keyof typeof ERRORS] : Error;
  return new kind(message);
}

// --------------------------------------------------------------------------------------------------- the worker's side

type Send = (answer: Answer, transfer?: readonly ArrayBufferLike[]) => void;

/** Milliseconds from one word of progress to the next. */
const WORD = 100;

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
    if (now - last < WORD) return;
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
