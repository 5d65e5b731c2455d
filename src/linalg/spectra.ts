/**
 * Eigenpairs and singular values of operators. The one idea: singular vectors of one side are eigenvectors of A Aᵀ or
 * AᵀA, whichever is smaller, and a small dense decomposition of their images gives the rest to full accuracy. Must not
 * know what operators are made of.
 */
import { transpose } from "../array/arithmetic";
import { contiguous, wrap } from "../array/view";
import type { Dtype, RealArray } from "../array/view";
import type { AsyncOptions, Tell } from "../call/run";
import { at } from "../asserts";
import type { RealData } from "../device/native";
import { matmul } from "../nd/contractions";
import { svd } from "../nd/decompositions";
import { withoutRows } from "../options";
import type { OptionsOf } from "../options";
import { EXACT } from "../solve/attempt";
import { PAIRS, checkWanted, findPairs, roundPairs } from "../solve/eigenpairs";
import type { EigshResult, PairOptions } from "../solve/eigenpairs";
import { spaceOf, toOperator, waysOf } from "../solve/linearoperator";
import { checkSquare, numbersAs } from "../solve/ways";
import type { OperatorOperand } from "../solve/linearoperator";
import { checkSymmetry } from "../solve/probes";
import type { RealSpace } from "../solve/product";
import { AT_ONCE } from "../solve/systemmatrix";
import type { Task } from "../task";
import { makeForms, recordValues, recordVectors, watchOf } from "./forms";

// ----------------------------------------------------------------------------------------------------- eigenpairs

/** Eigenpairs of a symmetric operator, as a call and as a promise. */
export interface EigshFunction {
  /**
   * The k largest eigenvalues of a symmetric operator `[n, n]`, or those that `which` names, with their vectors, in
   * float64. Values are recorded for `grad`, to first order.
   * @throws ArgumentError for an operator that is not symmetric, or a k above n; ConvergenceError.
   */
  <T extends RealData>(operator: OperatorOperand<T>, k: number, options?: PairOptions | null): EigshResult<T>;
  /**
   * The call as a promise, of the data as they are now.
   * @param operator `[N, N]`, symmetric
   * @param k how many
   * @returns a promise of `values` `[k]` and `vectors` `[N, k]`
   * @throws by rejecting, what the call throws, and InterruptedError when `signal` is aborted
   * @example
   * ```ts
   * const { values } = await linalg.eigsh.async(linalg.diagonal(nd.arange(1, 11)), 2);
   * console.log(values.shape); // [ 2 ]
   * ```
   */
  async<T extends RealData>(
    operator: OperatorOperand<T>,
    k: number,
    options?: (PairOptions & AsyncOptions) | null,
  ): Promise<EigshResult<T>>;
}

/**
 * The k largest eigenvalues of a symmetric operator, or those that `which` names, with their vectors.
 * @param operator `[N, N]`, symmetric: a linear operator, a real lazy tensor, a matrix or an object with products
 * @param k how many
 * @returns `values` `[k]` and `vectors` `[N, k]`
 * @throws ArgumentError for other shapes or a k above N, ConvergenceError after `maxIterations`, InterruptedError on
 * Ctrl-C
 * @example
 * const { values } = linalg.eigsh(linalg.diagonal(nd.arange(1, 11)), 2);
 * console.log(nd.toNested(nd.round(values, 3))); // [ 10, 9 ]
 */
export const eigsh: EigshFunction = makeForms(["eigsh", 2], PAIRS, eigshOf, (found) => found) as EigshFunction;

function* eigshOf([given, k]: readonly unknown[], options: PairOptions, tell?: Tell): Task<EigshResult> {
  const operator = toOperator("eigsh", given);
  checkWanted("eigsh", k, checkSquare("eigsh", operator.shape), options);
  const watch = watchOf("eigsh", operator);
  const spaces = new Map([1, AT_ONCE].map((columns) => [columns, spaceOf(operator, columns)])); // of the data as they are
  const space = (columns: number): RealSpace => spaces.get(columns) ?? spaceOf(operator, columns);
  tell?.({ doing: "check" });
  yield* checkSymmetry(space(1), false, "eigsh: expected a symmetric operator");
  const pairs = yield* findPairs({ where: "eigsh", space }, k as number, options, tell);
  const found = roundPairs(pairs, { where: "eigsh", dtype: operator.dtype }, EXACT);
  const image = watch.imageOf(found.vectors);
  const values = recordValues("eigsh, values", [found.values, found.vectors, image]);
  return { ...found, values, vectors: recordVectors("eigsh, vectors", found.vectors, image) };
}

// ------------------------------------------------------------------------------------------------ singular values

/** The options of singular values. */
const SVDS: Omit<typeof PAIRS, "which" | "sigma"> = withoutRows(PAIRS, "which", "sigma");

/** How singular values are found. */
export type SvdsOptions = OptionsOf<typeof SVDS>;

