/** Random texts: each is a formula or a FormulaError. */
import fc from "fast-check";
import { FormulaError } from "../../src/errors";
import * as ops from "../../src/formula/ops";
import { parse } from "../../src/formula/parse";
import { sampledCount } from "../helpers/sample";
import { read } from "../helpers/texts";

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
      { numRuns: sampledCount(90_000, 10), seed: 1 },
    );
    const { good, bad } = outcomes(texts, read);
    expect(good).toBeGreaterThan(sampledCount(500, 10));
    expect(bad).toBeGreaterThan(sampledCount(500, 10));
  });

  test("made of good formulas by changing a few places are formulas or FormulaErrors", () => {
    const edit = fc.tuple(fc.nat(100), fc.nat(6), fc.array(word, { maxLength: 2 }));
    const mutated = fc.tuple(fc.constantFrom(...GOOD), fc.array(edit, { minLength: 1, maxLength: 3 }));
    const texts = fc.sample(
      mutated.map(([text, edits]) =>
        edits.reduce((now, [at, cut, words]) => now.slice(0, at) + words.join("") + now.slice(at + cut), text),
      ),
      { numRuns: sampledCount(50_000, 10), seed: 2 },
    );
    const { good, bad } = outcomes(texts, read);
    expect(good).toBeGreaterThan(sampledCount(500, 10));
    expect(bad).toBeGreaterThan(sampledCount(500, 10));
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
      { numRuns: sampledCount(20_000, 10), seed: 3 },
    );
    const { good, bad } = outcomes(texts, (text) => parse(["1"], [text]));
    expect(good).toBeGreaterThan(sampledCount(50, 10));
    expect(bad).toBeGreaterThan(sampledCount(500, 10));
  });
});
