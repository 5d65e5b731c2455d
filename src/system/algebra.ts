/**
 * The addon's dense algebra as solvers want it: what is long as work in two forms.
 */
import { instructionSet } from "../engine/instructions";
import { denseAlgebra, lapack } from "../engine/native";
import { Costs } from "../solver/costs";
import type { Algebra } from "../solver/pivoted";
import { Work } from "../solver/task";

/** As native/linalg/lapack.h has it. */
const LEAST_LAPACK_ROWS = 1024;

/** Null without the addon. */
export function denseWork(): Algebra | null {
  const costs = new Costs(instructionSet()); // once it is known, the dense algebra uses it, too
  const dense = denseAlgebra();
  if (!dense) return null;
  return {
    costs,
    lapack: (n) => (n >= LEAST_LAPACK_ROWS ? lapack() : null),
    cholesky: (...args) =>
      new Work(
        () => dense.cholesky(...args),
        (control) => dense.choleskyAsync(...args, control),
      ),
    choleskySolve: (...args) =>
      new Work(
        () => {
          dense.choleskySolve(...args);
        },
        (control) => dense.choleskySolveAsync(...args, control),
      ),
    choosePivots: (...args) => dense.choosePivots(...args),
    extend: (...args) =>
      new Work(
        () => dense.extend(...args),
        (control) => dense.extendAsync(...args, control),
      ),
    gram: (...args) =>
      new Work(
        () => {
          dense.gram(...args);
        },
        (control) => dense.gramAsync(...args, control),
      ),
    subtractTall: (...args) => {
      dense.subtractTall(...args);
    },
    lowRankSolve: (...args) =>
      new Work(
        () => {
          dense.lowRankSolve(...args);
        },
        (control) => dense.lowRankSolveAsync(...args, control),
      ),
  };
}
