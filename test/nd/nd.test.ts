/**
 * Dense operations: values by hand, derivatives by finite differences in float64 to second order, through views too.
 */
import fc from "fast-check";
import ndarray from "ndarray";
import { array, rand, randn, zeros } from "../../src/array/array";
import { nd } from "../../src";
import { requiresGrad } from "../../src/array/record";
import { grad } from "../../src/array/tape";
import { contiguous, wrap } from "../../src/array/view";
import type { RealArray } from "../../src/array/view";
import { ArgumentError } from "../../src/errors";
import { values } from "../helpers/tape";

const { add, div, exp, eye, matmul, mul, neg, norm, reshape, solve, sqrt, sub, sum, transpose } = nd;

type Doubles = RealArray<Float64Array>;
type Operation = (...inputs: Doubles[]) => Doubles;

const doubles = (shape: number[], seed: number): Doubles => add(rand(shape, { dtype: "float64", seed }), 0.5);
const nested = (...rows: number[][]): Doubles => array(rows, { dtype: "float64" });

/** d/dt of f(x + t direction) at 0, by central differences; the error is of order step^2. */
function slope(f: Operation, inputs: Doubles[], directions: Doubles[]): Doubles {
  const step = 1e-4;
  const at = (t: number): Doubles => f(...inputs.map((x, k) => add(x, mul(directions[k]!, t))));
  return div(sub(at(step), at(-step)), 2 * step);
}

/** <a, b> over lists of arrays: two derivatives agree if their products with random directions do. */
const dot = (a: RealArray[], b: RealArray[]): number =>
  a.reduce((total, x, k) => total + values(x).reduce((part, value, l) => part + value * values(b[k]!)[l]!, 0), 0);

function expectDerivative(f: Operation, inputs: Doubles[]): void {
  const leaves = inputs.map((x) => requiresGrad(wrap(contiguous(x).slice(), x.shape)));
  const output = f(...leaves);
  const e = randn(output.shape, { dtype: "float64", seed: 90 });
  const directions = inputs.map((x, k) => randn(x.shape, { dtype: "float64", seed: 91 + k }));
  const gradients = grad(output, leaves, e);
  expect(gradients.map(({ shape }) => shape)).toEqual(inputs.map(({ shape }) => shape));
  const expected = dot([slope(f, inputs, directions)], [e]);
  expect(Math.abs(dot(gradients, directions) - expected)).toBeLessThan(1e-6 * (1 + Math.abs(expected)));
}

/** The gradient itself as an operation of inputs and cotangent: its derivative is the second order. */
function gradientOf(f: Operation, outputShape: number[]): Operation {
  return (...all) => {
    const [inputs, e] = [all.slice(0, -1), all.at(-1)!];
    inputs.forEach((x) => requiresGrad(x));
    const gradients = grad(f(...inputs), inputs, e, { createGraph: true });
    const weighted = gradients.map((g, k) => sum(mul(g, randn(g.shape, { dtype: "float64", seed: 70 + k }))));
    return reshape(
      weighted.reduce(add),
      outputShape.map(() => 1),
    );
  };
}

const A = doubles([3, 4], 1);
const B = doubles([3, 4], 2);
const row = doubles([4], 3);
const column = doubles([3, 1], 4);
const square = add(doubles([3, 3], 5), mul(eye(3, { dtype: "float64" }), 2));
const spd = (x: Doubles): Doubles => add(matmul(x, transpose(x)), eye(3, { dtype: "float64" }));

