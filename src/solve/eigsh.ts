/** Eigenpairs of the matrix K of a system, whose derivatives are refused; with exact products, or with fast ones. */
import { localAmong, markLocal } from "../array/local";
import { recorder, recording } from "../array/record";
import type { RealArray } from "../array/view";
import type { Tell } from "../call/run";
import { ArgumentError } from "../errors";
import type { OptionsOf } from "../options";
import type { Task } from "../task";
import { EXACT } from "./attempt";
import { PAIRS, checkWanted, findPairs, roundPairs } from "./eigenpairs";
import type { EigshResult, PairOptions } from "./eigenpairs";
import { fastPairs } from "./fastpairs";
import type { MatrixOptions } from "./solveoptions";
import { checkSymmetry } from "./symmetry";
import type { System } from "./system";
import { systemMatrix } from "./systemmatrix";

/** What eigenpairs of kernels take beside that. */
const FAST = {
  /**
   * `"auto"`: products with K may lose what `rtol` allows: those of kernels of differences in up to four dimensions
   * take time that grows with n. Residuals are then those of 200 exact rows.
   */
  tolerance: { expected: '"auto"', accepts: (value: unknown): value is "auto" => value === "auto" },
} as const;

type EigshRows = typeof PAIRS & typeof FAST;

/** The options of eigenpairs of kernels. */
export const EIGSH: EigshRows = { ...PAIRS, ...FAST };

/** How eigenpairs of kernels are found. */
export type EigshOptions = PairOptions & OptionsOf<typeof FAST> & MatrixOptions;

/** Eigenpairs of K. */
export function* eigsh(
  system: System,
  k: unknown,
  arrays: readonly RealArray[],
  options: EigshOptions,
  tell?: Tell,
): Task<EigshResult> {
  const given = system.check(arrays, options);
  const { dtype } = given;
  const matrix = systemMatrix("eigsh", system, given, options);
  checkWanted("eigsh", k, matrix.rows, options);
  const count = k as number;
  const inputs = arrays.filter((_, n) => n !== system.unknown.position);
  const reads = { where: "eigsh", readsInputs: inputs.map(() => false) };
  const recorded = recording(inputs) ? recorder(inputs, reads) : null;
  const fast = options.tolerance === "auto" ? yield* fastPairs(matrix, count, options, tell) : null;
  let told: Parameters<typeof roundPairs>[2] = { ...EXACT, whyExact: typeof fast === "string" ? fast : null };
  if (fast !== null && typeof fast !== "string") ({ told } = fast);
  else yield* checkSymmetry(matrix.space(2, 0), true);
  const space = (columns: number): ReturnType<typeof matrix.space> => matrix.space(columns, 0);
  const found =
    fast !== null && typeof fast !== "string"
      ? fast
      : yield* findPairs({ where: "eigsh", space }, count, options, tell);
  const result = roundPairs(found, { where: "eigsh", dtype }, told);
  const local = given.shards ? undefined : localAmong(given.arrays);
  for (const each of [result.values, result.vectors]) markLocal(each, local);
  recorded?.(result.values, refuseGradient);
  recorded?.(result.vectors, refuseGradient);
  return result;
}

const refuseGradient = (): never => {
  throw new ArgumentError("grad of eigsh: expected linalg.eigsh, whose values have derivatives, got this one");
};
