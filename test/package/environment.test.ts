/**
 * The environment variables that docs/guide/environment.md lists: each does what it says, and none is ignored in
 * silence.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { nativeAddon } from "../../src/device/native";
import { ISAS, instructionSetOf } from "../../src/codegen/isa";
import type { InstructionSetName } from "../../src/codegen/isa";

const root = join(__dirname, "..", "..");
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tskeops-environment-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const SUM = `
  const K = t.Genred("Exp(-SqDist(x, y))", ["x = Vi(2)", "y = Vj(2)"], { axis: 1 });
  const x = t.rand([20, 2], { seed: 1 });
  console.log(Array.from(K(x, x).data).join());`;

/** What a script prints in a process with these variables and a cache of its own, or the message of what it throws. */
function printed(script: string, variables: Readonly<Record<string, string>> = {}): string {
  return outcome(script, variables).stdout.trim();
}

function outcome(script: string, variables: Readonly<Record<string, string>>): { stdout: string; stderr: string } {
  const code = `const t = require(${JSON.stringify(join(root, "dist", "index.js"))});
    try { ${script} } catch (error) { console.log(error.name + ": " + error.message); }`;
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith("TSKEOPS_"));
  const env = { ...Object.fromEntries(inherited), TSKEOPS_CACHE: join(folder, "cache"), ...variables };
  return spawnSync(process.execPath, ["-e", code], { encoding: "utf8", env });
}

/** Names in the cache by their ending. */
function cached(ending: string): string[] {
  const cache = join(folder, "cache");
  return existsSync(cache) ? readdirSync(cache).filter((name) => name.endsWith(ending)) : [];
}

test("TSKEOPS_THREADS sets the number of threads, until a program does", () => {
  expect(printed("console.log(t.settings.threads)", { TSKEOPS_THREADS: "3" })).toBe("3");
  expect(printed("t.settings.threads = 5; console.log(t.settings.threads)", { TSKEOPS_THREADS: "3" })).toBe("5");
  const message = 'ArgumentError: TSKEOPS_THREADS: expected an integer from 1 to 1024, got the string "many"';
  expect(printed("t.settings.threads", { TSKEOPS_THREADS: "many" })).toBe(message);
});

test("TSKEOPS_ADDON says what may serve, and nothing else serves", () => {
  const script = "console.log(t.settings.instructionSet)";
  expect(printed(script, { TSKEOPS_ADDON: "native" })).toBe(printed(script));
  const { stdout, stderr } = outcome(SUM, { TSKEOPS_ADDON: "off" });
  expect(stderr).toContain("KEOPS_REFERENCE");
  expect(stderr).toContain("because TSKEOPS_ADDON is off");
  expect(stdout.split(",").length).toBe(20);
  const message = 'ArgumentError: TSKEOPS_ADDON: expected one of auto, native, wasm, off, got the string "gpu"';
  expect(printed(script, { TSKEOPS_ADDON: "gpu" })).toBe(message);
});

test("results do not depend on TSKEOPS_THREADS", () => {
  expect(printed(SUM, { TSKEOPS_THREADS: "1" })).toBe(printed(SUM, { TSKEOPS_THREADS: "4" }));
});

test("TSKEOPS_LAPACK switches the system's LAPACK off, until a program does, and names no library in vain", () => {
  expect(printed("console.log(t.settings.lapack)", { TSKEOPS_LAPACK: "off" })).toBe("off");
  const unset = printed("console.log(t.settings.lapack)");
  expect(printed("t.settings.lapack = 'auto'; console.log(t.settings.lapack)", { TSKEOPS_LAPACK: "off" })).toBe(unset);
  const message = "ArgumentError: TSKEOPS_LAPACK: expected auto, off or a library, got /nowhere.so";
  expect(printed("t.settings.lapack", { TSKEOPS_LAPACK: "/nowhere.so" }).startsWith(message)).toBe(true);
});

