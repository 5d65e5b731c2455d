/**
 * Solves with split sums as products, where the kernel has no space of modes. The one idea is that of mixed precision:
 * iterations and preconditioners are those of exact solves, with products that lose what alpha allows; residuals are
 * computed with finer ones, which lose what is asked for allows, or with all pairs. Knows no iteration.
 */
import type { Task } from "../task";
import { solveBy } from "./attempt";
import type { AttemptSettings, Report } from "./attempt";
import type { Inverses, Situation } from "./choose";
import { splitProduct } from "./fastproducts";
import type { Columns, Product } from "./product";
import { allowedError, solveVerified } from "./verified";
import type { FastRequest } from "./verified";

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
