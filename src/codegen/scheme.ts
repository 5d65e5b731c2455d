/**
 * From a formula to the text of one loop body, the same for every device: each value of a Placement as lines of the
 * code dialect. Values that vary over lanes have the type Tile, others real; where a step of the loop takes several
 * columns at once, values of the loop have the type Steps and values of pairs the type Pairs. This module knows no
 * device and no data.
 */
import { asVariable, isVariable, lowerFormula, print } from "../formula/formula";
import { at } from "../asserts";
import type { Axis, Elementwise, Formula, Segment, Steps, Variable } from "../formula/formula";
import { constantValue } from "../formula/core";
import { axesOf, offsetOf, range, segmentAt, segmentsOf, sizeOf } from "./components";
import { Names } from "./names";
import type { Reading } from "./names";
import { Placement, UNROLL, isLooped, isOneInstruction } from "./placement";
import type { Lanes, Phase } from "./placement";
import { OF_COLUMN, affine, eachColumn, literal, loop, nestedLoops, newScope, withLiterals } from "./text";
import type { Scope } from "./text";

/** The loop body of a formula; a device puts its loops around the four lists of lines. */
export interface Scheme {
  /** The formula, printed with the names that the lines use. */
  readonly text: string;
  readonly lines: Readonly<Record<Phase, readonly string[]>>;
  /** The variables that the lines read: argument 3 is `p3` per call, `x3` over lanes, `y3` over the loop. */
  readonly variables: Readonly<Record<Phase, readonly Variable[]>>;
  /** Formulas of the loop index alone that are computed once per call, to be read at `h[0]`, `h[1]`, … */
  readonly hoisted: readonly Formula[];
  /** Vector instructions per pair, about. */
  readonly cost: number;
  /** Instructions that stand in the text: loops count once. */
  readonly written: number;
  /** Longest chain of instructions that wait for each other; quotients and roots count one each. */
  readonly chained: number;
  /** These quotients and roots. */
  readonly quotients: number;
  /**
   * Tiles that live through the loop, tiles that stand in memory, and those of them that are computed for every pair.
   */
  readonly liveTiles: number;
  readonly tilesInMemory: number;
  readonly pairTilesInMemory: number;
  /** How many sums of many terms pairs have. */
  readonly longSums: number;
}

export interface SchemeOptions extends Reading {
  /** Depends.I if the lanes are rows i, Depends.J if they are columns j. */
  readonly lanes: Lanes;
  /** Text that uses component `k` of root number `n`; `k` is a number, or a loop variable where the dim is large. */
  readonly consume: (n: number, k: number | string, value: string) => string;
  readonly hoist: boolean;
  /**
   * Of several columns at once: whether sums of many terms take these columns one after the other, so that few
   * registers do for their terms.
   */
  readonly columnByColumn?: boolean;
  /** The dim up to which components are separate values in registers, and sums are written out. */
  readonly unrolled?: number;
  /** How many components loops over them take in a turn; left to compilers if unset. */
  readonly unroll?: number;
}

/** The body that evaluates `roots` and hands each component to `consume`. */
export function scheme(roots: readonly Formula[], options: SchemeOptions): Scheme {
  return new Writer(roots.map(lowerFormula), options).write(roots);
}

const keyOf = (node: Formula, index: number | string): string => `${node.id}@${index}`;

class Writer {
  private readonly place: Placement;
  private readonly scopes: Record<Phase, Scope>;
  private readonly names: Names;
  private cost = 0;
  private written = 0;
  private chained = 0;
  private quotients = 0;
  private longSums = 0;
  /** Counts names that are neither a component nor an array. */
  private unique = 0;

  constructor(
    private readonly roots: readonly Formula[],
    private readonly options: SchemeOptions,
  ) {
    this.scopes = mapPhases(() => newScope(options.unroll));
    this.place = new Placement(roots, options.lanes, options.hoist, options.unrolled);
    this.names = new Names(this.place, options);
  }

  write(originals: readonly Formula[]): Scheme {
    for (const node of this.place.nodes) this.writeNode(node);
    this.roots.forEach((root, n) => this.useRoot(root, n));
    const { place, cost, written, chained, quotients } = this;
    return {
      text: originals.map((root) => print(root, (v) => this.names.nameRead(v))).join(", "),
      lines: mapPhases((phase) => this.scopes[phase].lines),
      variables: mapPhases((phase) => this.variables(phase)),
      hoisted: place.hoisted,
      cost,
      written,
      chained,
      quotients,
      liveTiles: place.liveTiles(),
      tilesInMemory: place.tilesInMemory(),
      pairTilesInMemory: place.tilesInMemory(["pair"]),
      longSums: this.longSums,
    };
  }

  private variables(phase: Phase): Variable[] {
    const { place } = this;
    return place.nodes.filter((node) => isVariable(node) && place.phase(node) === phase).map(asVariable);
  }

