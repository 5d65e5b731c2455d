/**
 * Lazy tensors written as mathematics: `lazy` is the tag of a template whose text is a formula and whose holes are
 * tensors, arrays and numbers. The text is read by the parser of formulas, so errors point into it. Must not know
 * operations.
 */
import { described, isNdarray } from "../array/check";
import type { RealArray } from "../array/view";
import type { RealData } from "../device/native";
import { ArgumentError, FormulaError } from "../errors";
import { atMost } from "../options";
import { Category } from "../formula/formula";
import type { Formula } from "../formula/formula";
import { errorAt } from "../formula/lexer";
import { parseTemplate } from "../formula/template";
import { Expression } from "./expression";
import { LazyTensor } from "./lazytensor";
import { indexedLeaf } from "./leaf";
import { realOperand } from "./operand";

/** What a hole or a name in a template may stand for; arrays tell the dtype of the tensor. */
export type TemplateValue<T extends RealData = RealData, W extends boolean = boolean> =
  LazyTensor<T, W> | RealArray<T> | number | readonly number[];
/** What names in the text of `lazy` stand for. */
export type TemplateBindings<T extends RealData = RealData, W extends boolean = boolean> = Readonly<
  Record<string, TemplateValue<T, W>>
>;

/** Whether one of them waits for arrays. */
type OneOf<W extends boolean> = true extends W ? true : false;

/** The tag of a template. */
export type TemplateTag<T extends RealData = RealData, W extends boolean = false> = <H extends boolean = false>(
  text: TemplateStringsArray,
  ...holes: readonly TemplateValue<T, H>[]
) => LazyTensor<T, OneOf<W | H>>;

/**
 * The tensor of a formula such as `` lazy`exp(-|${x} - ${y}|² / (2 * ${sigma}²))` ``. With `` lazy({x, y})`…` `` names
 * stand for what the object holds; where that is an array `[M, D]`, `x_i` and `x_j` say what it is indexed by.
 *
 * The grammar is that of formulas: `+ - * /`, `**`, `< <= > >= == !=`, `a | b` for scalar products, and every
 * operation by name, in any case. Beside it, `|x|` is the norm, `|x|²` the squared norm, ² and ³ are powers.
 * @param text what stands between the holes
 * @param holes arrays `[M, D]`, numbers and lazy tensors
 * @param bindings values by the names that the text calls them
 * @returns a symbolic array, or with bindings what reads the text
 * @throws FormulaError with a caret under what cannot be read, ArgumentError for arrays that do not fit
 * @example
 * const x = Vi(rand([10, 3]));
 * const y = Vj(rand([20, 3]));
 * console.log(lazy`exp(-|${x} - ${y}|²)`.shape); // [ 10, 20 ]
 */
export function lazy<T extends RealData = RealData, W extends boolean = false>(
  text: TemplateStringsArray,
  ...holes: readonly TemplateValue<T, W>[]
): LazyTensor<T, OneOf<W>>;
export function lazy<T extends RealData = RealData, W extends boolean = false>(
  bindings: TemplateBindings<T, W>,
): TemplateTag<T, W>;
export function lazy(first: TemplateStringsArray | TemplateBindings, ...holes: readonly TemplateValue[]): unknown {
  if (isTemplate(first)) return written(first, holes, {});
  atMost("lazy", 1, arguments);
  if (typeof first !== "object" || (first as unknown) === null || Array.isArray(first) || isNdarray(first))
    throw new ArgumentError(`lazy: expected a template or an object of names, got ${described(first)}`);
  return (text: TemplateStringsArray, ...values: readonly TemplateValue[]) => written(text, values, first);
}

const isTemplate = (value: unknown): value is TemplateStringsArray =>
  Array.isArray(value) && Array.isArray((value as unknown as Partial<TemplateStringsArray>).raw);

function written(text: TemplateStringsArray, holes: readonly TemplateValue[], bindings: TemplateBindings): LazyTensor {
  text.forEach(checkPart);
  const joined = text.map((part, n) => (n === 0 ? part : `\${${n}}${part}`)).join("");
  const names = new Values(holes, bindings);
  const formula = parseTemplate(joined, names);
  return new LazyTensor(Expression.join(formula, [...names.used.values()]));
}

/** Holes become names, which nobody may write. */
function checkPart(text: string): void {
  const start = text.indexOf("${");
  if (start < 0) return;
  const token = { kind: "symbol", text: "${", start } as const;
  throw errorAt(
    { source: { title: "lazy", text }, token },
    "lazy: expected holes that hold values, got an escaped one",
  );
}

/** The holes of a template, `${1}` and so on, and its names. */
class Values {
  readonly used = new Map<string, Expression>();

  constructor(
    private readonly holes: readonly TemplateValue[],
    private readonly bindings: TemplateBindings,
  ) {}

  get known(): readonly string[] {
    return Object.keys(this.bindings).flatMap((name) =>
      isMatrix(this.bindings[name]) ? [`${name}_i`, `${name}_j`] : [name],
    );
  }

  /** A name has one meaning in a template, and its arrays must fit those before it. */
  formula(name: string): Formula | undefined {
    const found = this.used.get(name) ?? this.expression(name);
    if (found && !this.used.has(name)) this.add(name, found);
    return found?.formula;
  }

  private add(name: string, found: Expression): void {
    Expression.join(found.formula, [...this.used.values(), found]);
    this.used.set(name, found);
  }

  private expression(name: string): Expression | undefined {
    const hole = /^\$\{(\d+)\}$/.exec(name) ?? [];
    const [, number] = hole;
    if (number !== undefined) return realOperand(`lazy, hole ${number}`, this.holes[Number(number) - 1]);
    if (Object.hasOwn(this.bindings, name)) return this.bound(name);
    const [, base, index] = /^(.+)_([ij])$/.exec(name) ?? [];
    if (base === undefined || !isMatrix(this.own(base))) return undefined;
    const category = index === "i" ? Category.I : Category.J;
    return Expression.of(indexedLeaf(`lazy, ${name}`, this.own(base), category));
  }

  private own(name: string): unknown {
    return Object.hasOwn(this.bindings, name) ? this.bindings[name] : undefined;
  }

  private bound(name: string): Expression {
    if (!isMatrix(this.bindings[name])) return realOperand(`lazy, ${name}`, this.bindings[name]);
    throw new FormulaError(`lazy: expected ${name}_i or ${name}_j for an array of points, got ${name}`);
  }
}

const isMatrix = (value: unknown): value is RealArray => isNdarray(value) && value.shape.length >= 2;
