/** Lists and typed arrays in the place of arrays: in formulas, solves and array maths, in the dtype of what is beside. */
import {
  Genred,
  KernelSolve,
  Pm,
  Vi,
  Vj,
  array,
  astype,
  cluster,
  errors,
  grad,
  linalg,
  nd,
  requiresGrad,
} from "../../src/index";
import type { ArrayInput, RealArray } from "../../src/index";

const ALIASES = ["x = Vi(2)", "y = Vj(2)", "b = Vj(1)", "g = Pm(1)"] as const;
const K = Genred("Exp(-g * SqDist(x, y)) * b", ALIASES, { axis: 1 });
const Kinv = KernelSolve("Exp(-g * SqDist(x, y)) * b", ALIASES, "b", { axis: 1 });
const POINTS = [
  [0, 1],
  [2, 3],
  [1, 5],
];
const WEIGHTS = [[1], [2], [3]];

const told = ({ dtype, shape, data }: RealArray): unknown => [dtype, shape, [...data]];

describe.each(["float32", "float64"] as const)("beside arrays of %s", (dtype) => {
  const [x, b] = [array(POINTS, { dtype }), array(WEIGHTS, { dtype })];

  test.each<[string, () => RealArray, () => RealArray]>([
    ["a sum", () => K(x, POINTS, WEIGHTS, [0.5]), () => K(x, x, b, 0.5)],
    [
      "rows that are typed arrays",
      () =>
        K(
          POINTS.map((p) => Float32Array.from(p)),
          x,
          b,
          1,
        ),
      () => K(x, x, b, 1),
    ],
    ["a dense matrix", () => K.dense(POINTS, x, b, 1), () => K.dense(x, x, b, 1)],
    ["a solve", () => Kinv(POINTS, x, WEIGHTS, 1, { alpha: 0.1 }), () => Kinv(x, x, b, 1, { alpha: 0.1 })],
    ["a difference", () => nd.sub(x, POINTS), () => nd.sub(x, x)],
    ["a product", () => nd.matmul([[1, 2, 3]], x), () => nd.matmul(array([[1, 2, 3]], { dtype }), x)],
    ["a maximum", () => nd.maximum(x, [1, 2]), () => nd.maximum(x, array([1, 2], { dtype }))],
    ["a choice", () => nd.where([1, 0], x, [7, 8]), () => nd.where(array([1, 0]), x, array([7, 8], { dtype }))],
    ["a join", () => nd.concat([POINTS, x]), () => nd.concat([x, x])],
    [
      "a grid",
      () => nd.grid([1, 2], nd.arange(3, null, 1, { dtype })),
      () => nd.grid(array([1, 2], { dtype }), nd.arange(3, null, 1, { dtype })),
    ],
    [
      "a system",
      () =>
        nd.solve(
          [
            [4, 0],
            [0, 16],
          ],
          array([1, 1], { dtype }),
        ),
      () => array([0.25, 0.0625], { dtype }),
    ],
  ])("%s", (_, ofLists, ofArrays) => {
    expect(told(ofLists())).toEqual(told(ofArrays()));
  });
});

test("alone, lists are float32, and typed arrays of floats keep their type", () => {
  expect(told(nd.exp([0]))).toEqual(["float32", [1], [1]]);
  expect(told(nd.add(new Float64Array([1, 2]), [[3], [4]]))).toEqual(["float64", [2, 2], [4, 5, 5, 6]]);
  expect(
    told(
      nd.sum(
        [
          [1, 2],
          [3, 4],
        ],
        { axis: 0 },
      ),
    ),
  ).toEqual(["float32", [2], [4, 6]]);
  expect(
    told(
      nd.det([
        [1, 2],
        [3, 4],
      ]),
    ),
  ).toEqual(["float32", [], [-2]]);
  expect(told(K(POINTS, POINTS, WEIGHTS, 0))).toEqual(["float32", [3, 1], [6, 6, 6]]);
  expect(nd.argmax([3, 9, 2]).get()).toBe(1);
});

