/** The guard of inner loops: what it finds in machine code, on texts that were written for it. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import { whyNoCompiler } from "../../src/device/toolchain";

const root = resolve(__dirname, "..", "..");
const hasObjdump = spawnSync("objdump", ["--version"]).status === 0;
const isPossible = process.arch === "x64" && hasObjdump && whyNoCompiler() === null;
const testCode = isPossible ? test : test.skip;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tskeops-loops-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** A routine whose loop over pairs adds a product to each of `sums` sums, which live in registers. */
const routine = (sums: number): string => `#define KEOPS_DOUBLE 0
#define KEOPS_TILE 1
typedef long long int64;
#if defined(__AVX512F__)
enum { BYTES = 64 };
#elif defined(__AVX2__)
enum { BYTES = 32 };
#else
enum { BYTES = 16 };
#endif
typedef float real __attribute__((vector_size(BYTES)));
extern "C" void keops_reduce(const float *y, int64 first, int64 last, real *out) {
  real ${list(sums, ", ", (n) => `s${n} = out[${n}]`)};
  for (int64 column = first; column < last; column++) {
    const real v = y[column] - real{};
    ${list(sums, " ", (n) => `s${n} = s${n} + v * s${n};`)}
  }
  ${list(sums, " ", (n) => `out[${n}] = s${n};`)}
}
`;

const list = (count: number, between: string, text: (n: number) => string): string =>
  Array.from({ length: count }, (_, n) => text(n)).join(between);

/** Runs the guard on one text; `--record` makes the record that later runs are held to. */
function guard(text: string, ...options: string[]): { status: number | null; said: string } {
  const file = join(folder, "loop.cc");
  writeFileSync(file, text);
  const args = [join(root, "scripts", "check-loops.mjs"), "--recorded", join(folder, "loops.json"), ...options, file];
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
  return { status, said: stderr };
}

interface Counts {
  readonly instructions: readonly number[];
  readonly reads?: number;
  readonly writes?: number;
}

function recorded(): Record<string, Counts> {
  return (JSON.parse(readFileSync(join(folder, "loops.json"), "utf8")) as { loops: Record<string, Counts> }).loops;
}

testCode("a loop that is as it was recorded passes, and needs no stack", () => {
  expect(guard(routine(10), "--record")).toEqual({ status: 0, said: "" });
  expect(guard(routine(10))).toEqual({ status: 0, said: "" });
  // A broadcast, ten fused products, a step of the pointer, a comparison and a jump.
  expect(recorded()["avx2: loop"]).toEqual({ instructions: [14] });
});

testCode("a spill is found: forty sums do not fit sixteen registers, nor thirty-two", () => {
  guard(routine(10), "--record");
  const { status, said } = guard(routine(40));
  expect(status).toBe(1);
  for (const isa of ["baseline", "avx2", "avx512"]) {
    expect(said).toMatch(new RegExp(`${isa}: loop: expected at most 0 reads of vectors on the stack, got [1-9]`));
    expect(said).toMatch(new RegExp(`${isa}: loop: expected at most 0 writes of vectors on the stack, got [1-9]`));
  }
});

testCode("a spill may be recorded only with its reason", () => {
  expect(guard(routine(40), "--record").status).toBe(0);
  expect(guard(routine(40)).said).toMatch(
    /avx2: loop: expected the reason for vectors on the stack as "why", got none/,
  );
  guard(routine(40), "--record", "--why", "forty sums are wanted");
  expect(guard(routine(40))).toEqual({ status: 0, said: "" });
});

testCode("a tenth more instructions is too much, though nothing passes through the stack", () => {
  guard(routine(10), "--record");
  const { status, said } = guard(routine(12));
  expect(status).toBe(1);
  expect(said).toMatch("avx2: loop: expected 14 instructions, or 5 % more, got 16");
  expect(said).not.toMatch("on the stack");
});

testCode("a loop that was not recorded, or is not there, is a fault", () => {
  expect(guard(routine(3)).said).toMatch("avx2: loop: expected a record of it, got none");
  expect(guard("int keops_table[1];").said).toMatch(/loop: expected a loop over pairs, got none that is known/);
});

testCode("without objdump the guard says what to install", () => {
  const bin = join(folder, "bin");
  const script = `mkdir "$0" && ln -s "$(command -v as)" "$(command -v ld)" "$(command -v g++)" "$0"`;
  expect(spawnSync("sh", ["-c", script, bin]).status).toBe(0);
  writeFileSync(join(folder, "loop.cc"), routine(3));
  const args = [
    join(root, "scripts", "check-loops.mjs"),
    "--recorded",
    join(folder, "r.json"),
    join(folder, "loop.cc"),
  ];
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: "utf8", env: { PATH: bin } });
  expect(status).toBe(1);
  expect(stderr).toMatch(/objdump: expected it in PATH, found none: it is part of binutils/);
});
