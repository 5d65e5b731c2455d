/**
 * What a WebAssembly module asks of its system: clocks, memory, and threads, which are workers over the same memory. Its
 * one idea: a worker runs `serve`, which uses nothing from outside, so that it can be sent there as text. The module's C
 * library is that of emscripten 3.1. Must not know how workers are opened (nodeworkers.ts, src/browser/webworkers.ts).
 */
type Imports = Record<string, Record<string, unknown>>;
/** The thread, the top of its stack, and the function that it is to call, with an argument: all as C has them. */
export type Start = readonly [thread: number, stack: number, start: number, argument: number];
export type Message =
  | { readonly start: Start }
  | { readonly begun: number }
  | { readonly end: number }
  | { readonly deliver: readonly [number, number] }
  | { readonly failed: string };

/** What threads need of the module's exports. */
export interface ThreadExports {
  readonly __indirect_function_table: WebAssembly.Table;
  _emscripten_thread_init(
    thread: number,
    isMainOfPage: number,
    isMain: number,
    mayWait: number,
    profiled: number,
  ): void;
  _emscripten_thread_exit(result: number): void;
  _emscripten_thread_free_data(thread: number): void;
  emscripten_tls_init(): void;
  stackRestore(stack: number): void;
  stackOf(thread: number): number;
}

/** What the C library imports, for every thread. */
export function systemOf({ memory, processors }: Shared): Record<string, (...args: number[]) => number> {
  const now = (): number => performance.timeOrigin + performance.now();
  const time = (_clock: number, out: number): number => {
    const [seconds, rest] = [Math.floor(now() / 1e3), now() % 1e3];
    new Int32Array(memory.buffer, out >>> 0, 2).set([seconds, Math.floor(rest * 1e6)]);
    return 0;
  };
  /** To at least so many bytes, and by a fifth at least, so that it is seldom done. */
  const grow = (bytes: number): number => {
    const [pages, wanted, most] = [memory.buffer.byteLength / 65536, Math.ceil((bytes >>> 0) / 65536), 65535];
    for (const next of [Math.min(most, Math.max(wanted, Math.ceil(1.2 * pages))), wanted]) {
      try {
        if (next > pages) memory.grow(next - pages);
        return 1;
      } catch {
        // there may still be as much as is needed
      }
    }
    return 0;
  };
  return {
    emscripten_num_logical_cores: () => processors,
    emscripten_get_now: now,
    clock_gettime: time,
    __clock_gettime: time,
    emscripten_memcpy_big: (to, from, bytes) => {
      new Uint8Array(memory.buffer).copyWithin(to >>> 0, from >>> 0, (from >>> 0) + (bytes >>> 0));
      return to;
    },
    emscripten_resize_heap: grow,
    emscripten_get_heap_max: () => 65535 * 65536,
    emscripten_check_blocking_allowed: () => 0,
    _emscripten_default_pthread_stack_size: () => 2 ** 20,
  };
}

/** The worker's end of its messages. */
export interface Port {
  send(message: Message): void;
  onStart(take: (start: Start) => void): void;
}
/** What threads share. */
export interface Shared {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly processors: number;
}
/** Opens a worker that runs `serve` and takes its messages; gives what sends it the threads that it is to run. */
export type OpenWorker = (shared: Shared, take: (message: Message) => void) => (start: Start) => void;

/** A worker: runs threads one after the other, as the messages say. */
export function serve(system: typeof systemOf, port: Port, crash: (error: unknown) => void, shared: Shared): void {
  const { module, memory } = shared;
  const imports: Imports = {};
  for (const { module: from, name } of WebAssembly.Module.imports(module))
    (imports[from] ??= {})[name] = () => {
      throw new Error(`tskeops has a bug: expected no call of ${name} in a thread, got one`);
    };
  const create = (thread: number, _: number, start: number, argument: number): number => {
    port.send({ start: [thread, exports.stackOf(thread), start, argument] });
    return 0;
  };
  const end = (thread: number): void => {
    port.send({ end: thread });
  };
  const deliver = (place: number, data: number): number => {
    port.send({ deliver: [place, data] });
    return 0;
  };
  const threads = { memory, __pthread_create_js: create, __emscripten_thread_cleanup: end };
  Object.assign(imports["env"] ?? {}, system(shared), threads);
  Object.assign(imports["napi"] ?? {}, { napi_call_threadsafe_function: deliver });
  const exports = new WebAssembly.Instance(module, imports).exports as unknown as ThreadExports;
  port.onStart(([thread, stack, start, argument]) => {
    try {
      exports._emscripten_thread_init(thread, 0, 0, 1, 0);
      exports.stackRestore(stack);
      exports.emscripten_tls_init();
      const run = exports.__indirect_function_table.get(start) as (argument: number) => number;
      port.send({ begun: thread });
      exports._emscripten_thread_exit(run(argument));
    } catch (error) {
      crash(error);
    }
  });
}

/** An error number of C: there are no more threads. */
const EAGAIN = 6;

export class WasmThreads {
  private readonly idle: ((start: Start) => void)[] = [];
  private readonly working = new Map<number, (start: Start) => void>();
  private readonly beginning = new Set<number>();
  private failure: Error | undefined;
  private readonly waiting: { readonly resolve: () => void; readonly reject: (error: Error) => void }[] = [];

  constructor(
    private readonly shared: Shared,
    private readonly exports: () => ThreadExports,
    /** Calls back with data what waits for it, on this thread. */
    private readonly deliver: (place: number, data: number) => void,
    private readonly openWorker: OpenWorker | null,
  ) {}

  /** The imports by which C makes threads, on the thread that has the module. */
  imports(mayWait: boolean): Record<string, (...args: number[]) => unknown> {
    return {
      __pthread_create_js: (thread, _, start, argument) =>
        this.start([thread, this.exports().stackOf(thread), start, argument]),
      __emscripten_thread_cleanup: (thread) => this.end(thread),
      __emscripten_init_main_thread_js: (thread) =>
        this.exports()._emscripten_thread_init(thread, 1, 1, Number(mayWait), 0),
    };
  }

  /**
   * Resolves when every thread that was made has begun: workers of a page begin only when it has its turn.
   * @throws Error where a worker cannot run its program.
   */
  haveBegun(): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.failure) reject(this.failure);
      else if (this.beginning.size === 0) resolve();
      else this.waiting.push({ resolve, reject });
    });
  }

  private start(start: Start): number {
    const send = this.idle.pop() ?? this.openWorker?.(this.shared, (message) => this.take(message));
    if (!send) return EAGAIN;
    this.working.set(start[0], send);
    this.beginning.add(start[0]);
    send(start);
    return 0;
  }

  private take(message: Message): void {
    if ("start" in message) this.start(message.start);
    else if ("begun" in message) this.noteBegun(message.begun);
    else if ("failed" in message) this.noteFailed(message.failed);
    else if ("end" in message) this.end(message.end);
    else this.deliver(...message.deliver);
  }

  private noteBegun(thread: number): void {
    this.beginning.delete(thread);
    if (this.beginning.size === 0) for (const { resolve } of this.waiting.splice(0)) resolve();
  }

  private noteFailed(why: string): void {
    this.failure ??= new Error(`expected workers to start, got ${why}`);
    for (const { reject } of this.waiting.splice(0)) reject(this.failure);
  }

  private end(thread: number): void {
    const send = this.working.get(thread);
    if (send) this.idle.push(send);
    this.working.delete(thread);
    this.exports()._emscripten_thread_free_data(thread);
  }
}
