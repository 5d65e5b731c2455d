/**
 * Smooth kernels in the space of their Fourier modes. The kernel's series on the box of the points makes products by
 * spreading and interpolation; its largest modes, whose number does not grow with that of the points, are features
 * with a dense Cholesky factor for each ridge (Greengard, Rachh and Barnett 2022). Solves are conjugate gradients with
 * these products, and that factor as the preconditioner, with which a few iterations are enough. Ridges of the same K
 * share the space.
 */
import { realAt } from "../asserts";
import { HostVectors } from "../device/hostvectors";
import type { RealData } from "../device/native";
import { PeriodicGrid, gridShapeAtLeast } from "../fast/gridsum";
import type { Places, Spectrum, Term } from "../fast/gridsum";
import { Work, runAsync, runSync, waitFor } from "../task";
import type { Task } from "../task";
import { EXACT } from "./attempt";
import type { Report } from "./attempt";
import type { Inverses, Situation } from "./choose";
import { chooseModes, modesForSolve } from "./modechoice";
import type { ModeChoice, ModeNeeds, ModeRequest } from "./modechoice";
import { GridModes, featuresOf, gramOf, pointSums } from "./modelist";
import type { PointSums } from "./modelist";
import { logdetOf } from "./precondition";
import type { Columns, Product, RealSpace } from "./product";
import { refine } from "./refine";
import type { RefineOptions } from "./refine";
import { onePrecision } from "./space";
import { allowedError, solveVerified } from "./verified";
import type { FastRequest } from "./verified";

/** K of some points by its series. */
export class ModeSpace {
  private sums: PointSums | null = null;

  private constructor(
    readonly chosen: ModeChoice,
    readonly grid: PeriodicGrid,
    readonly places: Places,
    private readonly spectrum: Spectrum,
    readonly modes: GridModes,
  ) {}

  /** @returns why there is none, in a clause. */
  static *of(request: ModeRequest, needs: ModeNeeds): Task<ModeSpace | string> {
    request.tell?.({ doing: "preconditioner" });
    const chosen = yield* chooseModes(request, needs);
    if (typeof chosen === "string") return chosen;
    const { series, list, kernel } = chosen;
    const grid = gridOf(chosen, series.modes);
    const spectrum = yield* grid.spectrumOf(series.samples, series.modes, true);
    const places = yield* grid.place(kernel.points.rows);
    return new ModeSpace(chosen, grid, places, spectrum, new GridModes(list, grid.shape, windowsOf(grid)));
  }

  get rows(): number {
    return this.places.count;
  }

  get features(): number {
    return featuresOf(this.chosen.list);
  }

  /** The space of `[rows, columns]` blocks with products with K + alpha I. */
  space(columns: number, alpha: number): RealSpace {
    const vectors = new HostVectors(this.rows, columns, "float64");
    return Object.assign(vectors, {
      apply: (x: RealData, out: RealData) => workOf(() => this.multiply(x, out, columns, alpha)),
    });
  }

  private *multiply(x: RealData, out: RealData, columns: number, alpha: number): Task<void> {
    const { grid, places, spectrum } = this;
    const terms: Term[] = Array.from({ length: columns }, (_, column) => ({ spectrum, column, to: column }));
    yield* grid.convolve(terms, places, x, places, out);
    for (let n = 0; n < out.length; n++) out[n] = realAt(out, n) + alpha * realAt(x, n);
  }

  /** The factor of K + alpha I over the features; or why there is none, in a clause. */
  *factorised(alpha: number, tell?: ModeRequest["tell"]): Task<ModeFactor | string> {
    const { list, algebra } = this.chosen;
    this.sums ??= yield* sumsOfPoints(this.chosen);
    const gram = yield* gramOf(list, this.sums, alpha);
    tell?.({ doing: "factorisation" });
    const left = yield* waitFor(algebra.cholesky(gram, featuresOf(list)));
    return left === 0 ? new ModeFactor(this, alpha, gram) : "its modes are not positive definite";
  }
}

/** F Fᵀ + alpha I, where F has a column for every feature: its inverse and its determinant. */
export class ModeFactor {
  constructor(
    readonly modes: ModeSpace,
    readonly alpha: number,
    /** L of Fᵀ F + alpha I = L Lᵀ, in the lower half. */
    readonly factor: Float64Array,
  ) {}

  /** log det (F Fᵀ + alpha I), which differs from that of K + alpha I by at most the trace of the rest over alpha. */
  get logdet(): number {
    const { rows, features } = this.modes;
    return (rows - features) * Math.log(this.alpha) + logdetOf(this.factor, features);
  }

  /** Blocks with products with K + alpha I and with this inverse. */
  space(columns: number): RealSpace {
    return Object.assign(this.modes.space(columns, this.alpha), {
      precondition: (x: RealData, out: RealData) => workOf(() => this.applyInverse(x, out, columns)),
    });
  }

  /** (x - F (Fᵀ F + alpha I)⁻¹ Fᵀ x) / alpha */
  *applyInverse(x: RealData, out: RealData, columns: number): Task<void> {
    const { factor, alpha } = this;
    const { grid, places, modes, features, chosen } = this.modes;
    for (let column = 0; column < columns; column++) {
      const transform = yield* grid.analyse(places, x, column);
      const weights = new Float64Array(features);
      modes.read(transform.re, transform.im, weights);
      yield* waitFor(chosen.algebra.choleskySolve(factor, weights, features, 1));
      transform.re.fill(0);
      transform.im.fill(0);
      modes.write(weights, transform.re, transform.im);
      yield* grid.synthesise(transform, places, out, column);
    }
    for (let n = 0; n < out.length; n++) out[n] = (realAt(x, n) - realAt(out, n)) / alpha;
  }
}

