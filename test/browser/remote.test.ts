/** Jobs of pages without threads, where workers cannot be made, sent to or waited for; workers here are made up. */
import { withWorkers } from "../../src/browser/remote";
import type { Addon } from "../../src/device/addon";
import { nativeAddon } from "../../src/device/native";
import { DeviceError, InterruptedError } from "../../src/errors";

const MODULE = new WebAssembly.Module(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0));

/** Made as long as `most` allows; answers when it is told to. */
class MadeUp {
  static most = 0;
  static made: MadeUp[] = [];
  onmessage?: (event: { data: unknown }) => void;
  onerror?: (event: { message: string }) => void;
  isEnded = false;
  jobs = 0;

  constructor() {
    if (MadeUp.made.length === MadeUp.most) throw new ReferenceError("Worker is not defined");
    MadeUp.made.push(this);
  }
  postMessage(message: { readonly args?: readonly unknown[] }): void {
    structuredClone(message.args);
    if (message.args) this.jobs++;
  }
  terminate(): void {
    this.isEnded = true;
  }
  answer(): void {
    this.onmessage?.({ data: { value: 0, written: [] } });
  }
}

Object.assign(globalThis, { Worker: MadeUp, TSKEOPS_WORKER: "" });
URL.createObjectURL = () => "blob:made up";

/** An addon with at most so many workers, of which the page gives so many. */
function addonWith(most: number, given: number): Addon["later"] {
  [MadeUp.most, MadeUp.made] = [given, []];
  return withWorkers(nativeAddon() as Addon, MODULE, most).later;
}
const controlled = (
  later: Addon["later"],
  control?: Int32Array,
  arg: unknown = new Float64Array(4),
): Promise<unknown> =>
  (later.moveRows as unknown as (...args: unknown[]) => Promise<unknown>)(arg, arg, new Int32Array(4), true, control);
const refusalOf = (promise: Promise<unknown>): Promise<unknown> => promise.catch((error: unknown) => error);
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("where the page makes no worker every promise is refused, and none hangs", async () => {
  const later = addonWith(2, 0);
  for (const promise of [1, 2, 3].map(() => controlled(later))) {
    const error = await refusalOf(promise);
    expect(error).toBeInstanceOf(DeviceError);
    expect(String(error)).toContain("a worker of the page: expected it to run, got Worker is not defined");
  }
});

test("those who wait are refused when the last worker fails and no other is made", async () => {
  const later = addonWith(1, 1);
  const refusals = [1, 2, 3].map(() => refusalOf(controlled(later)));
  await turn();
  MadeUp.made[0]?.onerror?.({ message: "out of memory" });
  const messages = (await Promise.all(refusals)).map(String);
  expect(messages[0]).toContain("got out of memory");
  for (const message of messages.slice(1)) expect(message).toContain("got Worker is not defined");
});

test("a job that cannot be sent is refused, and its worker serves the next", async () => {
  const later = addonWith(1, 1);
  const error = await refusalOf(controlled(later, undefined, () => 0));
  expect(error).toBeInstanceOf(DeviceError);
  const next = controlled(later);
  await turn();
  expect(MadeUp.made.map(({ jobs, isEnded }) => [jobs, isEnded])).toEqual([[1, false]]);
  MadeUp.made[0]?.answer();
  await expect(next).resolves.toBe(0);
});

test("a job that waits for a worker is stopped before it has one", async () => {
  const later = addonWith(1, 1);
  const first = controlled(later);
  const control = new Int32Array(new SharedArrayBuffer(16));
  const second = refusalOf(controlled(later, control));
  Atomics.store(control, 0, 1);
  expect(await second).toBeInstanceOf(InterruptedError);
  MadeUp.made[0]?.answer();
  await first;
  expect(MadeUp.made[0]?.jobs).toBe(1);
});
