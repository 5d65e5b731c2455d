/**
 * A solve whose vectors and scalars all live on a GPU: the same text of refinement and conjugate gradients over another
 * Space. Points, right-hand side and start go there once, the solution comes back; in between the machine reads
 * residuals every few iterations.
 */
import { allocate, contiguous, wrap } from "../array/view";
import type { Dtype, RealArray } from "../array/view";
import type { Operator } from "../call/operator";
import type { Given, How } from "../call/prepared";
import { DeviceData } from "../device/cudamemory";
import { DeviceVectors } from "../device/cudavectors";
import { KeptPlans } from "../device/keptplans";
import type { Real } from "../device/native";
import { Work } from "../task";
import type { Task } from "../task";
import { replaceAt } from "./kernelmatrix";
import type { LowRankParts, Preconditioner } from "./precondition";
import { refine } from "./refine";
import type { RefineOptions, Solution } from "./refine";
import { onePrecision } from "./space";
import type { Precisions, Space } from "./space";

/** K v + alpha v, as its parts. */
export interface RidgedOperator {
  readonly operator: Operator;
  /** The argument in whose place v stands. */
  readonly position: number;
  readonly alpha: number;
  readonly how: How;
  given(dtype: Dtype): Given;
}

/** Iterations from one reading to the next, each of which lets the device run dry for some microseconds. */
const CHECK_EVERY = 4;
/**
 * A product of more pairs is several launches, between which the machine waits anyway, and worth more than a reading.
 */
const PAIRS_OF_LAUNCH = 2 ** 30;

/** Columns of a grid of blocks. */
const MOST_COLUMNS = 65535;

/** Right-hand sides and solutions on the machine, side by side. */
interface HostColumns {
  readonly right: Float64Array;
  readonly x: Real;
  readonly columns: number;
}

/** Whether the solve of a system can run on one device: other preconditioners than these need the machine. */
export function runsOnDevice(
  { backend, device }: How,
  inverse: Preconditioner | null,
  { x, columns }: HostColumns,
): boolean {
  const isPossible = x.length > 0 && columns <= MOST_COLUMNS && (inverse === null || inverse.parts !== undefined);
  return backend === "cuda" && device !== "all" && isPossible;
}

/** Solves from `x` on, with x and `right` on the machine; x is the solution then, or the best iterate. */
export function* solveOnDevice(
  system: RidgedOperator,
  { inverse, dtype }: { readonly inverse: Preconditioner | null; readonly dtype: Dtype },
  { right, x, columns }: HostColumns,
  options: RefineOptions,
): Task<Solution> {
  const rows = x.length / columns;
  const device = deviceOf(system.how);
  const spaces: DeviceSpace[] = [];
  const open = (of: Dtype, preconditioner: Preconditioner | null): DeviceSpace => {
    const space = new DeviceSpace(system, rows, columns, of, device);
    spaces.push(space);
    space.open(preconditioner);
    return space;
  };
  try {
    const fast = open(dtype, inverse);
    const accurate = dtype === "float64" ? fast : open("float64", null);
    const [b, solution] = [accurate.placed(right), accurate.placed(x)];
    const checkEvery = fast.pairs <= PAIRS_OF_LAUNCH ? CHECK_EVERY : 1;
    const found = yield* refine(precisionsOf(accurate, fast), b, solution, { ...options, checkEvery });
    x.set(solution.toHost());
    return found;
  } finally {
    closeAll(spaces);
  }
}

/** All of them, whatever happens. */
function closeAll([space, ...others]: readonly DeviceSpace[]): void {
  try {
    space?.close();
  } finally {
    if (others.length > 0) closeAll(others);
  }
}

const deviceOf = ({ device = 0 }: How): number => device as number;

type Pair = Precisions<DeviceData, DeviceData, DeviceData, DeviceData>;

function precisionsOf(accurate: DeviceSpace, fast: DeviceSpace): Pair {
  if (accurate === fast) return onePrecision(fast);
  return {
    accurate,
    fast,
    lower: (x, out) => {
      fast.narrow(x, out);
    },
    raise: (x, out) => {
      fast.widen(x, out);
    },
  };
}

/** Vectors of one dtype on the device, with the product and the preconditioner there. */
class DeviceSpace extends DeviceVectors implements Space<DeviceData, DeviceData> {
  precondition: ((x: DeviceData, out: DeviceData) => void) | undefined;
  private readonly given: Given;
  private readonly own: DeviceData[] = [];
  private readonly kept = new KeptPlans();
  private arrays: RealArray[] = [];
  private ridge: DeviceData | undefined;

  constructor(
    private readonly system: RidgedOperator,
    rows: number,
    columns: number,
    dtype: Dtype,
    device: number,
  ) {
    super(rows, columns, dtype, device);
    this.given = system.given(dtype);
  }

