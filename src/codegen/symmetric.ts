/**
 * The C++ file of a sum whose rows and columns read the same data: each pair is evaluated once, for the sum of its row
 * and, with i and j exchanged, for the sum of its column. Nothing need be symmetric for that to be right; it pays as
 * far as both values have nodes in common, as those of a symmetric kernel times a vector have. Text in, text out:
 * nothing is compiled.
 */
import { Category, asVariable, isVariable, rebuild, variable, withArgs } from "../formula/formula";
import { at } from "../asserts";
import type { Formula, Variable } from "../formula/formula";
import { exchangeIndices } from "../formula/symmetry";
import { FINISH, prepareFunctions, sourceOf } from "./cpp";
import type { Program } from "./cpp";
import { instructionSetOf, lanesOfVector } from "./isa";
import type { InstructionSetName } from "./isa";
import { braces, perCall, perLane, perStep } from "./loops";
import { scheme } from "./scheme";
import type { Scheme } from "./scheme";
import { BLOCK, lanesOf } from "./specification";
import type { Specification } from "./specification";

export interface SymmetricProgram extends Program {
  /** For each argument of the routine, the argument of the call that it is. */
  readonly takes: readonly number[];
}

/**
 * Vectors of rows per tile, measured: two use what was loaded for a column twice, and leave registers for the kernel.
 */
const TILE = 2;
/**
 * What the partial sums of the columns may take: they are read and written for every pair, so most of the first cache.
 */
const COLUMN_BYTES = 32 * 1024;
const LEAST_SIDE = 64;

/**
 * @param same for each argument of a call, the first one that has the same numbers.
 * @returns null where there is no such routine, or it would not pay.
 */
export function symmetricProgram(
  specification: Specification,
  same: readonly number[],
  isa: InstructionSetName,
): SymmetricProgram | null {
  const dim = at(specification.formulas, 0).dim;
  const side = sideOf(dim, instructionSetOf(isa).vectorBytes);
  if (!isPossible(specification) || side < LEAST_SIDE) return null;
  const both = new Exchange(specification, same);
  const options = { lanes: lanesOf(specification), hoist: true, consume };
  const main = scheme([both.formula, both.exchanged], options);
  const perPair = (main.cost + 2 + dim) / 2;
  const { unrolled, registers } = instructionSetOf(isa);
  const alone = scheme([both.formula], { ...options, unrolled });
  if (perPair > LARGEST_SHARE * (alone.cost + 1)) return null;
  // Long sums of the plain form stay in registers; here the rows would leave them.
  if (alone.longSums > 0 && TILE * main.liveTiles > registers + TILE) return null;
  const lanes = lanesOfVector(isa, specification.dtype === "float32" ? 4 : 8);
  const changed = { ...specification, formulas: [both.formula], variables: both.variables };
  const functions = [...prepareFunctions(changed, main), pairsOnce(main, side, dim), FINISH];
  return {
    ...sourceOf(changed, main, { tile: TILE, grain: side, functions }),
    tiles: `squares of ${side} x ${side} pairs, each evaluated once`,
    grain: side,
    takes: both.takes,
    // Squares on the diagonal are evaluated as a whole.
    instructions: (rows, columns) => (rows / lanes) * (columns + side) * perPair,
  };
}

/** Share of the plain form's instructions above which memory takes what is gained in theory. */
const LARGEST_SHARE = 0.8;

function isPossible({ reduction, sumScheme, formulas }: Specification): boolean {
  return reduction !== null && reduction.isAdditive && sumScheme === "block" && formulas.length === 1;
}

/**
 * The largest power of two of columns whose partial sums stay in the cache, and whose flushes are those of the plain
 * form.
 */
function sideOf(dim: number, vectorBytes: number): number {
  const most = Math.min(BLOCK, COLUMN_BYTES / (dim * vectorBytes));
  return 2 ** Math.floor(Math.log2(most));
}

const consume = (n: number, k: number | string, value: string): string =>
  `${at(["reducer", "columns"], n)}.add(${k}, ${value}, column${n === 0 ? "" : " - firstColumn"});`;

/**
 * A formula over variables that each stand for an array read by rows or by columns, and the same with the two
 * exchanged.
 */
class Exchange {
  readonly variables: Variable[] = [];
  readonly takes: number[] = [];
  readonly formula: Formula;
  readonly exchanged: Formula;

  constructor({ formulas }: Specification, same: readonly number[]) {
    this.formula = rebuild(at(formulas, 0), (node, args) => {
      if (!isVariable(node)) return withArgs(node, args);
      const { position, dim, category } = asVariable(node);
      return this.reading(at(same, position), dim, category);
    });
    this.exchanged = exchangeIndices(this.formula, (node) => {
      const { position, dim, category } = asVariable(node);
      return category === Category.P ? node : this.reading(at(this.takes, position), dim, 1 - category);
    });
  }

  /** The variable that reads an argument of the call. */
  private reading(argument: number, dim: number, category: Category): Formula {
    let position = this.variables.findIndex((v, n) => this.takes[n] === argument && v.category === category);
    if (position < 0) {
      position = this.takes.push(argument) - 1;
      this.variables.push({ position, dim, category });
    }
    return variable(position, dim, category);
  }
}

const HEAD =
  'extern "C" void keops_pairs_once(const Job *job, int64 firstRow, int64 endRow, int64 firstColumn, int64 endColumn, void *ofRows, void *ofColumns)';

function pairsOnce(main: Scheme, side: number, dim: number): string[] {
  const hoisted = "const scalar *const h = (const scalar *)job->hoisted + HOISTED * column;";
  const columns = braces(
    "for (int64 column = firstColumn; column < endColumn; column++)",
    ...(main.hoisted.length > 0 ? [hoisted] : []),
    ...perStep(main, "column"),
  );
  const rows = braces(
    "for (int64 row = firstRow; row < endRow; row += TILE_LANES)",
    ...perLane(main, "row", "job->rows"),
    "Reducer reducer;",
    "reducer.begin(firstColumn);",
    ...columns,
    "reducer.flush(endColumn - firstColumn);",
    "mergeRows(reducer, endRow - row, (Accumulator *)ofRows + (row - firstRow));",
  );
  return braces(
    HEAD,
    ...perCall(main),
    `ColumnSums<${side}, ${dim}> columns;`,
    "columns.begin(endColumn - firstColumn);",
    ...rows,
    "if (ofColumns) columns.mergeInto((Accumulator *)ofColumns, endColumn - firstColumn);",
  );
}
