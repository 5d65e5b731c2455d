/**
 * How linear operators multiply: by A and by its transpose, each in two forms, once, recorded for derivatives, and
 * often, for solvers. Here are the ways of what is no operator yet, products that a user gives and matrices, and the
 * recipes of operators that are made of others, over the ways in which their parts multiply. Must not know what is
 * computed of operators.
 */
import { add, matmul, mul, reshape, transpose } from "../array/arithmetic";
import { checkArray, described } from "../array/check";
import { recordingIs } from "../array/record";
import { contiguous, dtypeOf, sameShape, shapeText, wrap } from "../array/view";
import type { Dtype, RealArray } from "../array/view";
import { at } from "../asserts";
import type { RealData } from "../device/native";
import { ArgumentError } from "../errors";
import { runSync } from "../task";
import type { Task } from "../task";

/** What a linear operator is made of. */
export interface LinearOperatorLike<T extends RealData = RealData> {
  /** Rows and columns. */
  readonly shape: readonly [number, number];
  /** Of the arrays that it multiplies. */
  readonly dtype: Dtype;
  /**
   * The product with an array, which a user gives.
   * @param x `[N]` or `[N, E]`
   * @returns `[M]` or `[M, E]`
   * @throws whatever it likes
   * @example
   * ```ts
   * const twice = LinearOperator({
   *   shape: [3, 3],
   *   dtype: "float64",
   *   matvec: (x) => nd.mul(x, 2),
   *   rmatvec: (x) => nd.mul(x, 2),
   * });
   * console.log(twice.matvec(nd.ones([3], { dtype: "float64" })).get(0)); // 2
   * ```
   */
  matvec(x: RealArray<T>): RealArray<T>;
  /**
   * The product of the transpose with an array, which a user gives.
   * @param x `[M]` or `[M, E]`
   * @returns `[N]` or `[N, E]`
   * @throws whatever it likes
   * @example
   * ```ts
   * const twice = LinearOperator({
   *   shape: [3, 3],
   *   dtype: "float64",
   *   matvec: (x) => nd.mul(x, 2),
   *   rmatvec: (x) => nd.mul(x, 2),
   * });
   * console.log(twice.rmatvec(nd.ones([3], { dtype: "float64" })).get(0)); // 2
   * ```
   */
  rmatvec(x: RealArray<T>): RealArray<T>;
}

/** Multiplies an array; what it yields is waited for. */
export type Times = (x: RealArray) => Task<RealArray>;

/** One of the two products of an operator. */
export interface Way {
  /** One product with `[N]` or `[N, E]` in the dtype of the operator, recorded for `grad`. */
  readonly once: (x: RealArray) => RealArray;
  /** For many products with `[N, columns]` in float64, of data as they are now; leaves no record. */
  readonly often: (columns: number) => Times;
}

/** How a product is made of those of its parts. */
export type Recipe = (parts: readonly Times[]) => Times;

/** All of an operator. */
export interface Ways {
  readonly shape: readonly [number, number];
  readonly dtype: Dtype;
  /** Relative rounding error of products that are made often. */
  readonly roundoff: number;
  /** The arrays that products read, as far as is known; and whether functions of users may read others. */
  readonly inputs: readonly RealArray[];
  readonly isOpaque: boolean;
  readonly forward: Way;
  readonly backward: Way;
}

/** What waits for nothing, as one that might. */
export const atOnce = (of: (x: RealArray) => RealArray): Times =>
  function* (x) {
    yield; // a pause
    return of(x);
  };

/** Whether a value has products. */
export function isOperatorLike<T extends RealData>(value: unknown): value is LinearOperatorLike<T> {
  return typeof (value as Partial<LinearOperatorLike<T>> | null | undefined)?.matvec === "function";
}

export const isWays = (products: unknown): products is Ways =>
  typeof (products as Partial<Ways> | null | undefined)?.forward === "object";

/** An operator by the products that a user gives. */
export function waysOfProducts(products: LinearOperatorLike): Ways {
  checkOperator(products);
  const { shape, dtype } = products;
  return {
    shape: [shape[0], shape[1]],
    dtype,
    roundoff: dtype === "float32" ? 2 ** -24 : 2 ** -53,
    inputs: [],
    isOpaque: true,
    forward: wayOfProduct("matvec", dtype, shape[0], (x) => products.matvec(x)),
    backward: wayOfProduct("rmatvec", dtype, shape[1], (x) => products.rmatvec(x)),
  };
}

/** One column is given as `[N]`, and copied: the function may keep it. */
function wayOfProduct(where: string, dtype: Dtype, rows: number, multiply: (x: RealArray) => RealArray): Way {
  const once = (x: RealArray): RealArray => {
    const [y, shape] = [checkArray(`${where}, result`, multiply(x), dtype), [rows, ...x.shape.slice(1)]];
    if (sameShape(y.shape, shape)) return y;
    throw new ArgumentError(`${where}, result: expected shape ${shapeText(shape)}, got ${shapeText(y.shape)}`);
  };
  const often = (columns: number): Times =>
    atOnce((x) => {
      const given = wrap(numbersAs(dtype, x), columns === 1 ? [x.size] : x.shape);
      const y = recordingIs(false, () => once(given));
      return wrap(numbersAs("float64", y), [rows, columns]);
    });
  return { once, often };
}

