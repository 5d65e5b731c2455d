/**
 * Log-sum-exp and softmax of vectors over either index, with weights and batches: values and gradients are those of
 * plain loops.
 */
import { Vi, Vj, grad, nd, rand, requiresGrad } from "../../src/index";
import type { LazyTensor, RealArray } from "../../src/index";
import { BACKENDS } from "../helpers/numbers";
import { numbers } from "../helpers/lazy";

const [M, N, D] = [5, 4, 3];
type Axis = 0 | 1;
interface How {
  readonly axis: Axis;
  readonly backend?: (typeof BACKENDS)[number];
}
type Table = readonly (readonly (readonly number[])[])[]; // [i][j][k]

/** F_ij = x_i y_j + x_i, component by component, and weights w_ij = x_i + y_j + 2. */
const exponents = (x: RealArray, y: RealArray): LazyTensor => Vi(x).mul(Vj(y)).add(Vi(x)).mul(3);
const weightsOf = (x: RealArray, y: RealArray): LazyTensor => Vi(x).add(Vj(y)).add(2);

/** f at every pair of one batch, from flat rows of D numbers. */
const tableOf = (x: readonly number[], y: readonly number[], f: (a: number, b: number) => number): Table =>
  Array.from({ length: M }, (_, i) =>
    Array.from({ length: N }, (_, j) => Array.from({ length: D }, (_, k) => f(x[i * D + k]!, y[j * D + k]!))),
  );

const columns = (table: Table, axis: Axis): Table =>
  axis === 1 ? table : Array.from({ length: N }, (_, j) => table.map((row) => row[j]!));

/** Per row and component, what `of` makes of its exponents and weights. */
function reduced(f: Table, w: Table, axis: Axis, of: (powers: number[], weights: number[]) => number): number[] {
  const [exponent, weight] = [columns(f, axis), columns(w, axis)];
  return exponent.flatMap((row, r) =>
    Array.from({ length: D }, (_, k) =>
      of(
        row.map((v) => Math.exp(v[k]!)),
        weight[r]!.map((v) => v[k]!),
      ),
    ),
  );
}

const total = (list: readonly number[]): number => list.reduce((sum, value) => sum + value, 0);
const dot = (a: readonly number[], b: readonly number[]): number => total(a.map((value, n) => value * b[n]!));

const CASES = {
  logsumexp: [(x, y, how) => exponents(x, y).logsumexp(how), (powers) => Math.log(total(powers))],
  "logsumexp with weights": [
    (x, y, how) => exponents(x, y).logsumexp({ ...how, weight: weightsOf(x, y) }),
    (powers, weights) => Math.log(dot(powers, weights)),
  ],
  softmax: [
    (x, y, how) => exponents(x, y).sumsoftmaxweight(weightsOf(x, y), how),
    (powers, weights) => dot(powers, weights) / total(powers),
  ],
} as const satisfies Readonly<
  Record<
    string,
    readonly [(x: RealArray, y: RealArray, how: How) => RealArray, (powers: number[], weights: number[]) => number]
  >
>;

describe.each(Object.entries(CASES))("%s of vectors", (_, [lazily, plainly]) => {
  const values = (x: readonly number[], y: readonly number[], axis: Axis): number[] =>
    reduced(
      tableOf(x, y, (a, b) => 3 * (a * b + a)),
      tableOf(x, y, (a, b) => a + b + 2),
      axis,
      plainly,
    );
  const float64 = { dtype: "float64" } as const;

  describe.each([0, 1] as const)("over axis %d", (axis) => {
    test.each([[[]], [[2]]])("with batch %p has the values and gradients of loops", (batch) => {
      const x = requiresGrad(rand([...batch, M, D], { ...float64, seed: 5 }));
      const y = requiresGrad(rand([N, D], { ...float64, seed: 6 }));
      const got = lazily(x, y, { axis });
      const parts = Array.from({ length: batch[0] ?? 1 }, (_, n) => numbers(x).slice(n * M * D, (n + 1) * M * D));
      const expected = parts.flatMap((part) => values(part, numbers(y), axis));
      expect(got.shape).toEqual([...batch, axis === 1 ? M : N, D]);
      numbers(got).forEach((value, n) => expect(value).toBeCloseTo(expected[n]!, 12));
      const sumAt = (step: number, which: 0 | 1, place: number): number => {
        const moved = (list: readonly number[], own: 0 | 1): number[] =>
          list.map((value, n) => (own === which && n === place ? value + step : value));
        const all = moved(numbers(x), 0);
        const shares = parts.map((_, n) => all.slice(n * M * D, (n + 1) * M * D));
        return total(shares.flatMap((part) => values(part, moved(numbers(y), 1), axis)));
      };
      grad(got, [x, y], nd.ones(got.shape, float64)).forEach((slopes, which) =>
        [0, 4, 7].forEach((place) => {
          const difference = (sumAt(1e-5, which as 0 | 1, place) - sumAt(-1e-5, which as 0 | 1, place)) / 2e-5;
          expect(numbers(slopes)[place]).toBeCloseTo(difference, 7);
        }),
      );
    });

    test.each(BACKENDS)("is that of loops on %s in float32", (backend) => {
      const [x, y] = [rand([M, D], { seed: 5 }), rand([N, D], { seed: 6 })];
      const expected = values(numbers(x), numbers(y), axis);
      numbers(lazily(x, y, { axis, backend })).forEach((value, n) => expect(value).toBeCloseTo(expected[n]!, 5));
    });
  });
});
