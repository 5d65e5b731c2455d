/**
 * Every public name is documented where it is declared: a sentence; of functions, of methods, and of what functions
 * return and can be called, also each parameter, what is returned, what is thrown, and an example. Examples are programs, to which every public name has been imported; they are
 * compiled and run, and print what the comment behind `console.log` says.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import * as api from "../../src/index";
import * as mpi from "../../src/mpi/mpi";
import { diagnosticsOf, printedBy, promisedBy } from "../helpers/examples";

const root = join(__dirname, "..", "..");
const entries = [join(root, "src", "index.ts"), join(root, "src", "mpi", "mpi.ts")];
const { options } = ts.parseJsonConfigFileContent(
  ts.readConfigFile(join(root, "tsconfig.json"), (file) => ts.sys.readFile(file)).config,
  ts.sys,
  root,
);
const program = ts.createProgram(entries, options);
const checker = program.getTypeChecker();

interface Name {
  readonly name: string;
  readonly symbol: ts.Symbol;
  /** Of a type that can be called: its own. */
  readonly calls?: readonly ts.Signature[];
}

/** What a module exports, and what its namespaces do: `nd.exp`. */
function namesOf(module: ts.Symbol, prefix = ""): Name[] {
  return checker.getExportsOfModule(module).flatMap((exported) => {
    const isAlias = (exported.flags & ts.SymbolFlags.Alias) !== 0;
    const symbol = isAlias ? checker.getAliasedSymbol(exported) : exported;
    const name = `${prefix}${exported.name}`;
    if ((symbol.flags & ts.SymbolFlags.ValueModule) !== 0) return namesOf(symbol, `${name}.`);
    return isOwn(symbol) ? [{ name, symbol }] : [];
  });
}

const isOwn = (symbol: ts.Symbol): boolean =>
  symbol.declarations?.some((declaration) => declaration.getSourceFile().fileName.startsWith(join(root, "src"))) ??
  false;

const EXPORTED = entries.flatMap((entry) => namesOf(checker.getSymbolAtLocation(program.getSourceFile(entry)!)!));

/** The members of classes and interfaces. */
function membersOf({ name, symbol }: Name): Name[] {
  if ((symbol.flags & ts.SymbolFlags.Type) === 0) return [];
  const type = checker.getDeclaredTypeOfSymbol(symbol);
  if (type.isUnion()) return [];
  const members = checker.getPropertiesOfType(type).filter(isOwn);
  return members.filter(isPublic).map((member) => ({ name: `${name}.${member.name}`, symbol: member }));
}

