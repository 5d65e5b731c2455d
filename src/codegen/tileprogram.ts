/**
 * From a specification to a program of the tile evaluator, in the format of native/run/tileprogram.h: what the
 * reduction takes, the writer's instructions, and the slots of a tile in which values stand. Knows no data.
 */
import { Category, Depends, lowerFormula, nodesOf } from "../formula/formula";
import { at, lookUp } from "../asserts";
import type { Formula } from "../formula/formula";
import { range } from "./components";
import { kindOf, positionOfRanks } from "./specification";
import type { Specification } from "./specification";
import { reducerName } from "./tilekernels";
import { Region, Writer } from "./tilewriter";
import type { Instruction, Value } from "./tilewriter";

/** A program in the format of native/run/tileprogram.h. */
export interface TileProgram {
  readonly code: Int32Array;
  readonly constants: Float64Array;
  /** Columns of a tile. */
  readonly columns: number;
  /** Vector instructions per pair of a lane and a step of the loop, about. */
  readonly cost: number;
}

/** Lanes of a vector, and what tile kernels and reducers are called, by number. */
export interface TileNames {
  readonly lanes: number;
  readonly kernels: readonly string[];
  readonly reducers: readonly string[];
}

/** What the addon calls its kinds of variables, its regions and its kinds of weights, each by number. */
export interface TileNumbers {
  readonly kinds: readonly string[];
  readonly regions: readonly string[];
  readonly weights: readonly string[];
}

/** What the addon calls regions. */
const NAMES_OF_REGIONS = new Map<string, number>([
  ["call", Region.Call],
  ["lane", Region.Lane],
  ["loop", Region.Loop],
  ["pair", Region.Pair],
]);

/** What weights are, as the addon calls it. */
export type Weights = "none" | "vectors" | "splats";

const MOST_COLUMNS = 128;
const LEAST_COLUMNS = 16;
/** What the tiles of a program should take of the first cache. */
const TILE_BYTES = 32 * 1024;
/** Instructions that a kernel spends on reading and writing. */
const COST_OF_TILE = 2;

export interface Results {
  readonly dim: number;
  /** How many values share the weights, or have one each. */
  readonly weighted: number;
  readonly weights: Weights;
  readonly values: readonly Value[];
}

/** A program before it is encoded: its instructions, what the reduction takes, and the slots of a tile. */
export interface Listing {
  readonly writer: Writer;
  readonly results: Results;
  readonly pairSlots: number;
  /** Columns of a tile. */
  readonly columns: number;
}

/** The program of a specification for vectors of so many lanes. */
export function listingOf(specification: Specification, lanes: number): Listing {
  const { formulas, reduction, rows, dtype } = specification;
  const roots = formulas.map(lowerFormula);
  const writer = new Writer(roots, (rows === Category.I) === (reduction !== null) ? Depends.I : Depends.J);
  const results = resultsOf(specification, roots, writer);
  const pairSlots = placePairs(at(writer.instructions, Region.Pair), results.values);
  return { writer, results, pairSlots, columns: columnsOf(pairSlots * lanes * (dtype === "float64" ? 8 : 4)) };
}

/** Encodes the program as numbers, for the kernels of the addon and by its numbers. */
export function tileProgram(specification: Specification, names: TileNames, numbers: TileNumbers): TileProgram {
  const { reduction, k, variables, rows } = specification;
  const { kinds, regions, weights } = numbers;
  const { writer, results, pairSlots, columns } = listingOf(specification, names.lanes);
  const kernels = new Map(names.kernels.map((name, n) => [name, n]));
  const places = placesBy(regions);
  const slots = [...writer.slots, pairSlots];
  const order = regions.map((name) => lookUp(NAMES_OF_REGIONS, name));
  const code = [
    ...[reduction ? 0 : 1, columns, ...order.map((region) => at(slots, region)), reducerOf(specification, names)],
    ...[results.dim, reduction?.takesK ? k : results.weighted, numberOf(weights, results.weights)],
    ...encodeList(variables.map((variable) => [numberOf(kinds, kindOf(variable, rows)), variable.dim])),
    ...encodeList(writer.loads),
    ...order.flatMap((region) =>
      encodeList(at(writer.instructions, region).map((one) => encodeInstruction(one, kernels, places))),
    ),
    ...encodeList(results.values.map(places)),
  ];
  const pairs = at(writer.instructions, Region.Pair);
  const cost = pairs.reduce((sum, { step }) => sum + step.cost + COST_OF_TILE, 2 * results.dim * k);
  return { code: Int32Array.from(code), constants: Float64Array.from(writer.constants), columns, cost };
}

/** Components above which the tiles of a program would take too much memory. */
const MOST_COMPONENTS = 100_000;

/**
 * Why there is no program of these kernels, if they are known, or null: rows may have been added since the addon was
 * built.
 */
export function whyNoProgram(formulas: readonly Formula[], kernels: ReadonlySet<string> | undefined): string | null {
  const nodes = nodesOf(...formulas.map(lowerFormula));
  const missing = nodes.find(
    ({ operation: { shape, name } }) => shape.kind === "elementwise" && kernels?.has(name) === false,
  );
  if (missing) return `the addon was built without the operation ${missing.operation.name}`;
  const components = nodes.reduce((sum, { dim }) => sum + dim, 0);
  return components <= MOST_COMPONENTS
    ? null
    : `the dims of the formula add up to ${components}, too many for its tiles`;
}

