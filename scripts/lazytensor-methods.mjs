/**
 * Writes src/lazytensor/methods.ts from the tables of operations and reductions: one method for each row, with the row's text as its
 * documentation, so that a new row is a new method. `--check` writes nothing and ends with status 1 where the file is not what it
 * would write. Needs `npm run build:ts`.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { format } from "prettier";
import { requireBuilt } from "./built.mjs";

const require = createRequire(import.meta.url);
const file = new URL("../src/lazytensor/methods.ts", import.meta.url);

/** Method names other than the row's own name with a small first letter; first the one to prefer, then those of pykeops. */
const SPELLINGS = {
  Acos: ["acos"],
  Add: ["add"],
  AutoFactorize: ["autoFactorize", "auto_factorize"],
  BSpline: ["bspline"],
  ComplexExp1j: ["exp1j"],
  Divide: ["div"],
  Equal: ["eq"],
  GradMatrix: ["gradMatrix", "grad_matrix"],
  IfElse: ["ifelse"],
  Imag2Complex: ["imag2complex"],
  Kron: ["kron", "keops_kron"],
  LessOrEqual: ["le"],
  LessThan: ["lt"],
  MatVecMult: ["matvecmult"],
  Minus: ["neg"],
  Mult: ["mul"],
  Norm2: ["norm2", "norm"],
  NotEqual: ["ne"],
  OneHot: ["oneHot", "one_hot"],
  Powf: ["pow", "power"],
  ReLU: ["relu"],
  Real2Complex: ["real2complex"],
  Scalprod: ["dot"],
  SinXDivX: ["sinxdivx", "sinc"],
  SoftDTW_SqDist: ["softdtwSqdist", "softdtw_sqdist"],
  SqDist: ["sqdist"],
  SqNorm2: ["sqnorm2"],
  Subtract: ["sub"],
  TensorDot: ["tensordot", "keops_tensordot"],
  TensorProd: ["tensorprod"],
  TraceOperator: ["traceOperator", "trace_operator"],
  VecMatMult: ["vecmatmult"],
  WeightedSqDist: ["weightedSqdist", "weightedsqdist"],
  WeightedSqNorm: ["weightedSqnorm", "weightedsqnorm"],
  XLogX: ["xlogx"],
};
/** The order of arguments where this tensor is not the first one of the row: it comes first here. */
const ORDERS = {
  WeightedSqDist: ["x", "y", "s"],
  WeightedSqNorm: ["x", "s"],
  SqNormIso: ["x", "s"],
  SqNormDiag: ["x", "s"],
  SymSqNorm: ["x", "A"],
};
const DEFAULTS = { "Mod d": "0", "Round digits": "0", "BSpline order": "0" };
/** Integer powers are powers, products with real numbers are products, and what broadcasts or reduces otherwise is written by hand. */
const LEFT_OUT = new Set(["Pow", "Complex", "ComplexRealScal", "ComplexScal", "ComplexSum"]);
const COMPLEX_SPELLINGS = { mult: "mul", divide: "div", subtract: "sub" };
const COMPLEX_RESULTS = new Set(["ComplexExp1j", "Real2Complex", "Imag2Complex"]);

const REDUCTIONS = {
  Sum: ["sum"],
  Mean: ["mean"],
  Prod: ["prod"],
  Count: ["count"],
  Any: ["any"],
  All: ["all"],
  Min: ["min"],
  ArgMin: ["argmin"],
  Min_ArgMin: ["minArgmin", "min_argmin"],
  Max: ["max"],
  ArgMax: ["argmax"],
  Max_ArgMax: ["maxArgmax", "max_argmax"],
  KMin: ["kmin", "Kmin"],
  ArgKMin: ["argKmin"],
  KMin_ArgKMin: ["kminArgkmin", "Kmin_argKmin"],
  KMax: ["kmax", "Kmax"],
  ArgKMax: ["argKmax"],
  KMax_ArgKMax: ["kmaxArgkmax", "Kmax_argKmax"],
  LogSumExp: ["logsumexp"],
  SumSoftMaxWeight: ["sumsoftmaxweight"],
};

