/**
 * The derivative of a solution: one more solve, with the transposed formula (implicit function theorem), and gradients
 * of the product.
 */
import { mul, neg, reshape, sum } from "../array/arithmetic";
import type { Dtype, RealArray } from "../array/view";
import { summedTo } from "../call/batches";
import type { Given } from "../call/prepared";
import type { Tell } from "../call/run";
import type { Inverses } from "./choose";
import { replaceAt } from "./kernelmatrix";
import { alphaArray, placementOf } from "./solveoptions";
import type { SolveSettings } from "./solveoptions";
import type { System } from "./system";

/** A solve of checked arrays in float64. */
export interface SystemCall {
  readonly given: Given;
  /** What is computed with: `given`, or a copy of it. */
  readonly read: Given;
  readonly settings: SolveSettings;
  /** What the data were. */
  readonly data: Dtype;
  /** One per entry of the batch. */
  readonly inverses: readonly Inverses[];
  readonly tell?: Tell | undefined;
}

/**
 * With a = (K + alpha I)^-1 b and the cotangent e of a: lambda = (K^T + alpha I)^-1 e is the cotangent of b, and that
 * of any other argument is the gradient of -lambda · K a.
 * @param solve solves the transposed system.
 * @returns one per argument, and that of alpha; null where it is not wanted.
 */
export function pullback(
  system: System,
  { given, settings: { x0: _, onIteration: __, ...settings }, data, inverses }: Omit<SystemCall, "read" | "tell">,
  [solution, cotangent]: readonly [RealArray, RealArray],
  wanted: readonly boolean[],
  solve: (system: System, call: SystemCall) => RealArray,
): (RealArray | null)[] {
  const { arrays } = given;
  const { unknown } = system;
  const at = unknown.position;
  const adjoint = system.transpose();
  const turned = adjoint.withUnknown(given, cotangent);
  const lambda = solve(adjoint, { given: turned, read: turned, settings, data, inverses });
  const ofRight = wanted[at] ? summedTo(lambda, unknown, arrays[at]!.shape) : null;
  const alpha = alphaArray(settings);
  const ofAlpha = alpha && wanted[arrays.length] ? reshape(neg(sum(mul(lambda, solution))), alpha.shape) : null;
  const others = arrays.map((_, n) => wanted[n] === true && n !== at);
  if (!others.includes(true)) return [...arrays.map((_, n) => (n === at ? ofRight : null)), ofAlpha];
  const how = placementOf(settings, given);
  const gradients = system.pullback(system.negative(), given, [solution, lambda], others, how);
  return [...replaceAt(gradients, at, ofRight), ofAlpha];
}
