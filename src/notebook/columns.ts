/**
 * What charts are given, read into plain numbers: values `[N]`, points `[N, D]`, grids, tables of columns. The one idea:
 * an ndarray, a typed array and (nested) lists are alike, so that a chart sees numbers in row-major order and a shape.
 * Must not know what is drawn.
 */
import { array } from "../array/array";
import type { Nested, NumberArray } from "../array/array";
import { isList, isNdarray } from "../array/check";
import { readable, shapeText, sizeOf } from "../array/view";
import type { RealArray } from "../array/view";
import { asserted } from "../asserts";
import { ArgumentError } from "../errors";
import { describeValue, isOptions, messageOf, suggestion } from "../options";

/** Numbers `[N]`, points `[N, D]` or a grid: an ndarray, a typed array, or nested lists. */
export type ChartValues = NumberArray | Nested;

/** Numbers or names, one for each point. */
export type PointValues = ChartValues | readonly string[] | { readonly data: ArrayLike<number> };

export interface Numbers {
  readonly shape: readonly number[];
  /** In row-major order; not to be written into. */
  readonly numbers: RealArray["data"];
}

/** Numbers in whatever form, of any shape. @throws ArgumentError that begins with `where`. */
export function numbersOf(where: string, values: unknown): Numbers {
  if (!isNdarray(values) && !isList(values))
    throw new ArgumentError(
      `${where}: expected an ndarray, a typed array or lists of numbers, got ${describeValue(values)}`,
    );
  try {
    const made = isFloat(values) ? array(values) : array(values as Nested, { dtype: "float64" });
    return { shape: made.shape, numbers: readable(made) };
  } catch (error) {
    throw new ArgumentError(messageOf(error).replace(/^array\b/, where), { cause: error });
  }
}

const isFloat = (values: unknown): values is RealArray => {
  const data = isNdarray(values) ? values.data : values;
  return data instanceof Float32Array || data instanceof Float64Array;
};

/** Numbers `[N]`, of arrays also `[N, 1]`. @throws ArgumentError. */
export function vectorOf(where: string, values: unknown): RealArray["data"] {
  const { shape, numbers } = numbersOf(where, values);
  if (shape.length === 1 || (shape.length === 2 && shape[1] === 1)) return numbers;
  throw new ArgumentError(`${where}: expected numbers of shape [N], got ${shapeText(shape)}`);
}

/** Points `[N, dims]`. @throws ArgumentError. */
export function pointsOf(where: string, values: unknown, dims: number, what = "points"): RealArray["data"] {
  const { shape, numbers } = numbersOf(where, values);
  if (shape.length === 2 && shape[1] === dims) return numbers;
  throw new ArgumentError(`${where}: expected ${what} of shape [N, ${String(dims)}], got ${shapeText(shape)}`);
}

/** A grid `[rows, columns]` with something in it. @throws ArgumentError. */
export function gridOf(
  where: string,
  values: unknown,
): { readonly columns: number; readonly numbers: RealArray["data"] } {
  const { shape, numbers } = numbersOf(where, values);
  if (shape.length === 2 && sizeOf(shape) > 0) return { columns: asserted(shape[1], "columns"), numbers };
  throw new ArgumentError(`${where}: expected shape [rows, columns], got ${shapeText(shape)}`);
}

/** Numbers by name, or a list of numbers without one. @throws ArgumentError. */
export function groupsOf(where: string, values: unknown): ReadonlyMap<string, RealArray["data"]> {
  if (!isOptions(values) || isNdarray(values)) return new Map([["", vectorOf(where, values)]]);
  return new Map(Object.entries(values).map(([name, group]) => [name, vectorOf(`${where}, ${name}`, group)]));
}

export type Row = Readonly<Record<string, unknown>>;

/** Objects, one for each point; or the same as columns of one length: numbers or names. */
export type ChartTable = readonly object[] | Readonly<Record<string, PointValues>>;

/** A table as rows. @throws ArgumentError unless it is a list of objects, or columns of one length. */
export function rowsOf(where: string, table: unknown): readonly Row[] {
  if (isOptions(table) && !isNdarray(table)) return rowsOfColumns(where, Object.entries(table));
  const wrong = Array.isArray(table) ? table.findIndex((row) => typeof row !== "object" || row === null) : -1;
  if (Array.isArray(table) && wrong < 0) return table as Row[];
  const got = Array.isArray(table) ? `${describeValue(table[wrong])} at ${String(wrong)}` : describeValue(table);
  throw new ArgumentError(`${where}, rows: expected a list of objects, one for each point, or columns, got ${got}`);
}

function rowsOfColumns(where: string, columns: readonly [string, unknown][]): readonly Row[] {
  const lists = columns.map(([name, values]) => [name, columnOf(`${where}, ${name}`, values)] as const);
  const count = lists[0]?.[1].length ?? 0;
  const other = lists.find(([, list]) => list.length !== count);
  if (other) {
    const [expected, got] = [`${String(count)} as of ${String(lists[0]?.[0])}`, String(other[1].length)];
    throw new ArgumentError(`${where}, ${other[0]}: expected ${expected}, got ${got}`);
  }
  return Array.from({ length: count }, (_, k) => Object.fromEntries(lists.map(([name, list]) => [name, list[k]])));
}

/** Names as they are, else numbers, in no more digits than float32 has where they are such. */
function columnOf(where: string, values: unknown): readonly (number | string)[] {
  if (isNames(values)) return values;
  const numbers = vectorOf(where, values);
  return Array.from(numbers, (number) => (numbers instanceof Float32Array ? Number(number.toPrecision(8)) : number));
}

export const isNames = (values: unknown): values is readonly string[] =>
  Array.isArray(values) && values.length > 0 && values.every((each) => typeof each === "string");

/** Throws ArgumentError unless some row has the field. */
export function checkField(where: string, rows: readonly Row[], field: string): void {
  if (rows.length === 0 || rows.some((row) => field in row)) return;
  const fields = Object.keys(rows[0] ?? {});
  const hint = suggestion(field, fields);
  throw new ArgumentError(`${where}: expected a field of the rows (${fields.join(", ")}), got "${field}"${hint}`);
}

/** The ends of an axis, or of a scale of colours. */
export type Ends = readonly [number, number];

export const isEnds = (value: unknown): value is Ends => everyOf(value, Number.isFinite) && value.length === 2;

/** Whether it is a list of such, without holes. */
export const everyOf = (value: unknown, test: (each: unknown) => boolean): value is readonly unknown[] =>
  Array.isArray(value) && Array.from(value as unknown[]).every((each) => test(each));

/** Least and greatest of the finite numbers, of every `step`th from `from`; 0 and 1 without any. */
export function extent(numbers: ArrayLike<number>, from = 0, step = 1): Ends {
  let [low, high] = [Infinity, -Infinity];
  for (let k = from; k < numbers.length; k += step) {
    const number = numbers[k] as number;
    if (!Number.isFinite(number)) continue;
    if (number < low) low = number;
    if (number > high) high = number;
  }
  return low <= high ? [low, high] : [0, 1];
}
