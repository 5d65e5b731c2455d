/**
 * What editors and notebooks show of a method: every member of a lazy tensor has documentation, in the TypeScript of
 * this repository and in the one that tslab carries. Needs `dist` for tslab.
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import ts from "typescript";
import { Vi } from "../../src";

const root = join(__dirname, "..", "..");

const file = join(root, "src", "lazytensor", "lazytensor.ts");
const program = ts.createProgram([file], { target: ts.ScriptTarget.ES2022, strict: true, noLib: true });
const checker = program.getTypeChecker();
const lazytensor = checker.getSymbolAtLocation(program.getSourceFile(file)!)!;

/** The public members of a class of src/lazytensor/lazytensor.ts with their documentation. */
function membersOf(name: string): Map<string, string> {
  const found = checker.getExportsOfModule(lazytensor).find((symbol) => symbol.name === name)!;
  const hidden = ts.ModifierFlags.Private | ts.ModifierFlags.Protected;
  const members = checker
    .getPropertiesOfType(checker.getDeclaredTypeOfSymbol(found))
    .filter(({ name, declarations = [] }) => {
      return !name.startsWith("#") && (ts.getCombinedModifierFlags(declarations[0]!) & hidden) === 0;
    });
  return new Map(
    members.map((member) => [member.name, ts.displayPartsToString(member.getDocumentationComment(checker))]),
  );
}

test.each(["LazyTensor", "ComplexLazyTensor"])("every member of %s says in a sentence what it is", (name) => {
  const members = membersOf(name);
  expect(members.size).toBeGreaterThan(40);
  const silent = [...members].filter(([, text]) => text.length < 8);
  expect(silent.map(([member]) => member)).toEqual([]);
});

/** The names that an object has at run time, its own and those of its classes. */
function namesOf(object: object): string[] {
  const names: string[] = [];
  for (let at = object; at !== Object.prototype; at = Object.getPrototypeOf(at) as object)
    names.push(...Object.getOwnPropertyNames(at));
  return [...new Set(names)].filter((name) => name !== "constructor");
}

test.each([
  ["LazyTensor", Vi(0, 2)],
  ["ComplexLazyTensor", Vi(0, 2).exp1j()],
])("%s has no member at run time that is not public", (name, tensor) => {
  const members = membersOf(name);
  expect(namesOf(tensor).filter((member) => !members.has(member))).toEqual([]);
});

const CELL = `import { Vi, rand } from "tskeops";
const x = Vi(rand([3, 2]));
x.weightedsqdist
x.Kmin_argKmin
x.real2complex().pow`;

/** What tslab shows where the text of a cell ends with one of the words. */
function shownBy(words: readonly string[]): string[] {
  const script = `
    const { openSession } = await import(${JSON.stringify(pathToFileURL(join(root, "scripts", "tslab-session.mjs")).href)});
    const session = openSession(${JSON.stringify(join(root, "notebooks"))}, ${JSON.stringify(root)});
    const cell = ${JSON.stringify(CELL)};
    const shown = ${JSON.stringify(words)}.map((word) => session.inspect(cell, cell.indexOf(word) + 1));
    process.stdout.write(JSON.stringify(shown));
    session.close();
    process.exit();`;
  const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8" });
  if (!stdout.startsWith("[")) throw new Error(stderr);
  return JSON.parse(stdout) as string[];
}

test("tslab shows the types and the rows of the tables", () => {
  const [distance, best, power] = shownBy(["weightedsqdist", "Kmin_argKmin", "pow"]);
  expect(distance).toMatch(
    /weightedsqdist<Y1, Y2>\(y: Y1, s: Y2\): Joined<LazyTensor<Float32Array[^]*in the metric s: a number, the/,
  );
  expect(best).toMatch(/Kmin_argKmin<C>\(k: number, options: [^]*The K smallest values in order, and their indices/);
  expect(power).toMatch(/\.pow<Y1>\(y: Y1\): Joined<ComplexLazyTensor<Float32Array[^]*principal value/);
}, 60_000);
