/**
 * Generated code is the same to the last byte whatever the user's names were: nothing of a text but operations and
 * parsed numbers reaches the compiler.
 */
import { Genred, array, grad, randn, requiresGrad } from "../../src";
import { cpu } from "../../src/device/compiled";
import { grad as gradient } from "../../src/formula/autodiff";
import { Category } from "../../src/formula/formula";
import { parse } from "../../src/formula/parse";
import { reductionNamed } from "../../src/formula/reductions";
import { extraArgument } from "../../src/formula/arguments";
import { short } from "../helpers/texts";

// ------------------------------------------------------------------------------------------------------------ generated code

/** Names that are good as aliases, and would mean something else in C++, in the generated file or in JavaScript. */
const NAMES: readonly (readonly [string, string, string])[] = [
  ["zzuser", "zzuserother", "zzuserright"],
  ["int", "double", "template"],
  ["while", "return", "asm"],
  ["__asm__", "__attribute__", "_Pragma"],
  ["real", "Tile", "scalar"],
  ["job", "block", "column"],
  ["h", "s", "totals"],
  ["t0", "x0", "y1"],
  ["p0", "x_0", "k"],
  ["keops_reduce", "keops_table", "main"],
  ["KEOPS_TILE", "DIM", "HOISTED"],
  ["splat", "exp2", "rsqrt0"],
  ["system", "abort", "memcpy"],
  ["__proto__", "constructor", "toString"],
  ["hasOwnProperty", "prototype", "valueOf"],
  ["process", "require", "eval"],
  ["Vi", "Vj", "Pm"],
  ["Sum", "Square", "Grad"],
  ["x".repeat(5000), "y".repeat(5000), "z".repeat(5000)],
];

const points = randn([5, 2], { dtype: "float64", seed: 1 });
const others = randn([6, 2], { dtype: "float64", seed: 2 });
const right = randn([6, 2], { dtype: "float64", seed: 3 });

const textOf = (x: string, y: string, b: string): string =>
  `Exp(-((${x} - ${y}) | (${x} - ${y}))) * ${b} + 0.5 * (${x} | ${b}) * ${y}`;
const aliasesOf = (x: string, y: string, b: string): string[] => [`${x} = Vi(2)`, `${y} = Vj(2)`, `${b} = Vj(2)`];

/** The files that a formula, its gradient and its second gradient generate where its arguments have these names. */
function sources(...names: readonly [string, string, string]): string[] {
  const { formulas, arguments: args } = parse([textOf(...names)], aliasesOf(...names));
  const cotangents = [3, 4].map((position) => extraArgument(position, 2, Category.I));
  const first = gradient(formulas[0]!, args[0]!.variable, cotangents[0]!.variable);
  const second = gradient(first, args[0]!.variable, cotangents[1]!.variable);
  return [formulas[0]!, first, second].flatMap((formula) =>
    [reductionNamed("Sum"), null].map((reduction) => {
      const variables = [...args, ...cotangents];
      const plain = { rows: Category.I, dtype: "float32", sumScheme: "block", accumulator: "float32" } as const;
      return cpu.code({ formulas: [formula], k: 1, reduction, variables, ...plain })!;
    }),
  );
}

/** The values of the same. */
function values(...names: readonly [string, string, string]): number[] {
  const marked = requiresGrad(array(points));
  const e = randn([5, 2], { dtype: "float64", seed: 4 });
  const result = Genred(textOf(...names), aliasesOf(...names), { axis: 1 })(marked, others, right);
  const [first] = grad(result, [marked], e, { createGraph: true });
  const [second] = grad(first, [marked], e);
  return [result, first, second].flatMap(({ data }) => [...data]);
}

describe("generated code", () => {
  const plain = sources("x", "y", "b");

  test("is there to be looked at: three formulas, as sums and as blocks", () => {
    expect(plain).toHaveLength(6);
    for (const source of plain) expect(source).toContain('extern "C"');
    expect(new Set(plain).size).toBe(6);
  });

  test.each(NAMES.map((names) => [names.map(short).join(), names] as const))(
    "is the same, and so are its values, where arguments are called %s",
    (_shown, names) => {
      expect(sources(...names)).toEqual(plain);
      expect(values(...names)).toEqual(values("x", "y", "b"));
    },
  );

  test("holds no name that a user chose", () => {
    for (const source of sources("zzuser", "zzuserother", "zzuserright")) expect(source).not.toContain("zzuser");
  });

  test("holds a number as it was understood, not as it was written", () => {
    const { formulas, arguments: args } = parse(["x * 000012.50e-0001"], ["x = Vi(2)"]);
    const plain = { rows: Category.I, dtype: "float64", sumScheme: "block", accumulator: "float64" } as const;
    const code = cpu.code({ formulas, k: 1, reduction: reductionNamed("Sum"), variables: args, ...plain });
    expect(code).toContain("1.25_r");
    expect(code).not.toContain("12.50");
  });

  test.each(["1e308", "1e-308", "4.9e-324", "123456789012345678901234567890", "0.1e-400", "1e21", "1e-7", "0", "-0"])(
    "computes with the number %s",
    (number) => {
      const K = Genred(`x * ${number}`, ["x = Vi(2)"], { axis: 1 });
      const expected = [...points.data].map((value) => value * Number(number));
      const smallest = 2.3e-308; // smaller numbers are flushed to 0
      K(points).data.forEach((value, n) =>
        expect(Math.abs(value - expected[n]!)).toBeLessThanOrEqual(smallest + 1e-15 * Math.abs(expected[n]!)),
      );
    },
  );
});
