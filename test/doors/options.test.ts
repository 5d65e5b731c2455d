/** Options as rows: names, checks, messages and defaults come from the table. */
import { execFileSync } from "node:child_process";
import { resolve } from "node:path";
import { ArgumentError } from "../../src/errors";
import { minimise, nd } from "../../src";
import type * as Api from "../../src";
import { checkValues, optionsOf, withDefaults, withoutRows } from "../../src/options";
import type { OptionsOf, RequiredOptionsOf } from "../../src/options";

const ROWS = {
  size: { kind: "integer", least: 1, default: 4 },
  part: { kind: "number", least: 0 },
  way: { kind: ["up", "down", "both"], default: "both" },
  name: { expected: "a name", accepts: (value: unknown): value is string => typeof value === "string" },
  title: { kind: "text" },
} as const;

test("a row gives the type of its option", () => {
  const options: OptionsOf<typeof ROWS> = { size: 2, part: 0.5, way: "up", name: "x", title: "y" };
  // @ts-expect-error is no choice
  const choice: OptionsOf<typeof ROWS> = { way: "left" };
  // @ts-expect-error is no text
  const text: OptionsOf<typeof ROWS> = { name: 1 };
  // @ts-expect-error is no option
  const name: OptionsOf<typeof ROWS> = { sizes: 1 };
  expect(Object.keys(options)).toEqual(Object.keys(ROWS));
  expect([choice, text, name].map((wrong) => Object.keys(wrong))).toEqual([["way"], ["name"], ["sizes"]]);
});

test.each([
  [{ size: 0 }, "size: expected an integer of at least 1, got the number 0"],
  [{ size: 1.5 }, "size: expected an integer of at least 1, got the number 1.5"],
  [{ size: "2" }, 'size: expected an integer of at least 1, got the string "2"'],
  [{ part: -1 }, "part: expected a number of at least 0, got the number -1"],
  [{ part: Infinity }, "part: expected a number of at least 0, got the number Infinity"],
  [{ part: null }, "part: expected a number of at least 0, got null"],
  [{ way: "left" }, 'way: expected "up", "down" or "both", got the string "left"'],
  [{ name: 3 }, "name: expected a name, got the number 3"],
  [{ title: 3 }, "title: expected a text, got the number 3"],
])("%j is refused by its row", (options, message) => {
  expect(() => {
    checkValues(ROWS, options);
  }).toThrow(new ArgumentError(message));
});

test("what rows accept passes, and what is undefined or has no row is not looked at", () => {
  const check = (): void => {
    checkValues(ROWS, { size: 1, part: 0, way: "down", name: "", other: {}, toString: 1 });
    checkValues(ROWS, { size: undefined });
  };
  expect(check).not.toThrow();
});

test("defaults are those of the rows, for options that are not given", () => {
  expect(withDefaults(ROWS, { way: "up" })).toEqual({ size: 4, way: "up" });
  expect(withDefaults(ROWS, { size: undefined })).toEqual({ size: 4, way: "both" });
});

test("functions name themselves where a value is refused", () => {
  expect(() => optionsOf("f", { size: 0 }, ROWS)).toThrow(
    "f, size: expected an integer of at least 1, got the number 0",
  );
});

test("a required option must be there, and then fit", () => {
  const rows = { field: { kind: "text", required: true } } as const;
  // @ts-expect-error lacks the field
  const none: RequiredOptionsOf<typeof rows> = {};
  expect(() => optionsOf("f", none, rows)).toThrow("f, field: expected a text, got none");
  expect(() => optionsOf("f", null, rows)).toThrow("f, field: expected a text, got none");
  expect(() => optionsOf("f", { field: undefined }, rows)).toThrow("f, field: expected a text, got none");
  expect(() => optionsOf("f", { field: 1 }, rows)).toThrow("f, field: expected a text, got the number 1");
  expect(optionsOf("f", { field: "x" }, rows)).toEqual({ field: "x" });
});

test("rows can be left out", () => {
  const rows = withoutRows(ROWS, "size", "part");
  expect(Object.keys(rows)).toEqual(["way", "name", "title"]);
  // @ts-expect-error has no row
  const left: OptionsOf<typeof rows> = { size: 1 };
  expect(() => optionsOf("f", left, rows)).toThrow('f, options: expected some of way, name, title, got "size"');
});

test("the names of rows are accepted, and near ones suggested", () => {
  expect(() => optionsOf("f", { siz: 1 }, ROWS)).toThrow(
    'f, options: expected some of size, part, way, name, title, got "siz": did you mean size?',
  );
});

test.each([
  ["lr", "learningRate"],
  ["maxiter", "maxIterations"],
  ["max_iter", "maxIterations"],
  ["maxIter", "maxIterations"],
  ["gtol", "gradientTolerance"],
  ["ftol", "valueTolerance"],
  ["callback", "onIteration"],
  ["eps", "epsilon"],
])("%s is another library's name of %s", (name, here) => {
  const call = (): unknown => minimise(nd.sum, nd.ones([2]), { [name]: 1 });
  expect(call).toThrow(new RegExp(`got "${name}": did you mean ${here}\\?$`));
});

test("the page of options is what the rows say", () => {
  const script = resolve(__dirname, "..", "..", "scripts", "generate", "main.mjs");
  expect(() => execFileSync(process.execPath, [script, "--check"], { stdio: "pipe" })).not.toThrow();
});

/* eslint-disable @typescript-eslint/no-require-imports -- modules are loaded again, after a table has been changed */
test("a row more in the file that reads it is an option of solves, checked, with its default", () => {
  jest.isolateModules(() => {
    const { GMRES } = require("../../src/solve/gmres") as { GMRES: Record<string, unknown> };
    GMRES["unheard"] = { kind: "integer", least: 2, default: 3 };
    const { SOLVE } = require("../../src/solve/solveoptions") as { SOLVE: typeof ROWS };
    const { KernelSolve, rand } = require("../../src") as typeof Api;
    const x = rand([5, 1], { seed: 1 });
    const solve = KernelSolve("Exp(-SqDist(x, y)) * b", ["x = Vi(1)", "y = Vj(1)", "b = Vj(1)"], "b", { axis: 1 });
    const call = (options: object): unknown => solve(x, x, x, { alpha: 1, ...options });
    expect(call({ unheard: 2 })).toMatchObject({ shape: [5, 1] });
    expect(() => call({ unheard: 1 })).toThrow("unheard: expected an integer of at least 2, got the number 1");
    expect(() => call({ unherd: 2 })).toThrow(/got "unherd": did you mean unheard\?$/);
    expect(withDefaults(SOLVE, {})).toMatchObject({ unheard: 3 });
  });
});