const cases: [string, Operation, Doubles[]][] = [
  ["add", (a, b) => add(a, b), [A, B]],
  ["add with a row", (a, b) => add(a, b), [A, row]],
  ["sub of a column", (a, b) => sub(a, b), [A, column]],
  ["sub from a number", (a) => sub(1, a), [A]],
  ["mul", (a, b) => mul(a, b), [A, B]],
  ["mul of a row and a column", (a, b) => mul(a, b), [row, column]],
  ["mul of an array with itself", (a) => mul(a, a), [A]],
  ["div", (a, b) => div(a, b), [A, B]],
  ["div of a row by a column", (a, b) => div(a, b), [row, column]],
  ["div of a number", (a) => div(2, a), [A]],
  ["div by a number", (a) => div(a, 2), [A]],
  ["neg", (a) => neg(a), [A]],
  ["exp", (a) => exp(a), [A]],
  ["sqrt", (a) => sqrt(a), [A]],
  ["sum", (a) => sum(mul(a, a)), [A]],
  ["sum along the first axis", (a) => sum(mul(a, a), { axis: 0 }), [A]],
  ["sum along the last axis", (a) => sum(exp(a), { axis: -1 }), [A]],
  ["sum along an inner axis", (a) => sum(exp(a), { axis: 1 }), [doubles([2, 3, 2], 6)]],
  ["matmul", (a, b) => matmul(a, b), [A, doubles([4, 2], 7)]],
  ["matmul of an array with its transpose", (a) => matmul(a, transpose(a)), [A]],
  ["transpose", (a) => exp(transpose(a)), [A]],
  ["reshape", (a) => exp(reshape(a, [2, 6])), [A]],
  ["reshape of a transpose", (a) => exp(reshape(transpose(a), [2, 6])), [A]],
  ["solve by LU", (a, b) => solve(a, b), [square, doubles([3, 2], 8)]],
  ["solve by Cholesky", (a, b) => solve(spd(a), b), [doubles([3, 3], 9), doubles([3, 2], 8)]],
  ["solve with the matrix on both sides", (a) => solve(a, transpose(a)), [square]],
  ["views of all kinds", (a) => mul(a.step(-1, 2).lo(1), a.transpose(1, 0).hi(2, 2)), [doubles([3, 3], 10)]],
  ["a stride-0 view", (a) => exp(ndarray(a.data, [2, 3, 4], [0, 4, 1], a.offset)), [A]],
];

describe("derivatives agree with finite differences", () => {
  test.each(cases)("%s, first order", (_, f, inputs) => {
    expectDerivative(f, inputs);
  });

  test.each(cases)("%s, second order", (_, f, inputs) => {
    const output = f(...inputs);
    expectDerivative(gradientOf(f, output.shape), [...inputs, randn(output.shape, { dtype: "float64", seed: 60 })]);
  });

  test("third order of a composition", () => {
    const f: Operation = (x) => div(exp(neg(mul(x, x))), sqrt(x));
    const output: Operation = (x) => sum(f(x));
    const first = gradientOf(output, []);
    const e = zeros([], { dtype: "float64" });
    e.set(1);
    const second = gradientOf((x) => first(x, e), []);
    expectDerivative((x) => second(x, e), [doubles([3], 11)]);
  });

  test("float32 gradients are float32 and follow the float64 ones", () => {
    const [x, y] = [requiresGrad(rand([5, 1, 3], { seed: 1 })), requiresGrad(rand([1, 4, 3], { seed: 2 }))];
    const kernel = (a: RealArray, b: RealArray): RealArray =>
      sum(exp(neg(sum(mul(sub(a, b), sub(a, b)), { axis: 2 }))));
    const [gx, gy] = grad(kernel(x, y), [x, y]);
    const doubled = [x, y].map((a) => requiresGrad(array(a, { dtype: "float64" })));
    const expected = grad(kernel(doubled[0]!, doubled[1]!), doubled);
    expect([gx.dtype, gy.dtype]).toEqual(["float32", "float32"]);
    [gx, gy].forEach((g, k) => values(g).forEach((v, l) => expect(v).toBeCloseTo(values(expected[k]!)[l]!, 5)));
  });
});

