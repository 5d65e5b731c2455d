/**
 * What the project's notebook kernel mends of tslab, in the session that scripts run notebooks with: shorthand properties
 * of earlier cells, which tslab by itself loses, global names of packages that no cell imports, and values that show
 * themselves. And a notebook that was converted beforehand, as `npm run notebooks` does.
 */
import { spawnSync } from "node:child_process";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const root = resolve(__dirname, "..", "..");
const BEFORE = "const x = 1, y = 2; let z = 0, w = 0;";
const DRAWN = `import { notebook } from "tskeops";
const spec = { ...notebook.scatterChart([[1, 2]]), title: "dot" };
const draw = async () => notebook.chart(spec);`;
const CELLS = [
  ["in an object", "console.log({ x, y });", /^{ x: 1, y: 2 }$/],
  ["in a call, beside a spread", "console.log(JSON.stringify({ ...{ y }, x }));", /^{"y":2,"x":1}$/],
  ["in a template", "console.log(`${JSON.stringify({ x })}`);", /^{"x":1}$/],
  ["in an assignment with a default", "({ z, w = 3 } = { z: x } as { z: number; w?: number }); console.log(z, w);", /^1 3$/], // prettier-ignore
  ["as a parameter, which is no property", "console.log((({ x }) => x)({ x: 7 }));", /^7$/],
  ["the last value is printed", "x + y;", /^3$/],
  ["also of a function that is called chart", "const own = { chart: (n: number) => n };\nown.chart(x);", /^1$/],
  ["but not that of a chart, whatever the line reads like", `${DRAWN}\nawait draw();`, /^a picture$/],
  ["nor that of a table", "notebook.table([[1, 2]]);", /^a picture$/],
  ["a chart of an earlier cell is shown again", "const kept = await draw();", /^a picture$/],
  ["where it is a value", "kept;", /^a picture$/],
  ["a chart that is not shown is told by its name", "await notebook.chart(spec, { show: false });", /^\[chart: dot\]$/],
  ["errors keep their places", "const bad: string = x;", /^1:7 - Type 'number' is not assignable/],
  ["Node's global names are known", "console.log(typeof process.pid, typeof performance.now());", /^number number$/],
  [
    "those of the test runner's types, beside the notebooks, are not",
    "describe;",
    /^1:1 - Cannot find name 'describe'/,
  ],
  ["that of a chart which is still drawn is not printed", "notebook.chart(spec);", /^(a picture)?$/],
] as const;

const START = `
  import { openConverter, openSession } from ${JSON.stringify(pathToFileURL(join(root, "scripts", "tslab-session.mjs")).href)};
  const folder = ${JSON.stringify(join(root, "notebooks"))};
  async function run(cells, converted) {
    const session = openSession(folder, folder, converted);
    const texts = [];
    for (const cell of cells) {
      const { outputs } = await session.run(cell);
      texts.push(outputs.map(({ text, evalue }) => text ?? evalue ?? "a picture").join("").trim());
    }
    session.close();
    return texts;
  }`;

/** What cells print, by an expression with `run` and `openConverter` in a process of its own. */
function printed(expression: string): string[] {
  const script = `${START}\nprocess.stdout.write("\\0" + JSON.stringify(${expression}));`;
  const { stdout } = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
    encoding: "utf8",
    cwd: root,
  });
  return JSON.parse(stdout.slice(stdout.lastIndexOf("\0") + 1)) as string[];
}

describe("in a session", () => {
  let texts: string[];
  beforeAll(() => {
    [, ...texts] = printed(`await run(${JSON.stringify([BEFORE, ...CELLS.map(([, cell]) => cell)])})`);
  }, 60_000);

  test.each(CELLS.map(([name, , expected], n) => [name, n, expected] as const))("%s", (_, n, expected) => {
    expect(texts[n]).toMatch(expected);
  });
});

test("cells that were converted beforehand print the same, and know nothing of the notebook before", () => {
  const notebooks = [
    ["const a = 1;", "console.log({ a });"],
    ["let b = 2;", "b += 1;", "console.log(a, b);"],
  ];
  const texts = printed(`await (async () => {
    const notebooks = ${JSON.stringify(notebooks)};
    const converter = openConverter(folder);
    const converted = notebooks.map((cells) => converter.convert(cells));
    converter.close();
    return [await run(notebooks[0], converted[0]), await run(notebooks[1], converted[1])].flat();
  })()`);
  const lines = texts.map((text) => text.split("\n")[0]);
  expect(lines).toEqual(["", "{ a: 1 }", "", "3", "1:13 - Cannot find name 'a'."]);
}, 60_000);
