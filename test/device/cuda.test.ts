/** What the CUDA backend says where there is no device, and which code it asks the compiler for. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { targetFor } from "../../src/device/cudacompiler";

test("the target is the device's own machine code where the compiler knows it, else the newest older PTX", () => {
  const known = [75, 80, 90, 120];
  expect([75, 90, 120, 89, 130].map((capability) => targetFor(capability, known))).toEqual([
    "sm_75",
    "sm_90",
    "sm_120",
    "compute_80",
    "compute_120",
  ]);
});

describe("without a driver", () => {
  let folder = "";

  // Whatever this machine has, the loader finds this first, and it is no library.
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "tskeops-nodriver-"));
    writeFileSync(join(folder, "libcuda.so.1"), "no library\n");
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const answer = (body: string): unknown => {
    const script = `const t = require(${JSON.stringify(join(__dirname, "..", "..", "dist", "index.js"))});
      const message = (call) => { try { return call(); } catch (e) { return e.name + ": " + e.message; } };
      const x = t.rand([5, 3], { seed: 1 });
      const K = t.Genred("SqDist(x, y)", ["x = Vi(3)", "y = Vj(3)"], { axis: 1 });
      console.log(JSON.stringify(${body}));`;
    const env = { ...process.env, LD_LIBRARY_PATH: folder };
    return JSON.parse(execFileSync(process.execPath, ["-e", script], { env, encoding: "utf8" }));
  };

  test("available() is false, whyNot() says why, and there are no devices", () => {
    const [available, why, devices] = answer("[t.cuda.available(), t.cuda.whyNot(), t.cuda.devices()]") as unknown[];
    expect(available).toBe(false);
    expect(why).toMatch(/^expected NVIDIA's driver libcuda\.so\.1, got .*libcuda/);
    expect(devices).toEqual([]);
  });

  test("naming it is a DeviceError that says why, and so is sending an array", () => {
    const messages = answer('[message(() => K(x, x, { backend: "cuda" })), message(() => t.toDevice(x))]');
    expect(messages).toEqual([
      expect.stringMatching(/^DeviceError: backend "cuda": expected NVIDIA's driver libcuda\.so\.1, got /),
      expect.stringMatching(/^DeviceError: toDevice: expected NVIDIA's driver libcuda\.so\.1, got /),
    ]);
  });

  test("disposing of what is no array is an ArgumentError, of an array of the machine nothing", () => {
    const messages = answer("[message(() => t.dispose(null)), message(() => t.dispose(x)) ?? null]");
    expect(messages).toEqual(["ArgumentError: dispose: expected an ndarray, got null", null]);
  });

  test("calls that leave the choice run on the processor", () => {
    expect(answer("K(x, x).shape")).toEqual([5, 1]);
  });
});
