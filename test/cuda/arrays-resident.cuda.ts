/**
 * What is computed of arrays without formulas, on the simulated device: resident ones are read, and results go back to
 * where they are.
 */
import { clusterCentroids, gridCluster, rangesFromRadius, sortClusters } from "../../src/cluster";
import { Genred, dispose, grad, nd, rand, randn, requiresGrad, toDevice, toHost } from "../../src/index";
import type { RealArray } from "../../src/index";

const [x, y] = [rand([12, 3], { seed: 1 }), rand([12, 3], { seed: 2, dtype: "float32" })];
const weights = rand([12], { seed: 3 });
const matrix = rand([3, 3], { seed: 4 });
const labels = gridCluster(x, 0.5);

const numbers = (array: RealArray): number[] => Array.from(toHost(array).data);
const isResident = (array: RealArray): boolean => !ArrayBuffer.isView(array.data);

type Place = <X extends RealArray>(array: X) => X;
const there: Place = (array) => toDevice(array) as unknown as typeof array;
const here: Place = (array) => array;

/** Of one shape, and `count` units in float32's last place apart at most. */
function expectRoundings(got: RealArray, expected: RealArray, count: number): void {
  expect(got.shape).toEqual(expected.shape);
  const [a, b] = [numbers(got), numbers(expected)];
  const apart = a.map((value, n) => Math.abs(value - b[n]!) / Math.abs(b[n]!) / 2 ** -23);
  expect(Math.max(...apart)).toBeLessThanOrEqual(count);
}

test.each<[string, (place: Place) => RealArray]>([
  ["add", (place) => nd.add(place(x), place(y))],
  ["sub with a row of the machine", (place) => nd.sub(place(x), rand([3], { seed: 5 }))],
  ["mul of the machine's with a view", (place) => nd.mul(x, place(y).step(-1, 1))],
  ["div by a number", (place) => nd.div(place(x), 3)],
  ["neg", (place) => nd.neg(place(x).transpose(1, 0))],
  ["sqrt of nothing", (place) => nd.sqrt(place(x).hi(0, 3))],
  ["sum", (place) => nd.sum(place(x), { axis: 1 })],
  ["the sum of all", (place) => nd.sum(place(x))],
  ["matmul", (place) => nd.matmul(nd.transpose(place(x)), place(y))],
  ["reshape", (place) => nd.reshape(place(x).transpose(1, 0), [36])],
  ["solve", (place) => nd.solve(place(matrix), place(randn([3, 2], { seed: 6 })))],
  ["clusterCentroids", (place) => clusterCentroids(place(x), labels, place(weights))],
  ["sortClusters", (place) => sortClusters(place(x), labels)[0]],
])("%s of resident arrays is resident, with the bits of the machine", (_, compute) => {
  const [got, expected] = [compute(there), compute(here)];
  expect([isResident(got), isResident(expected)]).toEqual([true, false]);
  expect([got.shape, numbers(got)]).toEqual([expected.shape, numbers(expected)]);
});

test("exp of resident arrays is resident, and the device's own: it differs by roundings of its result", () => {
  const compute = (place: Place): RealArray => nd.exp(place(x).hi(5, 2).step(2, 1));
  const got = compute(there);
  expect(isResident(got)).toBe(true);
  expectRoundings(got, compute(here), 2);
});

test("numbers, labels and ranges that are made on the machine read resident points", () => {
  expect(nd.norm(there(x)).get()).toBe(nd.norm(x).get());
  expect(gridCluster(there(x), 0.5).data).toEqual(labels.data);
  expect(sortClusters(x, toDevice(labels))[2].data).toEqual(sortClusters(x, labels)[2].data);
  const ranges = ([a, b]: readonly [RealArray, RealArray]): unknown =>
    rangesFromRadius(a, b, 0.2).map(({ data }) => data);
  expect(ranges([there(x), there(y)])).toEqual(ranges([x, y]));
});

test("derivatives of dense operations are resident, to second order", () => {
  const second = (place: Place): RealArray[] => {
    const [a, b] = [x, y].map((array) => requiresGrad(place(toHost(array)))) as [RealArray, RealArray];
    const value = nd.sum(nd.mul(nd.exp(nd.matmul(nd.transpose(a), b)), place(matrix)));
    const [first] = grad(value, [a], null, { createGraph: true });
    return [first, ...grad(nd.sum(nd.mul(first, first)), [a, b])];
  };
  const expected = second(here);
  second(there).forEach((gradient, n) => {
    expect(isResident(gradient)).toBe(true);
    expectRoundings(gradient, expected[n]!, 8); // through three factors that exp is part of
  });
});

test("gradients are where their inputs are", () => {
  const K = Genred("Exp(-SqDist(x, y))", ["x = Vi(3)", "y = Vj(3)"], { axis: 1 });
  const e = randn([12, 1], { seed: 7 });
  const expected = [x, y].map((array) => requiresGrad(toHost(array)));
  const gradients = grad(K(expected[0]!, expected[1]!, { backend: "cuda" }), expected, e);
  const mixed = [requiresGrad(there(x)), requiresGrad(toHost(y))];
  for (const cotangent of [e, there(e)]) {
    const found = grad(K(mixed[0]!, mixed[1]!), mixed, cotangent);
    expect(found.map(isResident)).toEqual([true, false]);
    expect(found.map(numbers)).toEqual(gradients.map(numbers));
  }
});

test("what was disposed of is refused by name", () => {
  const gone = there(x);
  dispose(gone);
  expect(() => nd.exp(gone)).toThrow("array: expected memory on a device, got memory that was disposed of");
});
