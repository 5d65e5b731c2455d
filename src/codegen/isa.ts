/**
 * The instruction sets of processors that code is made for, in one table. Compiler flags, the shapes of generated
 * loops, the package's build (scripts/build-native.mjs, CMakeLists.txt) and the addon's dispatch
 * (native/generated/instructionsets.h) are all written from it.
 */
import { architecture } from "../platform/process";

/**
 * `"avx2"` is x86-64-v3; `"avx512"` adds AVX-512 F, BW, CD, DQ and VL; `"baseline"` is what every processor of the
 * architecture has; `"wasm"` is WebAssembly, in the place of a native addon.
 */
export type InstructionSetName = "baseline" | "avx2" | "avx512" | "wasm";

export interface InstructionSet {
  readonly name: InstructionSetName;
  /** For g++ and clang++ alike. */
  readonly flags: readonly string[];
  /** What the processor must have, in the words of `__builtin_cpu_supports`. */
  readonly features: readonly string[];
  readonly vectorBytes: number;
  /** How many vectors the registers hold. */
  readonly registers: number;
  /**
   * Instructions that load a vector of each component of short rows by permutes; absent where numbers are loaded one by
   * one.
   */
  readonly permutedLoad?: (dim: number) => number;
  /** What a number then takes that is loaded alone, in instructions: waiting for the memory that it goes through, too. */
  readonly loadThroughMemory: number;
  /** Up to this dim, components are separate values in registers; beyond, they are in memory and taken in loops. */
  readonly unrolled: number;
  /** That limit in steps of several columns, of reductions that ask about several at once. */
  readonly unrolledInColumns: number;
  /**
   * Instructions of a chain that is longer than processors look ahead: from here on, a step takes several columns, so
   * that it has as many chains at once. An exponential of a squared distance has 16.
   */
  readonly longChain: number;
  /** What a root or quotient of float64 adds to a chain, where estimates and corrections stand for the instruction. */
  readonly chainOfQuotient: number;
  /**
   * What a step takes at once whose pairs have sums of many terms: each column's sum of each vector of rows is in a
   * register.
   */
  readonly longSums: Step;
  /**
   * What a step takes at once whose results have many components: the pairs' values are in registers, the results in
   * memory.
   */
  readonly wideResults: Step;
  /** Columns at most that a reduction asks about at once; their values wait in registers. */
  readonly columnsAtOnce: number;
  /**
   * Vectors of columns that a step takes where the lanes are columns: several share what was read of a row, and the
   * constants.
   */
  readonly columnVectors: number;
  /**
   * Tile kernels from this cost on share a loop for arguments that step and that do not, which is small. Below it,
   * reading again what does not step would count.
   */
  readonly sharedFrom: number;
}

/** What a step of the generated loop takes at once: vectors of rows, and columns. */
export interface Step {
  readonly tile: number;
  readonly columns: number;
}

/**
 * Whether registers hold a sum and a term for each column and vector of rows of a step, and what was read of the rows:
 * all terms before all sums run faster then than one after the other.
 */
export const holdsTerms = ({ registers }: InstructionSet, { tile, columns }: Step): boolean =>
  2 * tile * columns + tile <= registers;

// Where an instruction cannot broadcast its operand itself, what was broadcast serves two vectors of rows. Beside the
// sums, registers hold a number of the column, what was read of the rows, and a difference; compilers are given the
// text in an order that needs no more.

const SSE2: InstructionSet = {
  name: "baseline",
  flags: ["-march=x86-64"],
  features: [],
  vectorBytes: 16,
  registers: 16,
  unrolled: 4,
  unrolledInColumns: 1,
  longChain: 14,
  chainOfQuotient: 0,
  longSums: { tile: 2, columns: 5 },
  wideResults: { tile: 2, columns: 4 },
  columnsAtOnce: 4,
  columnVectors: 4,
  sharedFrom: 10,
  loadThroughMemory: 3,
};

const X64: readonly InstructionSet[] = [
  SSE2,
  {
    name: "avx2",
    flags: ["-march=x86-64-v3"],
    features: ["avx2", "fma", "bmi2"],
    vectorBytes: 32,
    registers: 16,
    unrolled: 4,
    unrolledInColumns: 1,
    longChain: 14,
    chainOfQuotient: 0,
    longSums: { tile: 2, columns: 6 },
    wideResults: { tile: 2, columns: 5 },
    columnsAtOnce: 4,
    columnVectors: 4,
    sharedFrom: 10,
    loadThroughMemory: 6,
    permutedLoad: (dim) => 2 * dim * dim,
  },
  {
    name: "avx512",
    flags: ["-march=x86-64-v4", "-mprefer-vector-width=512"],
    features: ["avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"],
    vectorBytes: 64,
    registers: 32,
    unrolled: 8,
    unrolledInColumns: 4,
    longChain: 24,
    chainOfQuotient: 10,
    longSums: { tile: 1, columns: 8 },
    wideResults: { tile: 2, columns: 4 },
    columnsAtOnce: 8,
    columnVectors: 1,
    sharedFrom: 10,
    loadThroughMemory: 3,
    permutedLoad: (dim) => 4 * dim,
  },
];

const ARM64: readonly InstructionSet[] = [
  {
    name: "baseline",
    flags: [],
    features: [],
    vectorBytes: 16,
    registers: 32,
    unrolled: 16,
    unrolledInColumns: 16,
    longChain: Infinity,
    chainOfQuotient: 0,
    longSums: { tile: 1, columns: 8 },
    wideResults: { tile: 2, columns: 4 },
    columnsAtOnce: 8,
    columnVectors: 1,
    sharedFrom: 10,
    loadThroughMemory: 3,
  },
];

/** The module in the place of the addon (CMakeLists.txt), on any machine, and to be small: SSE2 is nearest. */
export const WEBASSEMBLY: InstructionSet = { ...SSE2, name: "wasm", flags: ["-msimd128"], sharedFrom: 0 };

/** The rows of an architecture by Node's name of it, the narrowest first; each needs what the one before needs. */
export const instructionSetsOf = (arch: string): readonly InstructionSet[] => (arch === "x64" ? X64 : ARM64);

/** Those of this machine's. */
export const INSTRUCTION_SETS: readonly InstructionSet[] = instructionSetsOf(architecture);

/** All names of processors' sets, those of other architectures too. */
export const ISAS: readonly InstructionSetName[] = X64.map(({ name }) => name);

/** The row of that name. A name that the architecture lacks means its widest. */
export function instructionSetOf(name: InstructionSetName): InstructionSet {
  if (name === "wasm") return WEBASSEMBLY;
  return INSTRUCTION_SETS.find((row) => row.name === name) ?? INSTRUCTION_SETS.at(-1)!;
}

/** Lanes of a vector of numbers of so many bytes. */
export const lanesOfVector = (name: InstructionSetName, bytes: number): number =>
  instructionSetOf(name).vectorBytes / bytes;
