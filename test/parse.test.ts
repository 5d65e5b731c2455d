/**
 * The parser against tables of texts: what good ones mean (interned formulas, so `toBe`), and what bad ones say and point at.
 * Random texts may only ever end in a formula or a FormulaError.
 */
import fc from "fast-check";
import { FormulaError } from "../src/errors";
import { Category, type Formula, isVariable, lowered, nodesOf, variable } from "../src/formula/formula";
import type { Slot } from "../src/formula/slots";
import * as ops from "../src/formula/ops";
import { label, parse } from "../src/formula/parse";

const ALIASES = ["x = Vi(3)", "y = Vj(3)", "b = Vj(2)", "s = Pm(1)", "t = Pm(1)"];
const x = variable(0, 3, Category.I);
const y = variable(1, 3, Category.J);
const b = variable(2, 2, Category.J);
const s = variable(3, 1, Category.P);
const t = variable(4, 1, Category.P);

const read = (text: string, aliases: readonly string[] = ALIASES): Formula => parse([text], aliases).formulas[0]!;

function errorOf(texts: readonly string[], aliases: readonly string[]): FormulaError {
  try {
    parse(texts, aliases);
  } catch (error) {
    if (error instanceof FormulaError) return error;
    throw error;
  }
  throw new Error(`expected a FormulaError for ${JSON.stringify([texts, aliases])}`);
}

/** What the carets of a message stand under. */
function underlined(error: FormulaError): string {
  const [quoted, carets] = error.message.split("\n").slice(-2) as [string, string];
  return quoted.slice(carets.indexOf("^"), carets.length);
}

function caretColumn(error: FormulaError): number {
  return error.message.split("\n").at(-1)!.indexOf("^") - "  ".length;
}

