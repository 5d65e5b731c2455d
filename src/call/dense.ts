/**
 * The values of a formula at all pairs. The one idea: a row of this array is an entry of a batch with one i, over which
 * the sum is the value itself, so derivatives of any order come along.
 */
import type { RealArray } from "../array/view";
import { at } from "../asserts";
import { onceFor } from "../once";
import { Category } from "../formula/formula";
import { entryPerRow } from "./batches";
import { Operator } from "./operator";
import { checkPlacement } from "./prepared";
import type { CallOptions } from "./prepared";
import { PLAIN_SUM, checkMemory } from "./result";

/** `[...batch, M, N, dim]`. @throws ArgumentError if the result would take more than `maxBytes`. */
export function denseOf(
  operator: Operator,
  arrays: readonly RealArray[],
  where: Pick<CallOptions, "backend" | "device" | "compile">,
  maxBytes: number,
): RealArray {
  const given = operator.check(arrays);
  const { batch, extents, dtype } = given;
  checkMemory([...batch, ...extents, operator.formula.dim], dtype, maxBytes);
  const entries = operator.args.map((argument, n) => entryPerRow(argument, at(arrays, n)));
  return unreducedOf(operator).values(entries, checkPlacement(where, given));
}

const unreducedOf = onceFor(
  ({ formula, args }: Operator) => new Operator([formula], args, { ...PLAIN_SUM, rows: Category.J }),
);
