/**
 * Block iterations of which some columns are done: the others go on in a narrower block, so that what is done costs nothing any more.
 * Knows which columns go on, not what is done with them.
 */
import type { Space } from "./space";
import { Workspace } from "./space";
import type { Task } from "./task";

/** Part of the columns that a narrower block must spare to be worth its copies. */
const SPARED = 0.25;

/** Some columns of a space, as the first ones of a space of their own; what is beyond them is zero. */
export class Narrowed<V, S> {
  private constructor(
    private readonly whole: Space<V, S>,
    readonly part: Space<V, S>,
    private readonly places: readonly number[],
  ) {}

  /** Undefined where that spares too little, or cannot be. Widths are powers of two, as products of each width are a routine of their own. */
  static of<V, S>(whole: Space<V, S>, places: readonly number[]): Narrowed<V, S> | undefined {
    const width = 2 ** Math.ceil(Math.log2(places.length));
    if (places.length === 0 || width > (1 - SPARED) * whole.columns) return undefined;
    const part = whole.resized?.(width);
    return part && new Narrowed(whole, part, places);
  }

  /** A number per column of the part, from those of the whole. */
  taken(numbers: readonly number[], beyond: number): number[] {
    return Array.from({ length: this.part.columns }, (_, k) =>
      k < this.places.length ? numbers[this.places[k]!]! : beyond,
    );
  }

  /** Those of the whole, with what the part has made of its own. */
  merged<T>(ofWhole: readonly T[], ofPart: readonly T[]): T[] {
    const all = [...ofWhole];
    this.places.forEach((place, k) => (all[place] = ofPart[k]!));
    return all;
  }

  /** Runs on these columns of vectors and of x; whatever its end, x gets what they have become. */
  *run<R>(vectors: readonly V[], x: V, body: (vectors: readonly V[], x: V) => Task<R>): Task<R> {
    const { whole, part, places } = this;
    const work = new Workspace(part);
    const narrow = (wide: V): V => {
      const own = work.vector();
      whole.gather?.(wide, places, own);
      return own;
    };
    const own = narrow(x);
    try {
      return yield* body(vectors.map(narrow), own);
    } finally {
      whole.scatter?.(own, places, x);
      work.free();
    }
  }
}
