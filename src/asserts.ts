/** What is there unless tskeops has a bug: outside inner loops, where a check costs nothing. */

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

/** `map.get(key)`. */
export function lookUp<K, V>(map: { get(key: K): V | undefined }, key: K): V {
  const value = map.get(key);
  if (value !== undefined) return value;
  throw new Error(`tskeops has a bug: expected an entry for ${String(key)}, got none`);
}
