/**
 * The import table: which part may know which. Every source file is read and held against it, so that a layer cannot come to know
 * another by accident.
 */
import { readFileSync, readdirSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";

interface Rule {
  /** Parts that may be imported: a folder of src, or one file in it. Everyone may import `errors`, `options` and its own folder. */
  readonly parts: readonly string[];
  /** Packages that may be imported; `node:` stands for all of Node's own. */
  readonly packages?: readonly string[];
  /** Parts of which only the types may be imported. */
  readonly types?: readonly string[];
  /** Imports nothing but types from its own folder. */
  readonly typesOfOwnFolder?: boolean;
}

const DOORS = ["gpus", "genred", "generic", "imagechart", "kernelsolve", "lazytensor", "notebook", "progressbar"];

/** The most specific row that fits a file rules it. */
const TABLE: Readonly<Record<string, Rule>> = {
  errors: { parts: [] },
  options: { parts: [] },
  formula: { parts: [] },
  // The formula as text or program: text in, text out. It reads the texts that it puts in front of what it writes.
  codegen: { parts: ["formula"] },
  "codegen/prelude": { parts: [], packages: ["node:"] },
  // Where formulas run and arrays are: one interface, a file for each device.
  device: { parts: ["codegen", "formula"], packages: ["node:"] },
  "device/native": {
    parts: ["device/addoncall", "codegen/isa", "codegen/prelude"],
    packages: ["node:"],
    typesOfOwnFolder: true,
  },
  "device/memory": { parts: [], types: ["device/native"] },
  "device/reference": { parts: ["formula", "device/device"], types: ["codegen/specification"], typesOfOwnFolder: true },
  array: { parts: ["device/devices", "device/memory"], types: ["device"], packages: ["ndarray", "ml-matrix"] },
  task: { parts: [] },
  // What the doors are made of: a reduced formula over arrays, and that as the matrix of a linear system.
  call: {
    parts: [
      "formula",
      "device/devices",
      "device/memory",
      "device/routine",
      "device/device",
      "device/native",
      "array",
      "task",
    ],
    packages: ["node:"],
    types: ["device", "codegen/specification"],
  },
  // Fewer pairs: trees of cells of points.
  fast: { parts: [] },
  solve: { parts: ["call", "task", "formula", "device", "array"], types: ["codegen/specification"] },
  gpus: { parts: ["device/cuda", "device/native"] },
  genred: { parts: ["call", "formula", "array"], types: ["device", "task"] },
  generic: { parts: ["genred", "formula"], types: ["call"] },
  kernelsolve: { parts: ["solve", "call", "genred", "formula", "array"], types: ["device", "task"] },
  lazytensor: { parts: ["kernelsolve", "solve", "call", "genred", "formula", "array"], types: ["device"] },
  notebook: { parts: ["array"], packages: ["node:"] },
  imagechart: { parts: ["notebook", "array"], packages: ["node:"] },
  progressbar: { parts: ["notebook"], packages: ["node:"], types: ["call"] },
  index: {
    parts: [...DOORS, "array", "solve/linearoperator", "device/native"],
    types: ["device", "codegen/isa", "call", "solve"],
  },
};

/** Only these load something at run time that may be missing: the addon, and the packages that draw charts. */
const LATE_LOADERS = ["device/native", "notebook"];

interface Import {
  readonly target: string;
  readonly isPart: boolean;
  readonly typesOnly: boolean;
}

const src = resolve(__dirname, "..", "..", "src");
const texts = new Map(sourceFiles(src).map((file) => [nameOf(file), readFileSync(file, "utf8")]));
const imports = new Map([...texts].map(([name, text]) => [name, importsOf(name, text)]));

function sourceFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => join(folder, file));
}

/** `device/host` for <root>/src/device/host.ts. */
function nameOf(file: string): string {
  return relative(src, file).replace(/\.ts$/, "").split(sep).join("/");
}

