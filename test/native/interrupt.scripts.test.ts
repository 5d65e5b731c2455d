/** Ctrl-C in scripts: long calls end with an error that can be caught, and afterwards it has its usual effect again. */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

jest.setTimeout(30000);

const PREPARE = `
  const { Genred, KernelSolve, rand, randn, zeros } = require(${JSON.stringify(join(__dirname, "..", "..", "dist", "index.js"))});
  const aliases = ["x = Vi(3)", "y = Vj(3)", "b = Vj(1)"];
  const K = Genred("Exp(-SqDist(x, y)) * b", aliases, { axis: 1 });
  const Kinv = KernelSolve("Exp(-IntCst(500) * SqDist(x, y)) * b", aliases, "b", { axis: 1 });
  const n = 2 ** 20, many = zeros([n, 3]), ones = zeros([n, 1]);
  const x = rand([3000, 3], { dtype: "float64" }), b = randn([3000, 1], { dtype: "float64" });
  const endless = { method: "cg", preconditioner: "none", alpha: 0, eps: 0, maxIterations: 1e9 };
  const say = (line) => require("node:fs").writeSync(1, line + "\\n");
  const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  say("begins");`;

interface Ended {
  readonly lines: readonly string[];
  readonly errors: string;
  readonly code: number | null;
  readonly signal: string | null;
}

/** Runs a script in a process of its own, which is interrupted some time after it has printed each of these lines. */
function interrupted(script: string, ...after: readonly string[]): Promise<Ended> {
  return interruptedIn({}, script, ...after);
}

function interruptedIn(environment: object, script: string, ...after: readonly string[]): Promise<Ended> {
  const env = { ...process.env, ...environment };
  const child = spawn(process.execPath, ["-e", PREPARE + script], { stdio: ["ignore", "pipe", "pipe"], env });
  const lines: string[] = [];
  let errors = "";
  child.stderr.on("data", (text: Buffer) => (errors += text.toString()));
  child.stdout.on("data", (text: Buffer) => {
    for (const line of text.toString().trim().split("\n")) {
      lines.push(line);
      if (after.includes(line)) setTimeout(() => child.kill("SIGINT"), 700);
    }
  });
  return new Promise((resolve) => {
    child.once("close", (code, signal) => {
      resolve({ lines, errors, code, signal });
    });
  });
}

/** Printed when calls have begun and listen to Ctrl-C. */
const WAITS = `setTimeout(() => say("waits"), 0);`;

const CALLS = [
  ["a reduction", "K(many, many, ones)", "K.async(many, many, ones)"],
  ["a solve", "Kinv(x, x, b, endless)", "Kinv.async(x, x, b, endless)"],
] as const;

it.each(CALLS)("ends %s with an InterruptedError", async (_, call) => {
  const script = `try { ${call}; say("completed"); } catch (error) { say(error.code); }`;
  const expected = { lines: ["begins", "ERR_KEOPS_INTERRUPTED"], code: 0, errors: "" };
  expect(await interrupted(script, "begins")).toMatchObject(expected);
});

it("ends a call that waits for the compiler, and keeps what was compiled", async () => {
  const folder = mkdtempSync(join(tmpdir(), "tskeops-interrupt-"));
  const compiler = join(folder, "slow-compiler");
  writeFileSync(compiler, `#!/bin/sh\nsleep 1.5\nexec g++ "$@"\n`, { mode: 0o755 });
  const script = `
    process.on("SIGINT", () => undefined); // so that the signal does not end the process, as in notebooks
    try { K(many, many, ones); say("completed"); } catch (error) { say(error.code); }
    say(require("node:fs").readdirSync(process.env.TSKEOPS_CACHE).filter((name) => name.endsWith(".so")).length);`;
  try {
    const environment = { TSKEOPS_CXX: compiler, TSKEOPS_CACHE: join(folder, "cache") };
    const { lines } = await interruptedIn(environment, script, "begins");
    expect(lines).toEqual(["begins", "ERR_KEOPS_INTERRUPTED", "1"]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

it.each(CALLS)("ends the promise of %s, and the process at the next time", async (_, __, call) => {
  const script = `${call}.catch(({ code }) => say(code)).then(() => wait(5000)).then(() => say("completed"));${WAITS}`;
  const { lines, signal } = await interrupted(script, "waits", "ERR_KEOPS_INTERRUPTED");
  expect({ lines, signal }).toEqual({ lines: ["begins", "waits", "ERR_KEOPS_INTERRUPTED"], signal: "SIGINT" });
});

it("ends all promises that are pending", async () => {
  const script = `
    const calls = [K.async(many, many, ones), Kinv.async(x, x, b, endless), Kinv.report.async(x, x, b, endless)];
    Promise.allSettled(calls).then((ends) => ends.forEach(({ reason }) => say(reason.code)));${WAITS}`;
  const { lines } = await interrupted(script, "waits");
  expect(lines.slice(2)).toEqual(["ERR_KEOPS_INTERRUPTED", "ERR_KEOPS_INTERRUPTED", "ERR_KEOPS_INTERRUPTED"]);
});

it("leaves the process no listener when promises have settled", async () => {
  const script = `K.async(x, x, b).then(() => say(String(process.listenerCount("SIGINT"))));`;
  expect((await interrupted(script)).lines).toEqual(["begins", "0"]);
});
