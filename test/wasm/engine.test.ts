/** What the WebAssembly module is besides fast: refusals, memory that is given back, threads, promises that can be stopped. */
import { describeWasm } from "../helpers/wasm";
import ndarray from "ndarray";
import { Genred, cluster, settings } from "../../src/index";
import { DeviceError, InterruptedError } from "../../src/errors";
import { addonReport, loadedAddon } from "../../src/device/native";
import { newControl } from "../../src/device/addoncall";
import { WasmHeap } from "../../src/device/wasmheap";

const points = (count: number, dim: number, step: number): ndarray.NdArray<Float64Array> =>
  ndarray(
    Float64Array.from({ length: count * dim }, (_, n) => Math.sin(step * (n + 1))),
    [count, dim],
  );
const gaussian = Genred("Exp(-SqDist(x, y)) * b", ["x = Vi(3)", "y = Vj(3)", "b = Vj(1)"], { axis: 1 });

describeWasm("the engine of WebAssembly", () => {
  test("says that it serves, and why native addons do not", () => {
    expect(settings.instructionSet).toBe("wasm");
    const { serving, candidates } = addonReport();
    expect(serving).toBe("wasm");
    expect(candidates.map(({ kind, why }) => [kind, why])).toEqual([
      ["native", "TSKEOPS_ADDON excludes it"],
      ["native", "TSKEOPS_ADDON excludes it"],
      ["wasm", null],
    ]);
  });

  test("loads no compiled routines: calls that name them are refused, others run on tiles", () => {
    const x = points(20, 3, 1);
    const b = points(20, 1, 2);
    expect(() => gaussian(x, x, b, { backend: "cpu" })).toThrow(
      new DeviceError('backend "cpu": WebAssembly, which serves as the addon, loads no code'),
    );
    expect(gaussian.plan(x, x, b).backend).toBe("tiles");
    expect(() => loadedAddon().load("/no/such/file.so")).toThrow("load: expected a routine, got WebAssembly");
  });

  test("C++ refuses what is wrong before it reads it, with the errors of the native addon", () => {
    const addon = loadedAddon();
    const order = Int32Array.of(0, 1, 2);
    const from = new Float64Array(6);
    expect(() => addon.moveRows(from, new Float64Array(5), order, true)).toThrow(RangeError);
    expect(() => addon.moveRows(from, new Float32Array(6), order, true)).toThrow(TypeError);
    expect(() => addon.moveRows(from, from.subarray(0), order, true)).toThrow("expected memory of its own");
    const both = new Float64Array(9);
    expect(() => addon.moveRows(both.subarray(0, 6), both.subarray(3), order, true)).toThrow("memory of its own");
    expect(both.every((number) => number === 0)).toBe(true);
  });

  test("memory is given back after every call, also of those that throw", () => {
    const addon = loadedAddon();
    const [from, to] = [new Float64Array(1 << 22).fill(1), new Float64Array(1 << 22)];
    const order = Int32Array.from({ length: 1024 }, (_, n) => n);
    const wrong = order.slice().fill(-1);
    for (let n = 0; n < 40; n++) {
      addon.moveRows(from, to, order, true);
      expect(() => addon.moveRows(from, to, wrong, true)).toThrow(RangeError);
    } // 64 MiB each: 5 GiB in all, of a memory of 4 GiB
    expect(to.every((number) => number === 1)).toBe(true);
  });

  test("what does not fit into 4 GiB is a DeviceError", () => {
    const memory = { buffer: new SharedArrayBuffer(16), grow: () => 0 };
    const heap = new WasmHeap(memory, () => ({ malloc: () => 0, free: () => undefined }));
    expect(() => heap.allocate(3 * 2 ** 30)).toThrow(
      new DeviceError("WebAssembly: expected arrays of a call that fit into 4 GiB, got no room for another 3072 MiB"),
    );
  });

  test("the number of threads changes no bit", () => {
    const [x, b] = [points(3000, 3, 1), points(3000, 1, 2)];
    const sums = [1, 2, 3].map((threads) => {
      settings.threads = threads;
      return gaussian(x, x, b).data;
    });
    expect(sums[1]).toEqual(sums[0]);
    expect(sums[2]).toEqual(sums[0]);
  });

  test("promises give what calls give, tell how far they are, and can be stopped", async () => {
    const [x, b] = [points(1500, 3, 1), points(1500, 1, 2)];
    expect((await gaussian.async(x, x, b)).data).toEqual(gaussian(x, x, b).data);
    const [many, weights] = [points(60_000, 3, 1), points(60_000, 1, 2)];
    const stop = new AbortController();
    const fractions: number[] = [];
    const onProgress = ({ fraction = 0 }): void => {
      fractions.push(fraction);
      if (fraction > 0) stop.abort();
    };
    const promise = gaussian.async(many, many, weights, { signal: stop.signal, onProgress });
    await expect(promise).rejects.toThrow(InterruptedError);
    const last = fractions.at(-1) ?? 0;
    expect(last > 0 && last < 0.9).toBe(true);
  });

  test("a control block stops calls that block, and tells how far they came", () => {
    const addon = loadedAddon();
    const [from, order] = [new Float64Array(4096), Int32Array.from({ length: 4096 }, (_, n) => n)];
    const control = newControl();
    addon.moveRows(from, new Float64Array(4096), order, true, control);
    expect([control[1], control[2]]).toEqual([64, 64]);
    Atomics.store(control, 0, 1);
    expect(() => addon.moveRows(from, new Float64Array(4096), order, true, control)).toThrow(InterruptedError);
  });

  test("neighbours are those of all pairs", () => {
    const x = points(700, 2, 1);
    const { indices } = cluster.neighbours(x, x, { k: 3 });
    const all = Genred("SqDist(x, y)", ["x = Vi(2)", "y = Vj(2)"], { reductionOp: "ArgKMin", optArg: 3, axis: 1 });
    expect(Array.from(indices.data)).toEqual(Array.from(all(x, x, { prune: "never" } as object).data, Number));
  });
});
