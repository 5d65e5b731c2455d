/**
 * What a call takes beside its arrays: where it runs, which pairs it visits, where the result goes.
 */
import { checkDevice, deviceOf, isOnDevice } from "../array/device";
import { checkRanges } from "../array/ranges";
import type { BlockRanges, CheckedRanges } from "../array/ranges";
import type { RealArray } from "../array/view";
import type { Extents } from "./arguments";
import type { BackendName, Compile } from "../engine/backend";
import type { KeptPlans } from "../engine/keptplans";
import type { Real } from "../engine/native";
import type { Begun } from "../engine/routine";
import { ArgumentError, DeviceError } from "../errors";
import { described } from "../options";

/** Where and how one call runs. */
export interface CallOptions<T extends Real = Real> {
  /** `"auto"` (the default) takes the fastest that can run; one that is named and cannot run is a DeviceError. */
  readonly backend?: "auto" | BackendName | undefined;
  /**
   * The number of a GPU, from 0, which implies the backend `"cuda"`: where a call of arrays of the machine runs. Default 0. `"all"` shares the
   * entries of its batch, or its rows, over all devices, with the same result to the last bit.
   */
  readonly device?: number | "all" | undefined;
  /**
   * With the backend `"auto"`: `"auto"` (the default, or TSKEOPS_COMPILE) runs a formula by precompiled kernels until compiling it pays, in the
   * background; `"always"` compiles it before its first call; `"never"` does not. The ways agree to rounding.
   */
  readonly compile?: Compile | undefined;
  /**
   * The pairs (i, j) to visit, as KeOps's six integer arrays; all by default. With batches they hold for every entry. Rows that visit
   * nothing get what the reduction gives without columns: 0 for sums, infinity for minima, an index of -1.
   */
  readonly ranges?: BlockRanges | null | undefined;
  /** An array of the shape and dtype of the result's numbers to write into; it must not share memory with an argument. */
  readonly out?: RealArray<T> | null | undefined;
}

export const CALL_OPTIONS: readonly string[] = Object.keys({
  backend: true,
  device: true,
  compile: true,
  ranges: true,
  out: true,
} satisfies Record<keyof CallOptions, true>);

/** The same, checked, for a call and all its derivatives. */
export interface How {
  readonly backend?: CallOptions["backend"];
  readonly device?: CallOptions["device"];
  readonly compile?: CallOptions["compile"];
  /** How often the call will be repeated, about: solvers do. */
  readonly repeats?: number;
  readonly begun?: Begun;
  readonly ranges?: CheckedRanges | undefined;
  /** Of calls that differ in their arrays alone. */
  readonly kept?: KeptPlans;
}

/** @throws ArgumentError for ranges that do not fit the extents of i and j, and a number of no device. */
export function howOf({ backend, device, compile, ranges }: CallOptions, extents: Extents): How {
  checkName("backend", backend);
  checkName("compile", compile);
  if (device !== undefined) checkPlace(backend, device);
  return {
    backend: device === undefined ? backend : "cuda",
    device,
    compile,
    ranges: ranges === undefined || ranges === null ? undefined : checkRanges(ranges, extents),
    begun: new Map(),
  };
}

/** Which names there are is known where one is looked up. */
function checkName(option: "backend" | "compile", name: unknown): void {
  if (name === undefined || name === null || typeof name === "string") return;
  throw new ArgumentError(`${option}: expected a name such as "auto", got ${described(name)}`);
}

function checkPlace(backend: CallOptions["backend"], device: number | "all"): void {
  if (backend !== undefined && backend !== "auto" && backend !== "cuda")
    throw new ArgumentError(`device: expected backend "cuda" with it, got ${described(backend)}`);
  checkDevice("device", device === "all" ? 0 : device);
}

/** A call runs where its arrays are. @throws DeviceError where it was to run elsewhere. */
export function placedHow(arrays: readonly RealArray[], how: How): How {
  if (!arrays.some(isOnDevice)) return how;
  const { backend = "auto", device } = how;
  const own = commonDevice(arrays);
  if (backend !== "auto" && backend !== "cuda")
    throw new DeviceError(
      `backend "${backend}": expected arrays of the machine, got some on a device: take them to toHost(x)`,
    );
  if (device !== undefined && device !== own)
    throw new DeviceError(`device: expected ${own}, where the arrays are, got ${JSON.stringify(device)}`);
  return { ...how, backend: "cuda", device: own };
}

/** The same for what runs in several calls. */
export function placedOptions<O extends Pick<CallOptions, "backend" | "device">>(
  arrays: readonly RealArray[],
  options: O,
): O {
  if (!arrays.some(isOnDevice)) return options;
  const { backend, device } = placedHow(arrays, options);
  return { ...options, backend, device };
}

/** Where those of a device are. @throws DeviceError for several. */
function commonDevice(arrays: readonly RealArray[]): number {
  const devices = [...new Set(arrays.filter(isOnDevice).map(deviceOf))];
  if (devices.length > 1)
    throw new DeviceError(`backend "cuda": expected arrays on one device, got some on ${devices.join(" and ")}`);
  return devices[0]!;
}
