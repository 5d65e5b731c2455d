/**
 * The values of a formula at every pair, for small problems. The one idea: a row of this array is an entry of a batch with one i, over
 * which the sum is the value itself; so there is nothing new to compute, and derivatives of any order come along.
 */
import { expanded, shapeText } from "../array/view";
import type { RealArray } from "../array/view";
import type { Extents } from "./arguments";
import { rankOf } from "./batch";
import { ArgumentError } from "../errors";
import type { Argument } from "../formula/arguments";
import { Category } from "../formula/formula";
import { howOf } from "./call";
import type { CallOptions } from "./call";
import { Operator, PLAIN_SUM } from "./operator";

const GIB = 2 ** 30;

/** The formulas at all pairs `[...batch, M, N, dim]`. */
export class PairValues {
  private readonly operator: Operator;

  constructor(private readonly reduced: Operator) {
    this.operator = new Operator(reduced.formulas.slice(0, 1), reduced.args, { ...PLAIN_SUM, rows: Category.J });
  }

  /** @throws ArgumentError if arrays do not fit, or the result would take more than `maxBytes`. */
  compute(arrays: readonly RealArray[], where: Omit<CallOptions, "ranges" | "out">, maxBytes: number): RealArray {
    const { batch, extents, dtype } = this.reduced.check(arrays);
    this.checkMemory(batch, extents, dtype === "float64" ? 8 : 4, maxBytes);
    const spread = arrays.map((array, n) => perRow(this.reduced.args[n]!, array));
    return this.operator.values(spread, howOf(where, extents));
  }

  private checkMemory(batch: readonly number[], extents: Extents, width: number, maxBytes: number): void {
    const shape = [...batch, ...extents, this.operator.formulas[0]!.dim];
    const bytes = shape.reduce((size, length) => size * length, width);
    if (bytes <= maxBytes) return;
    const gib = (size: number): string => `${(size / GIB).toPrecision(3)} GiB`;
    throw new ArgumentError(
      `dense: expected an array of at most ${gib(maxBytes)} (option maxBytes), got shape ${shapeText(shape)} of ${gib(bytes)}`,
    );
  }
}

/** Seen as entries with one i each: `[..., M, 1, dim]` for Vi, `[..., 1, N, dim]` for Vj, `[..., 1, dim]` for parameters. */
function perRow(argument: Argument, array: RealArray): RealArray {
  const rank = array.shape.length;
  if (argument.category === Category.P) return rank === rankOf(argument) ? array : expanded(array, rank - 1);
  return expanded(array, argument.category === Category.I ? rank - 1 : rank - 2);
}