function importsOf(name: string, text: string): Import[] {
  const statements = text.matchAll(/^(?:import|export)\s+(type\s)?(?:[^;"']*?\sfrom\s+)?["']([^"']+)["']/gm);
  return [...statements].map(([, type, specifier = ""]) => {
    const isPart = specifier.startsWith(".");
    const target = isPart ? nameOf(resolve(src, dirname(name), specifier)) : specifier;
    return { target, isPart, typesOnly: type !== undefined };
  });
}

function ruleOf(name: string): Rule | undefined {
  return TABLE[name] ?? TABLE[name.split("/")[0] ?? ""];
}

function isWithin(target: string, part: string): boolean {
  return target === part || target.startsWith(`${part}/`);
}

function mayImport(name: string, { target, isPart, typesOnly }: Import, rule: Rule): boolean {
  if (!isPart)
    return (rule.packages ?? []).some((known) => target === known || (known === "node:" && target.startsWith(known)));
  const allowed = typesOnly ? [...rule.parts, ...(rule.types ?? [])] : rule.parts;
  if (target === "errors" || target === "options" || allowed.some((part) => isWithin(target, part))) return true;
  const isOwnFolder = name.includes("/") && dirname(name) === dirname(target);
  return isOwnFolder && (typesOnly || rule.typesOfOwnFolder !== true);
}

function violations(): string[] {
  return [...imports].flatMap(([name, list]) => {
    const rule = ruleOf(name);
    if (rule === undefined) return [`${name}: has no row in the import table`];
    return list.filter((found) => !mayImport(name, found, rule)).map((found) => `${name} → ${found.target}`);
  });
}

/** The first way from `name` on that comes back to a file it went through. @param done files that no such way goes through. */
function cycleFrom(name: string, done: Set<string>, path: readonly string[] = []): readonly string[] | undefined {
  if (path.includes(name)) return [...path.slice(path.indexOf(name)), name];
  if (done.has(name)) return undefined;
  for (const { target, isPart } of imports.get(name) ?? []) {
    const cycle = isPart ? cycleFrom(target, done, [...path, name]) : undefined;
    if (cycle) return cycle;
  }
  done.add(name);
  return undefined;
}

test("the table of imports is read from real files", () => {
  expect([...imports.keys()]).toEqual(expect.arrayContaining(["errors", "notebook"]));
  expect(imports.get("notebook")).toContainEqual({ target: "errors", isPart: true, typesOnly: false });
});

test("every source file imports only what its layer may know", () => {
  expect(violations()).toEqual([]);
});

test("no chain of imports comes back to where it began", () => {
  const done = new Set<string>();
  const cycles = [...imports.keys()].map((name) => cycleFrom(name, done)?.join(" → "));
  expect(cycles.filter((cycle) => cycle !== undefined)).toEqual([]);
});

test("every relative import names a file that exists, without extension", () => {
  const missing = [...imports].flatMap(([name, list]) =>
    list.filter(({ target, isPart }) => isPart && !texts.has(target)).map(({ target }) => `${name} → ${target}`),
  );
  expect(missing).toEqual([]);
});

test("there are no default exports", () => {
  const offenders = [...texts].filter(([, text]) => /^export (default\b|=)/m.test(text)).map(([name]) => name);
  expect(offenders).toEqual([]);
});

test("nothing but the addon and the chart packages is loaded late", () => {
  const late = [...texts].filter(([, text]) => /\brequire\(|\bimport\(/.test(text)).map(([name]) => name);
  expect(late.filter((name) => !LATE_LOADERS.includes(name))).toEqual([]);
});

/** Only these may know which devices there are, and that data are not in the machine's memory. */
const OF_DEVICES = /^(?:device\/|gpus$)/;

test("nothing but devices names CUDA or asks where an array is", () => {
  const words = /\b(?:isOnDevice|DeviceData|RemoteData)\b|"cuda"/;
  const code = (text: string): string => text.replace(/\/\*[^]*?\*\/|\/\/.*$/gm, "");
  const offenders = [...texts].filter(([name, text]) => !OF_DEVICES.test(name) && words.test(code(text)));
  expect(offenders.map(([name]) => name)).toEqual([]);
});