describe("values", () => {
  test("arithmetic broadcasts as in NumPy, over numbers, views and missing axes", () => {
    const x = nested([1, 2], [3, 4]);
    expect(values(add(x, 1))).toEqual([2, 3, 4, 5]);
    expect(values(sub(10, x))).toEqual([9, 8, 7, 6]);
    expect(values(mul(x, x.pick(1, null)))).toEqual([3, 8, 9, 16]);
    expect(values(div(x.transpose(1, 0), x.hi(2, 1)))).toEqual([1, 3, 2 / 3, 4 / 3]);
    expect(add(zeros([4, 1, 3]), zeros([2, 1])).shape).toEqual([4, 2, 3]);
    expect(add(zeros([0, 3]), zeros([1, 3])).shape).toEqual([0, 3]);
  });

  test("broadcast arithmetic agrees with an element by element computation", () => {
    const axis = fc.record({ length: fc.integer({ min: 0, max: 4 }), repeats: fc.constantFrom("x", "y", "none") });
    fc.assert(
      fc.property(fc.array(axis, { maxLength: 4 }), fc.nat(4), (axes, dropped) => {
        const lengths = (name: string): number[] => axes.map((a) => (a.repeats === name ? 1 : a.length));
        const x = rand(lengths("x"), { dtype: "float64" });
        const y = rand(lengths("y").slice(dropped), { dtype: "float64" });
        const result = sub(x, y);
        expect(result.shape).toEqual(axes.map((a, k) => (a.repeats === "x" && k < dropped ? 1 : a.length)));
        const at = (a: RealArray, index: number[]): number =>
          a.get(...a.shape.map((length, k) => (length === 1 ? 0 : index[index.length - a.shape.length + k]!)));
        values(result).forEach((value, k) => {
          let rest = k;
          const index = result.shape.map(() => 0);
          for (let l = index.length - 1; l >= 0; l--) {
            index[l] = rest % result.shape[l]!;
            rest = Math.floor(rest / result.shape[l]!);
          }
          expect(value).toBe(at(x, index) - at(y, index));
        });
      }),
    );
  });

  test("sums go along one axis or over all, in float64", () => {
    const x = nested([1, 2, 3], [4, 5, 6]);
    expect([sum(x).shape, sum(x).get()]).toEqual([[], 21]);
    expect([values(sum(x, { axis: 0 })), values(sum(x, { axis: 1 })), values(sum(x, { axis: -2 }))]).toEqual([
      [5, 7, 9],
      [6, 15],
      [5, 7, 9],
    ]);
    expect([
      values(sum(transpose(x), { axis: 0 })),
      values(sum(zeros([0, 2]), { axis: 0 })),
      sum(zeros([2, 0]), { axis: 0 }).shape,
    ]).toEqual([[6, 15], [0, 0], [0]]);
    const many = add(zeros([1_000_000]), 0.1);
    expect(sum(many).get()).toBe(Math.fround(1_000_000 * Math.fround(0.1)));
  });

  test("exp, sqrt, neg and norm", () => {
    const x = nested([0, 1], [4, 9]);
    // Within two roundings, as each instruction set has an exp of its own.
    values(exp(x)).forEach((value, n) => expect(Math.abs(value / Math.exp(x.data[n]!) - 1)).toBeLessThan(2 ** -51));
    expect([values(sqrt(x)), values(neg(x))]).toEqual([
      [0, 1, 2, 3],
      [-0, -1, -4, -9],
    ]);
    expect(norm(nested([3, 0], [0, 4]).transpose(1, 0)).get()).toBe(5);
  });

  test("integers, such as labels, are moved as they are", () => {
    const labels = ndarray(new Int32Array([3, 1, 2, 2147483647, -5, 6]), [2, 3]);
    const moved = {
      take: [nd.take(labels, [1], { axis: 0 }), [[2147483647, -5, 6]]],
      reshape: [
        nd.reshape(labels, [3, -1]),
        [
          [3, 1],
          [2, 2147483647],
          [-5, 6],
        ],
      ],
      transpose: [
        nd.transpose(labels),
        [
          [3, 2147483647],
          [1, -5],
          [2, 6],
        ],
      ],
      flip: [
        nd.flip(labels, { axis: 1 }),
        [
          [2, 1, 3],
          [6, -5, 2147483647],
        ],
      ],
      sort: [
        nd.sort(labels),
        [
          [1, 2, 3],
          [-5, 6, 2147483647],
        ],
      ],
    } as const;
    for (const [got, expected] of Object.values(moved)) {
      expect(got.dtype).toBe("int32");
      expect(nd.toNested(got)).toEqual(expected);
    }
  });

  test("matrix products, the identity, transposes and reshapes", () => {
    const x = nested([1, 2, 3], [4, 5, 6]);
    expect(values(matmul(x, transpose(x)))).toEqual([14, 32, 32, 77]);
    expect(values(matmul(eye(2, { dtype: "float64" }), x))).toEqual(values(x));
    expect(matmul(zeros([2, 0]), zeros([0, 3])).shape).toEqual([2, 3]);
    expect([eye(2).dtype, values(eye(2)), eye(0).shape]).toEqual(["float32", [1, 0, 0, 1], [0, 0]]);
    expect([transpose(x).shape, transpose(x).data === x.data]).toEqual([[3, 2], true]);
    expect(reshape(x, [3, 2]).data).toBe(x.data);
    expect(values(reshape(transpose(x), [6]))).toEqual([1, 4, 2, 5, 3, 6]);
    expect(values(reshape(x.pick(1, null), [3, 1]))).toEqual([4, 5, 6]);
  });

  test.each<[string, (x: Doubles) => Doubles]>([
    ["symmetric positive definite", spd],
    ["symmetric indefinite", (x) => sub(spd(x), mul(eye(3, { dtype: "float64" }), 4))],
    ["general", (x) => x],
  ])("solve finds the solution for a %s matrix", (_, make) => {
    const matrix = make(randn([3, 3], { dtype: "float64", seed: 20 }));
    const X = randn([3, 2], { dtype: "float64", seed: 21 });
    expect(norm(sub(solve(matrix, matmul(matrix, X)), X)).get()).toBeLessThan(1e-12);
  });

  test("solve computes in float64 and returns the dtype of its arguments; empty systems are solved", () => {
    const matrix = array([
      [2, 1],
      [1, 3],
    ]);
    const X = solve(matrix, array([[1], [2]]));
    expect([X.dtype, values(X)]).toEqual(["float32", [Math.fround(0.2), Math.fround(0.6)]]);
    expect([solve(eye(0), zeros([0, 2])).shape, solve(eye(2), zeros([2, 0])).shape]).toEqual([
      [0, 2],
      [2, 0],
    ]);
  });

  test.each([1, 5, 65, 300])("symmetric positive definite matrices of %d rows are factorised", (n) => {
    const half = doubles([n, n], n);
    const A = add(matmul(half, transpose(half)), eye(n, { dtype: "float64" }));
    const B = doubles([n, 3], n + 1);
    const L = nd.cholesky(A);
    const distance = (got: Doubles, expected: Doubles): number => norm(sub(got, expected)).get() / norm(expected).get();
    expect(distance(matmul(L, transpose(L)), A)).toBeLessThan(1e-14);
    expect(n === 1 ? 0 : L.get(0, n - 1)).toBe(0);
    expect(distance(matmul(A, solve(A, B)), B)).toBeLessThan(1e-12);
    expect(distance(matmul(nd.inv(A), B), solve(A, B))).toBeLessThan(1e-11);
    expect(solve(A, zeros([n, 0], { dtype: "float64" })).shape).toEqual([n, 0]);
  });

  test("decompositions of stacks are those of their matrices, empty ones too", () => {
    const A = doubles([2, 3, 4, 4], 1);
    const B = add(matmul(A, transpose(A, [0, 1, 3, 2])), eye(4, { dtype: "float64" }));
    const of = (x: Doubles, i: number, j: number): Doubles => nd.reshape(x.pick(i, j, null, null), [4, 4]);
    const { q, r } = nd.qr(A);
    const { values: w, vectors } = nd.eigh(B);
    const { u, s, vt } = nd.svd(A);
    for (const [i, j] of [
      [0, 2],
      [1, 1],
    ] as const) {
      const [own, positive] = [of(A, i, j), of(B, i, j)];
      expect(values(of(q, i, j))).toEqual(values(nd.qr(own).q));
      expect(values(of(r, i, j))).toEqual(values(nd.qr(own).r));
      expect(values(of(nd.cholesky(B), i, j))).toEqual(values(nd.cholesky(positive)));
      expect(values(of(nd.inv(A), i, j))).toEqual(values(nd.inv(own)));
      expect(nd.det(A).get(i, j)).toBe(nd.det(own).get());
      expect(values(of(vectors, i, j))).toEqual(values(nd.eigh(positive).vectors));
      expect(values(of(u, i, j))).toEqual(values(nd.svd(own).u));
      expect(values(of(vt, i, j))).toEqual(values(nd.svd(own).vt));
      expect([w.get(i, j, 3), s.get(i, j, 0)]).toEqual([nd.eigh(positive).values.get(3), nd.svd(own).s.get(0)]);
    }
    const none = zeros([0, 2, 2]);
    const shapes = [nd.inv(none), nd.det(none), nd.eigh(none).values, nd.svd(none).s].map(({ shape }) => shape);
    expect(shapes).toEqual([[0, 2, 2], [0], [0, 2], [0, 2]]);
    expect(solve(none, zeros([2, 3])).shape).toEqual([0, 2, 3]);
  });

  test("a gradient of an inverse whose matrix was overwritten says so", () => {
    const A = requiresGrad(eye(2, { dtype: "float64" }));
    const inverse = nd.inv(A);
    A.set(0, 0, 3);
    expect(() => grad(sum(inverse), [A])).toThrow(/of inv\b.*overwritten/);
  });

  test("what is not finite makes NaN of its own matrix alone", () => {
    const A = nd.reshape(array([NaN, 0, 0, 1, 4, 0, 0, 1], { dtype: "float64" }), [2, 2, 2]);
    expect(values(nd.svd(A).s)).toEqual([NaN, NaN, 4, 1]);
    expect(values(nd.qr(A).r).map(Math.abs)).toEqual([NaN, NaN, NaN, NaN, 4, 0, 0, 1]);
    expect(values(nd.eigh(A).values)).toEqual([NaN, NaN, 1, 4]);
    expect(values(nd.inv(A)).slice(4)).toEqual([0.25, 0, 0, 1]);
    expect(values(nd.inv(A))[0]).toBeNaN();
  });

  test("results never share memory with arguments, but for views", () => {
    const x = doubles([2, 2], 1);
    const results = [add(x, 0), mul(x, 1), sum(x, { axis: 0 }), exp(x), matmul(x, x), solve(x, x)];
    for (const { data } of results) expect(data.buffer).not.toBe(x.data.buffer);
  });
});

