/**
 * How calls of the addon end early: cancelled, by Ctrl-C, with their worker, with the process; and calls in the
 * background.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Worker } from "node:worker_threads";

import { InterruptedError } from "../../src/errors";
import { cancel, newControl, progress, type Plan, type RealData } from "../../src/device/native";
import { ADDON, addon, flatCall, pathOf, routine, sumArguments, sums, whole } from "../fixtures/routines";

// Processes start slowly on a busy machine; a call that nothing stops takes longer than this.
jest.setTimeout(15000);

const FIXTURES = join(__dirname, "..", "fixtures");

/** A minute of work or more, in units of less than a millisecond: a test that is not stopped in time fails. */
const long: Plan = { rows: 200000, columns: 1000, blockRows: 1, chunkColumns: 1000, unitsPerTask: 1 };
const longArguments = (): RealData[] => [new Float32Array(long.rows)];

function collectGarbage(): void {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
}

const later = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });

describe("control", () => {
  it("counts the units that are done", () => {
    const control = newControl();
    addon().reduce(
      ...flatCall(
        routine("sum"),
        sumArguments(100, 100),
        new Float32Array(100),
        { ...whole(100, 100), chunkColumns: 30 },
        control,
      ),
    );
    expect(Array.from(control)).toEqual([0, 8, 8, 0]);
    expect(progress(control)).toBe(1);
  });

  it("that was cancelled before lets nothing run", () => {
    const control = newControl();
    cancel(control);
    const out = new Float32Array(10).fill(-7);
    const call = () => {
      addon().reduce(...flatCall(routine("sum"), sumArguments(10, 10), out, whole(10, 10), control));
    };
    expect(call).toThrow(InterruptedError);
    expect(Array.from(out)).toEqual(Array.from({ length: 10 }, () => -7));
  });

  it("stops a call in the background", async () => {
    const control = newControl();
    const call = addon().later.reduce(
      ...flatCall(routine("slow"), longArguments(), new Float32Array(long.rows), long, control),
    );
    const outcome = expect(call).rejects.toThrow(InterruptedError);
    await later(100);
    cancel(control);
    await outcome;
    expect(progress(control)).toBeGreaterThan(0);
    expect(progress(control)).toBeLessThan(1);
  });

  it("stops a call of one unit, between two of its spans of columns", async () => {
    const control = newControl();
    const one: Plan = { rows: 1, columns: 5_000_000, blockRows: 1, chunkColumns: 5_000_000, unitsPerTask: 1 };
    const call = addon().later.reduce(
      ...flatCall(routine("slow"), [new Float32Array(one.rows)], new Float32Array(one.rows), one, control),
    );
    const outcome = expect(call).rejects.toThrow(InterruptedError);
    await later(100);
    cancel(control);
    await outcome;
    expect(Array.from(control).slice(1, 3)).toEqual([0, 1]);
  });

  it("stops a call of this thread, from another one", async () => {
    const control = newControl();
    const canceller = new Worker(
      "const { workerData } = require('node:worker_threads'); setTimeout(() => Atomics.store(workerData, 0, 1), 100)",
      {
        eval: true,
        workerData: control,
      },
    );
    await new Promise((resolve) => canceller.once("online", resolve));
    const call = () => {
      addon().reduce(...flatCall(routine("slow"), longArguments(), new Float32Array(long.rows), long, control));
    };
    expect(call).toThrow(InterruptedError);
    await new Promise((resolve) => canceller.once("exit", resolve));
  });
});

describe("reduce in the background", () => {
  it("gives what reduce gives, with many calls under way", async () => {
    const args = sumArguments(300, 200);
    const plans = [30, 64, 200, 1000].map((chunkColumns) => ({ ...whole(300, 200), blockRows: 16, chunkColumns }));
    const calls = Array.from({ length: 40 }, async (_, k) => {
      const out = new Float32Array(300);
      await addon().later.reduce(...flatCall(routine("sum"), args, out, plans[k % 4]!));
      return out;
    });
    const results = await Promise.all(calls);
    results.forEach((result, k) => {
      expect(result).toEqual(sums(args, plans[k % 4]!));
    });
  });

  it("keeps its arrays until it is done, and no longer", async () => {
    const control = newControl();
    const begin = (): { call: Promise<void>; arrays: WeakRef<RealData>[] } => {
      const [args, out] = [longArguments(), new Float32Array(long.rows)];
      const call = addon().later.reduce(...flatCall(routine("slow"), args, out, long, control));
      return { call, arrays: [new WeakRef<RealData>(args[0]!), new WeakRef<RealData>(out)] };
    };
    const { call, arrays } = begin();
    const kept = (): boolean[] => arrays.map((array) => array.deref() !== undefined);
    const outcome = expect(call).rejects.toThrow(InterruptedError);
    await later(50);
    collectGarbage();
    expect(kept()).toEqual([true, true]);
    cancel(control);
    await outcome;
    await later(50);
    collectGarbage();
    expect(kept()).toEqual([false, false]);
  });
});

