/**
 * From CUDA C++ to an image that a device loads: by NVRTC where it is installed, else by an nvcc on PATH, kept on disk
 * as compiled routines of the processor are. A device that the compiler knows gets machine code, a newer one PTX, which
 * its driver compiles. It must not know what the source computes.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { accessSync, constants, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, isAbsolute, join } from "node:path";

import { CompileError, DeviceError } from "../errors";
import { messageOf } from "../options";
import type { DeviceDescription } from "./addon";
import { cachedContent, privateFolder, renewedContent } from "./cache";
import { attended, loadedAddon } from "./native";
import { identityOf } from "./toolchain";

/** Denormals are flushed, as on the processor; nothing else of fast-math is on. */
const OPTIONS = ["--std=c++17", "--ftz=true", "--fmad=true", "--prec-div=true", "--prec-sqrt=true", "-w"];
/** NVRTC takes generic lambdas for functions of the host otherwise. */
const NVRTC_OPTIONS = [...OPTIONS, "--device-as-default-execution-space"];

/** What compiles. */
interface Compiler {
  /** "NVRTC 12.4", or the path of an nvcc. */
  readonly name: string;
  /** What distinguishes it, and what it is told, from others. */
  readonly identity: readonly unknown[];
  /** 90 for sm_90. */
  readonly architectures: readonly number[];
  compile(source: string, target: string): Uint8Array;
}

let found: Compiler | string | undefined;

/** Why no source can be compiled for a device, or null. */
export function whyNoCudaCompiler(): string | null {
  found ??= search();
  return typeof found === "string" ? found : null;
}

/** What compiles for devices here, "NVRTC 12.4" or the path of an nvcc; null where nothing does. */
export function cudaCompiler(): string | null {
  found ??= search();
  return typeof found === "string" ? null : found.name;
}

/**
 * Why nothing can be compiled for a device, as it is older than all that the compiler knows, or null. There must be a
 * compiler.
 */
export function whyTooOld({ name, capability }: Pick<DeviceDescription, "name" | "capability">): string | null {
  found ??= search();
  const { name: compiler, architectures } = found as Compiler;
  const least = Math.min(...architectures);
  if (capability >= least) return null;
  return `expected a device of compute capability ${asVersion(least)} or newer, for which ${compiler} compiles, got ${name} of ${asVersion(capability)}`;
}

const asVersion = (capability: number): string => (capability / 10).toFixed(1);

/**
 * What `load` makes of the image of a source on a device of this compute capability. Where the driver cannot read one
 * from the cache it is compiled anew, once; where it refuses machine code it gets PTX, from then on. @throws
 * CompileError; DeviceError.
 */
export function loadedFrom<T>(source: string, capability: number, load: (image: Buffer) => T): T {
  found ??= search();
  const compiler = found as Compiler;
  const target = targetFor(capability, compiler.architectures);
  const loadImage = (of: string): T => new Image(source, of, compiler).loadImage(load);
  try {
    if (!target.startsWith("sm_")) return loadImage(target);
    return loadedUnlessRefused(target, loadImage) ?? loadImage(`compute_${capability}`);
  } catch (error) {
    throw withAdvice(error, compiler);
  }
}

/** Undefined where this process knows, or finds out, that drivers refuse machine code for this architecture. */
function loadedUnlessRefused<T>(architecture: string, loaded: (target: string) => T): T | undefined {
  if (withoutMachineCode.has(architecture)) return undefined;
  try {
    return loaded(architecture);
  } catch (error) {
    if (!isRefusal(error)) throw error;
    withoutMachineCode.add(architecture);
    return undefined;
  }
}

const withoutMachineCode = new Set<string>();

/** A source for one target, in the cache of routines. */
class Image {
  private readonly key: string;
  private isKept = true;

  constructor(
    private readonly source: string,
    private readonly target: string,
    private readonly compiler: Compiler,
  ) {
    const parts = [source, target, compiler.identity];
    this.key = createHash("sha256").update(JSON.stringify(parts)).digest("hex");
  }

  loadImage<T>(load: (image: Buffer) => T): T {
    try {
      return load(Buffer.from(cachedContent(this.key, this.compile)));
    } catch (error) {
      if (!this.isKept || !isUnreadable(error)) throw error;
      return load(Buffer.from(renewedContent(this.key, this.compile)));
    }
  }

  private readonly compile = (): Uint8Array => {
    this.isKept = false;
    return attended((watch) => {
      const image = this.compiler.compile(this.source, this.target);
      watch();
      return image;
    });
  };
}

const isUnreadable = (error: unknown): boolean => /CUDA_ERROR_INVALID_(IMAGE|PTX)\b/.test(messageOf(error));
const isRefusal = (error: unknown): boolean =>
  isUnreadable(error) || messageOf(error).includes("CUDA_ERROR_NO_BINARY_FOR_GPU");

/** PTX must not be newer than the driver, and no compiler makes older one. */
function withAdvice(error: unknown, { name }: Compiler): unknown {
  const message = messageOf(error);
  if (!message.includes("CUDA_ERROR_UNSUPPORTED_PTX_VERSION")) return error;
  const advice = `the driver is older than the compiler (${name}): install a newer driver, or name an older NVRTC in TSKEOPS_NVRTC`;
  return new DeviceError(`${message}; ${advice}`, { cause: error });
}

