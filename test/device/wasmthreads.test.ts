/** Threads of a module as its page sees them: workers that begin late, and some that cannot. */
import { WasmThreads } from "../../src/device/wasmthreads";
import type { Message, OpenWorker, Shared, ThreadExports } from "../../src/device/wasmthreads";

/** Threads over workers that do nothing but what the test tells for them. */
function makeThreads(): { tell: ((message: Message) => void)[]; start: (thread: number) => unknown; all: WasmThreads } {
  const tell: ((message: Message) => void)[] = [];
  const open: OpenWorker = (_, take) => {
    tell.push(take);
    return () => undefined;
  };
  const exports = { stackOf: () => 0, _emscripten_thread_free_data: () => undefined };
  const all = new WasmThreads(
    {} as Shared,
    () => exports as unknown as ThreadExports,
    () => undefined,
    open,
  );
  const create = all.imports(false)["__pthread_create_js"] as (...args: number[]) => unknown;
  return { tell, start: (thread) => create(thread, 0, 0, 0), all };
}

const isSettled = async (promise: Promise<void>): Promise<boolean> => {
  let settled = false;
  void promise.finally(() => (settled = true)).catch(() => undefined);
  await new Promise((resolve) => setImmediate(resolve));
  return settled;
};

test("threads have begun when the last of them tells so", async () => {
  const { tell, start, all } = makeThreads();
  await all.haveBegun();
  expect([start(8), start(16)]).toEqual([0, 0]);
  const begun = all.haveBegun();
  tell[0]?.({ begun: 8 });
  expect(await isSettled(begun)).toBe(false);
  tell[1]?.({ begun: 16 });
  expect(await isSettled(begun)).toBe(true);
});

test("a thread that another asks for is waited for too", async () => {
  const { tell, start, all } = makeThreads();
  start(8);
  const begun = all.haveBegun();
  tell[0]?.({ start: [24, 0, 0, 0] });
  tell[0]?.({ begun: 8 });
  expect(await isSettled(begun)).toBe(false);
  tell[1]?.({ begun: 24 });
  await begun;
});

test("a worker that cannot run its program is an error, not a wait without end", async () => {
  const { tell, start, all } = makeThreads();
  start(8);
  const begun = all.haveBegun();
  tell[0]?.({ failed: "a policy" });
  await expect(begun).rejects.toThrow("expected workers to start, got a policy");
  await expect(all.haveBegun()).rejects.toThrow("expected workers to start, got a policy");
});