describe("a formula text", () => {
  test.each<[string, Formula]>([
    ["x", x],
    ["  x\n\t+\r\n y ", ops.add(x, y)],
    ["((x))", x],
    ["3", ops.constant(3)],
    [".5", ops.constant(0.5)],
    ["2.", ops.constant(2)],
    ["1e-3", ops.constant(0.001)],
    ["1.5E+2*x", ops.mult(150, x)],
    ["-x", ops.minus(x)],
    ["+x", x],
    ["- - x", x],
    ["x-y|x-y", ops.sqNorm2(ops.subtract(x, y))],
    ["SqDist(x,y)", ops.sqNorm2(ops.subtract(x, y))],
    ["x|y+y", ops.scalprod(x, ops.add(y, y))],
    ["x|y < s", ops.lessThan(ops.scalprod(x, y), s)],
    ["s-t-s", ops.subtract(ops.subtract(s, t), s)],
    ["s/t/x", ops.divide(ops.divide(s, t), x)],
    ["s/t*x", ops.mult(ops.divide(s, t), x)],
    ["s+t*x", ops.add(s, ops.mult(t, x))],
    ["(s+t)*x", ops.mult(ops.add(s, t), x)],
    ["s*-x", ops.mult(s, ops.minus(x))],
    ["-s*x", ops.mult(ops.minus(s), x)],
    ["-x**2", ops.minus(ops.square(x))],
    ["(-x)**2", ops.square(x)],
    ["-s**-t", ops.minus(ops.powf(s, ops.minus(t)))],
    ["2**-1", ops.constant(0.5)],
    ["2**3**2", ops.constant(512)],
    ["-2**2", ops.constant(-4)],
    ["x**3", ops.pow(x, 3)],
    ["x**-1", ops.pow(x, -1)],
    ["x**(1+2)", ops.pow(x, 3)],
    ["x**0.5", ops.sqrt(x)],
    ["x**-0.5", ops.rsqrt(x)],
    ["x**1.5", ops.powf(x, 1.5)],
    ["x**s", ops.powf(x, s)],
    ["x<y", ops.lessThan(x, y)],
    ["x<=y", ops.lessOrEqual(x, y)],
    ["x>y", ops.lessThan(y, x)],
    ["x>=y", ops.lessOrEqual(y, x)],
    ["x==y", ops.equal(x, y)],
    ["x!=y", ops.notEqual(x, y)],
    ["(s<t)<s", ops.lessThan(ops.lessThan(s, t), s)],
    ["s<(t<s)", ops.lessThan(s, ops.lessThan(t, s))],
    ["Exp(-s*SqDist(x,y))*b", ops.mult(ops.exp(ops.mult(ops.minus(s), ops.sqDist(x, y))), b)],
    ["Elem(x,2)", ops.extract(x, 2, 1)],
    ["Elem(x, 4/2 - +1)", ops.extract(x, 1, 1)],
    ["IntCst(-3)", ops.constant(-3)],
    ["IntCst(1)/2 + IntCst(3)", ops.constant(3.5)],
    ["RatCst(1,4)", ops.constant(0.25)],
    ["1/2*x", ops.mult(0.5, x)],
    ["Grad(x|y, x, s)", ops.mult(s, y)],
    ["Var(0,3,0)", x],
    ["Vj(1,3) - Pm(3,1)", ops.subtract(y, s)],
  ])("%j means what its operators say", (text, expected) => {
    expect(read(text)).toBe(expected);
  });

  test("prints as a text that a reader recognises", () => {
    expect(String(read("Exp(-s*SqDist(x,y))*b"))).toBe("Exp(-(Pm(3,1) * SqNorm2(Vi(0,3) - Vj(1,3)))) * Vj(2,2)");
  });

  test("every entry of the operation table can be called", () => {
    const seen = [...ops.entries].map(([name, entry]) => {
      const call = firstThatFits(name, entry.slots);
      expect(`${name}: ${String(call !== undefined)}`).toBe(`${name}: true`);
      return name;
    });
    expect(seen).toEqual(expect.arrayContaining(["Exp", "Grad", "Scalprod", "Var"]));
  });

  test("several texts share one table of arguments", () => {
    const parsed = parse(["Exp(x|y)", "b * Pm(3,1)"], ["x = Vi(3)", "y = Vj(3)", "b = Vj(2)"]);
    expect(parsed.formulas).toEqual([ops.exp(ops.scalprod(x, y)), ops.mult(b, s)]);
    expect(parsed.arguments.map(label)).toEqual([
      "x (Vi, dim 3)",
      "y (Vj, dim 3)",
      "b (Vj, dim 2)",
      "argument 3 (Pm, dim 1)",
    ]);
  });

  test("an alias may hide an operation, which cannot be called then", () => {
    expect(read("Exp + 1", ["Exp = Vi(3)"])).toBe(ops.add(x, 1));
    expect(errorOf(["Exp(Exp)"], ["Exp = Vi(3)"]).message).toContain("expected an operation, got Exp (Vi, dim 3)");
  });

  test("a sum of 10⁴ terms is read, printed, lowered and walked", () => {
    const aliases = Array.from({ length: 10_000 }, (_, n) => `a${n} = Vj(2)`);
    const sum = read(aliases.map((_, n) => `a${n}`).join(" + "), aliases);
    expect(nodesOf(sum).filter(isVariable)).toHaveLength(10_000);
    expect(nodesOf(lowered(sum)).filter(isVariable)).toHaveLength(10_000);
    expect(String(sum).length).toBeGreaterThan(1000);
  });

  test.each(["+", "-", "*", "/"])(
    "10⁴ scalars joined by %s to a vector and summed do not exhaust the stack",
    (symbol) => {
      const names = Array.from({ length: 50 }, (_, n) => `p${n}`);
      const aliases = ["x = Vi(3)", ...names.map((name) => `${name} = Pm(1)`)];
      const terms = Array.from({ length: 10_000 }, (_, n) => symbol + names[n % 50]!).join("");
      for (const text of [`Sum(x${terms})`, `(x${terms}|x)`, `Exp(-(x${terms}))`])
        expect(nodesOf(read(text, aliases)).length).toBeGreaterThan(10_000);
    },
  );
});

/** A call of `name` whose arguments fit, found by trying. */
function firstThatFits(name: string, slots: readonly Slot[]): string | undefined {
  const texts: Record<Slot["kind"], readonly string[]> = {
    formula: ["x", "s", "2", "Concat(s, 2)"],
    variable: ["x"],
    integer: ["1", "3", "0", "2"],
    number: ["1", "0.5"],
    list: ["[0]", "[]", "[3]"],
  };
  const calls = slots.reduce<string[][]>(
    (lists, slot) => lists.flatMap((list) => texts[slot.kind].map((text) => [...list, text])),
    [[]],
  );
  return calls.map((args) => `${name}(${args.join(", ")})`).find((call) => isFormula(call));
}

function isFormula(text: string): boolean {
  try {
    return read(text).dim >= 1;
  } catch (error) {
    if (error instanceof FormulaError) return false;
    throw error;
  }
}

