/**
 * Functions on cells as polynomials, known by their values at few points of each: its nodes, the Chebyshev points of its
 * box. The one idea is that weights go up the tree, from points to the nodes of leaves and on to those of larger cells,
 * by the transpose of what brings values down. Knows no formula.
 */
import { integerAt, realAt } from "../asserts";
import { allocate } from "../device/memory";
import type { RealData } from "../device/native";
import type { Task } from "../task";
import type { CellTree } from "./cells";

/** Of the interval from -1 to 1. */
export const chebyshevPoints = (count: number): Float64Array =>
  Float64Array.from({ length: count }, (_, k) => Math.cos((Math.PI * (2 * k + 1)) / (2 * count)));

export class TreeNodes {
  /** Nodes of each cell. */
  readonly perCell: number;
  /** `[cells * perCell, dim]` */
  readonly points: RealData;
  /** Of every cell, half its longest side. */
  readonly sizes: Float64Array;
  /** Of every cell and axis the places of nodes, and what barycentric interpolation multiplies them by. */
  private readonly places: Float64Array;
  private readonly factors: Float64Array;
  /** What nodes count at a place: of each axis, and of all. */
  private readonly line: Float64Array;
  private readonly products: Float64Array;

  /** @param degree nodes on each axis, two at least. */
  constructor(
    private readonly tree: CellTree,
    private readonly dim: number,
    private readonly degree: number,
  ) {
    const cells = tree.begins.length;
    this.perCell = degree ** dim;
    this.sizes = new Float64Array(cells);
    this.places = new Float64Array(cells * dim * degree);
    this.factors = new Float64Array(cells * dim * degree);
    this.line = new Float64Array(degree);
    this.products = new Float64Array(this.perCell);
    this.placeNodes();
    this.points = this.allNodes();
  }

  /** Weights of points, by place `[points, columns]`, as weights of nodes `[cells * perCell, columns]`. */
  *gather(weights: Float64Array, columns: number): Task<Float64Array> {
    const { tree, perCell } = this;
    const cells = tree.begins.length;
    const ofNodes = new Float64Array(cells * perCell * columns);
    const atOnce = cellsAtOnce(perCell, columns);
    for (let cell = cells - 1; cell >= 0; cell--) {
      if (cell % atOnce === 0) yield;
      const half = integerAt(tree.halves, cell);
      if (half > 0)
        for (const child of [half, half + 1]) this.addThrough(cell, child, blocksOf(ofNodes, perCell * columns), true);
      else
        this.eachPoint(cell, (point) => {
          spread(this.products, weights, point, ofNodes, cell, columns);
        });
    }
    return ofNodes;
  }

  /** Values of nodes, which are overwritten, are added to those of points: the transpose of `gather`. */
  *scatter(values: Float64Array, columns: number, into: Float64Array): Task<void> {
    const { tree, perCell } = this;
    const atOnce = cellsAtOnce(perCell, columns);
    for (let cell = 0; cell < tree.begins.length; cell++) {
      if (cell % atOnce === 0) yield;
      const half = integerAt(tree.halves, cell);
      if (half > 0)
        for (const child of [half, half + 1]) this.addThrough(cell, child, blocksOf(values, perCell * columns), false);
      else
        this.eachPoint(cell, (point) => {
          interpolate(this.products, values, cell, into, point, columns);
        });
    }
  }

  private eachPoint(cell: number, body: (point: number) => void): void {
    const { dim, degree, products, line, tree } = this;
    for (let point = integerAt(tree.begins, cell), end = integerAt(tree.ends, cell); point < end; point++) {
      products[0] = 1;
      for (let axis = 0, size = 1; axis < dim; axis++, size *= degree) {
        this.countAt(cell, axis, realAt(tree.points, point * dim + axis));
        for (let p = size - 1; p >= 0; p--) multiply(products, p, line);
      }
      body(point);
    }
  }

  /** Barycentric interpolation (Berrut and Trefethen 2004) on one axis of a cell. */
  private countAt(cell: number, axis: number, x: number): void {
    const { degree, places, factors, line } = this;
    const from = (cell * this.dim + axis) * degree;
    let sum = 0;
    for (let k = 0; k < degree; k++) {
      const difference = x - realAt(places, from + k);
      if (difference === 0) {
        line.fill(0)[k] = 1;
        return;
      }
      sum += line[k] = realAt(factors, from + k) / difference;
    }
    for (let k = 0; k < degree; k++) line[k] = realAt(line, k) / sum;
  }

  /** Weights of a half are added to those of its cell, or values of the cell to those of the half: axis by axis. */
  private addThrough(cell: number, child: number, block: (cell: number) => Float64Array, isUp: boolean): void {
    const { dim, degree } = this;
    const [from, to] = isUp ? [block(child), block(cell)] : [block(cell), block(child)];
    let values = from;
    for (let axis = 0; axis < dim; axis++)
      values = contracted(values, this.countsOf(cell, child, axis), degree ** axis, isUp);
    for (let n = 0; n < to.length; n++) to[n] = realAt(to, n) + realAt(values, n);
  }

