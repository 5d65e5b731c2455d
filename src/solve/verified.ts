/**
 * Solves whose products are not exact, judged by the residual of some of their rows, computed with all pairs: made
 * finer once, then given up. Knows no way to make products.
 */
import { wrap } from "../array/view";
import { at, realAt } from "../asserts";
import { exactRows, sampledRows } from "../fast/samplecheck";
import type { Task } from "../task";
import type { Report } from "./attempt";
import type { Situation } from "./choose";
import { replaceAt } from "./kernelmatrix";
import type { ModeRequest } from "./modechoice";
import type { Columns, Product } from "./product";
import type { RefineOptions, SolveIteration } from "./refine";

/** A system with a residual that is asked for. */
export interface FastRequest extends ModeRequest {
  readonly situation: Situation;
  /** The relative residual that is asked for. */
  readonly target: number;
}

/** Errors of products take so much of the residual that is asked for. */
const SHARE = 0.1;
/** The iterations' own residual takes no more of it. */
const OWN_SHARE = 0.5;
/** By how much errors of products are divided: first, and after a miss. */
const FINER = [1, 100] as const;

/**
 * What entries of K may be off by, as a root mean square: errors of random signs make E x of norm √n times theirs times
 * |x|, and |x| is at most |b| / alpha.
 */
export const allowedError = (target: number, alpha: number, rows: number, finer: number): number =>
  (SHARE * target * alpha) / (Math.sqrt(rows) * finer);

/** One try with products that are so much finer than asked for; or why there is none, in a clause. */
type Try = (finer: number, options: RefineOptions) => Task<Report | string>;

/**
 * Solves from x on. @returns why not, in a clause; x is then a start for others.
 * @param where the products come from.
 * @param product the exact one.
 */
export function* solveVerified(
  where: string,
  target: number,
  product: Product,
  block: Columns,
  options: RefineOptions,
  tryOnce: Try,
): Task<Report | string> {
  let [missed, done] = [Infinity, 0];
  const history: SolveIteration[] = [];
  const own: RefineOptions = {
    ...options,
    eps: OWN_SHARE * (options.eps ?? 0),
    rtol: OWN_SHARE * (options.rtol ?? 0),
    onIteration: (progress) => {
      const counted = { ...progress, iteration: done + progress.iteration, verified: false };
      history.push(counted);
      options.onIteration?.(counted);
    },
  };
  for (const finer of FINER) {
    const found = yield* tryOnce(finer, own);
    if (typeof found === "string") return missed < Infinity ? missText(where, missed, target) : found;
    if (found.converged === "nan") return "its numbers are not finite";
    done += found.iterations;
    const { residual, rows } = yield* sampledResidual(product, block);
    if (residual <= target)
      return { ...found, iterations: done, residual, history, converged: "tolerance", checkedRows: rows };
    missed = residual;
  }
  return missText(where, missed, target);
}

const missText = (where: string, residual: number, target: number): string =>
  `${where} the residual of exact rows was ${residual.toExponential(1)}, above ${target.toExponential(1)}`;

// ---------------------------------------------------------------------------------------------------------- exact rows

const ROWS = 200;

/** Norms of columns; those of residuals are as some rows tell them. */
interface SampledNorms {
  readonly residuals: readonly number[];
  readonly rights: readonly number[];
  /** How many rows were computed. */
  readonly rows: number;
}

/** The norm of b - (K + alpha I) x over that of b, the largest of the columns, as some rows tell it. */
export function* sampledResidual(product: Product, block: Columns): Task<{ residual: number; rows: number }> {
  const { residuals, rights, rows } = yield* sampledNorms(product, block);
  const relative = residuals.map((residual, k) => (at(rights, k) > 0 ? residual / at(rights, k) : residual));
  return { residual: relative.reduce((most, one) => Math.max(most, one), 0), rows }; // NaN stays
}

/** The norms of b and of b - (K + alpha I) x, column by column. */
export function* sampledNorms(product: Product, { right, x, columns }: Columns): Task<SampledNorms> {
  const { operator, position, alpha, how } = product;
  const given = product.given("float64");
  const { shape } = at(given.arrays, position);
  const arrays = replaceAt(given.arrays, position, wrap(x, shape));
  const all = x.length / columns;
  const rows = sampledRows(all, ROWS);
  const products = yield* exactRows(operator, { ...given, arrays }, how, rows);
  const [residuals, rights]: [number[], number[]] = [[], []];
  for (let column = 0; column < columns; column++) {
    let [ofRows, ofRight, scale] = [0, 0, 0];
    for (let row = 0; row < all; row++) scale = Math.max(scale, Math.abs(realAt(right, row * columns + column)));
    if (!(scale > 0)) scale = 1;
    for (const [n, row] of rows.entries()) {
      const place = row * columns + column;
      ofRows +=
        ((realAt(right, place) - realAt(products, n * columns + column) - alpha * realAt(x, place)) / scale) ** 2;
    }
    for (let row = 0; row < all; row++) ofRight += (realAt(right, row * columns + column) / scale) ** 2;
    residuals.push(scale * Math.sqrt((ofRows * all) / rows.length));
    rights.push(scale * Math.sqrt(ofRight));
  }
  return { residuals, rights, rows: rows.length };
}
