/**
 * Sums over batch dimensions against dense computation in plain loops, on every engine: values, gradients to second
 * order, products, solves, ranges, what is refused.
 */
import "../helpers/quickcompiler";
import { ComplexLazyTensor, Pm, Vi, Vj, cluster, grad, nd, rand, requiresGrad } from "../../src/index";
import type { LazyTensor, RealArray } from "../../src/index";
import { expectDerivatives } from "../helpers/derivatives";
import { numbers } from "../helpers/lazy";
import { BACKENDS, DTYPES, expectClose, refuses } from "../helpers/numbers";

const [B, C, M, N, D] = [3, 2, 5, 4, 2];

/** sum over d of (x_id - y_jd)², for one entry of x `[..., M, D]` and y `[..., N, D]`. */
const squared = (x: RealArray, y: RealArray, i: number, j: number, ...entry: readonly number[]): number => {
  const own = ({ shape }: RealArray): number[] => {
    const lead = shape.length - 2;
    return entry.slice(entry.length - lead).map((index, n) => (shape[n] === 1 ? 0 : index));
  };
  let sum = 0;
  for (let d = 0; d < D; d++) sum += (x.get(...own(x), i, d) - y.get(...own(y), j, d)) ** 2;
  return sum;
};
const each = <T>(count: number, f: (k: number) => T): T[] => Array.from({ length: count }, (_, k) => f(k));
const total = (list: readonly number[]): number => list.reduce((sum, value) => sum + value, 0);
const kernel = (x: RealArray, y: RealArray): LazyTensor => Vi(x).sqdist(Vj(y)).neg().exp();

describe.each(BACKENDS)("on %s", (backend) => {
  describe.each(DTYPES)("in %s", (dtype) => {
    const tolerance = dtype === "float32" ? 1e-5 : 1e-13;
    const x = rand([B, M, D], { dtype, seed: 1 });
    const y = rand([B, N, D], { dtype, seed: 2 });

    test("a function of a sum of kernels has the values of loops", () => {
      const K = kernel(x, y).sumBatches();
      expect([K.shape, K.batchdims]).toEqual([[M, N], []]);
      const dense = (i: number, j: number): number => total(each(B, (b) => Math.exp(-squared(x, y, i, j, b))));
      expectClose(numbers(K.dense({ backend })), each(M, (i) => each(N, (j) => dense(i, j))).flat(), tolerance);
      const root = K.add(1).log().sum({ axis: 1, backend });
      expectClose(
        numbers(root),
        each(M, (i) => total(each(N, (j) => Math.log(1 + dense(i, j))))),
        tolerance,
      );
    });

    test("one of two dimensions goes, those that broadcast stay as they are", () => {
      const wide = rand([C, 1, M, D], { dtype, seed: 3 });
      const scale = rand([C, B, 1], { dtype, seed: 4 });
      const both = kernel(wide, y).mul(Pm(scale));
      const sumOver = (c: readonly number[], b: readonly number[]): number[] =>
        each(M, (i) =>
          total(
            each(N, (j) => {
              const terms = c.flatMap((n) =>
                b.map((k) => Math.exp(-squared(wide, y, i, j, n, k)) * scale.get(n, k, 0)),
              );
              return total(terms) ** 2;
            }),
          ),
        );
      const [allC, allB] = [[...each(C, (n) => n)], [...each(B, (n) => n)]];
      const rows = (K: LazyTensor): RealArray => K.square().sum({ axis: 1, backend });
      for (const axis of [0, -2]) {
        const found = rows(both.sumBatches({ axis }));
        expect(found.shape).toEqual([B, M, 1]);
        expectClose(
          numbers(found),
          allB.flatMap((b) => sumOver(allC, [b])),
          tolerance,
        );
      }
      for (const axis of [1, -1]) {
        const found = rows(both.sumBatches({ axis }));
        expect(found.shape).toEqual([C, M, 1]);
        expectClose(
          numbers(found),
          allC.flatMap((c) => sumOver([c], allB)),
          tolerance,
        );
      }
      expectClose(numbers(rows(both.sumBatches())), sumOver(allC, allB), tolerance);
    });

    test("products, and complex numbers", () => {
      const right = rand([N, 2], { dtype, seed: 5 });
      const sums = kernel(x, y).sumBatches().matmul(right, { backend });
      expectClose(numbers(sums), numbers(nd.sum(kernel(x, y).matmul(right, { backend }), { axis: 0 })), 2 * tolerance);
      const waves = ComplexLazyTensor(x, { axis: 0 }).mul(ComplexLazyTensor(y, { axis: 1 }));
      const found = waves.sumBatches().sum({ axis: 1, backend });
      expectClose(numbers(found), numbers(nd.sum(waves.sum({ axis: 1, backend }), { axis: 0 })), 2 * tolerance);
    });
  });

  test("derivatives are those of finite differences, to second order", () => {
    const of = (seed: number, ...shape: number[]): RealArray => rand(shape, { dtype: "float64", seed });
    const [x, y, s] = [of(1, B, M, D), of(2, N, D), of(3, B, 1)];
    const f = (x: RealArray, y: RealArray, s: RealArray): RealArray =>
      kernel(x, y).mul(Pm(s)).sumBatches().square().sum({ axis: 1, backend });
    expectDerivatives((moving) => f(moving, y, s), x, 2, 1e-8);
    expectDerivatives((moving) => f(x, moving, s), y, 2, 1e-8);
    expectDerivatives((moving) => f(x, y, moving), s, 2, 1e-8);
  });
});

