/**
 * Where the values of a formula are computed. Two indices: the *lane* index, over which a device works in parallel, and
 * the *loop* index, over which it runs. Every value is placed in the outermost of four phases in which it is known:
 * once per call, per lane block, per loop step, per pair. What is known per loop step and costs more than a load is
 * hoisted: computed once per call into an extra array. Decides, writes no text.
 */
import { Depends, isVariable } from "../formula/formula";
import { lookUp } from "../asserts";
import type { Formula } from "../formula/formula";
import { constantValue } from "../formula/core";
import { axesOf, componentsRead, ownCost, range, segmentsOf, sizeOf } from "./components";

/** When a value is computed. */
export type Phase = "call" | "lane" | "loop" | "pair";

/**
 * Up to this dim, unless a device says otherwise, components are separate values in registers; beyond, arrays and
 * loops.
 */
export const UNROLL = 16;
/** In formulas of more nodes than these, unrolled components would make a text that takes minutes to compile. */
const LARGE_GRAPH = 150;
const UNROLL_IN_LARGE_GRAPHS = 4;
/** A value of the loop index is hoisted if it costs at least this many instructions per component. */
const HOIST_COST = 3;

/**
 * Products of a contraction beyond which they are written as loops: written out, they would take minutes to compile.
 */
const MOST_PRODUCTS = 64;

/** Whether the products of a contraction are taken in loops over its axes, which read its arguments by index. */
export function isLooped(node: Formula): boolean {
  if (node.operation.shape.kind !== "contraction" || node.dim === 1) return false;
  const { kept, summed } = axesOf(node);
  return summed.length <= 1 && sizeOf(kept) * sizeOf(summed) > MOST_PRODUCTS;
}

/** Which of i and j is the lane index. */
export type Lanes = Depends.I | Depends.J;

export class Placement {
  /** What must be computed, arguments first; nothing below a hoisted value. */
  readonly nodes: readonly Formula[];
  /** Values of the loop index alone that are computed once per call. */
  readonly hoisted: readonly Formula[];
  private readonly wide = new Set<Formula>();
  private readonly arrays = new Set<Formula>();
  private readonly wanted = new Map<Formula, Set<number>>();

  constructor(
    private readonly roots: readonly Formula[],
    private readonly lanes: Lanes,
    hoist: boolean,
    unrolled: number = UNROLL,
  ) {
    this.hoisted = hoist ? this.worthHoisting() : [];
    this.nodes = nodesAbove(roots, new Set(this.hoisted));
    this.chooseWide(this.nodes.length > LARGE_GRAPH ? UNROLL_IN_LARGE_GRAPHS : unrolled);
    this.chooseArrays();
    this.spreadDemand();
  }

  /** Whether components are kept in arrays and computed in loops. */
  isWide(node: Formula): boolean {
    return this.wide.has(node);
  }

  phase(node: Formula): Phase {
    if (node.depends === Depends.Nothing) return "call";
    if (node.depends === Depends.Both) return "pair";
    return node.depends === this.lanes ? "lane" : "loop";
  }

  /** Variables and hoisted values are read, not computed. */
  isRead(node: Formula): boolean {
    return isVariable(node) || this.hoisted.includes(node);
  }

  /** Variables of the lanes are loaded into tiles before anything else. */
  isTile(node: Formula): boolean {
    return isVariable(node) && this.phase(node) === "lane";
  }

  /** Whether a wide value is kept in an array; other wide values are computed where they are used. */
  inArray(node: Formula): boolean {
    return this.arrays.has(node);
  }

  /** The components that somebody reads, in order. */
  componentsWanted(node: Formula): number[] {
    return [...lookUp(this.wanted, node)].sort((a, b) => a - b);
  }

  /** Tiles that live through the loop: lane values that pairs read. */
  liveTiles(): number {
    const pairs = this.nodes.filter((node) => this.phase(node) === "pair");
    const read = new Set([...pairs.flatMap((node) => node.args), ...this.roots]);
    const live = [...read].filter((node) => this.phase(node) === "lane" && !this.isWide(node));
    return live.reduce((sum, { dim }) => sum + dim, 0);
  }

