/**
 * Fresh processes for tests of the compiler and the routine cache: what these do depends on environment, folders and
 * other processes, and what they promise must hold from one process to the next. Each test has a room: a folder of its
 * own, with `tmp` in it for temporary files.
 */
import { spawn } from "node:child_process";
import type * as FileSystem from "node:fs";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { transformSync } from "@swc/core";

import type { InstructionSetName } from "../../src/codegen/isa";
import type * as Compiler from "../../src/device/compiler";
import type * as Toolchain from "../../src/device/toolchain";

/** What a child is given: the module under test, and whether the dynamic loader takes a file. */
type Tools = typeof Compiler &
  typeof Toolchain & { readonly fs: typeof FileSystem; readonly loads: (path: string) => boolean };
export type Env = Readonly<Record<string, string>>;

export interface Failure {
  readonly name: string;
  readonly code: string;
  readonly message: string;
  readonly source?: string;
}

export interface Child {
  readonly env?: Env;
  /** The user that it runs as, if not ours. */
  readonly uid?: number;
  /** A folder that `transpiled` made, if not the modules as they are. */
  readonly modules?: string;
  /** A shell command to run before, in a mount namespace of its own. */
  readonly before?: string;
}

export const SOURCE = 'extern "C" int answer() { return 42; }\n';
export const IS_ROOT: boolean = process.getuid?.() === 0;
export const NOBODY = 65534;
export const DAY_SECONDS = 24 * 3600;
export const OBJECT_NAME = /^[0-9a-f]{64}\.so$/;

const HARNESS = `
const fs = require("node:fs");
const [modules, body, args] = JSON.parse(process.argv[2]);
const compiler = { ...require(modules + "/device/toolchain.js"), ...require(modules + "/device/compiler.js") };
function loads(path) {
  try { process.dlopen({ exports: {} }, path); } catch (error) { return error.message.includes("did not self-register"); }
  return true;
}
async function run() { return { value: await eval("(" + body + ")")({ ...compiler, fs, loads }, ...args) }; }
function told(error) { return { failure: { name: error.name, code: error.code, message: error.message, source: error.source } }; }
run().catch(told).then((reply) => process.stdout.write(JSON.stringify(reply)));
`;

const home = realpathSync(mkdtempSync(join(tmpdir(), "tskeops-child-")));
let modules: string;
let room: string;

beforeAll(() => {
  chmodSync(home, 0o755);
  writeFileSync(join(home, "harness.js"), HARNESS);
  modules = transpiled("modules");
});

beforeEach(() => {
  room = mkdtempSync(join(home, "room-"));
  chmodSync(room, 0o755);
  mkdirSync(at("tmp"));
});

afterAll(() => {
  rmSync(home, { recursive: true, force: true });
});

/** The modules under test as JavaScript, with one piece of text changed if wished. */
export function transpiled(name: string, from = "", to = ""): string {
  const folder = join(home, name);
  const texts = [
    "asserts",
    "errors",
    "options",
    "platform/process",
    "codegen/isa",
    "device/cache",
    "device/toolchain",
    "device/verbose",
    "device/compiler",
  ].map((file) => [file, sourceOf(file)] as const);
  expect(texts.some(([, text]) => text.includes(from))).toBe(true);
  for (const [file, text] of texts) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, `${file}.js`), asJavaScript(text.replace(from, to)));
  }
  return folder;
}

function sourceOf(file: string): string {
  return readFileSync(join(__dirname, "..", "..", "src", `${file}.ts`), "utf8");
}

function asJavaScript(text: string): string {
  const jsc = { target: "es2022", parser: { syntax: "typescript" } } as const;
  return transformSync(text, { jsc, module: { type: "commonjs" } }).code;
}

/** A path in this test's room. */
export function at(...names: readonly string[]): string {
  return join(room, ...names);
}

/** What `body`, which may use nothing but its arguments, returns or throws in a new process. */
export async function inChild<const A extends readonly unknown[], R>(
  body: (tools: Tools, ...args: A) => R | Promise<R>,
  args: A,
  child: Child = {},
): Promise<R> {
  const task = JSON.stringify([child.modules ?? modules, body.toString(), args]);
  const { stdout, stderr } = await outputOf([process.execPath, join(home, "harness.js"), task], child);
  expect(stderr).toBe(""); // the library prints nothing by itself
  const reply = JSON.parse(stdout) as { value: R; failure?: Failure };
  if (reply.failure !== undefined) throw Object.assign(new Error(), reply.failure);
  return reply.value;
}

async function outputOf(command: readonly string[], child: Child): Promise<{ stdout: string; stderr: string }> {
  const { before, uid } = child;
  const argv =
    before === undefined ? command : ["unshare", "-rm", "sh", "-c", `${before} && exec "$@"`, "sh", ...command];
  const basic = { PATH: process.env["PATH"] ?? "", TMPDIR: at("tmp"), TSKEOPS_CACHE: at("cache") };
  const user = uid === undefined ? {} : { uid, gid: uid };
  const started = spawn(argv[0]!, argv.slice(1), { env: { ...basic, ...child.env }, cwd: room, ...user });
  const output = { stdout: "", stderr: "" };
  started.stdout.on("data", (data: Buffer) => (output.stdout += data.toString()));
  started.stderr.on("data", (data: Buffer) => (output.stderr += data.toString()));
  await new Promise((resolve) => started.on("close", resolve));
  return output;
}

export function failureOf(attempt: Promise<unknown>): Promise<Failure> {
  return attempt.then(
    (value) => {
      throw new Error(`expected a failure, got ${JSON.stringify(value)}`);
    },
    (error: unknown) => error as Failure,
  );
}

export function compile(
  child: Child = {},
  source: string = SOURCE,
  isa: InstructionSetName = "baseline",
): Promise<string> {
  return inChild(({ sharedObject }, text, set) => sharedObject(text, set), [source, isa], child);
}

export function compileAndLoad(child: Child = {}): Promise<{ path: string; loads: boolean }> {
  const body = ({ sharedObject, loads }: Tools, text: string): { path: string; loads: boolean } => {
    const path = sharedObject(text, "baseline");
    return { path, loads: loads(path) };
  };
  return inChild(body, [SOURCE], child);
}

/** An executable script in the room: a compiler that does what it likes. */
export function script(name: string, ...lines: readonly string[]): string {
  const file = at(name);
  writeFileSync(file, ["#!/bin/sh", ...lines, ""].join("\n"), { mode: 0o755 });
  return file;
}

/** A compiler that works, and counts. */
export function countingCompiler(): { env: Env; runs: () => number } {
  const path = script("counting-c++", `echo run >> "${at("runs")}"`, 'exec c++ "$@"');
  const runs = (): number => (existsSync(at("runs")) ? readFileSync(at("runs"), "utf8").split("\n").length - 1 : 0);
  return { env: { TSKEOPS_CXX: path }, runs };
}

export function objectsIn(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder).filter((name) => OBJECT_NAME.test(name)) : [];
}

/** Makes a file look as if it had last been used so long ago. */
export function setAge(path: string, seconds: number): void {
  const then = Date.now() / 1000 - seconds;
  utimesSync(path, then, then);
}

/** Seconds since a file was last used. */
export function ageOf(path: string): number {
  return (Date.now() - statSync(path).mtimeMs) / 1000;
}
