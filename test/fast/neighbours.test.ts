/** Neighbours: the k nearest are those of the reduction, those within a radius those of a loop over all pairs. */
import { Genred, array, astype, cluster, grad, nd, rand, requiresGrad } from "../../src/index";
import type { RealArray } from "../../src/index";
import { wrap } from "../../src/array/view";
import * as native from "../../src/device/native";
import { ArgumentError, InterruptedError } from "../../src/errors";
import { withinOfAll } from "../../src/fast/neighbours";
import { runSync } from "../../src/task";
import { uniform } from "../helpers/evaluate";
import "../helpers/quicksample";
import { DTYPES, list, refuses } from "../helpers/numbers";

const { neighbours } = cluster;
type Dtype = (typeof DTYPES)[number];

/** A coordinate of point n: of many kinds of clouds. */
const CLOUDS: Readonly<Record<string, (n: number, next: () => number) => number>> = {
  uniform: (_, next) => next(),
  "of a lattice": (_, next) => Math.floor(6 * next()) / 10,
  "in clusters": (n, next) => (n % 5) + 0.05 * next(),
  "that are the same": () => 0.3,
  "of which some are not finite": (n, next) => (n % 9 === 4 ? [NaN, Infinity, -Infinity][n % 3]! : next()),
};

function points(kind: string, count: number, dim: number, dtype: Dtype, seed: number): RealArray {
  const next = uniform(seed);
  const numbers = Float64Array.from({ length: count * dim }, (_, n) => CLOUDS[kind]!(Math.floor(n / dim), next));
  return wrap(dtype === "float64" ? numbers : Float32Array.from(numbers), [count, dim]);
}

/** Offsets, rows and columns as text, which is quickly compared. */
type Lists = Readonly<Record<"offsets" | "rows" | "indices", string>>;
const textOf = (offsets: ArrayLike<number>, rows: ArrayLike<number>, indices: ArrayLike<number>): Lists => {
  const [a, b, c] = [offsets, rows, indices].map((numbers) => Array.from(numbers).join(" "));
  return { offsets: a!, rows: b!, indices: c! };
};

/** Pairs within a radius, as the promise words it. */
function byAllPairs(x: RealArray, y: RealArray, radius: number): Lists {
  const [[count, dim], columns] = [x.shape as [number, number], y.shape[0]!];
  const [offsets, rows, indices] = [[0], [] as number[], [] as number[]];
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < columns; j++) {
      let sum = 0;
      for (let k = 0; k < dim; k++) sum += (x.data[i * dim + k]! - y.data[j * dim + k]!) ** 2;
      if (!(sum <= radius * radius)) continue;
      rows.push(i);
      indices.push(j);
    }
    offsets.push(indices.length);
  }
  return textOf(offsets, rows, indices);
}

const plain = ({ offsets, rows, indices }: ReturnType<typeof neighbours<Float32Array, { radius: number }>>): Lists =>
  textOf(offsets.data, rows.data, indices.data);