  /** Takes to the device what there is to take. */
  open(inverse: Preconditioner | null): void {
    const { position, alpha } = this.system;
    const known = new Map<RealArray, RealArray>();
    this.arrays = this.given.arrays.map((array, n) => {
      const copy =
        n === position ? array : (known.get(array) ?? wrap(asReal(this.placed(contiguous(array))), array.shape));
      known.set(array, copy);
      return copy;
    });
    this.ridge = this.scalar();
    this.write(new Array<number>(this.columns).fill(alpha), this.ridge);
    if (inverse) this.precondition = this.preconditioner(inverse, inverse.parts!);
  }

  /** A copy of numbers of the machine, which goes when this is closed. */
  placed(data: Real): DeviceData {
    return this.owned(DeviceData.of(data, this.device));
  }

  private owned(data: DeviceData): DeviceData {
    this.own.push(data);
    return data;
  }

  override close(): void {
    this.kept.close(); // first, as nothing can fail there
    for (const data of this.own.splice(0)) data.dispose();
    super.close();
  }

  /** Pairs that a product visits. */
  get pairs(): number {
    return this.system.operator.pairs(this.given, this.system.how);
  }

  apply(x: DeviceData, out: DeviceData): Work<void> {
    const { operator, position, how } = this.system;
    const { shape } = this.given.arrays[position]!;
    const arrays = replaceAt(this.arrays, position, wrap(asReal(x), shape));
    return operator.work({ ...this.given, arrays }, asReal(out), { ...how, kept: this.kept }).andThen(() => {
      this.axpy(this.ridge!, x, out);
    });
  }

  read(scalars: readonly DeviceData[]): Work<number[][]> {
    const reading = this.reading(scalars);
    return new Work(
      () => reading.now(),
      () => reading.later(),
    );
  }

  private preconditioner(inverse: Preconditioner, made: LowRankParts): typeof this.precondition {
    const { alpha, width } = made;
    const w = copyOf(inverse, made, this);
    const [parts, sums] = this.projectionSizes(width).map((size) =>
      this.owned(DeviceData.ofSize("float64", size, this.device)),
    );
    const projection = { rank: width, parts: parts!, sums: sums! };
    return (x, out) => {
      this.complement(w, x, out, 1 / alpha, projection);
    };
  }
}

/** To the operator it is one more kind of data. */
const asReal = (data: DeviceData): Real => data as unknown as Real;

// ------------------------------------------------------------------------------------------- preconditioners on the device

/** W of (x - W Wᵀ x) / alpha, kept for the solves of derivatives until a preconditioner is released. */
const copies = new WeakMap<Preconditioner, DeviceData>();

/**
 * F (Fᵀ F + alpha I)⁻¹ Fᵀ is W Wᵀ with W = F L⁻ᵀ, for the Cholesky factor L: positive semidefinite whatever the
 * rounding.
 */
function copyOf(inverse: Preconditioner, { blocks, width, factor }: LowRankParts, space: DeviceVectors): DeviceData {
  const known = copies.get(inverse);
  if (known?.device === space.device) return known;
  inverse.release?.();
  const { device } = space;
  const parts: DeviceData[] = [];
  try {
    for (const part of [asOneMatrix(blocks, space.rows, width), transposedInverse(factor, width)])
      parts.push(DeviceData.of(part, device));
    const w = space.triangular(parts[0]!, parts[1]!, width);
    copies.set(inverse, w);
    inverse.release = () => {
      w.dispose();
      copies.delete(inverse);
    };
    return w;
  } finally {
    for (const part of parts) part.dispose();
  }
}

/** Blocks of columns as one matrix `[rows, width]`. */
function asOneMatrix(blocks: readonly Real[], rows: number, width: number): Real {
  const all = allocate(blocks[0] instanceof Float32Array ? "float32" : "float64", rows * width);
  let first = 0;
  for (const block of blocks) {
    const own = block.length / rows;
    for (let row = 0; row < rows; row++) all.set(block.subarray(row * own, (row + 1) * own), row * width + first);
    first += own;
  }
  return all;
}

/** L⁻ᵀ, row-major, for the lower triangle of `factor` `[n, n]`. */
function transposedInverse(factor: Float64Array, n: number): Float64Array {
  const inverse = new Float64Array(n * n);
  for (let column = 0; column < n; column++) {
    const own = inverse.subarray(column * n, (column + 1) * n); // column of L⁻¹, row of its transpose
    own[column] = 1 / factor[column * (n + 1)]!;
    for (let row = column + 1; row < n; row++) {
      let sum = 0;
      for (let k = column; k < row; k++) sum += factor[row * n + k]! * own[k]!;
      own[row] = -sum / factor[row * (n + 1)]!;
    }
  }
  return inverse;
}
