/** `detach` and `noGrad`: computing without records, so that the steps of an iteration do not pile up. */
import ndarray from "ndarray";
import { ArgumentError } from "../../src/errors";
import { Genred, KernelSolve, array, detach, grad, nd, noGrad, rand, requiresGrad } from "../../src";
import type { RealArray } from "../../src";
import { recordedVersion, versionOf } from "../../src/array/record";

const STEPS = 2000;
const RATE = 1 / 256;

/** How many records the derivative of an array would go through. */
function recordsBehind(x: RealArray): number {
  const seen = new Set([versionOf(x)]);
  let records = 0;
  for (const version of seen) {
    if (version.made) records++;
    for (const { version: before } of version.made?.inputs ?? []) seen.add(before);
  }
  return records;
}

/** The gradient of |x|², which is 2 x. */
const gradientAt = (x: RealArray): RealArray => grad(nd.sum(nd.mul(x, x)), [x])[0];
const moved = (x: RealArray): RealArray => nd.sub(x, nd.mul(gradientAt(x), RATE));

/** Gradient descent on |x|² multiplies x by 1 - 2 RATE in every step. */
const expectedAfter = (steps: number): number[] => [3, -5].map((value) => value * (1 - 2 * RATE) ** steps);
const start = (): RealArray => array([3, -5], { dtype: "float64", requiresGrad: true });

function expectDescent(x: RealArray, steps: number): void {
  expectedAfter(steps).forEach((value, k) => expect(Math.abs(x.data[k]! / value - 1)).toBeLessThan(steps * 2 ** -52));
}

test("without them, every step keeps all steps before", () => {
  let x = start();
  for (let step = 0; step < 20; step++) x = moved(x);
  expectDescent(x, 20);
  expect(recordsBehind(x)).toBe(20);
});

test("2000 steps that detach keep no record", () => {
  let x = start();
  for (let step = 0; step < STEPS; step++) x = requiresGrad(detach(moved(x)));
  expectDescent(x, STEPS);
  expect(recordsBehind(x)).toBe(0);
});

test("2000 steps in noGrad keep no record", () => {
  let x = start();
  for (let step = 0; step < STEPS; step++) {
    const gradient = gradientAt(x);
    x = requiresGrad(noGrad(() => nd.sub(x, nd.mul(gradient, RATE))));
  }
  expectDescent(x, STEPS);
  expect(recordsBehind(x)).toBe(0);
});

describe("detach", () => {
  test("is a view of the same memory, of any strides, that takes no part", () => {
    const x = requiresGrad(ndarray(Float32Array.of(1, 2, 3, 4, 5, 6), [2, 2], [-3, 2], 3));
    const free = detach(x);
    expect([free.shape, free.stride, free.offset]).toEqual([x.shape, x.stride, x.offset]);
    expect([free.get(0, 0), free.get(0, 1), free.get(1, 0), free.get(1, 1)]).toEqual([4, 6, 1, 3]);
    expect(free.data.buffer).toBe(x.data.buffer);
    expect(recordedVersion(free)).toBeUndefined();
    expect(recordedVersion(x)).toBeDefined();
  });

  test("takes a factor out of a derivative, as a constant", () => {
    const x = array([2, 7], { dtype: "float64", requiresGrad: true });
    const [gradient] = grad(nd.sum(nd.mul(x, detach(x))), [x]);
    expect([...gradient.data]).toEqual([2, 7]); // and not 2 x
  });

  test("gives memory that can be marked on its own", () => {
    const x = array([2, 7], { dtype: "float64", requiresGrad: true });
    const y = requiresGrad(detach(nd.mul(x, x)));
    const output = nd.sum(nd.mul(y, 3));
    expect([...grad(output, [y])[0].data]).toEqual([3, 3]);
    expect([...grad(output, [x])[0].data]).toEqual([0, 0]);
  });

  test("refuses what is no array of floats", () => {
    const untyped = detach as (x: unknown) => unknown;
    expect(() => untyped([1, 2])).toThrow(/^detach: expected a float32 or float64 ndarray, got a plain array/);
    expect(() => untyped(ndarray(Int32Array.of(1)))).toThrow(ArgumentError);
  });
});

describe("noGrad", () => {
  test("holds for every door", () => {
    const x = rand([20, 2], { seed: 1, dtype: "float64", requiresGrad: true });
    const b = rand([20, 1], { seed: 2, dtype: "float64" });
    const aliases = ["x = Vi(2)", "y = Vj(2)", "b = Vj(1)"] as const;
    const K = Genred("Exp(-SqDist(x, y)) * b", aliases, { axis: 1 });
    const Kinv = KernelSolve("Exp(-SqDist(x, y)) * b", aliases, "b", { axis: 1 });
    const made = [
      () => K(x, x, b),
      () => K.dense(x, x, b),
      () => Kinv(x, x, b, { alpha: 1 }),
      () => nd.matmul(x, nd.transpose(x)),
    ];
    expect(made.map((make) => recordsBehind(make()) > 0)).toEqual(made.map(() => true));
    expect(made.map((make) => recordsBehind(noGrad(make)))).toEqual(made.map(() => 0));
  });

  test("ends with its function, also where that throws, and gives what it returns", () => {
    const x = array([2], { requiresGrad: true });
    expect(noGrad(() => 7)).toBe(7);
    const failure = new Error("of the user");
    expect(() =>
      noGrad(() => {
        throw failure;
      }),
    ).toThrow(failure);
    expect(noGrad(() => noGrad(() => recordsBehind(nd.mul(x, x))) + recordsBehind(nd.mul(x, x)))).toBe(0);
    expect(recordsBehind(nd.mul(x, x))).toBe(1);
  });

  test("refuses what is no function, and a promise, whose end it could not know", () => {
    const untyped = noGrad as (work: unknown) => unknown;
    expect(() => untyped(3)).toThrow(/^noGrad: expected a function, got the number 3$/);
    expect(() => noGrad(() => Promise.resolve(1))).toThrow(/^noGrad: expected a function that .* got a promise$/);
    expect(() => noGrad(() => Promise.reject(new Error("nobody waits")))).toThrow(ArgumentError);
    expect(recordsBehind(nd.exp(array([1], { requiresGrad: true })))).toBe(1);
  });
});

test("a history of 1000 records is told once", () => {
  const emitted = jest.spyOn(process, "emitWarning").mockImplementation(() => undefined);
  let x: RealArray = rand([2], { requiresGrad: true });
  for (let step = 0; step < 999; step++) x = nd.add(x, 1);
  expect(emitted).not.toHaveBeenCalled();
  for (let step = 0; step < 1100; step++) x = nd.add(x, 1);
  expect(emitted.mock.calls.map(([, options]) => options)).toEqual([{ type: "KeopsWarning", code: "KEOPS_HISTORY" }]);
  emitted.mockRestore();
});
