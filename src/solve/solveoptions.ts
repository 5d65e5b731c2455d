/**
 * The options of a solve: all rows that its features have, and what is checked of them when the data are known.
 */
import { arrayIn, checkArray } from "../array/check";
import type { ArrayInput } from "../array/check";
import { joinRows, shardOf } from "../array/shard";
import { bringToMachine } from "../array/transfer";
import { contiguous, sameShape, shapeText, sizeOf } from "../array/view";
import type { Dtype, RealArray } from "../array/view";
import { CALL, checkPlacement } from "../call/prepared";
import type { Given, How } from "../call/prepared";
import type { RealData } from "../device/native";
import { realAt } from "../asserts";
import { ArgumentError } from "../errors";
import { checkValues, isAtLeast, withoutRows } from "../options";
import type { OptionsOf, SettledOf } from "../options";
import { CHOICE, checkChoice } from "./choose";
import { GMRES } from "./gmres";
import type { SolveIteration } from "./refine";
import { STOPPING } from "./stopping";

/** Where K is computed, which pairs count, and how ranks get points that are shards. */
export const MATRIX: Omit<typeof CALL, "prune" | "tolerance" | "out"> = withoutRows(CALL, "prune", "tolerance", "out");

/** Where K is computed, which pairs count, and how ranks get points that are shards. */
export type MatrixOptions = OptionsOf<typeof MATRIX>;

/** @throws ArgumentError for ranges that do not fit, and a number of no device. */
export const placementOf = (
  { backend, device, compile, ranges }: MatrixOptions,
  given: Pick<Given, "extents" | "ranks" | "shards">,
): How => checkPlacement({ backend, device, compile, ranges }, given);

/** The ridge, where it takes part in derivatives. */
export const RIDGE = {
  /** Ridge: K + alpha I is inverted. Default 1e-10, as in pykeops. An array `[1]` takes part in derivatives. */
  alpha: {
    expected: "a number of at least 0",
    accepts: (value: unknown): value is number | RealArray =>
      isAtLeast(0, value) || (typeof value === "object" && value !== null),
    default: 1e-10,
  },
} as const;

/** What a solve begins with, and what it tells. */
export const COURSE = {
  /**
   * What becomes of a solution that rounding keeps from meeting `eps` and `rtol`: a process warning with the code
   * KEOPS_RESIDUAL, once for a formula and an alpha (`"warn"`, the default), a ConvergenceError (`"throw"`), or nothing
   * (`"accept"`).
   */
  missed: { kind: ["warn", "throw", "accept"], default: "warn" },
  /** Where to start, in the shape of the solution; default 0. */
  x0: {
    expected: "an array of the shape of the solution",
    accepts: (value: unknown): value is RealArray | null => value !== undefined, // its shape is checked with the data
  },
  /**
   * Called after every iteration of every entry of a batch with its number and the largest relative residual over the
   * columns; may throw to stop. A `verified` residual is that of the float64 iterate: the result of float32 arrays is
   * that iterate rounded to float32, whose residual is told in reports.
   */
  onIteration: {
    expected: "a function",
    accepts: (value: unknown): value is ((progress: SolveIteration) => void) | null =>
      value === null || typeof value === "function",
  },
} as const;

type SolveRows = typeof RIDGE & typeof STOPPING & typeof CHOICE & typeof GMRES & typeof COURSE;

export const SOLVE: SolveRows = { ...RIDGE, ...STOPPING, ...CHOICE, ...GMRES, ...COURSE };

/** How one system is solved. */
export type SolveOptions<T extends RealData = RealData> = Started<OptionsOf<SolveRows, RealArray, RealArray<T>>, T> &
  MatrixOptions;

/** Options whose start may be lists. */
export type Started<O, T extends RealData> = Omit<O, "x0"> & {
  /** Where to start: an array or lists in the shape of the solution; default 0. */
  readonly x0?: ArrayInput<T> | null | undefined;
};

/** The same with an array to start from. */
export type StartedOptions = OptionsOf<SolveRows> & MatrixOptions;

/** @throws ArgumentError for a start that is none. */
export function withStart({ x0, ...others }: SolveOptions, dtype: Dtype): StartedOptions {
  return x0 === undefined || x0 === null ? others : { ...others, x0: arrayIn("x0", x0, dtype) };
}

/** All options of a solve, checked. */
export type SolveSettings = SettledOf<SolveRows> & MatrixOptions;

type Ridged = OptionsOf<typeof RIDGE>;

/** The ridge where it is an array. */
export const alphaArray = ({ alpha }: Ridged): RealArray | null => (typeof alpha === "object" ? alpha : null);

/** The ridge as a number. */
export function alphaOf(options: Ridged): number {
  const array = alphaArray(options);
  return array ? realAt(contiguous(array), 0) : ((options.alpha as number | undefined) ?? RIDGE.alpha.default);
}

/** @throws ArgumentError unless options, whose values rows accept, go together and with the data. */
export function checkSolveOptions(options: StartedOptions, shape: readonly number[], dtype: Dtype): void {
  const { x0 } = options;
  checkAlpha(options, dtype);
  checkChoice(options);
  if (x0 !== undefined && x0 !== null && !sameShape(checkArray("x0", x0, dtype).shape, shape))
    throw new ArgumentError(`x0: expected shape ${shapeText(shape)} as the solution has, got ${shapeText(x0.shape)}`);
}

/** @throws ArgumentError unless it is a ridge, of that dtype where it is an array. */
export function checkAlpha(options: Ridged, dtype: Dtype): void {
  const array = alphaArray(options);
  if (array && sizeOf(checkArray("alpha", array, dtype).shape) !== 1)
    throw new ArgumentError(`alpha: expected a number or an array [1], got shape ${shapeText(array.shape)}`);
  checkValues(RIDGE, { alpha: array ? alphaOf(options) : options.alpha });
}

/** Options with arrays of the machine: a start, and a ridge that takes part in derivatives. */
export function copyToHost<O extends Ridged & Pick<SolveSettings, "x0">>(options: O): O {
  const { x0 } = options;
  const alpha = alphaArray(options);
  const shard = x0 ? shardOf(x0) : undefined;
  if (x0 && shard) return copyToHost({ ...options, x0: joinRows(x0, shard) });
  return { ...options, ...(x0 && { x0: bringToMachine(x0) }), ...(alpha && { alpha: bringToMachine(alpha) }) };
}
