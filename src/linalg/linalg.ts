/** The functions of linear operators, named as in scipy.sparse.linalg and scipy.sparse. */
export { blocks, diagonal, identity } from "./blocks";
export { eigsh, svds } from "./spectra";
export type { EigshFunction, SvdsFunction, SvdsOptions, SvdsResult } from "./spectra";
export { cg, gmres, minres } from "./krylov";
export type { KrylovFunction, KrylovOptions, KrylovReport } from "./krylov";
