/**
 * Solves of smooth kernels in the space of their Fourier modes. The kernel's series on the box of the points makes
 * products by spreading and interpolation; its largest modes, whose number does not grow with that of the points, make
 * a preconditioner by a dense Cholesky factor (Greengard, Rachh and Barnett 2022), with which a few iterations are
 * enough. What the series leaves out is small by choice, and rows that are computed exactly judge the solution.
 */
import { HostVectors } from "../device/hostvectors";
import type { RealData } from "../device/native";
import { PeriodicGrid, gridShapeAtLeast } from "../fast/gridsum";
import type { Places, Spectrum, Term } from "../fast/gridsum";
import { at } from "../asserts";
import { Work, runAsync, runSync, waitFor } from "../task";
import type { Task } from "../task";
import type { Report } from "./attempt";
import type { Inverses } from "./choose";
import { chooseModes, whyNoModes } from "./modechoice";
import type { ModeChoice, ModeRequest } from "./modechoice";
import { GridModes, featuresOf, gramOf, pointSums } from "./modelist";
import { logdetOf } from "./precondition";
import type { Algebra } from "./precondition";
import type { Columns, Product, RealSpace } from "./product";
import { refine } from "./refine";
import type { RefineOptions, SolveIteration } from "./refine";
import { sampledResidual } from "./sampledresidual";
import { onePrecision } from "./space";

// ------------------------------------------------------------------------------------------------------------ the space

/** K + alpha I of some points by its series, and the inverse of what the largest modes make of it. */
export class ModeSpace {
  private constructor(
    private readonly grid: PeriodicGrid,
    private readonly places: Places,
    private readonly spectrum: Spectrum,
    private readonly modes: GridModes,
    readonly features: number,
    private readonly factor: Float64Array,
    readonly alpha: number,
    private readonly algebra: Algebra,
  ) {}

  /** @returns why there is none, in a clause. @param finer divides the errors of products. */
  static *of(request: ModeRequest, finer: number): Task<ModeSpace | string> {
    const { alpha, tell, algebra } = request.situation;
    const why = whyNoModes(request.situation);
    if (why !== null || !algebra) return why ?? "the addon is missing";
    tell?.({ doing: "preconditioner" });
    const chosen = yield* chooseModes(request, algebra, finer);
    if (typeof chosen === "string") return chosen;
    const { points, series, list } = chosen;
    const gram = yield* gramOnGrid(chosen, alpha);
    tell?.({ doing: "factorisation" });
    if ((yield* waitFor(algebra.cholesky(gram, featuresOf(list)))) !== 0) return "its modes are not positive definite";
    const grid = gridOf(chosen, series.modes);
    const spectrum = yield* grid.spectrumOf(series.samples, series.modes, true);
    const places = yield* grid.place(points.rows);
    const modes = new GridModes(list, grid.shape, windowsOf(grid));
    return new ModeSpace(grid, places, spectrum, modes, featuresOf(list), gram, alpha, algebra);
  }

  /** log det (K + alpha I) of the modes of the factor. */
  get logdet(): number {
    const { places, features, factor, alpha } = this;
    return (places.count - features) * Math.log(alpha) + logdetOf(factor, features);
  }

  /** The space of `[rows, columns]` blocks with both products. */
  space(columns: number): RealSpace {
    const vectors = new HostVectors(this.places.count, columns, "float64");
    return Object.assign(vectors, {
      apply: (x: RealData, out: RealData) => workOf(() => this.multiply(x, out, columns)),
      precondition: (x: RealData, out: RealData) => workOf(() => this.precondition(x, out, columns)),
    });
  }

  private *multiply(x: RealData, out: RealData, columns: number): Task<void> {
    const { grid, places, spectrum, alpha } = this;
    const terms: Term[] = Array.from({ length: columns }, (_, column) => ({ spectrum, column, to: column }));
    yield* grid.convolve(terms, places, x, places, out);
    for (let n = 0; n < out.length; n++) out[n] = at(out, n) + alpha * at(x, n);
  }

