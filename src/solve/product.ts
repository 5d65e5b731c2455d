/**
 * The operator of a linear system as solvers want it: a Space over plain vectors in which `apply` is K + alpha I, K
 * being an Operator with the vector in the place of one of its arguments.
 */
import { contiguous, sameShape, wrap } from "../array/view";
import type { Dtype, RealArray } from "../array/view";
import type { Operator } from "../call/operator";
import type { Given, How } from "../call/prepared";
import type { Vectors } from "../device/device";
import { vectorsAt } from "../device/devices";
import { HostVectors } from "../device/hostvectors";
import { memoryOf } from "../device/memory";
import type { RealData } from "../device/native";
import { at } from "../asserts";
import type { Argument } from "../formula/arguments";
import { Category } from "../formula/formula";
import type { Formula } from "../formula/formula";
import type { Task } from "../task";
import { placeAlone } from "../fast/way";
import { KernelMatrix, blockEntries, convertGiven, replaceAt, scalarEntries } from "./kernelmatrix";
import type { Matrix, Preconditioner } from "./precondition";
import { refine } from "./refine";
import type { RefineOptions, Solution } from "./refine";
import { SpreadMatrix } from "./shardedmatrix";
import { onePrecision } from "./space";
import type { Precisions, Space } from "./space";

/** Vectors and scalars in the memory of the machine, or of a device that poses as it. */
export type RealSpace = Space<RealData, Float64Array>;

/** A space, with what belongs to its memory. */
type OwnSpace = RealSpace & Vectors;

/** One try at a system: a preconditioner with its dtype, and when the next one is tried. */
export interface Attempt {
  readonly inverse: Preconditioner | null;
  readonly dtype: Dtype;
  /** Iterations at the most. */
  readonly patience: number;
  /** Iterations without a lower residual. */
  readonly idle?: number | undefined;
}

/** Right-hand sides and solutions, side by side. */
export interface Columns {
  readonly right: Float64Array;
  /** The start, then the solution, else the last iterate. */
  readonly x: RealData;
  readonly columns: number;
}

export const rowsOf = ({ x, columns }: Columns): number => (columns === 0 ? 0 : x.length / columns);

/** What belongs to a product. */
interface OtherProducts {
  /** The product for another number of columns, where they are independent. */
  readonly resized?: ((columns: number) => Product) | undefined;
  /** What iterations multiply by, where that is less exact than what residuals are computed with. */
  readonly coarse?: Operator;
}

/** K v + alpha v for given data, in the dtype of the vectors. */
export class Product {
  private readonly givens = new Map<Dtype, Given>();
  private readonly matrices = new Map<Dtype, Matrix>();

  /**
   * @param position of the argument in whose place v stands.
   */
  constructor(
    readonly operator: Operator,
    readonly position: number,
    private readonly data: Given,
    readonly alpha: number,
    readonly how: How,
    private readonly others: OtherProducts = {},
  ) {}

  given(dtype: Dtype): Given {
    const found = this.givens.get(dtype) ?? convertGiven(this.data, dtype);
    this.givens.set(dtype, found);
    return found;
  }

  /** Solves from x on by one attempt, where its vectors can live; x is the solution then, or the best iterate. */
  *solve(attempt: Attempt, { right, x, columns }: Columns, options: RefineOptions): Task<Solution> {
    const { inverse } = attempt;
    // Other preconditioners than those of known parts need the machine, and so do ranks.
    const place = !this.how.shards && (inverse === null || inverse.parts) ? this.how : {};
    const rows = columns === 0 ? 0 : x.length / columns;
    const opened: Vectors[] = [];
    const open: Open = (dtype, own, operator) => {
      const vectors = vectorsAt(place, rows, columns, dtype);
      opened.push(vectors);
      return this.spaceOn(vectors, own, operator);
    };
    try {
      const { coarse } = this.others;
      const pair = coarse ? coarsePairOf(open, attempt, coarse) : pairOf(open, attempt);
      const { accurate, fast } = pair;
      const [b, solution] = [accurate.place(right), accurate.place(x)];
      const checkEvery = fast.checkEvery(this.operator.pairs(this.given(fast.dtype), this.how));
      const found = yield* refine(pair, b, solution, { ...options, checkEvery });
      x.set(accurate.toHost(solution));
      return found;
    } finally {
      closeAll(opened);
    }
  }

  /** The spaces of an attempt in the memory of the machine. */
  precisions(rows: number, columns: number, attempt: Attempt): Pair {
    return pairOf((dtype, inverse) => this.spaceOn(new HostVectors(rows, columns, dtype), inverse), attempt);
  }

  /** The space of [rows, columns] blocks of `dtype` in which this is the operator. */
  space(rows: number, columns: number, dtype: Dtype, inverse: Preconditioner | null): RealSpace {
    return this.spaceOn(new HostVectors(rows, columns, dtype), inverse);
  }

  private spaceOn(vectors: Vectors, inverse: Preconditioner | null, operator: Operator = this.operator): OwnSpace {
    const { resized } = this.others;
    const { rows, dtype } = vectors;
    const isResizable = resized && vectors.gather && inverse?.kind !== "function";
    return Object.assign(vectors, {
      apply: this.applyWith(vectors, operator),
      ...(isResizable && { resized: (width: number) => resized(width).space(rows, width, dtype, inverse) }),
      ...(inverse && { precondition: preconditionWith(vectors, inverse) }),
    });
  }

