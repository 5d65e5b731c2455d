/**
 * Entries of lazy expressions: all of them, those at i = j, those of a rectangle. The one idea: an entry is a value of
 * the formula on views of its arrays, so nothing is copied, and derivatives come along. Must not know how users write
 * operations.
 */
import { denseOf } from "../call/dense";
import { described } from "../array/check";
import { reshapeView, shapeText, sizeOf, viewOf } from "../array/view";
import type { RealArray } from "../array/view";
import { at } from "../asserts";
import { ArgumentError } from "../errors";
import { Category } from "../formula/formula";
import { DENSE, settingsOf } from "../genred";
import type { DenseOptions } from "../genred";
import { optionsOf } from "../options";
import { arraysOf, bound, operatorOf, sizesText } from "./expression";
import type { Expression } from "./expression";
import { categoryOf, isArray, leafOf, withoutShards } from "./leaf";
import { checkClosed } from "./reduce";

const SUM = settingsOf({ axis: 1 });

/**
 * All values `[...batch, M, N, dim]`. @throws ArgumentError for more than `maxBytes`, ranges, or symbolic variables.
 */
export function denseValues(expression: Expression, options: DenseOptions | null | undefined): RealArray {
  const { maxBytes = DENSE.maxBytes.default, ...where } = optionsOf("dense", options, DENSE);
  checkClosed("dense", expression.leaves);
  withoutShards("dense", expression.leaves);
  withoutRanges("dense", expression);
  const of = bound([expression.formula], expression.leaves);
  const operator = operatorOf(of, SUM);
  return denseOf(
    operator,
    operator.arrays(arraysOf(of, [])),
    { backend: expression.where.backend, ...where },
    maxBytes,
  );
}

/**
 * The values at i = j as an expression over i alone. @throws ArgumentError unless there are as many i as j, or for
 * ranges.
 */
export function diagonal(where: string, expression: Expression): Expression {
  const [rows, columns] = expression.sizes;
  if (rows === null || rows !== columns)
    throw new ArgumentError(`${where}: expected as many i as j, got ${sizesText(expression)}`);
  withoutRanges(where, expression);
  return expression.mapLeaves((leaf) =>
    categoryOf(leaf) === Category.J && isArray(leaf.value) ? leafOf(leaf.value, Category.I) : leaf,
  );
}

/** What is not visited counts as nothing in reductions, but entries are values of the formula. */
function withoutRanges(where: string, { where: { ranges } }: Expression): void {
  if (ranges) throw new ArgumentError(`${where}: expected no ranges, got some: entries are those of all pairs`);
}

/** Begin, inclusive, and end, exclusive; null for all. */
export type IndexSpan = readonly [begin: number, end: number] | null;

/** The expression on rows and columns within two spans. */
export function sliceExpression(expression: Expression, rows: IndexSpan, columns: IndexSpan): Expression {
  withoutRanges("slice", expression);
  withoutShards("slice", expression.leaves);
  checkSpan("slice, rows", rows, expression.sizes[0]);
  checkSpan("slice, columns", columns, expression.sizes[1]);
  return expression.mapLeaves((leaf) => {
    const category = categoryOf(leaf);
    const span = category === Category.I ? rows : category === Category.J ? columns : null;
    return span && isArray(leaf.value) ? leafOf(within(leaf.value, span), category) : leaf;
  });
}

/** @throws ArgumentError unless there is such a row or column. */
export function checkIndex(where: string, index: unknown, size: number | null): void {
  if (size !== null && Number.isSafeInteger(index) && (index as number) >= 0 && (index as number) < size) return;
  const expected = size === null ? "a tensor that has rows and columns" : `an integer from 0 to ${size - 1}`;
  throw new ArgumentError(`${where}: expected ${expected}, got ${described(index)}`);
}

function checkSpan(where: string, span: unknown, size: number | null): void {
  if (span === null) return;
  const [begin, end] = Array.isArray(span) && span.length === 2 ? (span as unknown[]) : [];
  const fits = Number.isSafeInteger(begin) && Number.isSafeInteger(end) && size !== null;
  if (fits && 0 <= (begin as number) && (begin as number) <= (end as number) && (end as number) <= size) return;
  const got = Array.isArray(span) ? `[${span.join(", ")}]` : described(span);
  throw new ArgumentError(`${where}: expected null or [begin, end] within [0, ${size ?? "a size"}], got ${got}`);
}

function within(array: RealArray, [begin, end]: readonly [number, number]): RealArray {
  const axis = array.shape.length - 2;
  const shape = array.shape.map((length, n) => (n === axis ? end - begin : length));
  return viewOf(array, { shape, stride: array.stride, offset: array.offset + begin * at(array.stride, axis) });
}

/** An array without an axis of length 1. */
export function dropAxis(array: RealArray, axis: number): RealArray {
  const shape = array.shape.filter((_, n) => n !== axis);
  if (sizeOf(shape) === sizeOf(array.shape)) return reshapeView(array, shape);
  throw new ArgumentError(`expected an axis of length 1, got ${shapeText(array.shape)}`);
}
