/** Indices that calls on resident arrays give, on the simulated device: they stay there, and are arrays like others. */
import { join } from "node:path";
import ndarray from "ndarray";
import { ArgumentError } from "../../src/errors";
import {
  Genred,
  Vi,
  Vj,
  astype,
  cuda,
  dispose,
  genericArgkmin,
  grad,
  rand,
  randn,
  requiresGrad,
  toDevice,
  toHost,
} from "../../src/index";
import type { IndexArray, Int32NdArray, ReductionName } from "../../src/index";
import { onSimulator, simulatorFolder } from "../cuda-sim/simulator";

const ALIASES = ["x = Vi(3)", "y = Vj(3)"] as const;
const [x, y] = [rand([60, 3], { seed: 1 }), rand([50, 3], { seed: 2 })];
const nearest = Genred("SqDist(x, y)", ALIASES, { reductionOp: "ArgKMin", optArg: 3, axis: 1 });

const numbers = (indices: Int32NdArray): number[] => Array.from(toHost(indices).data);
const labels = (): Int32NdArray =>
  ndarray(
    Int32Array.from({ length: 30 }, (_, n) => (n * 7) % 11),
    [10, 3],
  );

test.each([
  ["ArgMin", undefined],
  ["ArgMax", undefined],
  ["ArgKMin", 3],
  ["ArgKMax", 2],
  ["Min_ArgMin", undefined],
  ["KMin_ArgKMin", 4],
] as const)("the indices of %s are resident, and those of the reference", (reductionOp: ReductionName, optArg) => {
  const call = Genred("SqDist(x, y)", ALIASES, { reductionOp, optArg, axis: 1 });
  const indicesOf = (result: unknown): IndexArray =>
    Array.isArray(result) ? (result[1] as IndexArray) : (result as IndexArray);
  const there = indicesOf(call(toDevice(x), toDevice(y)));
  expect(there.data).not.toBeInstanceOf(Int32Array);
  expect(toHost(there).data).toBeInstanceOf(Int32Array);
  const here = indicesOf(call(x, y, { backend: "reference" }));
  expect([there.shape, numbers(there)]).toEqual([here.shape, numbers(here)]);
});

test("lazy tensors, generic functions and promises give resident indices, too", async () => {
  const [xd, yd] = [toDevice(x), toDevice(y)];
  const expected = numbers(nearest(x, y, { backend: "reference" }));
  const generic = genericArgkmin("SqDist(x, y)", "a = Vi(3)", ...ALIASES) as (...arrays: unknown[]) => IndexArray;
  for (const indices of [Vi(xd).sqdist(Vj(yd)).argKmin(3, { axis: 1 }), await nearest.async(xd, yd), generic(xd, yd)]) {
    expect(indices.data).not.toBeInstanceOf(Int32Array);
    expect(numbers(indices)).toEqual(expected);
  }
});

test("indices of a batch, and of rows that visit nothing", () => {
  const [many, few] = [rand([2, 20, 3], { seed: 3 }), rand([2, 9, 3], { seed: 4 })];
  expect(numbers(nearest(toDevice(many), toDevice(few)))).toEqual(
    numbers(nearest(many, few, { backend: "reference" })),
  );
  const half = [[0, 30], [30, 60]]; // prettier-ignore
  const ranges = [half, [1, 1], [[0, 50]], [[0, 50]], [1], [[0, 30]]] as const;
  const masked = nearest(toDevice(x), toDevice(y), { ranges });
  expect(numbers(masked)).toEqual(numbers(nearest(x, y, { ranges, backend: "reference" })));
  expect(numbers(masked).at(-1)).toBe(-1);
  expect(numbers(nearest(toDevice(x), toDevice(rand([0, 3]))))).toEqual(new Array(180).fill(-1));
});