describe("TSKEOPS_ISA", () => {
  const isX64 = process.arch === "x64";

  /** The -march that a compiler is called with. */
  function march(isa: InstructionSetName): string | undefined {
    const [compiler, log] = [join(folder, "logging-c++"), join(folder, "log")];
    writeFileSync(compiler, `#!/bin/sh\necho "$@" >> "${log}"\nexec c++ "$@"\n`, { mode: 0o755 });
    printed(SUM, { TSKEOPS_ISA: isa, TSKEOPS_CXX: compiler, TSKEOPS_COMPILE: "always" });
    return /-march=(\S+)/.exec(readFileSync(log, "utf8"))?.[1];
  }

  (isX64 ? test : test.skip).each(ISAS)("%s is what formulas are compiled for, or what the machine has", (isa) => {
    const best = ISAS.indexOf(nativeAddon()!.isa());
    const used = instructionSetOf(ISAS[Math.min(best, ISAS.indexOf(isa))]!);
    expect(used.flags).toContain(`-march=${march(isa)}`);
  });

  test("is refused if it names none", () => {
    const message = 'ArgumentError: TSKEOPS_ISA: expected one of baseline, avx2, avx512, got the string "sse9"';
    expect(printed(SUM, { TSKEOPS_ISA: "sse9" })).toBe(message);
    expect(printed(SUM, { TSKEOPS_ISA: "" })).toBe(printed(SUM));
  });
});

test("settings.instructionSet overrules TSKEOPS_ISA, for the next call of the same formula too", () => {
  const code = `{ ${SUM} } t.settings.instructionSet = "baseline"; { ${SUM} } console.log(t.settings.instructionSet);`;
  const [first, second, last] = printed(code, { TSKEOPS_ISA: "avx2" }).split("\n");
  expect(last).toBe("baseline");
  expect(first).toBe(printed(SUM, { TSKEOPS_ISA: "avx2" }));
  expect(second).toBe(printed(SUM, { TSKEOPS_ISA: "baseline" }));
  const message =
    'ArgumentError: settings.instructionSet: expected one of baseline, avx2, avx512, got the string "neon"';
  expect(printed('t.settings.instructionSet = "neon"')).toBe(message);
});

test("TSKEOPS_COMPILE says when formulas are compiled, and TSKEOPS_CACHE where they are kept", () => {
  printed(SUM, { TSKEOPS_COMPILE: "never" });
  expect(cached(".so")).toEqual([]);
  printed(SUM, { TSKEOPS_COMPILE: "always" });
  expect(cached(".so")).toHaveLength(1);
  const message = 'ArgumentError: TSKEOPS_COMPILE: expected one of "auto", "never", "always", got "often"';
  expect(printed(SUM, { TSKEOPS_COMPILE: "often" })).toBe(message);
});

describe("TSKEOPS_VERBOSE", () => {
  const told = (variables: Readonly<Record<string, string>>): string[] =>
    outcome(SUM, variables)
      .stderr.split("\n")
      .filter((line) => line !== "");
  const CALL = String.raw`tskeops: Sum\(.*\) float32, 20 x 20 pairs`;

  test("prints each compilation and each call: what, how many pairs, by which routine, how long", () => {
    const [compiled, call, ...more] = told({ TSKEOPS_COMPILE: "always", TSKEOPS_VERBOSE: "1" });
    expect(compiled).toMatch(/^tskeops: compiled by \/.* in [\d.]+ ms: \/.*\.so$/);
    expect(call).toMatch(new RegExp(String.raw`^${CALL}: cpu \(.*\), [\d.]+ ms, compiled$`));
    expect(more).toEqual([]);
    expect(cached(".cc")).toEqual([]);
  });

  test("tells what was found compiled, and what needs no compiler", () => {
    printed(SUM, { TSKEOPS_COMPILE: "always" });
    const [found, call] = told({ TSKEOPS_COMPILE: "always", TSKEOPS_VERBOSE: "1" });
    expect(found).toMatch(/^tskeops: found in [\d.]+ ms: \/.*\.so$/);
    expect(call).toMatch(/ms, from the cache$/);
    const [tiles, ...more] = told({ TSKEOPS_COMPILE: "never", TSKEOPS_VERBOSE: "1" });
    expect(tiles).toMatch(new RegExp(String.raw`^${CALL}: tiles \(.*\), [\d.]+ ms$`));
    expect(more).toEqual([]);
  });

  test("unset or empty, nothing is printed, and results are the same", () => {
    expect(told({ TSKEOPS_COMPILE: "always", TSKEOPS_VERBOSE: "" })).toEqual([]);
    expect(told({})).toEqual([]);
    expect(printed(SUM, { TSKEOPS_VERBOSE: "1" })).toBe(printed(SUM));
  });
});

