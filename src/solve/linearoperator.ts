/**
 * Linear operators that are only known by their products. The one idea: sums, multiples, transposes and chains are
 * recipes over the ways in which their parts multiply, and none of them is ever a matrix. Must not know lazy tensors.
 */
import { add, sub } from "../array/arithmetic";
import { contiguous, sameShape, shapeText, wrap } from "../array/view";
import type { Dtype, RealArray } from "../array/view";
import { HostVectors } from "../device/hostvectors";
import type { RealData } from "../device/native";
import { ArgumentError } from "../errors";
import { atMost, describeValue } from "../options";
import type { Task } from "../task";
import type { RealSpace } from "./product";
import {
  checkNumber,
  checkRows,
  checkSquare,
  entrywise,
  inTurn,
  isOperatorLike,
  isWays,
  multiplied,
  repeated,
  waysBy,
  waysOfMatrix,
  waysOfProducts,
  withRidge,
} from "./ways";
import type { LinearOperatorLike, Recipe, Ways } from "./ways";

/** What gives an operator, such as a lazy tensor. */
export interface AsOperator<T extends RealData = RealData> {
  /**
   * It as an operator.
   * @param where what the user has called, for messages
   * @returns a LinearOperator `[M, N]`
   * @throws ArgumentError where it is none, as for batches
   * @example
   * ```ts
   * const K = Vi(rand([5, 2])).sqdist(Vj(rand([6, 2])));
   * console.log(K.asLinearOperator().shape); // [ 5, 6 ]
   * ```
   */
  asLinearOperator(where?: string): LinearOperator<T>;
}

/** What counts as an operator: a lazy tensor, an object with products, or a matrix `[M, N]`. */
export type OperatorOperand<T extends RealData = RealData> = LinearOperatorLike<T> | AsOperator<T> | RealArray<T>;

/** An operator of any dtype. */
export type AnyLinearOperator = LinearOperator<Float32Array> | LinearOperator<Float64Array> | LinearOperator;

/** An operand of any dtype: whether it fits is checked when it is composed. */
export type AnyOperand = OperatorOperand<Float32Array> | OperatorOperand<Float64Array> | OperatorOperand;

let waysIn: <T extends RealData>(operator: LinearOperator<T>) => Ways;

/** A matrix `[M, N]` that is only known by its products with arrays. Immutable. */
export class LinearOperator<T extends RealData = RealData> implements LinearOperatorLike<T> {
  /** Rows and columns. */
  readonly shape: readonly [number, number];
  /** Of the arrays that it multiplies. */
  readonly dtype: Dtype;
  readonly #ways: Ways;

  static {
    waysIn = (operator) => operator.#ways;
  }

  /** @throws ArgumentError unless there are a shape, a dtype and both products. */
  constructor(products: LinearOperatorLike<T> | Ways) {
    this.#ways = isWays(products) ? products : waysOfProducts(products);
    this.shape = this.#ways.shape;
    this.dtype = this.#ways.dtype;
  }

  /** Messages call it by this name, which bundlers cannot shorten. */
  get [Symbol.toStringTag](): string {
    return "LinearOperator";
  }

  /**
   * The product with an array.
   * @param x `[N]` or `[N, E]`
   * @returns `[M]` or `[M, E]`
   * @throws ArgumentError for another number of rows
   * @example
   * ```ts
   * const A = linalg.diagonal(nd.arange(1, 4)); // 1, 2, 3
   * console.log(A.matvec(nd.ones([3])).get(2)); // 3
   * ```
   */
  matvec(x: RealArray<T>): RealArray<T> {
    atMost("matvec", 1, arguments);
    return this.#ways.forward.once(checkRows("matvec", x, this.shape[1])) as RealArray<T>;
  }

  /**
   * The product of the transpose with an array.
   * @param x `[M]` or `[M, E]`
   * @returns `[N]` or `[N, E]`
   * @throws ArgumentError for another number of rows
   * @example
   * ```ts
   * const A = linalg.diagonal(nd.arange(1, 4)); // 1, 2, 3
   * console.log(A.rmatvec(nd.ones([3])).get(2)); // 3
   * ```
   */
  rmatvec(x: RealArray<T>): RealArray<T> {
    atMost("rmatvec", 1, arguments);
    return this.#ways.backward.once(checkRows("rmatvec", x, this.shape[0])) as RealArray<T>;
  }