  private writeNode(node: Formula): void {
    const scope = this.scopes[this.place.phase(node)];
    if (this.place.inArray(node)) this.fillArray(node, scope);
    else if (!this.place.isWide(node) && !this.isAlias(node))
      for (const k of this.place.componentsWanted(node)) this.nameComponent(node, k, scope);
  }

  /** Constants are written where they are used, views stand for what they show, tiles are loaded already. */
  private isAlias(node: Formula): boolean {
    const { kind } = node.operation.shape;
    return constantValue(node) !== undefined || kind === "view" || this.place.isTile(node);
  }

  private nameComponent(node: Formula, k: number, scope: Scope): void {
    const name = `${isVariable(node) ? this.names.nameRead(node) : this.names.nameOf(node)}_${k}`;
    const text = this.valueText(node, k, scope);
    scope.lines.push(`const ${this.names.typeOf(node)} ${name} = ${text};`);
    scope.names.set(keyOf(node, k), name);
  }

  private useRoot(root: Formula, n: number): void {
    const { lines } = this.scopes.pair;
    const use = (k: number | string, scope: Scope): string =>
      this.options.consume(n, k, this.repeatForColumns(root, this.at(root, k, scope)));
    if (this.place.isWide(root)) lines.push(...loop(root.dim, this.scopes.pair, (scope) => use("k", scope)));
    else for (const k of range(root.dim)) lines.push(use(k, this.scopes.pair));
  }

  /**
   * Reducers take a value for each column of a step, also where all columns share it; a view may show such components
   * beside others.
   */
  private repeatForColumns(root: Formula, value: string): string {
    if (!this.options.columnStride) return value;
    return this.names.typeOf(root) === "Pairs" && root.operation.shape.kind !== "view" ? value : `Pairs(${value})`;
  }

  // ---- values

  /** The expression of component `k` of a node from its arguments. */
  private valueText(node: Formula, k: number | string, scope: Scope): string {
    const { shape } = node.operation;
    if (this.place.isRead(node)) return this.names.textRead(node, k, scope);
    return shape.kind === "elementwise"
      ? this.elementwiseText(node, shape, k, scope)
      : this.contractionText(node, k as number, scope);
  }

  private elementwiseText(node: Formula, shape: Elementwise, k: number | string, scope: Scope): string {
    if (!shape.code) throw new Error(`${node.operation.name} has no code and was not lowered`);
    this.count(node, shape.cost, typeof k === "string" ? node.dim : 1);
    const args = node.args.map((arg) => this.at(arg, arg.dim === 1 ? 0 : k, scope));
    const text = shape.code(args);
    if (isOneInstruction(text) && this.place.phase(node) === "pair") {
      this.chained -= shape.cost - 1;
      this.quotients++;
    }
    return withLiterals(text);
  }

  /** A sum of products, written out if it is short, else the name of a sum that a loop in front has made. */
  private contractionText(node: Formula, k: number, scope: Scope): string {
    const { kept, summed } = axesOf(node);
    const start = node.args.map((_, n) => offsetOf(k, kept, n));
    const terms = sizeOf(summed);
    const isLoop = summed.length === 1 && terms > (this.options.unrolled ?? UNROLL);
    this.count(node, isLoop ? 1 : terms, isLoop ? terms : 1);
    if (isLoop) return this.loopedSum(node, start, at(summed, 0), scope);
    const product = (d: number): string =>
      node.args.map((arg, n) => this.at(arg, at(start, n) + offsetOf(d, summed, n), scope)).join(" * ");
    return range(terms).map(product).join(" + ");
  }

  /**
   * One sum for each column of a step; of a single column even and odd terms apart, as each addition waits for the one
   * before.
   */
  private loopedSum(node: Formula, start: readonly (number | string)[], { size, strides }: Axis, outer: Scope): string {
    const sums = `${this.names.nameOf(node)}_s${this.unique++}`;
    const chains = this.names.typeOf(node) === "Pairs" ? 1 : 2;
    const product = (k: number | string, scope: Scope): string =>
      node.args.map((arg, n) => this.at(arg, affine(at(start, n), at(strides, n), k), scope)).join(" * ");
    const inColumns = chains === 1 && this.options.columnByColumn === true;
    const add = (chain: number, k: number | string, scope: Scope): string => {
      const sum = `${sums}[${chain}]${scope.ofAllColumns ? OF_COLUMN : ""}`;
      return `${sum} = ${sum} + ${product(k, scope)};`;
    };
    const together = size - (size % chains);
    const addChains = (scope: Scope): string =>
      range(chains)
        .map((chain) => add(chain, chain === 0 ? "k" : `k + ${chain}`, scope))
        .join(" ");
    const step = (scope: Scope): string | string[] => (inColumns ? eachColumn(scope, addChains) : addChains(scope));
    outer.lines.push(`${this.names.typeOf(node)} ${sums}[${chains}] = {};`, ...loop(together, outer, step, chains));
    if (together < size) outer.lines.push(add(0, together, outer));
    if (this.place.phase(node) === "pair") this.longSums++;
    return `(${range(chains)
      .map((chain) => `${sums}[${chain}]`)
      .join(" + ")})`;
  }

