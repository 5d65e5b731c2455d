/**
 * docs/reference/operations.md: every row of operations and reductions, with an example of its dims and whether it has
 * a derivative.
 */
import { item } from "./wrap.mjs";

/** The file that the rows ask for. */
export function operationsText(rows) {
  const { DECLARATIONS, operations, reductions, signature } = rows;
  return [
    "# Operations and reductions",
    "",
    "Every name that a formula may call, and every reduction. Made by `npm run generate` from the rows in `src/formula`.",
    "Where dims may differ, an argument of dim 1 stands for all components. `[x]` may be left out.",
    "",
    "## Arguments of a call",
    "",
    ...[...DECLARATIONS.values()].flatMap((entry) => item(`\`${signature(entry)}\`: ${entry.doc}`)),
    "",
    "## Operations",
    "",
    "The dims at the end of a text are an example. Derivatives are formulas again, so they exist to any order. Where a",
    "derivative has a finite limit it is that. Where it is infinite or has none (Sqrt, Log and Inv at 0, Atan2 at the",
    "origin, Asin at 1) it is 0. Operations whose derivative is 0 everywhere say so.",
    "",
    "NaN passes through, as in NumPy: where an argument is NaN, so is the value. There are three exceptions. Comparisons",
    "are false (NotEqual is true). IfElse takes its last argument where its first is NaN, and does not look at the one it",
    "does not take. A power is 1 where the exponent is 0 or the base is 1.",
    "",
    ...operations.filter(({ name }) => !DECLARATIONS.has(name)).flatMap((entry) => item(operationText(entry, rows))),
    "",
    "## Reductions",
    "",
    "Every reduction has derivatives to any order, except those that say otherwise.",
    "",
    "- NaN passes through sums, means, products and exponentials.",
    "- The smallest and largest take NaN for the worst value: infinity for the smallest, minus infinity for the largest,",
    "  with the index of its column.",
    "- Count, Any and All take NaN for a number other than 0.",
    "- Without columns an index is -1.",
    "- LogSumExp and SumSoftMaxWeight take one exponent for all weights, or one for each of them. Gradients of rows that",
    "  are minus infinity are 0, and where an exponent is plus infinity, NaN.",
    "",
    "The names for `reductionOp`:",
    "",
    ...reductions.flatMap((reduction) => item(reductionText(reduction))),
    "",
  ].join("\n");
}

function operationText(entry, rows) {
  const { dims, derivative } = exampleOf(entry, rows);
  const zero = derivative === "0" && !/derivative[^.]* 0/.test(entry.doc) ? " Its derivative is 0." : "";
  return `\`${rows.signature(entry)}\`: ${entry.doc}${zero}${dims && ` Dims: \`${dims}\`.`}`;
}

/** What is tried for each kind of argument until a call can be built; for formulas, their dims. */
const TRIED = {
  formula: [3, 1, 2, 4, 6, 9],
  variable: [3, 1],
  integer: [1, 2, 3, 0],
  number: [0.5],
  list: [[3], [0], []],
};

/** Arguments of a call, the dims of those and of the result, and whether there is a derivative. */
export function exampleOf({ slots, build }, { Category, variable, grad, constant, isZero, sum }) {
  const isFormula = slots.map(({ kind }) => kind === "formula" || kind === "variable");
  for (const values of combinations(slots.map(({ kind }) => TRIED[kind]))) {
    const args = values.map((value, n) => (isFormula[n] ? variable(n, value, Category.I) : value));
    const built = attempted(() => build(args));
    if (!built) continue;
    const dims = values.filter((_, n) => isFormula[n]).join(", ");
    const variables = args.filter((_, n) => isFormula[n]);
    const varies =
      slots.some(({ kind }) => kind === "variable") ||
      variables.some((by) => !isZero(grad(sum(built), by, constant(1))));
    const derivative = variables.length === 0 ? "" : varies ? "yes" : "0";
    return { args, dims: `${dims}${dims && " → "}${built.dim}`, derivative };
  }
  return { args: undefined, dims: "", derivative: "" };
}

function* combinations([first, ...rest]) {
  if (first === undefined) yield [];
  else for (const value of first) for (const others of combinations(rest)) yield [value, ...others];
}

function attempted(build) {
  try {
    return build();
  } catch {
    return undefined;
  }
}

function reductionText({ name, doc, weights, takesK, gradient }) {
  const takes = {
    none: "",
    optional: " `formula2` may be the weights.",
    required: " `formula2` is the weights.",
  }[weights];
  const k = takesK ? " `optArg` is K." : "";
  const none = gradient.kind === "none" ? " It has no derivative." : "";
  return `\`${name}\`: ${doc}${takes}${k}${none}`;
}
