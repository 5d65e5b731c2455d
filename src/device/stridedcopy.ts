/**
 * Copies of views with gaps, in row-major order, at about the rate of the memory: what repeats is copied from the copy,
 * and long runs at once. Knows only where elements lie.
 */
/** Elements of any of the types. */
export type Elements = Float32Array | Float64Array | Int32Array;

/** Where the elements of a view lie in its data, in elements. */
export interface Geometry {
  readonly shape: readonly number[];
  readonly stride: readonly number[];
  readonly offset: number;
}

/** What is copied, row by row, into what. */
interface Copying {
  readonly data: Elements;
  readonly copy: Elements;
  readonly lengths: readonly number[];
  readonly steps: readonly number[];
}

/**
 * Copies the elements of a view in row-major order. Axes of length 1 go, and two become one where all elements of both
 * are equally far apart.
 */
export function copyStrided(data: Elements, { shape, stride, offset }: Geometry, copy: Elements): void {
  if (copy.length === 0) return;
  const [lengths, steps]: [number[], number[]] = [[], []];
  shape.forEach((length, axis) => {
    if (length === 1) return;
    const step = stride[axis] as number;
    if (steps.at(-1) === step * length) length *= lengths.pop() as number;
    else steps.push(0);
    lengths.push(length);
    steps[steps.length - 1] = step;
  });
  copyFrom({ data, copy, lengths, steps }, 0, offset, 0);
}

/** Copies axes from `axis` on and returns where the next elements go. What repeats is copied from the copy. */
function copyFrom(of: Copying, axis: number, start: number, at: number): number {
  const [count, step] = [of.lengths[axis] ?? 1, of.steps[axis] ?? 0];
  if (axis >= of.lengths.length - 1) return copyRun(of, count, step, start, at);
  if (step === 0) return repeat(of.copy, at, copyFrom(of, axis + 1, start, at), count);
  if (axis === of.lengths.length - 2) return copyMatrix(of, axis, start, at);
  for (let k = 0; k < count; k++) at = copyFrom(of, axis + 1, start + k * step, at);
  return at;
}

/** From so many elements on, calls that copy them at once pay. */
const LONG_RUN = 32;

function copyRun({ data, copy }: Copying, length: number, step: number, start: number, at: number): number {
  if (step === 0) copy.fill(data[start] as number, at, at + length);
  else if (step === 1 && length >= LONG_RUN) copy.set(data.subarray(start, start + length), at);
  else for (let k = 0; k < length; k++) copy[at + k] = data[start + k * step] as number;
  return at + length;
}

/** The last two axes: calls for short rows would cost more than these. */
function copyMatrix(of: Copying, axis: number, start: number, at: number): number {
  const { data, copy, lengths, steps } = of;
  const [rows, columns] = [lengths[axis] as number, lengths[axis + 1] as number];
  const [down, right] = [steps[axis] as number, steps[axis + 1] as number];
  for (let i = 0; i < rows; i++, start += down) {
    if (columns >= LONG_RUN) at = copyRun(of, columns, right, start, at);
    else for (let j = 0; j < columns; j++) copy[at++] = data[start + j * right] as number;
  }
  return at;
}

/** The elements from `begin` to `end`, `count` times in all, each time twice as many at once. */
function repeat(copy: Elements, begin: number, end: number, count: number): number {
  const last = begin + count * (end - begin);
  for (let filled = end; filled < last;) {
    const more = Math.min(filled - begin, last - filled);
    copy.copyWithin(filled, begin, begin + more);
    filled += more;
  }
  return last;
}
