/**
 * How a sum is split: the radius of near pairs, the period of the rest, and its grid. The one idea is to measure and not
 * to assume: lines of the kernel say how many modes a radius leaves, a model of times says what pairs, points and grid
 * cost together, and the cheapest is taken. Knows no kernel, and no arrays but those of samples.
 */
import { at, realAt } from "../asserts";
import type { Task } from "../task";
import type { Dtype } from "../device/memory";

import type { Periodic } from "./gridsamples";
import { gridShapeAtLeast, windowFor } from "./gridsum";
import type { Window } from "./gridsum";
import { randomNumbers } from "./kerneltable";
import type { KernelTable } from "./kerneltable";
import { modesFor } from "./linespectra";
import { leafSize } from "./near";
import { stepFor } from "./step";
import type { Step } from "./step";

/** What is to be split. */
export interface Problem {
  /** How far differences of points reach, on each axis. */
  readonly lengths: readonly number[];
  readonly rows: number;
  readonly columns: number;
  /** Columns that are spread, and results that are interpolated. */
  readonly spread: number;
  readonly interpolated: number;
  /** How often the plan is used, about. */
  readonly repeats: number;
  /** Functions of the kernel. */
  readonly components: number;
  readonly tolerance: number;
  /** The root mean square of the kernel over pairs. */
  readonly scale: number;
  /** Of the grid. */
  readonly dtype: Dtype;
  /** Nanoseconds of a near pair: asked for where pairs may be near. */
  readonly nearPair: () => number;
  /** What part of all pairs is within a distance. */
  readonly share: (radius: number) => number;
  /** Nanoseconds of processor time that a call may take. */
  readonly limit: number;
}

/** A split, and what a call is expected to take, in nanoseconds of processor time. */
export interface Split extends Periodic {
  readonly modes: readonly number[];
  readonly shape: readonly number[];
  readonly window: Window;
  readonly cost: number;
}

/** The cheapest split; null where none is below the limit. */
export function* chooseSplit(table: KernelTable, problem: Problem): Task<Split | null> {
  const search = new Search(table, problem, yield* reachOf(table, problem));
  for (const pad of PADS) if (!(yield* search.consider(0, pad))) break;
  // Near pairs would come on top of what points cost, which is as good as all there is.
  if (search.limit < CLOSE_TO_LEAST * leastCost(problem)) return search.best;
  if (search.limit < leastCost(problem) + NEAR_CHOICE / problem.repeats) return search.best;
  const ladder = radiusLadder(problem);
  const costs = ladder.map((radius) => guessedCost(problem, radius));
  const first = costs.indexOf(Math.min(...costs));
  if (at(costs, first) > search.limit) return search.best;
  yield* search.consider(at(ladder, first), NEAR_PAD);
  // Up as long as it gets better, or until one fits; and down.
  for (const radius of ladder.slice(first + 1)) {
    const hadOne = search.best !== null;
    if (!(yield* search.consider(radius, NEAR_PAD)) && hadOne) break;
  }
  for (const radius of ladder.slice(0, first).reverse()) if (!(yield* search.consider(radius, NEAR_PAD))) break;
  return search.best;
}

/** The best split so far. */
class Search {
  best: Split | null = null;
  private readonly step: Step;

  constructor(
    private readonly table: KernelTable,
    private readonly problem: Problem,
    private readonly reach: readonly number[],
  ) {
    this.step = stepFor(errorOfWindows(problem.tolerance));
  }

  /** What the next one must be below. */
  get limit(): number {
    return this.best?.cost ?? this.problem.limit;
  }

  /** Whether it is better. */
  *consider(radius: number, pad: number): Task<boolean> {
    const { table, problem, reach, step } = this;
    const found = yield* splitWith(table, problem, { radius, pad, reach, step }, this.limit);
    this.best = found ?? this.best;
    return found !== null;
  }
}

/** How long a kernel that does not vanish is brought to 0, in lengths: without near pairs, and with them. */
const PADS = [0.5, 1];
const NEAR_PAD = 0.3;
/** Radii in lengths: the least, their ratio, and how many. */
const LEAST_RADIUS = 0.004;
const RATIO = Math.SQRT2;
const RADII = 13;

const radiusLadder = ({ lengths }: Problem): number[] =>
  Array.from({ length: RADII }, (_, n) => Math.max(...lengths) * LEAST_RADIUS * RATIO ** n);

// ------------------------------------------------------------------------------------------------------ one candidate

interface Candidate {
  readonly radius: number;
  readonly pad: number;
  /** Where the kernel itself comes to nothing, on each axis; Infinity where it does not. */
  readonly reach: readonly number[];
  readonly step: Step;
}

