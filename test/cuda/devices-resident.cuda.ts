/** Calls and resident arrays on several simulated devices: on one of them, or on all at once with the same bits. */
import { join } from "node:path";
import { onSimulator, simulatorFolder } from "../cuda-sim/simulator";
import type { Outcome } from "../cuda-sim/simulator";

const PRELUDE = `
  const { Genred, KernelSolve, cuda, grad, rand, randn, requiresGrad, toDevice, toHost } =
    require(${JSON.stringify(join(__dirname, "..", "..", "dist", "index.js"))});
  const ALIASES = ["x = Vi(3)", "y = Vj(3)", "b = Vj(2)", "g = Pm(1)"];
  const [x, y, b] = [rand([1500, 3], { seed: 1 }), rand([700, 3], { seed: 2 }), randn([700, 2], { seed: 3 })];
  const e = randn([1500, 2], { seed: 4 });
  const K = (axis) => Genred("Exp(-g * SqDist(x, y)) * b", ALIASES, { axis });
  const KT = Genred("Exp(-g * SqDist(x, y)) * e", ["x = Vi(3)", "y = Vj(3)", "e = Vi(2)", "g = Pm(1)"], { axis: 0 });
  const numbers = (array) => Array.from(toHost(array).data);
  const same = (a, b) => {
    const [ours, theirs] = [numbers(a), numbers(b)];
    return ours.length === theirs.length && ours.every((value, n) => Object.is(value, theirs[n]));
  };
  const show = (value) => console.log(JSON.stringify(value));
  const message = (f) => { try { f(); } catch (error) { return error.code + ": " + error.message; } };
`;

/** Runs a program on so many devices; its last line is what it shows. */
function onDevices(count: number, body: string, settings: Readonly<Record<string, string>> = {}): [unknown, Outcome] {
  const command = [process.execPath, "-e", `${PRELUDE}${body}`] as [string, ...string[]];
  const done = onSimulator(simulatorFolder(), command, { CUDASIM_DEVICES: String(count), ...settings });
  expect(done.errors).toBe("");
  return [JSON.parse(done.output) as unknown, done];
}

const launchedOn = ({ log }: Outcome): number[] => {
  const launches = log.filter(({ call, kernel }) => call === "cuLaunchKernel" && kernel === "keops_reduce");
  return [...new Set(launches.map(({ device }) => Number(device)))].sort();
};

test("a call runs on the device that it names, and its result is the same", () => {
  const [shown, done] = onDevices(
    2,
    `const [c, d] = [0, 1].map((device) => K(1)(x, y, b, 2, { device }));
     show([same(c, d), cuda.devices().length]);`,
  );
  expect(shown).toEqual([true, 2]);
  expect(launchedOn(done)).toEqual([0, 1]);
});

test("derivatives pass through copies from device to device and to the machine, and are where their inputs are", () => {
  const [shown] = onDevices(
    2,
    `const placed = ({ data }) => (data.address === undefined ? "machine" : data.device);
     const on = (array, device) => requiresGrad(toDevice(array, { device }));
     const xs = requiresGrad(rand([1500, 3], { seed: 1 }));
     const expected = grad(K(1)(xs, y, b, 2), [xs], e)[0];
     const x1 = on(x, 1);
     const throughHost = grad(toHost(K(1)(x1, toDevice(y, { device: 1 }), toDevice(b, { device: 1 }), 2)), [x1], e)[0];
     const x0 = on(x, 0);
     const moved = grad(toDevice(x0, { device: 1 }), [x0], toDevice(x, { device: 1 }))[0];
     const copied = grad(toHost(x1), [x1], x)[0];
     const close = numbers(throughHost).every((value, n) => Math.abs(value - numbers(expected)[n]) < 1e-4);
     show([close, ...[throughHost, moved, copied].map(placed), same(moved, x), same(copied, x)]);`,
  );
  expect(shown).toEqual([true, 1, 0, 1, true, true]);
});

test.each([2, 3])("%i devices share the rows of sums over either index, with the bits of one", (count) => {
  const [shown, done] = onDevices(
    count,
    `const all = { device: "all" };
     show([
       same(K(1)(x, y, b, 2, all), K(1)(x, y, b, 2, { device: 0 })),
       same(KT(x, y, e, 2, all), KT(x, y, e, 2, { device: 0 })),
     ]);`,
  );
  expect(shown).toEqual([true, true]);
  expect(launchedOn(done)).toEqual(Array.from({ length: count }, (_, n) => n));
  expect(done.log.at(-1)).toMatchObject({ liveBytes: 0, pinnedBytes: 0, streams: 0, events: 0 });
});

