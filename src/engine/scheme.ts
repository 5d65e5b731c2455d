/**
 * From a formula to the text of one loop body, the same for every device. Two indices: the *lane* index, over which a device works
 * in parallel, and the *loop* index, over which it runs; a reduction over j has lanes i. Every value is computed in the outermost
 * of four places where it is known: once per call, per lane block, per loop step, per pair. What is known per loop step and costs
 * more than a load is hoisted: computed once per call into an extra array. The text is in the code dialect; values that vary
 * over lanes have the type Tile, others real. This module knows no device and no data.
 */
import { Depends, asVariable, isVariable, lowered, print } from "../formula/formula";
import type { Axis, Contraction, Elementwise, Formula, Segment, Variable, View } from "../formula/formula";
import { constantValue } from "../formula/ops";

/** Where a value is computed. */
export type Phase = "call" | "lane" | "loop" | "pair";

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
  /** Tiles that live through the loop: lane values that the pairs read. */
  readonly liveTiles: number;
  /** Tiles in memory: arrays of dim > UNROLL and the like. */
  readonly tilesInMemory: number;
}

export interface SchemeOptions {
  /** Depends.I if the lanes are rows i, Depends.J if they are columns j. */
  readonly lanes: Depends.I | Depends.J;
  /** Text that uses component `k` of root number `n`; `k` is a number, or a loop variable where the dim is large. */
  readonly consume: (n: number, k: number | string, value: string) => string;
  readonly hoist: boolean;
}

/** Up to this dim, components are separate values in registers; beyond, arrays and loops. */
export const UNROLL = 16;
/** A value of the loop index is hoisted if it costs at least this many instructions per component. */
const HOIST_COST = 3;

/** The body that evaluates `roots` and hands each component to `consume`. */
export function scheme(roots: readonly Formula[], options: SchemeOptions): Scheme {
  return new Emitter(roots.map(lowered), options).run(roots);
}

interface Scope {
  readonly lines: string[];
  /** Names of what this scope has computed, by node and index. */
  readonly names: Map<string, string>;
}

const newScope = (): Scope => ({ lines: [], names: new Map() });
const indent = (lines: readonly string[]): string[] => lines.map((line) => `  ${line}`);

class Emitter {
  private readonly scopes: Record<Phase, Scope> = {
    call: newScope(),
    lane: newScope(),
    loop: newScope(),
    pair: newScope(),
  };
  private readonly nodes: readonly Formula[];
  private readonly hoisted: readonly Formula[];
  private readonly arrays = new Set<Formula>();
  private readonly numbers: ReadonlyMap<Formula, number>;
  private readonly demand = new Map<Formula, Set<number>>();
  private cost = 0;

  constructor(
    private readonly roots: readonly Formula[],
    private readonly options: SchemeOptions,
  ) {
    this.hoisted = options.hoist ? hoistable(roots, (node) => this.phase(node)) : [];
    this.nodes = nodesAbove(roots, new Set(this.hoisted));
    this.numbers = new Map(this.nodes.map((node, n) => [node, n]));
    this.chooseArrays();
    this.spreadDemand();
  }

  run(originals: readonly Formula[]): Scheme {
    for (const node of this.nodes) if (isWide(node)) this.fillArray(node);
    else this.nameComponents(node);
    this.roots.forEach((root, n) => this.useRoot(root, n));
    return {
      text: originals.map((root) => print(root, (v) => this.variableName(asVariable(v), v))).join(", "),
      lines: mapPhases((phase) => this.scopes[phase].lines),
      variables: mapPhases((phase) => this.variables(phase)),
      hoisted: this.hoisted,
      cost: this.cost,
      liveTiles: this.liveTiles(),
      tilesInMemory: this.tilesInMemory(),
    };
  }

  private phase(node: Formula): Phase {
    if (node.depends === Depends.Nothing) return "call";
    if (node.depends === Depends.Both) return "pair";
    return node.depends === this.options.lanes ? "lane" : "loop";
  }