/** The device's own architecture if the compiler knows it; else the newest that it knows, as PTX. */
export function targetFor(capability: number, architectures: readonly number[]): string {
  if (architectures.includes(capability)) return `sm_${capability}`;
  return `compute_${Math.max(...architectures.filter((known) => known < capability))}`;
}

function search(): Compiler | string {
  const library = loadedAddon().cuda.openCompiler(libraries());
  if (library.version > 0) return new Nvrtc(library.version, library.architectures);
  const program = programs().find(isExecutable);
  if (program !== undefined) return new Nvcc(program);
  return `expected NVIDIA's compiler, the library NVRTC (CUDA_HOME, the loader's path) or an nvcc on PATH, got ${library.why}`;
}

// ---------------------------------------------------------------------------------------------------------- NVRTC

/** Newest first; the loader looks for names without a folder. */
const NAMES: Readonly<Partial<Record<NodeJS.Platform, readonly string[]>>> = {
  linux: ["libnvrtc.so.13", "libnvrtc.so.12", "libnvrtc.so.11.2"],
  win32: ["nvrtc64_130_0.dll", "nvrtc64_120_0.dll", "nvrtc64_112_0.dll"],
};

function libraries(): string[] {
  const named = process.env["TSKEOPS_NVRTC"];
  if (named) return [named];
  const names = NAMES[process.platform] ?? [];
  return [...folders().flatMap((folder) => names.map((name) => join(folder, name))), ...names];
}

/** Where toolkits, conda and pip put it. */
function folders(): string[] {
  const { CUDA_PATH, CUDA_HOME, CONDA_PREFIX, VIRTUAL_ENV } = process.env;
  const isNamed = (folder: string | undefined): folder is string => folder !== undefined && folder !== "";
  const toolkits = [CUDA_PATH, CUDA_HOME, "/usr/local/cuda"].filter(isNamed);
  const pythons = [VIRTUAL_ENV, CONDA_PREFIX, join(homedir(), ".local")].filter(isNamed);
  return [
    ...toolkits.flatMap((folder) => [join(folder, "lib64"), join(folder, "bin", "x64"), join(folder, "bin")]),
    ...(CONDA_PREFIX ? [join(CONDA_PREFIX, "lib")] : []),
    ...pythons.flatMap((folder) => pipFolders(join(folder, "lib"))),
  ];
}

function pipFolders(lib: string): string[] {
  const pythons = readable(lib).filter((name) => /^python3\.\d+$/.test(name));
  return pythons.flatMap((python) =>
    ["cu13", "cuda_nvrtc"].map((part) => join(lib, python, "site-packages", "nvidia", part, "lib")),
  );
}

function readable(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

class Nvrtc implements Compiler {
  readonly name: string;
  readonly identity: readonly unknown[];

  constructor(
    version: number,
    readonly architectures: readonly number[],
  ) {
    this.name = `NVRTC ${Math.floor(version / 100)}.${version % 100}`;
    this.identity = ["nvrtc", version, NVRTC_OPTIONS];
  }

  compile(source: string, target: string): Uint8Array {
    try {
      const options = [...NVRTC_OPTIONS, `--gpu-architecture=${target}`];
      return loadedAddon().cuda.compile(source, options, target.startsWith("sm_"));
    } catch (error) {
      throw refusalError("NVRTC", messageOf(error), source);
    }
  }
}

const MESSAGE_CHARACTERS = 8000;

const refusalError = (compiler: string, messages: string, source: string): CompileError =>
  new CompileError(
    `generated routine: expected ${compiler} to compile it, got ${messages.slice(0, MESSAGE_CHARACTERS)}`,
    source,
  );

// ----------------------------------------------------------------------------------------------------------- nvcc

const TIMEOUT_SECONDS = 120;

function programs(): string[] {
  const named = process.env["TSKEOPS_NVCC"];
  if (named) return [named];
  const folders = (process.env["PATH"] ?? "").split(delimiter).filter((folder) => isAbsolute(folder));
  return folders.map((folder) => join(folder, process.platform === "win32" ? "nvcc.exe" : "nvcc"));
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

class Nvcc implements Compiler {
  readonly name: string;
  readonly identity: readonly unknown[];
  private known: readonly number[] | undefined;

  constructor(private readonly program: string) {
    this.name = program;
    this.identity = [...identityOf(program), OPTIONS];
  }

  get architectures(): readonly number[] {
    this.known ??= [...this.run(["--list-gpu-arch"], undefined).matchAll(/compute_(\d+)/g)].map(([, n]) => Number(n));
    return this.known;
  }

  compile(source: string, target: string): Uint8Array {
    const folder = privateFolder();
    try {
      writeFileSync(join(folder, "routine.cu"), source, { mode: 0o600 });
      const kind = target.startsWith("sm_") ? "-cubin" : "-ptx";
      this.run([...OPTIONS, `-arch=${target}`, kind, "-o", "routine.image", "routine.cu"], folder, source);
      return readFileSync(join(folder, "routine.image"));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  private run(args: readonly string[], cwd: string | undefined, source = ""): string {
    const done = spawnSync(this.program, args, {
      cwd,
      encoding: "utf8",
      timeout: TIMEOUT_SECONDS * 1000,
      maxBuffer: 64 * 2 ** 20,
    });
    if (done.status === 0) return done.stdout;
    throw refusalError(this.program, done.error?.message ?? `${done.stdout}${done.stderr}`, source);
  }
}
