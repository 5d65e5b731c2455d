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
import { Category } from "../formula/formula";
import type { Formula } from "../formula/formula";

/**
 * An operation at a pair, in a compiled loop over Gaussians, by instruction set (AMD EPYC, Zen 3, and Zen 4 for AVX-512);
 * on tiles for WebAssembly, which has no other.
 */
const PER_OPERATION: Readonly<Record<string, Readonly<Record<Dtype, number>>>> = {
  baseline: { float32: 0.055, float64: 0.08 },
  avx2: { float32: 0.017, float64: 0.045 },
  avx512: { float32: 0.009, float64: 0.022 },
  wasm: { float32: 0.115, float64: 0.18 },
};

export function pairNanoseconds(formula: Formula, dtype: Dtype): number {
  return (flopsPerPair(formula) + 2 * formula.dim) * operationNanoseconds(dtype);
}

export function operationNanoseconds(dtype: Dtype): number {
  const rates = PER_OPERATION[instructionSet()] ?? PER_OPERATION["avx2"];
  return asserted(rates, "rates")[dtype];
}

/** A call that computes all pairs; where rows and columns have the same points, each pair may serve both. */
export function directNanoseconds(operator: Operator, given: Given): number {
  const { args, formula } = operator;
  const { rows, columns } = operator.sizes(given);
  const dataOf = (category: Category): unknown[] =>
    given.arrays.filter((_, n) => args[n]?.category === category).map(({ data }) => data);
  const shared = new Set(dataOf(Category.I));
  const isAlone = !given.shards; // ranks evaluate each pair for its row
  const share = isAlone && rows === columns && dataOf(Category.J).some((data) => shared.has(data)) ? OF_SYMMETRIC : 1;
  return share * rows * columns * pairNanoseconds(formula, given.dtype);
}

const OF_SYMMETRIC = 0.6;
