/**
 * Log-sum-exp, softmax and products where rounding, infinities and zeros decide: large exponents, rows that are minus
 * infinity everywhere, several exponents at once, factors that are 0. What is right is computed here in plain float64
 * loops, relative to the largest exponent, or is in closed form.
 */
import "../helpers/quicksample";
import { FormulaError } from "../../src/errors";
import { Genred, Vi, Vj, array, grad, rand, requiresGrad } from "../../src";
import type { CallOptions, Dtype, RealArray } from "../../src";
import { BACKENDS, DTYPES, list } from "../helpers/numbers";

const SIZES = [1e-8, 1e-3, 1, 1e3, 1e5, 1e7, 1e8, 1e30];

/** exp(f) over its sum. */
function shares(f: readonly number[]): number[] {
  const powers = f.map((exponent) => Math.exp(exponent - Math.max(...f)));
  const total = powers.reduce((sum, power) => sum + power);
  return powers.map((power) => power / total);
}

function expectClose(got: readonly number[], expected: readonly number[], tolerance: number): void {
  const isClose = expected.map((value, n) => Math.abs(got[n]! - value) <= tolerance * (1 + Math.abs(value)));
  expect({ got, expected, isClose }).toMatchObject({ isClose: expected.map(() => true) });
}

const SUM = ["u = Vi(1)", "v = Vj(1)"];
const WEIGHTED = [...SUM, "w = Vj(2)"];
const TOLERANCE = { float32: 1e-6, float64: 1e-14 } as const;