describe("within a radius", () => {
  describe.each(Object.keys(CLOUDS))("of points %s", (kind) => {
    test.each(DTYPES)("are those of all pairs, %s", (dtype) => {
      for (const dim of [1, 3, 8, 9])
        for (const radius of [0, 0.1, 0.5, 20]) {
          const [x, y] = [points(kind, 60, dim, dtype, 1), points(kind, 97, dim, dtype, 2)];
          expect(plain(neighbours(x, y, { radius }))).toEqual(byAllPairs(x, y, radius));
          expect(plain(neighbours(x, x, { radius }))).toEqual(byAllPairs(x, x, radius));
        }
    });
  });

  test("are exact at the boundary: nothing is rounded but in float64", () => {
    const axis = array(
      Array.from({ length: 41 }, (_, n) => [n / 10]),
      { dtype: "float64" },
    );
    for (const radius of [0.1, 0.2, 0.30000000000000004, 0.3, 1.1])
      expect(plain(neighbours(axis, axis, { radius }))).toEqual(byAllPairs(axis, axis, radius));
    const one = array([[0]], { dtype: "float64" });
    const beside = array([[0.1], [0.1 + 2 ** -56]], { dtype: "float64" });
    expect([...neighbours(one, beside, { radius: 0.1 }).indices.data]).toEqual([0]);
    const rounded = astype(beside, "float32"); // the float32 number beside 0.1 is above it
    expect(neighbours(astype(one, "float32"), rounded, { radius: 0.1 }).indices.shape).toEqual([0]);
  });

  test.each([1e-320, 1e-200, 1e-155, 1e155, 1e200, 1e307])("neither overflow nor vanish at %p", (unit) => {
    const at = (...values: number[]): RealArray =>
      array(
        values.map((value) => [value * unit]),
        { dtype: "float64" },
      );
    expect(plain(neighbours(at(0, 4, -2), at(1, 2.5, 9), { radius: 2 * unit }))).toMatchObject({
      offsets: "0 1 2 2",
      indices: "0 1",
    });
    expect([...neighbours(at(0, 3), at(3, 1, 3), { radius: 0 }).indices.data]).toEqual([0, 2]);
  });

  test("are the same of views, of many points, and where there is no addon", () => {
    const [x, y] = [rand([1500, 3], { seed: 1 }), rand([1100, 3], { seed: 2 })];
    const found = plain(neighbours(x, y, { radius: 0.1 }));
    expect(found).toEqual(byAllPairs(x, y, 0.1));
    const spread = rand([1500, 6], { seed: 9 }).lo(0, 0).step(1, 2) as RealArray;
    for (let n = 0; n < 1500; n++) for (let k = 0; k < 3; k++) spread.set(n, k, x.get(n, k));
    expect(plain(neighbours(spread, y, { radius: 0.1 }))).toEqual(found);
    const few = points("of which some are not finite", 200, 2, "float32", 3);
    const { offsets, indices } = runSync(withinOfAll(few.data, few.data, 2, 0.2));
    expect(textOf(offsets, [], indices)).toEqual({ ...byAllPairs(few, few, 0.2), rows: "" });
    const [tiny, radius] = [Float64Array.of(0, 1e-200, 3e-200), 1e-200];
    expect([...runSync(withinOfAll(tiny, tiny, 1, radius)).offsets]).toEqual([0, 2, 4, 5]);
  });

  test("are none of no points", () => {
    const [none, some] = [rand([0, 2]), rand([3, 2])];
    expect(plain(neighbours(none, some, { radius: 1 }))).toEqual({ offsets: "0", rows: "", indices: "" });
    expect(plain(neighbours(some, none, { radius: 1 }))).toEqual({ offsets: "0 0 0 0", rows: "", indices: "" });
  });

  test("of a block that the tree leaves out by mistake would be missed", () => {
    const addon = native.loadedAddon();
    const count = addon.countWithin.bind(addon);
    const spy = jest.spyOn(addon, "countWithin").mockImplementation((x, a, y, b, sizes, counts) => {
      count(
        x,
        a,
        y,
        b,
        Float64Array.from(sizes, (size, n) => (n === 5 ? 0.9 * size : size)),
        counts,
      );
    });
    try {
      const x = rand([500, 2], { seed: 1 });
      expect(() => neighbours(x, x, { radius: 0.1 })).toThrow(/expected the counts of these points/);
    } finally {
      spy.mockRestore();
    }
  });
});

describe("the k nearest", () => {
  test.each([2, 9])(
    "are those of the reduction to the last bit, also with as many pairs as pruning needs, dim %p",
    (dim) => {
      for (const count of [50, 5000]) {
        const [x, y] = [rand([count, dim], { seed: 1 }), rand([count - 3, dim], { seed: 2 })];
        const reduction = Genred("SqDist(x, y)", [`x = Vi(${String(dim)})`, `y = Vj(${String(dim)})`], {
          reductionOp: "KMin_ArgKMin",
          optArg: 5,
          axis: 1,
        });
        const [values, indices] = reduction(x, y, { prune: "never" });
        const found = neighbours(x, y, { k: 5 });
        expect(found.indices.shape).toEqual([count, 5]);
        expect([found.indices.data, found.squaredDistances.data]).toEqual([indices.data, values.data]);
      }
    },
  );

  test("have distances with derivatives", () => {
    const [x, y] = [requiresGrad(rand([6, 2], { seed: 1 })), rand([9, 2], { seed: 2 })];
    const { indices, squaredDistances } = neighbours(x, y, { k: 2 });
    const [byDistance] = grad(nd.sum(squaredDistances), [x]);
    const differences = nd.sub(nd.reshape(x, [6, 1, 2]), nd.take(y, indices, { axis: 0 }));
    const [byGather] = grad(nd.sum(nd.square(differences)), [x]);
    expect(list(byDistance).map((value) => value.toFixed(5))).toEqual(list(byGather).map((value) => value.toFixed(5)));
  });
});

test("indices of both kinds gather points, with derivatives that add up where they came from", () => {
  const [x, y] = [
    rand([5, 2], { seed: 1, dtype: "float64" }),
    requiresGrad(rand([7, 2], { seed: 2, dtype: "float64" })),
  ];
  const { indices } = neighbours(x, y, { k: 3 });
  expect(nd.take(y, indices, { axis: 0 }).shape).toEqual([5, 3, 2]);
  const near = neighbours(x, y, { radius: 0.5 });
  const steps = nd.sub(nd.take(y, near.indices, { axis: 0 }), nd.take(x, near.rows, { axis: 0 }));
  expect(nd.scatterAdd(steps, near.rows, 5).shape).toEqual([5, 2]);
  const [byY] = grad(nd.sum(steps), [y]);
  const often = nd.bincount(near.indices, { minLength: 7 });
  expect(list(byY)).toEqual([...often.data].flatMap((count) => [count, count]));
});