describe("what is refused", () => {
  const refuses = (call: () => unknown, message: RegExp): void => {
    expect(call).toThrow(ArgumentError);
    expect(call).toThrow(message);
  };
  const wrong = (value: unknown): never => value as never;

  test("shapes that do not fit", () => {
    refuses(
      () => add(zeros([3, 2]), zeros([4, 2])),
      /^add: expected shapes that broadcast, got \[3, 2\] and \[4, 2\]$/,
    );
    refuses(
      () => matmul(zeros([3, 2]), zeros([3, 2])),
      /^matmul: expected shapes \[..., M, K\] and \[..., K, N\], got \[3, 2\] and \[3, 2\]$/,
    );
    refuses(
      () => matmul(zeros([]), zeros([3, 2])),
      /^matmul: expected matrices or vectors, got shapes \[\] and \[3, 2\]$/,
    );
    refuses(() => reshape(zeros([3, 2]), [4]), /^reshape: expected a shape of 6 elements, as \[3, 2\] has, got \[4\]$/);
    refuses(() => reshape(zeros([2]), [-2]), /^reshape: expected a shape of non-negative integers/);
    refuses(() => solve(zeros([3, 2]), zeros([3, 1])), /^solve, matrix: expected shape \[..., N, N\], got \[3, 2\]$/);
    refuses(
      () => solve(zeros([3, 3]), zeros([2, 1])),
      /^solve, right-hand side: expected shape \[..., 3, K\] or \[3\], got \[2, 1\]$/,
    );
    refuses(() => sum(zeros([2, 3]), { axis: 2 }), /^sum: expected an axis of \[2, 3\], got the number 2$/);
    refuses(() => sum(zeros([2, 3]), { axis: -3 }), /^sum: expected an axis of \[2, 3\]/);
    refuses(() => eye(-1), /^eye: expected a shape of non-negative integers/);
  });

  test("mixed dtypes and what is no array", () => {
    const double = zeros([2], { dtype: "float64" });
    refuses(
      () => mul(zeros([2]), wrong(double)),
      /^mul, second argument: expected a float32 ndarray, got a float64 one.*astype/,
    );
    refuses(
      () => matmul(zeros([2, 2]), wrong(eye(2, { dtype: "float64" }))),
      /^matmul, second matrix: expected a float32/,
    );
    refuses(() => sub(wrong([1, [2]]), 1), /^sub, first argument: expected a number at values\[1\], got a plain array/);
    refuses(() => sub(1, wrong([[1], 2])), /^sub, second argument: expected 1 elements at values\[1\]/);
    refuses(() => sub(1, 2), /^sub, first argument: expected .* got the number 1/);
    for (const f of [exp, sum, transpose, norm]) refuses(() => f(wrong("x")), /: expected .* got the string "x"$/);
  });

  test("singular matrices", () => {
    refuses(
      () => solve(nested([1, 2], [2, 4]), nested([1], [2])),
      /^solve: expected a regular matrix, got a singular one$/,
    );
  });

  test("matrices whose pivots are below the normal numbers count as singular, and give no NaN", () => {
    const [small, right] = [nested([1e-310, 0], [1, 1]), nested([1e-310], [2])];
    refuses(() => solve(small, right), /^solve: expected a regular matrix, got a singular one$/);
  });

  test("data that a derivative needs and that were overwritten; scaling needs none", () => {
    const x = requiresGrad(doubles([3], 1));
    const [scaled, squared] = [mul(div(x, 2), 3), mul(x, x)];
    x.set(0, 9);
    expect(values(grad(scaled, [x], zeros([3], { dtype: "float64" }))[0])).toEqual([0, 0, 0]);
    refuses(() => grad(squared, [x], x), /arrays of mul unchanged .* got its first argument overwritten$/);
  });
});

