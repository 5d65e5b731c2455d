/**
 * A smooth kernel on a periodic grid of displacements, and along lines. The one idea is that a displacement and its
 * image one period away both count where the kernel has not come to 0 yet; each part of the grid is evaluated at those
 * images alone that reach it.
 */
import { at, integerAt, realAt } from "../asserts";
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

/**
 * `[...counts]`, row-major: at displacements k period / counts. Of even and odd kernels one half is evaluated, and shows
 * the other.
 */
export function* sampleGrid(
  table: KernelTable,
  component: Component,
  given: Periodic,
  counts: readonly number[],
): Task<Float64Array> {
  const samples = new Float64Array(counts.reduce((product, count) => product * count));
  const half = component.parity === 0 ? at(counts, 0) : Math.floor(at(counts, 0) / 2) + 1;
  const parts = counts.map((count, axis) => {
    const all = partsOf(at(given.period, axis), at(given.reach, axis), count);
    return axis === 0 ? cutParts(all, half) : all;
  });
  for (const box of combine(parts)) yield* sampleBox(table, component, given, counts, box, samples);
  if (component.parity !== 0) mirror(samples, counts, half, component.parity);
  if (given.radius > 0) samples[0] = yield* originOf(table, component, given);
  return samples;
}

const cutParts = (parts: readonly Part[], end: number): Part[] =>
  parts.filter(({ begin }) => begin < end).map((part) => ({ ...part, end: Math.min(part.end, end) }));

/** Fills the planes from `half` on of the first axis: at -z stands what stands at z, or its opposite. */
function mirror(samples: Float64Array, counts: readonly number[], half: number, sign: 1 | -1): void {
  const [count, ...inner] = counts as [number, ...number[]];
  const opposites = oppositePlaces(inner);
  const size = opposites.length;
  for (let plane = half; plane < count; plane++)
    for (let n = 0; n < size; n++)
      samples[plane * size + n] = sign * realAt(samples, (count - plane) * size + integerAt(opposites, n));
}

/** Where -k stands for every k of periodic axes. */
function oppositePlaces(counts: readonly number[]): Int32Array {
  return counts.reduce((before, count) => {
    const places = new Int32Array(before.length * count);
    for (const [n, place] of before.entries())
      for (let k = 0; k < count; k++) places[n * count + k] = place * count + ((count - k) % count);
    return places;
  }, Int32Array.of(0));
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
  for (let line = 0, place = 0; line < lines; line++)
    for (let n = 0; n < count; n++)
      for (let k = 0; k < dim; k++)
        points[place++] = k === axis ? (n * period) / count : realAt(origins, line * dim + k);
  const shifts = new Float64Array(2 * dim);
  shifts[dim + axis] = period;
  // Across the line no displacement is beyond its length.
  const pads = given.pads.map((pad, k) => (k === axis ? pad : 0));
  const samples = yield* table.smoothValuesOf(component, points, shifts, { ...given, pads });
  const isOrigin = (line: number): boolean => origins.subarray(line * dim, (line + 1) * dim).every((x) => x === 0);
  if (given.radius > 0) {
    const atOrigin = yield* originOf(table, component, given);
    for (let line = 0; line < lines; line++) if (isOrigin(line)) samples[line * count] = atOrigin;
  }
  return samples;
}

/** In radii: where the smooth part of a kernel is taken for its value at 0. */
const CLOSE = 1e-4;

/**
 * What near pairs leave of a kernel at 0: its mean at points close by on every axis, as the kernel itself may be
 * infinite there, or be made 0.
 */
function* originOf(table: KernelTable, component: Component, given: Periodic): Task<number> {
  const { dim } = table;
  const points = new Float64Array(2 * dim * dim);
  for (let k = 0; k < dim; k++) {
    points[2 * k * dim + k] = CLOSE * given.radius;
    points[(2 * k + 1) * dim + k] = -CLOSE * given.radius;
  }
  const pads = given.pads.map(() => 0);
  const values = yield* table.smoothValuesOf(component, points, new Float64Array(dim), { ...given, pads });
  return values.reduce((sum, value) => sum + value, 0) / values.length;
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

/** The places of a box one behind the other, where more than one image counts with the step that brings it to 0. */
function* sampleBox(
  table: KernelTable,
  component: Component,
  given: Periodic,
  counts: readonly number[],
  box: readonly Part[],
  into: Float64Array,
): Task<void> {
  const shifts = Float64Array.from(combine(box.map((part) => part.shifts)).flat());
  const pads = box.map((part, axis) => (part.shifts.length > 1 ? at(given.pads, axis) : 0));
  const cells = counts.map((count, axis) => at(given.period, axis) / count);
  const walk = new Walk(box, counts);
  const { begin, end } = at(box, box.length - 1);
  const lines = Math.max(1, Math.floor(AT_ONCE / (end - begin)));
  while (walk.left > 0) {
    const starts = walk.next(lines);
    const points = pointsOfLines(starts, begin, end, cells);
    const values = yield* table.smoothValuesOf(component, points, shifts, { ...given, pads });
    for (const [line, { place }] of starts.entries())
      into.set(values.subarray(line * (end - begin), (line + 1) * (end - begin)), place);
  }
}

/** Where a line along the last axis begins: the cells of the other axes, and its place in the whole grid. */
interface Start {
  readonly cell: readonly number[];
  readonly place: number;
}

function pointsOfLines(starts: readonly Start[], begin: number, end: number, cells: readonly number[]): Float64Array {
  const dim = cells.length;
  const points = new Float64Array(starts.length * (end - begin) * dim);
  let place = 0;
  for (const { cell } of starts) {
    const fixed = cell.map((n, axis) => n * at(cells, axis));
    const step = at(cells, dim - 1);
    for (let n = begin; n < end; n++) {
      for (let k = 0; k < dim - 1; k++) points[place++] = at(fixed, k);
      points[place++] = n * step;
    }
  }
  return points;
}

/** The lines of a box along the last axis, in row-major order. */
class Walk {
  left: number;
  private readonly cell: number[];

  constructor(
    private readonly box: readonly Part[],
    private readonly counts: readonly number[],
  ) {
    this.cell = box.map(({ begin }) => begin);
    this.left = box.slice(0, -1).reduce((product, { begin, end }) => product * (end - begin), 1);
  }

  /** The next lines, up to so many. */
  next(most: number): Start[] {
    const count = Math.min(most, this.left);
    this.left -= count;
    return Array.from({ length: count }, () => {
      const start = {
        cell: [...this.cell],
        place: this.cell.reduce((sum, n, axis) => sum * at(this.counts, axis) + n, 0),
      };
      this.step();
      return start;
    });
  }

  private step(): void {
    for (let axis = this.cell.length - 2; axis >= 0; axis--) {
      const { begin, end } = at(this.box, axis);
      this.cell[axis] = at(this.cell, axis) + 1;
      if (at(this.cell, axis) < end) return;
      this.cell[axis] = begin;
    }
  }
}
