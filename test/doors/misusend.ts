/** The functions of `nd` with arguments that they take: see misuse.ts. */
import { nd, rand } from "../../src";
import { entries } from "../../src/formula/core";
import type { Row } from "./misuse";

const x = rand([6, 2], { seed: 1 });
const v = rand([6], { seed: 2 });
const square = nd.add(nd.eye(3), nd.outer(nd.split(v, 2)[0]!, nd.split(v, 2)[0]!));

type Call = (...args: never[]) => unknown;
const functions = nd as unknown as Readonly<Record<string, Call>>;
const row = (call: unknown, ...args: unknown[]): Row => ({ call: call as Call, args: () => [...args] });
const withOptions = (call: unknown, ...args: unknown[]): Row => ({
  call: call as Call,
  args: () => [...args, {}],
  options: true,
});

/** One row for each elementwise function that has no other. */
function elementwiseRows(): Record<string, Row> {
  const rows: Record<string, Row> = {};
  for (const { method, slots, name } of entries.values()) {
    const spelling = name === "Inv" ? "reciprocal" : method?.names[0];
    if (spelling === undefined || !(spelling in functions) || spelling in OTHERS) continue;
    rows[`nd.${spelling}`] = row(functions[spelling], ...slots.map(({ kind }, n) => (kind === "formula" ? x : n)));
  }
  return rows;
}

const OTHERS: Readonly<Record<string, Row>> = {
  add: row(nd.add, x, 2),
  sub: row(nd.sub, x, x),
  mul: row(nd.mul, 2, x),
  div: row(nd.div, x, x),
  neg: row(nd.neg, x),
  sum: withOptions(nd.sum, x),
  mean: withOptions(nd.mean, x),
  max: withOptions(nd.max, x),
  min: withOptions(nd.min, x),
  norm: withOptions(nd.norm, x),
  logsumexp: withOptions(nd.logsumexp, x),
  softmax: withOptions(nd.softmax, x),
  argmax: withOptions(nd.argmax, x),
  argmin: withOptions(nd.argmin, x),
  cumsum: withOptions(nd.cumsum, x),
  sort: withOptions(nd.sort, x),
  argsort: withOptions(nd.argsort, x),
  flip: withOptions(nd.flip, x),
  take: withOptions(nd.take, v, [0, 2]),
  scatterAdd: row(nd.scatterAdd, x, [0, 1, 0, 1, 2, 2], 3),
  bincount: withOptions(nd.bincount, [0, 2]),
  oneHot: withOptions(nd.oneHot, [0, 2], 3),
  where: row(nd.where, x, x, 0),
  concat: withOptions(nd.concat, [x, x]),
  stack: withOptions(nd.stack, [x, x]),
  split: withOptions(nd.split, x, 2),
  reshape: row(nd.reshape, x, [3, 4]),
  transpose: row(nd.transpose, x, [1, 0]),
  toNested: row(nd.toNested, x),
  matmul: row(nd.matmul, x, nd.transpose(x)),
  outer: row(nd.outer, v, v),
  cross: row(nd.cross, square, square),
  tensordot: row(nd.tensordot, x, x, [[0], [0]]),
  solve: row(nd.solve, square, square),
  inv: row(nd.inv, square),
  det: row(nd.det, square),
  logdet: row(nd.logdet, square),
  cholesky: row(nd.cholesky, square),
  eigh: row(nd.eigh, square),
  svd: row(nd.svd, x),
  qr: row(nd.qr, x),
  relativeError: row(nd.relativeError, x, x),
  ones: withOptions(nd.ones, [2, 3]),
  full: withOptions(nd.full, [2, 3], 7),
  eye: withOptions(nd.eye, 3),
  arange: withOptions(nd.arange, 0, 3, 1),
  linspace: withOptions(nd.linspace, 0, 1, 3),
  grid: { ...row(nd.grid, v, v), open: true },
  randint: withOptions(nd.randint, 0, 3, [2]),
  permutation: withOptions(nd.permutation, 4),
  choice: withOptions(nd.choice, 4, 2),
};

const named = Object.fromEntries(Object.entries(OTHERS).map(([name, each]) => [`nd.${name}`, each]));

export const ND_FUNCTIONS: Readonly<Record<string, Row>> = { ...elementwiseRows(), ...named };
