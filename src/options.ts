/**
 * What public functions are given beside arrays: options by name, and no more arguments than they take; and how
 * messages name what was given instead. An option is a row of a table: names, types, checks and defaults come from the
 * rows. The one idea: a name, a value or an argument that means nothing is refused, for whoever wrote it meant
 * something. Knows no function.
 */
import { at } from "./asserts";
import { ArgumentError } from "./errors";

/**
 * The options of a function, each one a row that accepts its value, without those that are undefined; null and
 * undefined mean none.
 * @throws ArgumentError for a name or a value that is not accepted, and for what is no object of options.
 */
export function optionsOf<O extends object>(where: string, options: O | null | undefined, rows: OptionRows): O {
  const named = namedOptions(where, options, rows);
  checkValues(rows, named, `${where}, `);
  return named;
}

/** Options of which the names alone are checked. @throws ArgumentError as `optionsOf`, but not for values. */
export function namedOptions<O extends object>(where: string, options: O | null | undefined, rows: OptionRows): O {
  if (options === null || options === undefined) return {} as O;
  if (!isOptions(options) || isNdarrayLike(options))
    throw new ArgumentError(`${where}, options: expected an object, got ${describeValue(options)}`);
  const unknown = Object.keys(options).find((name) => !Object.hasOwn(rows, name));
  if (unknown !== undefined) throw unknownOption(where, unknown, Object.keys(rows));
  return Object.values(options).includes(undefined) ? withoutUndefined(options) : options;
}

function unknownOption(where: string, name: string, accepted: readonly string[]): ArgumentError {
  const expected = accepted.length > 0 ? `some of ${accepted.join(", ")}` : "none";
  const hint = suggestion(OTHER_NAMES.get(inOneWord(name)) ?? name, accepted);
  return new ArgumentError(`${where}, options: expected ${expected}, got ${JSON.stringify(name)}${hint}`);
}

/** What PyTorch, NumPy and SciPy call options that have another name here. */
const OTHER_NAMES: ReadonlyMap<string, string> = new Map([
  ["dim", "axis"],
  ["dims", "axis"],
  ["keepdim", "keepDims"],
  ["lr", "learningRate"],
  ["eps", "epsilon"],
  ["maxiter", "maxIterations"],
  ["gtol", "gradientTolerance"],
  ["ftol", "valueTolerance"],
  ["callback", "onIteration"],
]);

/** `maxIter` and `max_iter` are one name. */
const inOneWord = (name: string): string => name.toLowerCase().replaceAll("_", "");

const withoutUndefined = <O extends object>(options: O): O =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as O;

/** Objects of a class of the language, such as a Map or a Date, hold nothing by name. */
export function isOptions(value: unknown): value is object {
  return typeof value === "object" && value !== null && tagOf(value) === "Object";
}

/** Throws ArgumentError where a function was given more than `most` arguments; they would be ignored in silence. */
export function atMost(where: string, most: number, given: ArrayLike<unknown>): void {
  if (given.length <= most || (given.length === most + 2 && isOfIteration(given))) return;
  const expected = most === 0 ? "no argument" : `at most ${String(most)} argument${most === 1 ? "" : "s"}`;
  throw new ArgumentError(`${where}: expected ${expected}, got ${String(given.length)}: ${describeValue(given[most])}`);
}

/**
 * Whether `map`, `forEach` or `reduce` made the call: they pass the place of the last argument and the list.
 */
function isOfIteration(given: ArrayLike<unknown>): boolean {
  const [element, place, list] = [3, 2, 1].map((n) => given[given.length - n]);
  return Array.isArray(list) && typeof place === "number" && list[place] === element;
}

// ----------------------------------------------------------------------------------------------- options as rows

type Literal = string | number | boolean;

/**
 * An option: what it may be, and what it is where it is not given; how it is explained is the comment above it. Its
 * kind is a range of numbers, text, a list of choices, or a test with words that say what passes it.
 */
export type OptionRow = (
  | { readonly kind: "number" | "integer"; readonly least: number; readonly most?: number; readonly default?: number }
  | { readonly kind: "text"; readonly default?: string }
  | { readonly kind: readonly Literal[]; readonly default?: Literal }
  | { readonly expected: string; readonly accepts: (value: unknown) => boolean; readonly default?: unknown }
) & {
  /** Whether calls without it are refused. */
  readonly required?: true;
};

export type OptionRows = Readonly<Record<string, OptionRow>>;

/** The options that rows describe; where they are `Old` they are to be `New`: a type that a function knows more of. */
export type OptionsOf<R extends OptionRows, Old = never, New = Old> = {
  readonly [K in keyof R]?: Replaced<ValueOf<R[K]>, Old, New> | undefined;
};

