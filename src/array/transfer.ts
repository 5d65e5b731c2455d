/**
 * Arrays to a device and back. An array that is there goes through every call, and results come back there; nothing is
 * copied meanwhile.
 */
import type { NdArray } from "ndarray";
import { numberedMemory } from "../device/devices";
import { machine, memoryOf } from "../device/memory";
import type { Elements, Memory } from "../device/memory";
import type { RealData } from "../device/native";
import { ArgumentError } from "../errors";
import { atMost, optionsOf } from "../options";
import type { OptionsOf } from "../options";
import { checkElements, described, isNdarray } from "./check";
import { record } from "./record";
import { contiguous, readable, wrap } from "./view";
import type { RealArray } from "./view";

const DEVICE = {
  /** The number of the device, from 0, the default. */
  device: { kind: "integer", least: 0, default: 0 },
} as const;

/** Which device. */
export type DeviceOptions = OptionsOf<typeof DEVICE>;

declare global {
  /** Node has it; compilers know of it from TypeScript 5.2 on, and only where `lib` names it. */
  interface SymbolConstructor {
    readonly dispose: unique symbol;
  }
}

/** An array of floats or of indices on a device: frees its memory when a `using` declaration ends. */
export type DeviceArray<T extends Elements = RealData> = NdArray<T> & {
  /** Frees the memory, as `dispose` does. */
  [Symbol.dispose](): void;
};

/**
 * A copy of `x`, a float32, float64 or int32 ndarray, in the memory of a GPU, row-major; derivatives pass through.
 * @param x a float32, float64 or int32 ndarray of any shape
 * @returns an array of that shape on the device
 * @throws DeviceError where there is no device or not enough memory, ArgumentError for a number of none
 * @example
 * const x = cuda.available() ? toDevice(rand([1000, 3])) : rand([1000, 3]);
 * console.log(x.shape); // [ 1000, 3 ]
 */
export function toDevice<T extends Elements>(x: NdArray<T>, options?: DeviceOptions | null): DeviceArray<T> {
  atMost("toDevice", 2, arguments);
  checkElements("toDevice", x);
  const { device = DEVICE.device.default } = optionsOf("toDevice", options, DEVICE);
  return copyTo(numberedMemory("toDevice", device), x, "toDevice") as DeviceArray<T>;
}

/**
 * A copy of `x`, numbers or indices, in the memory of the machine, row-major; derivatives pass through.
 * @param x an ndarray of any shape, on a device or not
 * @returns an array of that shape in the memory of the machine
 * @throws DeviceError where the device has failed
 * @example console.log(toHost(rand([2, 3])).shape); // [ 2, 3 ]
 */
export function toHost<T extends Elements>(x: NdArray<T>): NdArray<T> {
  atMost("toHost", 1, arguments);
  checkElements("toHost", x);
  return copyTo(machine, x, "toHost");
}

/** Recorded, if `x` takes part; indices never do. The cotangent goes back to where `x` is. */
function copyTo<T extends Elements>(memory: Memory, x: NdArray<T>, where: string): NdArray<T> {
  const own = memoryOf(x.data);
  const data = own === memory ? contiguous(x) : memory.fromHost(readable(x));
  const copy = data.buffer === x.data.buffer ? (data.slice() as T) : data;
  const result = memory.disposable(wrap(copy, x.shape));
  record(result as unknown as RealArray, [x as unknown as RealArray], (cotangent) => [bringTo(own, cotangent)], {
    where,
    readsInputs: [false],
  });
  return result;
}

/** The array itself if it is in that memory, else a copy there; derivatives pass through. */
function bringTo<T extends RealData>(memory: Memory, x: RealArray<T>): RealArray<T> {
  const { data } = (x as RealArray | null | undefined) ?? {}; // what is no array others will refuse
  return memoryOf(data) === memory ? x : copyTo(memory, x, memory === machine ? "toHost" : "toDevice");
}

/** The array itself, or a copy where another array is; derivatives pass through. */
export const bringBeside = <T extends RealData>(other: RealArray, x: RealArray<T>): RealArray<T> =>
  bringTo(memoryOf(other.data), x);

/** The array itself, or a copy in the machine's memory; derivatives pass through. */
export const bringToMachine = <T extends RealData>(x: RealArray<T>): RealArray<T> => bringTo(machine, x);

/**
 * Frees the memory of an array on a device and of all its views; they can no longer be used. Other arrays stay as they
 * are.
 * @param x an array of any shape
 * @returns nothing
 * @throws ArgumentError for what is no array
 * @example
 * const x = rand([3]);
 * dispose(x); // memory of the machine is the garbage collector's
 * console.log(x.shape); // [ 3 ]
 */
export function dispose(x: NdArray<Elements>): void {
  atMost("dispose", 1, arguments);
  if (!isNdarray(x)) throw new ArgumentError(`dispose: expected an ndarray, got ${described(x)}`);
  memoryOf(x.data).free(x.data);
}