  // ---- planning

  /** Wide values that are read from a later phase or by several others live in arrays; other wide values are computed where used. */
  private chooseArrays(): void {
    const readers = new Map<Formula, Set<Formula>>(this.nodes.map((node) => [node, new Set()]));
    for (const node of this.nodes) for (const arg of node.args) readers.get(arg)?.add(node);
    for (const node of this.nodes) {
      const phases = [...readers.get(node)!].map((reader) => this.phase(reader));
      if (this.roots.includes(node)) phases.push("pair");
      if (isWide(node) && !this.isRead(node) && needsArray(node, this.phase(node), phases)) this.arrays.add(node);
    }
  }

  /** Which components of each node anybody reads. */
  private spreadDemand(): void {
    for (const node of this.nodes) this.demand.set(node, new Set(this.roots.includes(node) ? range(node.dim) : []));
    for (const node of [...this.nodes].reverse()) {
      if (this.isRead(node)) continue;
      const wanted = isWide(node) ? range(node.dim) : [...this.demand.get(node)!];
      for (const k of wanted) for (const [arg, m] of componentsRead(node, k)) this.demand.get(arg)?.add(m);
    }
  }

  /** Variables and hoisted values are read, not computed. */
  private isRead(node: Formula): boolean {
    return isVariable(node) || this.hoisted.includes(node);
  }

  // ---- values of dim <= UNROLL: a name per component

  private nameComponents(node: Formula): void {
    const scope = this.scopes[this.phase(node)];
    for (const k of [...this.demand.get(node)!].sort((a, b) => a - b)) this.nameComponent(node, k, scope);
  }

  private nameComponent(node: Formula, k: number, scope: Scope): void {
    if (constantValue(node) !== undefined || node.operation.shape.kind === "view" || this.isTileOf(node)) return;
    const name = this.isRead(node) ? `${this.readName(node)}_${k}` : `${this.name(node)}_${k}`;
    scope.lines.push(`const ${this.type(node)} ${name} = ${this.formulaText(node, k, scope)};`);
    scope.names.set(`${node.id}@${k}`, name);
  }

  /** Variables of the lanes stand in tiles already. */
  private isTileOf(node: Formula): boolean {
    return isVariable(node) && this.phase(node) === "lane";
  }

  private formulaText(node: Formula, k: number | string, scope: Scope): string {
    const shape = node.operation.shape;
    if (this.isRead(node)) return `splat(${this.readText(node, k)})`;
    return shape.kind === "elementwise"
      ? this.elementwiseText(node, shape, k, scope)
      : this.contractionText(node, shape as Contraction, k as number, scope);
  }

  private elementwiseText(node: Formula, shape: Elementwise, k: number | string, scope: Scope): string {
    if (!shape.code) throw new Error(`${node.operation.name} has no code and was not lowered`);
    if (this.phase(node) === "pair") this.cost += shape.cost * (typeof k === "string" ? node.dim : 1);
    const args = node.args.map((arg) => this.at(arg, arg.dim === 1 ? 0 : k, scope));
    return withLiterals(shape.code(args, node.params));
  }

  /** The sum of products, written out if it is short, else a loop in front. */
  private contractionText(node: Formula, shape: Contraction, k: number, scope: Scope): string {
    const { kept, summed } = shape.axes(
      node.args.map((arg) => arg.dim),
      node.params,
    );
    const start = node.args.map((_, n) => offsetOf(k, kept, n));
    const terms = sizeOf(summed);
    if (this.phase(node) === "pair") this.cost += terms;
    if (summed.length === 1 && terms > UNROLL) return this.loopedSum(node, start, summed[0]!, scope);
    const product = (d: number): string =>
      node.args.map((arg, n) => this.at(arg, start[n]! + offsetOf(d, summed, n), scope)).join(" * ");
    return range(terms).map(product).join(" + ");
  }

