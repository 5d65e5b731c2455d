/**
 * Random formulas, grown from the variables up: an operation is taken if it is defined, and neither huge nor steep, for
 * the numbers that the formula will be called with.
 */
import { exactly } from "../helpers/evaluate";
import { COMPLEX } from "./complex";
import { DERIVATIVES } from "./derivatives";
import type { Dual } from "./dual";
import { FUNCTIONS } from "./functions";
import { Point, layoutOf } from "./oracle";
import type { Data } from "./oracle";
import type { Random } from "./random";
import { textOf } from "./structure";
import type { CallNode, Node, NumberNode, Rule, VariableNode } from "./structure";
import { VECTORS } from "./vectors";

export const RULES: readonly Rule[] = [...FUNCTIONS, ...VECTORS, ...COMPLEX, ...DERIVATIVES];

/** How large values and derivatives may become: beyond, single precision has no digits to compare. */
const LARGEST = 60;
const STEEPEST = 600;
const LARGEST_DIM = 16;
const LONGEST_TEXT = 500;

// ------------------------------------------------------------------------------------------------------------ data

const { abs, fround } = Math;

/**
 * Sizes, variables and their numbers; those of some variables are positive, those of parameters increase, so that more
 * is defined.
 */
export function dataOf(random: Random): Data {
  const variables = variablesOf(random);
  const rows = random.integer(1, 4);
  const columns = random.integer(1, 5);
  const count = { Vi: rows, Vj: columns, Pm: 1 };
  const numbers = variables.map(({ category, dim }) => {
    const low = random.chance(0.6) ? 0.3 : -1.6;
    const drawn = Array.from({ length: count[category] * dim }, () => fround(random.real(low, 1.7)));
    return category === "Pm" ? drawn.sort((a, b) => a - b) : drawn;
  });
  return { variables, rows, columns, numbers };
}

function variablesOf(random: Random): VariableNode[] {
  const dims = [1, 2, 2, 3, 4];
  const names = { x: "Vi", u: "Vi", y: "Vj", v: "Vj", p: "Pm", q: "Pm" } as const;
  return Object.entries(names).map(([name, category]) => {
    const dim = name === "q" ? 1 : random.pick(dims);
    return { kind: "variable", name, dim, category };
  });
}

function numberNode(random: Random): NumberNode {
  const [p, q] = [random.integer(-3, 3), random.integer(1, 4)];
  const of = (text: string, value: number, dim = 1): NumberNode => ({
    kind: "number",
    text,
    values: new Array<number>(dim).fill(value),
    dim,
  });
  const real = random.real(-2, 2).toPrecision(random.integer(1, 8));
  return random.pick([
    of(real, Number(real)),
    of(String(q), q),
    of(`IntCst(${p})`, p),
    of(`IntInv(${q})`, 1 / q),
    of(`RatCst(${p}, ${q})`, p / q),
    of(`Zero(${q})`, 0, q),
  ]);
}

// -------------------------------------------------------------------------------------------------------- formulas

/** A formula of some operations over the data's variables. */
export function formulaOf(random: Random, data: Data): Node {
  const pool: Node[] = [...data.variables];
  const points = pointsOf(data);
  const wanted = random.integer(1, 9);
  for (let tries = 0; pool.length < data.variables.length + wanted && tries < 200; tries++) {
    const call = callOf(random, random.pick(RULES), pool);
    const made = call && tamed(call, points);
    if (made) pool.push(made);
  }
  return pool.at(-1)!;
}

function pointsOf(data: Data): Point[] {
  const layout = layoutOf(data.variables);
  return Array.from({ length: data.rows * data.columns }, (_, n) => {
    const pair = [Math.floor(n / data.columns), n % data.columns] as const;
    return new Point(data, layout, pair, exactly);
  });
}

/** A call of an operation on what there is, rather on what is new; undefined where nothing of some picks fits. */
function callOf(random: Random, rule: Rule, pool: readonly Node[]): CallNode | undefined {
  for (let tries = 0; tries < 10; tries++) {
    const args = Array.from({ length: rule.arity }, (_, n) => argumentOf(random, rule, n, pool));
    const parameters = rule.parameters(
      random,
      args.map(({ dim }) => dim),
    );
    if (parameters) return { kind: "call", rule, args, parameters, dim: 0, isInfix: random.chance(0.7) };
  }
  return undefined;
}

function argumentOf(random: Random, { isDerivative, increases }: Rule, n: number, pool: readonly Node[]): Node {
  if (isDerivative && n === 1) return random.pick(pool.filter(({ kind }) => kind === "variable"));
  if (increases && n === 0) return random.pick(pool.filter((node) => "category" in node && node.category === "Pm"));
  if (random.chance(0.08)) return numberNode(random);
  return random.chance(0.5) ? random.pick(pool.slice(-3)) : random.pick(pool);
}

/** The call with its dim, if it has values that can be compared, at all pairs. */
function tamed(call: CallNode, points: readonly Point[]): CallNode | undefined {
  const dim = points[0]!.valueOf(call)?.length ?? 0;
  const made = { ...call, dim };
  if (dim === 0 || dim > LARGEST_DIM || textOf(made).length > LONGEST_TEXT) return undefined;
  return points.every((point) => point.valueOf(made)?.every(isTame)) ? made : undefined;
}

/** Derivatives that are not known are NaN. */
const isTame = ({ v, d }: Dual): boolean => abs(v) <= LARGEST && !d.some((slope) => abs(slope) > STEEPEST);
