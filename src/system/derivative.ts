/**
 * The derivative of a solution: one more solve, with the transposed formula (implicit function theorem), and gradients of the product.
 */
import { mul, neg, reshape, sum } from "../array/dense";
import type { Dtype, RealArray } from "../array/view";
import type { Argument } from "../formula/arguments";
import type { Given } from "../call/prepared";
import { howOf, summedTo } from "../call/prepared";
import type { Operator } from "../call/operator";
import type { Tell } from "../call/run";
import { blocking } from "../call/run";
import type { Task } from "../solver/task";
import type { Inverses } from "./method";
import { alphaArray } from "./options";
import type { SolveOptions } from "./options";
import { replaced } from "./replaced";
import type { Solved } from "./solved";

/** A solve of checked arrays in float64. */
export interface SystemCall {
  readonly given: Given;
  /** What is computed with: `given`, or a copy of it. */
  readonly read: Given;
  readonly options: SolveOptions;
  /** What the data were. */
  readonly data: Dtype;
  /** One per entry of the batch. */
  readonly inverses: readonly Inverses[];
  readonly tell?: Tell | undefined;
}

/** What a derivative needs of a system. */
export interface Differentiable {
  readonly unknown: Argument;
  /** The system of the transpose of K. */
  transposed(): { readonly operator: Operator; run(call: SystemCall): Task<Solved> };
  /** -K, whose gradients are those of b - K a. */
  negative(): Operator;
}

/**
 * With a = (K + alpha I)^-1 b and the cotangent e of a: lambda = (K^T + alpha I)^-1 e is the cotangent of b, and that of any other
 * argument is the gradient of -lambda · K a.
 * @returns one per argument, and that of alpha; null where it is not wanted.
 */
export function pullback(
  system: Differentiable,
  { given, options: { x0: _, onIteration: __, ...options }, data, inverses }: Omit<SystemCall, "read" | "tell">,
  solution: RealArray,
  cotangent: RealArray,
  wanted: readonly boolean[],
): (RealArray | null)[] {
  const { arrays, extents } = given;
  const { unknown } = system;
  const at = unknown.position;
  const adjoint = system.transposed();
  const turned = adjoint.operator.check(replaced(arrays, at, cotangent), extents);
  const { solution: lambda } = blocking(adjoint.run({ given: turned, read: turned, options, data, inverses }));
  const ofRight = wanted[at] ? summedTo(lambda, unknown, arrays[at]!.shape) : null;
  const alpha = alphaArray(options);
  const ofAlpha = alpha && wanted[arrays.length] ? reshape(neg(sum(mul(lambda, solution))), alpha.shape) : null;
  const others = arrays.map((_, n) => wanted[n] === true && n !== at);
  if (!others.includes(true)) return [...arrays.map((_, n) => (n === at ? ofRight : null)), ofAlpha];
  const how = howOf(options, extents);
  const gradients = system.negative().pullback(replaced(arrays, at, solution), lambda, others, how);
  return [...replaced(gradients, at, ofRight), ofAlpha];
}
