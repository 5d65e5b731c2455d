/** Shorthand properties of earlier cells, which tslab by itself loses: in the session that scripts run notebooks with. */
import { spawnSync } from "node:child_process";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const root = resolve(__dirname, "..", "..");
const BEFORE = "const x = 1, y = 2; let z = 0, w = 0;";
const CELLS = [
  ["in an object", "console.log({ x, y });", /^{ x: 1, y: 2 }$/],
  ["in a call, beside a spread", "console.log(JSON.stringify({ ...{ y }, x }));", /^{"y":2,"x":1}$/],
  ["in a template", "console.log(`${JSON.stringify({ x })}`);", /^{"x":1}$/],
  ["in an assignment with a default", "({ z, w = 3 } = { z: x } as { z: number; w?: number }); console.log(z, w);", /^1 3$/], // prettier-ignore
  ["as a parameter, which is no property", "console.log((({ x }) => x)({ x: 7 }));", /^7$/],
  ["errors keep their places", "const bad: string = x;", /^1:7 - Type 'number' is not assignable/],
] as const;

/** What each of some cells of one session prints. */
function printed(cells: readonly string[]): string[] {
  const notebooks = JSON.stringify(join(root, "notebooks"));
  const script = `
    import { openSession } from ${JSON.stringify(pathToFileURL(join(root, "scripts", "tslab-session.mjs")).href)};
    const session = openSession(${notebooks}, ${notebooks});
    const texts = [];
    for (const cell of ${JSON.stringify(cells)}) {
      const { outputs } = await session.run(cell);
      texts.push(outputs.map(({ text, evalue }) => text ?? evalue).join("").trim());
    }
    session.close();
    process.stdout.write("\\0" + JSON.stringify(texts));`;
  const { stdout } = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
    encoding: "utf8",
    cwd: root,
  });
  return JSON.parse(stdout.slice(stdout.lastIndexOf("\0") + 1)) as string[];
}

let texts: string[];
beforeAll(() => {
  [, ...texts] = printed([BEFORE, ...CELLS.map(([, cell]) => cell)]);
}, 60_000);

test.each(CELLS.map(([name, , expected], n) => [name, n, expected] as const))("%s", (_, n, expected) => {
  expect(texts[n]).toMatch(expected);
});