const isPublic = ({ name }: ts.Symbol): boolean => !/^(__)?[#@]|^toString$/.test(name);

/** The calls of what functions return, such as `Genred`: of interfaces that no name or member is declared to have. */
function callsOf(names: readonly Name[]): Name[] {
  const types = names
    .filter(({ symbol }) => symbol.flags & ts.SymbolFlags.Value)
    .map(({ symbol }) => checker.getTypeOfSymbol(symbol));
  const parts = types.flatMap((type) => (type.isIntersection() ? type.types : [type]));
  const declared = new Set(parts.map(({ symbol }) => symbol));
  const returned = names.filter(({ symbol }) => symbol.flags & ts.SymbolFlags.Interface && !declared.has(symbol));
  return returned.flatMap(({ name, symbol }) => {
    const calls = checker.getDeclaredTypeOfSymbol(symbol).getCallSignatures();
    return calls.length === 0 ? [] : [{ name: `${name}()`, symbol, calls }];
  });
}

/** Of what several types share once. */
const once = (names: readonly Name[]): Name[] => [...new Map(names.map((name) => [name.symbol, name])).values()];

const MEMBERS = once(EXPORTED.flatMap(membersOf));
const NAMES = [...EXPORTED, ...MEMBERS, ...callsOf([...EXPORTED, ...MEMBERS])];

/** The signatures of what can be called; none of types. */
function signaturesOf({ symbol, calls }: Name): readonly ts.Signature[] {
  if (calls) return calls;
  if ((symbol.flags & ts.SymbolFlags.Value) === 0 || (symbol.flags & ts.SymbolFlags.Class) !== 0) return [];
  return checker.getTypeOfSymbol(symbol).getCallSignatures();
}

/** Where a name is documented: itself, and the signatures of the type that a constant has. */
const placesOf = (name: Name): readonly (ts.Symbol | ts.Signature)[] =>
  name.calls ?? [name.symbol, ...signaturesOf(name)];

/** The tags of a name, as names and texts. */
const tagsOf = (name: Name): [string, string][] =>
  placesOf(name).flatMap((place) =>
    tagsAt(place).map((tag): [string, string] => [tag.name, ts.displayPartsToString(tag.text)]),
  );

const tagsAt = (place: ts.Symbol | ts.Signature): readonly ts.JSDocTagInfo[] =>
  "getJsDocTags" in place ? place.getJsDocTags(checker) : [];

const sentenceOf = (name: Name): string =>
  placesOf(name)
    .map((place) => ts.displayPartsToString(place.getDocumentationComment(checker)))
    .join("")
    .trim();

/** A name of pykeops for a method that has another: the rest stands there. */
const isSecondName = (name: Name): boolean => /^`\w+`, as pykeops spells it: /.test(sentenceOf(name));

/** What a function takes. */
const parametersOf = (name: Name): Set<string> =>
  new Set(signaturesOf(name).flatMap(({ parameters }) => parameters.map((parameter) => parameter.name)));

/** Arrays, in the types of parameters. */
const ARRAYS = /^(RealArray|ArrayInput|Operand|NdArray|ChartValues|OperatorOperand|NumberArray|IntegerArray)\b/;

/** What the comment says about each parameter. */
function paramsOf(name: Name): Map<string, string> {
  const texts = tagsOf(name).filter(([tag]) => tag === "param");
  return new Map(texts.map(([, text]) => [/^\w+/.exec(text)?.[0] ?? "", text]));
}

/** Parameters that are arrays and whose text does not tell a shape. */
function withoutShape(name: Name): string[] {
  const isArray = (own: ts.Symbol): boolean => ARRAYS.test(checker.typeToString(checker.getTypeOfSymbol(own)));
  const arrays = signaturesOf(name).flatMap(({ parameters }) => parameters.filter(isArray).map((own) => own.name));
  const texts = paramsOf(name);
  return [...new Set(arrays)].filter((own) => !/\[.*\]|shape|vector|number/.test(texts.get(own) ?? ""));
}

const exampleOf = (name: Name): string | undefined => {
  const text = tagsOf(name).find(([tag]) => tag === "example")?.[1];
  return text?.replaceAll(/^```.*$/gm, "");
};

/** What the comment of a name does not say. */
function lacks(name: Name): string[] {
  const tags = tagsOf(name);
  const has = (tag: string): boolean => tags.some(([own, text]) => own === tag && text.trim() !== "");
  const described = paramsOf(name);
  const sentence = sentenceOf(name) === "" ? ["a sentence"] : [];
  if (signaturesOf(name).length === 0 || isSecondName(name)) return sentence;
  // Rows of options are documented where they stand.
  const parameters = [...parametersOf(name)].filter((own) => own !== "options" && !described.has(own));
  return [
    ...sentence,
    ...parameters.map((own) => `@param ${own}`),
    ...withoutShape(name).map((own) => `the shape of ${own}`),
    ...["returns", "throws"].filter((tag) => !has(tag)).map((tag) => `@${tag}`),
    ...(exampleOf(name) === undefined ? ["@example"] : []),
  ];
}

test("there are public names, and what they lack is seen", () => {
  expect(NAMES.length).toBeGreaterThan(250);
  expect(NAMES.filter((name) => signaturesOf(name).length > 0).length).toBeGreaterThan(350);
  const names = NAMES.map(({ name }) => name);
  expect(names).toEqual(expect.arrayContaining(["LazyTensor.sqdist", "GenredFunction()", "GenredFunction.plan"]));
});

test("names have their sentence, functions their parameters, returns, errors and an example", () => {
  const found = Object.fromEntries(
    NAMES.map((name) => [name.name, lacks(name)] as const).filter(([, all]) => all.length),
  );
  expect(found).toEqual({});
});

// --------------------------------------------------------------------------------------------------------- examples

/** Imports of the public names that a source has: every name in all of some hundred examples takes seconds to check. */
const importsFor = (source: string): string =>
  Object.entries({ tskeops: api, "tskeops/mpi": mpi })
    .map(([from, names]) => {
      const used = Object.keys(names).filter((name) => new RegExp(`\\b${name}\\b`).test(source));
      return `import { ${used.join(", ")} } from "${from}";\n`;
    })
    .join("");

const HEAD = `import type { RealArray } from "tskeops";\n`;
const EXAMPLES = NAMES.flatMap((name) => {
  const source = exampleOf(name);
  return source === undefined
    ? []
    : [{ name: name.name, source: HEAD + importsFor(source) + source, printed: promisedBy(source) }];
});

let found: Map<number, string[]>;
const start = process.cwd();
/** Beside the packages that draw charts; examples may write files. */
const folder = mkdtempSync(join(root, "notebooks", "node_modules", ".examples-"));
afterAll(() => {
  process.chdir(start);
  rmSync(folder, { recursive: true });
});
beforeAll(() => {
  process.chdir(folder);
  found = diagnosticsOf(EXAMPLES.map(({ source }) => source));
}, 120_000);

test.each(EXAMPLES.map(({ name }, n) => [name, n] as const))(
  "the example of %s compiles and prints what it says",
  async (_, n) => {
    const { source, printed } = EXAMPLES[n]!;
    expect(found.get(n)).toEqual([]);
    expect(printed.length).toBeGreaterThan(0);
    expect(await printedBy(source)).toEqual(printed);
  },
);
