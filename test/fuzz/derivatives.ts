/**
 * Operators that differentiate: read off the derivatives that numbers carry. Their own derivatives are not known here.
 */
import type { Calculus, Dual } from "./dual";
import type { Parameter, Rule, Vector } from "./structure";

/** Derivative of component k of f by component l of the variable v. */
function slope(c: Calculus, f: Vector, v: Vector, k: number, l: number): number {
  const found = f[k]!.d[v[l]!.d.indexOf(1)]!;
  c.need(!Number.isNaN(found));
  return found;
}

const sum = (list: readonly number[]): number => list.reduce((total, x) => total + x, 0);

/** The Jacobian, transposed, times e. */
const gradient = (c: Calculus, [f, v, e]: readonly Vector[]): Dual[] =>
  v!.map((_, l) => c.underived(sum(f!.map((__, k) => slope(c, f!, v!, k, l) * e![k]!.v))));

const trace = (c: Calculus, [f, v, w]: readonly Vector[]): Dual[] => [
  c.underived(sum(f!.map((_, k) => slope(c, f!, v!, k, k) * (w ? w[k]!.v : 1)))),
];

type Fits = (dims: readonly number[]) => boolean;
const rule = (name: string, arity: number, fits: Fits, value: Rule["value"]): Rule => ({
  name,
  arity,
  parameters: (_, dims): readonly Parameter[] | undefined => (fits(dims) ? [] : undefined),
  value,
  isDerivative: true,
});

const likeF: Fits = ([f, , e]) => f === e;
const square: Fits = ([f, v]) => f === v;

export const DERIVATIVES: readonly Rule[] = [
  rule("Grad", 3, likeF, gradient),
  rule("AdjointOperator", 3, likeF, gradient),
  rule(
    "Diff",
    3,
    ([, v, u]) => v === u,
    (c, [f, v, u]) => f!.map((_, k) => c.underived(sum(v!.map((__, l) => slope(c, f!, v!, k, l) * u![l]!.v)))),
  ),
  rule(
    "GradMatrix",
    2,
    () => true,
    (c, [f, v]) => f!.flatMap((_, k) => v!.map((__, l) => c.underived(slope(c, f!, v!, k, l)))),
  ),
  rule("Divergence", 2, square, trace),
  rule("TraceOperator", 3, ([f, v, w]) => f === v && w === f, trace),
];
