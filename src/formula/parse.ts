/**
 * Formula texts and aliases into formulas: recursive descent with one table of operators, and the operation table for
 * every call. The one idea is that text is data: nothing is evaluated, and only parsed numbers and our own objects
 * leave this module. It knows no operation but those that have a symbol, no array and no device.
 */
import type { FormulaError } from "../errors";
import { suggestion } from "../options";
import { DECLARATIONS, Scope, buildEntry, isOptional, label, readAlias, signature } from "./arguments";
import type { Argument } from "./arguments";
import "./autodiff"; // Grad comes into the table of entries with it
import { isVariable } from "./formula";
import type { Entry, Formula, Parameter } from "./formula";
import type { Slot } from "./slots";
import { Cursor, builtAt, errorAt, quote } from "./lexer";
import type { Place } from "./lexer";
import { PRECEDENCE, add, constant, constantValue, entries, minus, mult, scalprod, subtract } from "./core";
import { divide, equal, lessOrEqual, lessThan, notEqual, powf } from "./maths";
import "./ops"; // with all rows

export { label };
export type { Argument };

export interface Parsed {
  /** One per text. */
  readonly formulas: Formula[];
  /** Sorted by position: 0, 1, … without gaps. */
  readonly arguments: Argument[];
}

/**
 * Reads formula texts over one list of aliases such as `"x = Vi(3)"`, `"x = Vi(0,3)"` or `"Var(0,3,0)"`; literals
 * `Var(position, dim, category)` in the texts declare further arguments.
 * @throws FormulaError with a caret under the place, when a text cannot be read, dims do not fit, or a position is left
 * out.
 */
export function parse(texts: readonly string[], aliases: readonly string[]): Parsed {
  const scope = new Scope();
  for (const [position, text] of aliases.entries()) readAlias(new Cursor({ title: "alias", text }), position, scope);
  const formulas = texts.map((text, n) => {
    const title = n === 0 ? "formula" : `formula${n + 1}`;
    return new Reader(new Cursor({ title, text }), scope).readWhole();
  });
  return { formulas, arguments: scope.arguments() };
}

// ------------------------------------------------------------------------------------------------- expressions

export interface BinaryOperator {
  readonly precedence: number;
  readonly build: (x: Formula, y: Formula) => Formula;
}

/** Every operator between two formulas; all group from the left but `**`. */
const BINARY: ReadonlyMap<string, BinaryOperator> = new Map(
  Object.entries({
    "**": { precedence: PRECEDENCE.power, build: powf },
    "*": { precedence: PRECEDENCE.mult, build: mult },
    "/": { precedence: PRECEDENCE.mult, build: divide },
    "+": { precedence: PRECEDENCE.add, build: add },
    "-": { precedence: PRECEDENCE.add, build: subtract },
    "|": { precedence: PRECEDENCE.scalprod, build: scalprod },
    "<": { precedence: PRECEDENCE.compare, build: lessThan },
    "<=": { precedence: PRECEDENCE.compare, build: lessOrEqual },
    ">": { precedence: PRECEDENCE.compare, build: (x, y) => lessThan(y, x) },
    ">=": { precedence: PRECEDENCE.compare, build: (x, y) => lessOrEqual(y, x) },
    "==": { precedence: PRECEDENCE.compare, build: equal },
    "!=": { precedence: PRECEDENCE.compare, build: notEqual },
  } satisfies Record<string, BinaryOperator>),
);

const PREFIX: ReadonlyMap<string, (x: Formula) => Formula> = new Map([
  ["-", minus],
  ["+", (x: Formula) => x],
]);

/** Deeper texts are refused before they exhaust the stack: the richest levels overflow Node's default at about 500. */
const DEEPEST = 200;

/** Reads one text over the arguments of a scope. */
export class Reader {
  private depth = 0;

  constructor(
    protected readonly cursor: Cursor,
    private readonly scope: Scope,
  ) {}

  readWhole(): Formula {
    const formula = this.expression(PRECEDENCE.compare);
    this.cursor.expectEnd("an operator or the end");
    return formula;
  }

  /** An expression whose operators bind at least as tightly as `loosest`. */
  protected expression(loosest: number): Formula {
    let left = this.operand();
    let compared = false;
    for (let operator = this.operatorFrom(loosest); operator; operator = this.operatorFrom(loosest)) {
      const compares = operator.precedence === PRECEDENCE.compare;
      if (compared && compares) throw this.cursor.unexpectedError("parentheses around one of two comparisons");
      left = this.binary(left, operator);
      compared = compares;
    }
    return left;
  }

  protected operatorFrom(loosest: number): BinaryOperator | undefined {
    const operator = BINARY.get(this.cursor.token.text);
    return operator && operator.precedence >= loosest ? operator : undefined;
  }

  private binary(left: Formula, { precedence, build }: BinaryOperator): Formula {
    const place = this.cursor.place(this.cursor.next());
    const right =
      precedence === PRECEDENCE.power
        ? this.readNested(place, () => this.expression(precedence))
        : this.expression(precedence + 1);
    return builtAt(place, () => build(left, right));
  }

  protected operand(): Formula {
    const { kind, text } = this.cursor.token;
    if (kind === "number") return this.number();
    if (kind === "name") return this.readNamed();
    const prefix = PREFIX.get(text);
    if (prefix) return this.readPrefixed(prefix);
    if (text === "(") return this.readParenthesised();
    throw this.cursor.unexpectedError("a formula");
  }

  private number(): Formula {
    const token = this.cursor.next();
    return builtAt(this.cursor.place(token), () => constant(Number(token.text)));
  }

  private readPrefixed(build: (x: Formula) => Formula): Formula {
    const place = this.cursor.place(this.cursor.next());
    const x = this.readNested(place, () => this.expression(PRECEDENCE.minus));
    return builtAt(place, () => build(x));
  }