  /** Instructions of pairs are what a call costs. */
  private count(node: Formula, instructions: number, times: number): void {
    if (this.place.phase(node) !== "pair") return;
    this.cost += times * instructions;
    this.written += instructions;
    this.chained += instructions;
  }

  // ---- wide values in arrays

  private fillArray(node: Formula, scope: Scope): void {
    const name = this.names.nameOf(node);
    scope.lines.push(`${this.names.typeOf(node)} ${name}[${node.dim}];`);
    if (isLooped(node)) this.fillByAxes(node, name, scope);
    else if (node.operation.shape.kind === "contraction")
      for (const k of range(node.dim)) scope.lines.push(`${name}[${k}] = ${this.valueText(node, k, scope)};`);
    else this.fillByLoops(node, name, scope);
  }

  /** A contraction in loops over the axes that it keeps, around a product or the loop of a sum. */
  private fillByAxes(node: Formula, name: string, outer: Scope): void {
    const { kept, summed } = axesOf(node);
    const places = node.args.map((_, n) => indexIn(kept.map(({ strides }) => at(strides, n))));
    const target = indexIn(kept.map((_, d) => sizeOf(kept.slice(d + 1))));
    this.count(node, 1, node.dim * sizeOf(summed));
    const value = (scope: Scope): string =>
      summed.length > 0
        ? this.loopedSum(node, places, at(summed, 0), scope)
        : node.args.map((arg, n) => this.at(arg, at(places, n), scope)).join(" * ");
    outer.lines.push(...nestedLoops(kept, outer, (scope) => `${name}[${target}] = ${value(scope)};`));
  }

  private fillByLoops(node: Formula, name: string, outer: Scope): void {
    for (const { length, start, stride, value } of this.pieces(node)) {
      const at = affine(start, stride, "k");
      outer.lines.push(...loop(length, outer, (scope) => `${name}[${at}] = ${value(scope)};`));
    }
  }

  /** An elementwise value comes in one piece, a view in one piece per segment. */
  private pieces(node: Formula): (Steps & { length: number; value: (scope: Scope) => string })[] {
    const { shape } = node.operation;
    if (shape.kind === "elementwise")
      return [
        { length: node.dim, start: 0, stride: 1, value: (scope) => this.elementwiseText(node, shape, "k", scope) },
      ];
    return segmentsOf(node).map((segment) => ({
      ...segment.target,
      length: segment.length,
      value: (scope) => this.segmentText(node, segment, "k", scope),
    }));
  }

  private segmentText(node: Formula, { arg, start, stride }: Segment, k: number | string, scope: Scope): string {
    if (arg === undefined) return literal(0);
    const shown = at(node.args, arg);
    return this.at(shown, shown.dim === 1 ? 0 : affine(start, stride, k), scope);
  }

  // ---- names

  /** Text of component `index` of a node; may add lines to the scope. */
  private at(node: Formula, index: number | string, scope: Scope): string {
    const constant = constantValue(node);
    if (constant !== undefined) return literal(constant);
    if (this.place.inArray(node)) return this.names.inColumn(node, `${this.names.nameOf(node)}[${index}]`, scope);
    if (this.place.isTile(node)) return `${this.names.nameRead(node)}[${index}]`;
    if (node.operation.shape.kind === "view" && !this.place.isRead(node)) return this.viewAt(node, index, scope);
    return this.findName(node, index, scope) ?? this.computeHere(node, index, scope);
  }

  private viewAt(node: Formula, index: number | string, scope: Scope): string {
    const [segment, within] =
      typeof index === "number" ? segmentAt(node, index) : ([at(segmentsOf(node), 0), index] as const);
    return this.segmentText(node, segment, within, scope);
  }

  private findName(node: Formula, index: number | string, scope: Scope): string | undefined {
    const own = scope.names.get(keyOf(node, index));
    if (own !== undefined || scope.ofAllColumns === undefined)
      return own ?? this.scopes[this.place.phase(node)].names.get(keyOf(node, index));
    const ofAll = this.findName(node, index, scope.ofAllColumns);
    return ofAll === undefined ? undefined : this.names.inColumn(node, ofAll, scope);
  }

  /** A component of a wide value that has no array. */
  private computeHere(node: Formula, index: number | string, scope: Scope): string {
    const text = this.valueText(node, index, scope);
    const name = `${this.names.nameOf(node)}_v${this.unique++}`;
    scope.lines.push(`const ${this.names.typeOf(node, scope)} ${name} = ${text};`);
    scope.names.set(keyOf(node, index), name);
    return name;
  }
}

/** The place of the indices k0, k1, … of loops in what lies along them in these strides. */
const indexIn = (strides: readonly number[]): number | string =>
  strides.reduce<number | string>((start, stride, depth) => affine(start, stride, `k${depth}`), 0);

function mapPhases<T>(f: (phase: Phase) => T): Record<Phase, T> {
  return { call: f("call"), lane: f("lane"), loop: f("loop"), pair: f("pair") };
}
