/**
 * What reductions mean, on plain numbers: one accumulator per row of the result. The reference engine computes with these; devices
 * are judged against them.
 */

/** One row of a result. */
export interface Row {
  readonly values: readonly number[];
  readonly indices: readonly number[];
}

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

  update([f]: readonly ArrayLike<number>[]): void {
    this.totals.forEach((total, k) => (this.totals[k] = total + f![k]!));
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

export class ProductMeaning implements Meaning {
  private readonly products: number[];

  constructor(dim: number) {
    this.products = new Array<number>(dim).fill(1);
  }

  update([f]: readonly ArrayLike<number>[]): void {
    this.products.forEach((product, k) => (this.products[k] = product * f![k]!));
  }

  finish(): Row {
    return { values: this.products, indices: [] };
  }
}

interface Candidate {
  readonly value: number;
  readonly index: number;
}

/** The k smallest (sign 1) or largest (sign -1) values per component, ties by index; NaN is never among them. */
export class BestMeaning implements Meaning {
  private readonly kept: Candidate[][];
  private first: number | undefined;

  constructor(
    dim: number,
    private readonly k: number,
    private readonly sign: 1 | -1,
  ) {
    this.kept = Array.from({ length: dim }, () => []);
  }

  update([f]: readonly ArrayLike<number>[], column: number): void {
    this.first ??= column;
    this.kept.forEach((kept, component) => {
      const value = f![component]!;
      if (!Number.isNaN(value)) this.insert(kept, { value, index: column });
    });
  }

  private insert(kept: Candidate[], candidate: Candidate): void {
    const beaten = kept.findIndex((other) => this.sign * candidate.value < this.sign * other.value);
    kept.splice(beaten < 0 ? kept.length : beaten, 0, candidate);
    if (kept.length > this.k) kept.pop();
  }

  /** Rank by rank, component by component. */
  finish(): Row {
    const ranks = Array.from({ length: this.k }, (_, rank) => rank);
    const all = ranks.flatMap((rank) => this.kept.map((kept) => kept[rank] ?? this.nothing()));
    return { values: all.map(({ value }) => value), indices: all.map(({ index }) => index) };
  }

  /** Where all values are NaN, the only best one has the index of the first column. */
  private nothing(): Candidate {
    return { value: this.sign * Infinity, index: this.k === 1 ? (this.first ?? -1) : -1 };
  }
}

/** Sums of exp(F) times weights, relative to exp of the largest F so far; told as logarithms, or as means of the weights. */
export class ExponentialMeaning implements Meaning {
  private readonly sums: number[];
  private largest = -Infinity;
  private total = 0;

  constructor(
    dim: number,
    private readonly isMean: boolean,
  ) {
    this.sums = new Array<number>(dim).fill(0);
  }

  update([f, weights]: readonly ArrayLike<number>[]): void {
    const exponent = f![0]!;
    if (exponent > this.largest) this.rescale(exponent);
    const power = exponent === -Infinity ? 0 : exponent === this.largest ? 1 : Math.exp(exponent - this.largest);
    this.total += power;
    this.sums.forEach((sum, k) => (this.sums[k] = sum + power * (weights ? weights[k]! : 1)));
  }

  private rescale(exponent: number): void {
    const factor = this.largest === -Infinity ? 0 : Math.exp(this.largest - exponent);
    this.total *= factor;
    this.sums.forEach((sum, k) => (this.sums[k] = sum * factor));
    this.largest = exponent;
  }

  finish(): Row {
    const told = this.isMean
      ? (sum: number) => sum / this.total
      : (sum: number) => (sum === 0 ? -Infinity : Math.log(sum) + this.largest);
    return { values: this.sums.map(told), indices: [] };
  }
}
