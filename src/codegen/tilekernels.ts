/**
 * The kernels of the tile evaluator: every elementwise row of the operation table, a few compositions that would
 * otherwise write and read a tile in between, sums of products, and the reductions. From one table come the C++ that
 * the package's build compiles for each instruction set and dtype, and the patterns by which programs choose kernels.
 * Knows no program and no data.
 */
import { Category, variable } from "../formula/formula";
import { at } from "../asserts";
import type { Formula, Operation } from "../formula/formula";
import { add, constantValue, mult, operations, square, subtract } from "../formula/core";
import { abs, exp2 } from "../formula/maths";
import "../formula/ops"; // with all rows
import { reductions } from "../formula/reductions";
import type { Reduction, SumScheme } from "../formula/reductions";
import { instructionSetOf } from "./isa";
import type { InstructionSetName } from "./isa";
import { CORE, PARTS } from "./texts";
import { literal, withLiterals } from "./text";

/** A formula over holes: what a kernel computes of its arguments. */
export interface Kernel {
  readonly name: string;
  readonly pattern: Formula;
  readonly holes: readonly Formula[];
}

/** Places that any formula of dim 1 may take. */
const HOLES = [0, 1, 2].map((position) => variable(position, 1, Category.I));
const [A, B, C] = HOLES as [Formula, Formula, Formula];

const kernel = (pattern: Formula): Kernel => ({
  name: String(pattern).replace(/Vi\((\d),1\)/g, (_, position) => at("abc", Number(position))),
  pattern,
  holes: HOLES.slice(0, 1 + Math.max(...HOLES.map((hole, n) => (reads(pattern, hole) ? n : 0)))),
});

function reads(formula: Formula, hole: Formula): boolean {
  return formula === hole || formula.args.some((arg) => reads(arg, hole));
}

/** Compositions, the largest first: a program takes the first that fits. */
export const FUSED: readonly Kernel[] = [
  mult(A, exp2(mult(B, C))),
  mult(A, exp2(B)),
  exp2(mult(A, B)),
  square(subtract(A, B)),
  abs(subtract(A, B)),
  add(mult(A, B), C),
  add(C, mult(A, B)),
  subtract(C, mult(A, B)),
].map(kernel);

/** What is summed over components: products, and what distances are made of. The last takes any argument. */
export const SUMMED: readonly Kernel[] = [square(subtract(A, B)), abs(subtract(A, B)), square(A), mult(A, B), A].map(
  kernel,
);

export const PRODUCT: Kernel = kernel(mult(A, B));
export const SQUARE: Operation = square(A).operation;

/** What stands in the place of a pattern's holes. */
export type Bindings = ReadonlyMap<Formula, Formula>;

/** The formula as a kernel's pattern, if it is one and `isInside` holds for every formula between it and the holes. */
export function matchPattern(
  { pattern, holes }: Kernel,
  formula: Formula,
  isInside: (inner: Formula) => boolean,
): Bindings | undefined {
  const bound = new Map<Formula, Formula>();
  const fits = (part: Formula, node: Formula): boolean => {
    if (!holes.includes(part))
      return isSame(part, node) && isInside(node) && part.args.every((arg, n) => fits(arg, at(node.args, n)));
    if (!bound.has(part)) bound.set(part, node);
    return bound.get(part) === node;
  };
  return fits(pattern, formula) ? bound : undefined;
}

const isSame = (part: Formula, node: Formula): boolean =>
  part.operation === node.operation && part.params.every((param, n) => param === node.params[n]);

/** The rows that have a kernel of their own. */
export function tableKernels(): Operation[] {
  return [...operations.values()].filter(({ shape }) => shape.kind === "elementwise" && shape.code !== undefined);
}

export const sumName = ({ name }: Kernel): string => `Sum of ${name}`;

/** The type in `native/text/cpu/reductions.h` that stands for a reduction, whatever its dims and its K. */
export function reducerName(reduction: Reduction, scheme: SumScheme, weighted: boolean): string {
  return reduction.reducer({ dims: weighted ? [1, 1] : [1], k: 1 }, scheme);
}

// ------------------------------------------------------------------------------------------------------ C++ text

/** What a file of kernels includes after tiles.h, which brings the first text of the core. */
const TEXTS = [...CORE.slice(1), ...PARTS, "tiles/tilekernels.h", "tiles/tilereducers.h", "tiles/tilebest.h"];

