/**
 * Text into tokens, one at a time, and the errors that point into it. The one idea is the place: whatever is wrong with
 * a text is said with a caret under it. Knows no grammar and no names; what it cannot read is a token too, so that the
 * grammar can say what it expected there.
 */
import { asserted } from "../asserts";
import { ArgumentError, FormulaError } from "../errors";

/** A text and what it is to the user: `formula`, `formula2`, `alias`. */
export interface Source {
  readonly title: string;
  readonly text: string;
}

export interface Token {
  readonly kind: "number" | "name" | "symbol" | "unknown" | "end";
  readonly text: string;
  readonly start: number;
}

/** Where a token stands. */
export interface Place {
  readonly source: Source;
  readonly token: Token;
}

const LONGEST_TEXT = 1_000_000;
/**
 * Spaces and then a token; always matches, though perhaps nothing. Templates alone know `${1}`, a name, and powers as ²
 * and ³.
 */
const TOKEN =
  /[ \t\r\n]*(?:((?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|([A-Za-z_]\w*|\$\{\d+\})|(\*\*|[<>=!]=|[-+*/|<>()[\],=²³]))?/y;

/** Reads a text from left to right, with one token of lookahead. */
export class Cursor {
  private end = 0;
  private current: Token;

  /** @throws FormulaError when the text is no string or too long. */
  constructor(readonly source: Source) {
    const { title, text } = source;
    if (typeof text !== "string") throw new FormulaError(`${title}: expected a string, got ${typeof text}`);
    if (text.length > LONGEST_TEXT)
      throw new FormulaError(`${title}: expected at most ${LONGEST_TEXT} characters, got ${text.length}`);
    this.current = this.scan();
  }

  get token(): Token {
    return this.current;
  }

  /** The current token, stepping past it. */
  next(): Token {
    const passed = this.current;
    this.current = this.scan();
    return passed;
  }

  /** Whether the current token is this symbol; steps past it if so. */
  accept(symbol: string): boolean {
    const found = this.current.kind === "symbol" && this.current.text === symbol;
    if (found) this.next();
    return found;
  }

  /** @throws FormulaError unless the current token is this symbol. */
  expect(symbol: string, description: string = quote(symbol)): void {
    if (!this.accept(symbol)) throw this.unexpectedError(description);
  }

  /** @throws FormulaError unless the text is read to its end. */
  expectEnd(description: string): void {
    if (this.current.kind !== "end") throw this.unexpectedError(description);
  }

  /** The current token, which must be a name. */
  expectName(description: string): Token {
    if (this.current.kind !== "name") throw this.unexpectedError(description);
    return this.next();
  }

  place(token: Token = this.current): Place {
    return { source: this.source, token };
  }

  /** The error that something else stands here than what was expected. */
  unexpectedError(expected: string): FormulaError {
    const { kind, text } = this.current;
    const hint = HINTS.get(text);
    const got = kind === "end" ? "the end" : quote(text);
    return errorAt(
      this.place(),
      `${this.source.title}: expected ${expected}, got ${got}${hint === undefined ? "" : ` (${hint})`}`,
    );
  }

  private scan(): Token {
    const { text } = this.source;
    TOKEN.lastIndex = this.end;
    const [matched, number, name, symbol] = asserted(TOKEN.exec(text), "a match");
    const known = number ?? name ?? symbol;
    const start = this.end + matched.length - (known?.length ?? 0);
    if (start === text.length) return { kind: "end", text: "", start };
    const found = known ?? String.fromCodePoint(asserted(text.codePointAt(start), "a character"));
    this.end = start + found.length;
    const kind = number ? "number" : name ? "name" : symbol ? "symbol" : "unknown";
    return { kind, text: found, start };
  }
}

const HINTS: ReadonlyMap<string, string> = new Map([
  ["=", "equality is written =="],
  ["^", "powers are written **"],
]);

// ---------------------------------------------------------------------------------------------------- messages

/** Columns of a quoted text. */
const WINDOW = 70;
const LONGEST_QUOTE = 40;
const UNPRINTABLE = /[^\p{L}\p{N}\p{P}\p{S}]|[\u{10000}-\u{10ffff}]/gu;

/** The error `message`, followed by the text and a caret line under the place. */
export function errorAt(place: Place, message: string): FormulaError {
  return new FormulaError(pointAt(place, message));
}

function pointAt({ source, token }: Place, message: string): string {
  const text = source.text;
  const from = text.length <= WINDOW ? 0 : Math.max(0, Math.min(token.start - WINDOW / 2, text.length - WINDOW));
  const before = from > 0 ? "…" : "";
  const after = from + WINDOW < text.length ? "…" : "";
  const column = before.length + token.start - from;
  const width = Math.max(1, Math.min(token.text.length, from + WINDOW - token.start));
  const quoted = before + printable(text.slice(from, from + WINDOW)) + after;
  return `${message}\n  ${quoted}\n  ${" ".repeat(column)}${"^".repeat(width)}`;
}

/**
 * What `build` returns; errors about formulas and arguments get the text and a caret under the place, and stay their
 * cause.
 */
export function builtAt<T>(place: Place, build: () => T): T {
  try {
    return build();
  } catch (error) {
    if (!(error instanceof FormulaError || error instanceof ArgumentError)) throw error;
    const Kind = error instanceof FormulaError ? FormulaError : ArgumentError;
    throw new Kind(pointAt(place, error.message), { cause: error });
  }
}

/** The text in double quotes, made printable and not too long. */
export function quote(text: string): string {
  return `"${printable(text.length > LONGEST_QUOTE ? `${text.slice(0, LONGEST_QUOTE)}…` : text)}"`;
}

/** Every UTF-16 unit as one column, so that a caret stands under what it means: no control characters, no wide ones. */
function printable(text: string): string {
  return text.replace(UNPRINTABLE, (found) => (/\s/.test(found) ? " " : "·".repeat(found.length)));
}