test("int32 arrays go there and back, are read one by one, viewed and freed", () => {
  const before = cuda.memory().lent;
  const there = toDevice(labels());
  expect(numbers(there)).toEqual(numbers(labels()));
  expect(there.get(4, 2)).toBe(labels().get(4, 2));
  there.set(4, 2, -7);
  expect(there.get(4, 2)).toBe(-7);
  const view = (array: Int32NdArray): Int32NdArray => array.transpose(1, 0).step(1, -3).lo(1, 0);
  expect(numbers(view(toDevice(labels())))).toEqual(numbers(view(labels())));
  expect(numbers(toDevice(view(labels())))).toEqual(numbers(view(labels())));
  const lent = cuda.memory().lent;
  dispose(there);
  expect(cuda.memory().lent).toBeLessThan(lent);
  expect(cuda.memory().lent).toBeGreaterThanOrEqual(before);
  expect(() => toHost(there)).toThrow(ArgumentError);
});

test("astype converts where the array is, and derivatives pass", () => {
  const there = astype(toDevice(labels()), "float64");
  expect(there.data).not.toBeInstanceOf(Float64Array);
  expect(Array.from(toHost(there).data)).toEqual(numbers(labels()));
  const points = requiresGrad(toDevice(x));
  const wide = astype(points, "float64");
  expect(Array.from(toHost(astype(wide, "float32")).data)).toEqual(Array.from(x.data));
  const e = randn([60, 3], { seed: 5, dtype: "float64" });
  const [gradient] = grad(wide, [points], toDevice(e));
  expect(gradient.data).not.toBeInstanceOf(Float32Array);
  expect(Array.from(toHost(gradient).data)).toEqual(Array.from(astype(e, "float32").data));
});

test("a formula refuses resident indices as it does those of the machine", () => {
  const indices = nearest(toDevice(x), toDevice(y)) as unknown as typeof x;
  expect(() => nearest(indices, y)).toThrow(
    'x (Vi, dim 3): expected a float32 or float64 ndarray, got an int32 ndarray: convert it with astype(x, "float32")',
  );
  expect(() => requiresGrad(indices)).toThrow(ArgumentError);
});

test("the gradient of the K best, whose indices stay where they are", () => {
  const best = Genred("SqDist(x, y)", ALIASES, { reductionOp: "KMin", optArg: 2, axis: 1 });
  const e = randn([60, 2], { seed: 3 });
  const [there, here] = [true, false].map((isThere) => {
    const [p, q] = [x, y].map((array) => requiresGrad(isThere ? toDevice(array) : toHost(array)));
    return grad(best(p!, q!), [p!, q!], isThere ? toDevice(e) : e);
  });
  there!.forEach((gradient, n) => {
    expect(gradient.data).not.toBeInstanceOf(Float32Array);
    Array.from(toHost(gradient).data).forEach((value, k) => expect(value).toBeCloseTo(here![n]!.data[k]!, 5));
  });
});

test("nothing comes back of a search for neighbours until it is asked for", () => {
  const program = `
    const { Vi, Vj, rand, toDevice, toHost } = require(${JSON.stringify(join(__dirname, "..", "..", "dist", "index.js"))});
    const [x, y] = [rand([100, 3], { seed: 1 }), rand([40, 3], { seed: 2 })].map((a) => toDevice(a));
    const labels = Vi(x).sqdist(Vj(y)).argmin({ axis: 1 });
    labels.transpose(1, 0);
    if (process.argv[1] === "read") toHost(labels);
  `;
  const copies = (argument: string): unknown[] => {
    const done = onSimulator(simulatorFolder(), [process.execPath, "-e", program, argument]);
    expect(done.errors).toBe("");
    expect(done.log.at(-1)).toMatchObject({ liveBytes: 0, pinnedBytes: 0, streams: 0, events: 0 });
    const back = done.log.filter(({ call, bytes }) => call === "cuMemcpyDtoHAsync_v2" && bytes !== 8); // 8: a constant of a module
    return back.map(({ bytes }) => bytes);
  };
  expect([copies("stay"), copies("read")]).toEqual([[], [400]]);
});
