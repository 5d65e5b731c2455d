/** Random cases: a formula, its reduction and numbers, by a seed and a number. Cases of one group have the variables and numbers in common. */
import { exactly } from "../evaluate";
import { dataOf, formulaOf, RULES } from "./generator";
import { answerOf } from "./oracle";
import type { Case, Data } from "./oracle";
import { Random } from "./random";
import { REDUCERS } from "./reducers";
import type { CallNode, Node, Rule } from "./structure";

const { abs } = Math;

export const GROUP = 20;
const NAMES = Object.keys(REDUCERS);
const WEIGHTED = ["LogSumExpWeight", "SumSoftMaxWeight", "SoftMax"];
const EXPONENTIAL = ["LogSumExp", ...WEIGHTED];
/** How large a result or a gradient may be; a sum of logarithms of nearly nothing is all rounding. */
const LARGEST = 1e4;

const ruleNamed = (name: string): Rule => RULES.find((rule) => rule.name === name)!;

function call(name: string, dim: number, ...args: Node[]): CallNode {
  return { kind: "call", rule: ruleNamed(name), args, parameters: [], dim, isInfix: false };
}

export function caseOf(seed: number, n: number): Case {
  const data = dataOf(new Random(seed, Math.floor(n / GROUP)));
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
  if (!answer || (found.reduction === "Prod" && answer.values.some((x) => abs(x) < 1e-3))) return false;
  const isSmall = (x: number): boolean => abs(x) <= LARGEST;
  return answer.values.every(isSmall) && answer.gradients.flat().every((x) => Number.isNaN(x) || isSmall(x));
}

/** The formulas of a group one after the other, summed over j: what is compiled in one piece. */
export function groupOf(seed: number, group: number): Case {
  const cases = Array.from({ length: GROUP }, (_, n) => caseOf(seed, group * GROUP + n));
  const formulas = cases.map(({ formula }) => formula);
  const together = formulas.reduce((all, formula) => call("Concat", all.dim + formula.dim, all, formula));
  const [{ data, cotangent }] = cases as [Case];
  return { formula: together, reduction: "Sum", axis: 1, data, cotangent };
}
