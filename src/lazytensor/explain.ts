/**
 * What a lazy expression costs and how it is computed, in words: pairs, operations and bytes, what is computed before
 * the loop, and the generated code. Must not know how users write operations.
 */
import { sizeOf } from "../array/view";
import { Depends, lowerFormula, nodesOf, print, asVariable } from "../formula/formula";
import type { Formula } from "../formula/formula";
import type { Preview } from "../device/routine";
import { settingsOf } from "../genred";
import { flopsPerPair } from "../call/plan";
import { bound, operatorOf, textOf } from "./expression";
import type { Bound, Expression } from "./expression";
import { isArray } from "./leaf";

const SUFFIXES: readonly (readonly [number, string])[] = [
  [1e12, "T"],
  [1e9, "G"],
  [1e6, "M"],
  [1e3, "k"],
];

function abbreviate(count: number, of = ""): string {
  const [unit, suffix] = SUFFIXES.find(([least]) => count >= least) ?? [1, ""];
  return `${Number((count / unit).toPrecision(3))}${of && " "}${suffix}${of}`;
}

/** Pairs, operations per pair and in all, and bytes: of the arrays, and of the values that never are in memory. */
export function costText(expression: Expression): string {
  const { sizes, batch, formula, leaves, dtype } = expression;
  const pairs = sizeOf(batch) * (sizes[0] ?? 1) * (sizes[1] ?? 1);
  const perPair = flopsPerPair(formula);
  const held = leaves.map(({ value }) => (isArray(value) ? sizeOf(value.shape) * value.data.BYTES_PER_ELEMENT : 0));
  const bytes = held.reduce((sum, size) => sum + size, 0);
  const values = pairs * formula.dim * (dtype === "float64" ? 8 : 4);
  const work = `${abbreviate(pairs)} pairs x about ${perPair} flops = ${abbreviate(pairs * perPair, "flops")}`;
  return `cost: ${work}; arrays of ${abbreviate(bytes, "B")}, in place of ${abbreviate(values, "B")} for all values`;
}

const PHASES: readonly (readonly [string, Depends])[] = [
  ["once", Depends.Nothing],
  ["once per i", Depends.I],
  ["once per j", Depends.J],
];

/** The largest parts of a formula that depend on what is named alone. */
function findHoisted(root: Formula, depends: Depends): Formula[] {
  const used = nodesOf(root).filter((node) => node === root || node.depends === Depends.Both);
  const parts = new Set(used.flatMap((node) => (node.depends === Depends.Both ? node.args : [node])));
  return [...parts].filter((node) => node.depends === depends && node.args.length > 0);
}

/** Formula, what is computed when, backend and code, of the sum over j. */
export function explanation(expression: Expression): string {
  const of = bound([expression.formula], expression.leaves);
  const operator = operatorOf(of, settingsOf({ axis: 1 }));
  const { dtype, where } = expression;
  const [first, later] = (["never", "always"] as const).map((compile) =>
    operator.preview(dtype ?? "float32", { backend: where.backend, compile }),
  ) as [Preview, Preview];
  const quick = lowerFormula(operator.formula);
  const phases = PHASES.flatMap(([when, depends]) =>
    findHoisted(quick, depends).map((part) => `  ${when}: ${printWithNames(part, of)}`),
  );
  return [
    String(operator),
    `  ${costText(expression)}`,
    ...phases,
    `  at every pair: ${printWithNames(quick, of)}`,
    ...(first.backend === later.backend ? [] : [`  backend of first calls: ${describeEngine(first)}`]),
    `  backend: ${describeEngine(later)}`,
    ...(later.code === undefined ? [] : ["", later.code]),
  ].join("\n");
}

const describeEngine = ({ backend, tiles, whyNot }: Preview): string =>
  `${backend}${tiles === undefined ? "" : `, ${tiles}`}${whyNot === null ? "" : `, which cannot run here: ${whyNot}`}`;

const printWithNames = (formula: Formula, { args }: Bound): string =>
  print(formula, (v) => args[asVariable(v).position]?.name ?? String(v));

/** `[...batch, M, N, dim]`; a dim of 1 is left out. */
export function shapeOf({ batch, sizes }: Expression, dim: number): readonly number[] {
  const [rows, columns] = sizes;
  return [...batch, rows ?? 1, columns ?? 1, ...(dim === 1 ? [] : [dim])];
}

/** Shape, dtype, formula and cost. */
export function describe(kind: string, expression: Expression, shape: readonly number[], dtype: string | null): string {
  const size = `shape [${shape.join(", ")}]${dtype === null ? "" : `, ${dtype}`}`;
  return `${kind} of ${size}\n  formula: ${textOf(expression)}\n  ${costText(expression)}`;
}