/** Parts of the tolerance: of the kernel's frequencies, of its tails, of windows and steps. */
const OF_MODES = 0.35;
const OF_TAILS = 0.1;
const OF_WINDOWS = 0.6;
/** Windows have no larger errors: the narrowest that there are serve larger tolerances. */
const LARGEST_OF_WINDOWS = 0.1;
const errorOfWindows = (tolerance: number): number => Math.min(OF_WINDOWS * tolerance, LARGEST_OF_WINDOWS);
/** Lines count errors as if all of them were at the origin, where pairs are densest: with every axis that is true of fewer. */
const ofModes = (dim: number): number => OF_MODES * Math.SQRT2 ** (dim - 1);

function* splitWith(table: KernelTable, problem: Problem, candidate: Candidate, most: number): Task<Split | null> {
  const { lengths, tolerance, scale } = problem;
  const periodic = periodicOf(problem, candidate);
  const costs = windowsOf(problem).map((window) => costOf(problem, candidate.radius, window, 1));
  const least = Math.min(...costs);
  if (least >= most) return null;
  const cells = Math.min(MOST_CELLS_PER_POINT * (problem.rows + problem.columns), (most - least) / cellCost(problem));
  const square = (ofModes(lengths.length) * tolerance * scale) ** 2 / (2 * lengths.length);
  const effort = LEAST_EFFORT + (OF_EFFORT * problem.limit) / (RATES.float64.mode * lengths.length);
  const modes: number[] = [];
  for (const [axis] of lengths.entries()) {
    const most = mostModes(periodic, axis, modes, cells);
    const found = yield* modesFor(table, periodic, { axis, lengths, square, most, effort });
    if (found === null) return null;
    modes.push(found);
  }
  const grids = windowsOf(problem).map((window) => gridOf(problem, candidate.radius, modes, window));
  const grid = grids.reduce((best, other) => (other.cost < best.cost ? other : best));
  return grid.cost < most && product(grid.shape) <= cells + SMALL_GRID ? { ...periodic, ...grid } : null;
}

/** Modes are rounded up to lengths that have transforms; the grid oversamples these. */
function gridOf(
  problem: Problem,
  radius: number,
  least: readonly number[],
  window: Window,
): Pick<Split, "modes" | "shape" | "window" | "cost"> {
  const modes = gridShapeAtLeast(least);
  const shape = gridShapeAtLeast(modes.map((count) => Math.max(window.oversampling * count, 2 * window.width)));
  return { modes, shape, window, cost: costOf(problem, radius, window, product(shape)) };
}

/** The most of an axis, if the next ones have as many for their periods, or half as many. */
function mostModes({ period }: Periodic, axis: number, known: readonly number[], cells: number): number {
  const taken = known.reduce((all, count) => all * count * LEAST_OVERSAMPLING, 1);
  const left = cells / taken / LEAST_OVERSAMPLING ** (period.length - axis);
  const own = period.slice(axis).map((length) => length / at(period, axis));
  return Math.floor((left / product(own)) ** (1 / own.length) * (own.length > 1 ? UNEVEN : 1));
}

/** Values on lines that are taken in any case, and what part of a call's time more may take on all axes together. */
const LEAST_EFFORT = 2 ** 13;
const OF_EFFORT = 0.03;
const UNEVEN = 2;
const LEAST_OVERSAMPLING = 1.25;

/** Windows are not made narrower than double precision. */
const LEAST_WINDOW = 1e-12;
/** Few cells for each mode and a wide window, or more cells and a narrower one. */
const windowsOf = ({ tolerance }: Problem): Window[] => {
  const wanted = Math.max(errorOfWindows(tolerance), LEAST_WINDOW);
  const wide = windowFor(wanted, LEAST_OVERSAMPLING);
  // A window as wide as can be may not be enough.
  return wide.width < WIDEST ? [wide, windowFor(wanted, 2)] : [windowFor(wanted, 2)];
};
const WIDEST = 16;
const CLOSE_TO_LEAST = 1.3;
const MOST_CELLS_PER_POINT = 256;
const SMALL_GRID = 2 ** 15;

/** Copies may not reach into each other where differences of points are: that is what the period is long enough for. */
function periodicOf({ lengths }: Problem, { radius, pad, reach, step }: Candidate): Periodic {
  const own = lengths.map((length, axis) => at(reach, axis) < length * (1 + pad));
  if (own.every(Boolean)) {
    const period = lengths.map((length, axis) => length + at(reach, axis));
    return { step, radius, lengths, pads: lengths.map(() => 0), period, reach };
  }
  // On an axis where it vanishes by itself nothing is brought to 0: the step begins beyond the period.
  const pads = lengths.map((length) => pad * length);
  const period = lengths.map((length, axis) => length + (at(own, axis) ? at(reach, axis) : length * (1 + pad)));
  return {
    step,
    radius,
    lengths: lengths.map((length, axis) => (at(own, axis) ? at(period, axis) : length)),
    pads,
    period,
    reach: lengths.map((length, axis) => (at(own, axis) ? at(reach, axis) : length * (1 + pad))),
  };
}

