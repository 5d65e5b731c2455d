/**
 * The addon's C++ as a WebAssembly module, for machines on which no native addon can be loaded: the same functions, at two
 * thirds of the speed of SSE2. Arguments and results are copied into and out of its memory of at most 4 GB. Must not know
 * what the functions do, but which of their arguments they write.
 */
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import type { AddonFile, LongFunctions } from "./addon";
import type { BriefAlgebra, LongAlgebra } from "./densealgebra";
import { NodeApi } from "./nodeapi";
import { WasmHeap } from "./wasmheap";
import type { Allocator } from "./wasmheap";
import { WasmThreads, systemOf } from "./wasmthreads";
import type { ThreadExports } from "./wasmthreads";

/** Positions of the arguments that a function writes; what it only spoils is not copied back. */
const WRITTEN: Readonly<Record<keyof (LongFunctions & LongAlgebra & BriefAlgebra) | "block", readonly number[]>> = {
  reduce: [2, 3],
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
  choosePivots: [4, 5],
  extend: [0, 5],
  gram: [0],
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

/** The module in a file as what a .node file exports. @throws Error where it is none, or cannot run here. */
export function wasmAddon(path: string): AddonFile {
  const module = new WebAssembly.Module(readFileSync(path));
  const memory = new WebAssembly.Memory({ ...PAGES, shared: true });
  const exports = (): Exports => instance.exports as unknown as Exports;
  const heap = new WasmHeap(memory, exports);
  const api = new NodeApi(heap, () => exports().__indirect_function_table, WRITTEN);
  const threads = new WasmThreads({ module, memory }, exports, (place, data) => api.deliver(place, data));
  const env = { memory, ...systemOf(memory), ...threads.imports(), emscripten_num_logical_cores: availableParallelism };
  const instance = new WebAssembly.Instance(module, withRefusals(module, { env, napi: api.functions() }));
  exports().__wasm_call_ctors();
  return api.register((...args) => exports().napi_register_wasm_v1(...args)) as AddonFile;
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