/** The file of all kernels for one dtype; `name` is what the addon calls the library by. */
export function kernelSource(isa: InstructionSetName, dtype: "float32" | "float64"): string {
  const { sharedFrom } = instructionSetOf(isa);
  const loopsOf = (cost: number): Loops => (cost >= sharedFrom ? "Shared" : "ForEachWay");
  const rows = tableKernels().map((row) => rowText(row, loopsOf(costOf(row))));
  const fused = FUSED.map((one, n) => patternText(`Fused${n}`, one.name, one, loopsOf(costOfPattern(one.pattern))));
  const sums = SUMMED.map((summed, n) => patternText(`Summed${n}`, sumName(summed), summed, "OfSums"));
  const all = [...rows, ...fused, ...sums];
  const reducers = reducerNames();
  return [
    `// Tile kernels of the operation table for ${isa}, ${dtype}: generated when the package is built.`,
    '#include "text/tiles/tiles.h"',
    "namespace {",
    `#define KEOPS_DOUBLE ${dtype === "float64" ? 1 : 0}`,
    "#define KEOPS_TILE 1",
    ...TEXTS.map((file) => `#include "text/${file}"`),
    "",
    ...all.map(({ definition }) => definition),
    "",
    "const KernelEntry KERNELS[] = {",
    ...all.map(({ entry }) => `  ${entry},`),
    "};",
    ...reducers.map((type, n) => `const OnTiles<${type}> REDUCER_${n};`),
    "const ReducerEntry REDUCERS[] = {",
    ...reducers.map((type, n) => `  {"${type}", &REDUCER_${n}},`),
    "};",
    "}  // namespace",
    "",
    `extern const TileLibrary tiles_${isa}_${dtype};`,
    `const TileLibrary tiles_${isa}_${dtype} = {"${isa}", sizeof(scalar), LANES, KERNELS, ${all.length}, REDUCERS, ${reducers.length}};`,
    "",
  ].join("\n");
}

/** The enum of `native/text/tiles/tilekernels.h`. */
type Loops = "OfSums" | "ForEachWay" | "Shared";

const costOf = ({ shape }: Operation): number => (shape.kind === "elementwise" ? shape.cost : 0);

const costOfPattern = ({ operation, args }: Formula): number =>
  args.reduce((sum, arg) => sum + costOfPattern(arg), costOf(operation));

interface KernelText {
  readonly definition: string;
  readonly entry: string;
}

function rowText(row: Operation, loops: Loops): KernelText {
  const args = row.slots.map((_, n) => at("abc", n));
  return kernelText(`${row.name}Row`, row.name, args, codeOf(row, args), loops);
}

function patternText(type: string, name: string, { pattern, holes }: Kernel, loops: Loops): KernelText {
  const args = holes.map((_, n) => at("abc", n));
  return kernelText(type, name, args, expression(pattern, new Map(holes.map((hole, n) => [hole, at(args, n)]))), loops);
}

function kernelText(type: string, name: string, args: readonly string[], code: string, loops: Loops): KernelText {
  const parameters = args.map((arg) => `real ${arg}`).join(", ");
  return {
    definition: `struct ${type} { static INLINE_MEMBER real of(${parameters}) { return ${code}; } };`,
    entry: `entry<${type}, ${args.length}, Loops::${loops}>("${name}")`,
  };
}

function expression(formula: Formula, names: ReadonlyMap<Formula, string>): string {
  const number = constantValue(formula);
  if (number !== undefined) return literal(number);
  const name = names.get(formula);
  return (
    name ??
    `(${codeOf(
      formula.operation,
      formula.args.map((arg) => expression(arg, names)),
    )})`
  );
}

function codeOf({ shape, name }: Operation, args: readonly string[]): string {
  if (shape.kind !== "elementwise" || !shape.code) throw new Error(`${name} has no code of its own`);
  return withLiterals(shape.code(args));
}

function reducerNames(): string[] {
  const rows = [...reductions.values()]
    .flatMap((row) => [row, row.recordedAs, row.ranked])
    .filter((row) => row !== undefined);
  const names = rows.flatMap((row) => {
    const schemes: readonly SumScheme[] = row.isSum ? ["block", "kahan"] : ["block"];
    return schemes.map((scheme) => reducerName(row, scheme, row.weights === "required"));
  });
  return [...new Set(names)];
}
