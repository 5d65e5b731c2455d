// Where in the source of a cell a text of formulas stands, and which names it may use: read from the syntax alone, so
// that it works while a line is being written. Knows the doors that take formulas, and no operation.

/** What each argument of a door is; the last kind goes on. */
const GENERIC = ["formula", "output", "alias"];
const DOORS = new Map([
  ["Genred", ["formula", "aliases", "options"]],
  ["KernelSolve", ["formula", "aliases", "unknown", "options"]],
  ...["genericSum", "genericLogsumexp", "genericArgmin", "genericArgkmin"].map((name) => [name, GENERIC]),
]);
const OPTIONS = new Map([
  ["formula2", "formula"],
  ["reductionOp", "reduction"],
]);

/**
 * The text around a position, or undefined where that is in none of ours: its `kind` ("formula", "template",
 * "declaration", "unknown" or "reduction"), the `word` at the position with its `start` and `end`, and in `names` what
 * the call declares. `valueOf(name)` is what a variable of an earlier cell holds.
 */
exports.placeAt = function placeAt(ts, source, position, valueOf) {
  const cell = new Cell(ts, source, valueOf);
  const literal = cell.literalAt(position);
  const context = literal && cell.contextOf(literal.node);
  if (!context) return undefined;
  const word = wordAt(source, position, literal);
  if (context.kind !== "alias") return { ...context, ...word };
  const isDeclared = /=\s*$/.test(source.slice(literal.begin, word.start));
  return isDeclared ? { kind: "declaration", names: [], ...word } : undefined;
};

/** The name that a position is in or at the end of, within a text. */
function wordAt(source, position, { begin, end }) {
  const [before] = /(?:[A-Za-z_]\w*)?$/.exec(source.slice(begin, position));
  const [after] = /^\w*/.exec(source.slice(position, end));
  const start = position - before.length;
  return { word: before + after, start, end: position + after.length };
}

class Cell {
  constructor(ts, source, valueOf) {
    this.ts = ts;
    this.valueOf = valueOf;
    this.file = ts.createSourceFile("cell.ts", source, ts.ScriptTarget.Latest, true);
  }

  /** The string, or the part of a template, around a position, without its quotes; a string may lack the second. */
  literalAt(position) {
    const visit = (node) => this.insideOf(node, position) ?? this.ts.forEachChild(node, visit);
    return visit(this.file);
  }

