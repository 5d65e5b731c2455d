/** What the project's kernel completes and explains in formulas, asked as Jupyter asks; `¦` is where the cursor is. */
import { entries } from "../../src/formula/ops";
import { Kernel } from "../helpers/kernel";

jest.setTimeout(60_000);

const kernel = new Kernel();

beforeAll(async () => {
  await kernel.ready();
  const earlier = kernel.run(`import { lazy, rand } from "tskeops";
    const earlier = ["u = Vi(3)", "weights = Vj(1)"], points = rand([5, 3]), width = 0.5;`);
  expect(await earlier.status).toBe("ok");
});
afterAll(() => kernel.stop());

interface Completion {
  readonly matches: readonly string[];
  readonly cursor_start: number;
  readonly cursor_end: number;
  readonly metadata: {
    readonly _jupyter_types_experimental?: readonly Readonly<Record<"text" | "signature" | "documentation", string>>[];
  };
}

/** Jupyter counts characters, of which JavaScript's strings may have two for one. */
function at(marked: string): { code: string; cursor_pos: number } {
  const [before = "", after = ""] = marked.split("¦");
  return { code: before + after, cursor_pos: Array.from(before).length };
}

const complete = (marked: string): Promise<Completion> => kernel.ask("complete_request", at(marked));

/** The cell with the first match in the place of what it replaces. */
async function accepted(marked: string): Promise<string> {
  const { matches, cursor_start, cursor_end } = await complete(marked);
  const characters = Array.from(at(marked).code);
  const [before, after] = [characters.slice(0, cursor_start), characters.slice(cursor_end)];
  return [...before, matches[0], ...after].join("");
}

test.each([
  ["an operation", 'Genred("Exp(-SqD¦", ["x = Vi(3)"])', 'Genred("Exp(-SqDist", ["x = Vi(3)"])'],
  ["in any case", 'Genred("Exp(-sqdi¦(x, y))", ["x = Vi(3)"])', 'Genred("Exp(-SqDist(x, y))", ["x = Vi(3)"])'],
  ["in the middle of a name", 'Genred("Ex¦p(x)", ["x = Vi(3)"])', 'Genred("Exp(x)", ["x = Vi(3)"])'],
  ["in a string without its end", 'Genred("SqD¦', 'Genred("SqDist'],
  ["behind letters of two units", '/* 𝒢 */ Genred("SqD¦")', '/* 𝒢 */ Genred("SqDist")'],
  ["an alias first", 'Genred("e¦", ["eps = Pm(1)"])', 'Genred("eps", ["eps = Pm(1)"])'],
  ["an alias of an earlier cell", 'Genred("Exp(wei¦", earlier)', 'Genred("Exp(weights", earlier)'],
  ["an alias of this cell", 'const a = ["wide = Vi(3)"] as const;\nGenred("wi¦", a)', 'const a = ["wide = Vi(3)"] as const;\nGenred("wide", a)'], // prettier-ignore
  ["in a sum of texts", 'KernelSolve("Exp(" + `-SqN¦`, ["b = Vj(1)"], "b")', 'KernelSolve("Exp(" + `-SqNorm2`, ["b = Vj(1)"], "b")'], // prettier-ignore
  ["the unknown of a system", 'KernelSolve("b", ["b = Vj(1)"], "¦")', 'KernelSolve("b", ["b = Vj(1)"], "b")'],
  ["what an alias is", 'Genred("x", ["x = V¦"])', 'Genred("x", ["x = Vi"])'],
  ["the output of a short door", 'genericSum("x", "a = V¦", "x = Vi(3)")', 'genericSum("x", "a = Vi", "x = Vi(3)")'],
  ["aliases of a short door", 'genericSum("wi¦", "a = Vi(3)", "wide = Vi(3)")', 'genericSum("wide", "a = Vi(3)", "wide = Vi(3)")'], // prettier-ignore
  ["aliases that are kept", 'const list = ["x = P¦"];', 'const list = ["x = Pm"];'],
  ["a reduction", 'Genred("x", ["x = Vi(3)"], { reductionOp: "LogS¦" })', 'Genred("x", ["x = Vi(3)"], { reductionOp: "LogSumExp" })'], // prettier-ignore
  ["the weights' formula", 'Genred("x", ["x = Vi(3)"], { formula2: "Sigm¦" })', 'Genred("x", ["x = Vi(3)"], { formula2: "Sigmoid" })'], // prettier-ignore
  ["a template", "lazy`exp(-sqd¦(${points}", "lazy`exp(-sqDist(${points}"],
  ["points by their index", "lazy({ points, width })`exp(-|poi¦", "lazy({ points, width })`exp(-|points_i"],
  ["numbers by their name", "lazy({ points, width })`exp(-|points_i|² / wid¦`", "lazy({ points, width })`exp(-|points_i|² / width`"], // prettier-ignore
])("%s is completed", async (_, marked, expected) => {
  expect(await accepted(marked)).toBe(expected);
});

test.each(['lazy("ab")`¦`', "lazy(points)`¦`", 'lazy({ ["a"]: 1, width })`¦`'])(
  "names alone are offered in %s",
  async (marked) => {
    const { matches } = await complete(marked);
    expect(matches.length).toBeGreaterThan(50);
    expect(matches.filter((name) => !/^[A-Za-z_]\w*$/.test(name))).toEqual([]);
  },
);

test("every operation is offered with its arguments and a sentence, from its row", async () => {
  const { matches, metadata } = await complete('Genred("¦", ["x = Vi(3)"])');
  expect(matches[0]).toBe("x");
  expect([...entries.keys()].filter((name) => !matches.includes(name))).toEqual([]);
  const described = metadata._jupyter_types_experimental ?? [];
  expect(described.map(({ text }) => text)).toEqual(matches);
  expect(described.find(({ text }) => text === "SqDist")).toMatchObject({
    signature: "SqDist(x, y)",
    documentation: entries.get("SqDist")!.doc,
  });
  expect(described[0]).toMatchObject({ signature: "x = Vi(3)" });
});

test("an alias hides the operation of its name", async () => {
  const { matches } = await complete('Genred("Exp¦", ["Exp = Vi(3)"])');
  expect(matches.filter((name) => name === "Exp")).toHaveLength(1);
});

test("other strings and other code are TypeScript's", async () => {
  expect((await complete('console.log("SqD¦")')).matches).toEqual([]);
  expect((await complete('other("SqD¦")')).matches).toEqual([]);
  expect((await complete("Math.hyp¦")).matches).toEqual(["hypot"]);
});

const explain = async (marked: string): Promise<string | undefined> => {
  const { data } = await kernel.ask<{ data: Readonly<Record<string, string>> }>("inspect_request", at(marked));
  return data["text/plain"];
};

test("names of formulas are explained where the cursor is on them", async () => {
  expect(await explain('Genred("Exp(-SqD¦ist(x, y))", [])')).toMatch(/^SqDist\(x, y\)\n\n.*[Ss]quare/);
  expect(await explain('Genred("Exp(-wide¦)", ["wide = Vi(3)"])')).toBe("wide = Vi(3)");
  expect(await explain('Genred("Exp(-nothing¦)", [])')).toBeUndefined();
  expect(await explain("Math.hyp¦ot(3, 4)")).toMatch(/hypot/);
});