/** What is known of operators that are made of arrays. */
export const OF_ARRAYS: Pick<Ways, "roundoff" | "isOpaque"> = { roundoff: 2 ** -53, isOpaque: false };

/** A copy of the elements in a dtype, row by row. */
export function numbersAs(dtype: Dtype, x: RealArray): RealData {
  const data = contiguous(x);
  return dtype === "float32" ? new Float32Array(data) : new Float64Array(data);
}

/** A dense matrix `[M, N]`. @throws ArgumentError for what is no array of numbers. */
export function waysOfMatrix(where: string, value: unknown): Ways {
  const A = checkArray(where, value);
  const wayOf = (matrix: RealArray): Way => ({
    once: (x) => (x.shape.length === 2 ? matmul(matrix, x) : flat(matmul(matrix, reshape(x, [at(x.shape, 0), 1])))),
    often: () => {
      const wide = wrap(numbersAs("float64", matrix), matrix.shape);
      return atOnce((x) => matmul(wide, x));
    },
  });
  const [m, n] = A.shape as [number, number];
  const [forward, backward] = [wayOf(A), wayOf(transpose(A))];
  return { ...OF_ARRAYS, shape: [m, n], dtype: dtypeOf(A), inputs: [A], forward, backward };
}

const flat = (x: RealArray): RealArray => reshape(x, [at(x.shape, 0)]);

function checkOperator(products: unknown): void {
  const { shape, dtype, matvec, rmatvec } = (products ?? {}) as Partial<Record<keyof LinearOperatorLike, unknown>>;
  const isShape = Array.isArray(shape) && shape.length === 2 && shape.every((n) => Number.isSafeInteger(n) && n >= 0);
  if (!isShape) throw wrongOperator("shape", "two numbers, of rows and columns", shape);
  if (dtype !== "float32" && dtype !== "float64") throw wrongOperator("dtype", '"float32" or "float64"', dtype);
  if (typeof matvec !== "function") throw wrongOperator("matvec", "a function", matvec);
  if (typeof rmatvec !== "function") throw wrongOperator("rmatvec", "a function", rmatvec);
}

const wrongOperator = (name: string, expected: string, got: unknown): ArgumentError =>
  new ArgumentError(`LinearOperator, ${name}: expected ${expected}, got ${described(got)}`);

// -------------------------------------------------------------------------------------------- operators made of others

/** All of an operator that is made of others; its transpose is made of their transposes. */
export const waysBy = (
  { shape, dtype }: Pick<Ways, "shape" | "dtype">,
  parts: readonly Ways[],
  forward: Recipe,
  backward: Recipe,
): Ways => ({
  shape,
  dtype,
  roundoff: Math.max(...parts.map((part) => part.roundoff)),
  inputs: parts.flatMap((part) => part.inputs),
  isOpaque: parts.some((part) => part.isOpaque),
  forward: wayBy(
    forward,
    parts.map((part) => part.forward),
  ),
  backward: wayBy(
    backward,
    parts.map((part) => part.backward),
  ),
});

/** A way that is made of others. */
const wayBy = (recipe: Recipe, ways: readonly Way[]): Way => ({
  once: (x) => runSync(recipe(ways.map(({ once }) => atOnce(once)))(x)),
  often: (columns) => recipe(ways.map(({ often }) => often(columns))),
});

const product = (times: Times | undefined, x: RealArray): Task<RealArray> => (times as Times)(x);

/** The products of two parts, brought together element by element. */
export const entrywise =
  (join: (a: RealArray, b: RealArray) => RealArray): Recipe =>
  ([first, second]) =>
    function* (x) {
      return join(yield* product(first, x), yield* product(second, x));
    };

/** One part, times a number. */
export const multiplied =
  (factor: number): Recipe =>
  ([times]) =>
    function* (x) {
      return mul(yield* product(times, x), factor);
    };

/** One part, several times. */
export const repeated =
  (exponent: number): Recipe =>
  ([times]) =>
    function* (x) {
      let y = x;
      for (let n = 0; n < exponent; n++) y = yield* product(times, y);
      return y;
    };

/** One part, and alpha times what it multiplies. */
export const withRidge =
  (alpha: number): Recipe =>
  ([times]) =>
    function* (x) {
      return add(yield* product(times, x), mul(x, alpha));
    };

/** One part after the other. */
export const inTurn =
  (begin: number, end: number): Recipe =>
  (parts) =>
    function* (x) {
      return yield* product(parts[end], yield* product(parts[begin], x));
    };

// ------------------------------------------------------------------------------------------------------------ checks

/** @throws ArgumentError unless it is square. */
export function checkSquare(where: string, shape: readonly [number, number]): number {
  if (shape[0] === shape[1]) return shape[0];
  throw new ArgumentError(`${where}: expected a square operator, got shape ${shapeText(shape)}`);
}

/** @throws ArgumentError unless it is one. */
export function checkNumber(where: string, value: unknown): void {
  if (typeof value !== "number") throw new ArgumentError(`${where}: expected a number, got ${described(value)}`);
}

/** @throws ArgumentError for another number of rows. */
export function checkRows(where: string, x: RealArray, rows: number): RealArray {
  checkArray(where, x);
  if (x.shape[0] === rows && x.shape.length <= 2) return x;
  throw new ArgumentError(`${where}: expected shape [${rows}] or [${rows}, E], got ${shapeText(x.shape)}`);
}