/** Options that must be there. */
export type RequiredOptionsOf<R extends OptionRows> = { readonly [K in keyof R]: ValueOf<R[K]> };

/** All options that rows describe: with those that have a default, which are then there. */
export type SettledOf<R extends OptionRows, Old = never, New = Old> = {
  readonly [K in keyof R as R[K] extends { readonly default: unknown } ? K : never]: Replaced<ValueOf<R[K]>, Old, New>;
} & {
  readonly [K in keyof R as R[K] extends { readonly default: unknown } ? never : K]?:
    Replaced<ValueOf<R[K]>, Old, New> | undefined;
};

type ValueOf<Row> = Row extends { readonly accepts: (value: unknown) => value is infer V }
  ? V
  : Row extends { readonly kind: readonly (infer V)[] }
    ? V
    : Row extends { readonly kind: "text" }
      ? string
      : number;

type Replaced<V, Old, New> = [Old] extends [never] ? V : V extends Old ? New : V;

/**
 * Names without a row are not looked at.
 * @param prefix what messages begin with.
 * @throws ArgumentError for an option whose row does not accept it, and for a required one that is not there.
 */
export function checkValues(rows: OptionRows, options: object, prefix = ""): void {
  const given = options as Readonly<Record<string, unknown>>;
  for (const name in given) {
    const row = Object.hasOwn(rows, name) ? rows[name] : undefined;
    const value = given[name];
    if (row === undefined || value === undefined || accepts(row, value)) continue;
    throw new ArgumentError(`${prefix}${name}: expected ${expectedBy(row)}, got ${describeValue(value)}`);
  }
  for (const name in rows)
    if (rows[name]?.required === true && given[name] === undefined)
      throw new ArgumentError(`${prefix}${name}: expected ${expectedBy(rows[name])}, got none`);
}

/** Rows without some of them. */
export const withoutRows = <R extends OptionRows, N extends keyof R>(rows: R, ...names: readonly N[]): Omit<R, N> =>
  Object.fromEntries(Object.entries(rows).filter(([name]) => !names.includes(name as N))) as Omit<R, N>;

/** The options with the defaults of those that are not given. */
export function withDefaults<R extends OptionRows, O extends OptionsOf<R>>(rows: R, options: O): O & SettledOf<R> {
  const settled: Record<string, unknown> = { ...options };
  for (const [name, row] of Object.entries(rows)) if ("default" in row) settled[name] ??= row.default;
  return settled as O & SettledOf<R>;
}

function accepts(row: OptionRow, value: unknown): boolean {
  if ("accepts" in row) return row.accepts(value);
  if (row.kind === "number" || row.kind === "integer")
    return isInRange(row, value) && (row.kind === "number" || Number.isSafeInteger(value));
  if (row.kind === "text") return typeof value === "string";
  return row.kind.includes(value as Literal);
}

/** Whether it is a finite number, and not below the least. */
export const isAtLeast = (least: number, value: unknown): value is number =>
  Number.isFinite(value) && (value as number) >= least;

const isInRange = ({ least, most = Infinity }: { least: number; most?: number }, value: unknown): boolean =>
  isAtLeast(least, value) && value <= most;

const rangeOf = ({ least, most }: { least: number; most?: number }): string =>
  most === undefined ? `of at least ${String(least)}` : `from ${String(least)} to ${String(most)}`;

/** What a row accepts, in words. */
export function expectedBy(row: OptionRow): string {
  if ("expected" in row) return row.expected;
  if (row.kind === "text") return "a text";
  if (row.kind === "number" || row.kind === "integer") return `${article(row.kind)} ${rangeOf(row)}`;
  const choices = row.kind.map((choice) => JSON.stringify(choice));
  return [choices.slice(0, -1).join(", "), choices.at(-1)].filter(Boolean).join(" or ");
}

/**
 * What a call was given, as its arrays and its options: the last argument is the options object iff it has no `shape`.
 * Lists and typed arrays are data that nobody converted.
 */
export function splitOptions<O extends object>(given: readonly unknown[], rows: OptionRows): [unknown[], O] {
  const last = given.at(-1);
  const isOptions = given.length > 0 && (last === null || last === undefined || (isPlain(last) && !("shape" in last)));
  if (!isOptions) return [[...given], {} as O];
  const options = namedOptions("call", last as O | null | undefined, rows);
  checkValues(rows, options);
  return [given.slice(0, -1), options];
}

/** Also an object that holds no options, such as a Map: what it is will be told. */
function isPlain(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value);
}

