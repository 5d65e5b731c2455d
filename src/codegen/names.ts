/**
 * What the values of a loop are called in its text, of which type they are, and how they are read. The one idea: all
 * follow from where a value lives, so that every line that mentions it agrees.
 */
import { lookUp } from "../asserts";
import { asVariable, isVariable } from "../formula/formula";
import type { Formula } from "../formula/formula";
import type { Placement } from "./placement";
import { OF_COLUMN, affine } from "./text";
import type { Scope } from "./text";

/** How the loop reads what it has of columns. */
export interface Reading {
  /**
   * Where a step of the loop takes several columns at once: how far, in numbers, one lies from the next in what holds
   * `dim` numbers of each.
   */
  readonly columnStride?: (dim: number) => number | string;
  /**
   * The dim from which on loops over what a column has ask the memory for what the next step reads; they do not if
   * unset.
   */
  readonly fetchedAhead?: number;
}

export class Names {
  private readonly numbers: ReadonlyMap<Formula, number>;

  constructor(
    private readonly place: Placement,
    private readonly reading: Reading,
  ) {
    this.numbers = new Map(place.nodes.map((node, n) => [node, n]));
  }

  nameOf(node: Formula): string {
    return `t${lookUp(this.numbers, node)}`;
  }

  /** The name of what is loaded before a loop, or hoisted out of it. */
  nameRead(node: Formula): string {
    if (!isVariable(node)) return "h";
    return `${{ call: "p", lane: "x", loop: "y", pair: "" }[this.place.phase(node)]}${asVariable(node).position}`;
  }

  typeOf(node: Formula, scope?: Scope): "Tile" | "real" | "Pairs" | "Steps" {
    const phase = this.place.phase(node);
    const isOfColumns = this.reading.columnStride !== undefined && scope?.ofAllColumns === undefined;
    if (phase === "pair") return isOfColumns ? "Pairs" : "Tile";
    if (phase === "loop") return isOfColumns ? "Steps" : "real";
    return phase === "lane" ? "Tile" : "real";
  }

  /** What is said of all columns of a step, for the column that a scope is about. */
  inColumn(node: Formula, text: string, scope: Scope): string {
    const isOfColumns = scope.ofAllColumns && ["Pairs", "Steps"].includes(this.typeOf(node));
    return isOfColumns ? `${text}${OF_COLUMN}` : text;
  }

  /** The expression of component `k` of what is read; may add a line to the scope. */
  textRead(node: Formula, k: number | string, scope: Scope): string {
    const { hoisted } = this.place;
    const before = hoisted.slice(0, Math.max(0, hoisted.indexOf(node)));
    const at = affine(totalDim(before), 1, k);
    const dim = isVariable(node) ? node.dim : totalDim(hoisted);
    this.fetchAhead(node, dim, at, scope);
    if (this.typeOf(node) !== "Steps") return `splat(${this.nameRead(node)}[${at}])`;
    const [name, stride] = [this.nameRead(node), this.reading.columnStride!(dim)];
    return scope.ofAllColumns ? `splat(${name}[${at} + ${stride} * c])` : `Steps(${name} + ${at}, ${stride})`;
  }

  /**
   * In a loop over `dim` numbers of each column: while it reads those of this step, those of the next are on their way.
   * Processors do not see by themselves where several columns, read side by side, go on.
   */
  private fetchAhead(node: Formula, dim: number, index: number | string, scope: Scope): void {
    const { fetchedAhead = Infinity } = this.reading;
    if (typeof index === "number" || dim < fetchedAhead || this.place.phase(node) !== "loop") return;
    const columns = this.typeOf(node) === "Steps" ? "COUNT<Steps> * " : "";
    (scope.ofAllColumns ?? scope).lines.push(`prefetch(${this.nameRead(node)} + ${columns}(${dim} + ${index}));`);
  }
}

const totalDim = (formulas: readonly Formula[]): number => formulas.reduce((sum, { dim }) => sum + dim, 0);
