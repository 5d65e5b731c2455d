/** Begins as a page does that has no workers: what is no module is refused, and one thread is told as one. */
import { readFileSync } from "node:fs";
import { begin } from "../../src/browser/webmodule";
import { DeviceError } from "../../src/errors";
import { ready, settings } from "../../src/index";
import { MODULE, describeWasm } from "../helpers/wasm";

Object.assign(globalThis, { navigator: { hardwareConcurrency: 4 } });
const beside = new URL("file:///nowhere.wasm");
const EMPTY = new WebAssembly.Module(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0));

test.each([
  ["bytes of none", new Uint8Array(9).fill(7), /expected a WebAssembly module as the option wasm, got .*magic/],
  ["a module of another program", EMPTY, /expected a WebAssembly module as the option wasm, got .*is not a function/],
  ["an address where there is none", "/nowhere.wasm", /expected a WebAssembly module at \/nowhere.wasm, got /],
])("%s are refused with a DeviceError", async (_, wasm, message) => {
  const error: unknown = await begin({ wasm }, beside).catch((refusal: unknown) => refusal);
  expect(error).toBeInstanceOf(DeviceError);
  expect((error as DeviceError).message).toMatch(message);
});

test("more threads than there may be are refused before anything is loaded", () => {
  expect(() => void ready({ threads: 1025 })).toThrow(
    /threads: expected an integer from 1 to 1024, got the number 1025/,
  );
});

describeWasm("a page without workers", () => {
  test("has one thread, whatever is wanted, and warns of it", async () => {
    const told: string[] = [];
    const emit = jest.spyOn(process, "emitWarning").mockImplementation((text) => void told.push(String(text)));
    const before = settings.threads;
    const readiness = await begin({ wasm: readFileSync(MODULE), threads: 4096 }, beside);
    emit.mockRestore();
    expect(readiness).toEqual({ threads: 1, whyOneThread: "there are no workers here" });
    expect(settings.threads).toBe(before);
    expect(told).toEqual(["computing on one of 4 processors: there are no workers here"]);
  });
});
