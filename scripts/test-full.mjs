// All tests with their long tables in full, and the record of that: docs/log/tests-full.json. Takes half an hour on two
// processors. What it is given goes to jest: node scripts/test-full.mjs --maxWorkers=2
import "./require-built.mjs";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { cpus, tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const require = createRequire(import.meta.url);
const { settings } = require(join(root, "dist", "index.js"));

function run(folder) {
  const report = join(folder, "report.json");
  const args = [require.resolve("jest/bin/jest"), "--json", `--outputFile=${report}`, ...process.argv.slice(2)];
  spawnSync(process.execPath, args, { cwd: root, stdio: "inherit", env: { ...process.env, TSKEOPS_TESTS: "full" } });
  return JSON.parse(readFileSync(report, "utf8"));
}

const counted = (results, status) => results.filter((result) => result.status === status).length;

function fileOf({ name, assertionResults: results, startTime, endTime }) {
  const [passed, failed, skipped] = ["passed", "failed", "pending"].map((status) => counted(results, status));
  return { file: relative(root, name), passed, failed, skipped, seconds: Math.round((endTime - startTime) / 1000) };
}

function recordOf(report, seconds) {
  return {
    date: new Date().toISOString(),
    commit: execFileSync("git", ["rev-parse", "HEAD"], { cwd: root, encoding: "utf8" }).trim(),
    processor: cpus()[0].model,
    instructionSet: settings.instructionSet,
    seconds,
    passed: report.numPassedTests,
    failed: report.numFailedTests + report.numRuntimeErrorTestSuites,
    skipped: report.numPendingTests,
    files: report.testResults.map(fileOf).sort((a, b) => a.file.localeCompare(b.file)),
  };
}

const folder = mkdtempSync(join(tmpdir(), "tskeops-tests-"));
try {
  const begin = performance.now();
  const record = recordOf(run(folder), Math.round((performance.now() - begin) / 1000));
  writeFileSync(join(root, "docs", "log", "tests-full.json"), `${JSON.stringify(record, null, 2)}\n`);
  console.log(`${record.passed} passed, ${record.failed} failed, ${record.skipped} skipped`);
  process.exitCode = record.failed > 0 ? 1 : 0;
} finally {
  rmSync(folder, { recursive: true });
}