  /** (x - F (Fᵀ F + alpha I)⁻¹ Fᵀ x) / alpha, where F has a column for every feature. */
  private *precondition(x: RealData, out: RealData, columns: number): Task<void> {
    const { grid, places, modes, features, factor, alpha, algebra } = this;
    for (let column = 0; column < columns; column++) {
      const transform = yield* grid.analyse(places, x, column);
      const weights = new Float64Array(features);
      modes.read(transform.re, transform.im, weights);
      yield* waitFor(algebra.choleskySolve(factor, weights, features, 1));
      transform.re.fill(0);
      transform.im.fill(0);
      modes.write(weights, transform.re, transform.im);
      yield* grid.synthesise(transform, places, out, column);
    }
    for (let n = 0; n < out.length; n++) out[n] = (at(x, n) - at(out, n)) / alpha;
  }
}

/** A grid for so many modes on each axis. */
function gridOf({ points: { lower }, series: { period }, window }: ModeChoice, modes: readonly number[]): PeriodicGrid {
  const shape = gridShapeAtLeast(modes.map((m) => Math.max(window.width, m * window.oversampling)));
  return new PeriodicGrid({ shape, lower, period, window, dtype: "float64" });
}

/** In cells. */
const windowsOf = (grid: PeriodicGrid): Float64Array[] =>
  grid.shape.map((length, axis) => grid.windowSpectrum(axis).map((value) => value * Math.sqrt(length)));

/** The matrix of the features' inner products, from the transform of weights of 1. */
function* gramOnGrid(chosen: ModeChoice, alpha: number): Task<Float64Array> {
  const { list, points } = chosen;
  const grid = gridOf(
    chosen,
    list.bands.map((band) => 4 * band + 2),
  );
  const places = yield* grid.place(points.rows);
  const transform = yield* grid.analyse(places, new Float64Array(places.count).fill(1), 0);
  return yield* gramOf(list, pointSums(list, transform, grid.shape, windowsOf(grid)), alpha);
}

function workOf(task: () => Task<void>): Work<void> {
  return new Work(
    () => {
      runSync(task());
    },
    (control) => runAsync(task(), { control }),
  );
}

// ------------------------------------------------------------------------------------------------------------ the solve

/** The iterations' own residual takes no more of what is asked for. */
const OWN_SHARE = 0.5;

/** Spaces by how much finer than asked for they are, kept as long as the inverses of their system: for derivatives. */
const knownSpaces = new WeakMap<Inverses, Map<number, ModeSpace | string>>();

/**
 * Solves from x on. @returns why not, in a clause; x is then a start for others.
 * @param product the exact one.
 */
export function* solveInModes(
  request: ModeRequest,
  inverses: Inverses,
  product: Product,
  block: Columns,
  options: RefineOptions,
): Task<Report | string> {
  const { target } = request;
  const known = knownSpaces.get(inverses) ?? new Map<number, ModeSpace | string>();
  knownSpaces.set(inverses, known);
  let [missed, done] = [Infinity, 0];
  const history: SolveIteration[] = [];
  for (const finer of [1, 100]) {
    const space = known.get(finer) ?? (yield* ModeSpace.of(request, finer));
    known.set(finer, space);
    if (typeof space === "string") return missed < Infinity ? missText(missed, target) : space;
    const found = yield* refine(onePrecision(space.space(block.columns)), block.right, block.x, {
      ...options,
      eps: OWN_SHARE * (options.eps ?? 0),
      rtol: OWN_SHARE * (options.rtol ?? 0),
      onIteration: (progress) => {
        const counted = { ...progress, iteration: done + progress.iteration, verified: false };
        history.push(counted);
        options.onIteration?.(counted);
      },
    });
    done += found.iterations;
    if (found.converged === "nan") return "its numbers are not finite";
    const { residual, rows } = yield* sampledResidual(product, block);
    const report = { ...found, iterations: done, residual, checkedRows: rows, whyExact: null, history };
    if (residual <= target)
      return { ...report, converged: "tolerance", method: "modes", rank: space.features, library: null };
    missed = residual;
  }
  return missText(missed, target);
}

const missText = (residual: number, target: number): string =>
  `in the space of modes the residual of exact rows was ${residual.toExponential(1)}, above ${target.toExponential(1)}`;
