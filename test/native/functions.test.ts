/**
 * The functions of generated code: their errors in units of the last place, measured in C++ against the C library in
 * the next wider type, for every dtype and every instruction set of this machine.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { flagsFor } from "../../src/device/compiler";
import type { InstructionSetName } from "../../src/codegen/isa";
import { sampled } from "../helpers/sample";
import { OWN_WIDTH, WIDTHS } from "../helpers/widths";

/**
 * Units in the last place that results may be off by; without fused products reductions of angles are a little less
 * exact.
 */
const BOUND = 2;
const WITHOUT_FUSED_PRODUCTS: Readonly<Record<string, number>> = { sin: 3, cos: 3, tan: 3.5 };
/** Functions that take several others one after the other. */
const COMPOSED: Readonly<Record<string, number>> = { acosh: 2.6, lgamma: 2.6, erfc: 4.5 };

interface Measured {
  readonly name: string;
  readonly low?: number;
  readonly high?: number;
  readonly units?: number;
  /** Arguments that are no ordinary numbers, where the result is another than that of the C library. */
  readonly special?: readonly string[];
}

const TEXTS = [
  ...["common/routine.h", "cpu/keops.h", "cpu/powers.h", "common/tile.h", "cpu/lanes.h"],
  ...["cpu/exponentials.h", "cpu/angles.h", "common/gammas.h"],
];
const HEADERS = ["run/denormals.h", ...TEXTS.map((file) => `text/${file}`)];
const folder = mkdtempSync(join(tmpdir(), "tskeops-functions-"));
afterAll(() => rmSync(folder, { recursive: true }));

function measured(isa: InstructionSetName, isDouble: boolean): Measured[] {
  const read = (...path: string[]): string => readFileSync(join(__dirname, ...path), "utf8");
  const parts = [...HEADERS.map((file) => read("..", "..", "native", file)), read("..", "fixtures", "functions.cc")];
  const path = join(folder, `${isa}${isDouble ? 64 : 32}`);
  writeFileSync(
    `${path}.cc`,
    [`#define KEOPS_DOUBLE ${isDouble ? 1 : 0}`, "#define KEOPS_TILE 1", ...parts].join("\n"),
  );
  const flags = flagsFor(isa).filter((flag) => !["-shared", "-fPIC", "-fno-exceptions", "-nostdlib"].includes(flag));
  execFileSync(process.env["CXX"] ?? "g++", [...flags, "-w", `${path}.cc`, "-o", path], { stdio: "pipe" });
  return execFileSync(path, ["100000"], { encoding: "utf8" })
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Measured);
}

/** Both dtypes in the width of this run, one of them in each other one. */
const PROGRAMS = WIDTHS.flatMap((isa, n) => {
  const dtypes = isa === OWN_WIDTH ? [false, true] : sampled([false, true], 2, n);
  return dtypes.map((isDouble) => ({ isa, isDouble }));
});

describe.each(PROGRAMS)("functions compiled for $isa, in double: $isDouble", ({ isa, isDouble }) => {
  const found = measured(isa, isDouble);

  test("are within their bounds", () => {
    const ranges = found.filter(({ units }) => units !== undefined);
    expect(ranges.length).toBeGreaterThan(40);
    const boundOf = (name: string): number =>
      (isa === "baseline" && WITHOUT_FUSED_PRODUCTS[name]) || COMPOSED[name] || BOUND;
    expect(ranges.filter(({ name, units }) => !(units! <= boundOf(name)))).toEqual([]);
  });

  test("give what C gives at zeros, infinities, NaN and poles", () => {
    expect(found.filter(({ special }) => special)).toEqual([]);
  });
});
