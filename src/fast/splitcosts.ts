/**
 * What pairs cost, in nanoseconds of processor time: rates that were measured once, so that equal calls take equal ways
 * whatever else the machine does.
 */
import { asserted } from "../asserts";
import type { Operator } from "../call/operator";
import { flopsPerPair } from "../call/plan";
import type { Given } from "../call/prepared";
import type { Dtype } from "../device/memory";
import { instructionSet } from "../device/native";
import type { Formula } from "../formula/formula";

/** An operation at a pair, in a compiled loop over Gaussians, by instruction set (AMD EPYC, Zen 3, and Zen 4 for AVX-512). */
const PER_OPERATION: Readonly<Record<string, Readonly<Record<Dtype, number>>>> = {
  baseline: { float32: 0.055, float64: 0.08 },
  avx2: { float32: 0.017, float64: 0.045 },
  avx512: { float32: 0.009, float64: 0.022 },
};

export function pairNanoseconds(formula: Formula, dtype: Dtype): number {
  const rates = PER_OPERATION[instructionSet()] ?? PER_OPERATION["avx2"];
  return (flopsPerPair(formula) + 2 * formula.dim) * asserted(rates, "rates")[dtype];
}

/** A call that computes all pairs. */
export function directNanoseconds(operator: Operator, given: Given): number {
  const { rows, columns } = operator.sizes(given);
  return rows * columns * pairNanoseconds(operator.formula, given.dtype);
}