describe("aliases", () => {
  test.each<[string, readonly string[], readonly string[]]>([
    ["take the position of their place", ["x = Vi(3)", "y=Vj(2)"], ["x (Vi, dim 3)", "y (Vj, dim 2)"]],
    ["may be spaced freely", [" x\t=\nVi ( 3 ) "], ["x (Vi, dim 3)"]],
    ["may say their position", ["y = Vj(1,2)", "x = Vi(0,3)"], ["x (Vi, dim 3)", "y (Vj, dim 2)"]],
    [
      "may mix places and positions",
      ["p = Pm(0,1)", "a = Vj(1)", "x = Vi(2,3)"],
      ["p (Pm, dim 1)", "a (Vj, dim 1)", "x (Vi, dim 3)"],
    ],
    ["may be nameless", ["Vi(3)", "Vj(1,2)"], ["argument 0 (Vi, dim 3)", "argument 1 (Vj, dim 2)"]],
    ["may be variables", ["Var(0,3,0)", "y = Var(1,3,1)"], ["argument 0 (Vi, dim 3)", "y (Vj, dim 3)"]],
    [
      "may use names of JavaScript's own",
      ["__proto__ = Vi(3)", "constructor = Pm(1)"],
      ["__proto__ (Vi, dim 3)", "constructor (Pm, dim 1)"],
    ],
    ["may be missing", [], []],
  ])("%s", (_, aliases, labels) => {
    const parsed = parse(["1"], aliases);
    expect(parsed.arguments.map(label)).toEqual(labels);
    expect(parsed.arguments.map(({ position }) => position)).toEqual(labels.map((__, n) => n));
  });

  test("carry the leaf that formulas use", () => {
    const parsed = parse(["x"], ["x = Vi(3)"]);
    expect(parsed.arguments[0]!.variable).toBe(parsed.formulas[0]);
  });

  test("are not changed by literals in the formula, which come after them", () => {
    const aliases = Object.freeze(["x = Vi(3)"]);
    expect(parse(["x * Var(1,1,2)"], aliases).arguments.map(label)).toEqual([
      "x (Vi, dim 3)",
      "argument 1 (Pm, dim 1)",
    ]);
  });
});

