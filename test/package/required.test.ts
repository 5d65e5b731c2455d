/** What the bench and scripts take from dist/ by name is there: they run rarely, and a name that moved would be seen then. */
import { readFileSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";

const root = join(__dirname, "..", "..");

const filesOf = (folder: string): string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => /\.[cm]js$/.test(name))
    .map((name) => join(root, folder, name));

/** `const { a, b: c } = require("…/dist/m.js")` and `import { a, b as c } from "…/dist/m.js"`: file, module, name. */
function namesTaken(file: string, text = readFileSync(file, "utf8")): [string, string, string][] {
  const taken = [...text.matchAll(/\{([^{}]+)\}\s*(?:= require\(|from )"(\.[^"]*\/dist\/[^"]+)"/g)];
  return taken.flatMap(([, names = "", module = ""]) =>
    names
      .split(",")
      .map((name) =>
        name
          .trim()
          .split(/:| as /)[0]!
          .trim(),
      )
      .filter((name) => name !== "")
      .map((name): [string, string, string] => [relative(root, file), join(dirname(file), module), name]),
  );
}

const moduleAt = (path: string): object => createRequire(__filename)(path) as object;

test.each(["bench", "scripts"].flatMap(filesOf).flatMap((file) => namesTaken(file)))(
  "%s: %s has %s",
  (_, module, name) => {
    expect(moduleAt(module)).toHaveProperty(name);
  },
);

test("a name that is not there is seen", () => {
  const text = 'const { parse, nothing: other } = require("../dist/formula/parse.js");';
  const names = namesTaken(join(root, "bench", "made-up.mjs"), text);
  expect(names.map(([, module, name]) => name in moduleAt(module))).toEqual([true, false]);
});
