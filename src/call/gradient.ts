/**
 * Gradients of a reduction, which are again formulas reduced over i or j: one operator for each argument, to any order.
 * Those of minima and maxima go to the pairs (i, j) that indices have chosen, which become points of their own: pair p
 * is row p of every array, whatever entry of a batch it comes from. On them a minimum is the formula itself, so that
 * its derivatives are those of the formula, gathered and scattered.
 */
import { AskedRows, askRows, giveRows, sumRows } from "../array/rankrows";
import type { Ranks } from "../array/exchange";
import type { Shard } from "../array/shard";
import { gather, scatterAdd } from "../array/tape";
import type { RealArray } from "../array/view";
import { asserted, at, integerAt } from "../asserts";
import { extraArgument } from "../formula/arguments";
import type { Argument } from "../formula/arguments";
import { Category, asVariable, isVariable, rebuild, withArgs } from "../formula/formula";
import type { Formula } from "../formula/formula";
import { isZero } from "../formula/core";
import type { SumGradient } from "../formula/reductions";
import { startsIn, summedTo } from "./batches";
import type { How } from "./prepared";
import { PLAIN_SUM, bothOf, otherOf, restsOf, valuesOf } from "./result";
import type { Kept, Result, Settings } from "./result";

/** What is differentiated, and what gradients are: formulas with their arguments and a reduction. */
export interface Reduced {
  readonly formulas: readonly Formula[];
  readonly args: readonly Argument[];
  readonly settings: Settings;
  /** Numbers of a row of the result. */
  readonly dim: number;
  toString(): string;
  results(arrays: readonly RealArray[], how: How): Result;
  pullback(
    arrays: readonly RealArray[],
    cotangent: RealArray,
    wanted: readonly boolean[],
    how: How,
  ): (RealArray | null)[];
}

type Make = (formulas: readonly Formula[], args: readonly Argument[], settings: Settings) => Reduced;

/**
 * A value that gradients take as an argument: of the call, of another reduction, or the rest of the value before it.
 */
interface SavedValue {
  readonly argument: Argument;
  readonly from: "result" | "rest" | Reduced;
}

/** The gradients of one reduction, made when they are first asked for. */
export class Gradients {
  private readonly made = new Map<number, Reduced | null>();
  private savedValues: readonly SavedValue[] | undefined;

  constructor(
    private readonly of: Reduced,
    private readonly make: Make,
  ) {}

  /**
   * One gradient per argument that is wanted; null where it is zero.
   * @param result of the call, where the reduction needs it for its gradient.
   */
  pullback(
    arrays: readonly RealArray[],
    cotangent: RealArray,
    wanted: readonly boolean[],
    how: How,
    result?: Result,
  ): (RealArray | null)[] {
    const saved: RealArray[] = [];
    let last = result;
    for (const { from } of this.forwardValues()) {
      if (typeof from !== "string") last = from.results([...arrays, ...saved], how);
      const found = asserted(last, "a result");
      saved.push(from === "rest" ? restsOf(bothOf(found)) : valuesOf(found));
    }
    return this.of.args.map((argument, n) => {
      const gradient = wanted[n] ? this.by(n) : null;
      if (!gradient) return null;
      const values = valuesOf(gradient.results([...arrays, ...saved, cotangent], how));
      const ranks = argument.category === Category.P ? how.shards?.[gradient.settings.rows]?.ranks : undefined;
      return ranks ? sumRows(values, ranks) : summedTo(values, argument, at(arrays, n).shape);
    });
  }

  /** Gradients at the pairs that indices name, for a formula of this dim. */
  routeToPairs(
    choice: Choice,
    dim: number,
    cotangent: RealArray,
    wanted: readonly boolean[],
    { backend, device, compile, shards }: How,
  ): (RealArray | null)[] {
    const { formulas, args, settings } = this.of;
    const pairs = new Pairs(String(this.of), formulas, args, settings.rows, choice, shards);
    const onPairs = this.make(pairs.formulas, pairs.args, PLAIN_SUM);
    const routed = pairs.cotangent(cotangent, dim);
    const how = { backend, device, compile, shards: pairs.shards };
    const gradients = onPairs.pullback(pairs.arrays, routed, wanted, how);
    return gradients.map((gradient, n) => gradient && pairs.scatterBack(gradient, n));
  }

  /** What gradients need of the forward pass, each computed from the arguments and those before it. */
  private forwardValues(): readonly SavedValue[] {
    return (this.savedValues ??= this.makeSaved());
  }

  private makeSaved(): SavedValue[] {
    const { formulas, args, settings, dim } = this.of;
    const made: SavedValue[] = [];
    const save = (from: SavedValue["from"], size: number): unknown =>
      made.push({ argument: extraArgument(args.length + made.length, size, settings.rows), from });
    for (const wanted of (settings.reduction.gradient as SumGradient).saved(formulas)) {
      if (typeof wanted === "string") {
        save(wanted, dim);
        continue;
      }
      const known = made.map(({ argument }) => argument);
      const texts = wanted.formulas(known.map(({ variable }) => variable));
      const other = this.make(texts, [...args, ...known], { ...settings, reduction: wanted.reduction });
      save(other, other.dim);
      if (wanted.reduction.tellsRest) save("rest", other.dim);
    }
    return made;
  }

  /**
   * The gradient by argument n: saved values and the cotangent are new last arguments of the category of the result.
   */
  private by(n: number): Reduced | null {
    let found = this.made.get(n);
    if (found === undefined) this.made.set(n, (found = this.makeBy(n)));
    return found;
  }

