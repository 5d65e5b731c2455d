/**
 * Points in cells: a binary tree whose cells hold consecutive places of a permutation, so that intervals of places
 * are ranges of a reduction. The one idea is that a tree is a permutation and a way to cut an interval of it in two:
 * up to three coordinates by Morton order (Morton 1966), which is sorted once, beyond by the middle of the longest
 * side (k-d tree, Bentley 1975). Knows no formula.
 */

type Numbers = Float32Array | Float64Array;

/** Cells, breadth first: the root is cell 0. */
export interface Cells {
  /** The point that stands at each place, by its original index: its rank where others are equal. */
  readonly order: Int32Array;
  /** Cell c holds the places begins[c]…ends[c] - 1. */
  readonly begins: Int32Array;
  readonly ends: Int32Array;
  /** The first of the two children of a cell, which are neighbours; 0 for leaves. */
  readonly children: Int32Array;
  /** The first cell of every level. */
  readonly levels: readonly number[];
  /** The lower corner and then the upper one, `[cells, 2 dim]`; NaN where a cell holds a number that is not finite. */
  readonly boxes: Numbers;
}

/** Where to cut the places begin…end - 1, at least two: the first place of the second part. May permute them. */
type Cut = (begin: number, end: number) => number;

/**
 * The tree of points `[count, dim]`.
 * @param leaf how many points a cell may hold that is not cut.
 */
export function cellsOf(points: Numbers, dim: number, leaf: number): Cells {
  const { order, finite } = finiteFirst(points, dim);
  const cutFinite =
    dim <= MOST_MORTON ? mortonCut(points, dim, order.subarray(0, finite)) : longestCut(points, dim, order);
  // Cells of numbers that are not finite have no box; they are kept apart from all others.
  const cut: Cut = (begin, end) => {
    if (begin < finite && finite < end) return finite;
    return begin < finite ? cutFinite(begin, end) : (begin + end) >> 1;
  };
  const tree = grow(order.length, leaf, cut);
  return { order, ...tree, boxes: boxesOf(points, dim, order, tree) };
}

const MOST_MORTON = 3;

/** The indices of points of finite numbers in order, and how many they are; then those of others. */
function finiteFirst(points: Numbers, dim: number): { order: Int32Array; finite: number } {
  const order = new Int32Array(points.length / dim);
  let [finite, end] = [0, order.length];
  for (let n = 0; n < order.length; n++) if (isFiniteAt(points, dim, n)) order[finite++] = n;
  for (let n = order.length - 1; n >= 0; n--) if (!isFiniteAt(points, dim, n)) order[--end] = n;
  return { order, finite };
}

function isFiniteAt(points: Numbers, dim: number, n: number): boolean {
  for (let k = n * dim; k < (n + 1) * dim; k++) if (!Number.isFinite(points[k]!)) return false;
  return true;
}

type Tree = Omit<Cells, "order" | "boxes">;

/** Level by level. */
function grow(count: number, leaf: number, cut: Cut): Tree {
  const [begins, ends, children]: [number[], number[], number[]] = [[0], [count], [0]];
  const levels = [0];
  for (let first = 0; first < begins.length; first = levels.at(-1)!) {
    const last = begins.length;
    for (let cell = first; cell < last; cell++) {
      const [begin, end] = [begins[cell]!, ends[cell]!];
      if (end - begin <= Math.max(1, leaf)) continue;
      const middle = cut(begin, end);
      children[cell] = begins.length;
      begins.push(begin, middle);
      ends.push(middle, end);
      children.push(0, 0);
    }
    if (begins.length === last) break;
    levels.push(last);
  }
  return { begins: Int32Array.from(begins), ends: Int32Array.from(ends), children: Int32Array.from(children), levels };
}

// ----------------------------------------------------------------------------------------------------- Morton order

/** Bits of a code, in two words; and of each coordinate in it. */
const WORD = 26;
const BITS = [0, 32, 26, 17] as const;

/** Sorts places by the codes of their points, and cuts an interval where the first bit that differs in it changes. */
function mortonCut(points: Numbers, dim: number, places: Int32Array): Cut {
  const codes = codesOf(points, dim, places);
  sortByCode(codes, places);
  return (begin, end) => {
    const [first, last] = [codes[begin]!, codes[end - 1]!];
    if (first === last) return (begin + end) >> 1;
    return firstOf(codes, begin, end, separator(first, last));
  };
}

/** The least number above `first` and up to `last` that ends in as many zero bits as any. */
function separator(first: number, last: number): number {
  let unit = 1;
  while (Math.floor(first / (2 * unit)) !== Math.floor(last / (2 * unit))) unit *= 2;
  return Math.floor(last / unit) * unit;
}