  /**
   * The product with an array, or the chain of two operators: first `x`, then this one.
   * @param x an array `[N]` or `[N, E]`, or an operator `[N, P]`
   * @returns `[M]` or `[M, E]`; of an operator an operator `[M, P]`
   * @throws ArgumentError where sizes do not fit
   * @example
   * ```ts
   * const A = linalg.diagonal(nd.arange(1, 4)); // 1, 2, 3
   * console.log(A.matmul(A).matvec(nd.ones([3])).get(2)); // 9
   * ```
   */
  matmul(x: RealArray<T>): RealArray<T>;
  matmul(x: Exclude<AnyOperand, RealArray>): LinearOperator<T>;
  matmul(x: AnyOperand): RealArray<T> | LinearOperator<T> {
    atMost("matmul", 1, arguments);
    return isOperatorLike<T>(x) ? chain("matmul", this, toOperator("matmul", x)) : this.matvec(x as RealArray<T>);
  }

  /** The transpose. */
  get T(): LinearOperator<T> {
    const { shape, forward, backward, ...rest } = this.#ways;
    return new LinearOperator<T>({ ...rest, shape: [shape[1], shape[0]], forward: backward, backward: forward });
  }

  /**
   * The transpose, `T`.
   * @returns an operator `[N, M]`
   * @throws ArgumentError for an argument too many
   * @example
   * ```ts
   * const A = linalg.diagonal(nd.arange(1, 4)); // 1, 2, 3
   * console.log(A.transpose().shape); // [ 3, 3 ]
   * ```
   */
  transpose(): LinearOperator<T> {
    atMost("transpose", 0, arguments);
    return this.T;
  }

  /**
   * The chain of two operators: first `second`, then this one.
   * @param second an operator, a lazy tensor, a matrix or an object with products, `[N, P]`
   * @returns an operator `[M, P]`
   * @throws ArgumentError where sizes do not fit
   * @example
   * ```ts
   * const A = linalg.diagonal(nd.arange(1, 4)); // 1, 2, 3
   * console.log(A.compose(A).matvec(nd.ones([3])).get(2)); // 9
   * ```
   */
  compose(second: AnyOperand): LinearOperator<T> {
    atMost("compose", 1, arguments);
    return chain("compose", this, toOperator("compose", second));
  }

