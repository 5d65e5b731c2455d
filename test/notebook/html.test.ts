/** A chart as a file: a page that needs nothing else, and a strip of pictures for a slider. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { notebook } from "../../src/index";

const start = process.cwd();
const folder = mkdtempSync(join(tmpdir(), "tskeops-html-"));
beforeAll(() => process.chdir(resolve(__dirname, "..", "..", "notebooks"))); // where vega is
afterAll(() => {
  process.chdir(start);
  rmSync(folder, { recursive: true });
});

const save = async (spec: object, name: string): Promise<string> =>
  readFileSync(await notebook.saveChart(spec, join(folder, name)), "utf8");
const dots = (title: string): object => notebook.scatterChart([[0, 0], [1, 1]], { title, width: 100 }); // prettier-ignore

test("a page has its scripts and its description within it, and nothing ends it too early", async () => {
  const page = await save(dots("</script><b>"), "picture.html");
  expect(page).not.toMatch(/<(script|link|img)[^>]* (src|href)=/);
  expect(page).toContain("<title>&lt;/script&gt;&lt;b&gt;</title>");
  const scripts = [...page.matchAll(/<script>(.*?)<\/script>/gs)].map(([, text]) => text!);
  expect(scripts).toHaveLength(3);
  const [, json] = /^const spec = (.*);$/m.exec(scripts[2]!)!;
  expect(JSON.parse(json!)).toMatchObject({ title: "</script><b>", $schema: expect.stringContaining("v5.json") });
  expect(scripts[0]).toContain("vega");
});

test("frames are a strip of pictures with the title of each, whose clips do not meet", async () => {
  const spec = notebook.frames(["one", "two", "three"].map(dots));
  const svg = await save(spec, "picture.svg");
  for (const title of ["one", "two", "three"]) expect(svg).toContain(`>${title}</text>`);
  expect(svg.match(/<svg x="/g)).toHaveLength(3);
  const names = [...svg.matchAll(/\sid="([^"]*)"/g)].map(([, name]) => name);
  expect(new Set(names).size).toBe(names.length);
  for (const [, used] of svg.matchAll(/url\(#([^)]*)\)/g)) expect(names).toContain(used);
});

test("of many frames eight are in the strip, with the first and the last", async () => {
  const spec = notebook.frames(Array.from({ length: 20 }, (_, k) => dots(`t${k}`)));
  const svg = await save(spec, "many.svg");
  expect(svg.match(/>t\d+<\/text>/g)).toEqual(
    ["t0", "t3", "t5", "t8", "t11", "t14", "t16", "t19"].map((t) => `>${t}</text>`),
  );
});

test("the dark theme has light text before a dark ground, and what the description says stands", async () => {
  const json = await notebook.saveChart({ ...dots("a"), config: { axis: { grid: false } } }, join(folder, "a.json"), {
    theme: "dark",
  });
  expect(JSON.parse(readFileSync(json, "utf8"))).toMatchObject({
    config: {
      background: "#111",
      title: { color: "#ddd", anchor: "middle" },
      axis: { grid: false, labelFlush: false },
    },
  });
});
