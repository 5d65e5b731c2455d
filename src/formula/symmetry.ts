/**
 * Formulas in which i and j change places. The one idea: what is the same for (i, j) and (j, i) comes out as the same
 * node, because formulas are interned; so a device that computes a formula together with its exchange computes that
 * node once for both. Knows no operation by name: rows say what becomes of them when their two arguments change places.
 */
import { minus } from "./core";
import { isVariable, make, nodesOf, rebuild, withArgs } from "./formula";
import type { Formula } from "./formula";

/**
 * `root` with every variable replaced by its partner, written with the nodes of `root` wherever they have the same
 * value, or the opposite one: of x - y it is -(x - y), not y - x.
 */
export function exchangeIndices(root: Formula, partner: (variable: Formula) => Formula): Formula {
  const own = new Set(nodesOf(root));
  return rebuild(root, (node, args) => {
    if (isVariable(node)) return partner(node);
    const direct = withArgs(node, args);
    return own.has(direct) ? direct : (turnArguments(node, args, own) ?? direct);
  });
}

/** The node with its arguments exchanged, up to a sign, if the formula has it; undefined if not. */
function turnArguments(node: Formula, args: readonly Formula[], own: ReadonlySet<Formula>): Formula | undefined {
  const sign = signOfTurn(node);
  if (sign === undefined) return undefined;
  const other = make(node.operation, [...args].reverse(), node.params);
  if (!own.has(other)) return undefined;
  return sign === 1 ? other : minus(other);
}

/** What the value is multiplied by when the two arguments change places; undefined where it becomes another. */
export function signOfTurn({ operation: { shape }, args, params }: Formula): 1 | -1 | undefined {
  if (args.length !== 2) return undefined;
  if (shape.kind === "elementwise") return shape.turned;
  if (shape.kind !== "contraction") return undefined;
  const { kept, summed } = shape.axes(
    args.map(({ dim }) => dim),
    params,
  );
  return [...kept, ...summed].every(({ strides: [x, y] }) => x === y) ? 1 : undefined;
}