const given = (task: string): object => ({ task, addon: ADDON, sum: pathOf("sum"), slow: pathOf("slow") });
const started = (task: string): ChildProcess =>
  spawn(process.execPath, [join(FIXTURES, "addon-process.cjs"), JSON.stringify(given(task))], {
    stdio: ["ignore", "pipe", "pipe"],
    timeout: 30000,
  });

interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  readonly lines: string[];
  readonly errors: string;
}

/** Runs a task in a process of its own; `onLine` may signal it. */
function ended(task: string, onLine: (line: string, child: ChildProcess) => void = () => undefined): Promise<Ended> {
  const child = started(task);
  const lines: string[] = [];
  let errors = "";
  child.stderr?.on("data", (text: Buffer) => (errors += text.toString()));
  child.stdout?.on("data", (text: Buffer) => {
    for (const line of text.toString().trim().split("\n")) {
      lines.push(line);
      onLine(line, child);
    }
  });
  return new Promise((resolve) => {
    child.once("close", (code, signal) => {
      resolve({ code, signal, lines, errors });
    });
  });
}

const interruptSoon = (line: string, child: ChildProcess): void => {
  if (line === "begins") setTimeout(() => child.kill("SIGINT"), 300);
};

describe("Ctrl-C", () => {
  it("ends a call of the main thread with an error that can be caught", async () => {
    expect(await ended("long", interruptSoon)).toMatchObject({ lines: ["begins", "ERR_KEOPS_INTERRUPTED"], code: 0 });
  });

  it("ends the process by that error where nobody catches it", async () => {
    const { code, errors } = await ended("longUncaught", interruptSoon);
    expect(code).toBe(1);
    expect(errors).toContain("ERR_KEOPS_INTERRUPTED");
  });

  it("reaches the process's own listener too", async () => {
    const { lines } = await ended("longWithListener", interruptSoon);
    expect(lines).toEqual(["begins", "ERR_KEOPS_INTERRUPTED", "listener"]);
  });

  it("ends the cell of a notebook, again and again", async () => {
    const cell = ["begins", "ERR_SCRIPT_EXECUTION_INTERRUPTED"];
    const lines = [...cell, ...cell, "alive"];
    expect(await ended("longInScript", interruptSoon)).toMatchObject({ lines, code: 0, errors: "" });
  });

  it("has its usual effect again after the call", async () => {
    const outcome = await ended("longAndThenIdle", (line, child) => {
      interruptSoon(line, child);
      if (line.includes("waits")) setTimeout(() => child.kill("SIGINT"), 100);
    });
    expect(outcome.signal).toBe("SIGINT");
  });
});

describe("the end of a process or worker", () => {
  it("does not wait for a call in the background", async () => {
    expect(await ended("exitDuringBackgroundCall")).toMatchObject({ code: 7, errors: "" });
    expect(await ended("failureDuringBackgroundCall")).toMatchObject({ code: 1, signal: null });
  });

  it("stops the calls of workers", async () => {
    expect(await ended("exitDuringCallOfWorker")).toMatchObject({ code: 8, errors: "" });
  });

  it("leaves the threads their code when a worker ends that alone had loaded the addon", async () => {
    expect(await ended("onlyWorkerLoads")).toMatchObject({ code: 0, lines: ["still loaded"], errors: "" });
  });

  it.each(["long", "background"])("lets a worker be terminated during a call (%s)", async (task) => {
    const worker = new Worker(join(FIXTURES, "addon-process.cjs"), { workerData: given(task) });
    const messages: unknown[] = [];
    worker.on("message", (message) => messages.push(message));
    await new Promise((resolve) => worker.once("message", resolve));
    await later(100);
    await worker.terminate();
    expect(messages).toEqual(["begins"]);
    expect(sums(sumArguments(3, 3), whole(3, 3))).toHaveLength(3);
  });

  it("leaves workers that compute at once to their own results", async () => {
    const outcomes = Array.from({ length: 4 }, () => {
      const worker = new Worker(join(FIXTURES, "addon-process.cjs"), { workerData: given("sums") });
      return new Promise((resolve) => worker.once("message", resolve));
    });
    const args = sumArguments(200, 200);
    const plan = { ...whole(200, 200), blockRows: 8, chunkColumns: 50 };
    const expected = sums(args, plan);
    for (let k = 0; k < 100; k++) expect(sums(args, plan)).toEqual(expected);
    expect(await Promise.all(outcomes)).toEqual(["right", "right", "right", "right"]);
  });
});
