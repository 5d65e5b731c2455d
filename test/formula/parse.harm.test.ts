/** Texts that are meant to do harm: whatever a user writes as formula, alias or name ends in a FormulaError. */
import ndarray from "ndarray";
import { FormulaError } from "../../src/errors";
import { Genred, KernelSolve } from "../../src";
import { cpu } from "../../src/device/compiled";
import { short } from "../helpers/texts";

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
