/**
 * The arguments of a call, as aliases such as `"x = Vi(3)"` and literals such as `Var(0,3,0)` declare them. The one
 * idea is that an argument is a position with a dim and a category, and a name only where the user gave one. Knows no
 * operation and no array.
 */
import { FormulaError } from "../errors";
import { suggestion } from "../options";
import { Category, KIND_OF_CATEGORY, asVariable, variable, variableEntry } from "./formula";
import type { Entry, Formula, Parameter } from "./formula";
import type { Slot } from "./slots";
import { builtAt, errorAt, quote } from "./lexer";
import type { Cursor, Place } from "./lexer";

/** An argument of the call, as an alias or a literal such as `Var(0,3,0)` declares it. */
export interface Argument {
  /** Undefined where it was declared without a name. */
  readonly name: string | undefined;
  /** Place among the arguments of the call, from 0. */
  readonly position: number;
  readonly dim: number;
  readonly category: Category;
  /** Dimensions of one entry: rows and components, or components alone. */
  readonly rank: number;
  /** The leaf that stands for it in formulas. */
  readonly variable: Formula;
}

/** The argument that a leaf stands for; one that no alias declared has no name. */
export function argumentOf(name: string | undefined, leaf: Formula): Argument {
  const { position, dim, category } = asVariable(leaf);
  return { name, position, dim, category, rank: category === Category.P ? 1 : 2, variable: leaf };
}

/** An argument that no alias declared. */
export const extraArgument = (position: number, dim: number, category: Category): Argument =>
  argumentOf(undefined, variable(position, dim, category));

/** What errors call an argument: `y (Vj, dim 3)`, or `argument 2 (Vj, dim 3)` where it has no name. */
export function label({ name, position, dim, category }: Argument): string {
  return `${name ?? `argument ${position}`} (${KIND_OF_CATEGORY[category]}, dim ${dim})`;
}

const HOLDS: Readonly<Record<Category, string>> = {
  [Category.I]: "`dim` numbers for every i, an array `[M, dim]`",
  [Category.J]: "`dim` numbers for every j, an array `[N, dim]`",
  [Category.P]: "`dim` numbers for all pairs, an array `[dim]`",
};

function kindEntry(category: Category): Entry {
  return {
    name: KIND_OF_CATEGORY[category],
    doc: `Argument number \`position\` of the call: ${HOLDS[category]}.`,
    slots: [
      { name: "position", kind: "integer" },
      { name: "dim", kind: "integer" },
    ],
    build: ([position, dim]) => variable(position as number, dim as number, category),
  };
}

/** Whether an argument may be left out. */
export const isOptional = (slot: Slot): boolean => slot.optional === true || slot.default !== undefined;

/** `Name(x, y)`, as errors show it; `[y]` where it may be left out. */
export function signature({ name, slots }: Entry): string {
  return `${name}(${slots.map((slot) => (isOptional(slot) ? `[${slot.name}]` : slot.name)).join(", ")})`;
}

/**
 * What a call of an entry with these values makes. Many entries are made of others: what does not fit these is told of
 * the entry that was called. @throws FormulaError where values do not fit.
 */
export function buildEntry(entry: Entry, values: readonly (Formula | Parameter)[]): Formula {
  try {
    return entry.build(values);
  } catch (error) {
    if (!(error instanceof FormulaError)) throw error;
    throw new FormulaError(error.message.replace(CALLED, `${signature(entry)}: expected`), { cause: error });
  }
}

/** How errors of calls begin. */
const CALLED = /^[A-Z]\w*\([^)]*\): expected/;

/** The calls that declare an argument. */
export const DECLARATIONS: ReadonlyMap<string, Entry> = new Map(
  [...[Category.I, Category.J, Category.P].map(kindEntry), variableEntry].map((entry) => [entry.name, entry]),
);

/** The arguments that are known while texts are read, by name and by position. */
export class Scope {
  private readonly byName = new Map<string, Argument>();
  private readonly byPosition = new Map<number, { argument: Argument; place: Place }>();

  get names(): Iterable<string> {
    return this.byName.keys();
  }

  findByName(name: string): Argument | undefined {
    return this.byName.get(name);
  }

