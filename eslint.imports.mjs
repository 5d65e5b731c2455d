/**
 * Which part of src may import which, as configurations of ESLint: editors show what breaks it. A layer cannot come to
 * know another by accident. Rows name folders of src, or files; the row of a file goes before that of its folder.
 *   parts     what may be imported; everyone may import `errors`, `options`, `asserts`, `once` and files of the own folder
 *   types     parts of which only types may be imported
 *   packages  packages that may be imported; `node:` stands for all of Node's own. What has it has a half for browsers
 *             (scripts/build-web.mjs), or is not there in browsers
 *   typesOfOwnFolder  of the own folder, too, only types
 */
const DOORS = ["cluster", "genred", "generic", "gpus", "kernelsolve", "lazytensor", "linalg", "settings"];

/** A row for each of these. */
const of = (names, row) => Object.fromEntries(names.map((name) => [name, row]));

const ROWS = {
  errors: { parts: [] },
  options: { parts: [] },
  asserts: { parts: [] },
  once: { parts: [] },
  // What the system around gives: src/browser has what stands in its place where there is no Node.
  platform: { parts: ["version"], packages: ["node:"] },
  warnings: { parts: ["platform"] },
  formula: { parts: [] },
  // The formula as text or program: text in, text out. It reads the texts that it puts in front of what it writes.
  codegen: { parts: ["formula", "platform"] },
  "codegen/prelude": { parts: ["codegen/texts", "platform/packagefolder"], packages: ["node:"] },
  // Where formulas run and arrays are: one interface, a file for each device.
  device: { parts: ["codegen", "formula", "platform", "warnings"] },
  ...of(["device/cache", "device/compiler", "device/cudacompiler", "device/toolchain"], {
    parts: ["codegen", "device", "platform"],
    packages: ["node:"],
  }),
  "device/native": {
    parts: ["device/addoncall", "device/addonfiles", "codegen/isa", "platform"],
    typesOfOwnFolder: true,
  },
  "device/addonfiles": {
    parts: ["device/nodeworkers", "device/wasm", "codegen/texts", "platform/packagefolder", "warnings"],
    packages: ["node:"],
    typesOfOwnFolder: true,
  },
  // The addon's C++ as a module, and what such a module asks of JavaScript: they know neither devices nor formulas.
  "device/wasm": {
    parts: ["device/nodeapi", "device/wasmheap", "device/wasmthreads"],
    typesOfOwnFolder: true,
  },
  "device/nodeapi": { parts: ["device/wasmheap"], typesOfOwnFolder: true },
  "device/wasmheap": { parts: [], typesOfOwnFolder: true },
  "device/wasmthreads": { parts: [], typesOfOwnFolder: true },
  "device/nodeworkers": { parts: ["device/wasmthreads"], packages: ["node:"], typesOfOwnFolder: true },
  "device/memory": { parts: [], types: ["device/native"] },
  "device/reference": {
    parts: ["formula", "device/addoncall", "platform"],
    types: ["codegen/specification"],
    typesOfOwnFolder: true,
  },
  array: {
    parts: ["device/devices", "device/memory", "device/native", "warnings"],
    types: ["device"],
    packages: ["ndarray", "ml-matrix"],
  },
  task: { parts: ["platform"] },
  // What the doors are made of: a reduced formula over arrays, and that as the matrix of a linear system.
  call: {
    parts: [
      "formula",
      "device/devices",
      "device/memory",
      "device/routine",
      "device/addoncall",
      "device/native",
      "array",
      "task",
      "platform",
      "warnings",
    ],
    types: ["device", "codegen/specification"],
  },
  // Fewer pairs: cells of points, and what they let reductions leave out.
  fast: { parts: ["call", "task", "array", "device", "formula", "platform"], types: ["codegen/specification"] },
  // Maths of arrays: elementwise functions are calls of formulas.
  nd: { parts: ["call", "array", "formula"], types: ["device"], packages: ["ndarray"] },
  optimise: { parts: ["nd", "array", "call", "task"], types: ["device"] },
  solve: {
    parts: ["fast", "call", "task", "formula", "device", "array", "platform"],
    types: ["codegen/specification"],
  },
  cluster: { parts: ["fast", "array"] },
  gpus: { parts: ["device/cuda", "device/native"] },
  genred: { parts: ["fast", "call", "formula", "array"], types: ["device", "task"] },
  generic: { parts: ["genred", "formula"], types: ["call"] },
  kernelsolve: { parts: ["solve", "call", "genred", "formula", "array"], types: ["device", "task"] },
  lazytensor: {
    parts: ["kernelsolve", "solve", "fast", "call", "genred", "task", "formula", "array"],
    types: ["device"],
  },
  // Linear operators: what they are made of, and what is computed of them.
  linalg: { parts: ["solve", "nd", "call", "task", "array", "platform"], types: ["device"] },
  // The ranks of a program on many machines, as an entry of its own.
  mpi: { parts: ["array", "device/memory", "device/native", "version"], packages: ["node:", "ndarray"] },
  notebook: { parts: ["array"], packages: ["node:"], types: ["call"] },
  settings: { parts: ["device/native"], types: ["codegen/isa"] },
  version: { parts: [] },
  // The command line, which nothing imports.
  cli: { parts: ["doctor", "version"], packages: ["node:"] },
  doctor: { parts: ["device", "array", "genred", "gpus", "version"], packages: ["node:"] },
  ready: { parts: ["device/native"] },
  publicnames: {
    parts: [...DOORS, "optimise", "nd", "array", "ready", "version"],
    types: ["device", "codegen/isa", "call", "solve"],
  },
  index: { parts: ["publicnames", "notebook"] },
  // Browsers: what stands in the place of what depends on Node, and the entry.
  browser: { parts: ["codegen/texts", "device", "platform", "warnings"], types: ["ready"] },
  web: { parts: ["browser/webmodule", "publicnames", "ready"] },
};

