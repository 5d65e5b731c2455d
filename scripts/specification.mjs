/**
 * What a generated routine is made for, from a row of a table: for scripts that look at generated code. Needs `npm
 * run build:ts`.
 */
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
const { parse } = require("../dist/formula/parse.js");
const { reductionNamed } = require("../dist/formula/reductions.js");
const { program } = require("../dist/codegen/cpp.js");
const { symmetricProgram } = require("../dist/codegen/symmetric.js");

export function specificationOf({
  texts,
  aliases,
  reduction = "Sum",
  k = 1,
  dtype = "float32",
  sumScheme = "block",
  accumulator = dtype,
}) {
  const { formulas, arguments: variables } = parse(texts, aliases);
  return {
    formulas,
    reduction: reduction && reductionNamed(reduction),
    k,
    rows: 0,
    variables,
    dtype,
    sumScheme,
    accumulator,
  };
}

/**
 * The text of a routine. `shape` as in src/codegen/cpp.ts; `same`, for pairs that are evaluated once, as in
 * src/codegen/symmetric.ts.
 */
export function sourceOf(routine, isa) {
  const { same, shape } = routine;
  const specification = specificationOf(routine);
  const made = same ? symmetricProgram(specification, same, isa) : program(specification, isa, shape);
  return made.source;
}