const lowerFirst = (name) => name[0].toLowerCase() + name.slice(1);
const TYPES = {
  formula: "Operand",
  variable: "Operand",
  integer: "number",
  number: "number",
  list: "readonly number[]",
};

function tables() {
  require("../dist/formula/parse.js"); // with it, every row has been registered
  const { entries } = require("../dist/formula/ops.js");
  const { reductions } = require("../dist/formula/reductions.js");
  const named = [...entries].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, entry]) => entry);
  return { operations: named.filter(isMethod), reductions };
}

const isMethod = ({ name, slots }) => slots[0]?.kind === "formula" && !LEFT_OUT.has(name);
const isComplex = ({ name }) => name === "Conj" || (/^Complex./.test(name) && name !== "ComplexExp1j");

/** One method for each spelling; the others point to the first. */
function methodsOf(entry, names, result, call) {
  const self = ORDERS[entry.name]?.[0] ?? entry.slots[0].name;
  const written = ORDERS[entry.name] ?? entry.slots.map(({ name }) => name);
  const slots = written.slice(1).map((name) => entry.slots.find((slot) => slot.name === name));
  const parameters = slots.map((slot) => parameterOf(entry.name, slot)).join(", ");
  const values = entry.slots.map(({ name }) => (name === self ? "this" : name)).join(", ");
  const doc = `${entry.doc} \`${entry.name}(${entry.slots.map((slot) => slot.name).join(", ")})\` in formulas; ${self} is this tensor.`;
  return names.map(
    (name, n) => `
  /** ${n === 0 ? doc : `The same as \`${names[0]}\`: ${entry.doc}`} */
  ${name}(${parameters}): ${result} {
    atMost("${name}", ${slots.length}, arguments);
    return this.${call}("${entry.name}", [${values}]);
  }`,
  );
}

function parameterOf(entry, { name, kind, optional }) {
  const value = DEFAULTS[`${entry} ${name}`];
  const type = TYPES[kind];
  return value === undefined ? `${name}${optional ? "?" : ""}: ${type}` : `${name}: ${type} = ${value}`;
}

function realMethods(operations, reductions) {
  const inner = new Set(Object.keys(REDUCTIONS).filter((name) => operations.some((entry) => entry.name === name)));
  return operations
    .filter((entry) => !isComplex(entry) && !inner.has(entry.name))
    .flatMap((entry) => {
      const names = SPELLINGS[entry.name] ?? [lowerFirst(entry.name)];
      const isPair = COMPLEX_RESULTS.has(entry.name);
      return methodsOf(entry, names, isPair ? "C" : "L", isPair ? "complexOperation" : "operation");
    })
    .concat([...reductions.values()].flatMap((reduction) => reductionMethods(reduction, inner)));
}

/** The rows of the reduction table, without their second names. */
function reductionMethods({ name, doc, weights, takesK }, inner) {
  const names = REDUCTIONS[name];
  if (!names) throw new Error(`reductions: expected a method name for ${name} in this script`);
  const first = [takesK && "k: number", weights === "required" && "weight: Operand"].filter(Boolean);
  const type = `ReduceOptions<T>${weights === "optional" ? " & { readonly weight?: Operand | undefined }" : ""}`;
  const extra = ["...options", takesK && "optArg: k", weights === "required" && "weight"].filter(Boolean).join(", ");
  const over = (result, option) => `(${[...first, option].join(", ")}): ${result}`;
  return names.map((method, n) => {
    const same = n === 0 ? "" : `The same as \`${names[0]}\`: `;
    const inside = inner.has(name)
      ? `\n  /** ${same}Of the components of every vector, \`${name}(x)\` in formulas. */\n  ${method}(options?: InnerOptions | null): L;`
      : "";
    const body = inner.has(name)
      ? `isInner("${method}", options) ? this.operation("${name}", [this]) : this.reduction("${name}", options)`
      : `this.reduction("${name}", ${extra === "...options" ? "options" : `{ ${extra} }`})`;
    return `${inside}
  /** ${same}${doc} Over i (axis 0) or j (axis 1). */
  ${method}${over(`Deferred<"${name}", T>`, `options: ${type} & Waiting`)};
  /** ${same}${doc} Over i (axis 0) or j (axis 1). */
  ${method}${over(`ResultOf<"${name}", T>`, `options: ${type} & Calling`)};
  ${method}${over("unknown", `options${inner.has(name) ? "?" : ""}: ${inner.has(name) ? `(${type}) | InnerOptions | null` : type}`)} {
    atMost("${method}", ${first.length + 1}, arguments);
    return ${body};
  }`;
  });
}