test("all devices serve indices, derivatives, promises, and solves", () => {
  const [shown] = onDevices(
    3,
    `(async () => {
      const nearest = Genred("SqDist(x, y)", ["x = Vi(3)", "y = Vj(3)"], { reductionOp: "ArgKMin", optArg: 3, axis: 1 });
      const [one, all] = [{ device: 0 }, { device: "all" }];
      const indices = ({ data }) => Array.from(data).join();
      const gradients = (options) => {
        const points = requiresGrad(rand([1500, 3], { seed: 1 }));
        return grad(K(1)(points, y, b, 2, options), [points], e)[0];
      };
      const Kinv = KernelSolve("Exp(-g * SqDist(x, y)) * b", ALIASES, "b", { axis: 1 });
      const close = (a, b) => numbers(a).every((value, n) => Math.abs(value - numbers(b)[n]) < 1e-4);
      const points = rand([200, 3], { seed: 5 });
      const right = randn([200, 2], { seed: 6 });
      const cut = [[0, 80], [80, 200]];
      const halves = { ranges: [cut, [1, 2], cut, cut, [1, 2], cut], preconditioner: "none" };
      const solve = (options) => Kinv(points, points, right, 2, { alpha: 0.5, method: "cg", ...options });
      show([
        indices(nearest(x, y, all)) === indices(nearest(x, y, one)),
        same(gradients(all), gradients(one)),
        same(await K(1).async(x, y, b, 2, all), K(1)(x, y, b, 2, one)),
        close(solve({ device: 2 }), solve({ backend: "cpu" })),
        close(solve(all), solve({ backend: "cpu" })),
        close(solve({ ...all, ...halves }), solve({ backend: "cpu", ...halves })),
      ]);
    })();`,
  );
  expect(shown).toEqual([true, true, true, true, true, true]);
});

/**
 * Entries that share points and have columns of their own, and blocks of pairs: row intervals out of order and uneven,
 * one that visits nothing.
 */
const CUT = `
  const entries = (...shape) => [rand([...shape, 600, 3], { seed: 5 }), rand([...shape.map(() => 1), 40, 3], { seed: 6 }), randn([...shape, 40, 2], { seed: 7 })];
  const nearest = Genred("SqDist(x, y)", ALIASES.slice(0, 2), { reductionOp: "KMin_ArgKMin", optArg: 2, axis: 1 });
  const ranges = [
    [[1300, 1500], [0, 900], [900, 960], [960, 1300]], [1, 3, 3, 4], [[0, 100], [650, 700], [100, 400], [0, 100]],
    [[0, 100], [100, 400], [400, 650], [650, 700]], [2, 3, 3, 4], [[1300, 1500], [960, 1300], [0, 900], [0, 900]],
  ];
  const shared = (f) => {
    const [all, one] = [{ device: "all" }, { device: 0 }].map((options) => [f(options)].flat());
    return all.every((array, n) => same(array, one[n]));
  };
`;

test.each([2, 3])(
  "%i devices share the entries of batches, and the rows where entries are few, with the bits of one",
  (count) => {
    const [shown, done] = onDevices(
      count,
      `${CUT}
     show([[5], [2], [2, 3], [1]].map((shape) => entries(...shape)).map(([p, q, r]) => [
       shared((options) => K(1)(p, q, r, 2, options)),
       shared((options) => K(0)(q, p, rand(p.shape.with(-1, 2), { seed: 8 }), 2, options)),
       shared((options) => nearest(p, q, options)),
     ]));`,
    );
    expect((shown as boolean[][]).flat()).toEqual(new Array(12).fill(true));
    expect(launchedOn(done)).toEqual(Array.from({ length: count }, (_, n) => n));
    expect(done.log.at(-1)).toMatchObject({ liveBytes: 0, pinnedBytes: 0, streams: 0, events: 0 });
  },
);

