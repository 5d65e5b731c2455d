/**
 * Products with K that are not exact, by what entries may be off by: in the space of the kernel's modes, else near
 * pairs and a grid. Whoever asks for them judges what comes of them. Solves with the latter have the one idea of mixed
 * precision: iterations and preconditioners are those of exact solves, with products that lose what alpha allows;
 * residuals are computed with finer ones, which lose what is asked for allows, or with all pairs. Knows no iteration.
 */
import { at } from "../asserts";
import { Operator } from "../call/operator";
import type { Given, How } from "../call/prepared";
import type { RealData } from "../device/native";
import { prepareFor } from "../fast/split";
import type { Prepared } from "../fast/splitplan";
import { Work, runAsync, runSync } from "../task";
import type { Task } from "../task";
import { solveBy } from "./attempt";
import type { AttemptSettings, Report } from "./attempt";
import type { Inverses, Situation } from "./choose";
import { modesForProducts } from "./modechoice";
import type { ModeRequest } from "./modechoice";
import { ModeSpace } from "./modes";
import { Product } from "./product";
import type { Columns, RealSpace } from "./product";
import { allowedError, solveVerified } from "./verified";
import type { FastRequest } from "./verified";

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
function* splitProduct(product: Product, allowed: number, coarse: number): Task<SplitProduct | string> {
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

// ---------------------------------------------------------------------------------------------- solves with split sums

/**
 * Solves from x on. @returns why not, in a clause; x is then a start for others.
 * @param product the exact one.
 */
export function* solveBySplit(
  { situation, target }: FastRequest,
  inverses: Inverses,
  product: Product,
  block: Columns,
  options: AttemptSettings,
): Task<Report | string> {
  const why = whyNotAsked(situation);
  if (why !== null) return why;
  return yield* solveVerified("with split sums", target, product, block, options, function* (finer, settings) {
    const { alpha, rows } = situation;
    const allowed = allowedError(target, alpha, rows, finer);
    const found = yield* splitProduct(product, allowed, (COARSE * alpha) / (Math.sqrt(rows) * finer));
    if (typeof found === "string") return found;
    const own: Situation = { ...situation, precision: "float64", share: found.share };
    return { ...(yield* solveBy(inverses, own, found.product, block, settings)), products: "split" };
  });
}

/** The part of alpha that errors of iterations' products may make of a vector: a round divides the residual by 1000. */
const COARSE = 3e-4;

/** Why products are to be exact, from what was asked alone; null if they need not be. */
function whyNotAsked({ symmetry, method, alpha }: Situation): string | null {
  if (symmetry !== "positive") return `it asks for symmetry "${symmetry}"`;
  if (method === "direct") return "it asks for a factorisation";
  return alpha > 0 ? null : "alpha is 0";
}

// ---------------------------------------------------------------------------------------------- split sums as products

/**
 * An operator whose calls are split sums, for the points and parameters that it was made for: of one convolution for many
 * weights. Solvers know what they may lose and judge it by exact rows of their own, so that no call is checked.
 */
class SplitProducts extends Operator {
  private constructor(
    of: Operator,
    private readonly prepared: Prepared,
    /** Of the time of all pairs. */
    readonly share: number,
  ) {
    super(of.formulas, of.args, of.settings);
  }

  /**
   * @param allowed what entries of the matrix may be off by, as a root mean square.
   * @returns why there are none, in a clause.
   */
  static *of(operator: Operator, given: Given, how: How, allowed: number): Task<SplitProducts | string> {
    const found = yield* prepareFor(operator, given, how, allowed);
    return typeof found === "string" ? found : new SplitProducts(operator, found.prepared, found.share);
  }

  override work(given: Given, out: RealData): Work<void> {
    const task = (): Task<void> => this.prepared.run(given, out);
    return new Work(
      () => {
        runSync(task());
      },
      (control) => runAsync(task(), { control }),
    );
  }
}
