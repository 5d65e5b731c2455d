/**
 * Sums over the rows of all ranks, part by part: parts that follow each other are added in pairs, the sums of pairs in
 * pairs, and so on. Each rank adds what it has all parts of, and all add the rest, so that bits do not depend on which
 * rank has which parts.
 */
import { gatherElements } from "../array/exchange";
import type { Ranks } from "../array/exchange";
import type { Shard } from "../array/shard";
import { at } from "../asserts";
import { waitFor } from "../task";
import type { Task } from "../task";
import { PARTS, partsOf } from "./shardedsystem";

/** Some parts that are added in pairs: as many as a power of two, from a multiple of it on. */
interface Node {
  readonly first: number;
  readonly count: number;
}

/** Numbers of each node that are there at once. */
const PIECE = 1 << 18;

/**
 * The sum over all parts, on all ranks.
 * @param ofPart numbers of a part of this rank, which may be changed.
 */
export function* sumParts({ ranks }: Shard, size: number, ofPart: OfPart): Task<Float64Array> {
  const nodes = Array.from({ length: ranks.size }, (_, rank) => nodesBetween(...partsOf(rank, ranks)));
  const own: Float64Array[] = [];
  for (const node of at(nodes, ranks.rank)) own.push(yield* sumNode(node, ofPart));
  const total = new Float64Array(size);
  for (let begin = 0; begin < size; begin += PIECE) {
    const piece = total.subarray(begin, begin + PIECE);
    const some = own.map((sums) => sums.subarray(begin, begin + piece.length));
    piece.set(sumPieces(ranks, nodes, some, piece.length));
  }
  return total;
}

type OfPart = (part: number) => Float64Array | Task<Float64Array>;

/** @param own a piece of the sum of each node of this rank, of so many numbers. */
function sumPieces(
  ranks: Ranks,
  nodes: readonly (readonly Node[])[],
  own: readonly Float64Array[],
  width: number,
): Float64Array {
  const pieces = new Float64Array(nodes.flat().length * width);
  const before = nodes.slice(0, ranks.rank).flat().length;
  own.forEach((sums, k) => {
    pieces.set(sums, (before + k) * width);
  });
  gatherElements("sums over rows", ranks, pieces, { counts: nodes.map((some) => some.length), width });
  return joinNodes(nodes.flat(), pieces, width);
}

/** The largest nodes that these parts are made of, in their order. */
function nodesBetween(first: number, end: number): Node[] {
  const nodes: Node[] = [];
  for (let at = first; at < end;) {
    let count = 1;
    while (at % (2 * count) === 0 && at + 2 * count <= end) count *= 2;
    nodes.push({ first: at, count });
    at += count;
  }
  return nodes;
}

function* sumNode({ first, count }: Node, ofPart: OfPart): Task<Float64Array> {
  if (count === 1) return yield* waitFor(ofPart(first));
  const half = count / 2;
  const sums = yield* sumNode({ first, count: half }, ofPart);
  return addTo(sums, yield* sumNode({ first: first + half, count: half }, ofPart));
}

/** The sum over all parts, from `[nodes, width]`. */
function joinNodes(nodes: readonly Node[], pieces: Float64Array, width: number): Float64Array {
  const join = (first: number, count: number): Float64Array => {
    const place = nodes.findIndex((node) => node.first === first && node.count === count);
    if (place >= 0) return pieces.subarray(place * width, (place + 1) * width);
    return addTo(join(first, count / 2), join(first + count / 2, count / 2));
  };
  return join(0, PARTS);
}

function addTo(sums: Float64Array, more: Float64Array): Float64Array {
  for (let n = 0; n < sums.length; n++) sums[n] = (sums[n] as number) + (more[n] as number);
  return sums;
}
