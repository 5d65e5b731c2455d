/**
 * Contractions of tensors that stand in vectors, row-major: which entries of both are multiplied for each entry of the
 * result, whatever numbers they are.
 */
import type { Random } from "./random";
import type { Parameter } from "./structure";

type List = readonly number[];
/** Places of entries of x and of y. */
type Pair = readonly [x: number, y: number];

const range = (n: number): number[] => Array.from({ length: n }, (_, k) => k);
const product = (list: List): number => list.reduce((all, n) => all * n, 1);

/** Sizes whose product is `dim`. */
function shapeOf(random: Random, dim: number, rank: number): List {
  const shape = new Array<number>(rank).fill(1);
  for (let rest = dim, factor = 2; rest > 1;)
    if (rest % factor === 0) {
      shape[random.integer(0, rank - 1)]! *= factor;
      rest /= factor;
    } else factor++;
  return shape;
}

/** All index tuples of a shape, in row-major order. */
const tuples = (shape: List): List[] =>
  shape.reduce<List[]>((list, size) => list.flatMap((tuple) => range(size).map((n) => [...tuple, n])), [[]]);

const flatIndex = (shape: List, tuple: List): number => tuple.reduce((flat, n, axis) => flat * shape[axis]! + n, 0);

/** Shapes for x and y of these numbers of entries, and axes to sum. */
export function tensorDotParameters(random: Random, [dimX, dimY]: List): readonly Parameter[] {
  const [x, y] = [shapeOf(random, dimX!, random.integer(1, 3)), shapeOf(random, dimY!, random.integer(1, 3))];
  const [summedX, summedY]: [number[], number[]] = [[], []];
  for (const axis of random.shuffled(range(x.length))) {
    const partner = range(y.length).find((other) => y[other] === x[axis] && !summedY.includes(other));
    if (partner === undefined || random.chance(0.3)) continue;
    summedX.push(axis);
    summedY.push(partner);
  }
  const kept = x.length + y.length - 2 * summedX.length;
  return random.chance(0.3) ? [x, y, summedX, summedY] : [x, y, summedX, summedY, random.shuffled(range(kept))];
}

/** Every pair of entries that agree on the summed axes adds to the entry that the others name. */
export function tensorDotPairs(parameters: readonly Parameter[]): Pair[][] {
  const [shapeX, shapeY, summedX, summedY, places] = parameters as [List, List, List, List, List?];
  const keptX = range(shapeX.length).filter((axis) => !summedX.includes(axis));
  const keptY = range(shapeY.length).filter((axis) => !summedY.includes(axis));
  const sizes = [...keptX.map((axis) => shapeX[axis]!), ...keptY.map((axis) => shapeY[axis]!)];
  const shape = range(sizes.length).map((place) => sizes[places ? places.indexOf(place) : place]!);
  const pairs = range(product(shape)).map((): Pair[] => []);
  for (const a of tuples(shapeX))
    for (const b of tuples(shapeY)) {
      if (summedX.some((axis, n) => a[axis] !== b[summedY[n]!])) continue;
      const kept = [...keptX.map((axis) => a[axis]!), ...keptY.map((axis) => b[axis]!)];
      const tuple = range(sizes.length).map((place) => kept[places ? places.indexOf(place) : place]!);
      pairs[flatIndex(shape, tuple)]!.push([flatIndex(shapeX, a), flatIndex(shapeY, b)]);
    }
  return pairs;
}

/** Shapes of equal rank for x and y of these numbers of entries. */
export function kronParameters(random: Random, [dimX, dimY]: List): readonly Parameter[] {
  const rank = random.integer(1, 3);
  return [shapeOf(random, dimX!, rank), shapeOf(random, dimY!, rank)];
}

/** The entry at i of x and j of y goes to i size(y) + j, axis by axis. */
export function kronPairs([dimsX, dimsY]: readonly Parameter[]): Pair[] {
  const [shapeX, shapeY] = [dimsX, dimsY] as [List, List];
  const shape = shapeX.map((size, axis) => size * shapeY[axis]!);
  const out: Pair[] = [];
  for (const a of tuples(shapeX))
    for (const b of tuples(shapeY)) {
      const tuple = a.map((n, axis) => n * shapeY[axis]! + b[axis]!);
      out[flatIndex(shape, tuple)] = [flatIndex(shapeX, a), flatIndex(shapeY, b)];
    }
  return out;
}
