/**
 * A smooth kernel on a periodic grid of displacements, and along lines. The one idea is that a displacement and its
 * image one period away both count where the kernel has not come to 0 yet; each part of the grid is evaluated at those
 * images alone that reach it.
 */
import { at } from "../asserts";
import type { Task } from "../task";
import type { Component, KernelTable, Smoothing } from "./kerneltable";

/** A periodic kernel: displacements from 0 to `period` stand for those between -period and period that are within `reach`. */
export interface Periodic extends Smoothing {
  readonly period: readonly number[];
  readonly reach: readonly number[];
}

/** Places begin…end - 1 of an axis, and the images of them that count: shifts by 0, by one period, or both. */
interface Part {
  readonly begin: number;
  readonly end: number;
  readonly shifts: readonly number[];
}

/** Points that are evaluated at once. */
const AT_ONCE = 2 ** 17;

/** `[...counts]`, row-major: at displacements k period / counts. */
export function* sampleGrid(
  table: KernelTable,
  component: Component,
  given: Periodic,
  counts: readonly number[],
): Task<Float64Array> {
  const samples = new Float64Array(counts.reduce((product, count) => product * count));
  const parts = counts.map((count, axis) => partsOf(at(given.period, axis), at(given.reach, axis), count));
  for (const box of combine(parts)) yield* sampleBox(table, component, given, counts, box, samples);
  if (given.radius > 0) samples[0] = 0;
  return samples;
}

/** At displacements k period / count along an axis, `[lines, count]`, from every one of `[lines, dim]` origins. */
export function* sampleLines(
  table: KernelTable,
  component: Component,
  given: Periodic,
  { axis, count, origins }: { readonly axis: number; readonly count: number; readonly origins: Float64Array },
): Task<Float64Array> {
  const { dim } = table;
  const period = at(given.period, axis);
  const lines = origins.length / dim;
  const points = new Float64Array(lines * count * dim);
  for (let n = 0; n < lines * count; n++) {
    const line = Math.floor(n / count);
    for (let k = 0; k < dim; k++) points[n * dim + k] = at(origins, line * dim + k);
    points[n * dim + axis]! += ((n % count) * period) / count;
  }
  const shifts = new Float64Array(2 * dim);
  shifts[dim + axis] = period;
  const samples = yield* table.smoothValuesOf(component, points, shifts, given);
  if (given.radius > 0) for (let line = 0; line < lines; line++) zeroAtOrigin(samples, line * count, origins, line, dim);
  return samples;
}

/** What is left of a kernel at 0 where near pairs are taken out, also where it is infinite there. */
function zeroAtOrigin(samples: Float64Array, place: number, origins: Float64Array, line: number, dim: number): void {
  if (origins.subarray(line * dim, (line + 1) * dim).every((value) => value === 0)) samples[place] = 0;
}

/** Where the image itself is within reach, where the one a period away is, and where both are. */
function partsOf(period: number, reach: number, count: number): Part[] {
  const own = Math.min(count, Math.floor((reach * count) / period) + 1);
  const other = Math.max(0, Math.ceil(((period - reach) * count) / period));
  const bounds = [...new Set([0, Math.min(own, other), Math.max(own, other), count])].sort((a, b) => a - b);
  return bounds.slice(1).flatMap((end, n) => {
    const begin = at(bounds, n);
    const shifts = [...(begin < own ? [0] : []), ...(begin >= other ? [period] : [])];
    return shifts.length > 0 ? [{ begin, end, shifts }] : [];
  });
}

/** One part of every axis, in all ways. */
function combine<T>(lists: readonly (readonly T[])[]): T[][] {
  return lists.reduce<T[][]>((all, list) => all.flatMap((before) => list.map((one) => [...before, one])), [[]]);
}

function* sampleBox(
  table: KernelTable,
  component: Component,
  given: Periodic,
  counts: readonly number[],
  box: readonly Part[],
  into: Float64Array,
): Task<void> {
  const { dim } = table;
  const shifts = Float64Array.from(combine(box.map((part) => part.shifts)).flat());
  const sizes = box.map(({ begin, end }) => end - begin);
  const total = sizes.reduce((product, size) => product * size);
  for (let first = 0; first < total; first += AT_ONCE) {
    const size = Math.min(AT_ONCE, total - first);
    const [points, places] = [new Float64Array(size * dim), new Int32Array(size)];
    for (let n = 0; n < size; n++) {
      let [rest, place, unit] = [first + n, 0, 1];
      for (let k = dim - 1; k >= 0; k--) {
        const cell = box[k]!.begin + (rest % sizes[k]!);
        points[n * dim + k] = (cell * given.period[k]!) / counts[k]!;
        rest = Math.floor(rest / sizes[k]!);
        place += cell * unit;
        unit *= counts[k]!;
      }
      places[n] = place;
    }
    const values = yield* table.smoothValuesOf(component, points, shifts, given);
    for (let n = 0; n < size; n++) into[places[n]!] = values[n]!;
  }
}
