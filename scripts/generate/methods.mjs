/**
 * src/lazytensor/methods.ts: a method for each row of operations and reductions, with the row's text as its
 * documentation.
 */
import { operationDoc, reductionDoc } from "./methoddocs.mjs";

/** The file that the rows ask for. */
export function methodsText(rows) {
  const { operations, reductions } = rows;
  const methods = operations.filter(({ method }) => method !== undefined);
  const complex = methods.filter(({ method }) => method.takesComplex);
  const real = methods.filter(({ method }) => !method.takesComplex);
  const isInner = (operation) => reductions.some(({ methods: [name] }) => name === operation.method.names[0]);
  const inner = new Map(real.filter(isInner).map((operation) => [operation.method.names[0], operation]));
  return `${HEAD}
/**
 * What real lazy tensors can do; \`L\` and \`C\` are real and complex lazy tensors, \`WL\` real ones that wait for
 * arrays, \`W\` whether this one does.
 */
export abstract class RealMethods<L, C, WL, T extends RealData, W extends boolean> extends Tensor<L, L, C, T> {
  abstract reduction(name: ReductionName, options: AnyReduction<T>): unknown;
${real
  .filter((operation) => !isInner(operation))
  .flatMap((row) => operationMethods(row, rows))
  .join("")}
${reductions.flatMap((row) => reductionMethods(row, inner.get(row.methods[0]))).join("")}}

/** What complex lazy tensors can do; \`WC\` are those that wait for arrays. */
export abstract class ComplexMethods<L, C, WC, T extends RealData> extends Tensor<C, L, C, T> {
${complex.flatMap((row) => operationMethods(row, rows)).join("")}}
`;
}

const HEAD = `/**
 * The methods of lazy tensors, one for each row of operations and reductions: their types and their documentation. Made
 * by \`npm run generate\` from the rows in src/formula; what is written here by hand is lost.
 */
import type { RealData } from "../device/native";
import type { ReductionName } from "../call/signature";
import { atMost } from "../options";
import { applyComplex, applyReal } from "./operand";
import type { ComplexLazyOperand, LazyOperand, Joined, OperandOf } from "./operand";
import { isInner } from "./reduce";
import type {
  AnyReduction,
  Axis,
  InnerOptions,
  Reduced,
  ReducedAny,
  ReductionOptions,
  AxisReductionOptions,
  Weighted,
} from "./reduce";
import { Tensor } from "./tensor";
`;

const TYPES = { integer: "number", number: "number", list: "readonly number[]" };

/** One method for each of its names. */
function operationMethods(row, rows) {
  const { name, slots, method } = row;
  const [self, ...others] = method.order.map((argument) => slots.find((slot) => slot.name === argument));
  const parameters = others.map((slot) => parameterOf(slot, method)).join(", ");
  const values = slots.map((slot) => (slot === self ? "this" : slot.name)).join(", ");
  const call = method.givesComplex ? "applyComplex" : "applyReal";
  const gives = method.givesComplex ? "C" : "L";
  const joins = others.filter(isOperand);
  return method.names.map((spelling, n) => {
    const about = operationDoc({ row, rows, names: method.names, n });
    const generic =
      joins.length > 0 ? `\n  ${about}\n  ${spelling}${joinedForm(others, method, gives)};` : `\n  ${about}`;
    return `${generic}
  ${spelling}(${parameters}): ${joins.length > 0 ? "unknown" : gives} {
    atMost("${spelling}", ${others.length}, arguments);
    return ${call}(this, "${name}", [${values}]);
  }
`;
  });
}

const isOperand = ({ kind }) => TYPES[kind] === undefined;

/** With a type for each operand: what is made of one that waits for arrays waits too. */
function joinedForm(slots, method, gives) {
  const types = slots.map((slot, n) => (isOperand(slot) ? `Y${n + 1}` : undefined));
  const operand = method.takesComplex ? "ComplexLazyOperand" : "LazyOperand";
  const generics = types.filter(Boolean).map((type) => `${type} extends ${operand}`);
  const parameters = slots.map((slot, n) => {
    const isLeftOut = slot.default !== undefined || slot.optional;
    return `${slot.name}${isLeftOut ? "?" : ""}: ${types[n] ?? TYPES[slot.kind]}`;
  });
  const given = types.filter(Boolean).join(" | ");
  return `<${generics.join(", ")}>(${parameters.join(", ")}): Joined<${gives}, W${gives}, ${given}>`;
}

function parameterOf({ name, kind, optional, default: number }, { takesComplex }) {
  const type = TYPES[kind] ?? (takesComplex ? "ComplexLazyOperand" : "LazyOperand");
  return number === undefined ? `${name}${optional ? "?" : ""}: ${type}` : `${name}: ${type} = ${number}`;
}

/** @param inner the operation on the components of a vector that goes by the same name, if there is one. */
function reductionMethods(row, inner) {
  const { name, methods, weights, takesK } = row;
  const weighted = weights === "optional" ? " & Weighted<A, W, C>" : "";
  const operand = "weight: OperandOf<C extends false ? true : W>";
  const first = [takesK && "k: number", weights === "required" && operand].filter(Boolean);
  const given = ["...options", takesK && "optArg: k", weights === "required" && "weight"].filter(Boolean);
  const reduction = `this.reduction("${name}", ${given.length === 1 ? "options" : `{ ${given.join(", ")} }`})`;
  const form = (option) => [...first, option].join(", ");
  return methods.map((spelling, n) => {
    const about = reductionDoc({ row, inner, names: methods, n });
    const typed = inner
      ? `<A extends Axis = -1, C extends boolean = true>(${form(`options?: (AxisReductionOptions<T, A, C>${weighted}) | null`)}): ReducedAny<L, A, "${name}", T, W, C>`
      : `<C extends boolean = true>(${form(`options: ReductionOptions<T, C>${weighted}`)}): Reduced<"${name}", T, W, C>`;
    const untyped = form(inner ? "options?: AnyReduction<T> | InnerOptions | null" : "options: AnyReduction<T>");
    return `
  ${about}
  ${spelling}${typed};
  ${spelling}(${untyped.replace(operand, "weight: LazyOperand")}): unknown {
    atMost("${spelling}", ${first.length + 1}, arguments);
    return ${inner ? `isInner("${spelling}", options) ? applyReal(this, "${inner.name}", [this]) : ` : ""}${reduction};
  }
`;
  });
}
