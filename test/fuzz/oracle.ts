/**
 * What a random formula and its reduction give, and the gradients of that, by loops over rows and columns: with nothing
 * of the library.
 */
import type { Rounding } from "../helpers/evaluate";
import { Calculus } from "./dual";
import type { Dual } from "./dual";
import { REDUCERS } from "./reducers";
import { variablesIn } from "./structure";
import type { Node, VariableNode, Vector } from "./structure";

/** Variables and numbers of a call. */
export interface Data {
  readonly variables: readonly VariableNode[];
  readonly rows: number;
  readonly columns: number;
  /** `[count, dim]` of each variable. */
  readonly numbers: readonly (readonly number[])[];
}

/** A formula with its reduction, and what it is called with. */
export interface Case {
  readonly formula: Node;
  readonly weights?: Node | undefined;
  readonly reduction: string;
  readonly k?: number | undefined;
  readonly axis: 0 | 1;
  readonly data: Data;
  /** Numbers of the cotangent, repeated as often as needed. */
  readonly cotangent: readonly number[];
}

export interface Answer {
  readonly values: readonly number[];
  readonly indices: readonly number[];
  /** By each variable that the formulas read; empty where the reduction has none, NaN where they are not known. */
  readonly gradients: readonly (readonly number[])[];
}

/** Where the components of variables stand among the derivatives. */
export type Layout = ReadonlyMap<VariableNode, number>;

export function layoutOf(variables: readonly VariableNode[]): Layout {
  const layout = new Map<VariableNode, number>();
  variables.reduce((start, variable) => {
    layout.set(variable, start);
    return start + variable.dim;
  }, 0);
  return layout;
}

/** Values of formulas at one pair, each computed once. */
export class Point {
  private readonly known = new Map<Node, Vector | undefined>();
  private readonly size: number;

  constructor(
    private readonly data: Data,
    private readonly layout: Layout,
    private readonly pair: Pair,
    private readonly rounding: Rounding,
  ) {
    this.size = [...layout.keys()].reduce((sum, { dim }) => sum + dim, 0);
  }

  /** Undefined where it is not defined. */
  valueOf(node: Node): Vector | undefined {
    if (this.known.has(node)) return this.known.get(node);
    const c = new Calculus(this.rounding, this.size);
    const value = this.compute(node, c);
    const found = c.failed ? undefined : value;
    this.known.set(node, found);
    return found;
  }

  private compute(node: Node, c: Calculus): Vector | undefined {
    if (node.kind === "number") return node.values.map((value) => c.number(value));
    if (node.kind === "variable") return this.variable(node, c);
    const args = node.args.map((arg) => this.valueOf(arg));
    return isDefined(args) ? node.rule.value(c, args, node.parameters) : undefined;
  }

  private variable(node: VariableNode, c: Calculus): Vector {
    const first = firstOf(node, this.pair);
    const numbers = this.data.numbers[this.data.variables.indexOf(node)]!.slice(first, first + node.dim);
    const start = this.layout.get(node)!;
    return numbers.map((value, k) => c.variable(value, start + k));
  }
}

/** Where the components of a variable at a pair begin among its numbers. */
function firstOf({ category, dim }: VariableNode, [i, j]: Pair): number {
  return dim * { Vi: i, Vj: j, Pm: 0 }[category];
}

/** Undefined where a value is not defined. */
export function answerOf(found: Case, rounding: Rounding): Answer | undefined {
  const { data, axis, formula, weights } = found;
  const wanted = variablesIn(formula, ...(weights ? [weights] : []));
  const layout = layoutOf(wanted);
  const numbersOfAll = wanted.map((variable) => data.numbers[data.variables.indexOf(variable)]!);
  const gradients = numbersOfAll.map(({ length }) => new Array<number>(length).fill(0));
  const [kept, reduced] = axis === 1 ? [data.rows, data.columns] : [data.columns, data.rows];
  const [values, indices]: [number[], number[]] = [[], []];
  let isSmooth = true;
  for (let row = 0; row < kept; row++) {
    const pairs = Array.from({ length: reduced }, (_, n): Pair => (axis === 1 ? [row, n] : [n, row]));
    const answer = rowOf(found, layout, pairs, values.length, rounding);
    if (!answer) return undefined;
    values.push(...answer.values.map(rounding));
    indices.push(...(answer.indices ?? []));
    if (answer.spread) answer.spread(gradients);
    else isSmooth = false;
  }
  return { values, indices, gradients: isSmooth ? gradients : [] };
}

type Pair = readonly [i: number, j: number];

interface RowAnswer {
  readonly values: readonly number[];
  readonly indices?: readonly number[];
  /** Adds what the row's cotangent gives to the gradients. */
  spread?(gradients: readonly number[][]): void;
}

function rowOf(
  found: Case,
  layout: Layout,
  pairs: readonly Pair[],
  first: number,
  rounding: Rounding,
): RowAnswer | undefined {
  const points = pairs.map((pair) => new Point(found.data, layout, pair, rounding));
  const at = (root: Node): (Vector | undefined)[] => points.map((point) => point.valueOf(root));
  const [f, w] = [at(found.formula), found.weights && at(found.weights)];
  if (!isDefined(f) || (w && !isDefined(w))) return undefined;
  const reduced = REDUCERS.get(found.reduction)!(f.map(numbersOf), w?.map(numbersOf), found.k ?? 1, rounding);
  const { cotangent } = found;
  const pulled = reduced.pull?.(reduced.values.map((_, n) => cotangent[(first + n) % cotangent.length]!));
  if (!pulled) return reduced;
  const spread = (gradients: readonly number[][]): void => {
    pairs.forEach((pair, n) => {
      const onto = [...layout].map(([variable, start], v) => ({
        to: gradients[v]!,
        first: firstOf(variable, pair),
        dim: variable.dim,
        start,
      }));
      spreadOver(f[n]!, pulled.f[n]!, onto, rounding);
      if (w) spreadOver(w[n]!, pulled.w![n]!, onto, rounding);
    });
  };
  return { ...reduced, spread };
}

const numbersOf = (x: Vector): number[] => x.map(({ v }) => v);
const isDefined = (list: readonly (Vector | undefined)[]): list is readonly Vector[] => !list.includes(undefined);

interface Onto {
  readonly to: number[];
  readonly first: number;
  readonly dim: number;
  readonly start: number;
}

/** Adds what the cotangent at one pair gives. */
function spreadOver(
  values: readonly Dual[],
  cotangent: readonly number[],
  onto: readonly Onto[],
  rounding: Rounding,
): void {
  cotangent.forEach((weight, k) => {
    if (weight === 0) return;
    for (const { to, first, dim, start } of onto)
      for (let l = 0; l < dim; l++)
        to[first + l] = rounding(to[first + l]! + rounding(weight * values[k]!.d[start + l]!));
  });
}