/** How far from the origin the kernel is larger than what the tolerance leaves, along each axis. */
function* reachOf(table: KernelTable, { lengths, tolerance, scale }: Problem): Task<number[]> {
  const limit = OF_TAILS * tolerance * scale;
  const reach = lengths.map(() => 0);
  const points = scatteredPoints(lengths);
  const { dim } = table;
  for (const component of table.components) {
    const values = yield* table.valuesOf(component, points);
    for (const [n, value] of values.entries()) {
      if (Math.abs(value) <= limit) continue;
      for (let k = 0; k < dim; k++) reach[k] = Math.max(at(reach, k), Math.abs(realAt(points, n * dim + k)));
    }
  }
  return reach.map((far, k) =>
    far > BEYOND * at(lengths, k) ? Infinity : Math.max(far * REACH_MARGIN, at(lengths, k) * LEAST_REACH),
  );
}

/** In lengths: how far is looked, beyond what a kernel does not vanish, and how small a reach may be. */
const LOOKED = 2.2;
const BEYOND = 1.8;
const LEAST_REACH = 2 ** -6;
const REACH_MARGIN = 1.1;
const SCATTERED = 2048;

/** Points of all sizes, along axes and diagonals, and in between. */
function scatteredPoints(lengths: readonly number[]): Float64Array {
  const dim = lengths.length;
  const random = randomNumbers();
  const points = new Float64Array(SCATTERED * dim);
  for (let n = 0; n < SCATTERED; n++) {
    const size = n % 2 === 0 ? 2 ** (-8 * random()) : random();
    for (let k = 0; k < dim; k++) {
      const isAlong = n % 4 > 1 || Math.floor(n / 4) % dim === k;
      const part = n % 4 > 1 ? 2 * random() - 1 : random() < 0.5 ? -1 : 1;
      points[n * dim + k] = isAlong ? LOOKED * size * part * at(lengths, k) : 0;
    }
  }
  return points;
}

// ------------------------------------------------------------------------------------------------------------- costs

/**
 * Nanoseconds of processor time (AMD EPYC, Zen 3): of a point, and of a number that it has in the grid, of a cell in a
 * transform, and of a mode when the plan is made.
 */
const RATES = {
  float32: { point: 20, value: 0.21, cell: 10, mode: 60 },
  float64: { point: 25, value: 0.3, cell: 24, mode: 60 },
} as const;

const cellCost = ({ dtype, spread, interpolated }: Problem): number => RATES[dtype].cell * (spread + interpolated);

function costOf(problem: Problem, radius: number, window: Window, cells: number): number {
  const { rows, columns, spread, interpolated, lengths, nearPair, components, repeats } = problem;
  const { value, point, mode } = RATES[problem.dtype];
  const dim = lengths.length;
  const perPoint = point + window.width ** dim * value;
  const making = ((cells / window.oversampling ** dim) * mode * components) / repeats;
  const near = radius > 0 ? nearShare(problem, radius) * rows * columns * nearPair() + NEAR_CHOICE / repeats : 0;
  return cells * cellCost(problem) + (rows * interpolated + columns * spread) * perPoint + near + making;
}

/** Nanoseconds in which radii are compared, cells are made, and the formula with its window is compiled. */
const NEAR_CHOICE = 5e8;

/** Blocks of pairs reach further than the radius by about the side of a leaf, which has more points than it might. */
function nearShare({ lengths, columns, share }: Problem, radius: number): number {
  const points = 1.5 * leafSize(columns, radius, lengths);
  const side = ((product(lengths) * points) / columns) ** (1 / lengths.length);
  return share(radius + Math.min(radius, side));
}

/** What points cost, if the grid were nothing. */
const leastCost = (problem: Problem): number =>
  Math.min(...windowsOf(problem).map((window) => costOf(problem, 0, window, 1)));

/** Before anything is sampled: a step over a radius has frequencies up to about its shape over half the radius. */
function guessedCost(problem: Problem, radius: number): number {
  const { lengths, tolerance } = problem;
  const shape = Math.log(1 / tolerance) + 1;
  const modes = lengths.map((length) => Math.max(4, (2 * shape * length * (2 + NEAR_PAD)) / (Math.PI * radius)));
  return Math.min(
    ...windowsOf(problem).map((window) =>
      costOf(problem, radius, window, product(modes.map((count) => window.oversampling * count))),
    ),
  );
}

const product = (numbers: readonly number[]): number => numbers.reduce((all, n) => all * n, 1);
