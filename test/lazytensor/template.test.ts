/** Templates: what they mean, where errors point, and that no text makes anything but a tensor or a KeopsError. */
import fc from "fast-check";
import { ArgumentError, FormulaError } from "../../src/errors";
import { KeopsError, LazyTensor, Pm, Vi, Vj, lazy, rand } from "../../src/index";
import { expressionIn } from "../../src/lazytensor/expression";
import type { Formula } from "../../src/formula/formula";
import { parse } from "../../src/formula/parse";
import { parseTemplate } from "../../src/formula/template";
import {
  PRECEDENCE,
  abs,
  add,
  constant,
  divide,
  exp,
  lessThan,
  minus,
  mult,
  norm2,
  powf,
  scalprod,
  sqNorm2,
  subtract,
} from "../../src/formula/ops";

const x = rand([4, 3], { seed: 1, dtype: "float64" });
const y = rand([5, 3], { seed: 2, dtype: "float64" });
const b = rand([5, 2], { seed: 3, dtype: "float64" });
const [xi, yj, bj] = [Vi(x), Vj(y), Vj(b)];
const written = (text: string): LazyTensor => lazy({ x, y, b: bj, s: 0.3 })(Object.assign([text], { raw: [text] }));

test.each([
  ["x_i - y_j", xi.sub(yj)],
  ["|x_i - y_j|²", xi.sqdist(yj)],
  ["|x_i - y_j|", xi.sub(yj).norm2()],
  ["x_i²", xi.square()],
  ["x_i³", xi.pow(3)],
  ["-x_i²", xi.square().neg()],
  ["x_i | y_j", xi.dot(yj)],
  ["|x_i| * |y_j|", xi.norm2().mul(yj.norm2())],
  ["|(x_i | y_j) + 1|", xi.dot(yj).add(1).abs()],
  ["|x_i * |y_j||", xi.mul(yj.norm2()).norm2()],
  ["exp(-|x_i - y_j|² / 2) * b", xi.sqdist(yj).neg().div(2).exp().mul(bj)],
  ["SqDist(x_i, y_j)", xi.sqdist(yj)],
  ["one_hot(elem(x_i, 0), 3)", xi.elem(0).oneHot(3)],
  ["Grad(|x_i|², x_i, 1)", xi.sqnorm2().grad(xi, 1)],
  ["x_i < y_j", xi.lt(yj)],
  ["x_i ** 2 + 1", xi.pow(2).add(1)],
])("%s is what its methods say", (text, expected) => {
  expect(written(text).formula).toBe(expected.formula);
  expect(expressionIn(written(text)).formula).toBe(expressionIn(expected).formula);
});

test("holes are tensors, parameters, numbers and lists", () => {
  const sigma = 0.25;
  const K = lazy`exp(-|${xi} - ${yj}|² / (2 * ${sigma}²)) * ${bj}`;
  const expected = xi.sqdist(yj).neg().div(2 * sigma ** 2).exp().matmul(b); // prettier-ignore
  const got = K.sum({ axis: 1 });
  for (let i = 0; i < 4; i++) expect(got.get(i, 1)).toBeCloseTo(expected.get(i, 1), 13);
  expect(lazy`${xi} * ${[1, 2, 3]}`.formula).toBe(xi.mul(Pm([1, 2, 3])).formula);
  expect(lazy`elem(${xi}, ${1})`.formula).toBe(xi.elem(1).formula);
});

test("a name in a template is one variable", () => {
  expect(written("s * x_i - s * x_i").formula).toBe("SumT(0, 3)");
});

test.each([
  ["exp(-|x_i - y_j)", 15, 'expected an operator or "|"'],
  ["|x_i - y_j", 10, 'expected an operator or "|"'],
  ["x_i + z", 6, 'unknown variable "z"'],
  ["x + 1", 0, "expected x_i or x_j for an array of points"],
  ["xp(x_i)", 0, "did you mean Exp?"],
  ["x_i + b", 4, "expected equal dims"],
  ["exp", 0, "expected a call Exp(x)"],
  ["Vi(0, 3)", 0, "expected variables as holes"],
  ["x_i^2", 3, "powers are written **"],
  ["²", 0, "expected a formula"],
  ["x_i | y_j | b", 10, "equal dims"],
  ["s_i", 0, 'unknown variable "s_i"'],
])("%s is refused with a caret at column %i", (text, column, message) => {
  const error = thrownBy(() => written(text));
  expect(error).toBeInstanceOf(KeopsError);
  expect((error as Error).message).toContain(message);
  expect((error as Error).message.split("\n").at(-1)!.indexOf("^")).toBe(2 + column);
});

function thrownBy(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  return undefined;
}

test("errors about holes count them", () => {
  expect(() => lazy`${xi} + ${"text" as unknown as number}`).toThrow(
    /hole 2: expected a LazyTensor, an array or a number/,
  );
  expect(() => lazy`${xi} + ${x}`).toThrow(/hole 2: expected Vi\(x\) or Vj\(x\)/);
  expect(() => lazy`\${1} + ${xi}`).toThrow(/expected holes that hold values/);
});

test("lazy takes a template or an object", () => {
  expect(() => lazy(3 as unknown as Record<string, number>)).toThrow(/expected a template or an object/);
  expect(() => lazy(x as unknown as Record<string, number>)).toThrow(/expected a template or an object/);
});

const WORDS = "x_i y_j x b s |x_i| | || ² ³ ** * / + - ( ) , [ ] exp sqdist Elem ${1} 2 0.5 < == \0 λ".split(" ");
const randomTexts = (words: readonly string[], numRuns: number): string[] =>
  fc.sample(
    fc.array(fc.constantFrom(...words), { maxLength: 10 }).map((chosen) => chosen.join(" ")),
    { numRuns, seed: 7 },
  );

