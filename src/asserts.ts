/** What is there unless tskeops has a bug. Each check costs little as long as it sees few kinds of lists. */

/** A value that is there. */
export function asserted<T>(value: T | null | undefined, what: string): T {
  if (value !== null && value !== undefined) return value;
  throw new Error(`tskeops has a bug: expected ${what}, got ${String(value)}`);
}

/** `list[index]`. */
export function at<T>(list: ArrayLike<T>, index: number): T {
  const element = list[index];
  if (element !== undefined) return element;
  throw new Error(`tskeops has a bug: expected an element ${index}, got a list of ${list.length}`);
}

/**
 * `values[index]` of real numbers, for loops over many. Engines compile a function for the kinds of lists that it has
 * seen: one that has seen lists of all kinds reads each number six times as slowly.
 */
export function realAt(values: Float32Array | Float64Array, index: number): number {
  const value = values[index];
  if (value !== undefined) return value;
  throw new Error(`tskeops has a bug: expected a number ${index}, got an array of ${values.length}`);
}

/** `values[index]` of integers, for loops over many. */
export function integerAt(values: Int32Array | Uint32Array | Uint8Array, index: number): number {
  const value = values[index];
  if (value !== undefined) return value;
  throw new Error(`tskeops has a bug: expected an integer ${index}, got an array of ${values.length}`);
}

/** `map.get(key)`. */
export function lookUp<K, V>(map: { get(key: K): V | undefined }, key: K): V {
  const value = map.get(key);
  if (value !== undefined) return value;
  throw new Error(`tskeops has a bug: expected an entry for ${String(key)}, got none`);
}