  /** Tiles of these phases that stand in memory at one time. */
  tilesInMemory(phases: readonly Phase[] = ["lane", "pair"]): number {
    const arrays = [...this.arrays].filter((node) => phases.includes(this.phase(node)));
    const inputs = this.nodes.filter((node) => this.isTile(node) && phases.includes("lane"));
    return [...arrays, ...inputs].reduce((sum, { dim }) => sum + dim, 0);
  }

  /** The largest values of the loop index that cost more than a load and that something else reads. */
  private worthHoisting(): Formula[] {
    const all = nodesAbove(this.roots, new Set());
    const costs = new Map<Formula, number>();
    for (const node of all)
      costs.set(
        node,
        node.args.reduce((sum, arg) => sum + lookUp(costs, arg), ownCost(node)),
      );
    const readers = [...all.filter((node) => this.phase(node) === "pair").flatMap(({ args }) => args), ...this.roots];
    const outermost = new Set(readers.filter((node) => this.phase(node) === "loop"));
    return [...outermost].filter((node) => lookUp(costs, node) >= HOIST_COST * node.dim);
  }

  /** Large dims are; and what a loop over them reads by its index must be, too. */
  private chooseWide(largest: number): void {
    for (const node of [...this.nodes].reverse()) {
      if (node.dim > largest || isLooped(node)) this.wide.add(node);
      const readsByIndex = isLooped(node) || node.operation.shape.kind !== "contraction";
      if (this.isWide(node) && !this.isRead(node) && readsByIndex)
        for (const arg of node.args) if (arg.dim > 1) this.wide.add(arg);
    }
  }

  private chooseArrays(): void {
    const readers = new Map<Formula, Set<Formula>>(this.nodes.map((node) => [node, new Set()]));
    for (const node of this.nodes) for (const arg of node.args) readers.get(arg)?.add(node);
    for (const node of this.nodes) {
      const of = [...lookUp(readers, node)];
      const phases = of.map((reader) => this.phase(reader));
      if (this.roots.includes(node)) phases.push("pair");
      const isReadOften = of.some(isLooped) && constantValue(node) === undefined && !this.isQuick(node);
      if (this.isWide(node) && !this.isRead(node) && (isReadOften || this.needsArray(node, phases)))
        this.arrays.add(node);
    }
  }

  /** Contractions and pieced views do, and what is read from a later phase or by several others. */
  private needsArray(node: Formula, readers: readonly Phase[]): boolean {
    const { kind } = node.operation.shape;
    if (constantValue(node) !== undefined) return false;
    if (kind === "contraction") return true;
    if (kind === "view") return segmentsOf(node).length > 1;
    return (readers.length > 1 && !this.isQuick(node)) || readers.some((phase) => phase !== this.phase(node));
  }

  /** One instruction on what is read: computed again sooner than fetched from an array. */
  private isQuick({ operation: { shape }, args }: Formula): boolean {
    const isKnown = (arg: Formula): boolean => this.isRead(arg) || constantValue(arg) !== undefined;
    return shape.kind === "elementwise" && shape.cost <= 1 && args.every(isKnown);
  }

  private spreadDemand(): void {
    for (const node of this.nodes) this.wanted.set(node, new Set(this.roots.includes(node) ? range(node.dim) : []));
    for (const node of [...this.nodes].reverse().filter((n) => !this.isRead(n))) {
      const components = this.isWide(node) ? range(node.dim) : this.componentsWanted(node);
      for (const k of components) for (const [arg, m] of componentsRead(node, k)) this.wanted.get(arg)?.add(m);
    }
  }
}

/**
 * The nodes below the roots, arguments first, but nothing below a hoisted one. The order depends on the formula alone,
 * not on what was built before it, so that the same formula gives the same text in every process.
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

/** Functions of generated text that are a single instruction, which divides or takes a root. */
const UNITS = ["inverse", "sqrt", "rsqrt0"];
/** Functions that only choose between values. */
const CHOICES = ["select", "eq"];

/** Whether an operation's text is a quotient or a root: one instruction, which takes long but is no chain of many. */
export function isOneInstruction(text: string): boolean {
  const called = (text.match(/\w+(?=\()/g) ?? []).filter((name) => !CHOICES.includes(name));
  return called.length === 1 && UNITS.includes(called[0] ?? "");
}
