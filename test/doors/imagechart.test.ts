/** Pictures of grids: which number becomes which pixel, and where the axes put it. */
import { resolve } from "node:path";
import { crc32, inflateSync } from "node:zlib";
import { ArgumentError } from "../../src/errors";
import { array, zeros } from "../../src/index";
import { chart, imageChart } from "../../src/notebook/display";

const start = process.cwd();
beforeAll(() => process.chdir(resolve(__dirname, "..", "..", "notebooks"))); // where vega is
afterAll(() => process.chdir(start));

interface Layer {
  readonly mark: { readonly type: string; readonly url: string };
  readonly encoding: unknown;
}
const layersOf = (spec: object): readonly Layer[] => (spec as { layer: readonly Layer[] }).layer;

/** Rows of pixels from the top, each pixel as red, green, blue. */
function pixelsOf(spec: object): number[][][] {
  const [, base64 = ""] = /^data:image\/png;base64,(.*)$/.exec(layersOf(spec)[0]!.mark.url) ?? [];
  const png = Buffer.from(base64, "base64");
  expect(png.subarray(0, 8).toString("latin1")).toBe("\x89PNG\r\n\x1a\n");
  const chunks = chunksOf(png.subarray(8));
  const [columns, rows] = [chunks.get("IHDR")!.readUInt32BE(0), chunks.get("IHDR")!.readUInt32BE(4)];
  const lines = inflateSync(chunks.get("IDAT")!);
  return Array.from({ length: rows }, (_, r) =>
    Array.from({ length: columns }, (_, c) => [...lines.subarray(r * (3 * columns + 1) + 1 + 3 * c).subarray(0, 3)]),
  );
}

function chunksOf(bytes: Buffer): Map<string, Buffer> {
  const chunks = new Map<string, Buffer>();
  for (let at = 0; at < bytes.length;) {
    const length = bytes.readUInt32BE(at);
    const named = bytes.subarray(at + 4, at + 8 + length);
    expect(bytes.readUInt32BE(at + 8 + length)).toBe(crc32(named));
    chunks.set(named.toString("latin1", 0, 4), named.subarray(4));
    at += 12 + length;
  }
  return chunks;
}

const [DARK, BRIGHT] = [
  [68, 1, 84],
  [253, 231, 37],
]; // the ends of viridis

test("row 0 is the lowest, and the least and the greatest number have the ends of the colours", () => {
  expect(pixelsOf(imageChart(array([[0, 1], [3, 3]])))).toEqual([[BRIGHT, BRIGHT], [DARK, expect.anything()]]); // prettier-ignore
});

test("a domain says what the ends of the colours stand for; beyond it they stay, and NaN is white", () => {
  const spec = imageChart(array([[-9, 0, 1, 9, NaN]]), { domain: [0, 1] });
  expect(pixelsOf(spec)).toEqual([[DARK, DARK, BRIGHT, BRIGHT, [255, 255, 255]]]);
});

test("one number for all pixels, or none that is finite, is drawn all the same", () => {
  expect(pixelsOf(imageChart(array([[5, 5]])))).toEqual([[DARK, DARK]]);
  expect(pixelsOf(imageChart(array([[NaN]])))).toEqual([[[255, 255, 255]]]);
});

test("colours are taken as they are, within 0 and 1", () => {
  const spec = imageChart(array([[[1, 0.5, 0], [-1, 2, 0.2]]])); // prettier-ignore
  expect(pixelsOf(spec)).toEqual([[[255, 128, 0], [0, 255, 51]]]); // prettier-ignore
});

test("a view is drawn as its elements read, whatever its strides", () => {
  const grid = array([[0, 1, 2], [3, 4, 5]]); // prettier-ignore
  expect(pixelsOf(imageChart(grid.transpose(1, 0)))).toEqual(pixelsOf(imageChart(array([[0, 3], [1, 4], [2, 5]])))); // prettier-ignore
});

test("axes, legend and further layers are vega-lite, and vega draws them", async () => {
  const over = [{ data: { values: [{}] }, mark: "point", encoding: { x: { datum: 2 }, y: { datum: 0.5 } } }];
  const spec = imageChart(array([[0, 1]]), { x: [1, 3], xTitle: "place", legend: "height", over });
  const [picture, legend, last] = layersOf(spec);
  expect(picture!.encoding).toMatchObject({
    x: { datum: 2, title: "place", scale: { domain: [1, 3] } },
    y: { datum: 0.5 },
  });
  expect(legend!.encoding).toMatchObject({ color: { title: "height", scale: { domain: [0, 1], scheme: "viridis" } } });
  expect(last).toEqual(over[0]);
  const { metadata } = await chart(spec);
  expect(metadata["image/png"].width).toBeGreaterThan(300);
});

test("without a legend there is none", () => {
  expect(layersOf(imageChart(array([[0, 1]])))).toHaveLength(1);
});

test.each([
  [
    "two colours for a pixel",
    array([[[1, 2]]]),
    {},
    "expected shape [rows, columns] or [rows, columns, 3], got [1, 1, 2]",
  ],
  ["a list", array([1, 2]), {}, "got [2]"],
  ["a picture without rows", zeros([0, 3]), {}, "got [0, 3]"],
  [
    "a scheme of separate colours",
    array([[1]]),
    { scheme: "tableau10" },
    "expected a continuous colour scheme of vega",
  ],
  ["a scheme that is none", array([[1]]), { scheme: "nope" }, 'got "nope"'],
])("%s is refused", (_, values, options, message) => {
  expect(() => imageChart(values, options)).toThrow(ArgumentError);
  expect(() => imageChart(values, options)).toThrow(message);
});