  private makeBy(n: number): Reduced | null {
    const { formulas, args, settings, dim } = this.of;
    const saved = this.forwardValues().map(({ argument }) => argument);
    const cotangent = extraArgument(args.length + saved.length, dim, settings.rows);
    const by = at(args, n);
    const gradient = (settings.reduction.gradient as SumGradient).formula({
      formulas,
      by: by.variable,
      cotangent: cotangent.variable,
      saved: saved.map(({ variable }) => variable),
    });
    if (isZero(gradient)) return null;
    const rows = by.category === Category.P ? settings.rows : by.category;
    const { reduction, k } = PLAIN_SUM;
    return this.make([gradient], [...args, ...saved, cotangent], { ...settings, reduction, k, rows });
  }
}

/** What a call had, and which columns it chose: `[...batch, rows, perRow]`, -1 where there was none to choose. */
export interface Choice {
  readonly arrays: readonly RealArray[];
  readonly batch: readonly number[];
  readonly rows: number;
  readonly perRow: number;
  readonly columns: Int32Array;
}

/** The places where an index is; where all ranks have the row that there is, the first one has its pairs. */
function chosenAmong(columns: Int32Array, shards: How["shards"], kept: Kept): Uint32Array {
  const ranks = shards?.[kept] ? undefined : shards?.[otherOf(kept)]?.ranks;
  if (ranks && ranks.rank > 0) return new Uint32Array(0);
  return Uint32Array.from(columns.keys()).filter((place) => integerAt(columns, place) >= 0);
}

function shardOfRows(ranks: Ranks, rows: number): Shard {
  return { ranks, counts: ranks.agree(() => "pairs that minima and maxima have chosen", rows) };
}

/** The chosen pairs of formulas over arguments. Where columns travel, each rank has those of its own rows. */
class Pairs {
  /** Every variable but the parameters is indexed by p. */
  readonly formulas: readonly Formula[];
  readonly args: readonly Argument[];
  readonly arrays: readonly RealArray[];
  /** Whose pairs these are, where columns travel. */
  readonly shards: How["shards"];
  /** The places among the indices where there is one. */
  private readonly chosen: Uint32Array;
  /** Their columns, where others have them. */
  private readonly asked: AskedRows | null;

  /** @param of the call, in words. @param kept the category of its rows. */
  constructor(
    private readonly of: string,
    formulas: readonly Formula[],
    private readonly given: readonly Argument[],
    private readonly kept: Kept,
    private readonly choice: Choice,
    shards: How["shards"],
  ) {
    this.chosen = chosenAmong(choice.columns, shards, kept);
    const travelling = shards?.[otherOf(kept)];
    this.asked = travelling ? this.askFor(travelling) : null;
    this.shards = travelling && [shardOfRows(travelling.ranks, this.chosen.length), undefined];
    this.args = given.map((argument, n) =>
      this.isShared(n) ? argument : extraArgument(argument.position, argument.dim, Category.I),
    );
    const replaceVariable = (node: Formula, below: readonly Formula[]): Formula =>
      isVariable(node) ? at(this.args, asVariable(node).position).variable : withArgs(node, below);
    this.formulas = formulas.map((formula) => rebuild(formula, replaceVariable));
    this.arrays = choice.arrays.map((array, n) => this.gatherArgument(array, n));
  }

  /** A parameter that is the same for all pairs. */
  private isShared(n: number): boolean {
    const argument = at(this.given, n);
    return argument.category === Category.P && at(this.choice.arrays, n).shape.length === argument.rank;
  }

  private askFor(travelling: Shard): AskedRows {
    const columns = Float64Array.from(this.chosen, (place) => integerAt(this.choice.columns, place));
    return new AskedRows(travelling, columns, `the columns that ${this.of} has chosen`);
  }

  /** What brings an argument from other ranks. */
  private askedFor(n: number): AskedRows | null {
    return at(this.given, n).category === otherOf(this.kept) ? this.asked : null;
  }

  private gatherArgument(array: RealArray, n: number): RealArray {
    if (this.isShared(n)) return array;
    const asked = this.askedFor(n);
    if (asked) return askRows(array, asked);
    return gather(array, this.elements(n), [this.chosen.length, at(this.given, n).dim]);
  }

  /** The way back: what pairs give is added up where they come from. */
  scatterBack(gradient: RealArray, n: number): RealArray {
    if (this.isShared(n)) return gradient;
    const [asked, { shape }] = [this.askedFor(n), at(this.choice.arrays, n)];
    return asked ? giveRows(gradient, asked, at(shape, 0)) : scatterAdd(gradient, this.elements(n), shape);
  }

  /** `[pairs, dim]`: each pair was chosen by one component, and only there has its cotangent. */
  cotangent(cotangent: RealArray, dim: number): RealArray {
    const components = this.chosen.map((place, p) => p * dim + (place % dim));
    const { length } = this.chosen;
    return scatterAdd(gather(cotangent, this.chosen, [length]), components, [length, dim]);
  }

  /** Where the components of each pair lie in the memory of an argument. */
  private elements(n: number): Float64Array {
    const { batch, rows, perRow, columns, arrays } = this.choice;
    const argument = at(this.given, n);
    const { category, dim } = argument;
    const starts = startsIn(argument, at(arrays, n).shape, batch);
    const elements = new Float64Array(this.chosen.length * dim);
    this.chosen.forEach((place, p) => {
      const row = Math.floor(place / perRow);
      const point = category === Category.P ? 0 : category === this.kept ? row % rows : integerAt(columns, place);
      const start = integerAt(starts, Math.floor(row / rows)) + point * dim;
      for (let k = 0; k < dim; k++) elements[p * dim + k] = start + k;
    });
    return elements;
  }
}