describe("a bad formula", () => {
  /** Text, essential part of the message, what the carets stand under. */
  test.each<[string, string, string]>([
    ["SqDst(x,y)", 'unknown operation "SqDst": did you mean SqDist?', "SqDst"],
    ["1 + exp(x)", 'unknown operation "exp": did you mean Exp?', "exp"],
    ["Frobnicate(x)", 'unknown operation "Frobnicate"', "Frobnicate"],
    ["s * z", 'unknown variable "z": expected one of x, y, b, s, t', "z"],
    ["S * x", 'unknown variable "S": did you mean s?', "S"],
    ["1 + Exp", "expected a call Exp(x), got the name alone", "Exp"],
    ["x(3)", "expected an operation, got x (Vi, dim 3)", "x"],
    ["x + b", "Add(x, y): expected equal dims, or 1, got 3 and 2", "+"],
    ["1 + (x|b)", "Scalprod(x, y): expected equal dims, got 3 and 2", "|"],
    ["1 + SqDist(x, b)", "SqDist(x, y): expected equal dims, got 3 and 2", "SqDist"],
    ["s / (1 - 1)", "expected a divisor other than 0", "/"],
    ["1 / 0", "expected a divisor other than 0", "/"],
    ["Elem(x, 3)", "expected components inside 0…2, got 3", "Elem"],
    ["Elem(x, -1)", "expected components inside 0…2, got -1", "Elem"],
    ["Elem(x, 1.5)", "Elem(x, m): expected an integer m, got 1.5", "1.5"],
    ["Elem(x, y)", "Elem(x, m): expected an integer m, got a formula", "y"],
    ["Elem(x, SumT(1, 3))", "Elem(x, m): expected an integer m, got a formula", "SumT"],
    ["Grad(x, 2*x, x)", "Grad(f, v, e): expected a variable v, got a formula", "2"],
    ["Grad(x, x, s)", "expected e of dim 3, the dim of f, got 1", "Grad"],
    ["Zero(0)", "expected an integer dim of at least 1, got 0", "Zero"],
    ["Exp()", "Exp(x): expected 1 argument, got 0", ")"],
    ["SqDist(x)", "SqDist(x, y): expected 2 arguments, got 1", ")"],
    ["Exp(x, y)", "Exp(x): expected 1 argument, got more", ","],
    ["Exp(x y)", 'expected an operator, "," or ")", got "y"', "y"],
    ["Exp[x]", "expected a call Exp(x), got the name alone", "Exp"],
    ["x[0]", 'expected an operator or the end, got "["', "["],
    ["[0]", 'expected a formula, got "["', "["],
    ["x y", 'expected an operator or the end, got "y"', "y"],
    ["3x", 'expected an operator or the end, got "x"', "x"],
    ["0x10", 'expected an operator or the end, got "x10"', "x10"],
    ["1.2.3", 'expected an operator or the end, got ".3"', ".3"],
    ["1e999", "expected a finite number, got Infinity", "1e999"],
    ["x + ", "expected a formula, got the end", ""],
    ["", "expected a formula, got the end", ""],
    ["(x", 'expected an operator or ")", got the end', ""],
    ["x)", 'expected an operator or the end, got ")"', ")"],
    ["()", 'expected a formula, got ")"', ")"],
    ["x * / y", 'expected a formula, got "/"', "/"],
    ["x ^ 2", 'got "^" (powers are written **)', "^"],
    ["x = y", 'got "=" (equality is written ==)', "="],
    ["x < y < x", "expected parentheses around one of two comparisons", "<"],
    ["s == t != s", "expected parentheses around one of two comparisons", "!="],
    ["x @ y", 'expected an operator or the end, got "@"', "@"],
    ["x.y", 'expected an operator or the end, got "."', "."],
    ["Var(0,2,0)", "expected x (Vi, dim 3), as declared, got Vi(0,2)", "Var"],
    ["Vj(0,3)", "expected x (Vi, dim 3), as declared, got Vj(0,3)", "Vj"],
    ["x * Pm(6,1)", "got none at 5 before argument 6 (Pm, dim 1)", "Pm"],
    ["Vi(3)", "Vi(position, dim): expected 2 arguments, got 1", ")"],
    ["Var(-1,3,0)", "expected a position of at least 0, got -1", "Var"],
    ["Var(5,3,7)", "expected category 0 (Vi), 1 (Vj) or 2 (Pm), got 7", "Var"],
    ["Var(5,0,0)", "expected a dim of at least 1, got 0", "Var"],
  ])("%j is refused where it is wrong", (text, message, place) => {
    const error = errorOf([text], ALIASES);
    expect(error.message).toContain(message);
    expect(error.code).toBe("ERR_KEOPS_FORMULA");
    expect(underlined(error)).toBe(place);
  });

  test("is pointed at by column", () => {
    expect(caretColumn(errorOf(["x + (y | b)"], ALIASES))).toBe(7);
    expect(caretColumn(errorOf(["Exp(x"], ALIASES))).toBe(5);
    expect(caretColumn(errorOf(["SqDist(x, SqDst(y))"], ALIASES))).toBe(10);
  });

  test("keeps the row's own error as the cause", () => {
    const error = errorOf(["x + b"], ALIASES);
    expect(error.cause).toBeInstanceOf(FormulaError);
    expect(error.message.startsWith((error.cause as FormulaError).message)).toBe(true);
  });

  test("is called formula2 if it is the second", () => {
    expect(errorOf(["x", "y +"], ALIASES).message).toMatch(/^formula2: expected a formula, got the end/);
  });

  test("is quoted as one short line around the place, however long and many its lines are", () => {
    const error = errorOf([`${"x +\n".repeat(1000)} SqDst(x, y) ${"\n+ x".repeat(1000)}`], ALIASES);
    const lines = error.message.split("\n");
    expect(lines).toHaveLength(3);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(80);
    expect(underlined(error)).toBe("SqDst");
  });

  test.each([
    ["parentheses", "(".repeat(100_000)],
    ["signs", `${"-".repeat(100_000)}x`],
    ["powers", `${"s**".repeat(100_000)}s`],
    ["calls", "Exp(".repeat(100_000)],
    ["operators of every precedence", "s < s | s + s * s ** -Exp(".repeat(10_000)],
    ["lists", `Exp(${"[".repeat(100_000)}`],
  ])("that nests %s without end does not exhaust the stack", (_, text) => {
    expect(errorOf([text], ALIASES).message).toMatch(/expected (at most 200 nested levels|a formula)/);
  });

  test("may nest 60 levels of every precedence", () => {
    const text = `${"s < s | s + s * s ** -Exp(".repeat(60)}s${")".repeat(60)}`;
    expect(read(text).dim).toBe(1);
  });

  test("is not one that is long, if it is not deep", () => {
    const terms = Array.from({ length: 1000 }, (_, n) => `-(Exp(${n} * s) ** -1)`);
    expect(read(terms.join(" + ")).dim).toBe(1);
  });

  test("of more than a million characters is refused unread", () => {
    expect(errorOf([" ".repeat(1_000_001)], []).message).toBe(
      "formula: expected at most 1000000 characters, got 1000001",
    );
  });

  test("that is no string is refused", () => {
    expect(errorOf([42 as unknown as string], []).message).toBe("formula: expected a string, got number");
  });

  test.each([
    `x"); system("date`,
    "x'",
    "`x`",
    "x; return 0",
    "x}\n}\nint main() {",
    "x /* y */",
    "x // y",
    "#include <x>",
    '__asm__("nop")',
    "__asm__",
    "x\\",
    "x\n\\\n",
    "x\0",
    "\0",
    "x\u2028",
    "x\u202e + y",
    "\u03bb",
    "\ud83d\ude00 + x",
    "\ud83d",
    "${x}",
    "x ? y : s",
    "x, y",
    "this",
    "constructor",
    "__proto__",
    "toString",
    "hasOwnProperty(x)",
    "__proto__(x)",
    "constructor(x)",
    "toString()",
    "x.constructor",
    'x["constructor"]',
    "(() => x)()",
    "import x",
  ])("meant as an attack, %j, ends in a FormulaError of three printable lines", (text) => {
    const lines = errorOf([text], ALIASES).message.split("\n");
    expect(lines).toHaveLength(3);
    expect(lines.join("")).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/u);
  });
});