  private loopedSum(node: Formula, start: readonly number[], axis: Axis, scope: Scope): string {
    const name = `${this.name(node)}_${scope.names.size}s`;
    const inner: Scope = { lines: [], names: new Map(scope.names) };
    const index = (n: number): number | string =>
      axis.strides[n] === 0 ? start[n]! : affine(start[n]!, axis.strides[n]!, "k");
    const product = node.args.map((arg, n) => this.at(arg, index(n), inner)).join(" * ");
    scope.lines.push(
      `${this.type(node)} ${name} = {};`,
      `for (int k = 0; k < ${axis.size}; k++) {`,
      ...indent([...inner.lines, `${name} = ${name} + ${product};`]),
      "}",
    );
    return name;
  }

  // ---- wide values: arrays and loops

  private fillArray(node: Formula): void {
    if (!this.arrays.has(node)) return;
    const scope = this.scopes[this.phase(node)];
    const name = this.name(node);
    scope.lines.push(`${this.type(node)} ${name}[${node.dim}];`);
    if (node.operation.shape.kind === "contraction")
      for (const k of range(node.dim)) scope.lines.push(`${name}[${k}] = ${this.formulaText(node, k, scope)};`);
    else this.fillByLoops(node, name, scope);
  }

  private fillByLoops(node: Formula, name: string, scope: Scope): void {
    let first = 0;
    for (const { length, value } of this.pieces(node)) {
      const inner: Scope = { lines: [], names: new Map(scope.names) };
      const text = value("k", inner);
      const at = affine(first, 1, "k");
      const body = [...inner.lines, `${name}[${at}] = ${text};`];
      scope.lines.push(`for (int k = 0; k < ${length}; k++) {`, ...indent(body), "}");
      first += length;
    }
  }

  /** An elementwise value in one piece, a view in one piece per segment. */
  private pieces(node: Formula): { length: number; value: (k: string, scope: Scope) => string }[] {
    const { shape } = node.operation;
    if (shape.kind === "elementwise")
      return [{ length: node.dim, value: (k, scope) => this.elementwiseText(node, shape, k, scope) }];
    return segmentsOf(node).map((segment) => ({
      length: segment.length,
      value: (k, scope) => this.segmentText(node, segment, k, scope),
    }));
  }

  private segmentText(node: Formula, segment: Segment, k: string, scope: Scope): string {
    if (segment.arg === undefined) return this.zeroOf(node);
    const arg = node.args[segment.arg]!;
    return this.at(arg, segment.stride === 0 ? segment.start : affine(segment.start, segment.stride, k), scope);
  }

  private zeroOf(node: Formula): string {
    return `${this.type(node)}{}`;
  }

  private useRoot(root: Formula, n: number): void {
    const scope = this.scopes.pair;
    if (!isWide(root)) {
      for (const k of range(root.dim)) scope.lines.push(this.options.consume(n, k, this.at(root, k, scope)));
      return;
    }
    const inner: Scope = { lines: [], names: new Map(scope.names) };
    const value = this.at(root, "k", inner);
    const body = [...inner.lines, this.options.consume(n, "k", value)];
    scope.lines.push(`for (int k = 0; k < ${root.dim}; k++) {`, ...indent(body), "}");
  }

  // ---- text of a component

  /** Text of component `index` of a node, which may add lines to the scope. */
  private at(node: Formula, index: number | string, scope: Scope): string {
    const constant = constantValue(node);
    if (constant !== undefined) return literal(constant);
    if (this.arrays.has(node)) return `${this.name(node)}[${index}]`;
    if (node.operation.shape.kind === "view" && !this.isRead(node)) return this.viewAt(node, index, scope);
    if (this.isTileOf(node)) return `${this.variableName(asVariable(node), node)}[${index}]`;
    return this.findName(node, index, scope) ?? this.addLine(node, index, scope);
  }