/** A grid for so many modes on each axis. */
export function gridOf(chosen: ModeChoice, modes: readonly number[]): PeriodicGrid {
  const { kernel, series, window } = chosen;
  const shape = gridShapeAtLeast(modes.map((m) => Math.max(window.width, m * window.oversampling)));
  return new PeriodicGrid({ shape, lower: kernel.points.lower, period: series.period, window, dtype: "float64" });
}

/** A grid for sums and differences of two features. */
export const gridOfPairs = (chosen: ModeChoice): PeriodicGrid =>
  gridOf(
    chosen,
    chosen.list.bands.map((band) => 4 * band + 2),
  );

/** Transforms of the window in cells, for frequencies from 0 on. */
export const windowsOf = (grid: PeriodicGrid): Float64Array[] =>
  grid.shape.map((length, axis) => grid.windowSpectrum(axis).map((value) => value * Math.sqrt(length)));

/** From the transform of weights of 1. */
function* sumsOfPoints(chosen: ModeChoice): Task<PointSums> {
  const grid = gridOfPairs(chosen);
  const places = yield* grid.place(chosen.kernel.points.rows);
  const transform = yield* grid.analyse(places, new Float64Array(places.count).fill(1), 0);
  return pointSums(chosen.list, transform, grid.shape, windowsOf(grid));
}

function workOf(task: () => Task<void>): Work<void> {
  return new Work(
    () => {
      runSync(task());
    },
    (control) => runAsync(task(), { control }),
  );
}

// -------------------------------------------------------------------------------------------------------------- solves

/** Spaces by how much finer than asked for they are, and the factors of one ridge in them. */
interface KnownModes {
  readonly spaces: Map<number, ModeSpace | string>;
  readonly factors: Map<number, ModeFactor | string>;
  /** The ridge that spaces are made for. */
  readonly alpha: number;
}

/** Kept as long as the inverses of their system: for derivatives. */
const known = new WeakMap<Inverses, KnownModes>();

/**
 * One space for the solves of several ridges, which is made for the least of them.
 * @param request of that ridge.
 * @returns why there is none, in a clause.
 */
export function* shareModes(request: FastRequest, all: readonly Inverses[]): Task<string | null> {
  const spaces = new Map<number, ModeSpace | string>();
  for (const inverses of all) known.set(inverses, { spaces, factors: new Map(), alpha: request.situation.alpha });
  const first = yield* spaceFor(request, spaces, request.situation.alpha, 1);
  if (typeof first === "string") return first;
  for (const inverses of all) inverses.isChecked = true; // an even kernel of the same points
  return null;
}

/**
 * Solves from x on. @returns why not, in a clause; x is then a start for others.
 * @param product the exact one.
 */
export function* solveInModes(
  request: FastRequest,
  inverses: Inverses,
  product: Product,
  block: Columns,
  options: RefineOptions,
): Task<Report | string> {
  const { target, situation } = request;
  const own = known.get(inverses) ?? { spaces: new Map(), factors: new Map(), alpha: situation.alpha };
  known.set(inverses, own);
  return yield* solveVerified("in the space of modes", target, product, block, options, function* (finer, settings) {
    const factor = yield* factorFor(request, own, finer);
    if (typeof factor === "string") return factor;
    const space = onePrecision(factor.space(block.columns));
    const found = yield* refine(space, block.right, block.x, settings);
    const { features } = factor.modes;
    return { ...found, ...EXACT, method: "modes", products: "modes", rank: features, library: null, history: [] };
  });
}

function* factorFor(request: FastRequest, own: KnownModes, finer: number): Task<ModeFactor | string> {
  const before = own.factors.get(finer);
  if (before !== undefined) return before;
  const space = yield* spaceFor(request, own.spaces, own.alpha, finer);
  const found = typeof space === "string" ? space : yield* space.factorised(request.situation.alpha, request.tell);
  own.factors.set(finer, found);
  return found;
}

function* spaceFor(
  request: FastRequest,
  spaces: Map<number, ModeSpace | string>,
  alpha: number,
  finer: number,
): Task<ModeSpace | string> {
  const { situation, target } = request;
  const needs: ModeNeeds = {
    allowed: allowedError(target, alpha, situation.rows, finer),
    pick: (spectral, algebra) => modesForSolve(spectral, { alpha, target }, algebra),
  };
  const found = spaces.get(finer) ?? whyNotAsked(situation) ?? (yield* ModeSpace.of(request, needs));
  spaces.set(finer, found);
  return found;
}

/** Why a solve is not to be in the space of modes, from what was asked alone; null if it may. */
export function whyNotAsked({ symmetry, method, preconditioner, alpha }: Situation): string | null {
  if (symmetry !== "positive") return `it asks for symmetry "${symmetry}"`;
  if (method !== "auto" || preconditioner !== "auto") return "it asks for a method or a preconditioner";
  return alpha > 0 ? null : "alpha is 0";
}
