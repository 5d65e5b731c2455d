/**
 * From generated C++ to a shared object: finds the user's compiler, runs it without a shell, keeps what it made.
 * The key of a kept object is everything that decides its content; the compiler counts by path, size and date, because asking it
 * for its version would cost more than the rest of a warm first call.
 * It must not know what the source computes, nor load what it makes.
 */
import { spawnSync } from "node:child_process";
import type { SpawnSyncReturns, StdioOptions } from "node:child_process";
import { createHash } from "node:crypto";
import {
  accessSync,
  constants,
  existsSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { delimiter, isAbsolute, join, resolve } from "node:path";

import { CompileError, DeviceError } from "../errors";
import { cachedObject, discardObject, privateFolder } from "./cache";
import type { Isa } from "./native";

export type { Isa } from "./native";

const NAMES = ["c++", "g++", "clang++"];
const TIMEOUT_SECONDS = 60;
const MESSAGE_CHARACTERS = 8000;
const COMPILER_OUTPUT_BYTES = 64 * 2 ** 20;

/** All that a compiler may need of the user's environment: not CPATH, LIBRARY_PATH and their kin, which change the result. */
const KEPT_VARIABLES = ["PATH", "HOME", "LD_LIBRARY_PATH"];

/** For g++ and clang++ alike; never -ffast-math, which breaks the range reduction of exp and, on a link line, the whole process. */
const FLAGS = [
  "-O2",
  "-std=c++17",
  "-fno-math-errno",
  "-fno-trapping-math",
  "-ffp-contract=fast",
  "-fno-exceptions",
  "-fno-rtti",
  "-fno-asynchronous-unwind-tables",
  "-fPIC",
  "-shared",
  "-nostdlib",
];
const FLAGS_X64: Readonly<Record<Isa, readonly string[]>> = {
  avx512: ["-mprefer-vector-width=512", "-march=x86-64-v4"],
  avx2: ["-mprefer-vector-width=512", "-march=x86-64-v3"],
  baseline: ["-mprefer-vector-width=512", "-march=x86-64"],
};

type Search = { readonly compiler: string; readonly why: null } | { readonly compiler: null; readonly why: string };

/** Of this process, by instruction set and source. */
const paths = new Map<string, string>();
let answer: { readonly asked: string; readonly search: Search } = { asked: "", search: { compiler: null, why: "" } };

/**
 * Path of the shared object made from `source` (generated, header-free C++17), compiled now or taken from the cache, checked and
 * ready to be loaded; with TSKEOPS_VERBOSE set the source lies beside it as `.cc`.
 * @throws CompileError with the compiler's text; DeviceError when there is no compiler or no place to write
 */
export function sharedObject(source: string, isa: Isa): string {
  const request = `${isa} ${source}`;
  const known = paths.get(request);
  if (known !== undefined) return known;
  const path = objectOf(source, requireCompiler(), flagsFor(isa));
  if (process.env["TSKEOPS_VERBOSE"]) keepSource(path.replace(/so$/, "cc"), source);
  paths.set(request, path);
  return path;
}

/** Why nothing can be compiled here, or null. */
export function whyNoCompiler(): string | null {
  return findCompiler().why;
}

/** Forgets and deletes an object that could not be loaded; the next `sharedObject` compiles anew, in a temporary folder. */
export function discard(path: string): void {
  const requests = [...paths].filter(([, known]) => known === path).map(([request]) => request);
  for (const request of requests) paths.delete(request);
  if (requests.length > 0) discardObject(path);
}

function objectOf(source: string, compiler: string, flags: readonly string[]): string {
  const parts = [source, flags, identityOf(compiler), process.platform, process.arch];
  const key = createHash("sha256").update(JSON.stringify(parts)).digest("hex");
  return cachedObject(key, () => compiled(source, compiler, flags));
}

/** How generated code is compiled. */
export function flagsFor(isa: Isa): readonly string[] {
  return process.arch === "x64" ? [...FLAGS, ...FLAGS_X64[isa]] : FLAGS;
}

/** The given path too: a link to a wrapper such as ccache decides by its name which compiler runs. */
function identityOf(compiler: string): readonly unknown[] {
  const real = realpathSync(compiler);
  const { size, mtimeMs } = statSync(real);
  return [compiler, real, size, mtimeMs];
}

function requireCompiler(): string {
  const { compiler, why } = findCompiler();
  if (compiler === null) throw new DeviceError(why);
  return compiler;
}

/** Asked for on every call of a formula, so an answer is kept while the variables stay as they are. */
function findCompiler(): Search {
  const { TSKEOPS_CXX: named, CXX: usual, PATH: folders } = process.env;
  const asked = `${named ?? ""}\0${usual ?? ""}\0${folders ?? ""}`;
  if (answer.asked !== asked || answer.search.compiler === null) answer = { asked, search: searched() };
  return answer.search;
}

function searched(): Search {
  const variable = ["TSKEOPS_CXX", "CXX"].find((name) => process.env[name]);
  if (variable !== undefined) return namedCompiler(variable, process.env[variable]!);
  const compiler = firstOf(NAMES.flatMap(candidates));
  if (compiler !== undefined) return { compiler, why: null };
  const install =
    "install one (Debian: apt install g++; conda: conda install cxx-compiler) or set TSKEOPS_CXX to its path";
  return { compiler: null, why: `C++ compiler: expected c++, g++ or clang++ on PATH, got none of them: ${install}` };
}

function namedCompiler(variable: string, value: string): Search {
  const compiler = firstOf(candidates(value));
  if (compiler !== undefined) return { compiler, why: null };
  const program = value.trim().split(/\s+/)[0]!;
  const hasArguments = program !== value && firstOf(candidates(program)) !== undefined;
  const hint = hasArguments ? "; it takes no arguments" : "";
  const got = JSON.stringify(value);
  return { compiler: null, why: `${variable}: expected the name or path of a C++ compiler, got ${got}${hint}` };
}

/** A path as it is; a name in every folder of PATH, except those that depend on where the process stands. */
function candidates(name: string): string[] {
  if (name.includes("/")) return [resolve(name)];
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  return folders.filter((folder) => isAbsolute(folder)).map((folder) => join(folder, name));
}

function firstOf(files: readonly string[]): string | undefined {
  return files.find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    if (statSync(file, { throwIfNoEntry: false })?.isFile() !== true) return false; // an exception per folder of PATH is slow
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function compiled(source: string, compiler: string, flags: readonly string[]): Uint8Array {
  const folder = orNoPlace(privateFolder);
  try {
    orNoPlace(() => writeFileSync(join(folder, "routine.cc"), source, { mode: 0o600 }));
    const fault = faultOf(run(compiler, [...flags, "-o", "routine.so", "routine.cc"], folder));
    const object = join(folder, "routine.so");
    if (fault === null && existsSync(object)) return readFileSync(object);
    const got = fault ?? "no shared object";
    throw new CompileError(`generated routine: expected ${compiler} to compile it, got ${got}`, source);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function orNoPlace<T>(action: () => T): T {
  try {
    return action();
  } catch (error) {
    const got = (error as Error).message;
    throw new DeviceError(`temporary folder: expected one to compile in, got ${got} (set TMPDIR to one)`, {
      cause: error,
    });
  }
}

/** In a process group of its own, so that the timeout ends what the compiler has started too. */
function run(compiler: string, args: readonly string[], folder: string): SpawnSyncReturns<string> {
  const options = {
    cwd: folder,
    env: environment(folder),
    detached: true, // as of `spawn`; the types of `spawnSync` lack it
    stdio: ["ignore", "ignore", "pipe"] satisfies StdioOptions,
    encoding: "utf8" as const,
    maxBuffer: COMPILER_OUTPUT_BYTES,
    timeout: TIMEOUT_SECONDS * 1000,
    killSignal: "SIGKILL" as const,
  };
  const done = spawnSync(compiler, args, options);
  if (done.pid === 0)
    throw new DeviceError(`${compiler}: expected a program to run, got ${String(done.error?.message)}`);
  if (done.error !== undefined) endGroup(done.pid);
  return done;
}

function endGroup(leader: number): void {
  try {
    process.kill(-leader, "SIGKILL");
  } catch {
    // All of it has ended already.
  }
}

function environment(folder: string): NodeJS.ProcessEnv {
  const kept: NodeJS.ProcessEnv = { LANG: "C", LC_ALL: "C", TMPDIR: folder };
  for (const name of KEPT_VARIABLES) if (process.env[name] !== undefined) kept[name] = process.env[name];
  return kept;
}

function faultOf({ error, status, signal, stderr }: SpawnSyncReturns<string>): string | null {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  if (code === "ETIMEDOUT") return `no answer within ${TIMEOUT_SECONDS} s`;
  if (error !== undefined) return error.message;
  if (signal !== null) return `an end by ${signal}`;
  return status === 0 ? null : `exit status ${String(status)}:\n${stderr.slice(0, MESSAGE_CHARACTERS)}`;
}

function keepSource(file: string, source: string): void {
  try {
    writeFileSync(file, source, { flag: "wx", mode: 0o600 });
  } catch {
    // There already, or no place: it is for reading only.
  }
}
