/**
 * What a call takes beside its arrays: where it runs, which pairs it visits, where the result goes.
 */
import { checkRanges } from "./array/ranges";
import type { BlockRanges, CheckedRanges } from "./array/ranges";
import type { RealArray } from "./array/view";
import type { Extents } from "./arguments";
import type { BackendName } from "./engine/backend";
import type { Real } from "./engine/native";

/** Where and how one call runs. */
export interface CallOptions<T extends Real = Real> {
  /** `"auto"` (the default) takes the fastest that can run; one that is named and cannot run is a DeviceError. */
  readonly backend?: "auto" | BackendName | undefined;
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
  ranges: true,
  out: true,
} satisfies Record<keyof CallOptions, true>);

/** The same, checked, for a call and all its derivatives. */
export interface How {
  readonly backend?: CallOptions["backend"];
  readonly ranges?: CheckedRanges | undefined;
}

/** @throws ArgumentError for ranges that do not fit the extents of i and j. */
export function howOf({ backend, ranges }: CallOptions, extents: Extents): How {
  return { backend, ranges: ranges ? checkRanges(ranges, extents) : undefined };
}