test("any text gives a tensor or an error about formulas or arguments, with a caret under a place in it", () => {
  let tensors = 0;
  for (const text of randomTexts(WORDS, 3000)) {
    const error = thrownBy(() => (written(text) instanceof LazyTensor ? tensors++ : undefined));
    if (error === undefined) continue;
    expect([FormulaError.name, ArgumentError.name]).toContain((error as Error).name);
    const [quoted, caret] = (error as Error).message.split("\n").slice(-2) as [string, string];
    expect(quoted.slice(2)).toBe(text.replaceAll("\0", "·"));
    expect(caret).toMatch(/^ {2,}\^+$/);
    expect(caret.indexOf("^")).toBeLessThanOrEqual(2 + text.length);
  }
  expect(tensors).toBeGreaterThan(100);
});

// ------------------------------------------------------------------------------------------------------ the grammar

const ALIASES = ["x = Vi(3)", "y = Vj(3)", "s = Pm(1)"];
const VARIABLES = new Map(parse([], ALIASES).arguments.map(({ name, variable }) => [name!, variable]));
const read = (text: string): Formula =>
  parseTemplate(text, { known: VARIABLES.keys(), formula: (name) => VARIABLES.get(name) });

/** A formula and how it is written: parts that bind less tightly than their place asks for are in parentheses. */
interface Written {
  readonly text: string;
  readonly tightness: number;
  readonly isNorm?: boolean;
  readonly build: () => Formula;
}

const ATOM = PRECEDENCE.power + 1;
const inside = ({ text, tightness }: Written, least: number): string => (tightness < least ? `(${text})` : text);

const OPERATORS: readonly (readonly [string, number, (x: Formula, y: Formula) => Formula])[] = [
  ["+", PRECEDENCE.add, add],
  ["-", PRECEDENCE.add, subtract],
  ["*", PRECEDENCE.mult, mult],
  ["/", PRECEDENCE.mult, divide],
  ["|", PRECEDENCE.scalprod, scalprod],
  ["<", PRECEDENCE.compare, lessThan],
  ["**", PRECEDENCE.power, powf],
];

/** All but powers and comparisons group from the left. */
function binary([symbol, tightness, build]: (typeof OPERATORS)[number], x: Written, y: Written): Written {
  const isPower = symbol === "**";
  const left = inside(x, isPower || symbol === "<" ? tightness + 1 : tightness);
  const right = inside(y, isPower ? tightness : tightness + 1);
  return { text: `${left} ${symbol} ${right}`, tightness, build: () => build(x.build(), y.build()) };
}

const opposite = (x: Written): Written => ({
  text: `-${inside(x, PRECEDENCE.minus)}`,
  tightness: PRECEDENCE.minus,
  build: () => minus(x.build()),
});
const power = (x: Written, symbol: string, exponent: number): Written => ({
  text: `${x.isNorm ? `(${x.text})` : inside(x, ATOM)}${symbol}`,
  tightness: ATOM,
  build: () => powf(x.build(), exponent),
});
const norm = (x: Written, square: string): Written => ({
  text: `|${inside(x, PRECEDENCE.add)}|${square}`,
  tightness: ATOM,
  isNorm: true,
  build: () => {
    const of = x.build();
    return square ? sqNorm2(of) : of.dim === 1 ? abs(of) : norm2(of);
  },
});
const call = (x: Written): Written => ({ text: `exp(${x.text})`, tightness: ATOM, build: () => exp(x.build()) });

const { tree } = fc.letrec<{ tree: Written }>((tie) => ({
  tree: fc.oneof(
    { depthSize: "medium", withCrossShrink: true },
    fc.constantFrom<Written>(
      ...["x", "y", "s"].map((name) => ({ text: name, tightness: ATOM, build: () => VARIABLES.get(name)! })),
      ...[2, 0.5].map((n) => ({ text: String(n), tightness: ATOM, build: () => constant(n) })),
    ),
    fc.tuple(fc.constantFrom(...OPERATORS), tie("tree"), tie("tree")).map(([of, x, y]) => binary(of, x, y)),
    fc.tuple(fc.constantFrom("", "²"), tie("tree")).map(([square, x]) => norm(x, square)),
    fc.tuple(fc.constantFrom("²", "³"), tie("tree")).map(([symbol, x]) => power(x, symbol, symbol === "²" ? 2 : 3)),
    tie("tree").map(opposite),
    tie("tree").map(call),
  ),
}));

test("a text without needless parentheses is read as what it was written from", () => {
  let formulas = 0;
  fc.assert(
    fc.property(tree, ({ text, build }) => {
      let expected: Formula | undefined;
      const error = thrownBy(() => (expected = build()));
      if (error) expect(thrownBy(() => read(text))).toBeInstanceOf(FormulaError);
      else {
        expect({ text, formula: String(read(text)) }).toEqual({ text, formula: String(expected) });
        expect(read(text)).toBe(expected);
        formulas++;
      }
    }),
    { numRuns: 3000, seed: 11 },
  );
  expect(formulas).toBeGreaterThan(500);
});

test("what the reader of formulas can read means the same in a template", () => {
  const words = "x y s 2 0.5 + - * / ** | < == ( ) Exp( Elem(x,1) ) SqDist(x,y) , x|y x-y".split(" ");
  let formulas = 0;
  for (const text of randomTexts(words, 6000)) {
    let expected: Formula | undefined;
    thrownBy(() => (expected = parse([text], ALIASES).formulas[0]!));
    if (!expected) continue;
    expect({ text, formula: read(text) === expected }).toEqual({ text, formula: true });
    formulas++;
  }
  expect(formulas).toBeGreaterThan(300);
});
