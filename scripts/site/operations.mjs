/**
 * The operations as pages: each row with its formula as mathematics, its dims, its gradient, and a picture where it is a
 * function of one number. All of it is asked of the library: the graph it builds, and the values it computes.
 */
import { createRequire } from "node:module";
import { join } from "node:path";
import { exampleOf } from "../generate/operations.mjs";
import { readRows } from "../generate/rows.mjs";
import { PLACES, curveText } from "./curve.mjs";
import { anchorOf, root } from "./paths.mjs";
import { DEFINED, texOf } from "./tex.mjs";

const PAGES = {
  functions: { title: "Functions of one number", holds: (row) => isElementwise(row) && formulas(row).length === 1 },
  arithmetic: { title: "Arithmetic and comparisons", holds: isElementwise },
  complex: { title: "Complex numbers", holds: ({ name }) => /Complex|Conj/.test(name) },
  derivatives: {
    title: "Derivatives of formulas",
    holds: ({ name, slots }) => slots.some(({ kind }) => kind === "variable") || /Grad|Factorize/.test(name),
  },
  vectors: { title: "Vectors and matrices", holds: () => true },
};

function isElementwise({ shape }) {
  return shape?.kind === "elementwise";
}
function formulas({ slots }) {
  return slots.filter(({ kind }) => kind === "formula");
}

let made;

/** Pages as paths and texts, and what links the list of all operations to them; made once. */
export function operationPages() {
  made ??= makePages();
  return made;
}

function makePages() {
  const rows = readRows(root);
  const places = new Map();
  const named = Object.entries(PAGES).map(([name, { title, holds }]) => {
    const own = rows.operations.filter(
      (row) => !rows.DECLARATIONS.has(row.name) && !places.has(row.name) && holds(row),
    );
    for (const row of own) places.set(row.name, `./operations/${name}.md#${anchorOf(row.name)}`);
    return [
      `reference/operations/${name}.md`,
      `# ${title}\n\n${HEAD}\n\n${own.map((row) => section(row, rows)).join("\n\n")}\n`,
    ];
  });
  const linked = (text) =>
    text.replaceAll(/^- (`(\w+)\([^`]*`):/gm, (item, call, name) =>
      places.has(name) ? `- [${call}](${places.get(name)}):` : item,
    );
  return { pages: named, linked };
}

const HEAD = `Made from the rows in \`src/formula\`. [All operations](../operations.md) are listed with what holds for all of them.
Pictures show the function, and its derivative dashed; $e$ in a gradient is what arrives from outside, of the dim of the
result.`;

function section(row, rows) {
  const { args, dims } = exampleOf(row, rows);
  const names = row.slots.map(({ name }) => texName(name));
  const lines = [`## ${row.name}`, `\`${rows.signature(row)}\``, row.doc];
  if (args === undefined) return lines.join("\n\n");
  const built = row.build(args);
  const tex = DEFINED[row.name] ?? texOf(built, names, rows);
  const given = names.filter((_, n) => typeof args[n] === "object" && !Array.isArray(args[n])).join(", ");
  if (given !== "" && isShort(tex)) lines.push(`$$f(${given}) = ${tex}$$`);
  if (dims !== "") lines.push(`Dims: \`${dims}\`${example(row, args)}.`);
  lines.push(...gradients(row, args, built, names, rows), ...picture(row, args));
  return lines.join("\n\n");
}

/** What stands for arguments that are numbers, in the formula and the gradient of a row. */
function example({ slots }, args) {
  const numbers = slots.flatMap(({ name, kind }, n) =>
    typeof args[n] === "object" && kind !== "list" ? [] : [`\`${name} = ${args[n]}\``],
  );
  return numbers.length === 0 ? "" : `, where ${numbers.join(", ")}`;
}

const texName = (name) => (name.length === 1 ? name : `\\mathit{${name}}`);
/** Formulas longer than a line explain nothing. */
const isShort = (tex) => tex.length < 260;

function gradients(row, args, built, names, rows) {
  const isPlain = isElementwise(row);
  const cotangent = isPlain ? rows.constant(1) : rows.variable(row.slots.length, built.dim, rows.Category.I);
  const found = row.slots.flatMap(({ kind }, n) => {
    if (kind !== "formula") return [];
    const gradient = attempted(() => rows.grad(isPlain ? rows.sum(built) : built, args[n], cotangent));
    if (gradient === undefined || rows.isZero(gradient)) return [];
    const tex = texOf(gradient, [...names, "e"], rows);
    const by = isPlain ? `\\frac{\\partial f}{\\partial ${names[n]}}` : `\\nabla_{${names[n]}} f`;
    return isShort(tex) ? [`$$${by} = ${tex}$$`] : [];
  });
  return found.length === 0 ? [] : [isPlain ? "Derivative:" : "Gradient:", ...found];
}

function attempted(make) {
  try {
    return make();
  } catch {
    return undefined;
  }
}

/** Values that the library computes, where the row is a function of one number. */
function picture(row, args) {
  if (!isElementwise(row) || formulas(row).length !== 1) return [];
  const { Genred, array } = createRequire(import.meta.url)(join(root, "dist", "index.js"));
  const call = `${row.name}(${args.map((value) => (typeof value === "number" ? value : "x")).join(", ")})`;
  const x = array(
    PLACES.map((place) => [place]),
    { dtype: "float64" },
  );
  const [values, slopes] = [call, `Grad(${call}, x, 1)`].map((text) => [
    ...Genred(text, ["x = Vi(1)"], { axis: 1 })(x, { backend: "reference" }).data,
  ]);
  return [curveText(call, values, slopes)];
}
