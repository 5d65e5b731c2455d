/**
 * What a call takes beside its arrays: where it runs, which pairs it visits, where the result goes.
 */
import { isOnDevice } from "../array/device";
import { checkRanges } from "../array/ranges";
import type { BlockRanges, CheckedRanges } from "../array/ranges";
import type { RealArray } from "../array/view";
import type { Extents } from "./arguments";
import type { BackendName, Compile } from "../engine/backend";
import type { Real } from "../engine/native";
import type { Begun } from "../engine/routine";
import { DeviceError } from "../errors";

/** Where and how one call runs. */
export interface CallOptions<T extends Real = Real> {
  /** `"auto"` (the default) takes the fastest that can run; one that is named and cannot run is a DeviceError. */
  readonly backend?: "auto" | BackendName | undefined;
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
  compile: true,
  ranges: true,
  out: true,
} satisfies Record<keyof CallOptions, true>);

/** The same, checked, for a call and all its derivatives. */
export interface How {
  readonly backend?: CallOptions["backend"];
  readonly compile?: CallOptions["compile"];
  /** How often the call will be repeated, about: solvers do. */
  readonly repeats?: number;
  readonly begun?: Begun;
  readonly ranges?: CheckedRanges | undefined;
}

/** @throws ArgumentError for ranges that do not fit the extents of i and j. */
export function howOf({ backend, compile, ranges }: CallOptions, extents: Extents): How {
  return { backend, compile, ranges: ranges ? checkRanges(ranges, extents) : undefined, begun: new Map() };
}

/** A call runs where its arrays are. @throws DeviceError where it was to run elsewhere. */
export function placedHow(arrays: readonly RealArray[], how: How): How {
  if (!arrays.some(isOnDevice)) return how;
  const { backend = "auto" } = how;
  if (backend !== "auto" && backend !== "cuda")
    throw new DeviceError(
      `backend "${backend}": expected arrays of the machine, got some on a device: take them to toHost(x)`,
    );
  return { ...how, backend: "cuda" };
}