  insideOf(node, position) {
    const { ts } = this;
    const isPart = ts.isTemplateHead(node) || ts.isTemplateMiddle(node) || ts.isTemplateTail(node);
    if (!isPart && !ts.isStringLiteralLike(node)) return undefined;
    const text = node.getText();
    const [closing] = text.length > 1 ? /(\$\{|["'`])?$/.exec(text) : [""];
    const [begin, end] = [node.getStart() + 1, node.end - closing.length];
    return begin <= position && position <= end ? { node, begin, end } : undefined;
  }

  /** What a text is for, from what it is an argument of. */
  contextOf(literal) {
    const { ts } = this;
    const node = this.outermost(literal);
    const { parent } = node;
    if (ts.isTaggedTemplateExpression(parent)) return this.templateContext(parent);
    if (ts.isArrayLiteralExpression(parent)) return this.isList(parent) ? { kind: "alias" } : undefined;
    if (ts.isPropertyAssignment(parent)) return this.optionContext(parent);
    return ts.isCallExpression(parent) ? this.argumentContext(parent, node) : undefined;
  }

  /** The expression that a text is a part of: a sum of texts, a template, one in parentheses. */
  outermost(node) {
    const { ts } = this;
    const passes = [ts.isParenthesizedExpression, ts.isTemplateExpression, ts.isTemplateSpan, ts.isBinaryExpression];
    return passes.some((passes) => passes(node.parent)) || this.isTyped(node.parent)
      ? this.outermost(node.parent)
      : node;
  }

  isTyped(node) {
    return this.ts.isAsExpression(node) || this.ts.isSatisfiesExpression(node);
  }

  bare(node) {
    return node && (this.isTyped(node) || this.ts.isParenthesizedExpression(node)) ? this.bare(node.expression) : node;
  }

  /** A list that a door takes, or one that is kept for it. */
  isList(list) {
    const node = this.outermost(list);
    return !this.ts.isCallExpression(node.parent) || this.kindOf(node.parent, node) === "aliases";
  }

  argumentContext(call, node) {
    const kind = this.kindOf(call, node);
    if (kind === "alias" || kind === "output") return { kind: "alias" };
    return kind === "formula" || kind === "unknown" ? { kind, names: this.declaredBy(call) } : undefined;
  }

  optionContext(property) {
    const object = this.outermost(property.parent);
    const kind = OPTIONS.get(property.name.getText());
    const isOurs = this.ts.isCallExpression(object.parent) && this.kindOf(object.parent, object) === "options";
    return kind && isOurs ? { kind, names: this.declaredBy(object.parent) } : undefined;
  }

  kindsOf(call) {
    return DOORS.get(call.expression.getText().split(".").at(-1));
  }

  kindOf(call, node) {
    const kinds = this.kindsOf(call);
    return kinds?.[Math.min(call.arguments.indexOf(node), kinds.length - 1)];
  }

  /** The aliases of a call: names and how they are declared. */
  declaredBy(call) {
    const texts = [...call.arguments].flatMap((node) => {
      const kind = this.kindOf(call, node);
      return kind === "aliases" ? this.textsOf(node) : kind === "alias" ? this.textOf(node) : [];
    });
    return texts.flatMap((text) => {
      const [, name, declared] = /^\s*([A-Za-z_]\w*)\s*=\s*(.*?)\s*$/.exec(text) ?? [];
      return name === undefined ? [] : [{ name, detail: `${name} = ${declared}` }];
    });
  }

  textOf(node) {
    const bare = this.bare(node);
    return this.ts.isStringLiteralLike(bare) ? [bare.text] : [];
  }

  /** Texts of a list that is written here, or held by a variable of this or an earlier cell. */
  textsOf(node) {
    const { ts } = this;
    const bare = this.bare(node);
    if (ts.isArrayLiteralExpression(bare)) return bare.elements.flatMap((element) => this.textOf(element));
    if (!ts.isIdentifier(bare)) return [];
    const written = this.initializerOf(bare.text);
    if (written) return this.textsOf(written);
    const value = this.valueOf(bare.text);
    return Array.isArray(value) ? value.filter((text) => typeof text === "string") : [];
  }

  initializerOf(name) {
    const declarations = this.file.statements
      .filter((statement) => this.ts.isVariableStatement(statement))
      .flatMap((statement) => statement.declarationList.declarations);
    const own = declarations.find((declaration) => declaration.name.getText() === name)?.initializer;
    return own && this.ts.isIdentifier(this.bare(own)) ? undefined : own; // a chain of names is not followed
  }

  templateContext({ tag }) {
    const { ts } = this;
    const isBound = ts.isCallExpression(tag);
    const name = (isBound ? tag.expression : tag).getText().split(".").at(-1);
    if (name !== "lazy") return undefined;
    return { kind: "template", names: isBound ? this.boundBy(tag.arguments[0]) : [] };
  }

  /** The names that `lazy({ x, sigma })` gives: `x_i` and `x_j` of matrices, itself of what else there is. */
  boundBy(argument) {
    const { ts } = this;
    const bare = this.bare(argument);
    if (bare && ts.isIdentifier(bare)) {
      const written = this.initializerOf(bare.text);
      return written ? this.boundBy(written) : namesOf(this.valueOf(bare.text));
    }
    if (!bare || !ts.isObjectLiteralExpression(bare)) return [];
    const named = bare.properties.filter(({ name }) => name && NAME.test(name.getText()));
    return named.flatMap((property) => this.boundNames(property));
  }

  boundNames(property) {
    const name = property.name.getText();
    const value = this.bare(property.initializer ?? property.name);
    if (this.ts.isNumericLiteral(value)) return [{ name, detail: `${name} = ${value.text}` }];
    const held = this.ts.isIdentifier(value) ? this.valueOf(value.text) : undefined;
    return held === undefined ? [...indexed(name), { name, detail: name }] : namesOf({ [name]: held });
  }
}

const indexed = (name, about = name) => [
  { name: `${name}_i`, detail: `${about}, indexed by i` },
  { name: `${name}_j`, detail: `${about}, indexed by j` },
];

const NAME = /^[A-Za-z_]\w*$/;

/** The names that the values of a plain object have in templates. */
function namesOf(values) {
  const isPlain = Object.prototype.toString.call(values) === "[object Object]" && !ArrayBuffer.isView(values?.data);
  const named = isPlain ? Object.entries(values).filter(([name]) => NAME.test(name)) : [];
  return named.flatMap(([name, value]) => {
    const isMatrix = Array.isArray(value?.shape) && value.shape.length > 1 && value.stride !== undefined;
    if (isMatrix) return indexed(name, `${name}: an array [${value.shape.join(", ")}]`);
    return [{ name, detail: typeof value === "number" ? `${name} = ${value}` : name }];
  });
}
