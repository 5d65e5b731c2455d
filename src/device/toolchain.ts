/**
 * The user's C++ compiler: which it is, and why there is none. Runs nothing.
 */
import { accessSync, constants, realpathSync, statSync } from "node:fs";
import { delimiter, isAbsolute, join, resolve } from "node:path";

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
