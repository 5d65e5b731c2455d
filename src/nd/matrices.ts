/**
 * Stacks of matrices `[..., M, N]`, as NumPy has them. The one idea: what is done to a matrix is done to each of a stack;
 * derivatives are formulas of whole stacks. Must not know what is done.
 */
import { arrayIn } from "../array/check";
import type { ArrayInput } from "../array/check";
import { reshape } from "../array/arithmetic";
import { allocate, broadcast, dtypeOf, readable, shapeText, sizeOf, wrap, wrapBeside } from "../array/view";
import type { Dtype, RealArray } from "../array/view";
import { at } from "../asserts";
import type { RealData } from "../device/native";
import { ArgumentError } from "../errors";

/** `[..., M, N]` */
export function matricesIn<T extends RealData>(where: string, A: ArrayInput<T>): RealArray<T> {
  const matrices = arrayIn(where, A);
  if (matrices.shape.length >= 2) return matrices;
  throw new ArgumentError(`${where}: expected shape [..., M, N], got ${shapeText(matrices.shape)}`);
}

/** `[..., N, N]` */
export function squareIn<T extends RealData>(where: string, A: ArrayInput<T>, dtype?: Dtype): RealArray<T> {
  const matrices = arrayIn(where, A, dtype);
  const { shape } = matrices;
  if (shape.length >= 2 && shape.at(-1) === shape.at(-2)) return matrices;
  throw new ArgumentError(`${where}: expected shape [..., N, N], got ${shapeText(shape)}`);
}

/** The dimensions in front of the last two. */
export const batchOf = ({ shape }: RealArray): readonly number[] => shape.slice(0, -2);

/** The matrices of a stack, in row-major order of the dimensions in front. */
export function eachOf(A: RealArray): RealArray[] {
  const own = A.shape.slice(-2);
  const [data, size] = [readable(A), sizeOf(own)];
  return Array.from({ length: sizeOf(batchOf(A)) }, (_, k) => wrap(data.subarray(k * size, (k + 1) * size), own));
}

/** For each matrix of a stack whose dimensions in front are `batch`: the place of the one that broadcasting reads. */
export function placesIn(own: readonly number[], batch: readonly number[]): Int32Array {
  const places = wrap(
    Float64Array.from({ length: sizeOf(own) }, (_, k) => k),
    own,
  );
  return Int32Array.from(readable(broadcast(places, batch)));
}

/** What an error calls matrix k of a stack. */
export function nameOfMatrix(where: string, k: number, batch: readonly number[]): string {
  if (batch.length === 0) return where;
  let rest = k;
  const indices = batch.map((_, axis) => {
    const length = at(batch, batch.length - 1 - axis);
    const index = rest % length;
    rest = (rest - index) / length;
    return index;
  });
  return `${where}, matrix ${shapeText(indices.reverse())}`;
}

/** Numbers of each matrix as one array `[...batch, ...own]`. */
export function stacked<T extends RealData>(
  parts: readonly ArrayLike<number>[],
  shape: readonly number[],
  ...sources: readonly RealArray<T>[]
): RealArray<T> {
  const data: RealData = allocate(dtypeOf(at(sources, 0)), sizeOf(shape));
  let offset = 0;
  for (const part of parts) {
    data.set(part, offset);
    offset += part.length;
  }
  return wrapBeside(data as T, shape, ...sources);
}

/** Vectors `[..., N]` as rows `[..., 1, N]`. */
export const asRows = (x: RealArray): RealArray =>
  reshape(x, [...x.shape.slice(0, -1), 1, at(x.shape, x.shape.length - 1)]);

/** Vectors `[..., N]` as columns `[..., N, 1]`. */
export const asColumns = (x: RealArray): RealArray => reshape(x, [...x.shape, 1]);
