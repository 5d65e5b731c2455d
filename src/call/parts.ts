/**
 * Rows of all ranks in a fixed number of parts, of which each rank has some that follow each other, and sums over them:
 * parts that follow each other are added in pairs, the sums of pairs in pairs, and so on. Each rank adds what it has all
 * parts of, and the rest is added by all, so that bits do not depend on which rank has which parts.
 */
import { exchangeElements, gatherElements } from "../array/exchange";
import type { Ranks } from "../array/exchange";
import { evenCounts, rowsOfRank } from "../array/shard";
import type { Shard } from "../array/shard";
import { at } from "../asserts";
import { waitFor } from "../task";
import type { Task } from "../task";

/** Begin and end of the rows of a part of so many. */
export const rowsOfPart = (rows: number, part: number, parts: number): [begin: number, end: number] => [
  Math.floor((part * rows) / parts),
  Math.floor(((part + 1) * rows) / parts),
];

/** First part of a rank, and that after its last. */
export const partsOf = (rank: number, { size }: Ranks, parts: number): [first: number, end: number] => [
  Math.floor((rank * parts) / size),
  Math.floor(((rank + 1) * parts) / size),
];

/** Rows in whole parts: of more ranks than parts some have none. */
export function inParts(rows: number, ranks: Ranks, parts: number): Shard {
  const begin = (part: number): number => rowsOfPart(rows, part, parts)[0];
  const counts = Array.from({ length: ranks.size }, (_, rank) => {
    const [first, end] = partsOf(rank, ranks, parts);
    return begin(end) - begin(first);
  });
  return { ranks, counts };
}

/** Some parts that are added in pairs: as many as a power of two, from a multiple of it on. */
interface Node {
  readonly first: number;
  readonly count: number;
}

/** Numbers of each node that are there at once. */
const PIECE = 1 << 20;

/**
 * The sum over all parts, on all ranks.
 * @param parts a power of two.
 * @param ofPart numbers of a part of this rank, which may be changed.
 */
export function* sumParts(ranks: Ranks, parts: number, size: number, ofPart: OfPart): Task<Float64Array> {
  const nodes = Array.from({ length: ranks.size }, (_, rank) => nodesBetween(...partsOf(rank, ranks, parts)));
  const own: Float64Array[] = [];
  for (const node of at(nodes, ranks.rank)) own.push(yield* sumNode(node, ofPart));
  const total = new Float64Array(size);
  for (let begin = 0; begin < size; begin += PIECE) {
    const piece = total.subarray(begin, begin + PIECE);
    const some = own.map((sums) => sums.subarray(begin, begin + piece.length));
    sumPieces(ranks, nodes, some, piece);
  }
  return total;
}

type OfPart = (part: number) => Float64Array | Task<Float64Array>;

/**
 * Each rank adds a share of the numbers and tells all.
 * @param own a piece of the sum of each node of this rank.
 */
function sumPieces(
  ranks: Ranks,
  nodes: readonly (readonly Node[])[],
  own: readonly Float64Array[],
  total: Float64Array,
): void {
  const counts = evenCounts(total.length, ranks);
  const [begin, end] = rowsOfRank(counts, ranks.rank);
  const pieces = exchangeElements("sums over rows", ranks, sharesOf(own, counts), {
    sent: counts.map((count) => count * own.length),
    received: nodes.map((some) => some.length * (end - begin)),
    width: 1,
  });
  total.set(joinNodes(nodes.flat(), pieces, end - begin), begin);
  gatherElements("sums over rows", ranks, total, { counts, width: 1 });
}

/** For each rank its share of each of these sums. */
function sharesOf(sums: readonly Float64Array[], counts: readonly number[]): Float64Array {
  const shares = counts.flatMap((_, rank) => sums.map((each) => each.subarray(...rowsOfRank(counts, rank))));
  const all = new Float64Array(shares.reduce((length, share) => length + share.length, 0));
  let begin = 0;
  for (const share of shares) {
    all.set(share, begin);
    begin += share.length;
  }
  return all;
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
  return join(
    0,
    nodes.reduce((sum, { count }) => sum + count, 0),
  );
}

function addTo(sums: Float64Array, more: Float64Array): Float64Array {
  for (let n = 0; n < sums.length; n++) sums[n] = (sums[n] as number) + (more[n] as number);
  return sums;
}
