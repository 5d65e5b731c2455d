/** The page of mistakes: each of its lines ends in the message that the page shows. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { runInThisContext } from "node:vm";
import * as tskeops from "../../src/index";

const text = readFileSync(join(__dirname, "..", "..", "docs", "guide", "mistakes.md"), "utf8");
const [arrays = ""] = [...text.matchAll(/```js\n([^`]*)```/g)].map(([, code]) => code!);
const MISTAKES = [...text.matchAll(/```js\n([^`]*)```\n\n```text\n([^`]*)```/g)].map(([, code, message]) => ({
  code: code!.trim(),
  message: message!,
}));

/** Messages are wrapped in the page. */
const inOneLine = (message: string): string => message.replace(/\s+/g, " ").trim();

test("there are twenty, and nearly each has a line that fails", () => {
  expect(text.match(/^## \d+\. /gm)).toHaveLength(20);
  expect(MISTAKES.length).toBeGreaterThanOrEqual(20);
});

test.each(MISTAKES)("$code", ({ code, message }) => {
  const names = `const { ${Object.keys(tskeops).join(", ")} } = tskeops;`;
  const source = `(function (tskeops) { ${names}\n${arrays}\n${code} })`;
  const run = runInThisContext(source) as (library: typeof tskeops) => unknown;
  const outcome = (): string => {
    try {
      run(tskeops);
      return "no error";
    } catch (error) {
      return `${(error as Error).name}: ${(error as Error).message}`;
    }
  };
  expect(inOneLine(outcome())).toBe(inOneLine(message));
});
