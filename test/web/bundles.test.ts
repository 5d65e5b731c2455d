/**
 * Bundles of ten lines by four bundlers: in a browser they compute in WebAssembly, or refuse; in Node they find the
 * addon of the package that is installed where they lie, or the module beside them, whoever loads them and from where;
 * else they say that they are slow, and what is to be done.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { Genred, rand, settings } from "../../src/index";

const folder = join(__dirname, "bundles");
const wasm = join(__dirname, "..", "..", "dist", "web", "tskeops.wasm");
const hasChromium = spawnSync(process.env["CHROMIUM"] ?? "chromium", ["--version"], { stdio: "ignore" }).status === 0;
const whySkipped = !existsSync(join(folder, "node_modules"))
  ? "no bundlers: npm ci --ignore-scripts --prefix test/web/bundles"
  : !existsSync(wasm)
    ? "no WebAssembly: npm run build:wasm, with emscripten"
    : hasChromium
      ? null
      : "there is no Chromium";

interface Told {
  readonly instructionSet?: string;
  readonly backend?: string;
  readonly first?: number;
  readonly error?: string;
  readonly stderr?: string;
}

function expected(): number {
  const [x, b] = [rand([300, 3], { seed: 1, dtype: "float64" }), rand([300, 1], { seed: 2, dtype: "float64" })];
  const sum = Genred("Exp(-SqDist(x, y)) * b", ["x = Vi(3)", "y = Vj(3)", "b = Vj(1)"], { axis: 1 });
  return sum(x, x, b).data[0] ?? NaN;
}

const BUNDLERS = ["esbuild", "rollup", "webpack", "vite"];
/** CommonJS of each, and an ES module. */
const IN_NODE = [...BUNDLERS.map((bundler) => `${bundler}, node`), "rollup, module"];
const ways = (...names: readonly string[]): string[] =>
  IN_NODE.flatMap((bundle) => names.map((name) => `${bundle}, ${name}`));

(whySkipped === null ? describe : describe.skip)(`bundles${whySkipped === null ? "" : `: ${whySkipped}`}`, () => {
  let told: Readonly<Record<string, Told>>;

  beforeAll(() => {
    told = JSON.parse(
      execFileSync(process.execPath, [join(folder, "bundle.mjs")], { encoding: "utf8" }),
    ) as typeof told;
  }, 400_000);

  test.each(BUNDLERS)("%s: a browser computes in WebAssembly", (bundler) => {
    const { first = NaN, ...rest } = told[`${bundler}, browser`] ?? {};
    expect(rest).toEqual({ instructionSet: "wasm", backend: "tiles" });
    expect(first).toBeCloseTo(expected(), 9);
  });

  test.each(["esbuild", "rollup"])(
    "%s: without the module beside it, a page is told where it was sought",
    (bundler) => {
      expect(told[`${bundler}, without the module`]?.error).toMatch(
        /^DeviceError: ready: expected a WebAssembly module at \S+tskeops.wasm, got status 404: copy tskeops\/dist\/web/,
      );
    },
  );

  test.each(IN_NODE)(
    "%s: a bundle for Node uses the addon of the package that is installed where it lies",
    (bundle) => {
      const { first = NaN, ...rest } = told[bundle] ?? {};
      expect(rest).toEqual({ instructionSet: settings.instructionSet, backend: "tiles", stderr: "" });
      expect(first).toBeCloseTo(expected(), 9);
    },
  );

  test.each(ways("alone", "loaded from elsewhere"))(
    "%s: it computes, says that it is slow and what it lacks",
    (way) => {
      const { first = NaN, backend, stderr } = told[way] ?? {};
      expect(backend).toBe("reference");
      expect(first).toBeCloseTo(expected(), 9);
      expect(stderr).toMatch(
        /\[KEOPS_REFERENCE\].*expected the package tskeops, .*install tskeops where the bundle lies.*tskeops.wasm, copied beside/,
      );
    },
  );

  test.each(ways("with the module", "with the module, by a link", "with the module, loaded from elsewhere"))(
    "%s: it computes in the module that lies beside it",
    (way) => {
      const { first = NaN, ...rest } = told[way] ?? {};
      expect(rest).toMatchObject({ instructionSet: "wasm", backend: "tiles" });
      expect(rest.stderr).toMatch(/\[KEOPS_WASM\].*expected the package tskeops, /);
      expect(first).toBeCloseTo(expected(), 9);
    },
  );
});
