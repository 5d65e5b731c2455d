/**
 * Sums of convolutions over trees of cells: what is far from a cell meets few nodes in the place of its points (black-box
 * fast multipole methods: Fong and Darve 2009; with barycentric interpolation: Wang, Krasny and Tlupova 2020). The one
 * idea is that the formula is not changed: nodes are rows and columns behind the points, and all of it is one reduction
 * over ranges. Must not know when it is used.
 */
import { contiguous, wrap } from "../array/view";
import type { RealArray } from "../array/view";
import { at, realAt } from "../asserts";
import { Operator } from "../call/operator";
import type { Given, How } from "../call/prepared";
import { PLAIN_SUM } from "../call/result";
import { allocate } from "../device/memory";
import type { Dtype } from "../device/memory";
import type { RealData, Ranges } from "../device/native";
import { extraArgument } from "../formula/arguments";
import type { Argument } from "../formula/arguments";
import type { Convolution } from "../formula/convolution";
import { mult } from "../formula/core";
import { Category } from "../formula/formula";
import { mean } from "../formula/reductions";
import { waitFor } from "../task";
import type { Task } from "../task";
import { cutIntoCells, permuteRows, restoreRows } from "./cells";
import type { KernelTable } from "./kerneltable";
import { pairNanoseconds } from "./paircosts";
import type { Points } from "./splitpoints";
import { TreeNodes } from "./treenodes";
import { TreeWalk, reachFor } from "./treewalk";
import type { Reach, Reaching } from "./treewalk";

/** What a tree is made for. */
export interface TreeProblem {
  readonly operator: Operator;
  readonly convolution: Convolution;
  readonly dtype: Dtype;
  /** Where all pairs would be computed. */
  readonly how: How;
  readonly points: Points;
  readonly table: KernelTable;
  readonly tolerance: number;
  /** The root mean square of the kernel over pairs. */
  readonly scale: number;
  /** How often the sum is used, about. */
  readonly repeats: number;
  /** Nanoseconds of processor time that a call may take. */
  readonly most: number;
  /** Bytes that it may take. */
  readonly memory: number;
}

/** Cells of rows and of columns, and how they meet. */
interface Tree {
  readonly rows: Reaching;
  readonly columns: Reaching;
  readonly walk: TreeWalk;
  readonly degree: number;
  readonly cost: number;
}

/** A sum over trees that is ready for weights and factors. */
export interface TreeSum {
  readonly cost: number;
  readonly nearCount: number;
  readonly details: Readonly<Record<string, number>>;
  /** Sets `[rows, dim]` numbers. */
  run(given: Given, out: RealData): Task<void>;
}

/** Null where none is expected to take less time than it may. */
export function* treeSumFor(problem: TreeProblem): Task<TreeSum | null> {
  if (!hasNodes(problem)) return null;
  const tree = yield* bestTree(problem);
  if (!tree) return null;
  const { operator, convolution, how } = problem;
  const { rows, walk, degree, cost } = tree;
  const sum = new TreeFormula(operator, convolution);
  const ranges = walk.ranges();
  return {
    cost,
    nearCount: walk.near,
    details: { degree, cells: rows.tree.begins.length, nodePairs: walk.pairs - walk.near },
    run: (given, out) => runTree({ operator, convolution, how, sum, tree, ranges }, given, out),
  };
}

/** Float32 holds sums by nodes to about this tolerance. */
const LEAST_FLOAT32 = 1e-5;

/** Nodes have one vector of weights, and factors multiply what comes of them. */
const hasNodes = ({ convolution: { weights, factors }, dtype, tolerance }: TreeProblem): boolean =>
  weights.length <= 1 && factors.every(({ dim }) => dim === 1) && (dtype === "float64" || tolerance >= LEAST_FLOAT32);

// ---------------------------------------------------------------------------------------------------------- the choice

/** Of the tolerance and for each axis, the largest error of a pair: most are smaller, the more so with every axis. */
const OF_LARGEST = 2;

/** Where there are no weights, errors of pairs do not cancel, and the scale is that of sums that do not. */
function largestError({ convolution: { weights }, points: { columns, dim }, tolerance, scale }: TreeProblem): number {
  const counted = weights.length > 0 ? 1 : columns.length / dim;
  return (OF_LARGEST * dim * tolerance * scale) / Math.sqrt(counted);
}
const [LEAST_DEGREE, MOST_DEGREE] = [3, 10];
const MOST_NODES = 1024;

/** More nodes on each axis, as long as it gets better. */
function* bestTree(problem: TreeProblem): Task<Tree | null> {
  const { tolerance, points } = problem;
  const first = Math.max(LEAST_DEGREE, Math.round(-Math.log10(tolerance)) - 1);
  const better: Tree[] = [];
  for (let degree = first; degree <= MOST_DEGREE && degree ** points.dim <= MOST_NODES; degree++) {
    const found = yield* treeWith(problem, degree, better.at(-1)?.cost ?? problem.most);
    if (found) better.push(found);
    else if (better.length > 0 || degree > first) break;
  }
  return better.at(-1) ?? null;
}

/** Points of a leaf, for each node. */
const POINTS_PER_NODE = 2;

function* treeWith(problem: TreeProblem, degree: number, most: number): Task<Tree | null> {
  const { operator, points, table, dtype } = problem;
  const { dim } = points;
  const reach = yield* reachFor(table, points.lengths, degree, largestError(problem));
  const rows = yield* reaching(points.rows, dim, degree, reach);
  const columns = points.columns === points.rows ? rows : yield* reaching(points.columns, dim, degree, reach);
  const width = problem.convolution.weights[0]?.dim ?? 1;
  if (bytesOf(rows, operator.dim) + bytesOf(columns, width) > problem.memory) return null;
  const perPair = pairNanoseconds(operator.formula, dtype);
  const fixed = passCost(rows, operator.dim) + passCost(columns, width) + making(problem);
  const walk = new TreeWalk(rows, columns, dim, (most - fixed) / perPair);
  return (yield* walk.run()) ? { rows, columns, walk, degree, cost: walk.pairs * perPair + fixed } : null;
}

