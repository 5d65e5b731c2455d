/**
 * `npm run fuzz`: random formulas against an oracle of their own (test/fuzz), other ones in every run. Prints the
 * smallest formula that fails, and the options that run it again. Needs `npm run build:native`.
 *   --seed N   which formulas; by the clock if not given
 *   --count N  how many; 20 000 if not given
 *   --only N   formula number N alone
 */
import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const text = { type: "string" };
const { values } = parseArgs({ options: { seed: text, count: text, only: text } });

for (const [name, value] of Object.entries(values))
  if (!/^\d+$/.test(value)) {
    console.error(`--${name}: expected a number, got ${value}`);
    process.exit(2);
  }

const { seed = String(Date.now() % 1_000_000), count = "20000", only } = values;
const env = {
  ...process.env,
  TSKEOPS_FUZZ_SEED: seed,
  TSKEOPS_FUZZ_COUNT: count,
  ...(only !== undefined && { TSKEOPS_FUZZ_ONLY: only }),
};
const jest = join(root, "node_modules", "jest", "bin", "jest.js");
const args = [jest, "--rootDir", root, "--runInBand", "test/fuzz"];
process.exit(spawnSync(process.execPath, args, { cwd: root, env, stdio: "inherit" }).status ?? 1);
