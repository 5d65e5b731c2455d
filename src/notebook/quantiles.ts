/** Order statistics of what charts of distributions show. */

/** The finite numbers, in order. */
export const sortedFinite = (numbers: ArrayLike<number>): Float64Array =>
  Float64Array.from(Array.from(numbers).filter(Number.isFinite)).sort();

/** A quantile of sorted numbers, with lines between them (type 7 of Hyndman and Fan, 1996, as in NumPy). */
export function quantile(sorted: Float64Array, part: number): number {
  const place = part * (sorted.length - 1);
  const [low, high] = [sorted[Math.floor(place)] ?? NaN, sorted[Math.ceil(place)] ?? NaN];
  return low + (high - low) * (place - Math.floor(place));
}
