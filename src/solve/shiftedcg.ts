/**
 * Several ridges at the price of one: conjugate gradients of A + sigma I for many shifts sigma >= 0 share one Krylov
 * space, hence their products with A (Jegerlehner, Krylov space solvers for shifted linear systems, 1996; van den Eshof
 * and Sleijpen 2004). Residuals of the shifts are multiples of that of A. Knows recursive residuals only: what it finds
 * is verified, and refined, as any start of a solve.
 */
import { waitFor } from "../task";
import { at } from "../asserts";
import type { Task } from "../task";
import { Workspace, numbersOf } from "./space";
import type { Space } from "./space";
import { Stall } from "./stopping";

export interface ShiftedCgOptions {
  /** Residual norm at which each column is done. */
  readonly bounds: readonly number[];
  readonly maxIterations: number;
  /** Receives the iterations done, and the largest residual norm over its bound. */
  readonly onIteration?: ((iteration: number, excess: number) => void) | undefined;
}

export interface ShiftedCgResult {
  readonly iterations: number;
  /** Whether residuals no longer fell. */
  readonly hasStalled: boolean;
}

/**
 * Solves (A + shifts[s] I) x[s] = b from x[s] = 0, until all are done, residuals no longer fall, iterations run out, or
 * A is found indefinite.
 */
export function* shiftedCg<V, S>(
  space: Space<V, S>,
  shifts: readonly number[],
  b: V,
  x: readonly V[],
  options: ShiftedCgOptions,
): Task<ShiftedCgResult> {
  const work = new Workspace(space);
  try {
    const run = new ShiftedRun(space, work, shifts, b, x, options);
    yield* run.begin();
    for (let iterations = 0; ; iterations++) {
      const end = run.endAt(iterations);
      if (end !== null) return { iterations, hasStalled: end === "stagnation" };
      if (!(yield* run.step())) return { iterations, hasStalled: false };
    }
  } finally {
    work.free();
  }
}

/** Conjugate gradients of A, with all shifts. */
class ShiftedRun<V, S> {
  private readonly r: V;
  private readonly p: V;
  private readonly q: V;
  private readonly scalar: S;
  private readonly factor: S;
  private readonly systems: readonly Shifted<V, S>[];
  private readonly stall = new Stall();
  /** Squared norms of the residual of A. */
  private squares: readonly number[] = [];
  private before: Pick<Recurrence, "stepBefore" | "ratioBefore">;
  private open: readonly Shifted<V, S>[] = [];

  constructor(
    private readonly space: Space<V, S>,
    work: Workspace<V, S>,
    shifts: readonly number[],
    private readonly b: V,
    x: readonly V[],
    private readonly options: ShiftedCgOptions,
  ) {
    [this.r, this.p, this.q] = [work.vector(), work.vector(), work.vector()];
    [this.scalar, this.factor] = [work.scalar(), work.scalar()];
    this.systems = shifts.map((shift, s) => new Shifted(space, work, shift, b, at(x, s)));
    const each = (value: number): number[] => new Array<number>(space.columns).fill(value);
    this.before = { stepBefore: each(1), ratioBefore: each(0) };
  }

  *begin(): Task<void> {
    this.space.copy(this.b, this.r);
    this.space.copy(this.b, this.p);
    this.squares = yield* this.dot(this.r, this.r);
  }

  /** Why iterations end here; null where they go on. */
  endAt(iteration: number): "done" | "stagnation" | null {
    const { squares, options } = this;
    this.open = this.systems.filter((system) => !system.isDone(squares, options.bounds));
    const excesses = this.open.flatMap((system) => system.excesses(squares, options.bounds));
    const excess = excesses.reduce((most, one) => Math.max(most, one), 0);
    options.onIteration?.(iteration, excess);
    const hasStalled = this.stall.hasCome(iteration, [excess], [1]);
    if (hasStalled) return "stagnation";
    const isOver = this.open.length === 0 || iteration >= options.maxIterations || !squares.every(Number.isFinite);
    return isOver ? "done" : null;
  }

  /** One iteration. @returns false where A is found indefinite. */
  *step(): Task<boolean> {
    const { space, factor, r, p, q, squares } = this;
    yield* waitFor(space.apply(p, q));
    const curvatures = yield* this.dot(p, q);
    if (curvatures.some((curvature, k) => !(curvature > 0) && at(squares, k) > 0)) return false;
    const step = curvatures.map((curvature, k) => (squares[k] === 0 ? 0 : at(squares, k) / curvature));
    space.write(step, factor);
    space.axmy(factor, q, r);
    const now = yield* this.dot(r, r);
    const ratio = now.map((square, k) => (squares[k] === 0 ? 0 : square / at(squares, k)));
    for (const system of this.open) system.advance(r, { step, ratio, ...this.before });
    space.write(ratio, factor);
    space.xpay(r, factor, p);
    this.squares = now;
    this.before = { stepBefore: step, ratioBefore: ratio };
    return true;
  }

  private *dot(a: V, b: V): Task<number[]> {
    this.space.dot(a, b, this.scalar);
    return yield* numbersOf(this.space, this.scalar);
  }
}

/** What conjugate gradients of A have done, per column. */
interface Recurrence {
  readonly step: readonly number[];
  readonly ratio: readonly number[];
  readonly stepBefore: readonly number[];
  readonly ratioBefore: readonly number[];
}

/** One shift: its residual is zeta times that of A, its direction zeta times `direction`. */
class Shifted<V, S> {
  private readonly direction: V;
  private readonly factor: S;
  private zeta: readonly number[];
  private zetaBefore: readonly number[];

  constructor(
    private readonly space: Space<V, S>,
    work: Workspace<V, S>,
    private readonly shift: number,
    b: V,
    private readonly x: V,
  ) {
    this.direction = work.vector();
    this.factor = work.scalar();
    this.zeta = this.zetaBefore = new Array<number>(space.columns).fill(1);
    space.copy(b, this.direction);
  }

  /** Whether all columns have come to their bounds, given the squared residual norms of A. */
  isDone(squares: readonly number[], bounds: readonly number[]): boolean {
    return this.norms(squares).every((norm, k) => norm <= at(bounds, k));
  }

  /** Residual norms over their bounds. */
  excesses(squares: readonly number[], bounds: readonly number[]): number[] {
    return this.norms(squares).map((norm, k) => norm / at(bounds, k) || 0);
  }

  private norms(squares: readonly number[]): number[] {
    return squares.map((square, k) => Math.abs(at(this.zeta, k)) * Math.sqrt(square));
  }

  /** @param r the residual of A after its step. */
  advance(r: V, { step, ratio, stepBefore, ratioBefore }: Recurrence): void {
    const { space, factor, direction, zeta, zetaBefore, shift } = this;
    const next = zeta.map((now, k) => {
      const before = at(zetaBefore, k) * at(stepBefore, k);
      const below = before * (1 + at(step, k) * shift) + at(step, k) * at(ratioBefore, k) * (at(zetaBefore, k) - now);
      return below === 0 ? 0 : (now * before) / below;
    });
    space.write(
      next.map((value, k) => value * at(step, k)),
      factor,
    );
    space.axpy(factor, direction, this.x);
    space.write(
      next.map((value, k) => (zeta[k] === 0 ? 0 : (at(ratio, k) * value) / at(zeta, k))),
      factor,
    );
    space.xpay(r, factor, direction);
    [this.zetaBefore, this.zeta] = [zeta, next];
  }
}
