/**
 * Sums over all pairs of a weight times the derivatives of a kernel by its arguments, as the trace of a matrix with dK is one. One pass
 * evaluates the derivatives by all arguments together: they have most of their work in common. Knows nothing of what the weights are.
 */
import type { Routine, Specification } from "../engine/backend";
import { chooser, routineFor } from "../device/routine";
import type { Argument } from "../formula/arguments";
import { grad } from "../formula/autodiff";
import { Category } from "../formula/formula";
import type { Formula } from "../formula/formula";
import { concat, constant, isZero } from "../formula/ops";
import type { How } from "../call/prepared";
import type { Task } from "../solver/task";
import type { Pairwise } from "./kernelmatrix";

/** Numbers of one piece, between two pauses. */
const PIECE = 2 ** 20;

/** The derivative by one argument: where its components stand among those of all, and what its sums are. */
interface Part {
  readonly argument: Argument;
  readonly offset: number;
  readonly sums: Float64Array;
}

/**
 * For each wanted argument n: the sum over pairs of weights [rows, rows] times the derivative of the kernel by it, as `[extent, dim]`.
 * @param perPoint rows of the kernel that belong to one point.
 */
export function* weightedGradients(
  pairs: Pairwise,
  weights: Float64Array,
  wanted: readonly boolean[],
  perPoint: number,
  how: How,
): Task<(Float64Array | null)[]> {
  const { formula, args, rows } = pairs;
  const parts: Part[] = [];
  const derivatives: Formula[] = [];
  let dims = 0;
  const found = args.map((argument, n) => {
    if (wanted[n] !== true) return null;
    const { category, dim } = argument;
    const sums = new Float64Array((category === Category.P ? 1 : rows / perPoint) * dim);
    const derivative = grad(formula, argument.variable, constant(1));
    if (isZero(derivative)) return sums;
    parts.push({ argument, offset: dims, sums });
    derivatives.push(derivative);
    dims += dim;
    return sums;
  });
  if (derivatives.length === 0) return found;
  const values = routineOf(pairs, derivatives.reduce(concat), how);
  const height = Math.max(1, Math.floor(PIECE / (rows * dims)));
  const out = new Float64Array(Math.min(height, rows) * rows * dims);
  for (let first = 0; first < rows; first += height) {
    const piece = { firstRow: first, endRow: Math.min(rows, first + height) };
    const whole = { args: pairs.data, rows, columns: rows, firstColumn: 0, endColumn: rows, device: how.device };
    values.block({ ...whole, ...piece, out: out.subarray(0, (piece.endRow - first) * rows * dims) });
    for (const part of parts) addTo(part, out, weights, { ...piece, rows, dims, perPoint, kept: pairs.kept });
    yield;
  }
  return found;
}

function routineOf({ args, rows, dtype, kept }: Pairwise, formula: Formula, how: How): Routine {
  const specification: Specification = {
    ...{ formulas: [formula], reduction: null, k: 1, rows: kept, variables: args, dtype },
    ...{ sumScheme: "block", accumulator: dtype },
  };
  return routineFor(chooser(specification, how), rows * rows, how.begun);
}

interface Place {
  readonly firstRow: number;
  readonly endRow: number;
  readonly rows: number;
  readonly dims: number;
  readonly perPoint: number;
  readonly kept: Category;
}

function addTo({ argument, offset, sums }: Part, values: Float64Array, weights: Float64Array, place: Place): void {
  const { firstRow, endRow, rows, dims, perPoint, kept } = place;
  const { category, dim } = argument;
  const [byRow, byColumn] = [category === kept ? dim : 0, category === kept || category === Category.P ? 0 : dim];
  for (let i = firstRow; i < endRow; i++)
    for (let j = 0; j < rows; j++) {
      const weight = weights[i * rows + j]!;
      const from = ((i - firstRow) * rows + j) * dims + offset;
      const to = byRow * Math.floor(i / perPoint) + byColumn * Math.floor(j / perPoint);
      for (let d = 0; d < dim; d++) sums[to + d]! += weight * values[from + d]!;
    }
}