describe("TSKEOPS_DEBUG", () => {
  test("keeps the source that an object was compiled from, and gives the same bits", () => {
    const usual = printed(SUM, { TSKEOPS_COMPILE: "always" });
    expect(cached(".cc")).toEqual([]);
    rmSync(join(folder, "cache"), { recursive: true });
    expect(printed(SUM, { TSKEOPS_COMPILE: "always", TSKEOPS_DEBUG: "1" })).toBe(usual);
    expect(cached(".cc").map((name) => name.replace(/cc$/, "so"))).toEqual(cached(".so"));
  });

  const hasGdb = spawnSync("gdb", ["--version"]).status === 0;
  (hasGdb ? test : test.skip)("gdb stops in the generated loop and shows its lines", () => {
    writeFileSync(
      join(folder, "sum.js"),
      `const t = require(${JSON.stringify(join(root, "dist", "index.js"))});${SUM}`,
    );
    const commands = ["set breakpoint pending on", "break keops_reduce", "run", "next", "info source"];
    const args = ["-batch", ...commands.flatMap((command) => ["-ex", command]), "--args", process.execPath];
    const env = {
      ...process.env,
      ...{ TSKEOPS_COMPILE: "always", TSKEOPS_DEBUG: "1", TSKEOPS_CACHE: join(folder, "cache") },
    };
    const { stdout } = spawnSync("gdb", [...args, join(folder, "sum.js")], { encoding: "utf8", env });
    expect(stdout).toMatch(/Breakpoint 1,.* keops_reduce \(/);
    expect(stdout).toContain(`Located in ${join(folder, "cache", cached(".cc")[0]!)}`);
  });
});

test("TSKEOPS_CXXFLAGS are given to the compiler; what it refuses is a CompileError", () => {
  printed(SUM, { TSKEOPS_COMPILE: "always" });
  printed(SUM, { TSKEOPS_COMPILE: "always", TSKEOPS_CXXFLAGS: "-O1 -DUNUSED" });
  expect(cached(".so")).toHaveLength(2);
  const refused = `K(x, x, { backend: "cpu" })`;
  const failure = printed(SUM.replace(/console.*/, refused), { TSKEOPS_CXXFLAGS: "--no-such-flag" });
  expect(failure).toMatch(/^CompileError: generated routine: .*--no-such-flag/s);
});

test("the documentation lists every variable that the library reads", () => {
  const page = readFileSync(join(root, "docs", "guide", "environment.md"), "utf8");
  const files = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" }).filter((name) =>
    name.endsWith(".ts"),
  );
  const read = files.flatMap((name) => [
    ...readFileSync(join(root, "src", name), "utf8").matchAll(
      /(?:env\[|\bvariable\()"(TSKEOPS_\w+)"[\])]|\b(TSKEOPS_\w+): named/g,
    ),
  ]);
  const names = [...new Set(read.map(([, a, b]) => a ?? b!))].sort();
  expect(names).toEqual([...new Set(page.match(/TSKEOPS_\w+/g))].sort());
});
