/**
 * Compiles sample.txt, which is TypeScript, as a user would who has neither Node's types nor the DOM's, with all declarations checked: node
 * compile.mjs TSC FOLDER [MODULE...], where FOLDER has tskeops in its node_modules. Prints what the compiler says, in
 * each mode of modules, or in those that are named.
 */
import { spawnSync } from "node:child_process";
import { copyFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const MODES = [
  ["node16", "node16"],
  ["nodenext", "nodenext"],
  ["esnext", "bundler"],
];

const [compiler, folder, ...wanted] = process.argv.slice(2);
const base = { target: "es2022", lib: ["es2022"], types: [], noEmit: true, strict: true, skipLibCheck: false };
// One file is an ES module, the other CommonJS, whatever the package around them is.
for (const file of ["sample.mts", "sample.cts"])
  copyFileSync(join(dirname(fileURLToPath(import.meta.url)), "sample.txt"), join(folder, file));
for (const [module, moduleResolution] of MODES) {
  if (wanted.length > 0 && !wanted.includes(module)) continue;
  const files = module === "esnext" ? ["sample.mts"] : ["sample.mts", "sample.cts"];
  const config = { compilerOptions: { ...base, module, moduleResolution }, files };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config));
  const { status, stdout } = spawnSync(process.execPath, [compiler, "-p", folder], { encoding: "utf8" });
  if (status !== 0) console.log(`${module}: ${stdout}`);
}
