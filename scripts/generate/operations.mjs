/** docs/reference/operations.md: every row of operations and reductions, with an example of its dims and whether it has a derivative. */

/** The file that the rows ask for. */
export function operationsText(rows) {
  const { DECLARATIONS, operations, reductions, signature } = rows;
  const row = (...cells) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [
    "# Operations and reductions",
    "",
    "Every name that a formula may call, and every reduction. Made by `npm run generate` from the rows in `src/formula`.",
    "Where dims may differ, an argument of dim 1 stands for all components. `[x]` may be left out.",
    "",
    "## Arguments of a call",
    "",
    "| in a formula or an alias | meaning |",
    "| --- | --- |",
    ...[...DECLARATIONS.values()].map((entry) => row(`\`${signature(entry)}\``, entry.doc)),
    "",
    "## Operations",
    "",
    "The dims are an example. Derivatives are formulas again, so they exist to any order. Where a derivative has a finite limit it is that; where it",
    "is infinite or has none (Sqrt, Log and Inv at 0, Atan2 at the origin, Asin at 1) it is 0.",
    "",
    "NaN passes through, as in NumPy: where an argument is NaN, so is the value. But comparisons are false (NotEqual true), IfElse takes its last",
    "argument where its first is NaN, and does not look at the one it does not take, and a power is 1 where the exponent is 0 or the base 1.",
    "",
    "| call | value | dims | derivative |",
    "| --- | --- | --- | --- |",
    ...operations
      .filter(({ name }) => !DECLARATIONS.has(name))
      .map((entry) => row(`\`${signature(entry)}\``, entry.doc, ...exampleOf(entry, rows))),
    "",
    "## Reductions",
    "",
    "NaN passes through sums, means, products and exponentials. The smallest and largest take it for the worst value: infinity for the smallest, minus",
    "infinity for the largest, with the index of its column; Count, Any and All for a number other than 0. Without columns an index is -1. LogSumExp",
    "and SumSoftMaxWeight take one exponent for all weights, or one for each of them; gradients of rows that are minus infinity are 0, and where an",
    "exponent is plus infinity, NaN.",
    "",
    "| `reductionOp` | value of a row | `formula2` | `optArg` | derivative |",
    "| --- | --- | --- | --- | --- |",
    ...reductions.map(reductionRow),
    "",
  ].join("\n");
}

/** What is tried for each kind of argument until a call can be built; for formulas, their dims. */
const TRIED = {
  formula: [3, 1, 2, 4, 6, 9],
  variable: [3, 1],
  integer: [1, 2, 3, 0],
  number: [0.5],
  list: [[3], [0], []],
};

/** Dims of the arguments and of the result, and whether there is a derivative. */
function exampleOf({ slots, build }, { Category, variable, grad, constant, isZero, sum }) {
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
    return [`${dims}${dims && " → "}${built.dim}`, variables.length === 0 ? "" : varies ? "yes" : "0"];
  }
  return ["", ""];
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

function reductionRow({ name, doc, weights, takesK, gradient }) {
  const second = { none: "", optional: "weights, optional", required: "weights" }[weights];
  return `| \`${name}\` | ${doc} | ${second} | ${takesK ? "K" : ""} | ${gradient.kind === "none" ? "none" : "any order"} |`;
}
