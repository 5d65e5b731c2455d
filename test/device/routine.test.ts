/** When a formula is compiled and when it is evaluated by precompiled kernels; and that both mean the same. */
import { Genred, KernelSolve, rand } from "../../src/index";
import type { CallOptions } from "../../src/index";
import type { Compile, Routine } from "../../src/device/device";
import { cpu } from "../../src/device/compiled";
import { Tiers } from "../../src/device/routine";
import type { Compilable } from "../../src/device/routine";

const never = (): never => {
  throw new Error("this routine is only compared");
};
const evaluated: Routine = { backend: "tiles", reduce: never, reduceAsync: never, block: never };

interface Compiler extends Compilable {
  readonly log: string[];
  readonly finish: (failure?: Error) => void;
}

/** A routine that notes what is asked of it. */
function compiler(wasCompiled = false, fails = false): Compiler {
  const log: string[] = [];
  let [resolve, reject]: [() => void, (error: Error) => void] = [never, never];
  return {
    ...evaluated,
    backend: "cpu",
    log,
    finish: (failure) => (failure ? reject(failure) : resolve()),
    isCompiled: () => {
      log.push("look up");
      return wasCompiled;
    },
    compile: () => {
      log.push("compile");
      if (fails) throw new Error("no compiler");
    },
    compileInBackground: () => {
      log.push("background");
      return new Promise<void>((yes, no) => ([resolve, reject] = [yes, no]));
    },
  };
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("what is evaluated and what is compiled", () => {
  test("small work is evaluated, and nobody looks for a compiled routine", () => {
    const compiled = compiler(true);
    const tiers = new Tiers(evaluated, () => compiled);
    for (let n = 0; n < 99; n++) expect(tiers.next(1e6)).toBe(evaluated);
    expect(compiled.log).toEqual([]);
  });

  test("a preview counts nothing and compiles nothing", () => {
    const compiled = compiler();
    const tiers = new Tiers(evaluated, () => compiled);
    expect([1e6, 1e8, 4e9].map((pairs) => tiers.preview(pairs))).toEqual([evaluated, evaluated, compiled]);
    expect(compiled.log).toEqual(["look up"]);
    expect(tiers.next(2e9)).toBe(evaluated);
    expect(tiers.next(0.9e9)).toBe(evaluated);
    expect(compiled.log).not.toContain("background");
  });

  test("what was compiled stays, whatever becomes of the compiler", () => {
    const answers = [compiler(true), null];
    const tiers = new Tiers(evaluated, () => answers.shift() ?? null);
    const first = tiers.next(2e8);
    expect(first.backend).toBe("cpu");
    expect(tiers.next(1)).toBe(first);
  });

  test("more work takes what another process has compiled", () => {
    const compiled = compiler(true);
    const tiers = new Tiers(evaluated, () => compiled);
    expect([6e7, 6e7, 1].map((pairs) => tiers.next(pairs))).toEqual([evaluated, compiled, compiled]);
    expect(compiled.log).toEqual(["look up", "compile"]); // which loads it
  });

  test("what another process has compiled and cannot be loaded is not taken", () => {
    const tiers = new Tiers(evaluated, () => compiler(true, true));
    expect([2e8, 1, 1e10].map((pairs) => tiers.next(pairs))).toEqual([evaluated, evaluated, evaluated]);
  });

  test("much work in small calls is compiled in the background, and taken over when that is done", async () => {
    const compiled = compiler();
    const tiers = new Tiers(evaluated, () => compiled);
    for (let n = 0; n < 40; n++) expect(tiers.next(1e8)).toBe(evaluated);
    expect(compiled.log).toEqual(["look up", "background"]);
    compiled.finish();
    await settled();
    expect(tiers.next(1)).toBe(compiled);
  });

  test("a single large call waits for the compiler", () => {
    const compiled = compiler();
    expect(new Tiers(evaluated, () => compiled).next(1e10)).toBe(compiled);
    expect(compiled.log).toEqual(["look up", "compile"]);
  });

  test("calls that never pause wait for it in the end", () => {
    const compiled = compiler();
    const tiers = new Tiers(evaluated, () => compiled);
    const used = Array.from({ length: 100 }, () => tiers.next(1e8));
    expect(used.indexOf(compiled)).toBe(89);
    expect(compiled.log).toEqual(["look up", "background", "compile"]);
  });

  test.each(["in the background", "at once"])("what cannot be compiled %s stays evaluated", async (when) => {
    const compiled = compiler(false, true);
    const tiers = new Tiers(evaluated, () => compiled);
    tiers.next(when === "at once" ? 1e10 : 2e9);
    if (when !== "at once") {
      tiers.next(2e9);
      compiled.finish(new Error("no compiler"));
      await settled();
    }
    expect([1e10, 1e10].map((pairs) => tiers.next(pairs))).toEqual([evaluated, evaluated]);
  });
});

describe("the option compile", () => {
  const aliases = ["x = Vi(2)", "y = Vj(2)", "b = Vj(1)"] as const;
  const [x, y, b] = [rand([20, 2], { seed: 1 }), rand([30, 2], { seed: 2 }), rand([30, 1], { seed: 3 })] as const;
  /** A formula that no other test has called, and whether a call of it compiles. */
  const compiles = (factor: number, options: CallOptions): boolean => {
    const spy = jest.spyOn(cpu, "routine");
    Genred(`Exp(-${factor} * SqDist(x, y)) * b`, aliases, { axis: 1 })(x, y, b, options);
    const called = spy.mock.calls.length > 0;
    spy.mockRestore();
    return called;
  };

  test.each<[Compile | undefined, boolean]>([
    [undefined, false],
    ["auto", false],
    ["never", false],
    ["always", true],
  ])("%p compiles a formula before its first small call: %p", (compile, expected) => {
    expect(compiles(1.25 + String(compile).length, { compile })).toBe(expected);
  });

  test("TSKEOPS_COMPILE is its default", () => {
    process.env["TSKEOPS_COMPILE"] = "always";
    try {
      expect(compiles(2.5, {})).toBe(true);
      expect(compiles(3.5, { compile: "never" })).toBe(false);
      process.env["TSKEOPS_COMPILE"] = "sometimes";
      expect(() => compiles(4.5, {})).toThrow(
        /^TSKEOPS_COMPILE: expected one of "auto", "never", "always", got "sometimes"$/,
      );
    } finally {
      delete process.env["TSKEOPS_COMPILE"];
    }
  });

  test("a wrong one is refused", () => {
    const K = Genred("SqDist(x, y) * b", aliases, { axis: 1 });
    expect(() => K(x, y, b, { compile: "maybe" as Compile })).toThrow(
      /^compile: expected "auto", "never" or "always", got the string "maybe"$/,
    );
  });

  test("the ways agree to rounding, in sums and in solves", () => {
    const K = Genred("Exp(-SqDist(x, y)) * b", aliases, { axis: 1 });
    const Kinv = KernelSolve("Exp(-SqDist(x, y)) * b", aliases, "b", { axis: 1 });
    const [compiled, evaluatedSum] = [K(x, y, b, { compile: "always" }), K(x, y, b, { compile: "never" })];
    compiled.data.forEach((value, n) => expect(Math.abs(evaluatedSum.data[n]! - value)).toBeLessThan(4e-6 * value));
    const options = { alpha: 0.1, method: "cg" } as const;
    const [one, other] = [
      Kinv(y, y, b, { ...options, compile: "always" }),
      Kinv(y, y, b, { ...options, compile: "never" }),
    ];
    one.data.forEach((value, n) => expect(Math.abs(other.data[n]! - value)).toBeLessThan(1e-5));
  });
});
