/**
 * GPUs: whether formulas can run on one, and which there are. Nothing is asked of a driver before the first of these
 * questions, or a call.
 */
import { checkNumber, cuda, whyNoDevice } from "./device/cuda";
import { loadedAddon } from "./device/native";
import { atMost } from "./options";

/** A GPU of this machine. */
export interface CudaDevice {
  /** As the driver calls it. */
  readonly name: string;
  /** Compute capability, such as 9.0. */
  readonly capability: number;
  /** How many multiprocessors it has. */
  readonly multiprocessors: number;
  /** Highest clock in MHz. */
  readonly megahertz: number;
  /** Bytes. */
  readonly memory: number;
}

/**
 * Whether formulas can run on a GPU here: a device, its driver, and a compiler (NVRTC, or nvcc on PATH).
 * @returns true or false
 * @throws ArgumentError for an argument
 * @example console.log(cuda.available() === (cuda.whyNot() === null)); // true
 */
export function available(): boolean {
  atMost("cuda.available", 0, arguments);
  return cuda.whyNot() === null;
}

/**
 * Why formulas cannot run on a GPU here, in one sentence, or null.
 * @returns a sentence, or null
 * @throws ArgumentError for an argument
 * @example console.log(cuda.available() || cuda.whyNot() !== null); // true
 */
export function whyNot(): string | null {
  atMost("cuda.whyNot", 0, arguments);
  return cuda.whyNot();
}

/**
 * The GPUs of this machine, in the order of their numbers; none where there is no driver.
 * @returns a list, with name, memory and capability of each
 * @throws ArgumentError for an argument
 * @example console.log(Array.isArray(cuda.devices())); // true
 */
export function devices(): CudaDevice[] {
  atMost("cuda.devices", 0, arguments);
  if (whyNoDevice() !== null) return [];
  const addon = loadedAddon().cuda;
  return Array.from({ length: addon.count() }, (_, device) => {
    const { name, capability, multiprocessors, kilohertz, memory } = addon.describe(device);
    return { name, capability: capability / 10, multiprocessors, megahertz: kilohertz / 1000, memory };
  });
}

/**
 * Bytes of a device: free, lent to arrays, and kept to be lent again.
 * @param device the number of the device, 0 by default
 * @returns numbers of bytes
 * @throws DeviceError where there is no device, ArgumentError for a number of none
 * @example console.log(!cuda.available() || cuda.memory().free > 0); // true
 */
export function memory(device = 0): { readonly free: number; readonly lent: number; readonly kept: number } {
  atMost("cuda.memory", 1, arguments);
  const number = checkNumber("cuda.memory", device);
  return loadedAddon().cuda.state(number);
}
