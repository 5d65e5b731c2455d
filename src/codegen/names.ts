/**
 * What the values of a loop are called in its text, and of which type they are. The one idea: both follow from where a
 * value lives, so that every line that mentions it agrees. Writes no line.
 */
import { lookUp } from "../asserts";
import { asVariable, isVariable } from "../formula/formula";
import type { Formula } from "../formula/formula";
import type { Placement } from "./placement";
import { OF_COLUMN } from "./text";
import type { Scope } from "./text";

export class Names {
  private readonly numbers: ReadonlyMap<Formula, number>;

  /** @param takesColumns whether a step takes several columns. */
  constructor(
    private readonly place: Placement,
    private readonly takesColumns: boolean,
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
    const isOfColumns = this.takesColumns && scope?.ofAllColumns === undefined;
    if (phase === "pair") return isOfColumns ? "Pairs" : "Tile";
    if (phase === "loop") return isOfColumns ? "Steps" : "real";
    return phase === "lane" ? "Tile" : "real";
  }

  /** What is said of all columns of a step, for the column that a scope is about. */
  inColumn(node: Formula, text: string, scope: Scope): string {
    const isOfColumns = scope.ofAllColumns && ["Pairs", "Steps"].includes(this.typeOf(node));
    return isOfColumns ? `${text}${OF_COLUMN}` : text;
  }
}
