/** src/nd/rows.ts: a function of arrays for each row that works element by element, with the row's text as its doc. */

/** What NumPy calls what has another meaning there. */
const RENAMED = { inv: "reciprocal" };
const BY_HAND = new Set(["add", "sub", "mul", "div", "neg"]); // src/array/arithmetic.ts, which gradient rules are made of

/** The file that the rows ask for. */
export function arrayMathsText(rows) {
  const functions = rows.operations.filter((row) => isElementwise(row, rows)).flatMap((row) => functionText(row, rows));
  return `${HEAD}${functions.join("")}`;
}

const HEAD = `/**
 * Functions of arrays, one for each elementwise row of the operation table. Made by \`npm run generate\` from the rows
 * in src/formula; what is written here by hand is lost.
 */
import type { Operand } from "../array/arithmetic";
import type { ArrayInput } from "../array/check";
import type { RealArray } from "../array/view";
import type { RealData } from "../device/native";
import { atMost } from "../options";
import { applyRow } from "./elementwise";
`;

/** A row, or an entry that is made of such rows alone. */
function isElementwise({ slots, shape, build, method }, { variable, nodesOf, Category }) {
  const [spelling] = method?.names ?? [];
  const isPlain = slots.every(({ kind }) => ["formula", "integer", "number"].includes(kind));
  if (spelling === undefined || BY_HAND.has(spelling) || method.takesComplex || !isPlain) return false;
  if (shape) return shape.kind === "elementwise";
  const given = slots.map(({ kind }, n) => (kind === "formula" ? variable(n, DIM, Category.I) : n));
  return isMadeOfRows({ given, build, nodesOf });
}

const DIM = 3;

/** Whether what a row builds of such arguments is made of rows that work element by element. */
export function isMadeOfRows({ given, build, nodesOf }) {
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

function functionText(row, rows) {
  const { name, doc, slots, method } = row;
  const spelling = RENAMED[method.names[0]] ?? method.names[0];
  const isSingle = slots.filter(({ kind }) => kind === "formula").length === 1;
  const type = { formula: isSingle ? "ArrayInput<T>" : "Operand<T>", integer: "number", number: "number" };
  const inOrder = method.order.map((argument) => slots.find((slot) => slot.name === argument));
  const parameters = inOrder.map((slot) => `${slot.name}: ${type[slot.kind]}${defaultOf(slot)}`);
  const values = slots.map((slot) => slot.name).join(", ");
  const broadcasts = isSingle ? "" : " Broadcasts as in NumPy.";
  const lines = [
    `${doc}${broadcasts} \`${name}\` in formulas.`,
    ...inOrder.map(({ name: own, kind }) => `@param ${own} ${ABOUT[kind](isSingle)}`),
    `@returns an array of ${isSingle ? "that shape" : "the shape to which they broadcast"}`,
    "@throws ArgumentError for what is no array, or has another dtype",
    ...["@example", "```ts", exampleOf(row, spelling, rows), "```"],
  ];
  return `
/**
${lines.map((line) => ` * ${line}`).join("\n")}
 */
export function ${spelling}<T extends RealData>(${parameters.join(", ")}): RealArray<T> {
  atMost("${spelling}", ${slots.length}, arguments);
  return applyRow("${spelling}", "${name}", [${values}]) as RealArray<T>;
}
`;
}

const ABOUT = {
  formula: (isSingle) =>
    isSingle ? "an array of any shape, or nested lists" : "an array whose shape broadcasts, nested lists, or a number",
  integer: () => "an integer",
  number: () => "a number",
};

/** A call on numbers inside the row's domain, and what it gives. */
function exampleOf(row, spelling, { variable, Category }) {
  const { slots, build, method } = row;
  const numbers = numbersOf(row);
  const built = build(slots.map(({ kind }, n) => (kind === "formula" ? variable(n, 1, Category.I) : numbers[n])));
  const call = method.order.map((name) => {
    const n = slots.findIndex((slot) => slot.name === name);
    return slots[n].kind === "formula" ? `[${numbers[n]}]` : numbers[n];
  });
  const value = valueOf(built, numbers);
  return `console.log(nd.${spelling}(${call.join(", ")}).get(0).toFixed(4)); // ${value.toFixed(4)}`;
}

/** Numbers for the arguments of a row, inside its domain. */
export function numbersOf({ slots, domain: [low, high] = [0, 1] }) {
  const placeOf = (part) => Number((low + part * (high - low)).toFixed(3));
  return slots.map(({ kind }, n) => (kind === "formula" ? placeOf([0.25, 0.75, 1][n]) : 1));
}

/** A formula of elementwise operations, on numbers. */
export function valueOf({ operation, args, params }, numbers) {
  if (operation.name === "Var") return numbers[params[0]];
  const given = args.map((argument) => valueOf(argument, numbers));
  return operation.shape.kind === "elementwise" ? operation.shape.value(given, params) : (given[0] ?? params[0]);
}

const defaultOf = ({ default: number }) => (number === undefined ? "" : ` = ${number}`);
