/**
 * Arrays and lists of results as a table of a notebook, in HTML with plain text beside it. The one idea: rows in the
 * middle of long ones are left out, so that a cell stays small whatever it is given. Knows no chart.
 */
import { inspect } from "node:util";
import { isNdarray } from "../array/check";
import { shapeText } from "../array/view";
import { asserted } from "../asserts";
import { ArgumentError } from "../errors";
import { atMost, optionsOf, withDefaults } from "../options";
import type { OptionsOf } from "../options";
import { checkField, isNames, numbersOf, rowsOf } from "./columns";
import type { ChartTable, ChartValues, Row } from "./columns";
import { escaped } from "./html";
import { displayWriter, noteShown } from "./kernels";

const TABLE = {
  /** Names of the columns of a matrix (default: their numbers); of columns or objects, those that are shown. */
  columns: { expected: "a list of names", accepts: (value: unknown): value is readonly string[] => isNames(value) },
  /** Rows that are shown at most; of more, those in the middle are left out (default 20). */
  rows: { kind: "integer", least: 2, default: 20 },
  /** Significant digits of numbers (default 5). */
  digits: { kind: "integer", least: 1, default: 5 },
  /** Heading over the table. */
  title: { kind: "text" },
  /** Show the table when a cell of a notebook is running (default true). */
  show: { kind: [true, false], default: true },
} as const;

/** Options of `table`. */
export type TableOptions = OptionsOf<typeof TABLE>;

/** A table in the formats of a Jupyter output, by MIME type. */
export interface TableBundle {
  /** The table in each format. */
  readonly data: { readonly "text/html": string; readonly "text/plain": string };
}

/**
 * Shows a table in the running cell, and returns it; outside of notebooks it only returns it. Values are a matrix
 * `[N, D]` or numbers `[N]`, columns of one length by name, or a list of objects.
 * @param values `[N, D]` or `[N]`, an object of lists, or a list of objects
 * @returns the table, in the formats of a notebook's output
 * @throws ArgumentError for other shapes
 * @example
 * const { data } = notebook.table({ n: [1, 2], time: [0.5, 2] });
 * console.log(data["text/html"].includes("<table")); // true
 */
export function table(values: ChartValues | ChartTable, options?: TableOptions | null): TableBundle {
  atMost("table", 2, arguments);
  const { columns, rows: most, digits, title, show } = withDefaults(TABLE, optionsOf("table", options, TABLE));
  if (Array.isArray(values) && values.some(isNdarray))
    throw new ArgumentError("table: expected a matrix, columns by name or a list of objects, got a list of arrays");
  const all = isMatrix(values) ? rowsOfMatrix(values, columns) : rowsOf("table", values);
  if (columns) checkColumns(columns, all);
  const names = columns ?? [...new Set(all.flatMap((row) => Object.keys(row)))];
  const lines = visible(all.length, most).map((place) => cellsOf(all, place, names, digits));
  const html = htmlTable([["", ...names], ...lines], title);
  const bundle = { data: { "text/html": html, "text/plain": textTable([["", ...names], ...lines], title) } };
  const readable = Object.defineProperty(bundle, inspect.custom, { value: () => bundle.data["text/plain"] });
  if (!show) return readable;
  void displayWriter()?.({ ...bundle, metadata: {}, transient: {} }, false);
  return noteShown(readable);
}

/** Each name once, and of columns that there are. */
function checkColumns(columns: readonly string[], rows: readonly Row[]): void {
  const twice = columns.find((name, k) => columns.indexOf(name) !== k);
  if (twice !== undefined) throw new ArgumentError(`table, columns: expected each name once, got "${twice}" twice`);
  for (const name of columns) checkField("table, columns", rows, name);
}

const isMatrix = (values: unknown): values is ChartValues =>
  isNdarray(values) ||
  ArrayBuffer.isView(values) ||
  (Array.isArray(values) && typeof values[0] !== "object") ||
  isLists(values);

const isLists = (values: unknown): boolean => Array.isArray(values) && Array.isArray(values[0]);

function rowsOfMatrix(values: unknown, columns: readonly string[] | undefined): readonly Row[] {
  const { shape, numbers } = numbersOf("table", values);
  const [count = 0, width = 1] = shape;
  if (shape.length < 1 || shape.length > 2)
    throw new ArgumentError(`table: expected shape [N] or [N, D], got ${shapeText(shape)}`);
  if (columns !== undefined && columns.length !== width)
    throw new ArgumentError(`table, columns: expected ${String(width)} names, got ${String(columns.length)}`);
  const names = columns ?? Array.from({ length: width }, (_, k) => String(k));
  return Array.from({ length: count }, (_, n) =>
    Object.fromEntries(names.map((name, k) => [name, numbers[n * width + k]])),
  );
}

/** Places of rows that are shown; null stands for those that are left out. */
function visible(count: number, most: number): (number | null)[] {
  if (count <= most) return Array.from({ length: count }, (_, n) => n);
  const [first, last] = [Math.ceil(most / 2), Math.floor(most / 2)];
  return [
    ...Array.from({ length: first }, (_, n) => n),
    null,
    ...Array.from({ length: last }, (_, n) => count - last + n),
  ];
}

function cellsOf(rows: readonly Row[], place: number | null, names: readonly string[], digits: number): string[] {
  if (place === null) return ["", ...names].map(() => "…");
  const row = asserted(rows[place], "a row");
  return [String(place), ...names.map((name) => textOf(row[name], digits))];
}

function textOf(value: unknown, digits: number): string {
  if (typeof value === "number" && !Number.isInteger(value)) return String(Number(value.toPrecision(digits)));
  return value === undefined || value === null ? "" : typeof value === "string" ? value : inspect(value);
}

function htmlTable([head = [], ...lines]: readonly string[][], title: string | undefined): string {
  const line = (cells: readonly string[], tag: string): string => {
    const [first = "", ...others] = cells.map(escaped);
    return `<tr><th>${first}</th>${others.map((cell) => `<${tag}>${cell}</${tag}>`).join("")}</tr>`;
  };
  const caption = title === undefined ? "" : `<caption>${escaped(title)}</caption>`;
  const body = lines.map((cells) => line(cells, "td")).join("");
  return `<table>${caption}<thead>${line(head, "th")}</thead><tbody>${body}</tbody></table>`;
}

function textTable(lines: readonly string[][], title: string | undefined): string {
  const widths = lines[0]?.map((_, k) => Math.max(...lines.map((cells) => (cells[k] ?? "").length))) ?? [];
  const padded = lines.map((cells) =>
    cells
      .map((cell, k) => cell.padStart(widths[k] ?? 0))
      .join("  ")
      .trimEnd(),
  );
  return [...(title === undefined ? [] : [title]), ...padded].join("\n");
}