  private viewAt(node: Formula, index: number | string, scope: Scope): string {
    const [segment, within] = typeof index === "number" ? segmentAt(node, index) : [segmentsOf(node)[0]!, index];
    if (segment.arg === undefined) return "0.0_r";
    const from = typeof within === "number" ? segment.start + segment.stride * within : affine(segment.start, segment.stride, within);
    return this.at(node.args[segment.arg]!, segment.stride === 0 ? segment.start : from, scope);
  }

  private findName(node: Formula, index: number | string, scope: Scope): string | undefined {
    const key = `${node.id}@${index}`;
    return scope.names.get(key) ?? this.scopes[this.phase(node)].names.get(key);
  }

  /** A component of a wide value that has no array is computed here. */
  private addLine(node: Formula, index: number | string, scope: Scope): string {
    const text = this.formulaText(node, index, scope);
    const name = `${this.name(node)}_${scope.names.size}`;
    scope.lines.push(`const ${this.type(node)} ${name} = ${text};`);
    scope.names.set(`${node.id}@${index}`, name);
    return name;
  }

  private name(node: Formula): string {
    return `t${this.numbers.get(node)!}`;
  }

  private type(node: Formula): "Tile" | "real" {
    return ["lane", "pair"].includes(this.phase(node)) ? "Tile" : "real";
  }

  private variableName({ position }: Variable, node: Formula): string {
    return `${{ call: "p", lane: "x", loop: "y", pair: "" }[this.phase(node)]}${position}`;
  }

  private readName(node: Formula): string {
    return isVariable(node) ? this.variableName(asVariable(node), node) : "h";
  }

  private readText(node: Formula, k: number | string): string {
    if (isVariable(node)) return `${this.readName(node)}[${k}]`;
    const offset = this.hoisted.slice(0, this.hoisted.indexOf(node)).reduce((sum, h) => sum + h.dim, 0);
    return `h[${typeof k === "number" ? offset + k : affine(offset, 1, k)}]`;
  }

  // ---- facts for the device

  private variables(phase: Phase): Variable[] {
    return this.nodes.filter((node) => isVariable(node) && this.phase(node) === phase).map(asVariable);
  }

  private liveTiles(): number {
    const read = new Set(this.nodes.filter((node) => this.phase(node) === "pair").flatMap((node) => node.args));
    const lane = [...read].filter((node) => this.phase(node) === "lane" && !isWide(node));
    return lane.reduce((sum, node) => sum + node.dim, 0);
  }

  private tilesInMemory(): number {
    const laneArrays = [...this.arrays].filter((node) => this.type(node) === "Tile");
    const inputs = this.variables("lane");
    return [...laneArrays, ...inputs].reduce((sum, { dim }) => sum + dim, 0);
  }
}

const range = (n: number): number[] => Array.from({ length: n }, (_, k) => k);
const isWide = (node: Formula): boolean => node.dim > UNROLL;
const sizeOf = (axes: readonly Axis[]): number => axes.reduce((size, axis) => size * axis.size, 1);

function mapPhases<T>(f: (phase: Phase) => T): Record<Phase, T> {
  return { call: f("call"), lane: f("lane"), loop: f("loop"), pair: f("pair") };
}

/**
 * The nodes that must be computed, arguments first: those below the roots, but nothing below a hoisted one. The order depends on
 * the formula alone, not on what was built before it, so that the same formula gives the same text in every process.
 */
function nodesAbove(roots: readonly Formula[], hoisted: ReadonlySet<Formula>): Formula[] {
  const done = new Set<Formula>();
  const stack = [...roots].reverse();
  for (let node = stack.at(-1); node; node = stack.at(-1)) {
    const missing = hoisted.has(node) ? [] : node.args.filter((arg) => !done.has(arg));
    if (missing.length > 0) stack.push(...missing.reverse());
    else done.add(stack.pop()!);
  }
  return [...done];
}

