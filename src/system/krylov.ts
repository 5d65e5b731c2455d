/**
 * Systems that are not positive definite: MINRES for symmetric ones, GMRES for the rest, in the same rounds of refinement and by the same
 * stopping rule as conjugate gradients. Users say which; nothing changes the method behind their back.
 */
import { described } from "../array/check";
import type { Dtype } from "../array/view";
import type { Real } from "../engine/native";
import { ArgumentError } from "../errors";
import { gmres } from "../solver/gmres";
import { minres } from "../solver/minres";
import { solve } from "../solver/refine";
import type { Inner, Progress, SolveOptions } from "../solver/refine";
import type { Task } from "../solver/task";
import type { Report } from "./method";
import type { Product } from "./product";

/** What is known of K + alpha I. */
export type Symmetry = "positive" | "indefinite" | "none";

const SYMMETRIES: readonly Symmetry[] = ["positive", "indefinite", "none"];

const MINRES: Inner = { run: minres, minimises: "residual" };
const GMRES: Inner = { run: gmres, minimises: "residual" };

/** Solves from `x` on; x is the solution then, else the last iterate. */
export function* solveGeneral(
  symmetry: Exclude<Symmetry, "positive">,
  product: Product,
  dtype: Dtype,
  [right, x]: readonly [Float64Array, Real],
  columns: number,
  options: SolveOptions,
): Task<Report> {
  const rows = columns === 0 ? 0 : x.length / columns;
  const precisions = product.precisions(rows, columns, { inverse: null, dtype, patience: Infinity });
  const inner = symmetry === "indefinite" ? MINRES : GMRES;
  const history: Progress[] = [];
  const onIteration = (progress: Progress): void => {
    history.push(progress);
    options.onIteration?.(progress);
  };
  const found = yield* solve(precisions, right, x, { ...options, inner, onIteration });
  return { ...found, history, method: symmetry === "indefinite" ? "minres" : "gmres", rank: 0, library: null };
}

interface Options {
  readonly symmetry?: unknown;
  readonly method?: unknown;
  readonly preconditioner?: unknown;
}

/** @throws ArgumentError for another symmetry, or one that the other options do not go with. */
export function checkSymmetryOptions({
  symmetry = "positive",
  method = "auto",
  preconditioner = "auto",
}: Options): void {
  if (!SYMMETRIES.includes(symmetry as Symmetry))
    throw new ArgumentError(`symmetry: expected "positive", "indefinite" or "none", got ${described(symmetry)}`);
  if (symmetry === "positive") return;
  if (method !== "auto")
    throw new ArgumentError(`method: expected "auto" with symmetry "${symmetry as string}", got ${described(method)}`);
  if (preconditioner !== "auto" && preconditioner !== "none")
    throw new ArgumentError(
      `preconditioner: expected "none" with symmetry "${symmetry as string}", got ${described(preconditioner)}`,
    );
}
