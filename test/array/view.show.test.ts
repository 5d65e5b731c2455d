/** How arrays are shown: as text, as lists, row by row. */
import { spawnSync } from "node:child_process";
import { resolve } from "node:path";
import { inspect } from "node:util";
import { array, nd, rand, zeros } from "../../src";

/** Without types that know better. */
const text = (shown: unknown): string => String(shown);

const x = array([
  [0.5, 20],
  [-1.25, 3],
]);

test("a small array shows dtype, shape and all elements, points below each other", () => {
  expect(text(x)).toBe("float32 [2, 2]\n[[ 0.5 , 20   ],\n [-1.25,  3   ]]");
  expect(inspect(x)).toBe(text(x));
  expect(text(array(3, { dtype: "float64" }))).toBe("float64 []\n3");
  expect(text(zeros([0, 3]))).toBe("float32 [0, 3]\n[]");
  expect(text(nd.argmax(x, { axis: 1 }))).toBe("int32 [2]\n[1, 1]");
});

test("seven digits are shown", () => {
  expect(text(array([1 / 3, 1e20 / 3], { dtype: "float64" }))).toBe("float64 [2]\n[0.3333333   , 3.333333e+19]");
});

test("a long array shows its first and last rows", () => {
  const lines = text(rand([2000, 3], { seed: 1 })).split("\n");
  expect(lines).toHaveLength(1 + 3 + 1 + 3);
  expect(lines[0]).toBe("float32 [2000, 3]");
  expect(lines[4]).toBe(" ...,");
  expect(text(rand([5000], { seed: 1 }))).toMatch(
    /^float32 \[5000\]\n\[[^,]+, [^,]+, [^,]+, \.\.\., [^,]+, [^,]+, [^,]+\]$/,
  );
});

test("views show their own elements", () => {
  expect(text(x.transpose(1, 0))).toBe("float32 [2, 2]\n[[ 0.5 , -1.25],\n [20   ,  3   ]]");
  expect(text(nd.flip(x))).toBe("float32 [2, 2]\n[[ 3   , -1.25],\n [20   ,  0.5 ]]");
});

test("nested lists, JSON and rows", () => {
  expect(nd.toNested(x)).toEqual([
    [0.5, 20],
    [-1.25, 3],
  ]);
  expect(nd.toNested(array(2))).toBe(2);
  expect(JSON.stringify({ x })).toBe('{"x":[[0.5,20],[-1.25,3]]}');
  const rows = [...(x as unknown as Iterable<typeof x>)];
  expect(rows.map((row) => nd.toNested(row))).toEqual(nd.toNested(x));
  rows[0]!.set(0, 7); // a view
  expect(x.get(0, 0)).toBe(7);
  x.set(0, 0, 0.5);
});

test("rows that are picked show themselves, as a process that has made no vector shows", () => {
  const code = `const { array } = require("./dist"); console.log(String(array([[1, 2], [3, 4]]).pick(1)));`;
  const { stdout } = spawnSync(process.execPath, ["-e", code], {
    cwd: resolve(__dirname, "..", ".."),
    encoding: "utf8",
  });
  expect(stdout).toBe("float32 [2]\n[3, 4]\n");
});
