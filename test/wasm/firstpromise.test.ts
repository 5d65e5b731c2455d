/** A promise that is the first call of a process: its thread, and no other, makes the pool. */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { describeWasm } from "../helpers/wasm";

const SCRIPT = `
  const { Genred, rand } = require(${JSON.stringify(join(__dirname, "..", "..", "dist", "index.js"))});
  const sum = Genred("Exp(-SqDist(x, y))", ["x = Vi(3)", "y = Vj(3)"], { axis: 1 });
  const x = rand([2000, 3], { seed: 1 });
  sum.async(x, x).then((later) => {
    const now = sum(x, x);
    console.log(later.data.every((value, n) => value === now.data[n]));
  });`;

describeWasm("on WebAssembly", () => {
  test("a promise may be the first call", () => {
    const env = { ...process.env, TSKEOPS_ADDON: "wasm" };
    expect(execFileSync(process.execPath, ["-e", SCRIPT], { encoding: "utf8", env })).toBe("true\n");
  });
});
