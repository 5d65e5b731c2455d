/**
 * Whether dist/ and the addon are what the sources say. Every build leaves a stamp beside its output: a hash of what it
 * was built from. Whatever reads the output compares it, so that an older build cannot pass for the present one. Hashes
 * and not times: those of a fresh clone are all new, and touching a file changes nothing. `node scripts/built.mjs` ends
 * with status 1 where something is stale.
 */
import { createHash } from "node:crypto";
import { existsSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { generatedSources, wasmSources } from "./generated.mjs";

const project = dirname(dirname(fileURLToPath(import.meta.url)));

/** Every output: the file that tells that it is there, its stamp, its sources, and the command that builds it. */
const OUTPUTS = {
  dist: {
    file: join("dist", "index.js"),
    stamp: join("dist", ".sources"),
    sources: ["src", "scripts/generate", "scripts/build-web.mjs", "tsconfig.json"],
    made: () => [],
    isNeeded: true,
    command: "npm run build:ts",
  },
  addon: {
    file: join("build", "Release", "tskeops.node"),
    stamp: join("build", "Release", ".sources"),
    sources: ["native", "CMakeLists.txt"],
    // Kernels that dist/ prints: a new operation is a new addon.
    made: (root) => generatedSources(root).flat(),
    isNeeded: false, // without it the reference engine serves, which says so
    command: "npm run build:native",
  },
  wasm: {
    file: join("build-wasm", "tskeops.wasm"),
    stamp: join("build-wasm", ".sources"),
    sources: ["native", "CMakeLists.txt"],
    made: (root) => wasmSources(root).flat(),
    isNeeded: false, // it needs emscripten
    command: "npm run build:wasm",
  },
};

const GENERATED = join("native", "generated");

/** A hash of what an output is built from. */
export function sourcesOf(name, root = project) {
  const { sources, made } = OUTPUTS[name];
  const hash = createHash("sha256");
  for (const file of sources.flatMap((source) => filesUnder(root, source)))
    hash
      .update(`${file}\0`)
      .update(readFileSync(join(root, file)))
      .update("\0");
  for (const text of made(root)) hash.update(text).update("\0");
  return hash.digest("hex");
}

/** Paths below the root with slashes, in one order on every machine. */
function filesUnder(root, path) {
  if (!statSync(join(root, path)).isDirectory()) return [path];
  const inside = readdirSync(join(root, path)).sort();
  const files = inside.map((name) => join(path, name)).filter((file) => file !== GENERATED);
  return files.flatMap((file) => filesUnder(root, file)).map((file) => file.split(sep).join("/"));
}

/**
 * Builds an output by a function that tells whether it succeeded. Its stamp is of the sources before, and there is none
 * meanwhile: what changes during a build, or breaks it, leaves something stale.
 */
export function build(name, make, root = project) {
  forget(name, root);
  const sources = sourcesOf(name, root);
  const isBuilt = make();
  if (isBuilt) stamp(name, sources, root);
  return isBuilt;
}

export function stamp(name, sources, root = project) {
  writeFileSync(join(root, OUTPUTS[name].stamp), sources);
}

export function forget(name, root = project) {
  rmSync(join(root, OUTPUTS[name].stamp), { force: true });
}

/** What is wrong with an output, and what to do about it; null if nothing is. */
export function whyStale(name, root = project) {
  const { file, stamp, sources, isNeeded, command } = OUTPUTS[name];
  const advice = `run \`${command}\``;
  if (!existsSync(join(root, file))) return isNeeded ? `${file}: expected a build, got none: ${advice}` : null;
  const built = existsSync(join(root, stamp)) ? readFileSync(join(root, stamp), "utf8") : undefined;
  if (built === sourcesOf(name, root)) return null;
  return `${file}: expected a build of the present ${sources.join(", ")}, got an older one: ${advice}`;
}

/** The addon is judged by a dist/ that is no older than its sources: what is stale first comes first. */
export function firstStale(names = Object.keys(OUTPUTS), root = project) {
  for (const name of names) {
    const why = whyStale(name, root);
    if (why !== null) return why;
  }
  return null;
}

/** For scripts: ends the process with a message where an output is stale. */
export function requireBuilt(...names) {
  const why = firstStale(names.length > 0 ? names : undefined);
  if (why === null) return;
  console.error(why);
  process.exit(1);
}

/** For jest: no test runs where an output is stale. */
export default function globalSetup() {
  const why = firstStale();
  if (why !== null) throw new Error(why);
}

/**
 * Whether a folder that cmake has configured belongs to a checkout elsewhere: cmake would go on to compile the sources
 * there.
 */
export function isOfAnother(folder, root = project) {
  const cache = join(folder, "CMakeCache.txt");
  if (!existsSync(cache)) return false;
  const home = /^CMAKE_HOME_DIRECTORY:INTERNAL=(.*)$/m.exec(readFileSync(cache, "utf8"))?.[1];
  return home === undefined || !existsSync(home) || !isSameFolder(home, root);
}

function isSameFolder(a, b) {
  const [one, other] = [statSync(a), statSync(b)];
  return one.dev === other.dev && one.ino === other.ino;
}

/** Removes what earlier builds have made of sources that are gone; dist/web is made anew by every build. */
export function removeOrphans(root = project) {
  const outputs = readdirSync(join(root, "dist"), { recursive: true }).filter(
    (file) => /\.(js|js\.map|d\.ts)$/.test(file) && !file.startsWith(`web${sep}`),
  );
  for (const file of outputs) {
    const source = join(root, "src", file.replace(/\.(js|js\.map|d\.ts)$/, ".ts"));
    if (!existsSync(source)) rmSync(join(root, "dist", file));
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) requireBuilt();
