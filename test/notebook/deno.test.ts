/** Deno's own kernel shows what ours shows. `npm run test:modules` fetches Deno, and without it this is skipped. */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import type { AddressInfo, Server } from "node:net";
import { Kernel } from "../helpers/kernel";
import type { Cell } from "../helpers/kernel";

jest.setTimeout(120_000);

const deno = createRequire(__filename)("../modules/deno.cjs") as string;
const isThere = existsSync(deno);

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(Array.from({ length: count }, listening));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  for (const server of servers) server.close();
  return ports;
}

const listening = (): Promise<Server> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => resolve(server));
  });

if (!isThere) test.skip("Deno's kernel: skipped, as `npm run test:modules` has not fetched Deno here", () => undefined);

(isThere ? describe : describe.skip)("Deno's kernel", () => {
  let kernel: Kernel;
  beforeAll(async () => {
    const ports = await freePorts(5);
    kernel = new Kernel({
      command: (file) => [deno, "jupyter", "--kernel", "--conn", file],
      sockets: () => ({ transport: "tcp", ip: "127.0.0.1", ports }), // it knows no other transport
    });
    await kernel.ready();
    const prepared = kernel.run(`import { KernelSolve, Vi, Vj, notebook, rand } from "tskeops";
      const x = rand([200, 2], { seed: 1 }), y = rand([200, 2], { seed: 2 });
      const Kinv = KernelSolve("Exp(-SqDist(x, y)) * b", ["x = Vi(2)", "y = Vj(2)", "b = Vj(2)"], "b", { axis: 1 });`);
    expect(await prepared.status).toBe("ok");
  });
  afterAll(() => kernel.stop());

  /** What a cell shows in a format. Deno says that a cell has ended before it sends its value. */
  async function shown(code: string, format: string): Promise<unknown> {
    const isShown = ({ outputs }: Cell): boolean => outputs.some((output) => format in output);
    const cell = kernel.run(code);
    await cell.until(isShown);
    expect(await cell.status).toBe("ok");
    return cell.outputs.find((output) => format in output)![format];
  }

  test("runs a solve, with shorthand of earlier cells", async () => {
    const cell = kernel.run(`console.log(Kinv(x, x, y, { alpha: 0.1 }).shape, { x, y }.y.shape)`);
    await cell.until(({ text }) => text.includes("\n"));
    expect(cell.text).toBe("[ 200, 2 ] [ 200, 2 ]\n");
  });

  test("prints arrays and lazy tensors as we do", async () => {
    expect(await shown("x", "text/plain")).toMatch(/^float32 \[200, 2\]\n\[\[0\.394/);
    expect(await shown("Vi(x).sqdist(Vj(y))", "text/plain")).toMatch(/^LazyTensor of shape \[200, 200\]/);
  });

  test("shows charts in vega-lite and as PNG, and tables in HTML", async () => {
    const chart = `await notebook.chart(notebook.lineChart({ n: [1, 2], y: [2, 4] }, { x: "n", y: "y" }));`;
    expect(await shown(chart, "application/vnd.vegalite.v5+json")).toHaveProperty("mark");
    expect(await shown(chart, "image/png")).toMatch(/^iVBOR/);
    expect(await shown("notebook.table(x)", "text/html")).toMatch(/^<table>/);
  });

  test("updates progress in place", async () => {
    const cell = kernel.run(`await Kinv.async(x, x, y, { alpha: 0.1, onProgress: notebook.progressBar() });`);
    expect(await cell.status).toBe("ok");
    await cell.until(({ displays }) => displays.some(({ html }) => html.includes('value="1"')));
    expect(new Set(cell.displays.map(({ id }) => id)).size).toBe(1);
  });
});
