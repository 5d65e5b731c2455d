/**
 * Arrays to a GPU and back. An array that is there goes through every call, and results come back there; nothing is copied meanwhile.
 */
import type { NdArray } from "ndarray";
import { nativeAddon, whyNoAddon } from "../engine/native";
import type { Real } from "../engine/native";
import { ArgumentError, DeviceError } from "../errors";
import { atMost, optionsOf } from "../options";
import { checkElements, described, isNdarray } from "./check";
import { DeviceData } from "./devicedata";
import type { Elements } from "./elementtype";
import { record } from "./record";
import { contiguous, placedLike, readable, wrap } from "./view";
import type { RealArray } from "./view";

export interface DeviceOptions {
  /** The number of the device, from 0. */
  readonly device?: number | undefined;
}

/** An array of floats or of indices on a device: frees its memory when a `using` declaration ends. */
export type DeviceArray<T extends Elements = Real> = NdArray<T> & { [Symbol.dispose](): void };

/**
 * A copy of `x`, a float32, float64 or int32 ndarray, in the memory of a GPU, row-major; derivatives pass through. Throws DeviceError where
 * there is no device or not enough memory, ArgumentError for a number of none.
 */
export function toDevice<T extends Elements>(x: NdArray<T>, options?: DeviceOptions | null): DeviceArray<T> {
  atMost("toDevice", 2, arguments);
  checkElements("toDevice", x);
  const { device: number = 0 } = optionsOf("toDevice", options, ["device"]);
  const device = checkDevice("toDevice", number);
  const data: unknown = contiguous(x);
  const placed = data instanceof DeviceData ? movedTo(data, device) : DeviceData.of(data as T, device);
  return copied("toDevice", x, disposable(wrap(placed as unknown as T, x.shape)));
}

/**
 * A copy of `x`, numbers or indices, in the memory of the machine, row-major; derivatives pass through. Throws DeviceError where the device
 * has failed.
 */
export function toHost<T extends Elements>(x: NdArray<T>): NdArray<T> {
  atMost("toHost", 1, arguments);
  checkElements("toHost", x);
  const data = readable(x);
  return copied("toHost", x, wrap(data.buffer === x.data.buffer ? (data.slice() as T) : data, x.shape));
}

/** Recorded, if `x` takes part; indices never do. The cotangent goes back to where `x` is. */
function copied<T extends Elements, X extends NdArray<T>>(where: string, x: NdArray<T>, result: X): X {
  const place = placeOf(x);
  record(result as unknown as RealArray, [x as unknown as RealArray], (cotangent) => [broughtTo(place, cotangent)], {
    where,
    readsInputs: [false],
  });
  return result;
}

/** The array itself, or a copy of what is on a device; derivatives pass through. */
export const onMachine = <T extends Real>(x: RealArray<T>): RealArray<T> => (isOnDevice(x) ? toHost(x) : x);

/**
 * Frees the memory of an array on a device and of all its views; they can no longer be used. Other arrays stay as they are. Throws
 * ArgumentError for what is no array.
 */
export function dispose(x: NdArray<Elements>): void {
  atMost("dispose", 1, arguments);
  if (!isNdarray(x)) throw new ArgumentError(`dispose: expected an ndarray, got ${described(x)}`);
  if (isOnDevice(x)) (x.data as unknown as DeviceData).dispose();
}

/** False also for what is no array, which others will refuse. */
export const isOnDevice = (x: { readonly data: unknown } | null | undefined): boolean => x?.data instanceof DeviceData;

/** Memory that was computed on the machine from two arrays: on a device where one of them is. */
export const placedBeside = <T extends Elements>(data: T, a: RealArray, b: RealArray): T =>
  placedLike(data, isOnDevice(a) ? a : b);

/** Of an array on a device: the number of the device. */
export const deviceOf = (x: { readonly data: unknown }): number => (x.data as DeviceData).device;

/** Where an array is: the number of a device, or null for the machine. */
export const placeOf = (x: { readonly data: unknown }): number | null => (isOnDevice(x) ? deviceOf(x) : null);

/** The array itself if it is there, else a copy; derivatives pass through. */
export function broughtTo(place: number | null, x: RealArray): RealArray {
  if (placeOf(x) === place) return x;
  return place === null ? toHost(x) : toDevice(x, { device: place });
}

/** So that `using` frees it. */
export function disposable<T extends Elements>(x: NdArray<T>): DeviceArray<T> {
  return Object.defineProperty(x, Symbol.dispose, { value: () => dispose(x) }) as DeviceArray<T>;
}

function movedTo(data: DeviceData, device: number): DeviceData {
  return data.device === device ? data.slice() : DeviceData.of(data.toHost(), device);
}

/** @throws DeviceError where there is no device, ArgumentError for a number of none. */
export function checkDevice(where: string, device: number): number {
  if (!Number.isInteger(device) || device < 0)
    throw new ArgumentError(`device: expected the number of a device, got ${described(device)}`);
  const addon = nativeAddon();
  const why = addon ? addon.cuda.whyNot() : whyNoAddon();
  if (why !== null) throw new DeviceError(`${where}: ${why}`);
  const count = addon!.cuda.count();
  if (device < count) return device;
  throw new ArgumentError(`device: expected a number from 0 to ${count - 1}, got ${String(device)}`);
}
