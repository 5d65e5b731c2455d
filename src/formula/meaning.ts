/**
 * What reductions mean, on plain numbers: one accumulator per row of the result. The reference engine computes with
 * these; devices are judged against them.
 */
import { at, integerAt } from "../asserts";

/** One row of a result. */
export interface Row {
  readonly values: readonly number[];
  readonly indices: readonly number[];
}

/** The components of the formula at a pair, and those of the weights where there are some. */
type Evaluated = readonly [ArrayLike<number>, ...ArrayLike<number>[]];

/** An accumulator: takes the evaluated formulas of one column after the other. */
export interface Meaning {
  update(evaluated: readonly ArrayLike<number>[], column: number): void;
  finish(): Row;
}

export class SumMeaning implements Meaning {
  private readonly totals: number[];
  private columns = 0;

  constructor(
    dim: number,
    private readonly told: "Total" | "Mean" | "IsPositive" | "IsZero",
  ) {
    this.totals = new Array<number>(dim).fill(0);
  }

  update([f]: Evaluated): void {
    this.totals.forEach((total, k) => (this.totals[k] = total + f[k]!));
    this.columns++;
  }

  finish(): Row {
    const told = {
      Total: (sum: number) => sum,
      Mean: (sum: number) => sum / this.columns,
      IsPositive: (sum: number) => (sum > 0 ? 1 : 0),
      IsZero: (sum: number) => (sum === 0 ? 1 : 0),
    }[this.told];
    return { values: this.totals.map(told), indices: [] };
  }
}

/** What becomes of a number as values come one after the other. */
export class FoldMeaning implements Meaning {
  private readonly numbers: number[];

  constructor(
    dim: number,
    empty: number,
    private readonly step: (sofar: number, value: number) => number,
  ) {
    this.numbers = new Array<number>(dim).fill(empty);
  }

  update([f]: Evaluated): void {
    this.numbers.forEach((sofar, k) => (this.numbers[k] = this.step(sofar, f[k]!)));
  }

  finish(): Row {
    return { values: this.numbers, indices: [] };
  }
}

/** Candidates are sorted when there are so many more than those that stay. */
const MOST_UNSORTED = 64;

interface Candidate {
  readonly value: number;
  readonly index: number;
}

/** The k smallest (sign 1) or largest (sign -1) values per component, ties by index; NaN counts as the worst value. */
export class BestMeaning implements Meaning {
  private kept: Candidate[][];

  constructor(
    dim: number,
    private readonly k: number,
    private readonly sign: 1 | -1,
  ) {
    this.kept = Array.from({ length: dim }, () => []);
  }

  update([f]: Evaluated, column: number): void {
    this.kept.forEach((kept, component) => {
      const value = f[component]!;
      kept.push({ value: Number.isNaN(value) ? this.sign * Infinity : value, index: column });
    });
    if (at(this.kept, 0).length >= 2 * this.k + MOST_UNSORTED) this.sort();
  }

  private sort(): void {
    const before = (a: Candidate, b: Candidate): number =>
      a.value === b.value ? a.index - b.index : this.sign * (a.value - b.value);
    this.kept = this.kept.map((kept) => kept.sort(before).slice(0, this.k));
  }

  /** Rank by rank, component by component. */
  finish(): Row {
    this.sort();
    const ranks = Array.from({ length: this.k }, (_, rank) => rank);
    const all = ranks.flatMap((rank) =>
      this.kept.map((kept) => kept[rank] ?? { value: this.sign * Infinity, index: -1 }),
    );
    return { values: all.map(({ value }) => value), indices: all.map(({ index }) => index) };
  }
}

/**
 * Sums of exp(F) times weights; told as logarithms, with what rounding takes from them or without, or as means of the
 * weights.
 */
export class ExponentialMeaning implements Meaning {
  private readonly sums: readonly ExponentialSum[];

  constructor(
    dim: number,
    private readonly form: "Logarithm" | "TwoParts" | "Mean",
    private readonly round: (value: number) => number,
  ) {
    this.sums = Array.from({ length: dim }, () => new ExponentialSum());
  }

  update([f, weights]: Evaluated): void {
    this.sums.forEach((sum, k) => {
      sum.add(f[f.length === 1 ? 0 : k]!, weights ? weights[k]! : 1);
    });
  }

  finish(): Row {
    if (this.form === "Mean") return { values: this.sums.map((sum) => sum.mean()), indices: [] };
    const logarithms = this.sums.map((sum) => ({ sum, value: this.round(sum.logarithm()) }));
    const rests = (): number[] => logarithms.map(({ sum, value }) => bitsOf(sum.restOf(value)));
    return { values: logarithms.map(({ value }) => value), indices: this.form === "TwoParts" ? rests() : [] };
  }
}

/** In relation to exp of the largest F so far. */
class ExponentialSum {
  private largest = -Infinity;
  private powers = 0;
  private weighted = 0;

  add(exponent: number, weight: number): void {
    if (exponent > this.largest) this.rescale(exponent);
    const power = exponent === -Infinity ? 0 : Math.exp(exponent - this.largest);
    this.powers += power;
    this.weighted += power * weight;
  }

  /** An infinite exponent leaves the reference finite, so that its power is infinite and not NaN. */
  private rescale(exponent: number): void {
    const next = Math.min(exponent, Number.MAX_VALUE);
    const factor = this.largest === -Infinity ? 0 : Math.exp(this.largest - next);
    this.powers *= factor;
    this.weighted *= factor;
    this.largest = next;
  }

  mean(): number {
    return this.weighted / this.powers;
  }

  logarithm(): number {
    return this.weighted === 0 ? -Infinity : this.largest + Math.log(this.weighted);
  }

  /** What the logarithm has more than this rounded one. */
  restOf(logarithm: number): number {
    return Number.isFinite(logarithm) ? this.largest - logarithm + Math.log(this.weighted) : 0;
  }
}

/** The bits of the nearest float32. */
function bitsOf(value: number): number {
  return integerAt(new Int32Array(Float32Array.of(value).buffer), 0);
}
