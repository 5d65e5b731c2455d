// Builds the simulated device: build/cuda-sim/HASH/libcuda.so.1, where HASH covers the sources, the flags, the compiler
// and the machine. Prints the folder, for LD_LIBRARY_PATH. What is there already is not built again.
import { execFile, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync } from "node:fs";
import { availableParallelism, cpus } from "node:os";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const compiler = process.env.CXX ?? "g++";
// No contraction: PTX says where a product and a sum are one operation. -march=native: fma is then one instruction
// here, too.
const flags = ["-std=c++20", "-O3", "-march=native", "-ffp-contract=off", "-fwrapv", "-fno-trapping-math", "-fPIC"];
const warnings = ["-Wall", "-Wextra", "-fvisibility=hidden"];

function sources(extension) {
  const files = ["ptx", "machine", "driver"].flatMap((folder) =>
    readdirSync(join(here, folder)).map((name) => join(here, folder, name)),
  );
  return files.filter((file) => file.endsWith(extension)).sort();
}

/** Resolves when the command has ended well; rejects with its text otherwise. */
function run(command, args) {
  return new Promise((resolve, reject) => {
    execFile(command, args, (error, _stdout, stderr) => {
      if (error) reject(new Error(`${command} ${args.join(" ")}\n${stderr || error.message}`));
      else resolve();
    });
  });
}

/** Compiles the sources with as many compilers at once as there are processors; gives the object files. */
async function compile(files, folder) {
  const left = [...files];
  const objectOf = (file) => join(folder, `${basename(file)}.o`);
  const worker = async () => {
    for (let file = left.shift(); file !== undefined; file = left.shift())
      await run(compiler, [...flags, ...warnings, "-c", file, "-o", objectOf(file)]);
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  return files.map(objectOf);
}

function hash() {
  const sum = createHash("sha256");
  for (const file of [...sources(".cc"), ...sources(".h")]) sum.update(basename(file)).update(readFileSync(file));
  const { stdout } = spawnSync(compiler, ["--version"], { encoding: "utf8" });
  return sum
    .update(JSON.stringify([flags, compiler, stdout, cpus()[0]?.model]))
    .digest("hex")
    .slice(0, 16);
}

/** The folder that holds libcuda.so.1. Throws an Error with the compiler's text. */
export async function buildSimulator() {
  const folder = join(here, "..", "..", "build", "cuda-sim", hash());
  const library = join(folder, "libcuda.so.1");
  if (existsSync(library)) return folder;
  const work = join(folder, `work-${process.pid}`);
  mkdirSync(work, { recursive: true });
  const objects = await compile(sources(".cc"), work);
  const linking = ["-shared", "-Wl,-soname,libcuda.so.1", ...objects, "-pthread", "-o", join(work, "libcuda.so.1")];
  await run(compiler, linking);
  renameSync(join(work, "libcuda.so.1"), library); // whoever else builds it at the same time makes the same
  rmSync(work, { recursive: true });
  return folder;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(await buildSimulator());
