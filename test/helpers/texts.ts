/** What tests of the parser share: aliases, formulas read from texts, and the errors of those that are none. */
import { FormulaError } from "../../src/errors";
import { type Formula } from "../../src/formula/formula";
import { parse } from "../../src/formula/parse";

export const ALIASES = ["x = Vi(3)", "y = Vj(3)", "b = Vj(2)", "s = Pm(1)", "t = Pm(1)"];

export const read = (text: string, aliases: readonly string[] = ALIASES): Formula =>
  parse([text], aliases).formulas[0]!;

export function errorOf(texts: readonly string[], aliases: readonly string[]): FormulaError {
  try {
    parse(texts, aliases);
  } catch (error) {
    if (error instanceof FormulaError) return error;
    throw error;
  }
  throw new Error(`expected a FormulaError for ${JSON.stringify([texts, aliases])}`);
}

export const short = (text: string): string =>
  JSON.stringify(text.length > 60 ? `${text.slice(0, 40)}… ${text.length} characters` : text);
