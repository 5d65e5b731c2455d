/**
 * Column norms that neither overflow nor underflow: every column is first scaled by the power of two of its largest
 * entry, exactly. The scaled vector is kept, since it is also what a solve in a smaller dtype should be given.
 */
import type { Space, Workspace } from "./space";
import type { Task } from "./task";
import { settled } from "./task";

/** Measures vectors of one space; its handles belong to the workspace. */
export class Norms<V, S> {
  /** The vector measured last, each column with its peak in [1, 2). */
  readonly scaled: V;
  /** What its columns were divided by. */
  scales: number[] = [];
  private readonly zeros: V;
  private readonly peak: S;
  private readonly factor: S;

  constructor(
    private readonly space: Space<V, S>,
    work: Workspace<V, S>,
  ) {
    this.scaled = work.vector();
    this.zeros = work.vector();
    this.peak = work.scalar();
    this.factor = work.scalar();
  }

  /** The 2-norm of each column, not finite where an entry is not. */
  *measure(x: V): Task<number[]> {
    const { space, scaled, peak } = this;
    space.peak(x, peak);
    this.scales = (yield* this.numbers(peak)).map(powerOfTwo);
    space.copy(x, scaled);
    this.multiply(
      scaled,
      this.scales.map((scale) => 1 / scale),
    );
    space.dot(scaled, scaled, peak);
    const squares = yield* this.numbers(peak);
    return this.scales.map((scale, k) => scale * Math.sqrt(squares[k] ?? NaN));
  }

  /** x · the vector measured last, column by column. */
  *dot(x: V): Task<number[]> {
    this.space.dot(x, this.scaled, this.peak);
    const products = yield* this.numbers(this.peak);
    return products.map((product, k) => product * (this.scales[k] ?? NaN));
  }

  /** x *= factors, column by column. */
  multiply(x: V, factors: readonly number[]): void {
    this.space.write(factors, this.factor);
    this.space.xpay(this.zeros, this.factor, x);
  }

  /** y += factors x, column by column. */
  add(factors: readonly number[], x: V, y: V): void {
    this.space.write(factors, this.factor);
    this.space.axpy(this.factor, x, y);
  }

  private *numbers(scalar: S): Task<number[]> {
    const [numbers = []] = yield* settled(this.space.read([scalar]));
    return numbers;
  }
}

/** The power of two at or below a peak; 1 for zero and for what is not finite. The exponent's reciprocal exists, too. */
function powerOfTwo(peak: number): number {
  if (!(peak > 0 && peak < Infinity)) return 1;
  return 2 ** Math.max(-1000, Math.min(1000, Math.floor(Math.log2(peak))));
}
