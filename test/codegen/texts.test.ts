/** The number that stands in TypeScript and in C++. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ABI } from "../../src/codegen/texts";

test("the ABI is that of the texts", () => {
  const text = readFileSync(join(__dirname, "..", "..", "native", "text", "common", "routine.h"), "utf8");
  expect(/\bTSKEOPS_ABI = (\d+)/.exec(text)?.[1]).toBe(String(ABI));
});
