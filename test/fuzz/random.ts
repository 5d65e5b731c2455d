/** A stream of random choices, the same for the same numbers. */
import { uniform } from "../helpers/evaluate";
import type { Rounding } from "../helpers/evaluate";

const { floor, imul } = Math;

export class Random {
  private readonly next: () => number;

  constructor(...seeds: readonly number[]) {
    this.next = uniform(
      seeds.reduce((mixed, seed) => imul(mixed ^ (seed + 0x9e3779b9), 0x85ebca6b) ^ (mixed >>> 13), 1),
    );
  }

  /** At least `low`, below `high`. */
  real(low: number, high: number): number {
    return low + (high - low) * this.next();
  }

  /** From `low` to `high`, both among them. */
  integer(low: number, high: number): number {
    return low + floor((high - low + 1) * this.next());
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<T>(list: readonly T[]): T {
    return list[floor(list.length * this.next())]!;
  }

  shuffled<T>(list: readonly T[]): T[] {
    const left = [...list];
    return list.map(() => left.splice(floor(left.length * this.next()), 1)[0]!);
  }
}

const number = new Float64Array(1);
const words = new Uint32Array(number.buffer);

/**
 * Moves every number by up to half of `relative`, by so much for the same number: equal results of equal steps stay
 * equal, as they do where numbers are rounded, and what is exactly 0 stays 0.
 */
export function disturbance(seed: number, relative: number): Rounding {
  return (value) => {
    number[0] = value;
    let mixed = imul(words[0]! ^ imul(seed, 0x9e3779b1), 0x85ebca6b) ^ imul(words[1]! + seed, 0xc2b2ae35);
    mixed = imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d);
    return value * (1 + relative * (((mixed ^ (mixed >>> 12)) >>> 0) / 2 ** 32 - 0.5));
  };
}
