/** Derivatives of any order against finite differences in float64. */
import { array, grad, nd, randn, requiresGrad } from "../../src";
import type { RealArray } from "../../src";
import { wide } from "./numbers";

/** sum(a * b) as a recorded array of one element. */
export const inner = (a: RealArray, b: RealArray): RealArray => nd.sum(nd.mul(a, b));

/** a + t d, unmarked. */
const moved = (a: RealArray, d: RealArray, t: number): RealArray => array(nd.add(a, nd.mul(d, t)));

/** The derivative at t = 0, to fourth order in the step. */
export function slope(f: (t: number) => number, h = 1e-3): number {
  return (8 * (f(h) - f(-h)) - (f(2 * h) - f(-2 * h))) / (12 * h);
}

/** L_0 = e · f(a), L_{k+1} = v_k · dL_k/da: each must be the slope of the one before along v_k. */
export function expectDerivatives(
  f: (a: RealArray) => RealArray,
  a: RealArray,
  orders: number,
  tolerance: number,
): void {
  const directions = Array.from({ length: orders }, (_, k) => randn(a.shape, { ...wide, seed: 20 + k }));
  const levels = (at: RealArray): RealArray[] => {
    const marked = requiresGrad(array(at));
    const result = f(marked);
    const found = [inner(result, randn(result.shape, { ...wide, seed: 19 }))];
    for (const v of directions) found.push(inner(grad(found.at(-1)!, [marked], null, { createGraph: true })[0], v));
    return found;
  };
  const exact = levels(a);
  directions.forEach((v, k) => {
    const expected = slope((t) => levels(moved(a, v, t))[k]!.data[0]!);
    const got = exact[k + 1]!.data[0]!;
    expect(Math.abs(got - expected)).toBeLessThanOrEqual(tolerance * Math.max(1, Math.abs(expected)));
  });
}
