/**
 * The user's compiler as a process: without a shell, in a folder, waited for or in the background, ended after a time.
 * Must not know what it compiles, nor what becomes of that.
 */
import { spawn, spawnSync } from "node:child_process";
import type { ChildProcessByStdio, SpawnSyncReturns, StdioOptions } from "node:child_process";
import { rmSync } from "node:fs";
import { availableParallelism } from "node:os";
import type { Readable } from "node:stream";

import { DeviceError } from "../errors";

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
