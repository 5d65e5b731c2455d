/**
 * How arrays are shown: as NumPy prints them, the first and the last rows of long ones; as nested lists; row by row.
 * The one idea: npm's ndarray has a class for each dtype and rank, whose prototype gets these methods when the first
 * array of it is made here. Must not know formulas.
 */
import type { NdArray } from "ndarray";
import { memoryOf, sizeOf } from "../device/memory";
import type { Elements, Geometry } from "../device/memory";

/** Numbers in lists, as deep as the array has axes. */
export type NestedNumbers = number | NestedNumbers[];

type Method = (this: AnyArray) => unknown;
type AnyArray = Geometry & { readonly data: Elements; readonly dtype: string };

/** From so many elements on, rows in the middle are left out. */
const LONG = 1000;
/** Rows that are shown at both ends then. */
const EDGE = 3;
const DIGITS = 7;

/** The numbers of an array as nested lists; the number itself where there are no axes. */
export function nestedOf(x: Geometry & { readonly data: Elements }): NestedNumbers {
  const data = memoryOf(x.data).stridedToHost(x.data, x);
  const listAt = (axis: number, begin: number, size: number): NestedNumbers => {
    if (axis === x.shape.length) return data[begin] as number;
    const length = x.shape[axis] as number;
    return Array.from({ length }, (_, k) => listAt(axis + 1, begin + (k * size) / length, size / length));
  };
  return listAt(0, 0, data.length);
}

/** Shape and dtype, and the elements in brackets. */
export function textOfArray(x: AnyArray): string {
  const elements = memoryOf(x.data).stridedToHost(x.data, x);
  const isLong = sizeOf(x.shape) > LONG;
  const shown = visiblePlaces(x.shape, isLong).map((place) => partsOf(elements[place] as number));
  const widths = [0, 1].map((n) => shown.reduce((most, parts) => Math.max(most, (parts[n] as string).length), 0));
  const item = (place: number): string => {
    const [before, behind] = partsOf(elements[place] as number);
    return before.padStart(widths[0] as number) + behind.padEnd(widths[1] as number);
  };
  return `${x.dtype} [${x.shape.join(", ")}]\n${bracketed(x.shape, 0, 0, isLong, item)}`;
}

/** Integers are shown in full up to this. */
const LARGE = 1e15;

function numberText(value: number): string {
  if (Math.abs(value) >= LARGE && Number.isFinite(value)) return value.toExponential(DIGITS - 1);
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(DIGITS)));
}

/** What stands before the point, and the rest, so that points stand below each other. */
function partsOf(value: number): [before: string, behind: string] {
  const text = numberText(value);
  const point = text.indexOf(".");
  return point < 0 ? [text, ""] : [text.slice(0, point), text.slice(point)];
}

/** Those along an axis that are shown; null stands for what is left out. */
function visible(length: number, isLong: boolean): (number | null)[] {
  const from = (begin: number, end: number): number[] => Array.from({ length: end - begin }, (_, k) => begin + k);
  if (!isLong || length <= 2 * EDGE + 1) return from(0, length);
  return [...from(0, EDGE), null, ...from(length - EDGE, length)];
}

function visiblePlaces(shape: readonly number[], isLong: boolean): number[] {
  let places = [0];
  for (const length of shape)
    places = places.flatMap((place) =>
      visible(length, isLong).flatMap((k) => (k === null ? [] : [place * length + k])),
    );
  return places;
}

function bracketed(
  shape: readonly number[],
  axis: number,
  place: number,
  isLong: boolean,
  item: (place: number) => string,
): string {
  if (axis === shape.length) return item(place);
  const length = shape[axis] as number;
  const parts = visible(length, isLong).map((k) =>
    k === null ? "..." : bracketed(shape, axis + 1, place * length + k, isLong, item),
  );
  const isInnermost = axis === shape.length - 1;
  const gap = isInnermost ? ", " : `,${"\n".repeat(shape.length - axis - 1)}${" ".repeat(axis + 1)}`;
  return `[${parts.join(gap)}]`;
}

/** Rows along the first axis, as views. */
function* rowsOf(x: NdArray): Generator<NdArray> {
  for (let k = 0; k < (x.shape[0] as number); k++) yield x.pick(k);
}

const INSPECT = Symbol.for("nodejs.util.inspect.custom");

const METHODS: ReadonlyMap<string | symbol, Method> = new Map<string | symbol, Method>([
  ["toString", asText],
  ["toJSON", asLists],
  [INSPECT, asText],
  [Symbol.iterator, asRows],
]);

function asText(this: AnyArray): string {
  return textOfArray(this);
}

function asLists(this: AnyArray): NestedNumbers {
  return nestedOf(this);
}

function asRows(this: AnyArray): Generator<NdArray> {
  return rowsOf(this as unknown as NdArray);
}

/** Teaches all arrays of the class of `x`, and of those of its rows, to show themselves. */
export function teachToShow(x: NdArray): void {
  const prototype = Object.getPrototypeOf(x) as object;
  for (const [name, value] of METHODS)
    if (!Object.hasOwn(prototype, name))
      Object.defineProperty(prototype, name, { value, configurable: true, writable: true });
  if (x.shape.length > 0) teachToShow(x.pick(0));
}
