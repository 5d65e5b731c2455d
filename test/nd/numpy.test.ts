/** Functions of arrays against values that NumPy and SciPy gave (scripts/record-numpy.py). */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { array, nd } from "../../src";
import type { RealArray } from "../../src";

interface Listed {
  readonly shape: readonly number[];
  readonly data: readonly (number | string)[];
  readonly type: "int" | "float";
}

interface Case {
  readonly name: string;
  readonly args: readonly unknown[];
  readonly expected: unknown;
}

const file = join(__dirname, "..", "data", "nd.json");
const { cases } = JSON.parse(readFileSync(file, "utf8")) as { cases: readonly Case[] };

const isListed = (value: unknown): value is Listed => typeof value === "object" && value !== null && "data" in value;
const numbersOf = ({ data }: Listed): number[] => data.map((value) => (value === "nan" ? NaN : Number(value)));

function argument(value: unknown): unknown {
  if (isListed(value)) return nd.reshape(array(numbersOf(value), { dtype: "float64" }), value.shape);
  return Array.isArray(value) && value.some(isListed) ? value.map(argument) : value;
}

function expectEqual(got: unknown, expected: unknown): void {
  if (isListed(expected)) {
    const { shape, dtype } = got as RealArray;
    expect({ shape: [...shape], dtype }).toEqual({
      shape: expected.shape,
      dtype: expected.type === "int" ? "int32" : "float64",
    });
    const numbers = [nd.toNested(got as RealArray)].flat(9) as number[];
    numbersOf(expected).forEach((value, n) => {
      const error = Math.abs(numbers[n]! - value);
      expect(Number.isNaN(value) ? Number.isNaN(numbers[n]) : error <= 1e-13 * (1 + Math.abs(value))).toBe(true);
    });
    return;
  }
  for (const [key, value] of Object.entries(expected as object))
    expectEqual((got as Readonly<Record<string, unknown>>)[key], value);
}

const functions = nd as unknown as Readonly<Record<string, (...args: unknown[]) => unknown>>;
const titled = cases.map((each, n) => ({ ...each, title: `${each.name} ${String(n)}` }));

test.each(titled)("$title is what NumPy gives", ({ name, args, expected }) => {
  expectEqual(functions[name]!(...args.map(argument)), expected);
});

test("all functions that NumPy has are among the cases", () => {
  const made = new Set(cases.map(({ name }) => name));
  expect(made.size).toBeGreaterThan(35);
});
