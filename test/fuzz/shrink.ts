/**
 * From a case that fails to the smallest one found that still does: parts instead of the whole, variables instead of
 * calls.
 */
import { exactly } from "../helpers/evaluate";
import { answerOf } from "./oracle";
import type { Case } from "./oracle";
import { argsOf, nodesOf, textOf } from "./structure";
import type { CallNode, Node } from "./structure";

const { isNaN } = Number;

/** Steps downhill while there are any. */
export function smallest(found: Case, fails: (smaller: Case) => boolean): Case {
  let best = found;
  for (let next: Case | undefined = best; next;) {
    best = next;
    const size = sizeOf(best);
    next = smallerThan(best).find((smaller) => sizeOf(smaller) < size && isDefined(smaller) && fails(smaller));
  }
  return best;
}

/** Nodes count most, then characters; of two reductions a sum is the simpler one. */
function sizeOf({ formula, weights, reduction }: Case): number {
  const roots = weights ? [formula, weights] : [formula];
  const nodes = roots.reduce((sum, root) => sum + nodesOf(root).size, 0);
  return 1000 * nodes + roots.reduce((sum, root) => sum + textOf(root).length, 0) + (reduction === "Sum" ? 0 : 500);
}

function isDefined(found: Case): boolean {
  const answer = answerOf(found, exactly);
  return answer !== undefined && ![...answer.values].some(isNaN);
}

function smallerThan(found: Case): Case[] {
  const { formula, weights, ...rest } = found;
  const withFormula = (root: Node): Case => ({ ...found, formula: root });
  const isScalar = weights !== undefined || found.reduction === "LogSumExp";
  const parts = [...nodesOf(formula)].filter((node) => node !== formula && (!isScalar || node.dim === 1));
  return [
    { ...rest, formula, reduction: "Sum", k: undefined },
    ...(weights ? [{ ...rest, formula: weights, reduction: "Sum", k: undefined }] : []),
    ...parts.map(withFormula),
    ...replacements(formula, found).map(withFormula),
    ...(weights ? replacements(weights, found).map((root) => ({ ...found, weights: root })) : []),
  ];
}

/** The formula with one of its calls replaced by an argument of its own, or by a variable, of the same dim. */
function replacements(root: Node, { data }: Case): Node[] {
  const calls = [...nodesOf(root)].filter((node) => node.kind === "call");
  return calls.flatMap((call) =>
    [...data.variables, ...argsOf(call)]
      .filter(({ dim }) => dim === call.dim)
      .map((other) => replaced(root, call, other)),
  );
}

function replaced(root: Node, from: Node, to: Node): Node {
  const made = new Map<Node, Node>([[from, to]]);
  for (const node of nodesOf(root)) {
    if (made.has(node)) continue;
    const args = argsOf(node).map((arg) => made.get(arg)!);
    const isSame = args.every((arg, n) => arg === argsOf(node)[n]);
    made.set(node, isSame ? node : { ...(node as CallNode), args });
  }
  return made.get(root)!;
}
