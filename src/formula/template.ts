/**
 * The grammar of templates: that of formulas, with `|x|` for the norm, ² and ³ for powers, names of operations in any
 * case, and names that stand for formulas. The one idea is that it is the same reader, with other operands. Knows no
 * array.
 */
import type { FormulaError } from "../errors";
import { DECLARATIONS, Scope, signature } from "./arguments";
import type { Entry, Formula, Parameter } from "./formula";
import { Cursor, builtAt, errorAt } from "./lexer";
import type { Place } from "./lexer";
import { entries } from "./core";
import { abs, powf } from "./maths";
import { norm2, sqNorm2 } from "./vectors";
import "./ops"; // with all rows
import { Reader, unknownOperation } from "./parse";
import type { BinaryOperator } from "./parse";

/** What the names of a template stand for. */
export interface Names {
  readonly known: Iterable<string>;
  /** Undefined for an unknown name; throws FormulaError or ArgumentError for one that cannot be used. */
  formula(name: string): Formula | undefined;
}

/** The formula of a template. @throws FormulaError with a caret under the place. */
export function parseTemplate(text: string, names: Names): Formula {
  return new TemplateReader(new Cursor({ title: "lazy", text }), names).readWhole();
}

const POWERS: ReadonlyMap<string, number> = new Map([
  ["²", 2],
  ["³", 3],
]);

/** `Exp`, `exp` and `EXP` are one name; so are `one_hot` and `OneHot`. */
const foldName = (name: string): string => name.toLowerCase().replaceAll("_", "");

class TemplateReader extends Reader {
  /** Whether the next `|` closes a norm: not within parentheses that it has opened since. */
  private inNorm = false;

  constructor(
    cursor: Cursor,
    private readonly known: Names,
  ) {
    super(cursor, new Scope());
  }

  protected override operand(): Formula {
    let x = this.isAt("|") ? this.norm() : super.operand();
    for (let power = this.power(); power !== undefined; power = this.power()) {
      const place = this.cursor.place(this.cursor.next());
      x = builtAt(place, () => powf(x, power));
    }
    return x;
  }

  private power(): number | undefined {
    return POWERS.get(this.cursor.token.text);
  }

  /** `|x|²` is the squared norm itself, without a root. */
  private norm(): Formula {
    const place = this.cursor.place(this.cursor.next());
    const x = this.readNested(place, () => this.within(true, () => this.expression(0)));
    this.cursor.expect("|", `an operator or "|"`);
    if (this.power() !== 2) return builtAt(place, () => (x.dim === 1 ? abs(x) : norm2(x)));
    this.cursor.next();
    return builtAt(place, () => sqNorm2(x));
  }

  private within<T>(isNorm: boolean, read: () => T): T {
    const before = this.inNorm;
    this.inNorm = isNorm;
    const result = read();
    this.inNorm = before;
    return result;
  }

  protected override operatorFrom(loosest: number): BinaryOperator | undefined {
    return this.inNorm && this.isAt("|") ? undefined : super.operatorFrom(loosest);
  }

  protected override readParenthesised(): Formula {
    return this.within(false, () => super.readParenthesised());
  }

  protected override values(entry: Entry): (Formula | Parameter)[] {
    return this.within(false, () => super.values(entry));
  }

  protected override variableAt(place: Place): Formula {
    const { text } = place.token;
    const found = builtAt(place, () => this.known.formula(text));
    if (found) return found;
    const entry = entryNamed(text);
    throw entry ? bareNameError(place, entry) : this.unknownVariable(place, this.known.known);
  }

  protected override entryAt(place: Place): Entry {
    const entry = entryNamed(place.token.text);
    if (entry && entry.name !== "Var") return entry;
    if (DECLARATIONS.has(place.token.text))
      throw errorAt(place, "lazy: expected variables as holes, such as ${Vi(x)}, got a declaration");
    throw unknownOperation(place);
  }
}

function entryNamed(name: string): Entry | undefined {
  return entries.get(name) ?? [...entries.values()].find((entry) => foldName(entry.name) === foldName(name));
}

const bareNameError = (place: Place, entry: Entry): FormulaError =>
  errorAt(place, `lazy: expected a call ${signature(entry)}, got the name alone`);