const x = rand([B, M, D], { dtype: "float64", seed: 1 });
const y = rand([B, N, D], { dtype: "float64", seed: 2 });

test("a solve with a sum of kernels", () => {
  const K = kernel(x, x).sumBatches();
  const b = rand([M, 1], { dtype: "float64", seed: 6 });
  const a = K.solve(b, { alpha: 0.1 }); // symmetric, as x stays one array
  const matrix = nd.add(nd.sum(kernel(x, x).dense(), { axis: 0 }), nd.mul(0.1, nd.eye(M, { dtype: "float64" })));
  expectClose(numbers(a), numbers(nd.solve(matrix, b)), 1e-7);
});

test("ranges stay, and symbolic variables are the same in all entries", () => {
  const ranges = cluster.fromMatrix([[0, 2], [2, M]], [[0, 2], [2, N]], [[1, 0], [0, 1]]); // prettier-ignore
  const K = kernel(x, y).withRanges(ranges);
  const found = K.sumBatches().sum({ axis: 1 });
  expectClose(numbers(found), numbers(nd.sum(K.sum({ axis: 1 }), { axis: 0 })), 1e-13);
  const waiting = kernel(x, y).mul(Vj(0, 1)).sumBatches().sum({ axis: 1 });
  const b = rand([N, 1], { dtype: "float64", seed: 7 });
  expectClose(numbers(waiting(b)), numbers(kernel(x, y).sumBatches().matmul(b)), 1e-13);
});

test("without batches nothing changes, and one entry is itself", () => {
  const single = Vi(rand([1, M, D], { seed: 1 })).sqdist(Vj(rand([N, D], { seed: 2 })));
  expect(single.sumBatches().formula).toBe(single.formula);
  const plain = Vi(rand([M, D])).sqdist(Vj(rand([N, D])));
  expect(plain.sumBatches().shape).toEqual([M, N]);
});

test("an array that is both points and a parameter is joined for each", () => {
  const both = rand([2, 2, D], { dtype: "float64", seed: 10 });
  const others = rand([N, D], { dtype: "float64", seed: 11 });
  const values = Vi(both).sub(Vj(others)).mul(Pm(both)).sum({ axis: -1 });
  const found = values.sumBatches({ axis: 1 }).sum({ axis: 1 });
  expectClose(numbers(found), numbers(nd.sum(values.sum({ axis: 1 }), { axis: 1 })), 1e-13);
});

test("gradients of wide sums are put together from parts", () => {
  const wide = requiresGrad(rand([40, M, D], { dtype: "float64", seed: 8 }));
  const others = rand([40, N, D], { dtype: "float64", seed: 9 });
  const sums = nd.sum(kernel(wide, others).sum({ axis: 1 }));
  const together = nd.sum(kernel(wide, others).sumBatches().sum({ axis: 1 }));
  const [expected] = grad(sums, [wide]);
  const [found] = grad(together, [wide]);
  expectClose(numbers(found), numbers(expected), 1e-13);
  const text = Vi(wide).sqdist(Vj(others)).sumBatches();
  expect(text.grad(Vi(nd.reshape(nd.transpose(wide, [1, 0, 2]), [M, 40 * D])), 1).dim).toBe(40 * D);
});

test("what is refused", () => {
  refuses(() => kernel(x, y).sumBatches({ axis: 1 }), /^sumBatches: expected an axis of \[3\], got the number 1/);
  refuses(() => kernel(x, y).sumBatches({ axis: "0" as unknown as number }), /^sumBatches, axis: expected an integer/);
  const many = rand([400, M, D]);
  refuses(
    () => Vi(many).sqdist(Vj(many)).neg().exp().sumBatches(),
    /^sumBatches: expected .* at most 1000 operations in all, got 400 entries of \d+ operations each: .* by nd\.sum/,
  );
  refuses(
    () =>
      Vi(rand([0, M, D]))
        .sqdist(Vj(y))
        .sumBatches(),
    /expected/,
  );
  refuses(() => kernel(x, y).sum({ axis: 2 as 1 }), /batches by sumBatches, got the number 2/);
});