test.each([2, 3])("%i devices share the blocks of ranges, with the bits of one", (count) => {
  const [shown, done] = onDevices(
    count,
    `${CUT}
     const many = rand([2, 1500, 3], { seed: 9 });
     show([
       shared((options) => K(1)(x, y, b, 2, { ...options, ranges })),
       shared((options) => nearest(x, y, { ...options, ranges })),
       shared((options) => K(1)(many, rand([1, 700, 3], { seed: 2 }), rand([1, 700, 2], { seed: 3 }), 2, { ...options, ranges })),
     ]);`,
  );
  expect(shown).toEqual([true, true, true]);
  expect(launchedOn(done)).toEqual(Array.from({ length: count }, (_, n) => n));
  expect(done.log.at(-1)).toMatchObject({ liveBytes: 0, pinnedBytes: 0, streams: 0, events: 0 });
});

test("a call with ranges is as many launches as its pairs need, not those that it leaves out", () => {
  const [shown, done] = onDevices(
    1,
    `const n = 40000, step = 2000;
     const rows = Array.from({ length: n / step }, (_, k) => [k * step, (k + 1) * step]);
     const columns = rows.map(([begin]) => [begin, begin + 5]);
     const slices = rows.map((_, k) => k + 1);
     const [p, q, r] = [rand([n, 3], { seed: 1 }), rand([n, 3], { seed: 2 }), randn([n, 2], { seed: 3 })];
     const ranges = [rows, slices, columns, columns, slices, rows];
     const c = K(1)(p, q, r, 2, { backend: "cuda", ranges });
     const expected = K(1)(p, q, r, 2, { backend: "cpu", ranges });
     show(numbers(c).every((value, k) => Math.abs(value - expected.data[k]) < 1e-5));`,
  );
  expect(shown).toBe(true);
  expect(done.log.filter(({ call, kernel }) => call === "cuLaunchKernel" && kernel === "keops_reduce")).toHaveLength(1);
});

test("resident arrays stay and solve where they are", () => {
  const [shown, done] = onDevices(
    2,
    `const [p, r] = [rand([150, 3], { seed: 5 }), randn([150, 2], { seed: 6 })].map((array) => toDevice(array, { device: 1 }));
     const Kinv = KernelSolve("Exp(-g * SqDist(x, y)) * b", ALIASES, "b", { axis: 1 });
     const solution = Kinv(p, p, r, 2, { alpha: 0.5, method: "cg" });
     show([solution.data.device, toDevice(p, { device: 0 }).data.device, same(toDevice(p, { device: 0 }), p)]);`,
  );
  expect(shown).toEqual([1, 0, true]);
  expect(launchedOn(done)).toEqual([1]);
});

test("errors name the device", () => {
  const [shown] = onDevices(
    2,
    `const [x0, y1] = [toDevice(x), toDevice(y, { device: 1 })];
     show([
       message(() => K(1)(x, y, b, 2, { device: 2 })),
       message(() => K(1)(x, y, b, 2, { device: 0, backend: "cpu" })),
       message(() => K(1)(x0, y, b, 2, { device: 1 })),
       message(() => K(1)(x0, y, b, 2, { device: "all" })),
       message(() => K(1)(x0, y1, b, 2)),
     ]);`,
  );
  expect(shown).toEqual([
    "ERR_KEOPS_ARGUMENT: device: expected a number from 0 to 1, got 2",
    'ERR_KEOPS_ARGUMENT: device: expected backend "cuda" with it, got the string "cpu"',
    "ERR_KEOPS_DEVICE: device: expected 0, where the arrays are, got 1",
    'ERR_KEOPS_DEVICE: device: expected 0, where the arrays are, got "all"',
    'ERR_KEOPS_DEVICE: backend "cuda": expected arrays on one device, got some on 0 and 1',
  ]);
});

test("a failure on one of several devices ends the call and names that device, and no device keeps memory", () => {
  const [shown] = onDevices(
    2,
    `show([message(() => K(1)(x, y, b, 2, { device: "all" })), cuda.memory(0).lent, cuda.memory(1).lent]);`,
    { CUDASIM_FAIL: "cuLaunchKernel:2:1" },
  );
  const [text, ...lent] = shown as [string, number, number];
  expect(text).toMatch(/^ERR_KEOPS_DEVICE: .*: expected device [01] \(Simulated device sm_130\) to do it, got/);
  expect(lent).toEqual([0, 0]);
});