/** The largest values of the loop index that cost more than a load and that something else reads. */
function hoistable(roots: readonly Formula[], phase: (node: Formula) => Phase): Formula[] {
  const all = nodesAbove(roots, new Set());
  const costs = new Map<Formula, number>();
  for (const node of all) costs.set(node, ownCost(node) + node.args.reduce((sum, arg) => sum + costs.get(arg)!, 0));
  const outermost = new Set(roots.filter((root) => phase(root) === "loop"));
  for (const node of all)
    if (phase(node) === "pair") for (const arg of node.args) if (phase(arg) === "loop") outermost.add(arg);
  return [...outermost].filter((node) => costs.get(node)! >= HOIST_COST * node.dim);
}

/** Vector instructions for all components of a node, its arguments given. */
function ownCost(node: Formula): number {
  const { shape } = node.operation;
  if (shape.kind === "elementwise") return shape.cost * node.dim;
  if (shape.kind !== "contraction") return 0;
  const axes = shape.axes(
    node.args.map((arg) => arg.dim),
    node.params,
  );
  return sizeOf(axes.kept) * sizeOf(axes.summed);
}

function needsArray(node: Formula, phase: Phase, readers: readonly Phase[]): boolean {
  const { shape } = node.operation;
  if (constantValue(node) !== undefined) return false;
  if (shape.kind === "contraction") return true;
  if (shape.kind === "view") return segmentsOf(node).length > 1;
  return readers.length > 1 || readers.some((reader) => reader !== phase);
}

const segmentsOf = (node: Formula): readonly Segment[] =>
  (node.operation.shape as View).segments(
    node.args.map((arg) => arg.dim),
    node.params,
  );

/** The segment that holds component k, and the place of k in it. */
function segmentAt(node: Formula, k: number): readonly [Segment, number] {
  let rest = k;
  for (const segment of segmentsOf(node)) {
    if (rest < segment.length) return [segment, rest];
    rest -= segment.length;
  }
  throw new Error(`${node.operation.name} has no component ${k}`);
}

/** Offset of the flat index `k` over `axes` into argument `n`. */
function offsetOf(k: number, axes: readonly Axis[], n: number): number {
  let rest = k;
  let offset = 0;
  for (const axis of [...axes].reverse()) {
    offset += (rest % axis.size) * axis.strides[n]!;
    rest = Math.floor(rest / axis.size);
  }
  return offset;
}

/** The (argument, component) pairs that component k of a node is made of. */
function componentsRead(node: Formula, k: number): (readonly [Formula, number])[] {
  const { shape } = node.operation;
  if (shape.kind === "elementwise") return node.args.map((arg) => [arg, arg.dim === 1 ? 0 : k] as const);
  if (shape.kind === "view") {
    const [{ arg, start, stride }, within] = segmentAt(node, k);
    return arg === undefined ? [] : [[node.args[arg]!, start + stride * within]];
  }
  if (shape.kind === "leaf") return [];
  const dims = node.args.map((arg) => arg.dim);
  const { kept, summed } = shape.axes(dims, node.params);
  return node.args.flatMap((arg, n) =>
    range(sizeOf(summed)).map((d) => [arg, offsetOf(k, kept, n) + offsetOf(d, summed, n)] as const),
  );
}

/** Text of start + stride * k. */
function affine(start: number, stride: number, k: string): string {
  const scaled = stride === 1 ? k : `${stride} * (${k})`;
  return start === 0 ? scaled : `${start} + ${scaled}`;
}

/** A number in the code dialect. */
function literal(value: number): string {
  const digits = String(value);
  const decimal = /[.e]/.test(digits) ? digits : `${digits}.0`;
  return value < 0 ? `(${decimal}_r)` : `${decimal}_r`;
}

/** The numbers in a row's text get the suffix that makes them reals; names and numbers that have it already stay. */
function withLiterals(code: string): string {
  return code.replace(/(?<![\w.])\d+\.\d+(?:e[+-]?\d+)?(?![\w.])/g, "$&_r");
}
