/** Long work in a tslab kernel: it is started, watched and stopped, and the notebook goes on with what it had. */
import { Kernel } from "../helpers/kernel";

jest.setTimeout(60000);

const kernel = new Kernel();

beforeAll(async () => {
  await kernel.ready();
  const prepared = kernel.run(`
    import { Genred, KernelSolve, notebook, rand, randn, zeros } from "tskeops";
    const aliases = ["x = Vi(3)", "y = Vj(3)", "b = Vj(1)"] as const;
    const K = Genred("Exp(-SqDist(x, y)) * b", aliases, { axis: 1 });
    const Kinv = KernelSolve("Exp(-IntCst(500) * SqDist(x, y)) * b", aliases, "b", { axis: 1 });
    const n = 2 ** 20, many = zeros([n, 3]), ones = zeros([n, 1]);          // minutes of work
    const x = rand([5000, 3], { dtype: "float64" }), b = randn([5000, 1], { dtype: "float64" });
    const endless = { method: "cg", preconditioner: "none", alpha: 0, eps: 0, maxIterations: 1e9 } as const;
    const y = rand([9000, 3], { dtype: "float64" }), c = randn([9000, 1], { dtype: "float64" });
    let kept = "kept";`);
  expect(await prepared.status).toBe("ok");
});

afterAll(() => kernel.stop());

const later = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Runs a cell after an error: the kernel skips those that come too soon, how soon depends on the machine. */
async function runNext(code: string): Promise<ReturnType<typeof kernel.run>> {
  for (let attempt = 1; ; attempt++) {
    await later(300);
    const cell = kernel.run(code);
    if ((await cell.status) === "ok" || attempt === 20) return cell;
  }
}

async function goesOn(): Promise<void> {
  const next = await runNext(`console.log(kept, x.shape, K(x, x, b).shape);`);
  expect(await next.status).toBe("ok");
  expect(next.text).toBe("kept [ 5000, 3 ] [ 5000, 1 ]\n");
}

describe("the stop button ends", () => {
  it.each([
    ["a reduction", "K(many, many, ones)"],
    ["a solve that iterates", "Kinv(x, x, b, endless)"],
    ["a solve that factorises", `Kinv(y, y, c, { method: "direct", alpha: 0.1 })`],
  ])("%s in its blocking form, also after an await, and the kernel goes on", async (_, call) => {
    const cell = kernel.run(`console.log("begins");\n${call};\nconsole.log("completed");`);
    await cell.until(({ text }) => text.includes("begins"));
    await later(300);
    kernel.interrupt();
    expect(await cell.status).toBe("error");
    expect(cell.text).toMatch(/ERR_(SCRIPT_EXECUTION|KEOPS)_INTERRUPTED/);
    await goesOn();
    const caught = kernel.run(`await 0;\nconsole.log("begins");\ntry { ${call}; } catch (e) { console.log(e.code); }`);
    await caught.until(({ text }) => text.includes("begins"));
    await later(300);
    kernel.interrupt();
    await caught.until(({ text }) => text.includes("ERR_KEOPS_INTERRUPTED"));
    await caught.status;
    await goesOn();
  });

  it.each([
    ["a reduction", "K.async(many, many, ones, { out: null"],
    ["a solve that iterates", "Kinv.async(x, x, b, { ...endless"],
    ["a solve that factorises", `Kinv.async(y, y, c, { method: "direct", alpha: 0.1`],
  ])("%s as a promise, whose progress was shown, and the kernel goes on", async (_, call) => {
    const cell = kernel.run(`const job = globalThis.job = ${call}, onProgress: notebook.progressBar() });\nawait job;`);
    await cell.until(({ displays }) => displays.length >= 3);
    kernel.interrupt();
    expect(await cell.status).toBe("error");
    const ended = await runNext(`await globalThis.job.catch((e) => console.log(e.code));`);
    expect(ended.text).toBe("ERR_KEOPS_INTERRUPTED\n");
    expect(cell.displays.map(({ isUpdate }) => isUpdate)).toEqual(cell.displays.map((_, n) => n > 0));
    expect(new Set(cell.displays.map(({ id }) => id)).size).toBe(1);
    expect(cell.displays.at(-1)!.html).toMatch(/<progress max="1".*<code>(reduction|check|factorisation|iterations) /);
    await goesOn();
  });
});

test("promises of one cell go on while other cells run", async () => {
  const first = kernel.run(`const solution = Kinv.async(x, x, b, { alpha: 0.1 }); console.log("started");`);
  await first.status;
  const second = kernel.run(
    `console.log((await solution).shape, kernelAlive());\nfunction kernelAlive() { return true; }`,
  );
  expect(await second.status).toBe("ok");
  expect(second.text).toBe("[ 5000, 1 ] true\n");
  expect(kernel.isAlive).toBe(true);
});
