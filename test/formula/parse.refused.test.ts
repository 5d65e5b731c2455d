/** Bad formulas and aliases: the error, its words, and the place that it points at. */
import { FormulaError } from "../../src/errors";
import { entries } from "../../src/formula/core";
import type { Entry } from "../../src/formula/formula";
import { parse } from "../../src/formula/parse";
import "../../src/formula/ops"; // with all rows
import { ALIASES, errorOf, read } from "../helpers/texts";

/** What the carets of a message stand under. */
function underlined(error: FormulaError): string {
  const [quoted, carets] = error.message.split("\n").slice(-2) as [string, string];
  return quoted.slice(carets.indexOf("^"), carets.length);
}

function caretColumn(error: FormulaError): number {
  return error.message.split("\n").at(-1)!.indexOf("^") - "  ".length;
}

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

/** A call of an entry with a list for each list, 2 for each number, and x, y, z, w for formulas. */
function callOf({ name, slots }: Entry): string {
  const variables = ["x", "y", "z", "w"];
  const given = { list: () => "[2]", integer: () => "2", number: () => "2" };
  return `${name}(${slots.map(({ kind }) => (kind in given ? given[kind as keyof typeof given]() : variables.shift()!)).join(", ")})`;
}

const takingFormulas = [...entries.values()].filter(({ slots }) => slots[0]?.kind === "formula");

test.each([
  [4, 6, 10, 3],
  [3, 5, 7, 2],
  [2, 2, 5, 3],
])("what dims %i, %i, %i, %i do not fit is the operation that was called, whatever it is made of", (...dims) => {
  const aliases = dims.map((dim, n) => `${"xyzw"[n]} = V${n % 2 === 0 ? "i" : "j"}(${dim})`);
  const refused = takingFormulas.flatMap((entry): [string, string][] => {
    try {
      parse([callOf(entry)], aliases);
      return [];
    } catch (error) {
      return [[entry.name, (error as FormulaError).message]];
    }
  });
  for (const [name, message] of refused) expect(message).toMatch(new RegExp(`^(${name}\\(|formula: .*\\b${name}\\b)`));
  expect(refused.length).toBeGreaterThan(20);
});