  /** `[degree, degree]`: what nodes of a cell count at those of its half, on one axis. */
  private countsOf(cell: number, child: number, axis: number): Float64Array {
    const { dim, degree, places } = this;
    const counts = new Float64Array(degree * degree);
    for (let n = 0; n < degree; n++) {
      this.countAt(cell, axis, realAt(places, (child * dim + axis) * degree + n));
      counts.set(this.line, n * degree);
    }
    return counts;
  }

  /** Nodes are numbers of the points' dtype, and interpolation is through these: small cells far from 0 lose nothing. */
  private placeNodes(): void {
    const { tree, dim, degree, places, factors, sizes } = this;
    const cosines = chebyshevPoints(degree);
    const rounded = allocate(tree.dtype, degree);
    for (let cell = 0, n = 0; cell < sizes.length; cell++)
      for (let axis = 0; axis < dim; axis++, n += degree) {
        const lower = realAt(tree.boxes, cell * 2 * dim + axis);
        const upper = realAt(tree.boxes, cell * 2 * dim + dim + axis);
        const least = DISTINCT[tree.dtype] * Math.max(Math.abs(lower), Math.abs(upper), TINY);
        const [centre, half] = [(lower + upper) / 2, Math.max((upper - lower) / 2, least)];
        sizes[cell] = Math.max(realAt(sizes, cell), half);
        for (let k = 0; k < degree; k++) rounded[k] = centre + half * realAt(cosines, k);
        places.set(rounded, n);
        for (let k = 0; k < degree; k++) factors[n + k] = factorOf(rounded, k, half);
      }
  }

  private allNodes(): RealData {
    const { tree, dim, degree, sizes, perCell, places } = this;
    const nodes = allocate(tree.dtype, sizes.length * perCell * dim);
    for (let cell = 0, n = 0; cell < sizes.length; cell++)
      for (let node = 0; node < perCell; node++)
        for (let axis = 0, size = perCell / degree; axis < dim; axis++, size /= degree)
          nodes[n++] = realAt(places, (cell * dim + axis) * degree + (Math.floor(node / size) % degree));
    return nodes;
  }
}

/** Products between pauses: some milliseconds. A leaf has about two points for each node. */
const PRODUCTS_AT_ONCE = 2 ** 22;
const cellsAtOnce = (perCell: number, columns: number): number =>
  Math.max(1, Math.floor(PRODUCTS_AT_ONCE / (2 * perCell ** 2 * columns)));
/** In parts of a coordinate: the nodes of a side so long are a few roundings apart. */
const DISTINCT = { float32: 2 ** -18, float64: 2 ** -47 } as const;
/** Coordinates below this are as good as 0. */
const TINY = 1e-30;

function factorOf(nodes: RealData, k: number, half: number): number {
  let product = 1;
  for (let m = 0; m < nodes.length; m++) if (m !== k) product *= (realAt(nodes, k) - realAt(nodes, m)) / half;
  return 1 / product;
}

const blocksOf =
  (numbers: Float64Array, size: number) =>
  (cell: number): Float64Array =>
    numbers.subarray(cell * size, (cell + 1) * size);

/** Entry p becomes entries p n … p n + n - 1, times those of a line: from the last one to the first. */
function multiply(products: Float64Array, p: number, line: Float64Array): void {
  const product = realAt(products, p);
  for (let k = 0; k < line.length; k++) products[p * line.length + k] = product * realAt(line, k);
}

function spread(
  products: Float64Array,
  weights: Float64Array,
  point: number,
  to: Float64Array,
  cell: number,
  columns: number,
): void {
  for (let c = 0; c < columns; c++) {
    const weight = realAt(weights, point * columns + c);
    for (let k = 0, n = cell * products.length * columns + c; k < products.length; k++, n += columns)
      to[n] = realAt(to, n) + weight * realAt(products, k);
  }
}

function interpolate(
  products: Float64Array,
  values: Float64Array,
  cell: number,
  into: Float64Array,
  point: number,
  columns: number,
): void {
  for (let c = 0; c < columns; c++) {
    let sum = realAt(into, point * columns + c);
    for (let k = 0, n = cell * products.length * columns + c; k < products.length; k++, n += columns)
      sum += realAt(values, n) * realAt(products, k);
    into[point * columns + c] = sum;
  }
}

/** Along the axis behind which `before` numbers stand for each place: with a matrix, or its transpose. */
function contracted(values: Float64Array, matrix: Float64Array, before: number, isTransposed: boolean): Float64Array {
  const degree = Math.sqrt(matrix.length);
  const after = values.length / (before * degree);
  const result = new Float64Array(values.length);
  for (let p = 0; p < before; p++)
    for (let row = 0; row < degree; row++)
      for (let column = 0; column < degree; column++) {
        const factor = realAt(matrix, isTransposed ? column * degree + row : row * degree + column);
        const [to, from] = [(p * degree + row) * after, (p * degree + column) * after];
        for (let n = 0; n < after; n++) result[to + n] = realAt(result, to + n) + factor * realAt(values, from + n);
      }
  return result;
}
