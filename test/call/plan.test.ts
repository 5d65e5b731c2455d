/** What K.plan tells of a call before anything runs. */
import { fromMatrix } from "../../src/cluster";
import { ArgumentError } from "../../src/errors";
import { Genred, cuda, rand } from "../../src";
import type { CallOptions, CallPlan } from "../../src";

const K = Genred("Exp(-g * SqDist(x, y)) * b", ["x = Vi(3)", "y = Vj(3)", "b = Vj(2)", "g = Pm(1)"], { axis: 1 });
const [x, y, b] = [rand([40, 3], { seed: 1 }), rand([50, 3], { seed: 2 }), rand([50, 2], { seed: 3 })];
const G = 0.7;
const planOn = (backend: CallOptions["backend"]): CallPlan => K.plan(x, y, b, G, { backend });

test("tells pairs, operations and bytes by their definitions", () => {
  const { pairs, bytes, denseBytes } = planOn("reference");
  expect({ pairs, bytes, denseBytes }).toEqual({
    pairs: 40 * 50,
    bytes: 4 * (40 * 3 + 50 * 3 + 50 * 2 + 1),
    denseBytes: 4 * 40 * 50 * 2,
  });
  // Three differences, three squares with their sum, the factor and the exponential, two products with b.
  expect(planOn("reference").flopsPerPair).toBeGreaterThan(3 + 3 + 2 + 2);
});

test("names the backend, its tiles, and shows its text", () => {
  expect(planOn("cpu")).toMatchObject({ backend: "cpu", tiles: expect.stringMatching(/rows/) as string });
  expect(planOn("cpu").code).toContain("exp2");
  expect(planOn("reference")).toMatchObject({ backend: "reference", tiles: undefined, code: undefined });
});

test("shows the text of a GPU where there is none, and says why it cannot run there", () => {
  const { backend, code, whyNot } = planOn("cuda");
  expect([backend, whyNot]).toEqual(["cuda", cuda.whyNot()]);
  expect(code).toMatch(/__global__ .* keops_reduce\(/);
  expect(code).toMatch(/exp2\(t\d+_0\)/);
});

test("plans for the number of a device that is not there", () => {
  const { backend, code, whyNot } = K.plan(x, y, b, G, { device: 0 });
  expect([backend, whyNot, code]).toEqual(["cuda", cuda.whyNot(), planOn("cuda").code]);
  expect(() => K.plan(x, y, b, G, { device: -1 })).toThrow(ArgumentError);
  expect(() => K.plan(x, y, b, G, { device: 0, backend: "cpu" })).toThrow(ArgumentError);
});

test("tells the program of the tiles in words, in the tiles that run it", () => {
  const { tiles, code } = planOn("tiles");
  const [, size] = /tiles of (.*)$/.exec(tiles!)!;
  expect(code!.split("\n")[0]).toMatch(new RegExp(`^tiles of ${size!} in float32, `));
  const program = code!.slice(code!.indexOf("for every pair:"));
  expect(program.split("\n").slice(1, -1)).toEqual([
    "  t0 = Square(r0 - x1[0]) + Square(r1 - x1[1]) + Square(r2 - x1[2])",
    "  t0 = Exp2(p2 * t0)",
  ]);
  expect(program).toMatch(/ times x2\[0\], x2\[1\]$/);
});

test("says what a call would say of arrays that do not fit and of backends that cannot run", () => {
  expect(() => K.plan(x, y, rand([3, 2]), G)).toThrow(/^b \(Vj, dim 2\): expected shape/);
  expect(() => K.plan(x, y, b, G, { backend: "abacus" as "cpu" })).toThrow(ArgumentError);
});

test("counts the pairs of ranges and of batches", () => {
  const distances = Genred("SqDist(x, y)", ["x = Vi(1)", "y = Vj(1)"], { axis: 1 });
  const ranges = fromMatrix([[0, 4], [4, 6]], [[0, 3], [3, 10]], [[true, false], [true, true]]); // prettier-ignore
  expect(distances.plan(rand([6, 1]), rand([10, 1]), { ranges }).pairs).toBe(4 * 3 + 2 * 10);
  expect(distances.plan(rand([5, 6, 1]), rand([1, 10, 1])).pairs).toBe(5 * 6 * 10);
});