// -------------------------------------------------------------------------------------------------------- wording

/** What a value is, in a few words. */
export function describeValue(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return "a plain array";
  if (isNdarrayLike(value)) return `${article(elementName(value.data))} ndarray of shape ${listText(value.shape)}`;
  if (typeof value === "number" || typeof value === "bigint" || typeof value === "boolean")
    return `the ${typeof value} ${String(value)}`;
  if (typeof value === "string") return `the string ${JSON.stringify(value)}`;
  return isOptions(value) ? describeObject(value) : article(tagOf(value));
}

/** `an object with axis, k`: what it holds tells where it came from, or which part of it was meant. */
function describeObject(value: object): string {
  const names = Object.keys(value);
  if (names.length === 0) return "an empty object";
  return `an object with ${names.slice(0, 4).join(", ")}${names.length > 4 ? ", …" : ""}`;
}

const tagOf = (value: unknown): string => Object.prototype.toString.call(value).slice("[object ".length, -1);

/** `[3, 2]`, as shapes are written in messages; what is no number is told by what it is. */
export function listText(values: readonly unknown[]): string {
  const words = Array.from(values, (value) => (typeof value === "number" ? String(value) : describeValue(value)));
  return `[${words.join(", ")}]`;
}

export function article(noun: string): string {
  return `${/^[aeio]/i.test(noun) ? "an" : "a"} ${noun}`;
}

interface NdarrayLike {
  readonly data: object;
  readonly shape: readonly number[];
  readonly stride: readonly number[];
  readonly offset: number;
}

/** An ndarray, told by what it has: npm's ndarray has no class to ask for. */
export function isNdarrayLike(value: unknown): value is NdarrayLike {
  if (typeof value !== "object" || value === null) return false;
  const { data, shape, stride, offset } = value as Partial<Record<string, unknown>>;
  return (
    Array.isArray(shape) &&
    Array.isArray(stride) &&
    typeof offset === "number" &&
    typeof data === "object" &&
    data !== null &&
    "length" in data
  );
}

const TYPED_ARRAY = Object.getPrototypeOf(Float32Array.prototype) as object;

/** What a typed array itself says, whatever somebody has defined on it. */
const own = (data: object, property: string | symbol): unknown => Reflect.get(TYPED_ARRAY, property, data);

/**
 * `float32`, `int8`, `array`…: the words of ndarray, read off the data; undefined for what is neither a typed array nor
 * a list.
 */
export function elementsName(data: unknown): string | undefined {
  if (Array.isArray(data)) return "array";
  if (!ArrayBuffer.isView(data)) return undefined;
  return (own(data, Symbol.toStringTag) as string | undefined)?.slice(0, -"Array".length).toLowerCase();
}

/** The length of a typed array, whatever its property says; that of anything else is its property. */
export function lengthOf(data: { readonly length: number }): number {
  return own(data, Symbol.toStringTag) === undefined ? data.length : (own(data, "length") as number);
}

/** Data of a device tell their type. */
function elementName(data: object): string {
  const { type } = data as { readonly type?: unknown };
  return elementsName(data) ?? (typeof type === "string" ? type : "generic");
}

/** What an error says, whatever was thrown. */
export function messageOf(error: unknown): string {
  return (error as { readonly message?: unknown } | null | undefined)?.message?.toString() ?? String(error);
}

// ---------------------------------------------------------------------------------------------------- near names

const LONGEST_NAME = 40;

/** `: did you mean Exp?` for the known name that is nearest to a mistyped one; empty where none is near. */
export function suggestion(name: string, known: Iterable<string>): string {
  if (name.length > LONGEST_NAME) return "";
  let [nearest, least] = ["", mistakesAllowed(name) + 1];
  for (const candidate of known) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase(), least);
    if (distance < least) [nearest, least] = [candidate, distance];
  }
  return nearest && `: did you mean ${nearest}?`;
}

function mistakesAllowed({ length }: string): number {
  return Math.min(Math.max(1, Math.floor(length / 3)), length - 1);
}

/** Insertions, deletions and replacements between two words (Levenshtein); `limit` where there are as many or more. */
function editDistance(from: string, to: string, limit: number): number {
  if (Math.abs(from.length - to.length) >= limit) return limit;
  let row = Array.from({ length: to.length + 1 }, (_, n) => n);
  for (let m = 0; m < from.length; m++) {
    const next = [m + 1];
    for (let n = 0; n < to.length; n++)
      next.push(Math.min(at(row, n + 1) + 1, at(next, n) + 1, at(row, n) + (from[m] === to[n] ? 0 : 1)));
    row = next;
  }
  return at(row, to.length);
}
