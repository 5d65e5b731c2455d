/**
 * Linear operators that are only known by their products, with the shape that iterative solvers of other packages ask
 * for. The one idea: sums, multiples, transposes and chains of operators are operators, and none of them is ever a
 * matrix.
 */
import { checkArray, described } from "../array/check";
import { add, mul } from "../array/arithmetic";
import { shapeText } from "../array/view";
import type { Dtype, RealArray } from "../array/view";
import type { RealData } from "../device/native";
import { ArgumentError } from "../errors";
import { atMost } from "../options";

/** What a linear operator is made of. */
export interface LinearOperatorLike<T extends RealData = RealData> {
  /** Rows and columns. */
  readonly shape: readonly [number, number];
  readonly dtype: Dtype;
  /** Times `[N]` or `[N, E]`. */
  matvec(x: RealArray<T>): RealArray<T>;
  /** The transpose times `[M]` or `[M, E]`. */
  rmatvec(x: RealArray<T>): RealArray<T>;
}

/** A matrix `[M, N]` that is only known by its products with arrays. */
export class LinearOperator<T extends RealData = RealData> implements LinearOperatorLike<T> {
  readonly shape: readonly [number, number];
  readonly dtype: Dtype;
  readonly #products: LinearOperatorLike<T>;

  /** @throws ArgumentError unless there are a shape, a dtype and both products. */
  constructor(products: LinearOperatorLike<T>) {
    checkOperator(products);
    this.#products = products;
    this.shape = products.shape;
    this.dtype = products.dtype;
  }

  /** Times an array `[N]` or `[N, E]`: `[M]` or `[M, E]`. @throws ArgumentError for another number of rows. */
  matvec(x: RealArray<T>): RealArray<T> {
    atMost("matvec", 1, arguments);
    checkRows("matvec", x, this.shape[1]);
    return this.#products.matvec(x);
  }

  /** The transpose times an array `[M]` or `[M, E]`. @throws ArgumentError for another number of rows. */
  rmatvec(x: RealArray<T>): RealArray<T> {
    atMost("rmatvec", 1, arguments);
    checkRows("rmatvec", x, this.shape[0]);
    return this.#products.rmatvec(x);
  }

  /**
   * Times an array, or the chain of two operators: first `x`, then this one.
   * @throws ArgumentError where sizes do not fit.
   */
  matmul(x: RealArray<T>): RealArray<T>;
  matmul(x: LinearOperatorLike<T>): LinearOperator<T>;
  matmul(x: RealArray<T> | LinearOperatorLike<T>): RealArray<T> | LinearOperator<T> {
    atMost("matmul", 1, arguments);
    return isOperatorLike(x) ? chain(this, x) : this.matvec(x);
  }

  get T(): LinearOperator<T> {
    return new LinearOperator<T>({
      shape: [this.shape[1], this.shape[0]],
      dtype: this.dtype,
      matvec: (x) => this.rmatvec(x),
      rmatvec: (x) => this.matvec(x),
    });
  }

  /** This operator plus alpha times the identity. @throws ArgumentError unless it is square. */
  addDiag(alpha: number): LinearOperator<T> {
    atMost("addDiag", 1, arguments);
    if (typeof alpha !== "number")
      throw new ArgumentError(`addDiag, alpha: expected a number, got ${described(alpha)}`);
    if (this.shape[0] !== this.shape[1])
      throw new ArgumentError(`addDiag: expected a square operator, got shape ${shapeText(this.shape)}`);
    const addShift = (y: RealArray<T>, x: RealArray<T>): RealArray<T> => add<T>(y, mul<T>(x, alpha));
    return new LinearOperator<T>({
      shape: this.shape,
      dtype: this.dtype,
      matvec: (x) => addShift(this.matvec(x), x),
      rmatvec: (x) => addShift(this.rmatvec(x), x),
    });
  }

  toString(): string {
    return `LinearOperator of shape ${shapeText(this.shape)}, ${this.dtype}`;
  }
}

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

export function isOperatorLike<T extends RealData>(
  value: RealArray<T> | LinearOperatorLike<T>,
): value is LinearOperatorLike<T> {
  return typeof (value as Partial<LinearOperatorLike<T>> | null | undefined)?.matvec === "function";
}

/** `first` after `second`: their product as matrices. @throws ArgumentError where sizes do not fit. */
export function chain<T extends RealData>(
  first: LinearOperatorLike<T>,
  second: LinearOperatorLike<T>,
): LinearOperator<T> {
  if (first.shape[1] !== second.shape[0] || first.dtype !== second.dtype)
    throw new ArgumentError(
      `matmul: expected an operator with ${first.shape[1]} rows, ${first.dtype}, got shape ${shapeText(second.shape)}, ${second.dtype}`,
    );
  return new LinearOperator<T>({
    shape: [first.shape[0], second.shape[1]],
    dtype: first.dtype,
    matvec: (x) => first.matvec(second.matvec(x)),
    rmatvec: (x) => second.rmatvec(first.rmatvec(x)),
  });
}

function checkRows(where: string, x: RealArray, rows: number): void {
  checkArray(where, x);
  if (x.shape[0] === rows && x.shape.length <= 2) return;
  throw new ArgumentError(`${where}: expected shape [${rows}] or [${rows}, E], got ${shapeText(x.shape)}`);
}
