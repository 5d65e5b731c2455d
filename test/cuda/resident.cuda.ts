/**
 * Arrays that stay on a device, on the simulated one: through calls, gradients and views, and until their memory is
 * given back.
 */
import { ArgumentError, DeviceError, InterruptedError } from "../../src/errors";
import {
  Genred,
  Vi,
  Vj,
  cuda,
  dispose,
  grad,
  rand,
  randn,
  requiresGrad,
  toDevice,
  toHost,
  zeros,
} from "../../src/index";
import type { RealArray } from "../../src/index";

const K = Genred("Exp(-g * SqDist(x, y)) * b", ["x = Vi(3)", "y = Vj(3)", "b = Vj(2)", "g = Pm(1)"], { axis: 1 });
const [x, y, b] = [rand([50, 3], { seed: 1 }), rand([40, 3], { seed: 2 }), randn([40, 2], { seed: 3 })];

const numbers = (array: RealArray): number[] => Array.from(toHost(array).data);

function expectClose(got: RealArray, expected: RealArray): void {
  expect(got.shape).toEqual(expected.shape);
  const wanted = numbers(expected);
  const scale = Math.max(...wanted.map(Math.abs));
  numbers(got).forEach((value, n) => expect(Math.abs(value - wanted[n]!)).toBeLessThan(1e-5 * scale));
}

test("lazy tensors and their solves take resident arrays", () => {
  const lazy = (p: RealArray<Float32Array>, q: RealArray<Float32Array>) => Vi(p).sqdist(Vj(q)).neg().exp();
  const xd = toDevice(x);
  expectClose(lazy(xd, toDevice(y)).matmul(toDevice(b)), lazy(x, y).matmul(b));
  const right = randn([50, 1], { seed: 4 });
  const solution = lazy(xd, xd).solve(toDevice(right), { alpha: 0.1 });
  expect(solution.data).not.toBeInstanceOf(Float32Array);
  expectClose(solution, lazy(x, x).solve(right, { alpha: 0.1 }));
});

test("an array goes there and back unchanged", () => {
  expect(numbers(toDevice(x))).toEqual(Array.from(x.data));
  expect(toDevice(x).get(4, 2)).toBe(x.get(4, 2));
});

test("a call on resident arrays gives a resident result, and parameters may be plain numbers", () => {
  const result = K(toDevice(x), toDevice(y), toDevice(b), 2);
  expect(result.data).not.toBeInstanceOf(Float32Array);
  expectClose(result, K(x, y, b, 2, { backend: "reference" }));
});

test("a promise writes into a resident array when all is computed", async () => {
  const given = [toDevice(x), toDevice(y), toDevice(b), 2] as const;
  const out = toDevice(zeros([50, 2]));
  expect(await K.async(...given, { out })).toBe(out);
  expect(numbers(out)).toEqual(numbers(K(...given)));
});

test("what a call writes into a resident array is a write like others", () => {
  const [points, columns] = [requiresGrad(toDevice(x)), toDevice(y)];
  const c = K(points, columns, toDevice(b), 2);
  const moved = Genred("Exp(-SqDist(x, y)) * y", ["x = Vi(3)", "y = Vj(3)"], { axis: 1 });
  moved(toDevice(y), toDevice(y), { out: columns });
  expect(() => grad(c, [points], toDevice(randn([50, 2], { seed: 5 })))).toThrow(ArgumentError);
});

test("a promise that is stopped gives back what it has taken of the device", async () => {
  const given = [toDevice(x), toDevice(y), toDevice(b), 2] as const;
  const before = cuda.memory().lent;
  const stop = new AbortController();
  const result = K.async(...given, { signal: stop.signal });
  stop.abort();
  await expect(result).rejects.toThrow(InterruptedError);
  expect(cuda.memory().lent).toBeLessThanOrEqual(before);
});

test("resident results go on into other calls without coming back", () => {
  const [onDevice, onHost] = [toDevice(x), x].map((points) => {
    const first = K(points, points, toDevice(randn([50, 2], { seed: 4 })), 2, { backend: "cuda" });
    return K(points, points, first, 2, { backend: "cuda" });
  });
  expectClose(onDevice!, onHost!);
});

test("views of resident arrays are taken as they are", () => {
  const rows = toDevice(x).hi(20, 3);
  const columns = toDevice(rand([3, 50], { seed: 1 })).transpose(1, 0);
  expectClose(K(rows, toDevice(y), toDevice(b), 2), K(x.hi(20, 3), y, b, 2, { backend: "reference" }));
  expectClose(
    K(columns, toDevice(y), toDevice(b), 2),
    K(rand([3, 50], { seed: 1 }).transpose(1, 0), y, b, 2, { backend: "reference" }),
  );
});

test("derivatives of resident arrays are resident", () => {
  const e = randn([50, 2], { seed: 5 });
  const [onDevice, onHost] = [toDevice(x), rand([50, 3], { seed: 1 })].map((points) => {
    const marked = requiresGrad(points);
    const isResident = !(points.data instanceof Float32Array);
    const c = isResident ? K(marked, toDevice(y), toDevice(b), 2) : K(marked, y, b, 2, { backend: "reference" });
    return grad(c, [marked], isResident ? toDevice(e) : e)[0];
  });
  expect(onDevice!.data).not.toBeInstanceOf(Float32Array);
  expectClose(onDevice!, onHost!);
});

test("the way there and back is part of a derivative", () => {
  const points = requiresGrad(rand([50, 3], { seed: 1 }));
  const c = toHost(K(toDevice(points), toDevice(y), toDevice(b), 2));
  const expected = requiresGrad(rand([50, 3], { seed: 1 }));
  const e = randn([50, 2], { seed: 5 });
  const [there] = grad(c, [points], e);
  const [here] = grad(K(expected, y, b, 2, { backend: "reference" }), [expected], e);
  expect(there.data).toBeInstanceOf(Float32Array);
  expectClose(there, here);
});

test("a promise gives the same", async () => {
  const result = await K.async(toDevice(x), toDevice(y), toDevice(b), 2);
  expectClose(result, K(x, y, b, 2, { backend: "reference" }));
});

test("an engine of the processor refuses resident arrays and names the way back", () => {
  expect(() => K(toDevice(x), y, b, 2, { backend: "cpu" })).toThrow(DeviceError);
  expect(() => K(toDevice(x), y, b, 2, { backend: "cpu" })).toThrow(/toHost\(x\)/);
});

test("disposed memory is lent again, and using it is an ArgumentError", () => {
  const before = cuda.memory().lent;
  const large = toDevice(zeros([1 << 18, 1]));
  expect(cuda.memory().lent).toBe(before + (1 << 20));
  dispose(large);
  dispose(large);
  expect(cuda.memory().lent).toBe(before);
  expect(() => toHost(large)).toThrow(ArgumentError);
  expect(() => K(toDevice(x), y, large, 2)).toThrow(/disposed|expected shape/);
});

test("an array that does not fit is a DeviceError with call, code and device, and other arrays stay as they were", () => {
  const kept = toDevice(x);
  const tooLarge = zeros([1 << 25, 1]); // twice what scripts/test-cuda.mjs gives the simulated device
  expect(() => toDevice(tooLarge)).toThrow(
    /cuMemAlloc_v2: expected \d+ bytes on device 0 \(.*\), got CUDA_ERROR_OUT_OF_MEMORY/,
  );
  expect(numbers(kept)).toEqual(Array.from(x.data));
  expectClose(K(kept, toDevice(y), toDevice(b), 2), K(x, y, b, 2, { backend: "reference" }));
});
