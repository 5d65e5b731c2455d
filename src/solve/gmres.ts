/**
 * GMRES with restarts (Saad and Schultz 1986): the smallest residual in the Krylov space of any operator, at the price
 * of keeping a basis of that space. Cycles grow while they gain little and memory allows. A preconditioner acts from
 * the right, so residuals are those of the system itself. One least-squares problem per column; a column that has ended
 * stands still.
 */
import type { OptionsOf } from "../options";
import { asserted, at } from "../asserts";
import { waitFor } from "../task";
import type { Task } from "../task";
import type { CgEnd, CgOptions, CgResult } from "./cg";
import type { Inner } from "./refine";
import { Workspace, numbersOf } from "./space";
import type { Space } from "./space";
import { Stall } from "./stopping";

/** The options of GMRES alone. */
export const GMRES = {
  /**
   * With symmetry "none": iterations of GMRES until its first restart, default 50. Cycles that gain little are followed
   * by longer ones.
   */
  restart: { kind: "integer", least: 1, default: 50 },
} as const;

type Restarts = OptionsOf<typeof GMRES>;

export interface GmresOptions extends CgOptions, Restarts {
  /** Numbers in the basis at the most (default 2^26). */
  readonly memory?: number;
}

/** GMRES as the inner solver of refinement. */
export const gmresWith = ({ restart }: Restarts): Inner => ({
  run: (space, b, x, options) => gmres(space, b, x, { ...options, restart }),
  minimises: "residual",
});

/** A cycle that divides the residual by less makes the next one twice as long. */
const LITTLE = 4;
/** One of the greatest length that divides it by less has stagnated. */
const LEAST = 1.001;

/** Solves A x = b from x = 0; `x` holds zeros on entry and the last iterate whenever the task ends. */
export function* gmres<V, S>(space: Space<V, S>, b: V, x: V, options: GmresOptions): Task<CgResult> {
  const work = new Workspace(space);
  try {
    const run = new GmresRun(space, work, b, x, options);
    yield* run.begin();
    while (run.goesOn) yield* run.cycle();
    return { iterations: run.iterations, ends: run.ends.map((end) => end ?? "iterations") };
  } finally {
    work.free();
  }
}

class GmresRun<V, S> {
  iterations = 0;
  ends: (CgEnd | undefined)[];
  private norms: readonly number[] = [];
  private readonly basis: V[] = [];
  /** One scalar per vector of the basis, for its part in a new one. */
  private readonly parts: S[] = [];
  private readonly image: V;
  private readonly square: S;
  private readonly factor: S;
  private readonly minusOne: S;
  private readonly zeros: V;
  private readonly stall: Stall;
  private length: number;
  private readonly longest: number;

  constructor(
    private readonly space: Space<V, S>,
    private readonly work: Workspace<V, S>,
    private readonly b: V,
    private readonly x: V,
    private readonly options: GmresOptions,
  ) {
    const { rows, columns } = space;
    const { restart = GMRES.restart.default, memory = 2 ** 26 } = options;
    this.longest = Math.max(1, Math.min(rows, Math.floor(memory / Math.max(1, rows * columns))));
    this.length = Math.min(restart, this.longest);
    this.stall = new Stall(options.patience);
    this.ends = new Array<undefined>(columns).fill(undefined);
    this.image = work.vector();
    this.zeros = work.vector();
    this.square = work.scalar();
    this.factor = work.scalar();
    this.minusOne = work.scalar(new Array<number>(columns).fill(-1));
  }

  get goesOn(): boolean {
    const { ends } = this;
    return !ends.includes("nan") && ends.includes(undefined) && this.iterations < this.options.maxIterations;
  }

  *begin(): Task<void> {
    this.space.copy(this.b, this.vector(0));
    yield* this.measure();
  }

  /** The norms of the residual, which is the first vector of the basis. */
  private *measure(): Task<void> {
    const { space, square } = this;
    const first = this.vector(0);
    space.dot(first, first, square);
    this.norms = (yield* numbersOf(space, square)).map(Math.sqrt);
    this.norms.forEach((norm, k) => {
      if (!Number.isFinite(norm)) this.ends[k] = "nan";
      else if (norm <= at(this.options.bounds, k)) this.ends[k] ??= "bound";
    });
  }

  /** Some iterations, their best x, and its residual. */
  *cycle(): Task<void> {
    const before = this.norms;
    const problems = before.map((norm, k) => new LeastSquares(norm, at(this.options.bounds, k), this.ends[k]));
    this.scale(
      this.vector(0),
      before.map((norm, k) => (this.ends[k] === undefined ? norm : 0)),
    );
    let size = 0;
    while (size < this.length && this.iterations < this.options.maxIterations && problems.some(isOpen))
      yield* this.extend(problems, size++);
    yield* this.update(problems, size);
    this.ends = problems.map(({ end }) => end);
    yield* waitFor(this.space.apply(this.x, this.vector(0)));
    this.space.xpay(this.b, this.minusOne, this.vector(0));
    yield* this.measure();
    this.judge(before);
  }

