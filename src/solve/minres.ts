/**
 * MINRES (Paige and Saunders, Solution of sparse indefinite systems of linear equations, 1975): the smallest residual
 * in the Krylov space of a symmetric operator, definite or not. One recurrence per column; a column that has ended
 * stands still. Knows recursive residuals only; refine.ts knows the true ones.
 */
import type { Task } from "../task";
import { at } from "../asserts";
import type { CgEnd, CgOptions, CgResult } from "./cg";
import { Lanczos } from "./lanczos";
import type { Inner } from "./refine";
import { Workspace } from "./space";
import type { Space } from "./space";
import { Stall } from "./stopping";

/** MINRES as the inner solver of refinement. */
export const MINRES: Inner = {
  run: (space, b, x, options) => minres(space, b, x, options),
  minimises: "residual",
};

/** Solves A x = b from x = 0; `x` holds zeros on entry and the last iterate whenever the task ends. */
export function* minres<V, S>(space: Space<V, S>, b: V, x: V, options: CgOptions): Task<CgResult> {
  const work = new Workspace(space);
  try {
    const lanczos = new Lanczos(space, work);
    const columns = (yield* lanczos.begin(b)).map(
      (norm, k) => new MinresColumn(norm, at(options.bounds, k), space.roundoff),
    );
    const directions = new Directions(space, work);
    const stall = new Stall(options.patience);
    for (let iteration = 0; ; iteration++) {
      const isOver = columns.some(({ end }) => end === "nan") || columns.every(({ end }) => end !== undefined);
      if (isOver || iteration >= options.maxIterations)
        return { iterations: iteration, ends: columns.map(({ end }) => end ?? "iterations") };
      lanczos.end((k) => at(columns, k).end !== undefined);
      const { alpha, beta } = yield* lanczos.step();
      const steps = columns.map((column, k) => column.next(at(alpha, k), at(beta, k)));
      directions.advance(lanczos.v, steps, x);
      if ((iteration + 1) % options.checkEvery !== 0) continue;
      options.onCheck?.(
        iteration + 1,
        columns.map(({ residual }) => residual),
      );
      const open = columns.map(({ end, residual }) => (end === undefined ? residual : 0));
      if (stall.hasCome(iteration + 1, open, options.bounds)) for (const column of columns) column.end ??= "stagnation";
    }
  } finally {
    work.free();
  }
}

/** How the next direction is made of v and the two before, and how far x goes along it. */
interface Step {
  readonly beforeLast: number;
  readonly last: number;
  readonly length: number;
}

/** What is rounding, in units of roundoff times the norm of A. */
const NOISE = 16;

const STILL: Step = { beforeLast: 0, last: 0, length: 0 };

/** The last two directions, each times the diagonal entry of R that it should be divided by. */
class Directions<V, S> {
  private last: V;
  private beforeLast: V;
  private readonly factor: S;

  constructor(
    private readonly space: Space<V, S>,
    work: Workspace<V, S>,
  ) {
    this.last = work.vector();
    this.beforeLast = work.vector();
    this.factor = work.scalar();
  }

  advance(v: V, steps: readonly Step[], x: V): void {
    const { space, factor, last, beforeLast } = this;
    const write = (of: (step: Step) => number): void => {
      space.write(steps.map(of), factor);
    };
    write((step) => -step.beforeLast);
    space.xpay(v, factor, beforeLast);
    write((step) => step.last);
    space.axmy(factor, last, beforeLast);
    write((step) => step.length);
    space.axpy(factor, beforeLast, x);
    [this.last, this.beforeLast] = [beforeLast, last];
  }
}

/** The QR factorisation of one column's tridiagonal matrix, by plane rotations. */
class MinresColumn {
  end: CgEnd | undefined;
  residual: number;
  private beta: number;
  private cosine = -1;
  private sine = 0;
  /** What the rotations so far have left at the next two places above the diagonal. */
  private above = 0;
  private twoAbove = 0;
  /** The last two diagonal entries of R. */
  private gammas: readonly [number, number] = [1, 1];
  /** The norm of A, as far as is known. */
  private norm = 0;

  constructor(
    norm: number,
    private readonly bound: number,
    private readonly roundoff: number,
  ) {
    this.residual = this.beta = norm;
    if (!Number.isFinite(norm)) this.end = "nan";
    else if (norm <= bound) this.end = "bound";
  }

  /** Takes in one more row of the tridiagonal matrix. */
  next(alpha: number, beta: number): Step {
    if (this.end !== undefined) return STILL;
    const { cosine, sine, above, roundoff } = this;
    this.norm = Math.max(this.norm, Math.hypot(this.beta, alpha, beta));
    const noise = NOISE * roundoff * this.norm;
    const diagonal = sine * above - cosine * alpha;
    const gamma = Math.hypot(diagonal, beta);
    if (!Number.isFinite(gamma)) this.end = "nan";
    else if (gamma <= noise) this.end = "breakdown";
    if (this.end !== undefined) return STILL;
    // |A r| / |r|: where it is rounding, no x leaves a smaller residual.
    const gradient = Math.hypot(diagonal, cosine * beta);
    const step = this.rotate(cosine * above + sine * alpha, diagonal / gamma, beta / gamma, gamma);
    if (this.residual <= this.bound) this.end = "bound";
    else if (beta === 0 || gradient <= noise) this.end = "breakdown";
    return step;
  }

  private rotate(delta: number, cosine: number, sine: number, gamma: number): Step {
    const [beforeLast, last] = this.gammas;
    const step = {
      beforeLast: this.twoAbove / beforeLast,
      last: delta / last,
      length: (cosine * this.residual) / gamma,
    };
    this.beta = sine * gamma;
    [this.above, this.twoAbove] = [-this.cosine * this.beta, this.sine * this.beta];
    [this.cosine, this.sine] = [cosine, sine];
    this.residual *= sine;
    this.gammas = [last, gamma];
    return step;
  }
}
