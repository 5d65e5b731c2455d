/** Operators that are made of others, beside the same done with matrices. */
import {
  LinearOperator,
  Vi,
  Vj,
  array,
  asLinearOperator,
  cluster,
  grad,
  linalg,
  nd,
  rand,
  requiresGrad,
} from "../../src";
import type { RealArray } from "../../src";
import { expectClose } from "../helpers/lazy";

const f64 = { dtype: "float64" } as const;
const [M, N] = [7, 5];
const [x, y] = [rand([M, 3], { ...f64, seed: 1 }), rand([N, 3], { ...f64, seed: 2 })];
const K = Vi(x).sqdist(Vj(y)).neg().exp();
const S = Vi(x).sqdist(Vj(x)).neg().exp();
const [k, s] = [K.dense(), S.dense()];
const d = rand([M], { ...f64, seed: 3 });
const D = linalg.diagonal(d);
const dense = nd.mul(nd.reshape(d, [M, 1]), nd.eye(M, f64));
const product = nd.matmul(k, nd.transpose(k));

/** All columns of an operator, and of its transpose. */
function expectOperator(A: LinearOperator, matrix: RealArray): void {
  expect([A.shape, A.dtype]).toEqual([matrix.shape, "float64"]);
  expectClose(A.matvec(nd.eye(A.shape[1], f64)), matrix);
  expectClose(A.rmatvec(nd.eye(A.shape[0], f64)), nd.transpose(matrix));
  const v = rand([A.shape[1]], { ...f64, seed: 4 });
  expectClose(A.matvec(v), nd.reshape(nd.matmul(matrix, nd.reshape(v, [A.shape[1], 1])), [A.shape[0]]));
}

test.each<[string, LinearOperator, RealArray]>([
  ["a diagonal", D, dense],
  ["an identity", linalg.identity(M, f64), nd.eye(M, f64)],
  ["a matrix", asLinearOperator(k), k],
  ["a difference with a lazy tensor", D.sub(S), nd.sub(dense, s)],
  ["a sum with one", D.add(S), nd.add(dense, s)],
  ["a lazy tensor plus an operator", S.add(D), nd.add(s, dense)],
  ["a lazy tensor minus an operator", S.sub(D), nd.sub(s, dense)],
  ["a multiple", asLinearOperator(K).scale(-2), nd.mul(k, -2)],
  ["a transpose", asLinearOperator(K).transpose(), nd.transpose(k)],
  ["a chain", asLinearOperator(K).compose(K.T), product],
  ["a chain of three", D.compose(K).compose(K.T), nd.matmul(dense, product)],
  ["a cube", D.power(3), nd.matmul(dense, nd.matmul(dense, dense))],
  ["no power", D.add(S).power(0), nd.eye(M, f64)],
  ["a square of a sum", D.add(S).power(2), nd.matmul(nd.add(dense, s), nd.add(dense, s))],
])("%s is that of matrices", (_, A, matrix) => {
  expectOperator(A, matrix);
});

test("blocks are put together, with zeros for null", () => {
  const zeros = nd.full([N, N], 0, f64);
  const rows = [nd.concat([s, k], { axis: 1 }), nd.concat([nd.transpose(k), zeros], { axis: 1 })];
  expectOperator(linalg.blocks([[S, K], [K.T, null]]), nd.concat(rows)); // prettier-ignore
  const wide = nd.concat([k, k], { axis: 1 });
  expectOperator(linalg.blocks([[K, K]]), wide);
  expectOperator(
    linalg.blocks([
      [null, K],
      [D, null],
    ]),
    nd.concat([
      // prettier-ignore
      nd.concat([nd.full([M, M], 0, f64), k], { axis: 1 }),
      nd.concat([dense, nd.full([M, N], 0, f64)], { axis: 1 }),
    ]),
  );
});

test("ranges stay with their part", () => {
  const parts = [[0, 3], [3, M]] as const; // prettier-ignore
  const blocked = S.withRanges(cluster.fromMatrix(parts, parts, [[1, 0], [0, 1]])); // prettier-ignore
  const halves = Array.from({ length: M }, (_, i) => Array.from({ length: M }, (_row, j) => Number(i < 3 === j < 3)));
  const masked = nd.sub(dense, nd.mul(s, array(halves, f64)));
  expectOperator(D.sub(blocked), masked);
  const { values } = linalg.eigsh(D.sub(blocked), 2, { which: "smallest" });
  expectClose(values, nd.eigh(masked).values.hi(2), 9);
});

test("products are recorded, by the vector and by what operators are made of", () => {
  const [marked, v] = [requiresGrad(rand([M], { ...f64, seed: 5 })), requiresGrad(rand([M], { ...f64, seed: 6 }))];
  const points = requiresGrad(rand([M, 3], { ...f64, seed: 1 }));
  const A = linalg.diagonal(marked).sub(Vi(points).sqdist(Vj(points)).neg().exp());
  const [byDiagonal, byVector, byPoints] = grad(A.matvec(v), [marked, v, points], nd.ones([M], f64));
  expectClose(byDiagonal, v);
  expectClose(byVector, A.rmatvec(nd.ones([M], f64)));
  expect(nd.max(nd.abs(byPoints)).get()).toBeGreaterThan(0.01);
});

test("what does not fit is refused with where, what was expected and what was got", () => {
  const wrong: [() => unknown, string | RegExp][] = [
    [() => D.add(K), "add: expected an operator of shape [7, 7], float64, got shape [7, 5], float64"],
    [() => D.sub(linalg.identity(M)), "sub: expected an operator of shape [7, 7], float64, got shape [7, 7], float32"],
    [() => D.compose(K.T), "compose: expected an operator with 7 rows, float64, got shape [5, 7], float64"],
    [() => asLinearOperator(K).power(2), "power: expected a square operator, got shape [7, 5]"],
    [() => D.power(0.5), "power, exponent: expected an integer of at least 0, got the number 0.5"],
    [() => D.scale("2" as unknown as number), 'scale, factor: expected a number, got the string "2"'],
    [() => linalg.diagonal(x), "diagonal, d: expected shape [N], got [7, 3]"],
    [() => linalg.identity(-1), "identity, n: expected an integer of at least 0, got the number -1"],
    [() => linalg.blocks([]), /^blocks: expected rows of blocks like/],
    [() => linalg.blocks([[S, K], [K]]), "blocks, row 1: expected 2 blocks as row 0 has, got 1"], // prettier-ignore
    [() => linalg.blocks([[S, K], [K, null]]), /^blocks, column 0: expected 7 columns in all its blocks/], // prettier-ignore
    [() => linalg.blocks([[S, null]]), "blocks, column 1: expected a block that is not null, got none"],
    [() => D.add(3 as unknown as LinearOperator), /^add: expected a LinearOperator, a LazyTensor or a matrix/],
  ];
  for (const [call, message] of wrong) expect(call).toThrow(message);
});

test("products of users are checked", () => {
  const A = LinearOperator({ shape: [M, M], dtype: "float64", matvec: () => x, rmatvec: (v) => v });
  expect(() => A.matvec(d)).toThrow("matvec, result: expected shape [7], got [7, 3]");
  expect(() => linalg.cg(A, d)).toThrow("matvec, result: expected shape [7], got [7, 3]");
});
