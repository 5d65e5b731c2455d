/**
 * The page of options: every one of solves and of what is computed of their matrices, from the rows in `src/solve`: what it is, and what is
 * accepted. Reads the sources as text, so it needs no build.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { item } from "./wrap.mjs";

/** Headings, and the tables of rows below them: a file in `src/solve`, and the name of the table there. */
const TABLES = [
  [
    "Solves: `Kinv(...)`, `K.solve(b)`, and `Kinv.shifted(...)` but for `alpha`, `x0` and `onIteration`",
    [
      ["solveoptions", "RIDGE"],
      ["stopping", "STOPPING"],
      ["choose", "CHOICE"],
      ["gmres", "GMRES"],
      ["solveoptions", "COURSE"],
    ],
  ],
  [
    "Log-determinants: `Kinv.logdet(...)`",
    [
      ["solveoptions", "RIDGE"],
      ["logdet", "LOGDET"],
    ],
  ],
  ["Traces: `Kinv.trace(...)`", [["logdet", "TRACE"]]],
  ["Eigenpairs: `Kinv.eigsh(k, ...)`", [["eigsh", "EIGSH"]]],
];

/** The file that the rows ask for. */
export function optionsText(root) {
  const sections = TABLES.flatMap(([title, tables]) => [
    `## ${title}`,
    "",
    ...tables.flatMap(([file, table]) => rowsOf(join(root, "src", "solve", `${file}.ts`), table)),
    "",
  ]);
  return [
    "# Options of solves",
    "",
    "Every option with what it accepts. Made by `npm run generate` from the rows in `src/solve`. All functions take the",
    "options of calls as well: `backend`, `device`, `compile` and `ranges`. `async` forms take `signal` and `onProgress`.",
    "",
    ...sections,
  ].join("\n");
}

/** The lines of a table: one for each property of the object. */
function rowsOf(path, table) {
  const source = ts.createSourceFile(path, readFileSync(path, "utf8"), ts.ScriptTarget.Latest, true);
  const declarations = source.statements.filter(ts.isVariableStatement).flatMap((s) => s.declarationList.declarations);
  const found = declarations.find(({ name }) => name.getText() === table);
  if (!found) throw new Error(`${path}: expected a table ${table}`);
  return found.initializer.expression.properties.flatMap((property) => {
    const name = property.name.getText();
    return item(`\`${name}\`, ${acceptedBy(property.initializer)}. ${wordsOf(property, name)}`);
  });
}

/** What a row accepts, in words. */
function acceptedBy(row) {
  const fields = new Map(row.properties.map(({ name, initializer }) => [name.getText(), initializer]));
  const kind = fields.get("kind");
  if (kind === undefined) return fields.get("expected").text;
  if (ts.isArrayLiteralExpression(kind)) return `one of ${kind.elements.map((choice) => choice.getText()).join(", ")}`;
  const noun = kind.text === "integer" ? "an integer" : "a number";
  return `${noun} of at least ${fields.get("least").getText()}`;
}

/** The comment above a row as one line. */
function wordsOf(property, name) {
  const [comment] = ts.getJSDocCommentsAndTags(property);
  if (!comment) throw new Error(`${name}: expected a comment that explains it`);
  return ts.getTextOfJSDocComment(comment.comment).replaceAll(/\s+/g, " ").trim();
}