  /** One more vector of the basis: the image of the last one, orthogonal to all. */
  private *extend(problems: readonly LeastSquares[], size: number): Task<void> {
    const { space, square, image } = this;
    const next = this.vector(size + 1);
    if (space.precondition) yield* waitFor(space.precondition(this.vector(size), image));
    else space.copy(this.vector(size), image);
    yield* waitFor(space.apply(image, next));
    for (let n = 0; n <= size; n++) {
      space.dot(this.vector(n), next, at(this.parts, n));
      space.axmy(at(this.parts, n), this.vector(n), next);
    }
    space.dot(next, next, square);
    const [squares = [], ...parts] = yield* waitFor(space.read([square, ...this.parts.slice(0, size + 1)]));
    const norms = squares.map(Math.sqrt);
    problems.forEach((problem, k) => {
      problem.push(
        parts.map((part) => at(part, k)),
        at(norms, k),
        space.roundoff,
      );
    });
    this.scale(
      next,
      problems.map((problem, k) => (isOpen(problem) ? at(norms, k) : 0)),
    );
    this.report(problems);
  }

  /** x += the best combination of the basis. */
  private *update(problems: readonly LeastSquares[], size: number): Task<void> {
    const { space, factor, image, zeros } = this;
    const [sum, weights] = [this.vector(size), problems.map((problem) => problem.solution())];
    space.copy(zeros, sum);
    for (let n = 0; n < size; n++) {
      space.write(
        weights.map((weight) => weight[n] ?? 0),
        factor,
      );
      space.axpy(factor, this.vector(n), sum);
    }
    if (space.precondition) yield* waitFor(space.precondition(sum, image));
    else space.copy(sum, image);
    space.axmy(this.minusOne, image, this.x);
  }

  /** Whether longer cycles, or none, are called for. */
  private judge(before: readonly number[]): void {
    const hasGained = (k: number, factor: number): boolean => !(at(this.norms, k) * factor > at(before, k));
    const isLongest = this.length >= this.longest;
    const open = this.norms.map((norm, k) => (this.ends[k] === undefined ? norm : 0));
    const hasStalled = this.stall.hasCome(this.iterations, open, this.options.bounds);
    const hasEnded = (k: number): boolean => hasStalled || (isLongest && !hasGained(k, LEAST));
    this.ends = this.ends.map((end, k) => end ?? (hasEnded(k) ? "stagnation" : undefined));
    if (this.ends.some((end, k) => end === undefined && !hasGained(k, LITTLE)))
      this.length = Math.min(2 * this.length, this.longest);
  }

  private report(problems: readonly LeastSquares[]): void {
    const { onCheck, checkEvery } = this.options;
    if (++this.iterations % checkEvery !== 0) return;
    onCheck?.(
      this.iterations,
      problems.map(({ residual }) => residual),
    );
  }

  private vector(n: number): V {
    while (this.basis.length <= n) {
      this.basis.push(this.work.vector());
      this.parts.push(this.work.scalar());
    }
    return at(this.basis, n);
  }

  /** v /= norms, and 0 where a norm is 0. */
  private scale(v: V, norms: readonly number[]): void {
    const inverses = norms.map((norm) => (norm === 0 ? 0 : 1 / norm));
    this.space.write(inverses, this.factor);
    this.space.xpay(this.zeros, this.factor, v);
  }
}

const isOpen = ({ end }: LeastSquares): boolean => end === undefined;

/** min |beta e_1 - H y| of one column, H growing by columns that plane rotations make triangular. */
class LeastSquares {
  private readonly triangle: (readonly number[])[] = [];
  private readonly rotations: (readonly [cosine: number, sine: number])[] = [];
  /** The rotated right-hand side: beside the triangle, and what is left of it. */
  private readonly right: number[] = [];
  private left: number;
  /** The norm of A, as far as is known. */
  private norm = 0;

  constructor(
    beta: number,
    private readonly bound: number,
    public end: CgEnd | undefined,
  ) {
    this.left = beta;
  }

  /** Norm of what is left. */
  get residual(): number {
    return Math.abs(this.left);
  }

  /** A new column of H: what the image has in common with the basis, and the norm of the rest. */
  push(parts: number[], rest: number, roundoff: number): void {
    if (this.end !== undefined) return;
    this.norm = Math.max(this.norm, Math.hypot(...parts, rest));
    this.rotations.forEach(([cosine, sine], n) => {
      const [a, b] = [at(parts, n), at(parts, n + 1)];
      parts[n] = cosine * a + sine * b;
      parts[n + 1] = cosine * b - sine * a;
    });
    const last = asserted(parts.at(-1), "a part");
    const gamma = Math.hypot(last, rest);
    if (!Number.isFinite(gamma)) this.end = "nan";
    else if (gamma <= roundoff * this.norm) this.end = "breakdown";
    if (this.end !== undefined) return;
    const [cosine, sine] = [last / gamma, rest / gamma];
    this.triangle.push([...parts.slice(0, -1), gamma]);
    this.rotations.push([cosine, sine]);
    this.right.push(cosine * this.left);
    this.left *= -sine;
    if (this.residual <= this.bound) this.end = "bound";
    else if (rest <= roundoff * this.norm) this.end = "breakdown";
  }

  /** y, by back substitution. */
  solution(): number[] {
    const y = this.right.slice();
    for (let n = y.length - 1; n >= 0; n--) {
      y[n] = at(y, n) / at(at(this.triangle, n), n);
      for (let above = 0; above < n; above++) y[above] = at(y, above) - at(at(this.triangle, n), above) * at(y, n);
    }
    return y;
  }
}
