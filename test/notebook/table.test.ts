/** Tables of notebooks, as text and as HTML. */
import { inspect } from "node:util";
import { array, nd, notebook } from "../../src/index";

const text = (...args: Parameters<typeof notebook.table>): string[] =>
  notebook.table(...args).data["text/plain"].split("\n");
const html = (...args: Parameters<typeof notebook.table>): string => notebook.table(...args).data["text/html"];

test("a matrix has numbers as names, or those that are given", () => {
  const x = array([
    [1, 2.5],
    [-3, 0.123456789],
  ]);
  expect(text(x)).toEqual(["    0        1", "0   1      2.5", "1  -3  0.12346"]);
  expect(text(x, { columns: ["a", "b"], digits: 2, title: "two" })).toEqual(["two", "    a     b", "0   1   2.5", "1  -3  0.12"]); // prettier-ignore
});

test("columns, objects, numbers and lists are tables, too", () => {
  const expected = ["   k  v", "0  a  1", "1  b  2"];
  expect(text({ k: ["a", "b"], v: [1, 2] })).toEqual(expected);
  expect(text([{ k: "a", v: 1 }, { k: "b", v: 2 }])).toEqual(expected); // prettier-ignore
  expect(text({ k: ["a", "b"], w: [0, 0], v: [1, 2] }, { columns: ["k", "v"] })).toEqual(expected);
  expect(text(nd.arange(2))).toEqual(["   0", "0  0", "1  1"]);
  expect(text([7, NaN])).toEqual(["     0", "0    7", "1  NaN"]);
  expect(text([[7, Infinity]])).toEqual(["   0         1", "0  7  Infinity"]);
  expect(text([{ a: 1 }, { b: null }])).toEqual(["   a  b", "0  1", "1"]);
});

test("rows in the middle are left out", () => {
  const lines = text(nd.arange(1000), { rows: 5 });
  expect(lines.map((line) => line.trim().split(/\s+/)[0])).toEqual(["0", "0", "1", "2", "…", "998", "999"]);
});

test("HTML has the cells, escaped", () => {
  expect(html({ "a<b": ["x & y"] }, { title: "<t>" })).toBe(
    "<table><caption>&lt;t&gt;</caption><thead><tr><th></th><th>a&lt;b</th></tr></thead>" +
      "<tbody><tr><th>0</th><td>x &amp; y</td></tr></tbody></table>",
  );
});

test("a cell that ends in a table prints its text", () => {
  const bundle = notebook.table([1]);
  expect(inspect(bundle)).toBe(bundle.data["text/plain"]);
});

test("what is no table is refused", () => {
  expect(() => notebook.table(nd.ones([2, 2, 2]))).toThrow("table: expected shape [N] or [N, D], got [2, 2, 2]");
  expect(() => notebook.table(nd.ones([2, 2]), { columns: ["a"] })).toThrow("table, columns: expected 2 names, got 1");
  expect(() => notebook.table({ a: [1], b: [1, 2] })).toThrow("table, b: expected 1 as of a, got 2");
  expect(() => notebook.table(nd.ones([2, 2]), { columns: ["a", "a"] })).toThrow(
    'expected each name once, got "a" twice',
  );
  expect(() => notebook.table({ a: [1] }, { columns: ["b"] })).toThrow(/^table, columns: expected a field of the rows/);
  expect(() => notebook.table([nd.ones([2]), nd.ones([2])])).toThrow("got a list of arrays");
});
