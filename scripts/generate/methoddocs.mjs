/**
 * The doc comments of methods that come from rows: what an argument of each kind is, what is returned, what is thrown,
 * and an example that the row itself gives. Of rows that work component by component the example shows a value, of
 * others the shape.
 */
import { isMadeOfRows, numbersOf, valueOf } from "./arraymaths.mjs";
import { exampleOf } from "./operations.mjs";

/** The comment of the method of an operation. */
export function operationDoc({ row, rows, names, n }) {
  const { name, doc, slots, method } = row;
  const [self, ...others] = method.order.map((argument) => slots.find((slot) => slot.name === argument));
  const written = `\`${name}(${slots.map((slot) => slot.name).join(", ")})\` in formulas; ${self.name} is this tensor.`;
  const sentence = `${doc} ${written}`;
  if (n > 0) return spelledDoc(names, sentence);
  return comment([
    sentence,
    ...others.map((slot) => `@param ${slot.name} ${aboutOperand(slot, method)}`),
    `@returns a ${method.givesComplex ? "complex " : ""}lazy tensor`,
    `@throws ArgumentError for what is no operand${others.length > 0 ? ", FormulaError where dims do not fit" : ""}`,
    ...example(operationExample(row, rows)),
  ]);
}

/** @param inner the operation on components that goes by the same name, if there is one. */
export function reductionDoc({ row, inner, names, n }) {
  const { doc, weights, takesK } = row;
  const about = inner
    ? `; without an axis or with -1, of the components of every vector, \`${inner.name}(x)\` in formulas`
    : "";
  const sentence = `${doc} Over i (axis 0) or j (axis 1)${about}.`;
  if (n > 0) return spelledDoc(names, sentence);
  return comment([
    sentence,
    ...(takesK ? ["@param k how many, an integer of at least 1"] : []),
    ...(weights === "required" ? ["@param weight the weights: a lazy tensor, an array `[D]` or a number"] : []),
    `@returns ${givenBy(row)}${inner ? "; of components a lazy tensor" : ""}; where there are symbolic variables, a function of their arrays`,
    "@throws ArgumentError for options that do not fit, CompileError, DeviceError, InterruptedError",
    ...example(reductionExample(row)),
  ]);
}

/** Pykeops's names have the text of the one to prefer. */
const spelledDoc = ([preferred], text) => comment([`\`${preferred}\`, as pykeops spells it: ${text}`]);

const comment = (lines) =>
  lines.length === 1 ? `/** ${lines[0]} */` : ["/**", ...lines.map((line) => `   * ${line}`), "   */"].join("\n");

const example = (lines) => ["@example", "```ts", ...lines, "```"];

const KINDS = { integer: "an integer", number: "a number", list: "a list of integers" };

function aboutOperand({ kind, default: number, optional }, { takesComplex }) {
  const operand = takesComplex ? "a complex or real lazy tensor" : "a lazy tensor";
  const leftOut = number === undefined ? (optional ? "; may be left out" : "") : `, ${number} by default`;
  return `${KINDS[kind] ?? `${operand}, a number, or an array \`[D]\` for all pairs`}${leftOut}`;
}

// -------------------------------------------------------------------------------------------------- operations

function operationExample(row, rows) {
  const isPlain = row.slots.every(({ kind }) => kind !== "list" && kind !== "variable");
  return isPlain && !row.method.takesComplex && !row.method.givesComplex && isElementwise(row, rows)
    ? valueExample(row, rows)
    : shapeExample(row, rows);
}

function isElementwise({ slots, shape, build }, { variable, nodesOf, Category }) {
  if (shape) return shape.kind === "elementwise";
  const given = slots.map(({ kind }, n) => (kind === "formula" ? variable(n, 3, Category.I) : n));
  return isMadeOfRows({ given, build, nodesOf });
}

/** `Vi([[0.25]]).add(0.75)`, and the number that the row itself gives. */
function valueExample(row, { variable, Category }) {
  const { slots, build, method } = row;
  const numbers = numbersOf(row);
  const built = build(slots.map(({ kind }, n) => (kind === "formula" ? variable(n, 1, Category.I) : numbers[n])));
  const [self, ...others] = method.order.map((name) => numbers[slots.findIndex((slot) => slot.name === name)]);
  const call = `Vi([[${self}]]).${method.names[0]}(${others.join(", ")})`;
  return [`console.log(${call}.dense().get(0, 0).toFixed(4)); // ${valueOf(built, numbers).toFixed(4)}`];
}

const LENGTHS = [5, 6];
const INDEXED = ["Vi", "Vj"];

/** The first operand is indexed by i, the second by j, all others are for all pairs. */
function shapeExample(row, rows) {
  const { slots, method, build } = row;
  const { args } = exampleOf(row, rows);
  const dims = args.map((arg) => arg.dim);
  const order = method.order.map((name) => slots.findIndex((slot) => slot.name === name));
  const isTensor = order.filter((n) => dims[n] !== undefined);
  const texts = order.map((n) => operandText({ dim: dims[n], value: args[n], place: isTensor.indexOf(n), method }));
  const [self, ...others] = texts;
  const { dim } = build(args);
  const components = method.givesComplex ? dim / 2 : dim;
  const shape = [LENGTHS[0], isTensor.length > 1 ? LENGTHS[1] : 1, ...(components > 1 ? [components] : [])];
  return [`console.log(${self}.${method.names[0]}(${others.join(", ")}).shape); // [ ${shape.join(", ")} ]`];
}

function operandText({ dim, value, place, method }) {
  if (dim === undefined) return Array.isArray(value) ? `[${value.join(", ")}]` : String(value);
  if (place > 1) return `rand([${dim}])`;
  const tensor = `${INDEXED[place]}(rand([${LENGTHS[place]}, ${dim}]))`;
  return method.takesComplex && dim % 2 === 0 ? `${tensor}.asComplex()` : tensor;
}

// -------------------------------------------------------------------------------------------------- reductions

const RESULTS = {
  values: "an array `[...batch, rows, dim]`",
  indices: "int32 indices `[...batch, rows, dim]`",
  both: "a pair of numbers and int32 indices, both `[...batch, rows, dim]`",
};

const givenBy = ({ gives, takesK }) =>
  RESULTS[gives].replaceAll("rows, dim", takesK ? "rows, k]` or `[...batch, rows, k, dim" : "rows, dim");

/** Over the differences of points, or their squared distances where the best are taken. */
function reductionExample({ methods: [spelling], weights, takesK, gives }) {
  const given = [takesK && "3", weights === "required" && "Vj(rand([20, 2]))", "{ axis: 1 }"].filter(Boolean);
  const values = `Vi(rand([10, 2])).${takesK ? "sqdist" : "sub"}(Vj(rand([20, 2])))`;
  const shape = `[ 10, ${takesK ? 3 : 2} ]`;
  if (gives !== "both") return [`console.log(${values}.${spelling}(${given.join(", ")}).shape); // ${shape}`];
  return [
    `const [values, indices] = ${values}.${spelling}(${given.join(", ")});`,
    `console.log(values.shape, indices.shape); // ${shape} ${shape}`,
  ];
}
