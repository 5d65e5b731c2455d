/**
 * npm run dev: keeps dist/ and the addon what the sources say. What follows from the rows is generated and TypeScript
 * compiled as files are saved, the addon when something in native/ changes, or a kernel that the tile evaluator is made
 * of. Stamps are written as by the builds (built.mjs), so tests run on what it has made.
 */
import { spawn } from "node:child_process";
import { watch } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { TSC, bundle } from "./build-ts.mjs";
import { forget, removeOrphans, sourcesOf, stamp, whyStale } from "./built.mjs";
import { writeModuleEntry } from "./module-entry.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
/** Milliseconds in which what editors and git write belongs together. */
const QUIET = 200;
/** What tsc says when it begins and ends a round. */
const [BEGINS, ENDS] = [/Starting (incremental )?compilation|File change detected/, /Found (\d+) errors?\. Watching/];

let sources;

function watchTypeScript() {
  const compiler = spawn(process.execPath, [...TSC, "--watch", "--preserveWatchOutput"], { cwd: root });
  compiler.stderr.pipe(process.stderr);
  compiler.stdout.setEncoding("utf8").on("data", (text) => {
    process.stdout.write(text);
    for (const line of text.split("\n")) read(line);
  });
  compiler.on("exit", (code) => process.exit(code ?? 1));
  process.on("exit", () => compiler.kill());
}

/** The stamp is that of the sources when the round began: what is saved meanwhile begins another one. */
function read(line) {
  if (BEGINS.test(line)) {
    forget("dist");
    sources = sourcesOf("dist");
  }
  const errors = ENDS.exec(line)?.[1];
  if (errors !== "0") return;
  removeOrphans();
  writeModuleEntry();
  if (!bundle()) return;
  stamp("dist", sources);
  buildNative();
}

let building = false;
let isWanted = false;

/** One build at a time; what changes during it asks for another. */
function buildNative() {
  if (building) return void (isWanted = true);
  if (whyStale("dist") !== null || whyStale("addon") === null) return;
  building = true;
  isWanted = false;
  const child = spawn(process.execPath, [join("scripts", "build-native.mjs")], { cwd: root, stdio: "inherit" });
  child.on("exit", (code) => {
    building = false;
    console.log(code === 0 ? "The addon is up to date." : "The addon could not be built.");
    if (isWanted) buildNative();
  });
}

/** Calls `act` when what was saved below a folder is all there. */
function watchFolder(folder, act) {
  let timer;
  watch(join(root, folder), { recursive: true }, (_, file) => {
    if (file?.startsWith("generated")) return;
    clearTimeout(timer);
    timer = setTimeout(act, QUIET);
  });
}

/** In a process of its own, which reads the rows as they are now. */
function generate() {
  spawn(process.execPath, [join("scripts", "generate", "main.mjs")], { cwd: root, stdio: "inherit" });
}

generate();
watchTypeScript();
for (const rows of ["formula", "solve"]) watchFolder(join("src", rows), generate);
watchFolder("native", buildNative);