const encodeList = (entries: readonly (readonly number[])[]): number[] => [entries.length, ...entries.flat()];

/** Where values stand, by the addon's numbers of these regions. */
type Places = (value: Value) => readonly [region: number, index: number];

function placesBy(regions: readonly string[]): Places {
  const numbers = [...NAMES_OF_REGIONS.keys()].map((name) => numberOf(regions, name));
  return ({ region, index }) =>
    region < Region.Variable ? [at(numbers, region), index] : [regions.length + region - Region.Variable, index];
}

function numberOf(names: readonly string[], name: string): number {
  const number = names.indexOf(name);
  if (number >= 0) return number;
  throw new Error(`the addon has no number for ${name}`);
}

function encodeInstruction(
  { step, target, operands }: Instruction,
  kernels: ReadonlyMap<string, number>,
  places: Places,
): number[] {
  const number = kernels.get(step.kernel);
  if (number === undefined) throw new Error(`the addon has no kernel for ${step.kernel}`);
  return [number, target.index, step.terms, step.add ? 1 : 0, ...operands.flatMap(places)];
}

function reducerOf(specification: Specification, names: TileNames): number {
  const name = reducerFor(specification);
  if (name === undefined) return 0;
  const number = names.reducers.indexOf(name);
  if (number < 0) throw new Error(`the addon has no tile reducer for ${name}`);
  return number;
}

/** The name of the reducer; undefined for the form `block`, which has none. */
export function reducerFor(specification: Specification): string | undefined {
  const { reduction, formulas, sumScheme, dtype, accumulator } = specification;
  if (!reduction) return undefined;
  // Where each addition is to be in double, what single precision loses is kept.
  const isExact = sumScheme === "direct" && dtype === "float32" && accumulator === "float64";
  return reducerName(reduction, isExact ? "kahan" : sumScheme, formulas.length > 1);
}

// --------------------------------------------------------------------------------------------------------- results

/** What the reduction takes; in a block, the components of the formula. */
function resultsOf(specification: Specification, roots: readonly Formula[], writer: Writer): Results {
  const { reduction, sumScheme } = specification;
  const [first, weights] = roots as [Formula, Formula?];
  if (weights) return weightedResults(first, weights, writer);
  const product = reduction?.isSum && sumScheme === "block" ? writer.factors(first) : undefined;
  if (product) return weightedResults(product[0], product[1], writer);
  const values = range(first.dim).map((k) => writer.spreadOverPairs(writer.compute(first, k)));
  const isExponent = reduction !== null && reduction.weights !== "none";
  const sizes = { dim: first.dim, weighted: isExponent ? first.dim : 1, weights: "none" } as const;
  return { ...sizes, values: [...values, ...ranksOf(specification)] };
}

/** Ranks are read where they are. */
function ranksOf(specification: Specification): Value[] {
  const position = positionOfRanks(specification);
  return position === undefined ? [] : [{ region: Region.Variable + position, index: 0, steps: [] }];
}

/** Weights of the loop alone are read as they stand, if they stand in one place; others are computed for pairs. */
function weightedResults(factor: Formula, weights: Formula, writer: Writer): Results {
  const factors = range(factor.dim).map((k) => writer.spreadOverPairs(writer.compute(factor, k)));
  const values = range(weights.dim).map((k) => writer.compute(weights, k));
  const sizes = { dim: weights.dim, weighted: factor.dim };
  const isSplat = at(values, 0).region >= Region.Loop && at(values, 0).region !== Region.Pair;
  if (isSplat && values.every(({ region }) => region === at(values, 0).region))
    return { ...sizes, weights: "splats", values: [...factors, ...values] };
  const atPairs = values.map((value) => writer.spreadOverPairs(value));
  return { ...sizes, weights: "vectors", values: [...factors, ...atPairs] };
}

// ------------------------------------------------------------------------------------------------------------ slots

/** Gives each value of pairs a slot, which goes to another one after its last use; returns how many there are. */
function placePairs(instructions: readonly Instruction[], results: readonly Value[]): number {
  const lastUse = new Map<Value, number>();
  instructions.forEach(({ operands }, at) => operands.forEach((value) => lastUse.set(value, at)));
  for (const value of results) lastUse.set(value, Infinity);
  const free: number[] = [];
  let slots = 0;
  instructions.forEach(({ target, operands }, at) => {
    // A kernel has read an argument's vector before it writes its own, so that a result may take the place of an
    // argument.
    for (const value of new Set(operands))
      if (value.region === Region.Pair && lastUse.get(value) === at) free.push(value.index);
    if (target.index < 0) target.index = free.pop() ?? slots++;
  });
  return slots;
}

/** Columns of a tile: as many as leave its slots in the first cache. */
function columnsOf(bytesPerColumn: number): number {
  let columns = MOST_COLUMNS;
  while (columns > LEAST_COLUMNS && columns * bytesPerColumn > TILE_BYTES) columns /= 2;
  return columns;
}
