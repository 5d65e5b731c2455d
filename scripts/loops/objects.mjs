/** Machine code to look at: routines compiled as users' are, and the addon's kernels as its build compiles them. */
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const require = createRequire(import.meta.url);
const { flagsFor } = require("../../dist/device/compiler.js");
const { instructionSetOf } = require("../../dist/codegen/isa.js");
const run = promisify(execFile);

export const compiler = process.env.CXX ?? "g++";

export async function compilerVersion() {
  const { stdout } = await run(compiler, ["--version"]);
  return stdout.split("\n")[0];
}

/**
 * A job is { isa, source, ... }; `use(job, object)` is called with the path of each. Lines of the source do not
 * change the code.
 */
export async function eachRoutine(jobs, use) {
  const folder = mkdtempSync(join(tmpdir(), "tskeops-loops-"));
  try {
    await inParallel(jobs, async (job, n) => {
      const [file, object] = [join(folder, `${n}.cc`), join(folder, `${n}.so`)];
      writeFileSync(file, job.source);
      await run(compiler, [...flagsFor(job.isa), "-g1", "-o", object, file]);
      use(job, object);
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function inParallel(jobs, work) {
  const left = [...jobs.entries()];
  const worker = async () => {
    for (let next = left.shift(); next; next = left.shift()) await work(next[1], next[0]);
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
}

// ------------------------------------------------------------------------------------------------------------ kernels

const GENERATED = join(root, "native", "generated");
const BUILT = join(root, "build", "CMakeFiles", "tskeops.dir", "native", "generated");
const BUILD_FILE = join(root, "CMakeLists.txt");

/**
 * `use(name, object)` with every object of kernels: the build's where it is newer than all it is made of, else
 * compiled now.
 */
export async function eachKernelObject(use) {
  const folder = mkdtempSync(join(tmpdir(), "tskeops-kernels-"));
  const files = readdirSync(GENERATED).filter((file) => file.endsWith(".cc"));
  try {
    await inParallel(files, async (file) => {
      const built = join(BUILT, `${file}.o`);
      const object = isUpToDate(built, join(GENERATED, file)) ? built : join(folder, `${file}.o`);
      if (object !== built) await compileKernels(file, object);
      use(file.replace(/\.cc$/, ""), object);
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Kernels may be made of any header, and depend on the build's flags. */
function isUpToDate(object, source) {
  if (!existsSync(object)) return false;
  const headers = readdirSync(join(root, "native"), { recursive: true }).filter((file) => file.endsWith(".h"));
  const made = [source, BUILD_FILE, ...headers.map((file) => join(root, "native", file))];
  return made.every((file) => statSync(file).mtimeMs < statSync(object).mtimeMs);
}

async function compileKernels(file, object) {
  const flags = /set\(KERNEL_FLAGS "(.*)"\)/.exec(readFileSync(BUILD_FILE, "utf8"))[1].split(";");
  const { flags: ofSet } = instructionSetOf(file.split("-")[0]);
  const common = ["-O2", "-DNDEBUG", "-std=gnu++20", "-fPIC", "-fvisibility=hidden", `-I${join(root, "native")}`];
  await run(compiler, [...common, ...flags, ...ofSet, "-c", join(GENERATED, file), "-o", object]);
}