/** The first place whose code is at least `code`. */
function firstOf(codes: Float64Array, begin: number, end: number, code: number): number {
  let [low, high] = [begin, end];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (codes[middle]! < code) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Bits of the coordinates in turn, on a grid of cubes. */
function codesOf(points: Numbers, dim: number, places: Int32Array): Float64Array {
  const bits = BITS[dim as 1 | 2 | 3];
  const { lower, side } = cubeOf(points, dim, places);
  const scale = side > 0 ? (2 ** bits - 1) / side : 0;
  const cell = new Uint32Array(dim);
  return Float64Array.from(places, (n) => {
    for (let k = 0; k < dim; k++) cell[k] = Math.floor((points[n * dim + k]! - lower[k]!) * scale);
    let code = 0;
    for (let bit = bits - 1; bit >= 0; bit--) for (let k = 0; k < dim; k++) code = 2 * code + ((cell[k]! >>> bit) & 1);
    return code;
  });
}

function cubeOf(points: Numbers, dim: number, places: Int32Array): { lower: readonly number[]; side: number } {
  const box = new Float64Array(2 * dim);
  boxOfPlaces(points, dim, places, 0, places.length, box, 0);
  const sides = Array.from({ length: dim }, (_, k) => box[dim + k]! - box[k]!);
  return { lower: [...box.subarray(0, dim)], side: Math.max(0, ...sides) };
}

/** Radix sort, stable: equal codes stay in the order of their indices. */
function sortByCode(codes: Float64Array, places: Int32Array): void {
  let [fromCodes, toCodes] = [codes, new Float64Array(codes.length) as Float64Array];
  let [fromPlaces, toPlaces] = [places, new Int32Array(codes.length) as Int32Array];
  const digit = WORD / 2;
  for (let shift = 0; shift < 2 * WORD; shift += digit) {
    const unit = 2 ** shift;
    const digitOf = (code: number): number => Math.floor(code / unit) % 2 ** digit;
    const starts = new Int32Array(2 ** digit + 1);
    for (const code of fromCodes) starts[digitOf(code) + 1]!++;
    for (let d = 0; d < 2 ** digit; d++) starts[d + 1]! += starts[d]!;
    for (let n = 0; n < fromCodes.length; n++) {
      const at = starts[digitOf(fromCodes[n]!)]!++;
      toCodes[at] = fromCodes[n]!;
      toPlaces[at] = fromPlaces[n]!;
    }
    [fromCodes, toCodes] = [toCodes, fromCodes];
    [fromPlaces, toPlaces] = [toPlaces, fromPlaces];
  }
}

// ------------------------------------------------------------------------------------------------------- k-d splits

/** In the middle of the places, ordered along the longest side of their box. */
function longestCut(points: Numbers, dim: number, places: Int32Array): Cut {
  const box = new Float64Array(2 * dim);
  return (begin, end) => {
    boxOfPlaces(points, dim, places, begin, end, box, 0);
    let axis = 0;
    const side = (k: number): number => box[dim + k]! - box[k]!;
    for (let k = 1; k < dim; k++) if (side(k) > side(axis)) axis = k;
    const middle = (begin + end) >> 1;
    select(places, begin, end - 1, middle, (n) => points[n * dim + axis]!);
    return middle;
  };
}

/** Partitions places so that none before `wanted` has a larger key, and none behind it a smaller one (Hoare 1961). */
function select(places: Int32Array, first: number, last: number, wanted: number, keyOf: (n: number) => number): void {
  while (first < last) {
    const pivot = keyOf(places[(first + last) >> 1]!);
    let [i, j] = [first, last];
    while (i <= j) {
      while (keyOf(places[i]!) < pivot) i++;
      while (keyOf(places[j]!) > pivot) j--;
      if (i > j) break;
      [places[i], places[j]] = [places[j]!, places[i]!];
      i++;
      j--;
    }
    if (wanted <= j) last = j;
    else if (wanted >= i) first = i;
    else return;
  }
}

// ------------------------------------------------------------------------------------------------------------ boxes

/** Of leaves from their points, of others from their children, which come later. */
function boxesOf(points: Numbers, dim: number, places: Int32Array, { begins, ends, children }: Tree): Numbers {
  const length = begins.length * 2 * dim;
  const boxes = points instanceof Float64Array ? new Float64Array(length) : new Float32Array(length);
  for (let cell = begins.length - 1; cell >= 0; cell--) {
    const child = children[cell]!;
    if (child === 0) boxOfPlaces(points, dim, places, begins[cell]!, ends[cell]!, boxes, cell);
    else joinBoxes(boxes, dim, child, cell);
  }
  return boxes;
}

function boxOfPlaces(
  points: Numbers,
  dim: number,
  places: Int32Array,
  begin: number,
  end: number,
  boxes: Numbers,
  cell: number,
): void {
  const at = cell * 2 * dim;
  for (let k = 0; k < dim; k++) {
    let [lower, upper] = [Infinity, -Infinity];
    for (let place = begin; place < end; place++) {
      const number = points[places[place]! * dim + k]!;
      lower = Math.min(lower, number - number === 0 ? number : NaN);
      upper = Math.max(upper, number);
    }
    boxes[at + k] = lower;
    boxes[at + dim + k] = Number.isNaN(lower) ? NaN : upper;
  }
}

/** NaN stays NaN. */
function joinBoxes(boxes: Numbers, dim: number, child: number, cell: number): void {
  const [left, right, at] = [child, child + 1, cell].map((c) => c * 2 * dim) as [number, number, number];
  for (let k = 0; k < dim; k++) boxes[at + k] = Math.min(boxes[left + k]!, boxes[right + k]!);
  for (let k = dim; k < 2 * dim; k++) boxes[at + k] = Math.max(boxes[left + k]!, boxes[right + k]!);
}
