/**
 * What the ways to the derivative of a log-determinant share: the call, the sums that they give, and the gradients of
 * w · K z, which estimates and exact sums are made of.
 */
import { add } from "../array/arithmetic";
import { wrap } from "../array/view";
import type { RealArray } from "../array/view";
import { checkPlacement } from "../call/prepared";
import type { Given } from "../call/prepared";
import type { RealData } from "../device/native";
import type { ModeFactor } from "./modespace";
import type { Preconditioner } from "./precondition";
import type { MatrixOptions } from "./solveoptions";
import type { System } from "./system";
import type { SystemMatrix } from "./systemmatrix";

/** A log-determinant that was found. */
export interface LogdetCall {
  readonly system: System;
  readonly matrix: SystemMatrix;
  /** In float64. */
  readonly given: Given;
  readonly inverse: Preconditioner | null;
  /** The factor of the kernel's modes, where the value came from that. */
  readonly modes: ModeFactor | null;
  readonly alphaShape: readonly number[];
  /** Fills a block with random vectors of covariance I; null for all unit vectors. */
  readonly random: ((out: RealData) => void) | null;
  readonly probes: number;
  readonly settings: MatrixOptions & { readonly alpha: number };
}

/** One per argument, null where it is not wanted or zero. */
export type Gradients = readonly (RealArray | null)[];

/** Derivatives by all arguments, and by alpha. */
export interface Sums {
  readonly sums: Gradients;
  readonly trace: number;
}

/** The gradients of w · K z, for blocks `[rows, dim]` of columns. */
export function productGradients(
  { system, given, settings }: LogdetCall,
  [z, w]: readonly [Float64Array, Float64Array],
  dim: number,
  wanted: readonly boolean[],
  ranges: MatrixOptions["ranges"] = settings.ranges,
): Gradients {
  if (!wanted.includes(true)) return given.arrays.map(() => null);
  const how = checkPlacement({ ...settings, ranges }, given);
  const vectors = [wrap(z, [z.length / dim, dim]), wrap(w, [w.length / dim, dim])] as const;
  return system.pullback(system.ofUnknown(dim), given, vectors, wanted, how);
}

export const addGradients = (sums: Gradients, more: Gradients): Gradients =>
  sums.map((sum, n) => (sum && more[n] ? add(sum, more[n]) : (more[n] ?? sum)));
