/**
 * Traces of logarithms by stochastic Lanczos quadrature (Ubaru, Chen and Saad, Fast estimation of tr(f(A)) via stochastic Lanczos quadrature,
 * 2017): tr log A is the mean of z·log(A) z over random z, and each of those a Gauss quadrature that Lanczos finds. With a preconditioner M
 * it is tr log M^1/2 A M^1/2, for z with the covariance M^-1 (Gardner, Pleiss, Bindel, Weinberger and Wilson 2018): what is left beside
 * log det M^-1, which is known.
 */
import { gaussNodes } from "./eigen";
import { Lanczos } from "./lanczos";
import type { Row } from "./lanczos";
import type { Space } from "./space";
import { Workspace } from "./space";
import type { Task } from "./task";

export interface LogTraceOptions<V> {
  /** Random vectors, at least 2. */
  readonly probes: number;
  /** Products with a block of vectors, for each block at the most. */
  readonly maxIterations: number;
  /** Fills a block with random vectors: entries ±1, or with a preconditioner M normal ones of covariance M^-1. */
  readonly random: (out: V) => void;
  /** Receives the products so far. */
  readonly onIteration?: ((iteration: number) => void) | undefined;
}

export interface LogTrace {
  readonly value: number;
  /** Of the mean over the probes. */
  readonly standardError: number;
  readonly probes: number;
  /** Products with a block of vectors. */
  readonly iterations: number;
  /** `"indefinite"`: A has an eigenvalue that is not positive; `"iterations"`: the quadrature had not settled. */
  readonly converged: "tolerance" | "iterations" | "indefinite" | "nan";
}

/** Steps from one look at the quadrature to the next. */
const STRIDE = 4;
/** A quadrature has settled when it moves by less than this part of the standard error. */
const SETTLED = 0.02;
/** In units of roundoff: smaller movements are rounding. */
const NOISE = 16;

/** @param space whose columns are that many probes at a time. */
export function* logTrace<V, S>(space: Space<V, S>, options: LogTraceOptions<V>): Task<LogTrace> {
  const samples: number[] = [];
  let iterations = 0;
  while (samples.length < options.probes) {
    const counted = { ...options, onIteration: (n: number) => options.onIteration?.(iterations + n) };
    const found = yield* block(space, counted);
    iterations += found.iterations;
    samples.push(...found.samples);
    if (found.converged !== "tolerance") return { ...summary(samples), iterations, converged: found.converged };
  }
  return { ...summary(samples), iterations, converged: "tolerance" };
}

interface Block {
  readonly samples: readonly number[];
  readonly iterations: number;
  readonly converged: LogTrace["converged"];
}

function* block<V, S>(space: Space<V, S>, options: LogTraceOptions<V>): Task<Block> {
  const work = new Workspace(space);
  try {
    const start = work.vector();
    options.random(start);
    const lanczos = new Lanczos(space, work);
    const columns = (yield* lanczos.begin(start)).map((norm) => new Quadrature(norm ** 2, space.roundoff));
    let before: number[] | undefined;
    for (let iterations = 1; ; iterations++) {
      const row = yield* lanczos.step();
      columns.forEach((column, k) => {
        column.push(row, k);
      });
      lanczos.end((k) => columns[k]!.isWhole);
      options.onIteration?.(iterations);
      const isWhole = columns.every((column) => column.isWhole);
      if (!isWhole && iterations < options.maxIterations && iterations % STRIDE !== 0) continue;
      const samples = columns.map((column) => column.value());
      if (samples.some(Number.isNaN))
        return { samples, iterations, converged: columns.some(({ isFinite }) => !isFinite) ? "nan" : "indefinite" };
      if (isWhole || (before && hasSettled(before, samples, options.probes, space)))
        return { samples, iterations, converged: "tolerance" };
      if (iterations >= options.maxIterations) return { samples, iterations, converged: "iterations" };
      before = samples;
    }
  } finally {
    work.free();
  }
}

function hasSettled(
  before: readonly number[],
  now: readonly number[],
  probes: number,
  { rows, roundoff }: { readonly rows: number; readonly roundoff: number },
): boolean {
  const [a, b] = [summary(before), summary(now)];
  const error = (b.standardError * Math.sqrt(now.length)) / Math.sqrt(probes);
  return Math.abs(b.value - a.value) <= SETTLED * error + NOISE * roundoff * (rows + Math.abs(b.value));
}

/** z·log(A) z for one z, by the tridiagonal matrix that Lanczos makes of A and z. */
class Quadrature {
  /** Whether the Krylov space has ended, and the quadrature is exact. */
  isWhole = false;
  isFinite = true;
  private readonly alpha: number[] = [];
  private readonly beta: number[] = [];
  private norm = 0;

  constructor(
    /** |z|² */
    private readonly weight: number,
    private readonly roundoff: number,
  ) {
    this.isWhole = weight === 0;
  }

  push(row: Row, k: number): void {
    if (this.isWhole) return;
    const [alpha, beta] = [row.alpha[k]!, row.beta[k]!];
    this.alpha.push(alpha);
    this.beta.push(beta);
    this.norm = Math.max(this.norm, Math.abs(alpha) + beta);
    this.isFinite &&= Number.isFinite(alpha) && Number.isFinite(beta);
    this.isWhole = !(beta > NOISE * this.roundoff * this.norm);
  }

  /** NaN where a node is not positive. */
  value(): number {
    const { values, rows } = gaussNodes(this.alpha, this.beta);
    const [first = new Float64Array(0)] = rows;
    return values.reduce((sum, node, n) => sum + (node > 0 ? first[n]! ** 2 * this.weight * Math.log(node) : NaN), 0);
  }
}

function summary(samples: readonly number[]): { value: number; standardError: number; probes: number } {
  const probes = samples.length;
  const value = samples.reduce((sum, sample) => sum + sample, 0) / probes;
  const squares = samples.reduce((sum, sample) => sum + (sample - value) ** 2, 0);
  return { value, standardError: Math.sqrt(squares / Math.max(1, probes - 1) / probes), probes };
}
