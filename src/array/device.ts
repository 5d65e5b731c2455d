/**
 * Arrays to a GPU and back. An array that is there goes through every call, and results come back there; nothing is copied meanwhile.
 */
import { nativeAddon, whyNoAddon } from "../engine/native";
import type { Real } from "../engine/native";
import { ArgumentError, DeviceError } from "../errors";
import { checkArray, described } from "./check";
import { DeviceData } from "./devicedata";
import { record } from "./record";
import { contiguous, hosted, wrap } from "./view";
import type { RealArray } from "./view";

export interface DeviceOptions {
  /** The number of the device, from 0. */
  readonly device?: number | undefined;
}

/** An array on a device: frees its memory when a `using` declaration ends. */
export type DeviceArray<T extends Real = Real> = RealArray<T> & { [Symbol.dispose](): void };

/**
 * A copy of `x` in the memory of a GPU, row-major; derivatives pass through. Throws DeviceError where there is no device or not enough
 * memory, ArgumentError for a number of none.
 */
export function toDevice<T extends Real>(x: RealArray<T>, options?: DeviceOptions | null): DeviceArray<T> {
  checkArray("toDevice", x);
  const device = checkDevice("toDevice", options?.device ?? 0);
  const data = contiguous(x);
  const placed = data instanceof DeviceData ? movedTo(data, device) : DeviceData.of(data, device);
  const result = disposable(wrap(placed as unknown as T, x.shape));
  return record(result, [x], (cotangent) => [isOnDevice(x) ? cotangent : toHost(cotangent)], {
    where: "toDevice",
    readsInputs: [false],
  });
}

/** A copy of `x` in the memory of the machine, row-major; derivatives pass through. Throws DeviceError where the device has failed. */
export function toHost<T extends Real>(x: RealArray<T>): RealArray<T> {
  checkArray("toHost", x);
  const data = hosted(contiguous(x));
  const result = wrap(data.buffer === x.data.buffer ? (data.slice() as T) : data, x.shape);
  return record(result, [x], (cotangent) => [isOnDevice(x) ? toDevice(cotangent) : cotangent], {
    where: "toHost",
    readsInputs: [false],
  });
}

/** The array itself, or a copy of what is on a device; derivatives pass through. */
export const onMachine = <T extends Real>(x: RealArray<T>): RealArray<T> => (isOnDevice(x) ? toHost(x) : x);

/** Frees the memory of an array on a device and of all its views; they can no longer be used. Other arrays stay as they are. */
export function dispose(x: RealArray): void {
  if (isOnDevice(x)) (x.data as unknown as DeviceData).dispose();
}

export const isOnDevice = (x: RealArray): boolean => (x.data as unknown) instanceof DeviceData;

/** Of an array on a device: the number of the device. */
export const deviceOf = (x: RealArray): number => (x.data as unknown as DeviceData).device;

/** So that `using` frees it. */
export function disposable<T extends Real>(x: RealArray<T>): DeviceArray<T> {
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