  /**
   * The sum of two operators.
   * @param other an operator, a lazy tensor, a matrix or an object with products, of the same shape
   * @returns an operator `[M, N]`
   * @throws ArgumentError unless shapes and dtypes are equal
   * @example
   * ```ts
   * const A = linalg.diagonal(nd.arange(1, 4)); // 1, 2, 3
   * console.log(A.add(A).matvec(nd.ones([3])).get(2)); // 6
   * ```
   */
  add(other: AnyOperand): LinearOperator<T> {
    atMost("add", 1, arguments);
    return combine(this.#ways, [this, alike("add", this, other)], entrywise(add));
  }

  /**
   * The difference of two operators.
   * @param other an operator, a lazy tensor, a matrix or an object with products, of the same shape
   * @returns an operator `[M, N]`
   * @throws ArgumentError unless shapes and dtypes are equal
   * @example
   * ```ts
   * const A = linalg.diagonal(nd.arange(1, 4)); // 1, 2, 3
   * console.log(A.sub(A).matvec(nd.ones([3])).get(2)); // 0
   * ```
   */
  sub(other: AnyOperand): LinearOperator<T> {
    atMost("sub", 1, arguments);
    return combine(this.#ways, [this, alike("sub", this, other)], entrywise(sub));
  }

  /**
   * This operator times a number.
   * @param factor the number
   * @returns an operator `[M, N]`
   * @throws ArgumentError for anything else
   * @example
   * ```ts
   * const A = linalg.diagonal(nd.arange(1, 4)); // 1, 2, 3
   * console.log(A.scale(10).matvec(nd.ones([3])).get(2)); // 30
   * ```
   */
  scale(factor: number): LinearOperator<T> {
    atMost("scale", 1, arguments);
    checkNumber("scale, factor", factor);
    return combine(this.#ways, [this], multiplied(factor));
  }

  /**
   * This operator applied several times; 0 gives the identity.
   * @param exponent how often, an integer of at least 0
   * @returns an operator `[N, N]`
   * @throws ArgumentError unless it is square
   * @example
   * ```ts
   * const A = linalg.diagonal(nd.arange(1, 4)); // 1, 2, 3
   * console.log(A.power(3).matvec(nd.ones([3])).get(2)); // 27
   * ```
   */
  power(exponent: number): LinearOperator<T> {
    atMost("power", 1, arguments);
    if (!Number.isSafeInteger(exponent) || exponent < 0)
      throw new ArgumentError(`power, exponent: expected an integer of at least 0, got ${describeValue(exponent)}`);
    checkSquare("power", this.shape);
    return combine(this.#ways, [this], repeated(exponent));
  }

  /**
   * This operator plus alpha times the identity.
   * @param alpha a number
   * @returns an operator `[N, N]`
   * @throws ArgumentError unless it is square
   * @example
   * ```ts
   * const A = linalg.diagonal(nd.arange(1, 4)); // 1, 2, 3
   * console.log(A.addDiag(0.5).matvec(nd.ones([3])).get(2)); // 3.5
   * ```
   */
  addDiag(alpha: number): LinearOperator<T> {
    atMost("addDiag", 1, arguments);
    checkNumber("addDiag, alpha", alpha);
    checkSquare("addDiag", this.shape);
    return combine(this.#ways, [this], withRidge(alpha));
  }

  toString(): string {
    return `LinearOperator of shape ${shapeText(this.shape)}, ${this.dtype}`;
  }
}

// ------------------------------------------------------------------------------------------------ made of others

/** An operator made of others; its transpose is made of their transposes, by the same recipe unless another is given. */
export const combine = <T extends RealData>(
  of: Pick<Ways, "shape" | "dtype">,
  parts: readonly LinearOperator<T>[],
  forward: Recipe,
  backward: Recipe = forward,
): LinearOperator<T> => new LinearOperator<T>(waysBy(of, parts.map(waysOf), forward, backward));

function chain<T extends RealData>(
  where: string,
  first: LinearOperator<T>,
  second: LinearOperator<T>,
): LinearOperator<T> {
  const { shape, dtype } = first;
  if (shape[1] !== second.shape[0] || dtype !== second.dtype)
    throw new ArgumentError(
      `${where}: expected an operator with ${shape[1]} rows, ${dtype}, got shape ${shapeText(second.shape)}, ${second.dtype}`,
    );
  return combine({ shape: [shape[0], second.shape[1]], dtype }, [first, second], inTurn(1, 0), inTurn(0, 1));
}

// --------------------------------------------------------------------------------------------------- what may be one

interface Convertible<T extends RealData> extends AsOperator<T> {
  readonly isComplex: unknown;
  readonly shape: unknown;
}

/** @throws ArgumentError unless it is a lazy tensor, an object with products, or a matrix `[M, N]`. */
export function toOperator<T extends RealData>(where: string, value: unknown): LinearOperator<T> {
  if (value instanceof LinearOperator) return value as LinearOperator<T>;
  const { asLinearOperator: convert, isComplex, shape } = (value ?? {}) as Partial<Convertible<T>>;
  if (typeof convert === "function") return convert.call(value, where);
  if (isComplex === true) throw new ArgumentError(`${where}: expected real numbers, got a ComplexLazyTensor`);
  if (isOperatorLike<T>(value)) return new LinearOperator<T>(value);
  if (Array.isArray(shape) && shape.length === 2) return new LinearOperator<T>(waysOfMatrix(where, value));
  throw new ArgumentError(
    `${where}: expected a LinearOperator, a LazyTensor or a matrix [M, N], got ${describeValue(value)}`,
  );
}

/** One of the shape and the dtype of another. */
function alike<T extends RealData>(where: string, like: LinearOperator<T>, value: unknown): LinearOperator<T> {
  const other = toOperator<T>(where, value);
  if (sameShape(other.shape, like.shape) && other.dtype === like.dtype) return other;
  throw new ArgumentError(
    `${where}: expected an operator of shape ${shapeText(like.shape)}, ${like.dtype}, got shape ${shapeText(other.shape)}, ${other.dtype}`,
  );
}

// ------------------------------------------------------------------------------------------------------- for solvers

/** Both ways of an operator, for what makes others. */
export const waysOf = <T extends RealData>(operator: LinearOperator<T>): Ways => waysIn(operator);

/** The square operator as what solvers compute in, on blocks of so many columns, in float64. */
export function spaceOf(operator: LinearOperator, columns: number): RealSpace {
  const { shape, forward, roundoff } = waysIn(operator);
  const times = forward.often(columns);
  return Object.assign(new HostVectors(shape[0], columns, "float64"), {
    roundoff,
    *apply(x: RealData, out: RealData): Task<void> {
      out.set(contiguous(yield* times(wrap(x, [shape[0], columns]))));
    },
  });
}
