/**
 * Types of elements by their names: those that formulas are computed in, and int32, which indices have. Knows no arrays, and no devices.
 */

import { ArgumentError } from "../errors";

/** Names of the element types that tskeops computes with. */
export type Dtype = "float32" | "float64";

/** These, and that of indices. */
export type ElementType = Dtype | "int32";

/** The typed array that holds elements of a type. */
export type DataOf<E extends ElementType> = E extends "float64"
  ? Float64Array
  : E extends "int32"
    ? Int32Array
    : Float32Array;

/** Elements of any of the types. */
export type Elements = Float32Array | Float64Array | Int32Array;

/** Zeroed memory for `size` elements. Throws ArgumentError where the machine does not have that much. */
export function allocate<E extends ElementType>(type: E, size: number): DataOf<E> {
  try {
    return made(type, size);
  } catch (error) {
    const bytes = size * bytesOf(type);
    throw new ArgumentError(
      `memory: expected ${String(bytes)} bytes for ${String(size)} elements of ${type}, got none`,
      {
        cause: error,
      },
    );
  }
}

/** Each maker is called by its name: small calls are counted in microseconds. */
function made<E extends ElementType>(type: E, size: number): DataOf<E> {
  if (type === "float32") return new Float32Array(size) as DataOf<E>;
  return (type === "float64" ? new Float64Array(size) : new Int32Array(size)) as DataOf<E>;
}

export const bytesOf = (type: ElementType): number => (type === "float64" ? 8 : 4);

/** Told by the data: classes of another realm are others, their names are not. */
export function elementTypeOf(data: Elements): ElementType {
  if (data.BYTES_PER_ELEMENT === 8) return "float64";
  return data[Symbol.toStringTag] === "Int32Array" ? "int32" : "float32";
}
