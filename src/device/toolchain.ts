/**
 * The user's C++ compiler: which it is, why there is none, and how it is run, without a shell, in a folder, waited for
 * or in the background, ended after a time. Must not know what it compiles, nor what becomes of that.
 */
import { spawn, spawnSync } from "node:child_process";
import type { ChildProcessByStdio, SpawnSyncReturns, StdioOptions } from "node:child_process";
import { accessSync, constants, realpathSync, rmSync, statSync } from "node:fs";
import { availableParallelism } from "node:os";
import { delimiter, isAbsolute, join, resolve } from "node:path";
import type { Readable } from "node:stream";
import { DeviceError } from "../errors";

const NAMES = ["c++", "g++", "clang++"];

type Search = { readonly compiler: string; readonly why: null } | { readonly compiler: null; readonly why: string };

let answer: { readonly asked: string; readonly search: Search } = { asked: "", search: { compiler: null, why: "" } };

/** Why nothing can be compiled here, or null. */
export function whyNoCompiler(): string | null {
  return findCompiler().why;
}

/** Path of the compiler. @throws DeviceError if there is none */
export function requireCompiler(): string {
  const { compiler, why } = findCompiler();
  if (compiler === null) throw new DeviceError(why);
  return compiler;
}

/**
 * What distinguishes a compiler from others. The given path too: a link to a wrapper such as ccache decides by its name
 * which compiler runs.
 */
export function identityOf(compiler: string): readonly unknown[] {
  const real = realpathSync(compiler);
  const { size, mtimeMs } = statSync(real);
  return [compiler, real, size, mtimeMs];
}

/** Asked for on every call of a formula, so an answer is kept while the variables stay as they are. */
function findCompiler(): Search {
  const { TSKEOPS_CXX: named, CXX: usual, PATH: folders } = process.env;
  const asked = `${named ?? ""}\0${usual ?? ""}\0${folders ?? ""}`;
  if (answer.asked !== asked || answer.search.compiler === null) answer = { asked, search: searchCompiler() };
  return answer.search;
}

function searchCompiler(): Search {
  if (process.platform === "win32")
    return { compiler: null, why: "C++ compiler: formulas are not compiled on Windows, and run on tiles" };
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

// --------------------------------------------------------------------------------------------------------- its process

const TIMEOUT_SECONDS = 60;
const MESSAGE_CHARACTERS = 8000;
const COMPILER_OUTPUT_BYTES = 64 * 2 ** 20;

/**
 * All that a compiler may need of the user's environment: not CPATH, LIBRARY_PATH and their kin, which change the
 * result.
 */
const KEPT_VARIABLES = ["PATH", "HOME", "LD_LIBRARY_PATH"];

/**
 * Why the compiler has not done what it was asked, or null; in a process group of its own, so that the timeout ends
 * what it has started too.
 * @throws DeviceError where there is no such program.
 */
export function runCompiler(compiler: string, args: readonly string[], folder: string): string | null {
  const options = {
    cwd: folder,
    env: environment(folder),
    detached: true, // `spawn` documents it; the types of `spawnSync` lack it
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
  return faultOf(done);
}

/**
 * The same without waiting for it: if the process ends first, the compiler ends with it, and the folder goes.
 * @throws never.
 */
export async function runCompilerInBackground(
  compiler: string,
  args: readonly string[],
  folder: string,
): Promise<string | null> {
  const child = start(compiler, args, folder);
  if (child instanceof Error) return child.message;
  const ended = outcomeOf(child);
  const abandon = (): void => {
    if (child.pid !== undefined) endGroup(child.pid);
    rmSync(folder, { recursive: true, force: true });
  };
  const timer = setTimeout(() => child.pid !== undefined && endGroup(child.pid), TIMEOUT_SECONDS * 1000);
  for (const handle of [child, timer, child.stderr]) (handle as { unref(): void } | null)?.unref();
  // One listener for all of them: Node takes many for a leak.
  if (running.size === 0) process.on("exit", abandonAll);
  running.add(abandon);
  try {
    return faultOf(await ended);
  } finally {
    clearTimeout(timer);
    running.delete(abandon);
    if (running.size === 0) process.removeListener("exit", abandonAll);
  }
}

/** The process, or why the system begins none; where files run out it tells so later, and gives no pipe. */
function start(compiler: string, args: readonly string[], folder: string): Child | Error {
  try {
    return spawn(compiler, args, {
      cwd: folder,
      env: environment(folder),
      detached: true,
      stdio: ["ignore", "ignore", "pipe"],
    });
  } catch (error) {
    return error as Error;
  }
}

/** How to end the compilers that run. */
const running = new Set<() => void>();

const abandonAll = (): void => running.forEach((abandon) => abandon());

/** Compilers that wait for one before them to end. */
const waiting: (() => void)[] = [];
let free = availableParallelism();

/**
 * Work in the background, as much at once as there are processors: more would take them from calls, and as many times
 * the memory.
 */
export async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  if (free > 0) free--;
  else await new Promise<void>((begin) => waiting.push(begin));
  try {
    return await work();
  } finally {
    const next = waiting.shift();
    if (next) next();
    else free++;
  }
}

function outcomeOf(child: Child): Promise<Outcome> {
  return new Promise((settle) => {
    let stderr = "";
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      if (stderr.length < MESSAGE_CHARACTERS) stderr += text;
    });
    child.on("error", (error) => settle({ error, status: null, signal: null, stderr }));
    child.on("close", (status, signal) => settle({ status, signal, stderr }));
  });
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

type Child = ChildProcessByStdio<null, null, Readable | null>;

/** How a compiler ended. */
type Outcome = Pick<SpawnSyncReturns<string>, "error" | "status" | "signal" | "stderr">;

function faultOf({ error, status, signal, stderr }: Outcome): string | null {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  if (code === "ETIMEDOUT") return `no answer within ${TIMEOUT_SECONDS} s`;
  if (error !== undefined) return error.message;
  if (signal !== null) return `an end by ${signal}`;
  return status === 0 ? null : `exit status ${String(status)}:\n${stderr.slice(0, MESSAGE_CHARACTERS)}`;
}
