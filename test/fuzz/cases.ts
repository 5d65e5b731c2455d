/**
 * Random cases: a formula, its reduction and numbers, by a seed and a number. Cases of one group have the variables and
 * numbers in common.
 */
import { exactly } from "../helpers/evaluate";
import { dataOf, formulaOf, RULES } from "./generator";
import { answerOf } from "./oracle";
import type { Case, Data } from "./oracle";
import { Random } from "./random";
import { REDUCERS } from "./reducers";
import { nodesOf } from "./structure";
import type { CallNode, Node, Rule } from "./structure";

const { abs } = Math;

export const GROUP = 20;
const NAMES = [...REDUCERS.keys()];
const WEIGHTED = ["LogSumExpWeight", "SumSoftMaxWeight", "SoftMax"];
const COUNTING = ["Count", "Any", "All"];
const EXPONENTIAL = ["LogSumExp", ...WEIGHTED];
/** How large a result or a gradient may be; a sum of logarithms of nearly nothing is all rounding. */
const LARGEST = 1e4;

export const ruleNamed = (name: string): Rule => RULES.find((rule) => rule.name === name)!;

export function call(name: string, dim: number, ...args: Node[]): CallNode {
  return { kind: "call", rule: ruleNamed(name), args, parameters: [], dim, isInfix: false };
}

let latest: { readonly key: string; readonly data: Data } | undefined;

/** The same object for the cases of a group. */
function dataOfGroup(seed: number, group: number): Data {
  const key = `${seed} ${group}`;
  if (latest?.key !== key) latest = { key, data: dataOf(new Random(seed, group)) };
  return latest.data;
}

export function caseOf(seed: number, n: number): Case {
  const data = dataOfGroup(seed, Math.floor(n / GROUP));
  const random = new Random(seed, n, 1);
  for (let tries = 0; tries < 20; tries++) {
    const found = attempt(random, data, random.chance(0.35) ? "Sum" : random.pick(NAMES));
    if (isTame(found)) return found;
  }
  return { ...attempt(random, data, "Sum"), formula: data.variables[0]! };
}

function attempt(random: Random, data: Data, reduction: string): Case {
  const axis = random.pick([0, 1] as const);
  const isExponential = EXPONENTIAL.includes(reduction);
  const isWeighted = WEIGHTED.includes(reduction) || (reduction === "LogSumExp" && random.chance(0.4));
  const formula = formulaOf(random, data);
  return {
    formula: isExponential && formula.dim > 1 ? call("Sum", 1, formula) : formula,
    ...(isWeighted && { weights: formulaOf(random, data) }),
    reduction,
    ...(/^(Arg)?K/.test(reduction) && { k: random.integer(1, axis === 1 ? data.columns : data.rows) }),
    axis,
    data,
    cotangent: Array.from({ length: 7 }, () => Math.fround(random.real(-1.5, 1.5))),
  };
}

function isTame(found: Case): boolean {
  const answer = answerOf(found, exactly);
  if (!answer) return false;
  if (COUNTING.includes(found.reduction) && !isClear(found)) return false;
  const isSmall = (x: number): boolean => abs(x) <= LARGEST;
  return answer.values.every(isSmall) && answer.gradients.flat().every((x) => Number.isNaN(x) || isSmall(x));
}

/** Whether what is counted is 0 or clearly is not: what is 0 but for rounding may be 0 for an engine. */
function isClear(found: Case): boolean {
  const k = found.axis === 1 ? found.data.columns : found.data.rows;
  const all = answerOf({ ...found, reduction: "KMax", k }, exactly);
  return all?.values.every((x) => x === 0 || abs(x) > 1e-3) ?? false;
}

/**
 * The formulas of a group one after the other, summed over j: what is compiled in one piece. Those whose derivatives
 * are not known stand apart.
 */
export function groupsOf(seed: number, group: number, isWanted: (found: Case) => boolean): Case[] {
  const cases = Array.from({ length: GROUP }, (_, n) => caseOf(seed, group * GROUP + n));
  const [{ data, cotangent }] = cases as [Case];
  const sumOf = (formula: Node): Case => ({ formula, reduction: "Sum", axis: 1, data, cotangent });
  const formulas = cases.map(({ formula }) => formula).filter((formula) => isWanted(sumOf(formula)));
  return [formulas.filter((f) => !differentiates(f)), formulas.filter(differentiates)]
    .filter(({ length }) => length > 0)
    .map((list) => sumOf(list.reduce(concat)));
}

const concat = (x: Node, y: Node): Node => call("Concat", x.dim + y.dim, x, y);

const differentiates = (root: Node): boolean =>
  [...nodesOf(root)].some((node) => node.kind === "call" && node.rule.isDerivative);