describe.each(BACKENDS)("on %s", (backend) => {
  describe.each(DTYPES)("in %s", (dtype) => {
    const of = (values: readonly (readonly number[])[]): RealArray => array(values as number[][], { dtype });
    const marked = (values: readonly (readonly number[])[]): RealArray => requiresGrad(of(values));

    /** What rounding takes from logarithms is kept in float32. */
    const toleranceOf = (size: number): number => (size > 1e15 ? TOLERANCE.float32 : TOLERANCE[dtype]);

    /** Two exponents near `size`, whose difference is exact. */
    const near = (size: number): [number, number] => {
      const round = dtype === "float32" ? Math.fround : Number;
      const exponent = round(size);
      return [exponent, round(exponent + (size >= 1e30 ? 0 : Math.max(1, size * 2 ** -22)))];
    };

    test.each(SIZES)("shares add up to 1 for exponents of %d", (size) => {
      for (const [axis, aliases] of [
        [1, SUM],
        [0, ["u = Vj(1)", "v = Vi(1)"]],
      ] as const) {
        // prettier-ignore
        for (const sign of [1, -1]) {
          const exponents = near(size).map((exponent) => sign * exponent);
          const [u, v] = [of([[0]]), marked(exponents.map((exponent) => [exponent]))];
          const log = Genred("u + v", aliases, { reductionOp: "LogSumExp", axis })(u, v, { backend });
          expectClose(list(grad(log, [v])[0]), shares(exponents), toleranceOf(size));
        }
      }
    });

    test.each(SIZES)("weighted shares, means of weights and second derivatives for exponents of %d", (size) => {
      const exponents = near(size);
      const [p, q] = shares(exponents) as [number, number];
      const [u, v, w] = [of([[0]]), marked(exponents.map((e) => [e])), marked([[1, 2], [3, 5]])]; // prettier-ignore
      const one = of([[1, 0]]);
      const log = Genred("u + v", WEIGHTED, { reductionOp: "LogSumExp", formula2: "w", axis: 1 })(u, v, w, { backend });
      const [byV, byW] = grad(log, [v, w], one);
      const total = p + 3 * q;
      expectClose(list(byV), [p / total, (3 * q) / total], toleranceOf(size));
      expectClose(list(byW), [p / total, 0, q / total, 0], toleranceOf(size));

      const soft = Genred("u + v", WEIGHTED, { reductionOp: "SumSoftMaxWeight", formula2: "w", axis: 1 });
      const mean = soft(u, v, w, { backend });
      expectClose(list(mean), [p + 3 * q, 2 * p + 5 * q], toleranceOf(size));
      const [ofV, ofW] = grad(mean, [v, w], one, { createGraph: true });
      expectClose(list(ofV), [-2 * p * q, 2 * p * q], 4 * toleranceOf(size));
      expectClose(list(ofW), [p, 0, q, 0], toleranceOf(size));
      // d²/dv0² of p + 3q is -2 (d/dv0) p q = -2 p q (q - p)
      const [second] = grad(ofV, [v], of([[1], [0]]));
      expectClose(list(second), [-2 * p * q * (q - p), 2 * p * q * (q - p)], 8 * toleranceOf(size));
      const plain = Genred("u + v", SUM, { reductionOp: "LogSumExp", axis: 1 })(u, v, { backend });
      const [first] = grad(plain, [v], null, { createGraph: true });
      expectClose(list(grad(first, [v], of([[1], [0]]))[0]), [p * q, -p * q], 4 * toleranceOf(size));
    });

    test("rows that are minus infinity everywhere have gradients 0, as rows without columns", () => {
      const u = marked([[0], [-Infinity], [1]]);
      const v = marked([[0], [Math.log(3)]]);
      const log = Genred("u + v", SUM, { reductionOp: "LogSumExp", axis: 1 })(u, v, { backend });
      expectClose(list(log).slice(0, 1), [Math.log(4)], TOLERANCE[dtype]);
      expect(log.data[1]).toBe(-Infinity);
      const [byU, byV] = grad(log, [u, v], of([[1], [1], [1]]), { createGraph: true });
      expectClose(list(byU), [1, 0, 1], TOLERANCE[dtype]);
      expectClose(list(byV), [0.5, 1.5], TOLERANCE[dtype]);
      expectClose(list(grad(byV, [v], of([[1], [0]]))[0]), [0.375, -0.375], 4 * TOLERANCE[dtype]);

      const w = marked([[1, 2], [3, 5]]); // prettier-ignore
      const options = { reductionOp: "SumSoftMaxWeight", formula2: "w", axis: 1 } as const;
      const mean = Genred("u + v", WEIGHTED, options)(u, v, w, { backend });
      expect(list(mean).slice(2, 4)).toEqual([NaN, NaN]);
      const [ofU, ofV, ofW] = grad(mean, [u, v, w], of([[1, 0], [1, 0], [1, 0]])); // prettier-ignore
      expectClose(list(ofU), [0, 0, 0], 4 * TOLERANCE[dtype]);
      expectClose(list(ofV), [-0.75, 0.75], 4 * TOLERANCE[dtype]);
      expectClose(list(ofW), [0.5, 0, 1.5, 0], TOLERANCE[dtype]);
    });

    test("a row whose weights are all 0 is minus infinity, and has gradients 0", () => {
      const [u, v, w] = [of([[0]]), marked([[5], [1e30]]), marked([[0, 0], [0, 0]])]; // prettier-ignore
      const K = Genred("u + v", WEIGHTED, { reductionOp: "LogSumExp", formula2: "w", axis: 1 });
      const log = K(u, v, w, { backend });
      expect(list(log)).toEqual([-Infinity, -Infinity]);
      const [byV, byW] = grad(log, [v, w], of([[1, 1]]));
      expect([...list(byV), ...list(byW)]).toEqual([0, 0, 0, 0, 0, 0]);
    });

    test("NaN and plus infinity reach the rows that have them, and no others", () => {
      const [u, v] = [of([[0], [NaN], [Infinity]]), of([[1], [1]])];
      const log = Genred("u + v", SUM, { reductionOp: "LogSumExp", axis: 1 })(u, v, { backend });
      expectClose(list(log).slice(0, 1), [1 + Math.LN2], TOLERANCE[dtype]);
      expect(list(log).slice(1)).toEqual([NaN, Infinity]);
      const options = { reductionOp: "SumSoftMaxWeight", formula2: "w", axis: 1 } as const;
      const mean = Genred("u + v", [...SUM, "w = Vj(1)"], options)(u, v, of([[2], [4]]), { backend });
      expect(list(mean)).toEqual([3, NaN, NaN]);
    });

    // Compiling is what takes its time.
    const dims = backend !== "cpu" ? [2, 4, 20] : dtype === "float32" ? [4] : [20];
    test.each(dims)("%i exponents are taken component by component, with and without weights", (dim) => {
      byComponent(dim, dtype, { backend });
    });

    test("a factor 0 has the product of the others as derivative", () => {
      const K = Genred("v + 0 * u", SUM, { reductionOp: "Prod", axis: 1 });
      const gradients = (factors: readonly number[]): number[] => {
        const v = marked(factors.map((factor) => [factor]));
        return list(grad(K(of([[0]]), v, { backend }), [v])[0]);
      };
      expect(gradients([2, 0, 3])).toEqual([0, 6, 0]);
      expect(gradients([2, 0, 0])).toEqual([0, 0, 0]);
      expect(gradients([0, 0, 0])).toEqual([0, 0, 0]);
      expect(gradients([0])).toEqual([1]);
      expectClose(gradients([2, 4, 3]), [12, 6, 8], TOLERANCE[dtype]);
      const v = marked([[2], [0], [3]]);
      const [first] = grad(K(of([[0]]), v, { backend }), [v], null, { createGraph: true });
      const second = (n: number): number[] => list(grad(first, [v], of([0, 1, 2].map((k) => [k === n ? 1 : 0])))[0]);
      expect([0, 1, 2].map(second)).toEqual([[0, 3, 0], [3, 0, 2], [0, 2, 0]]); // prettier-ignore
      const two = marked([[2], [0], [0]]);
      const [of2] = grad(K(of([[0]]), two, { backend }), [two], null, { createGraph: true });
      expect(list(grad(of2, [two], of([[0], [1], [0]]))[0])).toEqual([0, 0, 2]);
    });

    test("the derivative of a product of zeros is 0", () => {
      const x = marked([[1, 2]]);
      const K = Genred("x - x", ["x = Vi(2)", "y = Vj(2)"], { reductionOp: "Prod", axis: 1 });
      expect(list(grad(K(x, of([[1, 2]]), { backend }), [x], of([[1, 1]]))[0])).toEqual([0, 0]);
    });
  });
});