/** Of numbers at points and at nodes, which stand in about five arrays at once. */
const bytesOf = ({ tree, nodes }: Reaching, width: number): number =>
  5 * 8 * width * (tree.begins.length * nodes.perCell + tree.order.length);

/** Nanoseconds of processor time in which weights go up, or values down: of a point, and of a node that it counts at. */
const [POINT, NODE] = [600, 2];
/** In which trees are made, in a process that has made none: of any, and of a point. */
const [TREES, POINT_OF_TREES] = [2e8, 1500];

const passCost = ({ tree, nodes }: Reaching, columns: number): number =>
  tree.order.length * (POINT + NODE * nodes.perCell * columns);

const making = ({ points: { rows, columns, dim }, repeats }: TreeProblem): number =>
  (TREES + (POINT_OF_TREES * (rows.length + columns.length)) / dim) / repeats;

function* reaching(points: RealData, dim: number, degree: number, reach: Reach): Task<Reaching> {
  const tree = yield* cutIntoCells(points, dim, POINTS_PER_NODE * degree ** dim);
  const nodes = new TreeNodes(tree, dim, degree);
  return { tree, nodes, reaches: nodes.sizes.map(reach) };
}

// -------------------------------------------------------------------------------------------------------------- a call

/** The formula, times weights of its own where it has none: nodes stand for many points. */
class TreeFormula {
  readonly operator: Operator;
  readonly hasOwnWeights: boolean;

  constructor({ args, settings, formula }: Operator, { weights }: Convolution) {
    const plain = { ...PLAIN_SUM, rows: settings.rows };
    this.hasOwnWeights = weights.length > 0;
    const own = extraArgument(args.length, 1, settings.rows === Category.I ? Category.J : Category.I);
    this.operator = this.hasOwnWeights
      ? new Operator([formula], args, plain)
      : new Operator([mult(formula, own.variable)], [...args, own], plain);
  }
}

interface Running extends Pick<TreeProblem, "operator" | "convolution" | "how"> {
  readonly sum: TreeFormula;
  readonly tree: Tree;
  readonly ranges: Ranges;
}

function* runTree(running: Running, given: Given, out: RealData): Task<void> {
  const { operator, convolution, how, sum, tree, ranges } = running;
  const { tree: cells, nodes } = tree.rows;
  const { dim, settings } = operator;
  const arrays = yield* arraysOf(running, given);
  const all = allocate(given.dtype, (cells.order.length + cells.begins.length * nodes.perCell) * dim);
  yield* waitFor(sum.operator.work(sum.operator.check(arrays), all, { ...how, ranges: [ranges, ranges] }));
  const far = new Float64Array(cells.order.length * dim);
  yield* nodes.scatter(Float64Array.from(all.subarray(far.length)), dim, far);
  const factors = convolution.factors.map(({ position }) => contiguous(at(arrays, position)));
  const share = settings.reduction === mean ? 1 / tree.columns.tree.order.length : 1;
  for (let n = 0; n < far.length; n++) {
    const factor = factors.reduce((product, data) => product * realAt(data, Math.floor(n / dim)), 1);
    all[n] = share * (realAt(all, n) + factor * realAt(far, n));
  }
  yield* restoreRows(cells, all.subarray(0, far.length), out);
}

/** Points in the order of their places, and nodes behind them. */
function* arraysOf({ operator, convolution, sum, tree }: Running, given: Given): Task<RealArray[]> {
  const arrays: RealArray[] = [];
  for (const [n, array] of given.arrays.entries()) {
    const { category, dim } = at(operator.args, n);
    const side = category === operator.settings.rows ? tree.rows : tree.columns;
    arrays.push(category === Category.P ? array : yield* withNodes(convolution, side, n, contiguous(array), dim));
  }
  if (sum.hasOwnWeights) return arrays;
  const { nodes, tree: cells } = tree.columns;
  const ones = allocate(given.dtype, cells.order.length).fill(1);
  return [...arrays, joined(ones, yield* nodes.gather(Float64Array.from(ones), 1), 1)];
}

/** Coordinates of nodes, weights of nodes, or factors of 1. */
function* withNodes(
  { points, weights, factors }: Convolution,
  { nodes, tree }: Reaching,
  position: number,
  data: RealData,
  dim: number,
): Task<RealArray> {
  const moved = yield* permuteRows(tree, data, dim);
  const isThis = (argument: Argument): boolean => argument.position === position;
  if (weights.some(isThis)) return joined(moved, yield* nodes.gather(Float64Array.from(moved), dim), dim);
  const pair = points.findIndex(({ row, column }) => isThis(row) || isThis(column));
  const count = tree.begins.length * nodes.perCell;
  if (pair < 0) return joined(moved, new Float64Array(count * dim).fill(factors.some(isThis) ? 1 : 0), dim);
  const dims = points.map(({ row }) => row.dim);
  const first = dims.slice(0, pair).reduce((sum, own) => sum + own, 0);
  const width = nodes.points.length / count;
  const own =
    dim === width ? nodes.points : nodes.points.filter((_, n) => n % width >= first && n % width < first + dim);
  return joined(moved, own, dim);
}

function joined(moved: RealData, behind: RealData, dim: number): RealArray {
  const both = new (moved.constructor as new (length: number) => RealData)(moved.length + behind.length);
  both.set(moved);
  both.set(behind, moved.length);
  return wrap(both, [both.length / dim, dim]);
}