describe("a promise", () => {
  const x = rand([3000, 2], { seed: 1 });
  test("gives the same, of the points as they were", async () => {
    const moving = rand([3000, 2], { seed: 1 });
    const expected = neighbours(x, x, { radius: 0.05 });
    const later = neighbours.async(moving, moving, { radius: 0.05 });
    moving.data.fill(0);
    expect(plain(await later)).toEqual(plain(expected));
    const [nearest, found] = [neighbours(x, x, { k: 4 }), await neighbours.async(x, x, { k: 4 })];
    expect([found.indices.data, found.squaredDistances.data]).toEqual([
      nearest.indices.data,
      nearest.squaredDistances.data,
    ]);
  });

  test("is stopped by its signal, and refuses what the blocking form refuses", async () => {
    for (const options of [{ radius: 0.2 }, { k: 4 }]) {
      const stop = new AbortController();
      const running = neighbours.async(x, x, { ...options, signal: stop.signal });
      stop.abort();
      await expect(running).rejects.toThrow(InterruptedError);
    }
    await expect(neighbours.async(x, x, { k: 3001 })).rejects.toThrow(ArgumentError);
  });
});

test("what does not fit is refused", () => {
  const x = rand([4, 2]);
  const call = neighbours as unknown as (...args: unknown[]) => unknown;
  refuses(() => call(x, x), /^neighbours, options: expected one of k and radius, got neither$/);
  refuses(() => call(x, x, { k: 1, radius: 1 }), /got both$/);
  refuses(() => call(x, x, { k: 5 }), /^neighbours, k: expected at most 4, the number of rows of y, got 5$/);
  refuses(() => call(x, x, { k: 1.5 }), /^neighbours, k: expected an integer of at least 1/);
  refuses(() => call(x, x, { radius: Infinity }), /^neighbours, radius: expected a number of at least 0/);
  refuses(() => call(x, x, { r: 1 }), /^neighbours, options: expected some of k, radius, got "r"/);
  refuses(() => call(x, rand([4, 3]), { k: 1 }), /^neighbours, y: expected shape \[N, 2\] as x has, got dim 3$/);
  refuses(() => call(x, rand([4, 2], { dtype: "float64" }), { k: 1 }), /^neighbours, y: expected float32 as x has/);
  refuses(() => call(rand([4]), x, { k: 1 }), /^neighbours, x: expected shape \[N, D\]/);
  refuses(() => call(rand([4, 0]), rand([4, 0]), { radius: 1 }), /a D of at least 1, got dim 0$/);
});

describe("the addon refuses", () => {
  const addon = native.loadedAddon();
  const [cloud, boxes] = [new Float64Array(8), new Float64Array(12)];
  const sizes = (...changed: readonly (readonly [number, number])[]): Float64Array => {
    const all = Float64Array.of(4, 1, 4, 1, 2, 0.5);
    for (const [n, value] of changed) all[n] = value;
    return all;
  };
  const four = (): Int32Array => new Int32Array(4);
  test("what does not fit before anything is read", () => {
    expect(() => addon.countWithin(cloud, boxes, cloud, boxes, sizes(), four())).not.toThrow();
    for (const wrong of [
      [0, 5],
      [1, 2],
      [1, 3],
      [2, 3],
      [3, 40],
      [4, 1],
      [4, 0],
      [5, -1],
      [5, Infinity],
      [5, NaN],
    ] as const)
      expect(() => addon.countWithin(cloud, boxes, cloud, boxes, sizes(wrong), four())).toThrow(/expected/);
    expect(() => addon.countWithin(cloud, boxes, cloud, boxes, sizes(), new Int32Array(3))).toThrow(/expected/);
    expect(() => addon.countWithin(cloud, boxes, new Float32Array(8), boxes, sizes(), four())).toThrow(/expected/);
    expect(() => addon.countWithin(cloud, boxes, cloud, boxes, sizes().subarray(1), four())).toThrow(/expected/);
  });

  test("lists that have no room", () => {
    const counts = four();
    addon.countWithin(cloud, boxes, cloud, boxes, sizes(), counts);
    expect([...counts]).toEqual([4, 4, 4, 4]);
    const listed = (starts: number[], room = 16): void =>
      addon.listWithin(
        cloud,
        boxes,
        cloud,
        boxes,
        sizes(),
        Int32Array.of(0, 1, 2, 3),
        Int32Array.from(starts),
        counts,
        new Int32Array(room),
      );
    expect(() => listed([0, 4, 8, 12])).not.toThrow();
    expect(() => listed([0, 4, 8, 13])).toThrow(/room/);
    expect(() => listed([0, 4, -1, 8])).toThrow(/room/);
    expect(() => listed([0, 4, 8, 12], 15)).toThrow(/room/);
  });
});