/** -|x - y|² + F + G for F over i and G over j: values and gradients, against loops over pairs and components. */
function byComponent(dim: number, dtype: Dtype, how: CallOptions): void {
  const [M, N] = [3, 19];
  const random = (rows: number, columns: number, seed: number): RealArray => rand([rows, columns], { seed, dtype });
  const [x, y, F, G, w] = [random(M, 2, 1), random(N, 2, 2), random(M, dim, 3), random(N, dim, 4), random(N, dim, 5)];
  const exponent = (i: number, j: number, k: number): number =>
    F.get(i, k) + G.get(j, k) - [0, 1].reduce((sum, d) => sum + (x.get(i, d) - y.get(j, d)) ** 2, 0);
  const [rows, columns, dims] = [M, N, dim].map((size) => Array.from({ length: size }, (_, n) => n)) as [number[], number[], number[]]; // prettier-ignore
  const tolerance = 10 * TOLERANCE[dtype];
  const aliases = ["x = Vi(2)", "y = Vj(2)", "F = Vi(d)", "G = Vj(d)", "w = Vj(d)"].map((a) =>
    a.replace("d", `${dim}`),
  );
  const text = "-SqDist(x, y) + F + G";
  for (const array of [F, G, w]) requiresGrad(array);

  const powers = (i: number, k: number): number[] => columns.map((j) => Math.exp(exponent(i, j, k)));
  const total = (numbers: readonly number[]): number => numbers.reduce((sum, number) => sum + number);
  const log = Genred(text, aliases, { reductionOp: "LogSumExp", axis: 1 })(x, y, F, G, w, how);
  expect(log.shape).toEqual([M, dim]);
  expectClose(list(log), rows.flatMap((i) => dims.map((k) => Math.log(total(powers(i, k))))), tolerance); // prettier-ignore
  const ones = array(rows.map(() => dims.map(() => 1)), { dtype }); // prettier-ignore
  const [byF, byG] = grad(log, [F, G], ones);
  const shareOf = (i: number, j: number, k: number): number => powers(i, k)[j]! / total(powers(i, k));
  expectClose(list(byF), rows.flatMap(() => dims.map(() => 1)), tolerance); // prettier-ignore
  expectClose(list(byG), columns.flatMap((j) => dims.map((k) => total(rows.map((i) => shareOf(i, j, k))))), tolerance); // prettier-ignore

  const weights = (k: number): number[] => columns.map((j) => w.get(j, k));
  const weighted = (i: number, k: number): number => total(powers(i, k).map((power, j) => power * weights(k)[j]!));
  const options = { formula2: "w", axis: 1 } as const;
  const ofWeights = Genred(text, aliases, { ...options, reductionOp: "LogSumExp" })(x, y, F, G, w, how);
  expectClose(list(ofWeights), rows.flatMap((i) => dims.map((k) => Math.log(weighted(i, k)))), tolerance); // prettier-ignore
  const [byW] = grad(ofWeights, [w], ones);
  const slope = (j: number, k: number): number => total(rows.map((i) => powers(i, k)[j]! / weighted(i, k)));
  expectClose(list(byW), columns.flatMap((j) => dims.map((k) => slope(j, k))), 4 * tolerance); // prettier-ignore

  const mean = Genred(text, aliases, { ...options, reductionOp: "SumSoftMaxWeight" })(x, y, F, G, w, how);
  const meanOf = (i: number, k: number): number => weighted(i, k) / total(powers(i, k));
  expectClose(list(mean), rows.flatMap((i) => dims.map((k) => meanOf(i, k))), tolerance); // prettier-ignore
  const [ofG, ofW] = grad(mean, [G, w], ones);
  const slopeByG = (j: number, k: number): number =>
    total(rows.map((i) => shareOf(i, j, k) * (weights(k)[j]! - meanOf(i, k))));
  expectClose(list(ofG), columns.flatMap((j) => dims.map((k) => slopeByG(j, k))), 4 * tolerance); // prettier-ignore
  expectClose(list(ofW), columns.flatMap((j) => dims.map((k) => total(rows.map((i) => shareOf(i, j, k))))), 4 * tolerance); // prettier-ignore
}

