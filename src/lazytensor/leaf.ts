/**
 * The leaves of lazy expressions: what a variable stands for. The one idea is identity: the same array in the same role
 * is the same variable, whenever it was wrapped, so that equal parts of expressions are recognised as equal. Knows no
 * operation.
 */
import { arrayIn, described, isNdarray } from "../array/check";
import type { ArrayInput } from "../array/check";
import { shapeOfAll, shardOf, sumOf } from "../array/shard";
import { commonShape, dtypeOf, shapeText, viewOf } from "../array/view";
import type { Dtype, RealArray } from "../array/view";
import { asserted, at } from "../asserts";
import { ArgumentError } from "../errors";
import { Category, asVariable, variable } from "../formula/formula";
import type { Formula } from "../formula/formula";

/**
 * A variable and what it stands for: an array, a number, a list of numbers, or, where symbolic, an argument of later
 * calls.
 */
export interface Leaf {
  /** The position is a name that no other leaf has; calls number their arguments anew. */
  readonly variable: Formula;
  readonly value: RealArray | number | readonly number[] | null;
  /** Place among the arguments of later calls, of symbolic leaves. */
  readonly place: number | null;
}

/** Sizes of i and of j; null where nothing is indexed by it. */
export type Sizes = readonly [number | null, number | null];

let named = 0;
const ofArrays = new WeakMap<RealArray, Map<Category, Leaf>>();
const symbols = new Map<string, Leaf>();

const leaf = (value: Leaf["value"], dim: number, category: Category, place: number | null = null): Leaf => ({
  variable: variable(named++, dim, category),
  value,
  place,
});

/** Components of an array: its last dimension. */
const dimOf = ({ shape }: RealArray): number => asserted(shape.at(-1), "a dimension");

/** The leaf of a checked array `[...batch, rows, dim]`, or `[...batch, dim]` for parameters. */
export function leafOf(array: RealArray, category: Category): Leaf {
  const known = ofArrays.get(array) ?? new Map<Category, Leaf>();
  ofArrays.set(array, known);
  const found = known.get(category) ?? leaf(array, dimOf(array), category);
  known.set(category, found);
  return found;
}

/** A parameter whose dtype will be that of the arrays that it meets. */
export const numberLeaf = (value: number | readonly number[]): Leaf =>
  leaf(value, typeof value === "number" ? 1 : value.length, Category.P);

/** Argument number `place` of later calls. @throws FormulaError for a dim or a category that is none. */
export function symbolLeaf(place: number, dim: number, category: Category): Leaf {
  if (!Number.isSafeInteger(place) || place < 0)
    throw new ArgumentError(`Var: expected an index of at least 0, got ${described(place)}`);
  if (!Number.isSafeInteger(dim) || dim < 1)
    throw new ArgumentError(`Var: expected a dim of at least 1, got ${described(dim)}`);
  const key = [place, dim, category].join();
  const found = symbols.get(key) ?? leaf(null, dim, category, place);
  symbols.set(key, found);
  return found;
}

export const categoryOf = ({ variable: v }: Leaf): Category => asVariable(v).category;
export const isArray = (value: Leaf["value"]): value is RealArray => typeof value === "object" && isNdarray(value);
const KINDS = ["Vi", "Vj", "Pm"] as const;

/** The leaf with i and j exchanged. */
export function otherLeaf(of: Leaf): Leaf {
  const category = categoryOf(of);
  if (category === Category.P) return of;
  const other = category === Category.I ? Category.J : Category.I;
  return of.place === null ? leafOf(of.value as RealArray, other) : symbolLeaf(of.place, of.variable.dim, other);
}

/** `Vi [5, 3]`, as errors say it. */
export function leafText(of: Leaf): string {
  const kind = KINDS[categoryOf(of)];
  if (of.place !== null) return `${kind}(${of.place}, ${of.variable.dim})`;
  return isArray(of.value) ? `${kind} ${shapeOfAll(of.value)}` : `${kind}(${String(of.value)})`;
}

/** The array in the role that was asked for. @throws ArgumentError unless it has rows and components. */
export function indexedLeaf(where: string, value: unknown, category: Category.I | Category.J): Leaf {
  return leafOf(checkIndexed(where, value, category === Category.I ? "M" : "N"), category);
}

function checkIndexed(where: string, value: unknown, rows: "M" | "N"): RealArray {
  const array = arrayIn(where, value as ArrayInput);
  if (array.shape.length >= 2 && dimOf(array) >= 1) return array;
  throw new ArgumentError(`${where}: expected shape [${rows}, D], got ${shapeOfAll(array)}`);
}

/** Position of the vector of a product; no other leaf has it. */
const VECTOR = -1;

/**
 * A vector `[...batch, N, E]` that a matrix is applied to. One variable serves all of a dim: it stands for itself,
 * whatever else its array stands for, and products with other vectors are the same formula, whose routine is known.
 */
export function vectorLeaf(where: string, value: unknown): Leaf {
  const array = checkIndexed(where, value, "N");
  return { variable: variable(VECTOR, dimOf(array), Category.J), value: array, place: null };
}

/** @throws ArgumentError unless the value is a number, a list of numbers, or an array `[D]` or `[...batch, D]`. */
export function parameterLeaf(where: string, value: unknown): Leaf {
  if (typeof value === "number" || isNumbers(value)) return numberLeaf(value);
  const array = arrayIn(where, value as ArrayInput);
  if (array.shape.length >= 1 && dimOf(array) >= 1) return leafOf(array, Category.P);
  throw new ArgumentError(`${where}: expected shape [D], got ${shapeText(array.shape)}`);
}

