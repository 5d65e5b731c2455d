/**
 * A program of the tile evaluator in words, for those who want to read what runs: a line for each instruction, in the
 * order in which they are evaluated. `p0` is a number of the call, `r0` one per row, `c0` one per column, `t0` one per
 * pair; `x0[2]` is a component of an argument.
 */
import { Category } from "../formula/formula";
import { at } from "../asserts";
import type { Specification } from "./specification";
import { listingOf, reducerFor } from "./tileprogram";
import type { Listing } from "./tileprogram";
import { Region } from "./tilewriter";
import type { Instruction, Value } from "./tilewriter";

/** @param lanes of a vector: the rows of a tile. */
export function tileText(specification: Specification, lanes: number): string {
  return new TileText(specification, lanes).text();
}

/** When values are computed, and the letter of their names. */
type Phase = readonly [title: string, letter: string];
const CALL: Phase = ["once per call", "p"];
const ROW: Phase = ["once per row", "r"];
const COLUMN: Phase = ["once per column", "c"];
const PAIR: Phase = ["for every pair", "t"];

/** A sum of more terms is written by its first and last. */
const MOST_TERMS = 3;

class TileText {
  private readonly listing: Listing;
  /** By region. Lanes are rows, but in the form `block`, which keeps both. */
  private readonly phases: readonly Phase[];

  constructor(
    private readonly specification: Specification,
    private readonly lanes: number,
  ) {
    this.listing = listingOf(specification, lanes);
    this.phases = specification.reduction ? [CALL, ROW, COLUMN, PAIR] : [CALL, COLUMN, ROW, PAIR];
  }

  text(): string {
    const { columns, pairSlots } = this.listing;
    const phases = this.phases.map(([title], region) => [
      `${title}:`,
      ...this.linesOf(region).map((line) => `  ${line}`),
    ]);
    return [
      `tiles of ${this.lanes} rows x ${columns} columns in ${this.specification.dtype}, ${pairSlots} at a time`,
      ...phases.filter((lines) => lines.length > 1).flat(),
      this.end(),
    ].join("\n");
  }

  private linesOf(region: number): string[] {
    const { writer } = this.listing;
    const constants = region === Region.Call ? writer.constants.map((number, slot) => `p${slot} = ${number}`) : [];
    const instructions = at(writer.instructions, region).map((instruction) => this.instruction(instruction));
    return [...constants, ...this.loads(region), ...instructions];
  }

  /** Components of arguments that are read before. */
  private loads(region: number): string[] {
    const { variables, rows, reduction } = this.specification;
    const regionOf = (category: Category): number => {
      if (category === Category.P) return Region.Call;
      return (category === rows) === (reduction !== null) ? Region.Lane : Region.Loop;
    };
    return this.listing.writer.loads
      .filter(([variable]) => regionOf(at(variables, variable).category) === region)
      .map(([variable, component, index]) => `${this.value({ region, index })} = x${variable}[${component}]`);
  }

  private instruction({ step, target, operands }: Instruction): string {
    const names = operands.map((operand) => this.value(operand));
    const size = names.length / step.terms;
    const terms = Array.from({ length: step.terms }, (_, n) =>
      kernelText(step.kernel, names.slice(n * size, (n + 1) * size)),
    );
    const shown = terms.length > MOST_TERMS ? [at(terms, 0), "...", at(terms, terms.length - 1)] : terms;
    return `${this.value(target)} ${step.add ? "+=" : "="} ${shown.join(" + ")}`;
  }

  private value({ region, index }: Pick<Value, "region" | "index">): string {
    return region >= Region.Variable
      ? `x${region - Region.Variable}[${index}]`
      : `${at(this.phases, region)[1]}${index}`;
  }

  /** What the reduction takes of every pair; the values themselves where there is none. */
  private end(): string {
    const { values, weights, weighted } = this.listing.results;
    const names = values.map((value) => this.value(value));
    const reducer = reducerFor(this.specification);
    if (reducer === undefined) return `values: ${names.join(", ")}`;
    if (weights === "none") return `${reducer} of ${names.join(", ")}`;
    return `${reducer} of ${names.slice(0, weighted).join(", ")} times ${names.slice(weighted).join(", ")}`;
  }
}

/** Compositions are called by their pattern over a, b and c; rows of the operation table by their name. */
function kernelText(kernel: string, args: readonly string[]): string {
  const pattern = kernel.replace(/^Sum of /, "");
  if (kernel === pattern && !/\W/.test(kernel)) return `${kernel}(${args.join(", ")})`;
  return pattern.replace(/\b[abc]\b/g, (letter) => at(args, "abc".indexOf(letter)));
}
