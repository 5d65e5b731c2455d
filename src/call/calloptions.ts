/**
 * Where and how one call runs: the rows of its options, and what they mean for a call whose sizes are known.
 */
import { checkRanges } from "../array/ranges";
import type { BlockRanges, CheckedRanges } from "../array/ranges";
import type { RealArray } from "../array/view";
import { BACKEND_NAMES, checkPlace } from "../device/devices";
import type { BackendName, Place } from "../device/devices";
import type { KeptPlans } from "../device/device";
import type { RealData } from "../device/native";
import type { Begun } from "../device/routine";
import { isAtLeast } from "../options";
import type { OptionsOf } from "../options";
import type { Extents } from "./prepared";

/** Where and how one call runs. */
export const CALL = {
  /** `"auto"` (the default) takes the fastest that can run; one that is named and cannot run is a DeviceError. */
  backend: { kind: ["auto", ...BACKEND_NAMES] as readonly ("auto" | BackendName)[], default: "auto" },
  /**
   * The number of a GPU, from 0, which implies the backend `"cuda"`: where a call of arrays of the machine runs.
   * Default 0. `"all"` shares the entries of its batch, or its rows, over all devices, with the same result to the last
   * bit.
   */
  device: {
    expected: 'the number of a device, or "all"',
    accepts: (value: unknown): value is number | "all" =>
      value === "all" || (isAtLeast(0, value) && Number.isInteger(value)),
  },
  /**
   * With the backend `"auto"`: `"auto"` (the default, or TSKEOPS_COMPILE) runs a formula by precompiled kernels until
   * compiling it pays, in the background; `"always"` compiles it before its first call; `"never"` does not. The ways
   * agree to rounding.
   */
  compile: { kind: ["auto", "never", "always"] },
  /**
   * The pairs (i, j) to visit, as KeOps's six integer arrays; all by default. With batches they hold for every entry.
   * Rows that visit nothing get what the reduction gives without columns: 0 for sums, infinity for minima, an index of
   * -1.
   */
  ranges: {
    expected: "six integer arrays",
    accepts: (value: unknown): value is BlockRanges | null => value !== undefined, // checked with the arrays of a call
  },
  /**
   * Minima, maxima, the K best and their indices are found from fewer pairs where counting them says that it pays, with
   * the result of all pairs to the last bit: `"auto"` (the default). `"never"` computes all pairs.
   */
  prune: { kind: ["auto", "never"] },
  /**
   * The relative error that a sum may have, such as 1e-3: the Euclidean norm of the error over that of the result, over
   * all rows. Sums then take time that grows with M + N where the formula allows it. By default, and with 0, all pairs
   * are computed.
   */
  tolerance: {
    expected: "a number of at least 0 and below 1",
    accepts: (value: unknown): value is number => isAtLeast(0, value) && value < 1,
  },
  /**
   * An array of the shape and dtype of the result's numbers to write into; it must not share memory with an argument.
   */
  out: {
    expected: "an array of the shape of the result",
    accepts: (value: unknown): value is RealArray | null => value !== undefined, // checked with the arrays of a call
  },
} as const;

/** Where and how one call runs. */
export type CallOptions<T extends RealData = RealData> = OptionsOf<typeof CALL, RealArray, RealArray<T>>;

/** Where a call and all its derivatives run, and which pairs they visit, checked. */
export interface How extends Place {
  readonly compile?: CallOptions["compile"];
  /** How often the call will be repeated, about: solvers do. */
  readonly repeats?: number;
  readonly begun?: Begun;
  readonly ranges?: CheckedRanges | undefined;
  readonly prune?: CallOptions["prune"];
  readonly tolerance?: number | undefined;
  /** Tables that calls share which differ in their arrays alone. */
  readonly kept?: KeptPlans;
}

/**
 * @param place checks where it is to run.
 * @throws ArgumentError for ranges that do not fit the extents of i and j, and a number of no device.
 */
export function checkPlacement(options: CallOptions, extents: Extents, place: typeof checkPlace = checkPlace): How {
  const { compile, ranges, prune, tolerance } = options;
  const { backend, device } = options.device === undefined ? options : place(options);
  return {
    backend,
    device,
    compile,
    ranges: ranges === undefined || ranges === null ? undefined : checkRanges(ranges, extents),
    prune,
    tolerance,
    begun: new Map(),
  };
}
