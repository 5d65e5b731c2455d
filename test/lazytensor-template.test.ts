/** Templates: what they mean, where errors point, and that no text makes anything but a tensor or a KeopsError. */
import fc from "fast-check";
import { KeopsError, LazyTensor, Pm, Vi, Vj, lazy, rand } from "../src/index";

const x = rand([4, 3], { seed: 1, dtype: "float64" });
const y = rand([5, 3], { seed: 2, dtype: "float64" });
const b = rand([5, 2], { seed: 3, dtype: "float64" });
const [xi, yj, bj] = [Vi(x), Vj(y), Vj(b)];
const written = (text: string): LazyTensor =>
  lazy({ x, y, b: bj, s: 0.3 })(Object.assign([text], { raw: [text] }) as TemplateStringsArray);

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
  expect(written(text).expression.formula).toBe(expected.expression.formula);
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

test("any text gives a tensor or a KeopsError that quotes it", () => {
  const word = fc.constantFrom(
    ..."x_i y_j x b s |x_i| | || ² ³ ** * / + - ( ) , [ ] exp sqdist Elem ${1} 2 0.5 < == \0 λ".split(" "),
  );
  const texts = fc.sample(
    fc.array(word, { maxLength: 10 }).map((words) => words.join(" ")),
    { numRuns: 3000, seed: 7 },
  );
  let tensors = 0;
  for (const text of texts) {
    const error = thrownBy(() => (written(text) instanceof LazyTensor ? tensors++ : undefined));
    expect(error ?? new KeopsError("ERR_KEOPS_FORMULA", "")).toBeInstanceOf(KeopsError);
  }
  expect(tensors).toBeGreaterThan(100);
});
