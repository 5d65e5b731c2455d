/** Pictures of points: what is described, how large it is, and that it can be drawn. */
import { resolve } from "node:path";
import { runInNewContext } from "node:vm";
import { ArgumentError } from "../../src/errors";
import { array, nd, rand, zeros } from "../../src/index";
import { chart, scatterChart } from "../../src/notebook/display";

const start = process.cwd();
beforeAll(() => process.chdir(resolve(__dirname, "..", "..", "notebooks"))); // where vega is
afterAll(() => process.chdir(start));

interface Spec {
  readonly height: number;
  readonly data: { readonly values: readonly number[] };
  readonly transform: readonly { readonly calculate: string; readonly as: string }[];
  readonly encoding: { readonly color?: object };
}
const describe2 = (...args: Parameters<typeof scatterChart>): Spec => scatterChart(...args) as Spec;

const points = array([
  [0, 0],
  [1, 2],
  [0.5, NaN],
]);

/** What vega makes of the integers. */
function decoded(spec: Spec): Record<string, unknown>[] {
  return spec.data.values.map((data) => {
    const datum: Record<string, unknown> = { data };
    for (const { calculate, as } of spec.transform)
      datum[as] = runInNewContext(calculate, { datum, floor: Math.floor }) as unknown;
    return datum;
  });
}

test("points are where they were, to a step, and those that are not finite are left out", () => {
  const [first, second, ...others] = decoded(describe2(points)) as { x: number; y: number }[];
  expect(others).toEqual([]);
  for (const [got, expected] of [
    [first!, [0, 0]],
    [second!, [1, 2]],
  ] as const) {
    expect(Math.abs(got.x - expected[0])).toBeLessThan(1.06 / 1024);
    expect(Math.abs(got.y - expected[1])).toBeLessThan(2.12 / 1024);
  }
});

test("labels keep their names, and values their size", () => {
  const named = describe2(points, { label: ["a", 'b "c", d', "e"] });
  expect(decoded(named).map(({ c }) => c)).toEqual(["a", 'b "c", d']);
  const [low, high] = decoded(describe2(points, { value: array([-1, 3, 1]) })).map(({ c }) => c as number);
  expect(Math.abs(low! + 1)).toBeLessThan(4 / 256);
  expect(Math.abs(high! - 3)).toBeLessThan(4 / 256);
  expect(decoded(describe2(points, { value: [5, 5, 5] })).map(({ c }) => Math.round(c as number))).toEqual([5, 5]);
});

test("points whose value is not finite are left out, and equal values have a colour", () => {
  const values = decoded(describe2(zeros([3, 2]), { value: [NaN, 5, Infinity] }));
  expect(values.map(({ c }) => Math.round(c as number))).toEqual([5]);
  const [c] = decoded(describe2(zeros([1, 2]), { value: [1e20] })).map((point) => point.c as number);
  expect(Math.abs(c! / 1e20 - 1)).toBeLessThan(1 / 256);
});

test("numbers of classes stand in their order", () => {
  const { encoding } = describe2(zeros([12, 2]), { label: [11, 2, 10, 1, 0, 3, 4, 5, 6, 7, 8, 9] });
  expect((encoding.color as { sort: string[] }).sort).toEqual(Array.from({ length: 12 }, (_, n) => String(n)));
});

test("both axes have one scale, unless a height is given", () => {
  expect(describe2(points).height).toBe(800);
  expect(describe2(points, { height: 300 }).height).toBe(300);
  expect(describe2(zeros([2, 2])).height).toBe(400);
});

test("100 000 points with values take less than a megabyte", () => {
  const cloud = rand([100_000, 2], { seed: 1 });
  const value = rand([100_000], { seed: 2 });
  for (const options of [{ value }, { label: nd.randint(0, 9, [100_000], { seed: 2 }) }])
    expect(JSON.stringify(scatterChart(cloud, options)).length).toBeLessThan(2 ** 20);
});

test("it is drawn, with layers over it", async () => {
  const over = [
    { data: { values: [{ u: 0.5 }] }, mark: "rule", encoding: { x: { field: "u", type: "quantitative" } } },
  ];
  const spec = scatterChart(rand([100, 2], { seed: 1 }), { value: rand([100], { seed: 2 }), legend: "height", over });
  const { data } = await chart(spec, { show: false });
  expect(Buffer.from(data["image/png"], "base64").length).toBeGreaterThan(5000);
});

test.each([
  [(): unknown => scatterChart(zeros([3])), "scatterChart: expected points of shape [N, 2], got [3]"],
  [
    (): unknown => scatterChart(points, { value: [1] }),
    "scatterChart, value: expected one for each of 3 points, got 1",
  ],
  [
    (): unknown => scatterChart(points, { value: [1, 2, 3], label: [1, 2, 3] }),
    /expected a value or a label .* got both$/,
  ],
])("refuses %#", (call, message) => {
  expect(call).toThrow(ArgumentError);
  expect(call).toThrow(message);
});
