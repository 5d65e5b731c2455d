/**
 * Non-null assertions say that an element is there without looking. They may stay in inner loops; elsewhere a loop over
 * elements, a tuple type, or `at` and `asserted` of src/asserts.ts says so and looks. The bound goes down with every one
 * that goes, and never up.
 */
import { readFileSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import ts from "typescript";

const MOST = 199;

/** The non-null assertions of a text, by line. */
function assertionsIn(name: string, text: string): string[] {
  const source = ts.createSourceFile(name, text, ts.ScriptTarget.Latest, true);
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isNonNullExpression(node))
      found.push(`${name}:${source.getLineAndCharacterOfPosition(node.end).line + 1} ${node.getText()}`);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

test("assertions are found wherever they stand", () => {
  expect(assertionsIn("a.ts", "f(a[0]!.b);\nconst c = `${m.get(1)!}`;\nif (a !== b) c!;")).toEqual([
    "a.ts:1 a[0]!",
    "a.ts:2 m.get(1)!",
    "a.ts:3 c!",
  ]);
});

test(`src has at most ${MOST} non-null assertions`, () => {
  const src = resolve(__dirname, "..", "..", "src");
  const files = readdirSync(src, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"));
  const found = files.flatMap((file) => assertionsIn(file, readFileSync(join(src, file), "utf8")));
  expect(found.length > MOST ? found : []).toEqual([]);
  expect(files.length).toBeGreaterThan(50);
});
