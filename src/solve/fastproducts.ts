/**
 * Products with K that are not exact, by what entries may be off by: in the space of the kernel's modes, else near
 * pairs and a grid. Whoever asks for them judges what comes of them. Knows no solver.
 */
import { at } from "../asserts";
import { SplitProducts } from "../fast/splitproducts";
import type { Task } from "../task";
import type { Report } from "./attempt";
import { modesForProducts } from "./modechoice";
import type { ModeRequest } from "./modechoice";
import { ModeSpace } from "./modespace";
import { Product } from "./product";
import type { RealSpace } from "./product";

/** Products with one column. */
export interface FastProducts {
  readonly space: RealSpace;
  readonly products: Report["products"];
}

/** @param product the exact one, of one column. @returns why there are none, in a clause. */
export function* fastProducts(request: ModeRequest, product: Product, allowed: number): Task<FastProducts | string> {
  const modes = yield* ModeSpace.of(request, { allowed, pick: modesForProducts });
  if (typeof modes !== "string") return { space: modes.space(1, product.alpha), products: "modes" };
  const { operator, position, alpha, how } = product;
  const given = product.given("float64");
  const split = yield* SplitProducts.of(operator, given, how, allowed);
  if (typeof split === "string") return bothReasons(modes, split);
  const fast = new Product(split, position, given, alpha, how);
  return { space: fast.space(rowsOfColumn(product), 1, "float64", null), products: "split" };
}

const rowsOfColumn = (product: Product): number => at(product.given("float64").arrays, product.position).size;

/** A product for iterations, and what they take of the time of exact ones. */
export interface SplitProduct {
  readonly product: Product;
  readonly share: number;
}

/**
 * A product whose iterations are near pairs and a grid, and its residuals finer ones, or exact where those do not pay.
 * @param allowed what entries of K may be off by in residuals, as a root mean square.
 * @param coarse the same of iterations.
 * @returns why there is none, in a clause.
 */
export function* splitProduct(product: Product, allowed: number, coarse: number): Task<SplitProduct | string> {
  const { operator, position, alpha, how } = product;
  const given = product.given("float64");
  const fine = yield* SplitProducts.of(operator, given, how, allowed);
  const isFine = typeof fine !== "string";
  const fast = isFine && coarse <= allowed ? fine : yield* SplitProducts.of(operator, given, how, coarse);
  if (typeof fast === "string") return fast;
  const accurate = isFine ? fine : operator;
  return { product: new Product(accurate, position, given, alpha, how, { coarse: fast }), share: fast.share };
}

/** Why there are neither modes nor split sums. */
export const bothReasons = (ofModes: string, ofSplit: string): string =>
  ofModes === ofSplit ? ofModes : `${ofModes}; ${ofSplit}`;
