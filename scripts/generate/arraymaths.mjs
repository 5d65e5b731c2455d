/** src/nd/rows.ts: a function of arrays for each row that works element by element, with the row's text as its doc. */

/** What NumPy calls what has another meaning there. */
const RENAMED = { inv: "reciprocal" };
const BY_HAND = new Set(["add", "sub", "mul", "div", "neg"]); // src/array/arithmetic.ts, which gradient rules are made of

/** The file that the rows ask for. */
export function arrayMathsText(rows) {
  const functions = rows.operations.filter((row) => isElementwise(row, rows)).flatMap(functionText);
  return `${HEAD}${functions.join("")}`;
}

const HEAD = `/**
 * Functions of arrays, one for each elementwise row of the operation table. Made by \`npm run generate\` from the rows
 * in src/formula; what is written here by hand is lost.
 */
import type { Operand } from "../array/arithmetic";
import type { ArrayInput } from "../array/arrayinput";
import type { RealArray } from "../array/view";
import type { RealData } from "../device/native";
import { atMost } from "../options";
import { applyRow } from "./elementwise";
`;

/** A row, or an entry that is made of such rows alone. */
function isElementwise({ name, slots, shape, build, method }, { variable, nodesOf, Category }) {
  const [spelling] = method?.names ?? [];
  const isPlain = slots.every(({ kind }) => ["formula", "integer", "number"].includes(kind));
  if (spelling === undefined || BY_HAND.has(spelling) || method.takesComplex || !isPlain) return false;
  if (shape) return shape.kind === "elementwise";
  const given = slots.map(({ kind }, n) => (kind === "formula" ? variable(n, DIM, Category.I) : n));
  return isMadeOfRows(given, build, nodesOf, name);
}

const DIM = 3;

function isMadeOfRows(given, build, nodesOf) {
  let formula;
  try {
    formula = build(given);
  } catch {
    return false; // its arguments do not all have the same dim
  }
  const parts = nodesOf(formula).filter(({ args }) => args.length > 0);
  return (
    formula.dim === DIM && parts.length > 0 && parts.every(({ operation }) => operation.shape.kind === "elementwise")
  );
}

function functionText({ name, doc, slots, method }) {
  const spelling = RENAMED[method.names[0]] ?? method.names[0];
  const isSingle = slots.filter(({ kind }) => kind === "formula").length === 1;
  const type = { formula: isSingle ? "ArrayInput<T>" : "Operand<T>", integer: "number", number: "number" };
  const inOrder = method.order.map((argument) => slots.find((slot) => slot.name === argument));
  const parameters = inOrder.map((slot) => `${slot.name}: ${type[slot.kind]}${defaultOf(slot)}`);
  const values = slots.map((slot) => slot.name).join(", ");
  const broadcasts = isSingle ? "" : " Broadcasts as in NumPy.";
  return `
/** ${doc}${broadcasts} \`${name}\` in formulas. */
export function ${spelling}<T extends RealData>(${parameters.join(", ")}): RealArray<T> {
  atMost("${spelling}", ${slots.length}, arguments);
  return applyRow("${spelling}", "${name}", [${values}]) as RealArray<T>;
}
`;
}

const defaultOf = ({ default: number }) => (number === undefined ? "" : ` = ${number}`);