/** Rows on complex numbers, without the word in front; those that give real numbers are told by their dims. */
function complexMethods(operations) {
  const { Category, variable } = require("../dist/formula/formula.js");
  return operations.filter(isComplex).flatMap((entry) => {
    const plain = lowerFirst(entry.name.replace(/^Complex/, ""));
    const name = COMPLEX_SPELLINGS[plain] ?? plain;
    const isReal = entry.slots.length === 1 && entry.build([variable(0, 2, Category.I)]).dim === 1;
    return methodsOf(entry, [name], isReal ? "L" : "C", isReal ? "operation" : "complexOperation").map((text) =>
      text.replaceAll(/\bOperand\b/g, "ComplexOperand"),
    );
  });
}

const HEAD = `/**
 * The methods of lazy tensors, one for each row of the tables of operations and reductions: their types and their documentation.
 * Made by \`npm run lazytensor:methods\`; not to be edited by hand.
 */
import type { RealArray } from "../array/view";
import type { Real } from "../engine/native";
import type { ReductionName, ResultOf } from "../call/signature";
import { atMost } from "../options";
import { isInner } from "./reduce";
import type { Calling, Deferred, InnerOptions, ReduceOptions, Waiting } from "./reduce";
import type { Expression } from "./expression";
import { Tensor } from "./tensor";

/** What a lazy tensor is combined with: another one, a number, or an array or list that is a parameter. */
export type Operand =
  { readonly expression: Expression; readonly isComplex: false } | RealArray | number | readonly number[];
/** What a complex lazy tensor is combined with; what is real counts as complex without imaginary part. */
export type ComplexOperand = { readonly expression: Expression; readonly isComplex: boolean } | Operand;

/** Reductions by name. */
export type AnyReduction<T extends Real> = ReduceOptions<T> & {
  readonly optArg?: number | undefined;
  readonly weight?: Operand | undefined;
  readonly call?: boolean | undefined;
};
`;

/** The file that the tables ask for. */
export async function methodsText() {
  const { operations, reductions } = tables();
  const rows = new Map([...reductions].filter(([name, reduction]) => name === reduction.name));
  const text = `${HEAD}
/** What real lazy tensors can do; \`L\` and \`C\` are real and complex lazy tensors. */
export abstract class RealMethods<L, C, T extends Real> extends Tensor<L, T> {
  protected abstract operation(name: string, values: readonly unknown[]): L;
  protected abstract complexOperation(name: string, values: readonly unknown[]): C;
  abstract reduction(name: ReductionName, options: AnyReduction<T>): unknown;
${realMethods(operations, rows).join("\n")}
}

/** What complex lazy tensors can do. */
export abstract class ComplexMethods<L, C, T extends Real> extends Tensor<C, T> {
  protected abstract operation(name: string, values: readonly unknown[]): L;
  protected abstract complexOperation(name: string, values: readonly unknown[]): C;
${complexMethods(operations).join("\n")}
}
`;
  const options = JSON.parse(readFileSync(new URL("../.prettierrc", import.meta.url), "utf8"));
  return format(text, { ...options, parser: "typescript" });
}

async function main() {
  requireBuilt("dist");
  const text = await methodsText();
  if (!process.argv.includes("--check")) return writeFileSync(file, text);
  if (readFileSync(file, "utf8") === text) return;
  console.error("src/lazytensor/methods.ts: expected what the tables say: run `npm run lazytensor:methods`");
  process.exitCode = 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
