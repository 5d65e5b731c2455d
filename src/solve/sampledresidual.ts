/**
 * The residual of a solution on some of its rows, computed with all pairs: what tells whether faster products were near
 * enough. Knows no solver.
 */
import { wrap } from "../array/view";
import { at, realAt } from "../asserts";
import { exactRows, sampledRows } from "../fast/samplecheck";
import type { Task } from "../task";
import { replaceAt } from "./kernelmatrix";
import type { Columns, Product } from "./product";

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
