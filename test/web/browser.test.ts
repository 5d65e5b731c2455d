/**
 * tskeops/web as it is shipped, in headless Chromium: with threads where the page is cross-origin isolated, without them
 * where it is not. Reference data are a sample, all of them with TSKEOPS_TESTS=full.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { sampled } from "../helpers/sample";
import { casesIn } from "../reference/cases";
import { compute } from "./compute";
import type { Findings, Wanted } from "./findings";

const MODULE = join(__dirname, "..", "..", "dist", "web", "tskeops.wasm");
const hasChromium = [process.env["CHROMIUM"] ?? "chromium", "chromium-browser", "google-chrome"].some(
  (name) => spawnSync(name, ["--version"], { stdio: "ignore" }).status === 0,
);
const whySkipped = !existsSync(MODULE)
  ? "dist/web/tskeops.wasm is not built: npm run build:wasm, with emscripten"
  : hasChromium
    ? null
    : "there is no Chromium";

const FILES = ["operations", "reductions", "autodiff", "edge", "batch", "ranges", "solve"];
const CASES = FILES.flatMap((file) => casesIn(file));
const idsOf = (start: number): Wanted["ids"] =>
  (["float32", "float64"] as const).flatMap((dtype, n) =>
    sampled(CASES, 24, start + 11 * n).map(({ id }) => ({ id, dtype })),
  );

const PAGES = [
  ["a page with threads", true, idsOf(1)],
  ["a page without threads", false, idsOf(3)],
] as const;

const describePages = (body: () => void): void => {
  if (whySkipped === null) body();
  else test.skip(`tskeops/web in Chromium: ${whySkipped}`, () => undefined);
};

describePages(() => {
  describe.each(PAGES)("%s", (_, isIsolated, ids) => {
    let found: Findings;

    beforeAll(() => {
      const input = JSON.stringify({ isIsolated, wanted: { files: FILES, ids } });
      const output = execFileSync(process.execPath, [join(__dirname, "visit.mjs")], { input, encoding: "utf8" });
      const { errors, value } = JSON.parse(output) as { errors: string[]; value: Findings };
      // The one that is sought where there is none.
      expect(errors.filter((error) => !error.includes("/nowhere.wasm"))).toEqual([]);
      found = value;
    }, 120_000);

    test.each(ids.map((each, n) => ({ ...each, n })))("$id in $dtype", ({ n }) => {
      expect(found.cases[n]).toBeNull();
    });

    test("sums, gradients, solves and neighbours are those of Node", () => {
      for (const [name, numbers] of Object.entries(compute())) {
        const got = found.computed[name] ?? [];
        const scale = Math.max(...numbers.map(Math.abs));
        const worst = Math.max(...numbers.map((number, n) => Math.abs(number - (got[n] ?? Infinity))));
        expect({ name, length: got.length, isClose: worst <= 1e-9 * scale || worst }).toEqual({
          name,
          length: numbers.length,
          isClose: true,
        });
      }
    });

    test("calls before it is ready, and a module that is not there, are refused", () => {
      expect(found.unready).toMatch(/^DeviceError: tskeops: expected `await ready\(\)` before the first call/);
      expect(found.lost).toMatch(
        /^ERR_KEOPS_DEVICE: ready: expected a WebAssembly module at \/nowhere.wasm, got status 404/,
      );
    });

    test("wrong calls are refused as in Node", () => {
      expect(found.wrong).toBe("ArgumentError: x (Vi, dim 3): expected shape [M, 3], got [3, 2]");
      expect(found.compiled).toBe('DeviceError: backend "cpu": browsers run no machine code: WebAssembly serves');
    });

    test("says how many threads it has, and warns once where it is but one", () => {
      const { readiness, again, instructionSet, warnings } = found;
      expect(instructionSet).toBe("wasm");
      expect(again).toEqual(readiness);
      expect(readiness.threads > 1).toBe(isIsolated);
      const why = /the page is not cross-origin isolated: serve it with the headers Cross-Origin-Opener-Policy/;
      if (isIsolated) expect(readiness.whyOneThread).toBeNull();
      else expect(readiness.whyOneThread).toMatch(why);
      const told = warnings.filter((text) => text.startsWith("KeopsWarning [KEOPS_THREADS]"));
      expect(told.length).toBe(isIsolated ? 0 : 1);
    });

    test("its threads run when it is ready, as a page that is kept busy starts none", () => {
      const { readiness, begunWhenReady } = found;
      // One began them: that of the job which asks for the others.
      expect(begunWhenReady).toBe(isIsolated ? readiness.threads : 0);
    });

    test("promises give what calls give, tell how far they are, and are stopped by a signal", () => {
      expect(found.promises).toBe(true);
      expect(found.stopped).toBe("ERR_KEOPS_INTERRUPTED");
      expect(found.after).toBe(true);
      const last = found.fractions.at(-1) ?? 0;
      expect(last > 0 && last < 0.9).toBe(true);
    });
  });
});