/** Only these load something at run time that may be missing: the addon, and the packages that draw charts. */
const LATE_LOADERS = ["device/addonfiles", "notebook/companions"];
/** Only these may know which devices there are, and that data are not in the machine's memory. */
const OF_DEVICES = ["device/**/*", "browser/nocuda", "gpus"];

const loadedLate = ["ImportExpression", "CallExpression[callee.name='require']"].map((selector) => ({
  selector,
  message: "Nothing is loaded late but the addon and the packages that draw charts.",
}));
const namedDevices = ["Identifier[name=/^(isOnDevice|DeviceData|RemoteData)$/]", "Literal[value='cuda']"].map(
  (selector) => ({ selector, message: "Only src/device/ and gpus.ts know which devices there are." }),
);

/** How a file imports a part: one in `room` does so from its folder, one at the top (`room` is null) from src. */
function specifierOf(part, room) {
  if (room !== null && part.startsWith(`${room}/`)) return `\\./${part.slice(room.length + 1)}`;
  return `${room === null ? "\\./" : "\\.\\./"}${part}(/.*)?(\\.js)?`;
}

const packageName = (name) => (name === "node:" ? "node:.*" : name);

/** What a row forbids to files in `room`. */
function patternsOf(name, { parts, types = [], packages = [], typesOfOwnFolder = false }, room) {
  const specifiers = (list) => list.map((part) => specifierOf(part, room));
  const own = room === null ? [] : ["\\./[^/]*"];
  const values = [...specifiers(["errors", "options", "asserts", "once", ...parts]), ...packages.map(packageName)];
  if (!typesOfOwnFolder) values.push(...own);
  const onlyTypes = [...specifiers(types), ...(typesOfOwnFolder ? own : [])];
  const notValues = `(?!(${values.join("|")})$)`;
  const message = `src/${name} may not know that: see eslint.imports.mjs.`;
  const others = { regex: `^${notValues}(?!(${onlyTypes.join("|") || "-"})$)`, caseSensitive: true, message };
  if (onlyTypes.length === 0) return [others];
  const ofTypes = { regex: `^${notValues}(${onlyTypes.join("|")})$`, caseSensitive: true, allowTypeImports: true };
  return [others, { ...ofTypes, message: `src/${name} may know only types of that: see eslint.imports.mjs.` }];
}

function configOf([name, row]) {
  const [room, file] = name.split("/");
  const config = (files, from) => ({
    files: [files],
    rules: { "no-restricted-imports": ["error", { patterns: patternsOf(name, row, from) }] },
  });
  if (file !== undefined) return [config(`src/${name}.ts`, room)];
  return [config(`src/${name}/**/*.ts`, name), config(`src/${name}.{ts,mts}`, null)];
}

const withoutRow = [{ regex: "^", message: "A part of src needs a row in eslint.imports.mjs." }];
const files = (names) => names.map((name) => `src/${name}.ts`);

/** @param {object[]} restricted what is forbidden everywhere by `no-restricted-syntax` */
export const importRules = (restricted) => {
  const syntax = (...rows) => ({ "no-restricted-syntax": ["error", ...restricted, ...rows] });
  return [
    {
      files: ["src/**/*.{ts,mts}"],
      rules: {
        "no-restricted-imports": ["error", { patterns: withoutRow }],
        ...syntax(...loadedLate, ...namedDevices),
      },
    },
    ...Object.entries(ROWS).flatMap(configOf),
    { files: files(OF_DEVICES), rules: syntax(...loadedLate) },
    { files: files(LATE_LOADERS), rules: syntax(...namedDevices) },
    { files: ["src/device/addonfiles.ts"], rules: syntax() },
  ];
};