  protected readParenthesised(): Formula {
    const place = this.cursor.place(this.cursor.next());
    const inner = this.readNested(place, () => this.expression(PRECEDENCE.compare));
    this.cursor.expect(")", `an operator or ")"`);
    return inner;
  }

  protected readNested<T>(place: Place, read: () => T): T {
    if (++this.depth > DEEPEST)
      throw errorAt(place, `${place.source.title}: expected at most ${DEEPEST} nested levels, got more`);
    const result = read();
    this.depth--;
    return result;
  }

  /** A variable or a call. */
  private readNamed(): Formula {
    const place = this.cursor.place(this.cursor.next());
    if (this.cursor.accept("(")) return this.readNested(place, () => this.call(place));
    return this.variableAt(place);
  }

  /** What a name alone stands for. */
  protected variableAt(place: Place): Formula {
    const argument = this.scope.findByName(place.token.text);
    if (!argument) throw this.unknownVariable(place, this.scope.names);
    return argument.variable;
  }

  private call(place: Place): Formula {
    const entry = this.entryAt(place);
    const values = this.values(entry);
    const built = builtAt(place, () => buildEntry(entry, values));
    if (DECLARATIONS.has(entry.name)) this.scope.refer(built, place);
    return built;
  }

  /** What a called name stands for; an alias hides the operation of its name. */
  protected entryAt(place: Place): Entry {
    const name = place.token.text;
    const hiding = this.scope.findByName(name);
    if (hiding) throw errorAt(place, `${place.source.title}: expected an operation, got ${label(hiding)}`);
    const entry = DECLARATIONS.get(name) ?? entries.get(name);
    if (!entry) throw unknownOperation(place);
    return entry;
  }

  /** What stands between the parentheses of a call, up to and including the closing one. */
  protected values(entry: Entry): (Formula | Parameter)[] {
    const values: (Formula | Parameter)[] = [];
    for (const slot of entry.slots) {
      if (this.isAt(")")) {
        if (!isOptional(slot)) throw this.argumentCountError(entry, String(values.length));
        if (slot.default !== undefined) values.push(slot.kind === "formula" ? constant(slot.default) : slot.default);
        continue;
      }
      if (values.length > 0) this.cursor.expect(",", `an operator, "," or ")"`);
      values.push(this.value(slot, entry));
    }
    if (this.isAt(",")) throw this.argumentCountError(entry, "more");
    this.cursor.expect(")", `an operator, "," or ")"`);
    return values;
  }

  protected isAt(symbol: string): boolean {
    return this.cursor.token.text === symbol;
  }

  private argumentCountError(entry: Entry, got: string): FormulaError {
    const most = entry.slots.length;
    const least = entry.slots.filter((slot) => !isOptional(slot)).length;
    const count = least === most ? String(most) : `${least} to ${most}`;
    const expected = `${count} ${count === "1" ? "argument" : "arguments"}`;
    return errorAt(this.cursor.place(), `${signature(entry)}: expected ${expected}, got ${got}`);
  }

  private value(slot: Slot, entry: Entry): Formula | Parameter {
    if (slot.kind === "list") return this.list(slot, entry);
    const place = this.cursor.place();
    const formula = this.expression(PRECEDENCE.compare);
    if (slot.kind === "formula") return formula;
    if (slot.kind !== "variable") return numberIn(formula, slot, entry, place);
    if (isVariable(formula)) return formula;
    throw errorAt(place, `${signature(entry)}: expected a variable ${slot.name}, got a formula`);
  }

  /** `[]`, `[1]`, `[1, 2]`. */
  private list(slot: Slot, entry: Entry): readonly number[] {
    this.cursor.expect("[", `a list ${slot.name} such as [0, 1]`);
    const numbers: number[] = [];
    while (!this.isAt("]")) {
      if (numbers.length > 0) this.cursor.expect(",", `"," or "]"`);
      const place = this.cursor.place();
      numbers.push(numberIn(this.expression(PRECEDENCE.compare), slot, entry, place));
    }
    this.cursor.next();
    return numbers;
  }

  protected unknownVariable(place: Place, names: Iterable<string>): FormulaError {
    const { text } = place.token;
    const entry = entries.get(text);
    if (entry) return errorAt(place, `${place.source.title}: expected a call ${signature(entry)}, got the name alone`);
    const known = [...names];
    const hint = suggestion(text, known) || `: expected ${someOf(known)}`;
    return errorAt(place, `${place.source.title}: unknown variable ${quote(text)}${hint}`);
  }
}

function someOf(names: readonly string[]): string {
  if (names.length === 0) return "an alias of that name";
  const shown = names.slice(0, 8).map((name) => name.slice(0, 20));
  return `one of ${shown.join(", ")}${names.length > shown.length ? ", …" : ""}`;
}

/** The number that a formula is, for a slot that takes numbers only. */
function numberIn(formula: Formula, slot: Slot, entry: Entry, place: Place): number {
  const number = formula.dim === 1 ? constantValue(formula) : undefined;
  if (number !== undefined && (slot.kind !== "integer" || Number.isSafeInteger(number))) return number;
  const expected = slot.kind === "integer" ? "an integer" : slot.kind === "list" ? "numbers in" : "a number";
  throw errorAt(place, `${signature(entry)}: expected ${expected} ${slot.name}, got ${number ?? "a formula"}`);
}

export function unknownOperation(place: Place): FormulaError {
  const { text } = place.token;
  const hint = suggestion(text, [...entries.keys(), ...DECLARATIONS.keys()]);
  return errorAt(place, `${place.source.title}: unknown operation ${quote(text)}${hint}`);
}
