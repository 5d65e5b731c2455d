/**
 * What every lazy tensor holds and users do not see: its expression, and how tensors are made of it. The one idea is
 * private fields: completion, printing and `Object.keys` show what is public alone. Must not know operations.
 */
import type { Expression } from "./expression";

/** How tensors are made by the methods of one: of its own kind, real ones and complex ones. */
export interface Kind<Self, L, C> {
  readonly own: (expression: Expression) => Self;
  readonly real: (expression: Expression) => L;
  readonly complex: (expression: Expression) => C;
  /** What operations take beside the tensor. @throws ArgumentError for anything else. */
  readonly operand: (where: string, value: unknown) => Expression;
}

/** An expression as users have it. */
export abstract class Symbolic<Self = unknown, L = unknown, C = unknown> {
  /** Whether its components are complex numbers, two reals each. */
  abstract readonly isComplex: boolean;
  readonly #expression: Expression;
  readonly #kind: Kind<Self, L, C>;

  constructor(expression: Expression, kind: Kind<Self, L, C>) {
    this.#expression = expression;
    this.#kind = kind;
  }

  static isOne(value: unknown): value is Symbolic {
    return typeof value === "object" && value !== null && #expression in value;
  }
  static expressionOf(tensor: Symbolic): Expression {
    return tensor.#expression;
  }
  static kindOf<Self, L, C>(tensor: Symbolic<Self, L, C>): Kind<Self, L, C> {
    return tensor.#kind;
  }
}

/** Whether it is a lazy tensor, real or complex. */
export const isLazy = (value: unknown): value is Symbolic => Symbolic.isOne(value);

/** The formula of a lazy tensor and what its variables stand for. */
export const expressionIn = (tensor: Symbolic): Expression => Symbolic.expressionOf(tensor);

/** A tensor of the kind of another one. */
export const alike = <Self>(tensor: Symbolic<Self>, expression: Expression): Self =>
  Symbolic.kindOf(tensor).own(expression);
