/**
 * The addon's C++ as a WebAssembly module, for machines on which no native addon can be loaded: the same functions, at
 * 0.86 of the speed of SSE2. Arguments and results are copied into and out of its memory of at most 4 GB. Must not know
 * what the functions do, but which of their arguments they write.
 */
import { asserted } from "../asserts";
import type { AddonFile, LongFunctions } from "./addon";
import type { BriefAlgebra, LongAlgebra } from "./addonfunctions";
import { NodeApi } from "./nodeapi";
import { WasmHeap } from "./wasmheap";
import type { Allocator } from "./wasmheap";
import { WasmThreads, systemOf } from "./wasmthreads";
import type { OpenWorker, ThreadExports } from "./wasmthreads";

/** Positions of the arguments that a function writes; what it only spoils is not copied back. */
export const WRITTEN: Readonly<
  Record<keyof (LongFunctions & LongAlgebra & BriefAlgebra) | "block", readonly number[]>
> = {
  reduce: [2, 3],
  reduceSpan: [2, 3, 6],
  block: [2],
  sortIntoCells: [4],
  boundCells: [4],
  moveRows: [1],
  seekCells: [3],
  walkCells: [4, 5],
  countWithin: [5],
  listWithin: [8],
  cholesky: [0],
  choleskySolve: [1],
  choleskyInverse: [0],
  lu: [0, 1],
  luSolve: [2],
  choosePivots: [4, 5],
  extend: [0, 5],
  gram: [0],
  project: [0],
  subtractTall: [0],
  lowRankSolve: [0],
  fourier: [1, 2],
  inverseFourier: [0],
  multiplySpectrum: [0, 1],
  place: [4, 5, 6],
  spread: [0],
  interpolate: [7],
};

/** As CMakeLists.txt says, in pages of 64 KiB. */
const PAGES = { initial: 256, maximum: 65536 };

interface Exports extends Allocator, ThreadExports {
  __wasm_call_ctors(): void;
  napi_register_wasm_v1(environment: number, exports: number): number;
}

/** What there is around a module, in Node and in browsers. */
export interface Surroundings {
  /** Null where there are no threads. */
  readonly openWorker: OpenWorker | null;
  /** How many threads a call uses, unless it is told. */
  readonly processors: number;
  /** The main thread of a page may not wait: it looks again and again. */
  readonly mayWait: boolean;
}

/** A module with what it imports, to be instantiated. */
export interface Linked {
  readonly imports: WebAssembly.Imports;
  /** What a .node file would export. */
  register(instance: WebAssembly.Instance): AddonFile;
  /** Resolves when all threads that were made have begun. @throws Error where a worker cannot run. */
  threadsHaveBegun(): Promise<void>;
}

export function linkWasm(module: WebAssembly.Module, { openWorker, processors, mayWait }: Surroundings): Linked {
  const memory = new WebAssembly.Memory({ ...PAGES, shared: true });
  let started: Exports | undefined;
  const all = (): Exports => asserted(started, "an instance of the module");
  const heap = new WasmHeap(memory, all);
  const api = new NodeApi(heap, () => all().__indirect_function_table, WRITTEN);
  const deliver = (place: number, data: number): void => api.deliver(place, data);
  const shared = { module, memory, processors };
  const threads = new WasmThreads(shared, all, deliver, openWorker);
  const env = { memory, ...systemOf(shared), ...threads.imports(mayWait) };
  return {
    imports: withRefusals(module, { env, napi: api.functions() }),
    register: (instance) => {
      started = instance.exports as unknown as Exports;
      started.__wasm_call_ctors();
      return api.register((...args) => all().napi_register_wasm_v1(...args)) as AddonFile;
    },
    threadsHaveBegun: () => threads.haveBegun(),
  };
}

/** The module as what a .node file exports. @throws Error where it cannot run here. */
export function wasmAddon(module: WebAssembly.Module, surroundings: Surroundings): AddonFile {
  const linked = linkWasm(module, surroundings);
  return linked.register(new WebAssembly.Instance(module, linked.imports));
}

/** What the C library imports beside that is never called: files, signals, exit. */
function withRefusals(module: WebAssembly.Module, given: WebAssembly.Imports): WebAssembly.Imports {
  const imports: WebAssembly.Imports = {};
  for (const { module: from, name } of WebAssembly.Module.imports(module)) {
    const refuse = (): never => {
      throw new Error(`tskeops has a bug: expected no call of ${from}.${name}, got one`);
    };
    (imports[from] ??= {})[name] = given[from]?.[name] ?? refuse;
  }
  return imports;
}