test("one weight serves all exponents, and dims that do not go together are told in words", () => {
  const [u, v] = [rand([4, 3], { seed: 1, dtype: "float64" }), rand([6, 3], { seed: 2, dtype: "float64" })];
  const K = Genred("u * v", ["u = Vi(3)", "v = Vj(3)"], { reductionOp: "LogSumExp", formula2: "Sum(v)", axis: 1 });
  const same = Genred("u * v", ["u = Vi(3)", "v = Vj(3)"], { reductionOp: "LogSumExp", formula2: "SumT(Sum(v), 3)", axis: 1 }); // prettier-ignore
  expect(list(K(u, v))).toEqual(list(same(u, v)));
  expect(list(Vi(u).mul(Vj(v)).logsumexp({ axis: 1 }))).toHaveLength(12);
  const wrong = (): unknown =>
    Genred("u", ["u = Vi(3)", "v = Vj(2)"], { reductionOp: "LogSumExp", formula2: "v", axis: 1 });
  expect(wrong).toThrow(FormulaError);
  expect(wrong).toThrow("weights: expected dim 1 or 3, the dim of the formula, got dim 2");
  expect(() => Genred("Grad(x * y, x + y, y)", ["x = Vi(3)", "y = Vj(3)"])).toThrow(
    /expected a variable v, got (?!.*Var\()/,
  );
});

test.each(BACKENDS)("ranges and batches see their own columns alone, on %s", (backend) => {
  const big = 1e7;
  const v = requiresGrad(array([[big], [big], [big + 1], [-Infinity]], { dtype: "float32" }));
  const u = array([[0], [0], [0]], { dtype: "float32" });
  // Row 0 sees columns 0 to 2, row 1 column 3, row 2 none.
  const own = [[[0, 1], [1, 2], [2, 3]], [1, 2, 2], [[0, 3], [3, 4]], [[0, 3], [3, 4]], [1, 2], [[0, 1], [1, 2]]]; // prettier-ignore
  const K = Genred("u + v", SUM, { reductionOp: "LogSumExp", axis: 1 });
  const log = K(u, v, { backend, ranges: own as never });
  expect(list(log).slice(1)).toEqual([-Infinity, -Infinity]);
  const [g] = grad(log, [v], array([[1], [1], [1]], { dtype: "float32" }));
  expectClose(list(g), [...shares([0, 0, 1]), 0], 1e-6);

  const batch = requiresGrad(
    array(
      [
        [[big], [big]],
        [[0], [1]],
      ] as never,
      { dtype: "float32" },
    ),
  );
  const logs = K(array([[[0]], [[0]]] as never, { dtype: "float32" }), batch, { backend });
  const [ofBatch] = grad(logs, [batch], array([[[1]], [[1]]] as never, { dtype: "float32" }));
  expectClose(list(ofBatch), [0.5, 0.5, ...shares([0, 1])], 1e-6);
});
