/**
 * What to compute, and what the generated files of all devices have in common: which of i and j are lanes, the loop
 * body of a specification, its reducer, and its sizes. Text in, text out; knows no device.
 */
import { Category, Depends } from "../formula/formula";
import { at } from "../asserts";
import type { Formula, Variable } from "../formula/formula";
import { extentOf } from "../formula/reductions";
import type { Extent, Reduction, SumScheme } from "../formula/reductions";
import type { Lanes } from "./placement";
import { scheme } from "./scheme";
import type { Scheme, SchemeOptions } from "./scheme";

/** Columns whose partial sums are kept in the dtype of the data before they go to double. */
export const BLOCK = 256;

export type Dtype = "float32" | "float64";

/** What to compute. Rows are the kept index, columns the reduced one. */
export interface Specification {
  /** What is evaluated per pair: a formula, and its weights if the reduction has some. */
  readonly formulas: readonly Formula[];
  /** Null for the form `block`, which keeps both indices. */
  readonly reduction: Reduction | null;
  /** The K of the K best; 1 where there is none. */
  readonly k: number;
  /** Which of i and j is kept: I for axis 1. */
  readonly rows: Category.I | Category.J;
  /** Every argument of a call in order, whether the formula reads it or not. */
  readonly variables: readonly Variable[];
  readonly dtype: Dtype;
  readonly sumScheme: SumScheme;
  readonly accumulator: Dtype;
}

// ------------------------------------------------------------------------------------------- what follows from it

/** @param lanes which of i and j. */
export function mainScheme(
  specification: Specification,
  lanes: Lanes,
  options: Pick<SchemeOptions, "hoist" | "columnStride" | "columnByColumn" | "fetchedAhead" | "unroll" | "unrolled">,
): Scheme {
  const main = scheme(specification.formulas, { lanes, ...options, consume: consumer(specification) });
  const position = positionOfRanks(specification);
  if (position === undefined) return main;
  const ranks = `const Ranks ranked{(const integer *)job->arguments[${position}], job->columns};`;
  return { ...main, lines: { ...main.lines, call: [...main.lines.call, ranks] } };
}

/** The argument that tells the indices of columns, where the reduction reads such. */
export function positionOfRanks({ reduction, variables }: Specification): number | undefined {
  return reduction?.readsRanks === true ? variables.length - 1 : undefined;
}

/** Bytes that the arguments have of each column. */
export function columnBytes({ variables, rows, dtype }: Specification): number {
  const ofColumns = variables.filter((variable) => kindOf(variable, rows) === "column");
  return ofColumns.reduce((sum, { dim }) => sum + dim, 0) * (dtype === "float32" ? 4 : 8);
}

/** A reduction works on many rows at once, a block on many columns, which are neighbours in its output. */
export function lanesOf({ reduction, rows }: Specification): Lanes {
  return (rows === Category.I) === (reduction !== null) ? Depends.I : Depends.J;
}

export const otherThan = (lanes: Lanes): Lanes => (lanes === Depends.I ? Depends.J : Depends.I);

/** How a value enters its reducer, or the output of a block. */
function consumer(specification: Specification): (n: number, k: number | string, value: string) => string {
  const { reduction } = specification;
  if (!reduction) return (_, k, value) => `store(target + ${k}, RESULT_DIM, lanes, ${value});`;
  return (n, k, value) => reduction.enter(n, k, value, extentIn(specification));
}

/**
 * The lines that compute hoisted values with columns as lanes; `at(offset)` is where component `offset` of a column
 * goes.
 */
export function hoistedScheme(
  specification: Specification,
  main: Scheme,
  store: (offset: string, value: string) => string,
): Scheme {
  const offsets = main.hoisted.map((_, n) => dimOf({ hoisted: main.hoisted.slice(0, n) }));
  return scheme(main.hoisted, {
    lanes: otherThan(lanesOf(specification)),
    hoist: false,
    consume: (n, k, value) => store(`${at(offsets, n)} + ${k}`, value),
  });
}

export const dimOf = ({ hoisted }: Pick<Scheme, "hoisted">): number => hoisted.reduce((sum, { dim }) => sum + dim, 0);

/** Above it lists of the K best are not kept in order, and take twice the room (native/text/cpu/shortlist.h). */
const LONGEST_IN_ORDER = 512;

/**
 * Vectors that a reducer of the processor takes of the stack: sums in several forms, or per component two lists of K
 * with what stands before them.
 */
export function vectorsKept({ formulas, k }: Specification, lanes: number): number {
  const places = k > LONGEST_IN_ORDER ? 2 * k : 1 + Math.ceil(k / lanes) * lanes;
  const perComponent = k === 1 ? 4 : 2 + 2 * places;
  return formulas.reduce((sum, { dim }) => sum + dim * perComponent, 0);
}

/** Tiles that a reducer keeps from pair to pair. */
export function tilesKept({ formulas, k }: Specification): number {
  return formulas.reduce((sum, { dim }) => sum + dim * k, 0);
}

const extentIn = ({ formulas, k }: Specification): Extent => extentOf(formulas, k);

/** Numbers and indices per row, or numbers per pair. */
export function resultDims(specification: Specification): readonly [values: number, indices: number] {
  const { reduction, formulas } = specification;
  const extent = extentIn(specification);
  return reduction ? [reduction.values(extent), reduction.indices(extent)] : [at(formulas, 0).dim, 0];
}

/** Names of sizes and types that the rest of the file uses. */
export function constants(specification: Specification, main: Scheme): string[] {
  const { reduction, sumScheme } = specification;
  const [values, indices] = resultDims(specification);
  const sizes = `enum { RESULT_DIM = ${values}, INDEX_DIM = ${indices}, HOISTED = ${dimOf(main)} };`;
  if (!reduction) return [sizes];
  return [
    sizes,
    `using Reducer = ${reduction.reducer(extentIn(specification), sumScheme)};`,
    "using Accumulator = Reducer::Accumulator;",
  ];
}

/** What the file computes, for its readers. */
export function headline({ reduction, variables, rows }: Specification, main: Scheme): string[] {
  return [
    `// ${reduction ? `${reduction.name} over the columns of` : "Values of"} ${main.text}`,
    ...variables.map((v) => `//   argument ${v.position}: ${kindOf(v, rows)} of dim ${v.dim}`),
  ];
}

export function kindOf({ category }: Variable, rows: Category): "row" | "column" | "parameter" {
  if (category === Category.P) return "parameter";
  return category === rows ? "row" : "column";
}

/** Columns between two flushes to double: the scheme `direct` never flushes, or always if it accumulates in double. */
export function flushEvery({ sumScheme, dtype, accumulator }: Specification): number {
  if (sumScheme === "block") return BLOCK;
  return dtype === "float32" && accumulator === "float64" ? 1 : Infinity;
}