  /** The argument that an alias declares: its name and its position must be free. */
  declare(declared: Formula, place: Place, name?: Place): void {
    if (name && this.findByName(name.token.text))
      throw errorAt(name, `alias: expected a new name, got ${quote(name.token.text)} again`);
    const taken = this.byPosition.get(asVariable(declared).position);
    if (taken) throw errorAt(place, `alias: expected a free position, got that of ${label(taken.argument)}`);
    this.add(declared, place, name?.token.text);
  }

  /** The argument that a formula writes out: a new one, or what is known at its position. */
  refer(written: Formula, place: Place): void {
    const known = this.byPosition.get(asVariable(written).position)?.argument;
    if (known && known.variable !== written)
      throw errorAt(place, `${place.source.title}: expected ${label(known)}, as declared, got ${String(written)}`);
    if (!known) this.add(written, place);
  }

  private add(leaf: Formula, place: Place, name?: string): void {
    const argument = argumentOf(name, leaf);
    if (argument.position < 0)
      throw errorAt(place, `${place.source.title}: expected a position of at least 0, got ${argument.position}`);
    this.byPosition.set(argument.position, { argument, place });
    if (name !== undefined) this.byName.set(name, argument);
  }

  /** @throws FormulaError when a position is left out. */
  arguments(): Argument[] {
    const sorted = [...this.byPosition.values()].sort((a, b) => a.argument.position - b.argument.position);
    for (const [position, { argument, place }] of sorted.entries())
      if (argument.position !== position) throw missingAt(position, argument, place);
    return sorted.map(({ argument }) => argument);
  }
}

function missingAt(position: number, next: Argument, place: Place): FormulaError {
  const where = place.source.title;
  return errorAt(
    place,
    `${where}: expected arguments at all positions from 0, got none at ${position} before ${label(next)}`,
  );
}

const ALIAS = '"name = Vi(dim)"';
const KINDS = "Vi, Vj, Pm or Var";

/** `[name =] Kind(integers)`; the position is the alias's place in the list where it is not written. */
export function readAlias(cursor: Cursor, implicitPosition: number, scope: Scope): void {
  const first = cursor.expectName(`an alias such as ${ALIAS}`);
  const isNamed = cursor.accept("=");
  if (!isNamed && !DECLARATIONS.has(first.text) && cursor.token.text !== "(")
    throw cursor.unexpectedError(`"=", as in ${ALIAS}`);
  const place = cursor.place(isNamed ? cursor.expectName(KINDS) : first);
  const declared = readDeclaration(cursor, implicitPosition, place);
  cursor.expectEnd("the end of the alias");
  scope.declare(declared, place, isNamed ? cursor.place(first) : undefined);
}

function readDeclaration(cursor: Cursor, implicitPosition: number, place: Place): Formula {
  const entry = DECLARATIONS.get(place.token.text);
  if (!entry) throw unknownKind(place);
  const numbers = withPosition(entry, readIntegers(cursor), implicitPosition, place);
  return builtAt(place, () => entry.build(numbers));
}

function unknownKind(place: Place): FormulaError {
  const { text } = place.token;
  const hint = suggestion(text, DECLARATIONS.keys());
  return errorAt(place, `alias: expected ${KINDS}, got ${quote(text)}${hint}`);
}

/** `(3)` or `(0, 3)`. */
function readIntegers(cursor: Cursor): number[] {
  cursor.expect("(");
  const integers: number[] = [];
  do integers.push(readInteger(cursor));
  while (cursor.accept(","));
  cursor.expect(")", `"," or ")"`);
  return integers;
}

function readInteger(cursor: Cursor): number {
  const sign = cursor.accept("-") ? -1 : 1;
  const value = Number(cursor.token.text);
  if (cursor.token.kind !== "number" || !Number.isSafeInteger(value)) throw cursor.unexpectedError("an integer");
  cursor.next();
  return sign * value;
}

function withPosition(entry: Entry, numbers: readonly number[], position: number, place: Place): readonly number[] {
  if (numbers.length === entry.slots.length) return numbers;
  if (numbers.length === 1 && entry !== variableEntry) return [position, ...numbers];
  const expected = entry === variableEntry ? signature(entry) : `${entry.name}(dim) or ${signature(entry)}`;
  throw errorAt(place, `alias: expected ${expected}, got ${numbers.length} numbers`);
}
