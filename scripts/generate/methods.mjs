/**
 * src/lazytensor/methods.ts: a method for each row of operations and reductions, with the row's text as its
 * documentation.
 */

/** The file that the rows ask for. */
export function methodsText({ operations, reductions }) {
  const methods = operations.filter(({ method }) => method !== undefined);
  const complex = methods.filter(({ method }) => method.takesComplex);
  const real = methods.filter(({ method }) => !method.takesComplex);
  const isInner = (operation) => reductions.some(({ methods: [name] }) => name === operation.method.names[0]);
  const inner = new Map(real.filter(isInner).map((operation) => [operation.method.names[0], operation]));
  return `${HEAD}
/** What real lazy tensors can do; \`L\` and \`C\` are real and complex lazy tensors. */
export abstract class RealMethods<L, C, T extends RealData> extends Tensor<L, L, C, T> {
  abstract reduction(name: ReductionName, options: AnyReduction<T>): unknown;
${real
  .filter((operation) => !isInner(operation))
  .flatMap(operationMethods)
  .join("")}
${reductions.flatMap((row) => reductionMethods(row, inner.get(row.methods[0]))).join("")}}

/** What complex lazy tensors can do. */
export abstract class ComplexMethods<L, C, T extends RealData> extends Tensor<C, L, C, T> {
${complex.flatMap(operationMethods).join("")}}
`;
}

const HEAD = `/**
 * The methods of lazy tensors, one for each row of operations and reductions: their types and their documentation. Made
 * by \`npm run generate\` from the rows in src/formula; what is written here by hand is lost.
 */
import type { RealData } from "../device/native";
import type { ReductionName, ResultOf } from "../call/signature";
import { atMost } from "../options";
import { applyComplex, applyReal } from "./operand";
import type { ComplexLazyOperand, LazyOperand } from "./operand";
import { isInner } from "./reduce";
import type { AnyReduction, Calling, DeferredReduction, InnerOptions, ReduceOptions, Waiting } from "./reduce";
import { Tensor } from "./tensor";
`;

const TYPES = { integer: "number", number: "number", list: "readonly number[]" };

/** One method for each of its names. */
function operationMethods({ name, doc, slots, method }) {
  const [self, ...others] = method.order.map((argument) => slots.find((slot) => slot.name === argument));
  const parameters = others.map((slot) => parameterOf(slot, method)).join(", ");
  const values = slots.map((slot) => (slot === self ? "this" : slot.name)).join(", ");
  const call = method.givesComplex ? "applyComplex" : "applyReal";
  const written = `\`${name}(${slots.map((slot) => slot.name).join(", ")})\` in formulas; ${self.name} is this tensor.`;
  return method.names.map(
    (spelling, n) => `
  /** ${docOf(method.names, n, `${doc} ${written}`)} */
  ${spelling}(${parameters}): ${method.givesComplex ? "C" : "L"} {
    atMost("${spelling}", ${others.length}, arguments);
    return ${call}(this, "${name}", [${values}]);
  }
`,
  );
}

/** Pykeops's names follow the one to prefer. */
const docOf = ([preferred], n, doc) => (n === 0 ? doc : `\`${preferred}\`, as pykeops spells it: ${doc}`);

function parameterOf({ name, kind, optional, default: number }, { takesComplex }) {
  const type = TYPES[kind] ?? (takesComplex ? "ComplexLazyOperand" : "LazyOperand");
  return number === undefined ? `${name}${optional ? "?" : ""}: ${type}` : `${name}: ${type} = ${number}`;
}

/** @param inner the operation on the components of a vector that goes by the same name, if there is one. */
function reductionMethods(row, inner) {
  const { name, doc, methods, weights, takesK } = row;
  const first = [takesK && "k: number", weights === "required" && "weight: LazyOperand"].filter(Boolean);
  const options = `ReduceOptions<T>${weights === "optional" ? " & { readonly weight?: LazyOperand | undefined }" : ""}`;
  const given = ["...options", takesK && "optArg: k", weights === "required" && "weight"].filter(Boolean);
  const reduction = `this.reduction("${name}", ${given.length === 1 ? "options" : `{ ${given.join(", ")} }`})`;
  const form = (option) => [...first, option].join(", ");
  return methods.map((spelling, n) => {
    const over = `/** ${docOf(methods, n, doc)} Over i (axis 0) or j (axis 1). */`;
    return `${inner ? innerForm(spelling, inner) : ""}
  ${over}
  ${spelling}(${form(`options: ${options} & Waiting`)}): DeferredReduction<"${name}", T>;
  ${over}
  ${spelling}(${form(`options: ${options} & Calling`)}): ResultOf<"${name}", T>;
  ${spelling}(${form(inner ? `options?: (${options}) | InnerOptions | null` : `options: ${options}`)}): unknown {
    atMost("${spelling}", ${first.length + 1}, arguments);
    return ${inner ? `isInner("${spelling}", options) ? applyReal(this, "${inner.name}", [this]) : ` : ""}${reduction};
  }
`;
  });
}

const innerForm = (spelling, { name }) => `
  /** Of the components of every vector, \`${name}(x)\` in formulas. */
  ${spelling}(options?: InnerOptions | null): L;`;
