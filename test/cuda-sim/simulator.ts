/**
 * The simulated device for tests: builds it, and what tests run on it, once for each content of the sources
 * (build/cuda-sim). A program uses it by LD_LIBRARY_PATH, which must be there when it starts.
 */
import { spawnSync, type SpawnSyncReturns } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export const HERE = __dirname;
const BUILD = join(HERE, "..", "..", "build", "cuda-sim");
const COMPILER = process.env.CXX ?? "g++";

function run(command: string, args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${command} ${args.join(" ")}\n${error?.message ?? stderr}`);
  return stdout;
}

/** The folder with the simulated libcuda.so.1, built if need be. Throws an Error with the compiler's text. */
export function simulatorFolder(): string {
  return run(process.execPath, [join(HERE, "build.mjs")]).trim();
}

/** The CUDA compiler of PATH, CUDA_HOME or CUDA_PATH; undefined if there is none. */
export function nvcc(): string | undefined {
  const homes = [process.env.CUDA_HOME, process.env.CUDA_PATH].filter((home) => home !== undefined && home !== "");
  const candidates = [...homes.map((home) => join(home!, "bin", "nvcc")), "nvcc"];
  return candidates.find((path) => spawnSync(path, ["--version"]).status === 0);
}

/** The toolkit's folder of headers (cuda.h), as its compiler tells it. */
export function toolkitHeaders(): string {
  const { stderr } = spawnSync(nvcc()!, ["--dryrun", "-E", "-x", "cu", "/dev/null"], { encoding: "utf8" });
  const top = /^#\$ TOP=(.*)$/m.exec(stderr)?.[1];
  if (top === undefined) throw new Error(`nvcc --dryrun does not say where the toolkit lies: ${stderr}`);
  return join(top, "include");
}

/** A file that `make` writes from `inputs`, made again when they or `key` change. */
function cached(name: string, inputs: readonly string[], key: string, make: (output: string) => void): string {
  const sum = createHash("sha256").update(key);
  for (const input of inputs) sum.update(readFileSync(input));
  const output = join(BUILD, `${sum.digest("hex").slice(0, 16)}-${name}`);
  if (existsSync(output)) return output;
  mkdirSync(BUILD, { recursive: true });
  make(`${output}.${process.pid}`);
  renameSync(`${output}.${process.pid}`, output);
  return output;
}

/** The PTX of a CUDA source. */
export function ptxOf(name: string): string {
  const source = join(HERE, "selftest", `${name}.cu`);
  const inputs = [source, join(HERE, "selftest", "maths.h")];
  return cached(`${name}.ptx`, inputs, run(nvcc()!, ["--version"]), (output) => {
    run(nvcc()!, ["-arch=compute_75", "-ptx", source, "-o", output]);
  });
}

/** A self-test program, linked to the simulated driver. */
export function programOf(name: string, simulator: string): string {
  const file = (...parts: string[]): string => join(HERE, ...parts);
  const source = file("selftest", `${name}.cc`);
  const inputs = [source, file("selftest", "program.h"), file("selftest", "maths.h"), file("driver", "calls.h")];
  const flags = ["-std=c++20", "-O1", "-Wall", "-Wextra", "-Werror", "-pthread"];
  return cached(name, inputs, simulator, (output) => {
    run(COMPILER, [...flags, source, join(simulator, "libcuda.so.1"), "-o", output]);
  });
}

/** What was wrong when a C++ file that holds nothing but static assertions was compiled; empty if nothing. */
export function compileErrors(source: string, headers: readonly string[]): string {
  const includes = headers.map((folder) => `-I${folder}`);
  const { stderr, error } = spawnSync(COMPILER, ["-std=c++20", "-fsyntax-only", ...includes, source], {
    encoding: "utf8",
  });
  return error?.message ?? stderr;
}

/** One line of the driver's log: a call, a kernel that ran, a fault, what was left at the exit. */
export type LogLine = Readonly<Record<string, string | number | readonly number[]>>;

export interface Outcome {
  readonly status: number | null;
  readonly output: string;
  readonly errors: string;
  readonly log: readonly LogLine[];
}

/** Runs a command on the simulated device; `settings` are the variables of test/cuda-sim/README.md. */
export function onSimulator(
  simulator: string,
  command: readonly [string, ...string[]],
  settings: Readonly<Record<string, string>> = {},
): Outcome {
  const folder = mkdtempSync(join(tmpdir(), "cuda-sim-"));
  const file = join(folder, "log");
  try {
    const env = { ...process.env, CUDASIM_LOG: file, ...settings, LD_LIBRARY_PATH: simulator };
    const done: SpawnSyncReturns<string> = spawnSync(command[0], command.slice(1), { env, encoding: "utf8" });
    const text = existsSync(file) ? readFileSync(file, "utf8") : "";
    const log = text
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as LogLine);
    return { status: done.status, output: done.stdout, errors: done.stderr, log };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
