/** Array maths with derivatives of any order: the namespace `nd`. Names and meanings are NumPy's, in camel case. */
export { add, div, mul, neg, sub } from "../array/arithmetic";
export { toNested } from "../array/array";
export * from "./rows";
export { argmax, argmin, cumsum, max, mean, min, norm, sum } from "./axes";
export type { AxesOptions, AxisOptions, NormOptions } from "./axes";
export { arange, choice, eye, full, grid, linspace, ones, permutation, randint } from "./create";
export type { TypeOptions } from "./create";
export type { Operand } from "../array/arithmetic";
export { cross, matmul, outer, tensordot } from "./contractions";
export { cholesky, eigh, qr, svd } from "./decompositions";
export type { Eigenpairs, SingularValues, Triangular } from "./decompositions";
export { det, inv, logdet, solve } from "./systems";
export { logsumexp, softmax } from "./exponentials";
export { relativeError } from "./relativeerror";
export { bincount, oneHot, scatterAdd, take } from "./pick";
export type { Indices } from "./pick";
export { argsort, concat, flip, reshape, sort, split, stack, transpose, where } from "./rearrange";
