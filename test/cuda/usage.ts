/**
 * What compiled kernels take of a thread: as nvcc tells it of many kernels in one translation unit, or as a CUBIN says
 * of itself; and what they may take. Knows no formula.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Source } from "./kernels";

export interface Usage {
  readonly name: string;
  readonly registers: number;
  /** Bytes; what was spilled is in it, too. */
  readonly stack: number;
  /** Bytes that are stored and loaded; a CUBIN does not tell. */
  readonly spills?: number;
}

/**
 * What may use memory of the thread, and so local loads: wide formulas, which keep their rows there; NVIDIA's reduction
 * of large angles; and, in float64, loops over many components whose functions are too long to be written out.
 */
const MAY_USE_STACK =
  /, in memory, in |\b(Sin|Cos|Tan|SinXDivX|Sinc|LGamma|Digamma|Polygamma)\(|\b(Softplus|LogAddExp)\(.*,18\).* in float64$/;

/** Kernels that use memory of the thread and should not. */
export function outsideRegisters(usages: readonly Usage[]): Usage[] {
  return usages.filter(({ name, stack, spills = 0 }) => spills > 0 || (stack > 0 && !MAY_USE_STACK.test(name)));
}

export function told(usages: readonly Usage[]): string {
  const registers = usages.map((usage) => usage.registers).sort((a, b) => a - b);
  const withStack = usages.filter(({ stack }) => stack > 0).length;
  const spilled = usages.filter(({ spills = 0 }) => spills > 0).length;
  return `${usages.length} kernels, registers ${registers[0]!} to ${registers.at(-1)!}, median ${registers[registers.length >> 1]!}; ${withStack} with stack, ${spilled} with spills`;
}

// ----------------------------------------------------------------------------------------------------------- nvcc

const NVCC = ["--std=c++17", "--ftz=true", "-diag-suppress", "177", "-cubin", "--resource-usage"];
const AT_ONCE = 60;

/** Compiles generated sources for one architecture, many at once. Throws Error with nvcc's messages. */
export function usageByNvcc(sources: readonly Source[], architecture: string): Usage[] {
  const units = [...groups(sources).values()].flatMap((group) => chunks(group, AT_ONCE));
  return units.flatMap((unit) => {
    const text = unit.map((source, n) => renamed(source.text, n)).join("\n");
    return byNvcc(text, architecture).usages.map(({ name, ...usage }) => {
      const [, kernel, n] = /^(\w+)_(\d+)$/.exec(name)!;
      return { name: `${kernel!} of ${unit[Number(n)]!.name}`, ...usage };
    });
  });
}

/** What nvcc tells of every kernel in a text, and the CUBIN that it makes. Throws Error with its messages. */
export function byNvcc(text: string, architecture: string): { usages: Usage[]; image: Buffer } {
  const folder = mkdtempSync(join(tmpdir(), "tskeops-kernels-"));
  try {
    writeFileSync(join(folder, "unit.cu"), text);
    const args = [...NVCC, `-arch=${architecture}`, "-o", "unit.cubin", "unit.cu"];
    const done = spawnSync("nvcc", args, { cwd: folder, encoding: "utf8", maxBuffer: 2 ** 28 });
    if (done.status !== 0) throw new Error(`nvcc: ${done.stderr.slice(0, 4000)}`);
    return { usages: usagesIn(`${done.stdout}${done.stderr}`), image: readFileSync(join(folder, "unit.cubin")) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Each in a namespace of its own, with entry points of its own. */
function renamed(text: string, n: number): string {
  const undefined_ = ["DOUBLE", "TILE", "IN_MEMORY", "THREADS", "VARIABLES"].map((name) => `#undef KEOPS_${name}`);
  return [
    ...undefined_,
    text.replace("namespace keops {", `namespace keops${n} {`).replace(/\bkeops_(\w+)/g, `keops_$1_${n}`),
  ].join("\n");
}

function usagesIn(output: string): Usage[] {
  const entry =
    /entry function 'keops_(\w+)'[^]*?(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads[^]*?Used (\d+) registers/g;
  return [...output.matchAll(entry)].map(([, name, stack, stores, loads, registers]) => ({
    name: name!,
    registers: Number(registers),
    stack: Number(stack),
    spills: Number(stores) + Number(loads),
  }));
}

/** Those whose preludes define the same macros, which namespaces do not keep apart. */
function groups(sources: readonly Source[]): Map<string, Source[]> {
  const found = new Map<string, Source[]>();
  for (const source of sources) {
    const key = [...source.text.matchAll(/^#define (?:KEOPS_DOUBLE|KEOPS_IN_MEMORY|EACH_COLUMN).*$/gm)].join();
    found.set(key, [...(found.get(key) ?? []), source]);
  }
  return found;
}

function chunks<T>(list: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(list.length / size) }, (_, n) => list.slice(n * size, (n + 1) * size));
}

// ---------------------------------------------------------------------------------------------------------- CUBIN

/**
 * What every kernel of a CUBIN takes, with the functions that it calls: it is an ELF file, whose section .nv.info lists
 * both numbers.
 */
export function usageInCubin(image: Buffer): Usage[] {
  const sections = sectionsOf(image);
  const [info, symbols, strings] = [".nv.info", ".symtab", ".strtab"].map((name) => sections.get(name)!);
  const usages = new Map<number, { registers: number; stack: number }>();
  for (let at = 0; at < info!.length; at += 4 + sizeOfEntry(info!, at)) {
    const attribute = info![at + 1];
    if (attribute !== REGISTERS && attribute !== STACK_BYTES) continue;
    const [symbol, value] = [info!.readUInt32LE(at + 4), info!.readUInt32LE(at + 8)];
    const known = usages.get(symbol) ?? { registers: 0, stack: 0 };
    usages.set(symbol, { ...known, [attribute === REGISTERS ? "registers" : "stack"]: value });
  }
  const kernels = [...usages].filter(([, { registers }]) => registers > 0); // functions that they call have none of their own
  return kernels.map(([symbol, usage]) => {
    const name = textAt(strings!, symbols!.readUInt32LE(SYMBOL_BYTES * symbol));
    return { name: name.replace(/^keops_/, ""), ...usage };
  });
}

/** An entry is format, attribute, and 16 bits; in the format of lists these are the bytes that follow. */
const [LIST, REGISTERS, STACK_BYTES] = [0x04, 0x2f, 0x12];
const sizeOfEntry = (info: Buffer, at: number): number => (info[at] === LIST ? info.readUInt16LE(at + 2) : 0);

const SYMBOL_BYTES = 24;

function sectionsOf(elf: Buffer): Map<string, Buffer> {
  const [headers, bytes, count] = [Number(elf.readBigUInt64LE(0x28)), elf.readUInt16LE(0x3a), elf.readUInt16LE(0x3c)];
  const sectionAt = (n: number): { name: number; content: Buffer } => {
    const header = headers + n * bytes;
    const [offset, size] = [0x18, 0x20].map((field) => Number(elf.readBigUInt64LE(header + field)));
    return { name: elf.readUInt32LE(header), content: elf.subarray(offset, offset! + size!) };
  };
  const names = sectionAt(elf.readUInt16LE(0x3e)).content;
  const sections = Array.from({ length: count }, (_, n) => sectionAt(n));
  return new Map(sections.map(({ name, content }) => [textAt(names, name), content]));
}

const textAt = (strings: Buffer, at: number): string => strings.toString("latin1", at, strings.indexOf(0, at));