test("a gradient of one result refuses where another one was overwritten", () => {
  for (const name of ["eigh", "svd", "qr"] as const) {
    const x = requiresGrad(nested([2, 1], [1, 3]));
    const results = Object.values(nd[name](x) as object) as RealArray[];
    const total = sum(mul(results[0]!, results[0]!) as Doubles);
    results[1]!.data.fill(0);
    expect(() => grad(total, [x])).toThrow(`grad: expected the results of ${name} unchanged since its call`);
  }
});

test("the points of a grid pass derivatives to its axes", () => {
  const axis = requiresGrad(array([1, 2, 3], { dtype: "float64" }));
  const points = nd.grid(axis, array([5, 6], { dtype: "float64" }));
  expect(values(grad(sum(mul(points, points)), [axis])[0])).toEqual([4, 8, 12]);
});

test("a determinant of whole numbers is whole, and messages name the function that was called", () => {
  expect(nd.det(mul(eye(3, { dtype: "float64" }), 7)).get()).toBe(343);
  expect(() => nd.inv(nested([1, 1], [1, 1]))).toThrow("inv: expected a regular matrix, got a singular one");
  const stack = nd.stack([nested([1, 0], [0, 1]), nested([1, 1], [1, 1])]);
  expect(() => nd.inv(stack)).toThrow("inv, matrix [1]: expected a regular matrix, got a singular one");
  expect(() => nd.solve(stack, nd.ones([3, 2, 1], { dtype: "float64" }))).toThrow(
    "solve, right-hand side: expected shape [..., 2, K] that broadcasts to matrices [2, 2, 2] or [2], got [3, 2, 1]",
  );
  const indefinite = nd.reshape(nd.mul(nd.stack([stack, stack]), -1), [2, 2, 2, 2]);
  expect(() => nd.cholesky(indefinite)).toThrow(
    "cholesky, matrix [0, 0]: expected a symmetric positive definite matrix, got one that is not positive definite",
  );
  expect(() => norm(zeros([2]), { axis: 3 })).toThrow("norm: expected an axis of [2], got the number 3");
  expect(() =>
    nd.tensordot(eye(2), eye(2), [
      [0, 0],
      [0, 1],
    ]),
  ).toThrow("tensordot: expected different axes, got [0, 0]");
  expect(() => reshape(zeros([0, 3]), [0, -2])).toThrow(ArgumentError);
  expect(() => reshape(zeros([0, 3]), [0, -1])).toThrow(ArgumentError);
});

describe("relativeError", () => {
  test("is the norm of the difference over that of the second array", () => {
    expect(nd.relativeError([3, 4.5], [3, 4])).toBe(0.1);
    expect(nd.relativeError(nested([1, 2], [3, 4]), transpose(nested([1, 2], [3, 4])))).toBeCloseTo(
      Math.sqrt(2 / 30),
      15,
    );
    expect(nd.relativeError([0.1], array([0.1], { dtype: "float64" }))).toBeCloseTo((Math.fround(0.1) - 0.1) / 0.1, 20);
  });

  test("has an answer where nothing can be divided", () => {
    expect(nd.relativeError([0, 0], [0, 0])).toBe(0);
    expect(nd.relativeError([0, 1], [0, 0])).toBe(Infinity);
    expect(nd.relativeError([NaN], [1])).toBeNaN();
    expect(nd.relativeError([], [])).toBe(0);
  });

  test("compares equal shapes", () => {
    expect(() => nd.relativeError([1, 2], [[1], [2]])).toThrow(
      new ArgumentError("relativeError: expected equal shapes, got [2] and [2, 1]"),
    );
  });
});
