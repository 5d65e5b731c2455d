/**
 * tskeops/mpi: the same calls on many machines. Every process runs the same script; arrays are whole on all ranks, or
 * shards, of which each rank has some rows. What is public is here; that calls share their rows is a matter of call.
 */
import type { NdArray } from "ndarray";
import { checkArray, checkElements } from "../array/check";
import { gatherElements, reduceArrays, reduceElements } from "../array/exchange";
import { isCommon, markCommon, recording } from "../array/record";
import { cutRows, evenCounts, joinRows, shardOf, viewRows } from "../array/shard";
import { allocate, dtypeOf, readable, shapeText, sizeOf, wrapBeside } from "../array/view";
import type { Elements, RealArray } from "../array/view";
import { elementTypeOf } from "../device/memory";
import type { RealData } from "../device/native";
import { ArgumentError } from "../errors";
import { atMost, describeValue, messageOf, optionsOf } from "../options";
import type { OptionsOf } from "../options";
import { whyAlone } from "./launch";
import { ranksOfWorld } from "./world";

/** The processes of this program: those that mpirun started together. */
export interface World {
  /** The number of this process, from 0. */
  readonly rank: number;
  /** How many there are; 1 where the script was started alone. */
  readonly size: number;
}

/** The processes of this program; asking starts MPI, if a launcher has started this one. */
export const world: World = {
  get rank(): number {
    return ranksOfWorld().rank;
  },
  get size(): number {
    return ranksOfWorld().size;
  },
};

/**
 * Why this process computes alone, in one sentence, or null where MPI runs.
 * @returns a sentence, or null
 * @throws ArgumentError for an argument
 * @example
 * console.log(whyNot()); // no mpirun, mpiexec or srun has started this process
 */
export function whyNot(): string | null {
  atMost("whyNot", 0, arguments);
  const why = whyAlone();
  if (why !== null) return why;
  try {
    ranksOfWorld();
    return null;
  } catch (error) {
    return messageOf(error);
  }
}

/**
 * The rows of this rank of an array that all ranks have: a copy, shared evenly over the ranks. Calls with it compute
 * these rows alone, and a solve with it is shared. Derivatives reach the array itself, whole on all ranks.
 * @param x an array `[N, ...]`, with the same numbers on all ranks
 * @returns `[n, ...]`, n being about N / size
 * @throws ArgumentError if x is no array with rows, and when rows are gathered that were written into since; DeviceError
 * where MPI cannot be started
 * @example
 * const x = rand([100, 3], { seed: 1 });
 * console.log(shard(x).shape); // [ 100, 3 ]
 */
export function shard<T extends Elements>(x: NdArray<T>): NdArray<T> {
  atMost("shard", 1, arguments);
  const rows = rowsOf("shard", x);
  if (shardOf(x)) throw new ArgumentError("shard: expected an array that all ranks have, got a shard");
  const ranks = ranksOfWorld();
  return cutRows(x, { ranks, counts: evenCounts(rows, ranks) });
}

/**
 * Rows that this rank has of its own, such as those that it has read from a file, as a shard: those of all ranks stand
 * one after the other, in the order of the ranks. No rank needs to have the others' rows before a call needs them.
 * Derivatives reach the rows of this rank, whatever the other ranks' numbers are; where they are rows of what `gather`,
 * `broadcast` or `allReduce` has returned, they reach that array, and are those of all rows.
 * @param own an array `[n, ...]`; n may differ between ranks
 * @returns a view of it, as a shard
 * @throws ArgumentError if it is no array with rows, or on all ranks where rows differ in shape or dtype; DeviceError
 * where MPI cannot be started
 * @example
 * const mine = fromRows(rand([50, 2], { seed: world.rank }));
 * console.log(gather(mine).shape); // [ 50, 2 ]
 */
export function fromRows<T extends Elements>(own: NdArray<T>): NdArray<T> {
  atMost("fromRows", 1, arguments);
  const rows = rowsOf("fromRows", own);
  const ranks = ranksOfWorld();
  const of = isCommon(own) ? ", of an array that all ranks have" : "";
  const counts = ranks.agree(() => `fromRows of ${typeText(own)} rows ${shapeText(own.shape.slice(1))}${of}`, rows);
  return viewRows(own, { ranks, counts });
}