export const isNumbers = (value: unknown): value is readonly number[] =>
  Array.isArray(value) && value.length > 0 && value.every((n) => typeof n === "number");

/**
 * The leaf of an array whose axes tell its role: `[D]` a parameter, `[..., M, 1, D]` indexed by i, `[..., 1, N, D]` by
 * j, `[..., 1, 1, D]` a parameter. @throws ArgumentError for a matrix, whose role nothing tells.
 */
export function guessedLeaf(where: string, value: unknown): Leaf {
  const array = arrayIn(where, value as ArrayInput);
  const { shape } = array;
  const rank = shape.length;
  if (rank === 1) return parameterLeaf(where, array);
  if (rank > 2 && shardOf(array))
    throw new ArgumentError(`${where}: expected Vi(x) or Vj(x) of a shard, got one of shape ${shapeText(shape)}`);
  if (rank === 2) throw new ArgumentError(`${where}: expected Vi(x) or Vj(x), got ${leadless(shape)}`);
  const [rows, columns] = shape.slice(-3);
  if (rank > 2 && columns === 1)
    return rows === 1
      ? squeezeAxes(array, [rank - 3, rank - 2], Category.P)
      : squeezeAxes(array, [rank - 2], Category.I);
  if (rank > 2 && rows === 1) return squeezeAxes(array, [rank - 3], Category.J);
  throw new ArgumentError(
    `${where}: expected shape [..., M, 1, D], [..., 1, N, D] or [..., 1, 1, D], got ${shapeText(shape)}`,
  );
}

const leadless = (shape: readonly number[]): string => `an array of shape ${shapeText(shape)} that could be either`;

function squeezeAxes(array: RealArray, axes: readonly number[], category: Category): Leaf {
  const withoutAxes = (list: readonly number[]): number[] => list.filter((_, axis) => !axes.includes(axis));
  const view = viewOf(array, {
    shape: withoutAxes(array.shape),
    stride: withoutAxes(array.stride),
    offset: array.offset,
  });
  return leafOf(view, category);
}

// ------------------------------------------------------------------------------------------------ of several leaves

/** Leaves of several expressions, each once. */
export function union(...lists: readonly (readonly Leaf[])[]): readonly Leaf[] {
  return [...new Map(lists.flat().map((of) => [of.variable, of])).values()];
}

/** The rows of an array, of a shard those of all ranks. */
export function rowsOf(array: RealArray): number {
  const shard = shardOf(array);
  return shard ? sumOf(shard.counts) : asserted(array.shape.at(-2), "rows");
}

/** @throws ArgumentError where an array has the rows of one rank alone. */
export function withoutShards(where: string, leaves: readonly Leaf[]): void {
  const found = leaves.find(({ value }) => isArray(value) && shardOf(value) !== undefined);
  if (found)
    throw new ArgumentError(
      `${where}: expected arrays that all ranks have, got a shard in ${leafText(found)}: gather it`,
    );
}

/** Sizes of i and j. @throws ArgumentError where two arrays of one index differ. */
export function sizesOf(leaves: readonly Leaf[]): Sizes {
  const sizes: [number | null, number | null] = [null, null];
  const firsts: (Leaf | undefined)[] = [];
  for (const of of leaves) {
    const category = categoryOf(of);
    if (category === Category.P || !isArray(of.value)) continue;
    const rows = rowsOf(of.value);
    const first = (firsts[category] ??= of);
    if (sizes[category] !== null && sizes[category] !== rows) throw differing("one number of rows", first, of);
    sizes[category] = rows;
  }
  return sizes;
}

/** The dtype of the arrays, null where there are none. @throws ArgumentError where they differ. */
export function dtypeAmong(leaves: readonly Leaf[]): Dtype | null {
  const arrays = leaves.filter(({ value }) => isArray(value));
  const dtypes = arrays.map(({ value }) => dtypeOf(value as RealArray));
  const other = dtypes.findIndex((dtype) => dtype !== dtypes[0]);
  if (other < 0) return dtypes[0] ?? null;
  const got = [0, other].map((n) => `${leafText(at(arrays, n))} of ${at(dtypes, n)}`).join(" and ");
  throw new ArgumentError(`LazyTensor: expected arrays of one dtype, got ${got}: convert one with astype(x, dtype)`);
}

const leading = (of: Leaf): readonly number[] =>
  isArray(of.value) ? of.value.shape.slice(0, categoryOf(of) === Category.P ? -1 : -2) : [];

/** Batch dimensions of all leaves together, broadcast as in NumPy. */
export function batchOf(leaves: readonly Leaf[]): readonly number[] {
  const arrays = leaves.filter(({ value }) => isArray(value));
  let common: readonly number[] = [];
  for (const of of arrays) {
    const both = commonShape(common, leading(of));
    if (!both) throw differing("batch dimensions that broadcast", at(arrays, 0), of);
    common = both;
  }
  return common;
}

function differing(what: string, first: Leaf, other: Leaf): ArgumentError {
  return new ArgumentError(`LazyTensor: expected arrays with ${what}, got ${leafText(first)} and ${leafText(other)}`);
}