test("lazy tensors take them too, with a shape where numbers have none", () => {
  const x = array(POINTS, { dtype: "float64" });
  const flat = Float64Array.from(POINTS.flat());
  const expected = Vi(x).sqdist(Vj(x)).sum({ axis: 1 });
  expect(told(Vi(flat, [3, 2]).sqdist(Vj(x)).sum({ axis: 1 }))).toEqual(told(expected));
  expect(
    told(
      Vi(POINTS)
        .sqdist(Vj(POINTS.flat(), [3, 2]))
        .sum({ axis: 1 }),
    ),
  ).toEqual(told(astype(expected, "float32")));
  expect(told(Vi(x).sqdist(Vj(x)).matmul(WEIGHTS))).toEqual(
    told(
      Vi(x)
        .sqdist(Vj(x))
        .matmul(array(WEIGHTS, { dtype: "float64" })),
    ),
  );
  expect(
    told(
      Vi(x)
        .sub(Pm(new Float64Array([1, 2])))
        .sqnorm2()
        .sum({ axis: 0 }),
    ),
  ).toEqual(
    told(
      Vi(x)
        .sub(Pm([1, 2]))
        .sqnorm2()
        .sum({ axis: 0 }),
    ),
  );
});

test("typed arrays are looked at, not copied", () => {
  const numbers = new Float32Array([1, 2]);
  const view = Vi(numbers, [1, 2]);
  numbers[1] = 5;
  expect([...view.sum({ axis: 0 }).data]).toEqual([1, 5]);
});

test("derivatives reach the arrays beside them", () => {
  const x = requiresGrad(array([1, 2]));
  expect(nd.toNested(grad(nd.sum(nd.mul(x, [3, 4])), [x])[0])).toEqual([3, 4]);
});

test.each<[string, () => unknown, RegExp]>([
  [
    "ragged rows",
    () => nd.sum([[1, 2], [3]]),
    /^sum: expected 2 elements at values\[1\], as in its neighbours, got 1$/,
  ],
  [
    "text",
    () => nd.exp(["a"] as unknown as ArrayInput),
    /^exp, x: expected a number at values\[0\], got the string "a"$/,
  ],
  [
    "typed arrays of two dtypes",
    () => nd.add<Float32Array | Float64Array>(new Float64Array(2), new Float32Array(2)),
    /^add, second argument: expected a float64 ndarray, got a float32 one/,
  ],
  [
    "numbers for another shape",
    () => Vi(new Float32Array(5), [2, 3]),
    /^Vi: expected 6 numbers for shape \[2, 3\], got shape \[5\]$/,
  ],
  [
    "an array with a shape",
    () => Vj(array([1, 2]) as never, [2, 1]),
    /^Vj: expected a list or a typed array, got a float32 ndarray of shape \[2\]$/,
  ],
  [
    "a list without rows",
    () => Vi([1, 2]),
    /^Vi: expected an array \[rows, D\], or an index and a dim, got a plain array$/,
  ],
  [
    "rows of two lengths",
    () => Vi([[1], [2, 3]]),
    /^Vi: expected 1 elements at values\[1\], as in its neighbours, got 2$/,
  ],
])("%s are refused", (_, call, message) => {
  expect(call).toThrow(errors.ArgumentError);
  expect(call).toThrow(message);
});

describe("lists in the place of arrays", () => {
  const list = [[0, 0], [1, 0], [0.1, 0], [5, 5]]; // prettier-ignore
  const points = array(list);

  test("are points of the cluster tools", () => {
    expect(cluster.gridCluster(list, 1)).toEqual(cluster.gridCluster(points, 1));
    expect(cluster.clusterCentroids(list, [0, 1, 0, 2], [1, 2, 3, 4])).toEqual(
      cluster.clusterCentroids(points, [0, 1, 0, 2], array([1, 2, 3, 4])),
    );
    expect(cluster.rangesFromRadius(list, list, 1)).toEqual(cluster.rangesFromRadius(points, points, 1));
    expect(cluster.neighbours(list, list, { k: 2 })).toEqual(cluster.neighbours(points, points, { k: 2 }));
  });

  test("take the dtype of the points beside them", () => {
    const wide = array(list, { dtype: "float64" });
    expect(cluster.neighbours(list, wide, { k: 2 })).toEqual(cluster.neighbours(wide, wide, { k: 2 }));
    expect(() => cluster.neighbours([[1], [1, 2]], wide, { k: 1 })).toThrow(/^neighbours, x: expected 1 elements/);
  });

  test("are diagonals and right-hand sides of linalg", () => {
    const solution = linalg.cg(linalg.diagonal([1, 2, 4]), [1, 1, 1]);
    expect(Array.from(solution.data)).toEqual([1, 0.5, 0.25]);
    expect(() => linalg.cg(linalg.diagonal([1, 2, 4]), [1, 1])).toThrow("cg, b: expected shape [3] or [3, E], got [2]");
  });
});
