/** Derivatives of the functions of arrays, to second order, against finite differences. */
import { nd, rand, randn } from "../../src";
import type { RealArray } from "../../src";
import { expectDerivatives } from "../helpers/derivatives";
import { wide } from "../helpers/numbers";

const matrix = randn([4, 3], { ...wide, seed: 1 });
const square = nd.add(randn([3, 3], { ...wide, seed: 2 }), nd.mul(nd.eye(3, { dtype: "float64" }), 2));
const positive = (a: RealArray): RealArray => nd.add(nd.matmul(a, nd.transpose(a)), nd.eye(3, { dtype: "float64" }));
const squares = nd.stack([square, nd.transpose(square)]);
const positives = (a: RealArray): RealArray =>
  nd.add(nd.matmul(a, nd.transpose(a, [0, 2, 1])), nd.eye(3, { dtype: "float64" }));
const weights = randn([3, 3], { ...wide, seed: 3 });

type Row = readonly [name: string, f: (a: RealArray) => RealArray, at: RealArray];

const ROWS: readonly Row[] = [
  ["sum", (a) => nd.sum(nd.exp(a), { axis: [0] }), matrix],
  ["mean with axes kept", (a) => nd.mul(a, nd.mean(a, { axis: 1, keepDims: true })), matrix],
  ["max", (a) => nd.max(nd.sin(a), { axis: 0 }), matrix],
  ["min", (a) => nd.min(nd.sin(a)), matrix],
  ["logsumexp", (a) => nd.logsumexp(a, { axis: 1 }), matrix],
  ["softmax", (a) => nd.softmax(a, { axis: 0 }), matrix],
  ["norm", (a) => nd.norm(a, { axis: 1 }), matrix],
  ["p-norm", (a) => nd.norm(a, { axis: 1, order: 3 }), matrix],
  ["cumsum", (a) => nd.cumsum(nd.square(a), { axis: 0 }), matrix],
  ["take", (a) => nd.square(nd.take(a, [0, 2, 0], { axis: 1 })), matrix],
  ["scatterAdd", (a) => nd.square(nd.scatterAdd(a, [1, 0, 1, 3], 5)), matrix],
  ["where", (a) => nd.where(nd.lt(a, 0), nd.exp(a), nd.square(a)), matrix],
  ["concat", (a) => nd.square(nd.concat([a, nd.exp(a)], { axis: 1 })), matrix],
  ["stack", (a) => nd.square(nd.stack([a, nd.sin(a)], { axis: 1 })), matrix],
  ["split", (a) => nd.mul(...(nd.split(nd.exp(a), 2) as [RealArray, RealArray])), matrix],
  ["flip and transpose", (a) => nd.mul(nd.flip(a, { axis: 0 }), nd.transpose(nd.reshape(a, [3, -1]))), matrix],
  ["sort", (a) => nd.square(nd.sort(a, { axis: 0 })), matrix],
  ["matmul of a batch", (a) => nd.matmul(nd.stack([a, nd.exp(a)]), nd.transpose(a)), matrix],
  ["outer", (a) => nd.outer(nd.take(a, [0], { axis: 1 }).pick(null, 0), nd.reshape(a, [-1])), matrix],
  ["cross", (a) => nd.cross(a, nd.exp(a)), matrix],
  ["tensordot", (a) => nd.tensordot(a, nd.exp(a), [[0], [0]]), matrix],
  ["solve", (a) => nd.solve(a, nd.square(a)), square],
  ["inv", (a) => nd.inv(a), square],
  ["det", (a) => nd.det(a), square],
  ["logdet", (a) => nd.logdet(positive(a)), square],
  ["cholesky", (a) => nd.cholesky(positive(a)), square],
  ["eigenvalues", (a) => nd.eigh(positive(a)).values, square],
  ["eigenvectors", (a) => nd.square(nd.eigh(positive(a)).vectors), square],
  ["singular values", (a) => nd.svd(a).s, matrix],
  ["left singular vectors", (a) => nd.square(nd.svd(a).u), matrix],
  ["right singular vectors", (a) => nd.square(nd.svd(a).vt), matrix],
  ["what svd and its factors make", (a) => nd.matmul(nd.mul(nd.svd(a).u, nd.exp(nd.svd(a).s)), nd.svd(a).vt), matrix],
  ["singular vectors of a wide matrix", (a) => nd.square(nd.svd(nd.transpose(a)).u), matrix],
  ["q", (a) => nd.mul(nd.qr(a).q, nd.exp(a)), matrix],
  ["solve of a stack", (a) => nd.solve(a, nd.square(a)), squares],
  ["solve of one matrix and a stack", (a) => nd.solve(a, nd.stack([nd.square(a), a])), square],
  ["solve of a stack and one right-hand side", (a) => nd.solve(nd.stack([positive(a), a]), a), square],
  ["solve of a stack and a vector", (a) => nd.solve(a, nd.sum(a, { axis: [0, 1] })), squares],
  ["inv of a stack", (a) => nd.inv(a), squares],
  ["det of a stack", (a) => nd.det(a), squares],
  ["logdet of a stack", (a) => nd.logdet(positives(a)), squares],
  ["cholesky of a stack", (a) => nd.cholesky(positives(a)), squares],
  ["eigenvalues of a stack", (a) => nd.eigh(positives(a)).values, squares],
  ["eigenvectors of a stack", (a) => nd.square(nd.eigh(positives(a)).vectors), squares],
  ["singular vectors of a stack", (a) => nd.matmul(nd.square(nd.svd(a).u), nd.square(nd.svd(a).vt)), squares],
  ["q and r of a stack", (a) => nd.mul(nd.qr(a).q, nd.exp(nd.qr(a).r)), squares],
  ["r", (a) => nd.mul(nd.qr(a).r, weights), matrix],
];

test.each(ROWS)("%s", (_, f, at) => {
  expectDerivatives(f, at, 2, 1e-6);
});

test("a norm of zero has the derivative 0", () => {
  const zero = nd.mul(rand([3], { ...wide, seed: 1 }), 0);
  expectDerivatives((a) => nd.mul(nd.norm(nd.mul(a, 0)), 1), zero, 1, 1e-12);
});