/**
 * The rows of all ranks, on all ranks. Derivatives pass through.
 * @param x a shard `[n, ...]`, or else rows of this rank
 * @returns `[N, ...]`, N being the sum over the ranks; what `shard` has cut is the array that it was
 * @throws ArgumentError if x is no array with rows, or on all ranks where rows differ in shape or dtype; DeviceError
 * where MPI cannot be started
 * @example
 * const K = Genred("SqDist(x, y)", ["x = Vi(2)", "y = Vj(2)"], { axis: 1 });
 * const x = rand([100, 2], { seed: 1 });
 * console.log(gather(K(shard(x), x)).shape); // [ 100, 1 ]
 */
export function gather<T extends Elements>(x: NdArray<T>): NdArray<T> {
  atMost("gather", 1, arguments);
  const rows = rowsOf("gather", x);
  const known = shardOf(x);
  if (known) return joinRows(x, known);
  const ranks = ranksOfWorld();
  const counts = ranks.agree(() => `gather of ${typeText(x)} rows ${shapeText(x.shape.slice(1))}`, rows);
  return joinRows(x, { ranks, counts });
}

/**
 * The array of one rank, on all ranks; it takes no part in derivatives.
 * @param x an array, of the same shape and dtype on all ranks; only that of `root` is read
 * @param root whose array it is, 0 by default
 * @returns a new array
 * @throws ArgumentError if x is no array or root no rank, or on all ranks where arrays differ in shape or dtype;
 * DeviceError where MPI cannot be started
 * @example
 * const x = broadcast(rand([5, 2]));
 * console.log(x.shape); // [ 5, 2 ]
 */
export function broadcast<T extends RealData>(x: RealArray<T>, root = 0): RealArray<T> {
  atMost("broadcast", 2, arguments);
  checkArray("broadcast", x);
  const ranks = ranksOfWorld();
  if (!Number.isInteger(root) || root < 0 || root >= ranks.size)
    throw new ArgumentError(
      `broadcast, root: expected a rank from 0 to ${String(ranks.size - 1)}, got ${describeValue(root)}`,
    );
  ranks.agree(() => `broadcast of ${typeText(x)} ${shapeText(x.shape)} from rank ${String(root)}`, 0);
  const data = allocate(dtypeOf(x), sizeOf(x.shape));
  if (ranks.rank === root) data.set(readable(x));
  const counts = Array.from({ length: ranks.size }, (_, rank) => (rank === root ? 1 : 0));
  gatherElements("broadcast", ranks, data, { counts, width: data.length });
  return markCommon(wrapBeside<RealData>(data, x.shape, x)) as RealArray<T>;
}

const ALL_REDUCE = {
  /** What becomes of the numbers of all ranks, element by element. */
  op: { kind: ["sum", "min", "max"], default: "sum" },
} as const;

/** How the numbers of all ranks are brought together. */
export type AllReduceOptions = OptionsOf<typeof ALL_REDUCE>;

/**
 * The sum over all ranks, element by element, on all ranks: taken in float64, in the order of the ranks, so that all
 * have the same bits. Derivatives pass through sums.
 * @param x a number, or an array of the same shape and dtype on all ranks
 * @returns a number, or a new array
 * @throws ArgumentError if x is neither, or on all ranks where they differ in shape or dtype, and for a minimum or
 * maximum that takes part in derivatives; DeviceError where MPI cannot be started
 * @example
 * console.log(allReduce(1) === world.size); // true
 */
export function allReduce<X extends number | RealArray>(x: X, options?: AllReduceOptions | null): X {
  atMost("allReduce", 2, arguments);
  const { op = ALL_REDUCE.op.default } = optionsOf("allReduce", options, ALL_REDUCE);
  const ranks = ranksOfWorld();
  if (typeof x === "number") return reduceElements(ranks, Float64Array.of(x), op, "a number")[0] as X;
  const array: RealArray = checkArray("allReduce", x);
  if (op !== "sum" && recording([array]))
    throw new ArgumentError(
      `allReduce: expected the op "sum" for an array that takes part in derivatives, got "${op}"`,
    );
  return reduceArrays(ranks, array, op) as X;
}

function rowsOf(where: string, x: NdArray<Elements>): number {
  const [rows] = checkElements(where, x).shape;
  if (rows === undefined) throw new ArgumentError(`${where}: expected an array with rows, got one of shape []`);
  return rows;
}

const typeText = ({ data }: NdArray<Elements>): string => elementTypeOf(data);
