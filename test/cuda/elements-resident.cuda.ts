/** Picking and adding elements of resident arrays, on the simulated device: only places and indices move. */
import { join } from "node:path";
import { Genred, grad, rand, randn, requiresGrad, toDevice, toHost } from "../../src/index";
import type { RealArray } from "../../src/index";
import { gather, scatterAdd } from "../../src/array/tape";
import { onSimulator, simulatorFolder } from "../cuda-sim/simulator";

const numbers = (array: RealArray): number[] => Array.from(toHost(array).data);

test.each(["float32", "float64"] as const)(
  "gathers and scatters in %s are those of the machine, to the bit",
  (dtype) => {
    const x = randn([700, 3], { seed: 1, dtype });
    const places = Float64Array.from({ length: 900 }, (_, n) => (n * 37) % 611);
    expect(numbers(gather(toDevice(x), places, [900]))).toEqual(numbers(gather(x, places, [900])));
    const many = randn([900], { seed: 2, dtype });
    expect(numbers(scatterAdd(toDevice(many), places, [700, 3]))).toEqual(numbers(scatterAdd(many, places, [700, 3])));
    expect(numbers(scatterAdd(toDevice(many), places, [700, 3])).slice(-1)).toEqual([0]);
  },
);

test("views of any strides are copied on the device", () => {
  const x = rand([40, 3, 5], { seed: 1 });
  const view = (array: RealArray): RealArray => array.transpose(2, 0, 1).step(-2, 3, 1);
  expect(numbers(view(toDevice(x)))).toEqual(numbers(view(x)));
});

test("the gradient of a minimum is picked and put back on the device", () => {
  const D = Genred("SqDist(x, y)", ["x = Vi(3)", "y = Vj(3)"], { reductionOp: "Min", axis: 1 });
  const [there, here] = [true, false].map((resident) => {
    const [x, y] = [rand([60, 3], { seed: 1 }), rand([50, 3], { seed: 2 })].map((a) => (resident ? toDevice(a) : a));
    const e = randn([60, 1], { seed: 3 });
    requiresGrad(x!);
    requiresGrad(y!);
    return grad(D(x!, y!), [x!, y!], resident ? toDevice(e) : e);
  });
  there!.forEach((gradient, n) => {
    expect(gradient.data).not.toBeInstanceOf(Float32Array);
    numbers(gradient).forEach((value, k) => expect(value).toBeCloseTo(numbers(here![n]!)[k]!, 5));
  });
});

test("two gradients of one resident array add up there: nothing comes back", () => {
  const program = `
    const { Genred, grad, rand, randn, requiresGrad, toDevice } = require(${JSON.stringify(join(__dirname, "..", "..", "dist", "index.js"))});
    const K = Genred("Exp(-SqDist(x, y)) * b", ["x = Vi(3)", "y = Vj(3)", "b = Vj(1)"], { axis: 1 });
    const [x, b, e] = [rand([100, 3], { seed: 1 }), randn([100, 1], { seed: 2 }), randn([100, 1], { seed: 3 })].map((a) => toDevice(a));
    requiresGrad(x);
    const [gradient] = grad(K(x, x, b), [x], e);
    console.log(gradient.shape.join());
  `;
  const done = onSimulator(simulatorFolder(), [process.execPath, "-e", program]);
  expect([done.output.trim(), done.errors]).toEqual(["100,3", ""]);
  const back = done.log.filter(({ call, bytes }) => call === "cuMemcpyDtoHAsync_v2" && bytes !== 8); // 8: a constant of a module
  expect(back).toEqual([]);
  expect(done.log.some(({ call, kernel }) => call === "cuLaunchKernel" && kernel === "keops_add")).toBe(true);
});
