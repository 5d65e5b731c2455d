/**
 * Several ridges at the price of one: conjugate gradients of A + sigma I for many shifts sigma >= 0 share one Krylov space, hence their
 * products with A (Jegerlehner, Krylov space solvers for shifted linear systems, 1996; van den Eshof and Sleijpen 2004). Residuals of the
 * shifts are multiples of that of A. Knows recursive residuals only: what it finds is verified, and refined, as any start of a solve.
 */
import type { Space } from "./space";
import { Workspace } from "./space";
import { Stall } from "./stall";
import type { Task } from "./task";
import { settled } from "./task";

export interface ShiftedOptions {
  /** Residual norm at which each column is done. */
  readonly bounds: readonly number[];
  readonly maxIterations: number;
  /** Receives the iterations done, and the largest residual norm over its bound. */
  readonly onIteration?: ((iteration: number, excess: number) => void) | undefined;
}

export interface ShiftedResult {
  readonly iterations: number;
  /** Whether residuals no longer fell. */
  readonly hasStalled: boolean;
}

/**
 * Solves (A + shifts[s] I) x[s] = b from x[s] = 0, until all are done, residuals no longer fall, iterations run out, or A
 * is found indefinite.
 */
export function* shiftedCg<V, S>(
  space: Space<V, S>,
  shifts: readonly number[],
  b: V,
  x: readonly V[],
  options: ShiftedOptions,
): Task<ShiftedResult> {
  const work = new Workspace(space);
  try {
    const [r, p, q] = [work.vector(), work.vector(), work.vector()];
    const [scalar, factor] = [work.scalar(), work.scalar()];
    const systems = shifts.map((shift, s) => new Shifted(space, work, shift, b, x[s]!));
    space.copy(b, r);
    space.copy(b, p);
    let squares = yield* dot(space, r, r, scalar);
    let [stepBefore, ratioBefore] = [squares.map(() => 1), squares.map(() => 0)];
    const stall = new Stall();
    const isDone = (norms: readonly number[]): boolean => norms.every((norm, k) => norm <= options.bounds[k]!);
    for (let iteration = 0; ; iteration++) {
      const open = systems.filter((system) => !isDone(system.norms(squares)));
      const excess = open.flatMap((system) => system.norms(squares).map((norm, k) => norm / options.bounds[k]! || 0));
      const largest = excess.reduce((most, one) => Math.max(most, one), 0);
      options.onIteration?.(iteration, largest);
      const hasStalled = stall.hasCome(iteration, [largest], [1]);
      const isOver = open.length === 0 || iteration >= options.maxIterations || !squares.every(Number.isFinite);
      if (isOver || hasStalled) return { iterations: iteration, hasStalled };
      yield* settled(space.apply(p, q));
      const curvatures = yield* dot(space, p, q, scalar);
      if (curvatures.some((curvature, k) => !(curvature > 0) && squares[k]! > 0))
        return { iterations: iteration, hasStalled };
      const step = curvatures.map((curvature, k) => (squares[k] === 0 ? 0 : squares[k]! / curvature));
      space.write(step, factor);
      space.axmy(factor, q, r);
      const now = yield* dot(space, r, r, scalar);
      const ratio = now.map((square, k) => (squares[k] === 0 ? 0 : square / squares[k]!));
      for (const system of open) system.advance(r, { step, ratio, stepBefore, ratioBefore });
      space.write(ratio, factor);
      space.xpay(r, factor, p);
      [squares, stepBefore, ratioBefore] = [now, step, ratio];
    }
  } finally {
    work.free();
  }
}

function* dot<V, S>(space: Space<V, S>, a: V, b: V, scalar: S): Task<number[]> {
  space.dot(a, b, scalar);
  const [numbers = []] = yield* settled(space.read([scalar]));
  return numbers;
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

  /** Of the residual, given the squares of that of A. */
  norms(squares: readonly number[]): number[] {
    return squares.map((square, k) => Math.abs(this.zeta[k]!) * Math.sqrt(square));
  }

  /** @param r the residual of A after its step. */
  advance(r: V, { step, ratio, stepBefore, ratioBefore }: Recurrence): void {
    const { space, factor, direction, zeta, zetaBefore, shift } = this;
    const next = zeta.map((now, k) => {
      const before = zetaBefore[k]! * stepBefore[k]!;
      const below = before * (1 + step[k]! * shift) + step[k]! * ratioBefore[k]! * (zetaBefore[k]! - now);
      return below === 0 ? 0 : (now * before) / below;
    });
    space.write(
      next.map((value, k) => value * step[k]!),
      factor,
    );
    space.axpy(factor, direction, this.x);
    space.write(
      next.map((value, k) => (zeta[k] === 0 ? 0 : (ratio[k]! * value) / zeta[k]!)),
      factor,
    );
    space.xpay(r, factor, direction);
    [this.zetaBefore, this.zeta] = [zeta, next];
  }
}
