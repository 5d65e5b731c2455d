/**
 * The examples of the guides are programs: the TypeScript blocks of a page are compiled, strictly, and run, and what they print is what
 * the comment behind each `console.log` says. The first block of a page is in front of every other one, which stands for itself.
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { formatWithOptions } from "node:util";
import { runInThisContext } from "node:vm";
import ts from "typescript";
import * as tskeops from "../src/index";

const root = join(__dirname, "..");
const PAGES = ["lazytensor.md"];

interface Block {
  readonly name: string;
  readonly source: string;
  /** What is printed, line by line. */
  readonly printed: readonly string[];
}

const textOf = (page: string): string => readFileSync(join(root, "docs", page), "utf8");

/** Every block, with the first in front, which prints only where it stands. */
function blocksOf(page: string): Block[] {
  const text = textOf(page);
  const blocks = [...text.matchAll(/^```ts\n(.*?)^```$/gms)];
  const first = blocks[0]![1]!.replaceAll(/^ *console\.log\(.*\n/gm, "");
  return blocks.map(({ index, 1: source }, n) => {
    const heading = [...text.slice(0, index).matchAll(/^#+ (.*)$/gm)].at(-1)![1]!;
    const printed = [...source!.matchAll(/^ *console\.log\(.*\); \/\/ (.*)$/gm)].map(([, line]) => line!);
    return {
      name: `${page}, ${heading}, line ${text.slice(0, index).split("\n").length}`,
      source: n === 0 ? source! : first + source!,
      printed,
    };
  });
}

const BLOCKS = PAGES.flatMap(blocksOf);
const fileOf = (n: number): string => join(__dirname, `block-${n}.ts`);

/** What the compiler says about every block, by the number of the block. */
function diagnostics(): Map<number, string[]> {
  const { config } = ts.readConfigFile(join(__dirname, "tsconfig.json"), ts.sys.readFile) as { config: object };
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, __dirname);
  Object.assign(options, { paths: { tskeops: [join(root, "src", "index.ts")] }, module: ts.ModuleKind.ES2022 });
  Object.assign(options, { moduleResolution: ts.ModuleResolutionKind.Bundler, noEmit: true, noUnusedLocals: false });
  const sources = new Map(BLOCKS.map(({ source }, n) => [fileOf(n), source]));
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists } = host;
  host.fileExists = (path) => sources.has(path) || fileExists.call(host, path);
  host.getSourceFile = (path, ...rest) => {
    const source = sources.get(path);
    return source === undefined
      ? getSourceFile.call(host, path, ...rest)
      : ts.createSourceFile(path, source, ts.ScriptTarget.ES2022);
  };
  const program = ts.createProgram([...sources.keys()], options, host);
  return new Map(
    BLOCKS.map((_, n) => {
      const file = program.getSourceFile(fileOf(n));
      const found = [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)];
      return [n, found.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, " "))];
    }),
  );
}

/** Runs a block in an async function and collects what it prints. */
async function run({ source }: Block): Promise<string[]> {
  const { outputText } = ts.transpileModule(source, {
    compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022, esModuleInterop: true },
  });
  const printed: string[] = [];
  const log = (...values: unknown[]): void =>
    void printed.push(formatWithOptions({ breakLength: Infinity }, ...values));
  const own = createRequire(__filename);
  const load = (name: string): unknown => (name === "tskeops" ? tskeops : own(name));
  const main = runInThisContext(`(async (require, console, exports) => {${outputText}\n})`) as (
    ...given: unknown[]
  ) => Promise<void>;
  await main(load, { log }, {});
  return printed;
}

let found: Map<number, string[]>;
beforeAll(() => {
  found = diagnostics();
}, 120_000);

test("the pages have examples", () => {
  for (const page of PAGES) expect(blocksOf(page).length).toBeGreaterThan(8);
});

test.each(BLOCKS.map((block, n) => [block.name, n] as const))(
  "%s compiles, and prints what it says",
  async (_name, n) => {
    expect(found.get(n)).toEqual([]);
    expect(await run(BLOCKS[n]!)).toEqual(BLOCKS[n]!.printed);
  },
);
