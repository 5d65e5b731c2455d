/**
 * What a call would cost and where it would run, told without running it. Must not know texts.
 */
import { onceFor } from "../once";
import { sizeOf } from "../array/view";
import type { RealArray } from "../array/view";
import { plannedPlace } from "../device/devices";
import type { BackendName } from "../device/devices";
import { visitedPairs } from "../device/addoncall";
import { Depends, lowerFormula, nodesOf } from "../formula/formula";
import type { Formula } from "../formula/formula";
import type { Operator } from "./operator";
import { checkPlacement } from "./prepared";
import type { CallOptions } from "./prepared";
import type { Shortcut } from "./result";

/** Where a call would run now, how it would get its result, and what it would cost. */
export interface CallPlan extends Shortcut {
  /** Which backend it would run on. */
  readonly backend: BackendName;
  /**
   * Why it cannot run there, in one sentence, or null: the plan of a backend can be read where that backend is missing.
   */
  readonly whyNot: string | null;
  /** Instruction set and tiles of the backend, in words; undefined where there are none. */
  readonly tiles: string | undefined;
  /** Pairs (i, j) of the call, or of its ranges, in all entries of a batch. */
  readonly pairs: number;
  /** Operations on numbers at each pair, about; what is computed once per i or j is not counted. */
  readonly flopsPerPair: number;
  /** Bytes of the arrays that are read. */
  readonly bytes: number;
  /** Bytes that the formula's values at all pairs would take, and never do. */
  readonly denseBytes: number;
  /**
   * What the formula becomes there: C++, CUDA, or the program of the tiles in words; undefined where nothing is
   * written.
   */
  readonly code: string | undefined;
}

/** @throws ArgumentError for arrays that do not fit, DeviceError for arrays that are elsewhere. */
export function planOf(operator: Operator, arrays: readonly RealArray[], options: CallOptions): CallPlan {
  const given = operator.check(arrays);
  const how = checkPlacement(options, given, plannedPlace);
  const { rows, columns } = operator.sizes(given);
  const { backend, whyNot, tiles, code } = operator.preview(given, how);
  const entries = sizeOf(given.batch);
  const realBytes = given.dtype === "float64" ? 8 : 4;
  return {
    ...operator.shortcut(given, how),
    backend,
    whyNot,
    tiles,
    pairs: entries * visitedPairs({ rows, columns, ranges: how.ranges?.[operator.settings.rows] }),
    flopsPerPair: operator.formulas.reduce((sum, each) => sum + flopsPerPair(each), 0),
    bytes: given.arrays.reduce((sum, { shape }) => sum + sizeOf(shape) * realBytes, 0),
    denseBytes: entries * rows * columns * operator.formula.dim * realBytes,
    code,
  };
}

/**
 * Numbers that are computed at each pair, about: a multiplication and an addition are two, a function is what it costs.
 */
export const flopsPerPair: (formula: Formula) => number = onceFor((formula) => {
  const atPairs = nodesOf(lowerFormula(formula)).filter(({ depends }) => depends === Depends.Both);
  return atPairs.reduce((sum, node) => sum + ownOperations(node), 0);
});

function ownOperations(node: Formula): number {
  const { shape } = node.operation;
  if (shape.kind === "elementwise") return shape.cost * node.dim;
  if (shape.kind !== "contraction") return 0;
  const { kept, summed } = shape.axes(
    node.args.map(({ dim }) => dim),
    node.params,
  );
  return 2 * [...kept, ...summed].reduce((size, axis) => size * axis.size, 1);
}