describe("a bad alias", () => {
  test.each<[string, readonly string[], string, string]>([
    ["with a colon", ["x:Vi(3)"], 'expected "=", as in "name = Vi(dim)", got ":"', ":"],
    ["of an unknown kind", ["x = Vz(3)"], 'expected Vi, Vj, Pm or Var, got "Vz": did you mean Vi?', "Vz"],
    ["nameless, of an unknown kind", ["Vz(3)"], 'expected Vi, Vj, Pm or Var, got "Vz": did you mean Vi?', "Vz"],
    ["of KeOps's old kind", ["x = Vx(3)"], 'expected Vi, Vj, Pm or Var, got "Vx": did you mean Vi?', "Vx"],
    ["without a kind", ["x = "], "expected Vi, Vj, Pm or Var, got the end", ""],
    ["with a name only", ["x"], 'expected "=", as in', ""],
    ["without anything", [""], 'expected an alias such as "name = Vi(dim)", got the end', ""],
    ["with a number as name", ["1x = Vi(3)"], 'expected an alias such as "name = Vi(dim)", got "1"', "1"],
    ["with a letter that names lack", ["λ = Pm(1)"], 'expected an alias such as "name = Vi(dim)", got "λ"', "λ"],
    ["with two names", ["x y = Vi(3)"], 'expected "=", as in "name = Vi(dim)", got "y"', "y"],
    ["with something behind it", ["x = Vi(3) * 2"], 'expected the end of the alias, got "*"', "*"],
    ["without parentheses", ["x = Vi 3"], 'expected "(", got "3"', "3"],
    ["left open", ["x = Vi(3"], 'expected "," or ")", got the end', ""],
    ["of dim 0", ["x = Vi(0)"], "expected a dim of at least 1, got 0", "Vi"],
    ["of negative dim", ["x = Vi(-3)"], "expected a dim of at least 1, got -3", "Vi"],
    ["of half a dim", ["x = Vi(2.5)"], 'expected an integer, got "2.5"', "2.5"],
    ["of an endless dim", ["x = Vi(1e999)"], 'expected an integer, got "1e999"', "1e999"],
    ["of a computed dim", ["x = Vi(1+2)"], 'expected "," or ")", got "+"', "+"],
    ["without a dim", ["x = Vi()"], 'expected an integer, got ")"', ")"],
    ["of three numbers", ["x = Vi(0,1,2)"], "expected Vi(dim) or Vi(position, dim), got 3 numbers", "Vi"],
    ["Var of two numbers", ["x = Var(0,3)"], "expected Var(position, dim, category), got 2 numbers", "Var"],
    ["of an unknown category", ["x = Var(0,3,3)"], "expected category 0 (Vi), 1 (Vj) or 2 (Pm), got 3", "Var"],
    ["at a negative position", ["x = Vi(-1,3)"], "expected a position of at least 0, got -1", "Vi"],
    ["with a name that is taken", ["x = Vi(3)", "x = Vj(3)"], 'expected a new name, got "x" again', "x"],
    [
      "at a position that is taken",
      ["x = Vi(1,3)", "y = Vj(3)"],
      "expected a free position, got that of x (Vi, dim 3)",
      "Vj",
    ],
    ["behind a gap", ["x = Vi(3)", "y = Vj(7,3)"], "got none at 1 before y (Vj, dim 3)", "Vj"],
    ["after a missing first", ["x = Vi(1,3)"], "got none at 0 before x (Vi, dim 3)", "Vi"],
  ])("%s is refused where it is wrong", (_, aliases, message, place) => {
    const error = errorOf(["1"], aliases);
    expect(error.message).toContain(message);
    expect(underlined(error)).toBe(place);
    expect(error.message.split("\n").at(-2)).toBe(`  ${aliases.at(-1)!}`);
  });

  test("that is no string is refused", () => {
    expect(errorOf(["1"], [null as unknown as string]).message).toBe("alias: expected a string, got object");
  });
});

