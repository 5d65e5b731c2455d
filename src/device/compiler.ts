/**
 * From generated C++ to a shared object: runs the user's compiler without a shell, now or in the background, and keeps
 * what it made. The key of a kept object is everything that decides its content; the compiler counts by path, size and
 * date, because asking it for its version would cost more than the rest of a warm first call. It must not know what the
 * source computes, nor how an object is loaded.
 */
import { createHash } from "node:crypto";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { instructionSetOf } from "../codegen/isa";
import type { InstructionSetName } from "../codegen/isa";
import { CompileError, DeviceError } from "../errors";
import { messageOf } from "../options";
import { cachedObject, discardObject, keptObject, keptSource, knownObject, privateFolder } from "./cache";
import { identityOf, inTurn, requireCompiler, runCompiler, runCompilerInBackground, whyNoCompiler } from "./toolchain";
import { reportObject } from "./verbose";

/**
 * For g++ and clang++ alike; never -ffast-math, which breaks the range reduction of exp and, on a link line, the whole
 * process.
 */
const FLAGS = [
  "-O2",
  "-std=c++17",
  "-fno-math-errno",
  "-fno-trapping-math",
  "-ffp-contract=fast",
  "-fwrapv", // what is computed of the bits of numbers may overflow
  "-fno-exceptions",
  "-fno-rtti",
  "-fno-asynchronous-unwind-tables",
  "-fPIC",
  "-shared",
  "-nostdlib",
];

/** Paths of the objects that this process has made or found, by request. */
const paths = new Map<string, string>();

/**
 * Path of the shared object made from `source` (generated, header-free C++17), compiled now or taken from the cache,
 * checked and ready to be loaded; with TSKEOPS_DEBUG set the source lies beside it as `.cc`, for debuggers.
 * @throws CompileError with the compiler's text; DeviceError when there is no compiler or no place to write
 */
export function sharedObject(source: string, isa: InstructionSetName): string {
  const known = paths.get(requestOf(source, isa));
  if (known !== undefined) return known;
  const job = new Job(source, isa);
  return rememberPath(
    job,
    cachedObject(job.key, () => job.run()),
  );
}

/** Path of the object, if this process or another has compiled it before. */
export function compiledBefore(source: string, isa: InstructionSetName): string | undefined {
  const known = paths.get(requestOf(source, isa));
  if (known !== undefined || whyNoCompiler() !== null) return known;
  const job = new Job(source, isa);
  const path = knownObject(job.key);
  return path === undefined ? undefined : rememberPath(job, path);
}

/**
 * Compiles while the process goes on, which it does not keep alive; afterwards `sharedObject` takes no time. Rejects as
 * that throws.
 */
export async function compileInBackground(source: string, isa: InstructionSetName): Promise<void> {
  await inTurn(async () => {
    if (paths.has(requestOf(source, isa))) return; // somebody did not wait
    const job = new Job(source, isa);
    rememberPath(job, keptObject(job.key, await job.runInBackground()));
  });
}

const requestOf = (source: string, isa: InstructionSetName): string => `${isa} ${wantedFlags().join(" ")} ${source}`;

function rememberPath(job: Job, path: string): string {
  paths.set(job.request, path);
  reportObject(path, job.hasRun ? job.compiler : null, job.begin);
  return path;
}

const isDebugging = (): boolean => Boolean(process.env["TSKEOPS_DEBUG"]);

/** What the user wants of the compiler beyond what routines need. */
function wantedFlags(): readonly string[] {
  const named = (process.env["TSKEOPS_CXXFLAGS"] ?? "").split(/\s+/).filter((flag) => flag !== "");
  return isDebugging() ? ["-g", ...named] : named;
}

/**
 * Forgets and deletes an object that could not be loaded; the next `sharedObject` compiles anew, in a temporary folder.
 */
export function discard(path: string): void {
  const requests = [...paths].filter(([, known]) => known === path).map(([request]) => request);
  for (const request of requests) paths.delete(request);
  if (requests.length > 0) discardObject(path);
}

/**
 * Compiles and loads; an object that cannot be loaded (a cache folder mounted noexec, say) is made anew elsewhere,
 * once.
 * @throws CompileError also where a compiler ends well and has made something else.
 */
export function loadCompiled<T>(load: (path: string) => T, source: string, isa: InstructionSetName): T {
  const path = sharedObject(source, isa);
  try {
    return load(path);
  } catch {
    discard(path);
    return loadAgain(load, source, isa);
  }
}

function loadAgain<T>(load: (path: string) => T, source: string, isa: InstructionSetName): T {
  const path = sharedObject(source, isa);
  try {
    return load(path);
  } catch (error) {
    discard(path);
    const message = `generated routine: expected a shared object from the compiler, got ${messageOf(error)}`;
    throw new CompileError(message, source, { cause: error });
  }
}

/** How generated code is compiled. */
export function flagsFor(isa: InstructionSetName): readonly string[] {
  return [...FLAGS, ...instructionSetOf(isa).flags];
}

/** One source for one instruction set, and the compiler that makes an object of it in a folder of its own. */
class Job {
  readonly key: string;
  readonly request: string;
  readonly begin: number = performance.now();
  readonly compiler: string = requireCompiler();
  hasRun: boolean = false;
  private readonly flags: readonly string[];

  constructor(
    private readonly source: string,
    isa: InstructionSetName,
  ) {
    this.request = requestOf(source, isa);
    this.flags = [...flagsFor(isa), ...wantedFlags()];
    const parts = [source, this.flags, identityOf(this.compiler), process.platform, process.arch];
    this.key = createHash("sha256").update(JSON.stringify(parts)).digest("hex");
  }

  run(): Uint8Array {
    const folder = orNoPlace(privateFolder);
    try {
      return this.objectIn(folder, runCompiler(this.compiler, this.argumentsIn(folder), folder));
    } finally {
      removeFolder(folder);
    }
  }

  async runInBackground(): Promise<Uint8Array> {
    const folder = orNoPlace(privateFolder);
    try {
      return this.objectIn(folder, await runCompilerInBackground(this.compiler, this.argumentsIn(folder), folder));
    } finally {
      removeFolder(folder);
    }
  }

  private argumentsIn(folder: string): readonly string[] {
    this.hasRun = true;
    return [...this.flags, "-o", "routine.so", this.sourceIn(folder)];
  }

  /** Debuggers look for the file that was compiled, so it must stay where it is. */
  private sourceIn(folder: string): string {
    const kept = isDebugging() ? keptSource(this.key, this.source) : undefined;
    if (kept !== undefined) return kept;
    orNoPlace(() => writeFileSync(join(folder, "routine.cc"), this.source, { mode: 0o600 }));
    return "routine.cc";
  }

  private objectIn(folder: string, fault: string | null): Uint8Array {
    const object = join(folder, "routine.so");
    if (fault === null && existsSync(object)) return readFileSync(object);
    const got = fault ?? "no shared object";
    throw new CompileError(`generated routine: expected ${this.compiler} to compile it, got ${got}`, this.source);
  }
}

function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
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