/** The k largest singular values of an operator A `[M, N]`: A vtᵀ = u diag(s). */
export interface SvdsResult<T extends RealData = RealData> {
  /** `[M, k]`, orthonormal columns. */
  readonly u: RealArray<T>;
  /** `[k]`, descending. */
  readonly s: RealArray<T>;
  /** `[k, N]`, orthonormal rows. */
  readonly vt: RealArray<T>;
  /** |Aᵀu - s v| + |A v - s u| over the largest s, one per value, in float64 before rounding to the dtype. */
  readonly residuals: readonly number[];
  /** Products with A and its transpose. */
  readonly iterations: number;
}

/** Singular values of an operator, as a call and as a promise. */
export interface SvdsFunction {
  /**
   * The k largest singular values of an operator `[M, N]` with their vectors, in float64. Values are recorded for
   * `grad`, to first order.
   * @throws ArgumentError for a k above M or N; ConvergenceError.
   */
  <T extends RealData>(operator: OperatorOperand<T>, k: number, options?: SvdsOptions | null): SvdsResult<T>;
  /**
   * The call as a promise, of the data as they are now.
   * @param operator `[M, N]`
   * @param k how many
   * @returns a promise of `u` `[M, k]`, `s` `[k]` and `vt` `[k, N]`
   * @throws by rejecting, what the call throws, and InterruptedError when `signal` is aborted
   * @example
   * ```ts
   * const { s } = await linalg.svds.async(linalg.diagonal(nd.arange(1, 11)), 2);
   * console.log(s.shape); // [ 2 ]
   * ```
   */
  async<T extends RealData>(
    operator: OperatorOperand<T>,
    k: number,
    options?: (SvdsOptions & AsyncOptions) | null,
  ): Promise<SvdsResult<T>>;
}

/**
 * The k largest singular values of an operator, with their vectors.
 * @param operator `[M, N]`: a linear operator, a real lazy tensor, a matrix or an object with products
 * @param k how many
 * @returns `u` `[M, k]`, `s` `[k]` and `vt` `[k, N]`
 * @throws ArgumentError for a k above M or N, ConvergenceError after `maxIterations`, InterruptedError on Ctrl-C
 * @example
 * const { s } = linalg.svds(linalg.diagonal(nd.arange(1, 11)), 2);
 * console.log(nd.toNested(nd.round(s, 3))); // [ 10, 9 ]
 */
export const svds: SvdsFunction = makeForms(["svds", 2], SVDS, svdsOf, (found) => found) as SvdsFunction;

/** In units of roundoff: eigenvalues of AᵀA below that, times the largest, are rounding. */
const NOISE = 64;

function* svdsOf([given, k]: readonly unknown[], options: SvdsOptions, tell?: Tell): Task<SvdsResult> {
  const operator = toOperator("svds", given);
  const [m, n] = operator.shape;
  checkWanted("svds", k, Math.min(m, n), {});
  const watch = watchOf("svds", operator);
  const tall = m >= n ? operator : operator.T;
  const { forward, backward } = waysOf(tall);
  const [times, timesTransposed] = [forward.often(k as number), backward.often(k as number)]; // of the data as they are now
  const space = spaceOf(tall.T.compose(tall), 1);
  const of = { where: "svds", space: () => space };
  const pairs = yield* findPairs(of, k as number, options, tell, scaleOf(options, space.roundoff));
  const { vectors, iterations } = roundPairs(pairs, { where: "svds", dtype: "float64" }, EXACT);
  const { u: left, s, vt } = svd(yield* times(vectors));
  const right = matmul(vectors, transpose(vt));
  const residuals = residualsOf(yield* timesTransposed(left), s, right);
  const [u, v] = m >= n ? [left, right] : [right, left];
  const [ofU, ofS, ofV] = [u, s, v].map((x) => roundTo(operator.dtype, x)) as [RealArray, RealArray, RealArray];
  const image = watch.imageOf(ofV);
  return {
    u: recordVectors("svds, u", ofU, image),
    s: recordValues("svds, s", [ofS, ofU, image]),
    vt: recordVectors("svds, vt", roundTo(operator.dtype, transpose(ofV)), image),
    residuals,
    iterations: 2 * (iterations + (k as number)),
  };
}

/** Residuals of s² are those of s times s; those below rounding cannot get smaller. */
function scaleOf(
  { rtol = PAIRS.rtol.default }: SvdsOptions,
  roundoff: number,
): (s2: number, largest: number) => number {
  const floor = (NOISE * roundoff) / Math.max(rtol, NOISE * roundoff);
  return (s2, largest) => Math.max(Math.sqrt(Math.max(0, s2) * largest), floor * largest);
}

/** |image - s v| over the largest s, column by column. */
function residualsOf(image: RealArray, s: RealArray, v: RealArray): number[] {
  const [k, largest] = [at(s.shape, 0), s.get(0) || 1];
  const squares = new Array<number>(k).fill(0);
  const [images, vectors, values] = [contiguous(image), contiguous(v), contiguous(s)];
  images.forEach((y, n) => {
    const rest = y - (values[n % k] as number) * (vectors[n] as number);
    squares[n % k] = at(squares, n % k) + rest ** 2;
  });
  return squares.map((square) => Math.sqrt(square) / largest);
}

/** A copy of the elements in a dtype. */
const roundTo = (dtype: Dtype, x: RealArray): RealArray => wrap(numbersAs(dtype, x), x.shape);