  /** The product on these vectors, with the data where they are. */
  private applyWith(vectors: Vectors, operator: Operator): RealSpace["apply"] {
    const { position, how } = this;
    const given = this.given(vectors.dtype);
    const placed = placeBeside(vectors, given.arrays, position);
    const { shape } = given.arrays[position]!;
    const ridge = vectors.scalar();
    vectors.write(new Array<number>(vectors.columns).fill(this.alpha), ridge);
    const options = vectors.kept ? { ...how, kept: vectors.kept } : how;
    return (x, out) => {
      const arrays = replaceAt(placed, position, wrap(x, shape));
      return operator.work({ ...given, arrays }, out, options).andThen(() => {
        vectors.axpy(ridge, x, out);
      });
    };
  }

  /** K as a matrix: of a scalar kernel, or of the whole formula, whose values are then blocks. */
  matrix(kernel: Formula | null, unknown: Argument, dtype: Dtype): Matrix {
    const found = this.matrices.get(dtype) ?? this.makeMatrix(kernel, unknown, dtype);
    this.matrices.set(dtype, found);
    return found;
  }

  private makeMatrix(kernel: Formula | null, unknown: Argument, dtype: Dtype): Matrix {
    const { args, settings, formulas } = this.operator;
    const given = this.given(dtype);
    const shard = given.shards?.[settings.rows];
    const own = shard ? at(shard.counts, shard.ranks.rank) : 0;
    const some: Given = shard ? { ...given, extents: [own, own] } : given;
    const entries = kernel
      ? scalarEntries(kernel, args, unknown, some, settings.rows)
      : blockEntries(at(formulas, 0), args, unknown, some, settings.rows);
    const how = this.how.ranks ? placeAlone(this.how) : this.how;
    return shard ? new SpreadMatrix(entries, shard, kernel ? 1 : unknown.dim, how) : new KernelMatrix(entries, how);
  }

  /** Whether every array of one index is an array of the other index, too. */
  get hasEqualPoints(): boolean {
    const { args } = this.operator;
    const of = (category: Category): RealArray[] =>
      args.flatMap((argument, n) =>
        argument.category === category && argument.position !== this.position ? [at(this.data.arrays, n)] : [],
      );
    const [rows, columns] = [of(Category.I), of(Category.J)];
    const areAllAmong = (some: RealArray[], others: RealArray[]): boolean =>
      some.every((a) => others.some((b) => isSameView(a, b)));
    return areAllAmong(rows, columns) && areAllAmong(columns, rows);
  }
}

type Pair = Precisions<RealData, Float64Array, RealData, Float64Array> & {
  readonly accurate: OwnSpace;
  readonly fast: OwnSpace;
};

type Open = (dtype: Dtype, inverse: Preconditioner | null, operator?: Operator) => OwnSpace;

/** What a coarse product leaves of a residual: rounds divide it by about 1000, as in float32. */
const COARSE_ROUNDOFF = 2 ** -24;

/** Both in float64. */
function coarsePairOf(open: Open, { inverse }: Attempt, coarse: Operator): Pair {
  const accurate = open("float64", inverse);
  const fast = Object.assign(open("float64", inverse, coarse), { roundoff: COARSE_ROUNDOFF });
  return { ...onePrecision(accurate), accurate, fast };
}

/**
 * Residuals are those of the float64 system, iterations run in the dtype of the attempt, and so does a preconditioner
 * that knows but one dtype.
 */
function pairOf(open: Open, { inverse, dtype }: Attempt): Pair {
  const fast = open(dtype, inverse);
  if (dtype === "float64") return { ...onePrecision(fast), accurate: fast, fast };
  return {
    accurate: open("float64", inverse?.dtype === "any" ? inverse : null),
    fast,
    lower: (x, out) => {
      fast.narrow(x, out);
    },
    raise: (x, out) => {
      fast.widen(x, out);
    },
  };
}

/** The arrays in the memory of the vectors, each once; but for the one in whose place vectors stand. */
function placeBeside(vectors: Vectors, arrays: readonly RealArray[], position: number): RealArray[] {
  const known = new Map<RealArray, RealArray>();
  return arrays.map((array, n) => {
    if (n === position || memoryOf(array.data) === vectors.memory) return array;
    const copy = known.get(array) ?? wrap(vectors.place(contiguous(array)), array.shape);
    known.set(array, copy);
    return copy;
  });
}

function preconditionWith(vectors: Vectors, inverse: Preconditioner): NonNullable<RealSpace["precondition"]> {
  const { columns, lowRank } = vectors;
  if (lowRank && inverse.parts) return lowRank.call(vectors, inverse.parts);
  return (x, out) => inverse.apply(x, out, columns);
}

/** All of them, whatever happens. */
function closeAll([vectors, ...others]: readonly Vectors[]): void {
  try {
    vectors?.close();
  } finally {
    if (others.length > 0) closeAll(others);
  }
}

/** Whether two arrays are the same elements in the same order. */
export const isSameView = (a: RealArray, b: RealArray): boolean =>
  a.data === b.data && a.offset === b.offset && sameShape(a.shape, b.shape) && sameShape(a.stride, b.stride);
