/**
 * Components of formulas: which numbers a node's component k is made of. Follows the shapes of the rows (elementwise,
 * view, contraction) and knows no operation.
 */
import { Depends, placeSegments } from "../formula/formula";
import { at } from "../asserts";
import type { Axis, Contraction, Formula, PlacedSegment, Segment, View } from "../formula/formula";

export const range = (n: number): number[] => Array.from({ length: n }, (_, k) => k);
export const sizeOf = (axes: readonly Axis[]): number => axes.reduce((size, axis) => size * axis.size, 1);

const dimsOf = (node: Formula): number[] => node.args.map((arg) => arg.dim);

/** The segments of a view. */
export const segmentsOf = (node: Formula): readonly PlacedSegment[] =>
  placeSegments((node.operation.shape as View).segments(dimsOf(node), node.params));

/** The axes of a contraction. */
export const axesOf = (node: Formula): { kept: readonly Axis[]; summed: readonly Axis[] } =>
  (node.operation.shape as Contraction).axes(dimsOf(node), node.params);

/** The segment of a view that holds component k, and the place of k in it. */
export function segmentAt(node: Formula, k: number): readonly [PlacedSegment, number] {
  for (const segment of segmentsOf(node)) {
    const within = (k - segment.target.start) / segment.target.stride;
    if (Number.isInteger(within) && within >= 0 && within < segment.length) return [segment, within];
  }
  throw new Error(`${node.operation.name} has no component ${k}`);
}

/** Offset of the flat index k over `axes` into argument n. */
export function offsetOf(k: number, axes: readonly Axis[], n: number): number {
  let rest = k;
  let offset = 0;
  for (const axis of [...axes].reverse()) {
    offset += (rest % axis.size) * at(axis.strides, n);
    rest = Math.floor(rest / axis.size);
  }
  return offset;
}

/** The (argument, component) pairs that component k of a node is made of. */
export function componentsRead(node: Formula, k: number): (readonly [Formula, number])[] {
  const { kind } = node.operation.shape;
  if (kind === "leaf") return [];
  if (kind === "elementwise") return node.args.map((arg) => [arg, arg.dim === 1 ? 0 : k] as const);
  return kind === "view" ? componentViewed(node, k) : componentsContracted(node, k);
}

function componentViewed(node: Formula, k: number): (readonly [Formula, number])[] {
  const [{ arg, start, stride }, within] = segmentAt(node, k);
  return arg === undefined ? [] : [[at(node.args, arg), start + stride * within]];
}

function componentsContracted(node: Formula, k: number): (readonly [Formula, number])[] {
  const { kept, summed } = axesOf(node);
  return node.args.flatMap((arg, n) =>
    range(sizeOf(summed)).map((d) => [arg, offsetOf(k, kept, n) + offsetOf(d, summed, n)] as const),
  );
}

/** Vector instructions for all components of a node, its arguments given. */
export function ownCost(node: Formula): number {
  const { shape } = node.operation;
  if (shape.kind === "elementwise") return shape.cost * node.dim;
  if (shape.kind !== "contraction") return 0;
  const { kept, summed } = axesOf(node);
  return sizeOf(kept) * sizeOf(summed);
}

// ------------------------------------------------------------------------------------- what components depend on

/**
 * On which of the two indices each component of a formula depends: where a view shows parts of several formulas, as
 * Concat(x_i, y_j) does, on fewer than the formula does.
 */
export class ComponentDepends {
  /** Only of formulas whose components differ, or all depend on less than the formula. */
  private readonly differing = new Map<Formula, readonly Depends[]>();

  /** Arguments must stand before what is built from them in `nodes`. */
  constructor(nodes: readonly Formula[]) {
    for (const node of nodes) if (this.mayDiffer(node)) this.add(node);
  }

  /** Component k of a node; a node of dim 1 has one for all k. */
  dependsAt(node: Formula, k: number): Depends {
    return this.differing.get(node)?.[node.dim === 1 ? 0 : k] ?? node.depends;
  }

  /** What all components depend on, or undefined where they differ. */
  commonDepends(node: Formula): Depends | undefined {
    const [first = node.depends, ...others] = this.differing.get(node) ?? [];
    return others.every((depends) => depends === first) ? first : undefined;
  }

  private mayDiffer(node: Formula): boolean {
    return this.isMixture(node) || node.args.some((arg) => this.differing.has(arg));
  }

  private isMixture(node: Formula): boolean {
    const showsLess = ({ arg }: Segment): boolean => arg === undefined || at(node.args, arg).depends !== node.depends;
    return node.operation.shape.kind === "view" && segmentsOf(node).some(showsLess);
  }

  private add(node: Formula): void {
    const all = range(node.dim).map((k) =>
      componentsRead(node, k).reduce<Depends>((bits, [arg, m]) => bits | this.dependsAt(arg, m), Depends.Nothing),
    );
    if (all.some((depends) => depends !== node.depends)) this.differing.set(node, all);
  }
}