describe("random texts", () => {
  /** Formulas, by the way in which each text ended. */
  function outcomes(texts: readonly string[], parsed: (text: string) => unknown): { good: number; bad: number } {
    let good = 0;
    for (const text of texts)
      try {
        parsed(text);
        good++;
      } catch (error) {
        if (!(error instanceof FormulaError)) throw new Error(`for ${JSON.stringify(text)}`, { cause: error });
      }
    return { good, bad: texts.length - good };
  }

  const WORDS = [
    "+",
    "-",
    "*",
    "/",
    "|",
    "<",
    ">",
    "(",
    ")",
    "[",
    "]",
    ",",
    "=",
    ".",
    "^",
    " ",
    "\n",
    "**",
    "<=",
    "==",
    "!=",
    "x",
    "y",
    "b",
    "s",
    "0",
    "1",
    "2",
    "3",
    "-1",
    "0.5",
    "1e3",
  ];
  const NAMES = [...ops.entries.keys(), "Vi", "Vj", "Pm"].map((name) => `${name}(`);
  const word = fc.constantFrom(...WORDS, ...NAMES, "Exp", "\0", '"', "λ");
  const GOOD = [
    "Exp(-s*SqDist(x,y))*b",
    "Grad(Grad(Exp(-SqDist(x,y)*s), x, t), y, x)",
    "(x-y|x-y) ** 2 - Norm2(x) / (1 + Elem(y, 2)) <= s",
    "Concat(Extract(x, 1, 2), SumT(s, 3)) * -Pow(2.5 * t, -3)",
  ];

  test("of the grammar's own words are formulas or FormulaErrors", () => {
    const texts = fc.sample(
      fc.array(word, { maxLength: 12 }).map((words) => words.join("")),
      { numRuns: 80_000, seed: 1 },
    );
    const { good, bad } = outcomes(texts, read);
    expect(good).toBeGreaterThan(500);
    expect(bad).toBeGreaterThan(500);
  });

  test("made of good formulas by changing a few places are formulas or FormulaErrors", () => {
    const edit = fc.tuple(fc.nat(100), fc.nat(6), fc.array(word, { maxLength: 2 }));
    const mutated = fc.tuple(fc.constantFrom(...GOOD), fc.array(edit, { minLength: 1, maxLength: 3 }));
    const texts = fc.sample(
      mutated.map(([text, edits]) =>
        edits.reduce((now, [at, cut, words]) => now.slice(0, at) + words.join("") + now.slice(at + cut), text),
      ),
      { numRuns: 50_000, seed: 2 },
    );
    const { good, bad } = outcomes(texts, read);
    expect(good).toBeGreaterThan(500);
    expect(bad).toBeGreaterThan(500);
  });

  test("as aliases are arguments or FormulaErrors", () => {
    const part = fc.constantFrom(
      "x",
      " ",
      "=",
      "Vi",
      "Vj",
      "Pm",
      "Var",
      "(",
      ")",
      ",",
      "0",
      "3",
      "-",
      "1.5",
      ":",
      "\0",
      "Vi(3)",
    );
    const texts = fc.sample(
      fc.array(part, { maxLength: 9 }).map((parts) => parts.join("")),
      { numRuns: 20_000, seed: 3 },
    );
    const { good, bad } = outcomes(texts, (text) => parse(["1"], [text]));
    expect(good).toBeGreaterThan(50);
    expect(bad).toBeGreaterThan(500);
  });
});
