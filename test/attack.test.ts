/**
 * Texts that are meant to do harm. Whatever a user writes as formula, alias or name ends in a FormulaError, or in generated code that is
 * the same to the last byte whatever the user's names were: nothing of a text but operations and parsed numbers reaches the compiler.
 */
import ndarray from "ndarray";
import { FormulaError } from "../src/errors";
import { Genred, KernelSolve, array, grad, randn, requiresGrad } from "../src";
import { cpu } from "../src/device/host";
import { grad as gradient } from "../src/formula/autodiff";
import { Category } from "../src/formula/formula";
import { parse } from "../src/formula/parse";
import { reductionNamed } from "../src/formula/reductions";
import { extraArgument } from "../src/formula/arguments";

/** Every generated file is made here, before a compiler is asked for. */
const generated = jest.spyOn(cpu, "routine");
beforeEach(() => generated.mockClear());

const ALIASES = ["x = Vi(2)", "y = Vj(2)", "b = Vj(2)"];

/** Each stands where a formula, an alias or a name is expected. */
const TEXTS: readonly string[] = [
  'x"); system("date"); ("',
  "x'; DROP TABLE routines; --",
  "`date`",
  "$(date)",
  "${x}",
  "x; return 0;",
  'x}\n}\nextern "C" void keops_reduce() { while (1); }\n{',
  "x) { abort(); } if (x",
  "x /* y */",
  "x */ y /*",
  "x // y",
  'x\n#include "/etc/passwd"',
  "#define real int",
  "x ??/\n y",
  "x \\\n y",
  '__asm__("nop")',
  '__asm__ volatile ("nop")',
  "__attribute__((constructor)) x",
  '_Pragma("GCC poison x")',
  'R"(x)"',
  "x[0]",
  "x.x",
  "x->x",
  "&x",
  "*x",
  "!x",
  "~x",
  "x % y",
  "x = y",
  "x ? x : y",
  "x, y",
  "x;",
  "x\0",
  "x\u0000; y",
  "x\u2028y",
  "x\u202ey",
  "\ufeffx",
  "\u03b1",
  "x\u200by",
  "\uff38",
  "\ud83d\ude00",
  "\ud83d",
  "0x10",
  "1e",
  "1__000",
  "1_r",
  "1.0f",
  "1'000",
  "NaN",
  "Infinity",
  "process.exit(1)",
  "require('fs')",
  "(() => x)()",
  "this.constructor.constructor('return process')()",
  "__proto__",
  "constructor",
  "constructor(x)",
  "__proto__(x)",
  "toString()",
  "hasOwnProperty(x)",
  "(".repeat(100_000),
  ")".repeat(100_000),
  `${"(".repeat(100_000)}x${")".repeat(100_000)}`,
  "Exp(".repeat(100_000),
  "-".repeat(100_000),
  `x${"**x".repeat(100_000)}`,
  "[".repeat(100_000),
  `Elem(x, ${"9".repeat(100_000)})`,
  "x".repeat(100_000),
  "x ".repeat(1_000_000),
];

/** Some words mean harm elsewhere, but name an argument as well as any: see below what becomes of them. */
const isName = (text: string): boolean => /^[A-Za-z_]\w*$/.test(text);

const short = (text: string): string =>
  JSON.stringify(text.length > 60 ? `${text.slice(0, 40)}… ${text.length} characters` : text);

describe("a text meant as an attack", () => {
  test.each(TEXTS.map((text) => [short(text), text]))(
    "%s, is refused as a formula, and nothing is generated",
    (_shown, text) => {
      expect(() => Genred(text, ALIASES)).toThrow(FormulaError);
      expect(() => Genred(`Exp(${text}) * x`, ALIASES)).toThrow(FormulaError);
      expect(() => KernelSolve(text, ALIASES, "b")).toThrow(FormulaError);
      expect(generated).not.toHaveBeenCalled();
    },
  );

  test.each(TEXTS.map((text) => [short(text), text]))(
    "%s, is refused in an alias, in a name and in a dim",
    (_shown, text) => {
      expect(() => Genred("x", [text])).toThrow(FormulaError);
      expect(() => Genred("x", [`x = ${text}`])).toThrow(FormulaError);
      expect(() => Genred("x", [`x = Vi(${text})`])).toThrow(FormulaError);
      if (!isName(text)) expect(() => Genred("x", ["x = Vi(2)", `${text} = Vi(2)`])).toThrow(FormulaError);
      expect(() => Genred("x", [`x = Vi(2) ${text}`])).toThrow(FormulaError);
    },
  );

  test.each(TEXTS.map((text) => [short(text), text]))(
    "%s, is refused as a reduction and as an unknown",
    (_shown, text) => {
      expect(() => Genred("x", ALIASES, { reductionOp: text as "Sum" })).toThrow(FormulaError);
      expect(() => KernelSolve("SqDist(x, y) * b", ALIASES, text)).toThrow(FormulaError);
    },
  );

  test.each([null, undefined, 1, {}, { toString: () => "x" }, new String("x"), ["x"], Symbol("x"), () => "x"])(
    "that is no text at all is refused: %p",
    (text) => {
      expect(() => Genred(text as string, ALIASES)).toThrow(FormulaError);
      expect(() => Genred("x", [text as string])).toThrow(FormulaError);
      expect(() => KernelSolve("SqDist(x, y) * b", ALIASES, text as string)).toThrow(FormulaError);
    },
  );
});

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

describe("sizes that no machine has", () => {
  test.each(["x = Vi(4294967296)", "x = Vi(9007199254740991)", "x = Vj(1000000000)"])(
    "are refused where they are declared: %s",
    (alias) => {
      for (const formula of ["Square(x)", "Sum(x)", "Concat(x, x)", "x | x"])
        expect(() => Genred(formula, [alias])).toThrow(/^Var: expected a dim of at most 1048576, got \d+\n/);
    },
  );

  test.each(["99999999999999999999", "1e300", "-1", "0", "2.5", "0x2", ""])("are refused as dim: %p", (dim) => {
    expect(() => Genred("x", [`x = Vi(${dim})`])).toThrow(FormulaError);
  });

  test("are refused as a result", () => {
    const wide = (): unknown => Genred("SumT(Sum(x), 9000000000000)", ["x = Vi(2)"], { axis: 1 });
    expect(wide).toThrow(/^SumT: expected a dim of at most 1048576, got 9000000000000\n/);
    const K = Genred("SumT(Sum(x), 1048576)", ["x = Vi(1)"], { axis: 1, reductionOp: "KMin", optArg: 5 });
    expect(() => K(ndarray(new Float32Array(1), [5000, 1], [0, 0]))).toThrow(
      /^result: expected fewer than 2\^32 elements/,
    );
  });
});
