/**
 * When fewer pairs pay: what all pairs cost, when leaving some out pays, and when a process makes the first plan of a
 * kind. Rates were measured once, so that equal calls take equal ways whatever else the machine does. The one idea is
 * that what is lost where it does not pay must be small beside computing all pairs.
 */
import { asserted } from "../asserts";
import type { Operator } from "../call/operator";
import { flopsPerPair } from "../call/plan";
import type { Given, How } from "../call/prepared";
import type { Dtype } from "../device/memory";
import { instructionSet } from "../device/native";
import { Category } from "../formula/formula";
import type { Formula } from "../formula/formula";
import { groupOfCall } from "./shared";
import type { CallGroup } from "./shared";

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

// ------------------------------------------------------------------------------------------ leaving out pairs, exactly

/** What a call is, as far as its cost goes. */
export interface Sizes {
  readonly rows: number;
  readonly columns: number;
  /** Points that have to be sorted: rows and columns, or one of them where they are the same. */
  readonly points: number;
  readonly flops: number;
  /** Coordinates by which points are sorted. */
  readonly dim: number;
}

/** Decides for a call, or an entry of its batch. */
export interface Choice {
  /** Pairs below which nothing else is asked. */
  readonly leastPairs: number;
  /** Before anything is sorted: why it does not pay, or null. */
  whyNot(sizes: Sizes): string | null;
  /** Points of a leaf, about. */
  readonly leaf: number;
  /** Of so many leaves of rows one is looked at before the others. */
  readonly sampled: number;
  /** Pairs that may be left. */
  mostPairs(sizes: Omit<Sizes, "points">): number;
}

export const FEW_PAIRS = "there are too few pairs";
export const MANY_LEFT = "too many pairs may hold a best value";

/** Of a pair among all pairs, and of one among those that are left. */
const perPair = (flops: number): number => Math.max(0.22, 0.025 * flops);
const perPairLeft = (flops: number): number => 0.6 + perPair(flops);
/** Of a point that is sorted, and of a row that is computed twice. */
const PER_POINT = 300;
const PER_ROW = 400;
/** What may be lost where it does not pay, as a part of all. */
const MOST_LOST = 0.1;
/** Points of a leaf: a few vectors of rows, and columns enough for a loop. */
const LEAF = 28;
const SAMPLED = 16;
/** Leaves of columns that are left of a leaf of rows among uniform points, by dim. */
const leavesLeft = (dim: number): number => 3 ** dim;

/** In nanoseconds of a processor with AVX2: sorting the points and looking at a few rows must be small beside all pairs. */
export const MEASURED: Choice = {
  leastPairs: 1e7,
  whyNot({ rows, columns, points, flops, dim }) {
    const all = rows * columns * perPair(flops);
    if (points * PER_POINT + (rows * PER_ROW) / SAMPLED > MOST_LOST * all) return FEW_PAIRS;
    const left = leavesLeft(dim) * LEAF * Math.max(1, columns / rows);
    return rows * (left * perPairLeft(flops) + PER_ROW) > all ? MANY_LEFT : null;
  },
  leaf: LEAF,
  sampled: SAMPLED,
  mostPairs: ({ rows, columns, flops }) => (rows * (columns * perPair(flops) - PER_ROW)) / perPairLeft(flops),
};

// ----------------------------------------------------------------------------------------- the first plan of a process

/**
 * The first plan of a kind, as calls come: code that has never run takes ten times as long, so that it has to save more
 * than those that follow. It is made once calls with a tolerance would have taken some time without one.
 */
export class FirstPlan {
  /** What all pairs of the calls before would have taken; Infinity once there was a plan. */
  private readonly spent: Record<CallGroup, number> = { alone: 0, onRanks: 0 };

  /** @param least nanoseconds of processor time that calls take before the first of them is planned. */
  constructor(private readonly least: number) {}

  /** Whether a call whose pairs take so many nanoseconds comes before it. */
  isBefore(how: How, nanoseconds: number): boolean {
    return this.spent[groupOfCall(how)] + nanoseconds < this.least;
  }

  /** Counts a call whose pairs take so many nanoseconds. */
  note(how: How, nanoseconds: number): void {
    this.spent[groupOfCall(how)] += nanoseconds;
  }

  /** Is told that it is made: none comes before it any more. */
  begin(how: How): void {
    this.spent[groupOfCall(how)] = Infinity;
  }
}

/** Why a call has no plan that comes before the first one. */
export const whyBefore = (rows: number, columns: number): string =>
  `all ${rows} x ${columns} pairs take less time than a plan, the first of this process`;

// Measured with AVX2: a first plan that is in vain takes about a tenth of this.
export const firstDrop: FirstPlan = new FirstPlan(3e8);
export const firstSplit: FirstPlan = new FirstPlan(8e8);
export const firstTree: FirstPlan = new FirstPlan(2.5e9);
