/** Examples of documents and of doc comments: compiled strictly, run, and held to what they say that they print. */
import { createRequire } from "node:module";
import { join } from "node:path";
import { formatWithOptions } from "node:util";
import { runInThisContext } from "node:vm";
import { transformSync } from "@swc/core";
import ts from "typescript";
import * as tskeops from "../../src/index";
import * as mpi from "../../src/mpi/mpi";

const root = join(__dirname, "..", "..");

/** What users import, by its name. */
const ENTRIES: Readonly<Record<string, unknown>> = { tskeops, "tskeops/mpi": mpi };
const PATHS = {
  tskeops: [join(root, "src", "index.ts")],
  "tskeops/mpi": [join(root, "src", "mpi", "mpi.ts")],
};

/** A program, and what it prints, line by line. */
export interface Example {
  readonly name: string;
  readonly source: string;
  readonly printed: readonly string[];
}

/** What a source says that it prints: the comment behind each `console.log`. */
export const promisedBy = (source: string): string[] =>
  [...source.matchAll(/^ *console\.log\(.*\); \/\/ (.*)$/gm)].map(([, line]) => line!);

const fileOf = (n: number): string => join(__dirname, `block-${n}.ts`);

/** What the compiler says about every source, by its number. */
export function diagnosticsOf(sources: readonly string[]): Map<number, string[]> {
  const { config } = ts.readConfigFile(join(root, "test", "tsconfig.json"), ts.sys.readFile) as { config: object };
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, join(root, "test"));
  Object.assign(options, { paths: PATHS, module: ts.ModuleKind.ES2022 });
  Object.assign(options, { moduleResolution: ts.ModuleResolutionKind.Bundler, noEmit: true, noUnusedLocals: false });
  const texts = new Map(sources.map((source, n) => [fileOf(n), source]));
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists } = host;
  host.fileExists = (path) => texts.has(path) || fileExists.call(host, path);
  host.getSourceFile = (path, ...rest) => {
    const source = texts.get(path);
    return source === undefined
      ? getSourceFile.call(host, path, ...rest)
      : ts.createSourceFile(path, source, ts.ScriptTarget.ES2022);
  };
  const program = ts.createProgram([...texts.keys()], options, host);
  return new Map(
    sources.map((_, n) => {
      const file = program.getSourceFile(fileOf(n));
      const found = [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)];
      return [n, found.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, " "))];
    }),
  );
}

/** Runs a source in an async function and collects what it prints. */
export async function printedBy(source: string): Promise<string[]> {
  const { code } = transformSync(source, {
    jsc: { target: "es2022", parser: { syntax: "typescript" } },
    module: { type: "commonjs" },
  });
  const printed: string[] = [];
  const log = (...values: unknown[]): void =>
    void printed.push(formatWithOptions({ breakLength: Infinity }, ...values));
  const own = createRequire(__filename);
  const load = (name: string): unknown => ENTRIES[name] ?? own(name);
  const main = runInThisContext(`(async (require, console, exports) => {${code}\n})`) as (
    ...given: unknown[]
  ) => Promise<void>;
  await main(load, { log }, {});
  return printed;
}
