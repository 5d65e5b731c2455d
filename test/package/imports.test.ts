/**
 * Who may import whom is a table of eslint.imports.mjs, to which `npm run lint` holds every file: here, that it tells
 * what breaks it. And what no linter sees: chains of imports that come back to where they began.
 */
import { execFileSync } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import { basename, dirname, join, relative, resolve, sep } from "node:path";

const root = resolve(__dirname, "..", "..");
const src = join(root, "src");
const names = readdirSync(src, { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".ts"))
  .map((file) => file.replace(/\.ts$/, "").split(sep).join("/"));

interface Text {
  readonly file: string;
  readonly text: string;
}

/** The rules that each text breaks in its file, by their messages. */
function broken(texts: readonly Text[]): string[][] {
  const script = `
    import { readFileSync } from "node:fs";
    import { Linter } from "eslint";
    import tseslint from "typescript-eslint";
    import { importRules } from "./eslint.imports.mjs";
    const nothing = { selector: "WithStatement", message: "" };
    const config = [{ files: ["**/*.ts"], languageOptions: { parser: tseslint.parser } }, ...importRules([nothing])];
    const linter = new Linter({ configType: "flat" });
    const told = JSON.parse(readFileSync(0, "utf8")).map(({ file, text }) =>
      linter.verify(text, config, { filename: file }).filter(({ ruleId }) => /^no-restricted/.test(ruleId))
        .map(({ message }) => message.replace(/^.* by a pattern\\. /, "")));
    console.log(JSON.stringify(told));`;
  const options = { cwd: root, input: JSON.stringify(texts), encoding: "utf8" } as const;
  return JSON.parse(execFileSync(process.execPath, ["--input-type=module", "-e", script], options)) as string[][];
}

const NOT = (name: string): string => `src/${name} may not know that: see eslint.imports.mjs.`;
const TYPES = (name: string): string => `src/${name} may know only types of that: see eslint.imports.mjs.`;
const LATE = "Nothing is loaded late but the addon and the packages that draw charts.";
const DEVICES = "Only src/device/ and gpus.ts know which devices there are.";

const FAULTS: readonly (readonly [string, string, readonly string[]])[] = [
  ["formula/core", 'import { x } from "../device/host";', [NOT("formula")]],
  ["formula/core", 'import type { x } from "../device/host";', [NOT("formula")]],
  ["formula/core", 'import { x } from "./ops"; import { y } from "../errors";', []],
  ["formula/core", 'import { x } from "node:fs";', [NOT("formula")]],
  ["array/view", 'import { x } from "../device/host";', [TYPES("array")]],
  ["array/view", 'export { x } from "../device/host";', [TYPES("array")]],
  ["array/view", 'import type { x } from "../device/native"; import { type y } from "../device/native";', []],
  ["array/view", 'import x from "ndarray"; import { y } from "../device/devices";', []],
  ["device/reference", 'import { x } from "./host";', [TYPES("device/reference")]],
  ["device/reference", 'import type { x } from "./host"; import { y } from "./addoncall";', []],
  ["notebook/chart", 'import { x } from "vega";', [NOT("notebook")]],
  ["generic", 'import { x } from "./genred"; import type { y } from "./call/operator";', []],
  ["generic", 'import { y } from "./call/operator";', [TYPES("generic")]],
  ["newdoor", 'import { x } from "./genred";', ["A part of src needs a row in eslint.imports.mjs."]],
  ["genred", 'void import("vega"); require("vega");', [LATE, LATE]],
  ["notebook/companions", 'void import("vega"); require("vega");', []],
  ["genred", 'const device = "cuda"; isOnDevice(x);', [DEVICES, DEVICES]],
  ["device/addonfiles", 'void import("vega"); const device: "cuda" = x;', []],
];

test("what a part may not know is a fault", () => {
  const found = broken(FAULTS.map(([name, text]) => ({ file: `src/${name}.ts`, text })));
  expect(FAULTS.map(([name, text], n) => [name, text, found[n]])).toEqual(FAULTS);
});

const imports = new Map(names.map((name) => [name, importsOf(name)]));

/** Files of src that a file imports, be it types. */
function importsOf(name: string): string[] {
  const text = readFileSync(join(src, `${name}.ts`), "utf8");
  const statements = text.matchAll(/^(?:import|export)\s+(?:type\s)?(?:[^;"']*?\sfrom\s+)?["'](\.[^"']+)["']/gm);
  const path = (specifier: string): string => relative(src, resolve(src, dirname(name), specifier));
  return [...statements].map(([, specifier]) => path(specifier!).split(sep).join("/"));
}

/**
 * The first way from `name` on that comes back to a file it went through. @param done files that no such way goes
 * through.
 */
function cycleFrom(name: string, done: Set<string>, path: readonly string[] = []): readonly string[] | undefined {
  if (path.includes(name)) return [...path.slice(path.indexOf(name)), name];
  if (done.has(name)) return undefined;
  for (const target of imports.get(name) ?? []) {
    const cycle = cycleFrom(target, done, [...path, name]);
    if (cycle) return cycle;
  }
  done.add(name);
  return undefined;
}

test("imports are read from real files, which exist, and are named without extension", () => {
  expect(imports.get("notebook/chart")).toContain("errors");
  const missing = [...imports].flatMap(([name, list]) =>
    list.filter((target) => !imports.has(target)).map((target) => `${name} → ${target}`),
  );
  expect(missing).toEqual([]);
});

test("no two files have one name: whoever looks for one finds it", () => {
  const others = (name: string): string[] => names.filter((one) => one !== name && basename(one) === basename(name));
  expect(names.filter((name) => others(name).length > 0)).toEqual([]);
});

test("no chain of imports comes back to where it began", () => {
  const done = new Set<string>();
  const cycles = names.map((name) => cycleFrom(name, done)?.join(" → "));
  expect(cycles.filter((cycle) => cycle !== undefined)).toEqual([]);
});
