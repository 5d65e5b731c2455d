/** What tests share to make calls and to compare numbers. */
import { ArgumentError } from "../../src/errors";
import type { RealArray } from "../../src/array/view";

export const BACKENDS = ["cpu", "tiles", "reference"] as const;
export const DTYPES = ["float32", "float64"] as const;
export const wide = { dtype: "float64" } as const;

/** A call with what the types forbid, as plain JavaScript and notebooks make it. */
export const untyped = (f: unknown) => f as (...args: unknown[]) => RealArray;

export function refuses(call: () => unknown, message: RegExp): void {
  expect(call).toThrow(ArgumentError);
  expect(call).toThrow(message);
}

/** Elements of an array of at most two axes, row by row, through `get`: nothing of ours is trusted to read them. */
export function values(a: RealArray): number[] {
  const [rows = 1, columns = 1] = a.shape;
  return Array.from({ length: rows * columns }, (_, n) => a.get(Math.floor(n / columns), n % columns));
}

/** The numbers of an array without gaps; 0 for -0. */
export const list = ({ data }: { readonly data: ArrayLike<number> }): number[] =>
  Array.from(data, (value) => value + 0);

export const norm = (v: Iterable<number>): number => Math.hypot(...v);
export const minus = (a: ArrayLike<number>, b: ArrayLike<number>): number[] => Array.from(a, (x, n) => x - b[n]!);

/** ‖a - b‖ / ‖b‖ */
export const apart = (a: RealArray, b: RealArray): number => norm(minus(a.data, b.data)) / norm(b.data);

/** `max |got - expected| <= tolerance max |expected|` */
export function expectClose(got: readonly number[], expected: readonly number[], tolerance: number): void {
  expect(got).toHaveLength(expected.length);
  const scale = Math.max(...expected.map(Math.abs), Number.MIN_VALUE);
  const worst = Math.max(...got.map((value, n) => Math.abs(value - expected[n]!) / scale));
  expect(worst).toBeLessThanOrEqual(tolerance);
}
