/**
 * The recurrence of Lanczos (1950), one per column: A V = V T with orthonormal V and tridiagonal T, or with a preconditioner M the same for
 * M^1/2 A M^1/2. MINRES and the quadrature of log-determinants are made of it. Three vectors are kept, none is orthogonalised again.
 */
import type { Space } from "./space";
import type { Workspace } from "./space";
import type { Task } from "./task";
import { settled } from "./task";

/** A row of T, per column: its diagonal entry, and the one beside it. */
export interface Row {
  readonly alpha: readonly number[];
  readonly beta: readonly number[];
}

/** Runs step by step; its handles belong to the workspace. A column whose beta is 0 has ended and stands still. */
export class Lanczos<V, S> {
  /** v_k of the step done last, for a preconditioner M^1/2 v_k. */
  readonly v: V;
  private readonly zeros: V;
  private previous: V;
  private current: V;
  private next: V;
  private readonly image: V;
  private readonly scalars: { readonly beta: S; readonly alpha: S; readonly square: S; readonly factor: S };
  private beta: number[] = [];
  private betaBefore: number[];

  constructor(
    private readonly space: Space<V, S>,
    work: Workspace<V, S>,
  ) {
    this.v = work.vector();
    this.zeros = work.vector();
    this.previous = work.vector();
    this.current = work.vector();
    this.next = work.vector();
    this.image = work.vector();
    this.scalars = { beta: work.scalar(), alpha: work.scalar(), square: work.scalar(), factor: work.scalar() };
    this.betaBefore = new Array<number>(space.columns).fill(0);
  }

  /** Starts from `b`, and returns its norm per column (with a preconditioner, that of M^1/2 b). */
  *begin(b: V): Task<readonly number[]> {
    const { space, scalars } = this;
    space.copy(b, this.current);
    yield* this.measure();
    const [squares = []] = yield* settled(space.read([scalars.square]));
    return (this.beta = squares.map(Math.sqrt));
  }

  /** Ends some columns: they stand still from now on. */
  end(isOver: (column: number) => boolean): void {
    this.beta = this.beta.map((beta, k) => (isOver(k) ? 0 : beta));
  }

  *step(): Task<Row> {
    const { space, scalars, v } = this;
    space.copy(this.image, v);
    space.write(this.beta.map(inverse), scalars.factor);
    space.xpay(this.zeros, scalars.factor, v);
    yield* settled(space.apply(v, this.next));
    space.write(
      this.beta.map((beta, k) => beta * inverse(this.betaBefore[k]!)),
      scalars.factor,
    );
    space.axmy(scalars.factor, this.previous, this.next);
    space.dot(v, this.next, scalars.alpha);
    space.write(this.beta, scalars.beta);
    space.div(scalars.alpha, scalars.beta, scalars.factor);
    space.axmy(scalars.factor, this.current, this.next);
    [this.previous, this.current, this.next] = [this.current, this.next, this.previous];
    yield* this.measure();
    const [alpha = [], squares = []] = yield* settled(space.read([scalars.alpha, scalars.square]));
    this.betaBefore = this.beta;
    this.beta = squares.map((square, k) => (this.betaBefore[k] === 0 ? 0 : Math.sqrt(square)));
    return { alpha, beta: this.beta };
  }

  /** M times the current vector, and their product. */
  private *measure(): Task<void> {
    const { space, current, image, scalars } = this;
    if (space.precondition === undefined) space.copy(current, image);
    else yield* settled(space.precondition(current, image));
    space.dot(current, image, scalars.square);
  }
}

const inverse = (x: number): number => (x === 0 ? 0 : 1 / x);
