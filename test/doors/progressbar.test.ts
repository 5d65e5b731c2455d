/** What a meter makes of what it is told, and what progressBar shows of it where. */
import { newControl } from "../../src/device/native";
import { Meter, tellOfPart } from "../../src/call/run";
import type { CallProgress, Stage } from "../../src/call/run";
import { progressBar } from "../../src/notebook/progressbar";

let time = 0;
beforeEach(() => {
  time = 0;
  jest.spyOn(performance, "now").mockImplementation(() => time);
});
afterEach(() => {
  jest.restoreAllMocks();
});

describe("a meter", () => {
  it("reads a reduction from its control block: fraction, pairs per second, time left", () => {
    const control = newControl();
    const meter = new Meter(control, "reduction");
    meter.tell({ doing: "reduction", pairs: 1e9 });
    [control[1], control[2]] = [25, 100];
    time = 500;
    const expected = { doing: "reduction", fraction: 0.25, seconds: 0.5, secondsLeft: 1.5, rate: 5e8, ended: false };
    expect(meter.makeReport(false)).toMatchObject(expected);
  });

  it("reads iterations from how far the residual has fallen, and never goes back", () => {
    const meter = new Meter(newControl(), "check");
    time = 1000;
    const told = (iterations: number, residual: number, verified = false): number | undefined => {
      meter.tell({ doing: "iterations", iterations, residual, target: 1e-6, verified });
      return meter.makeReport(false).fraction;
    };
    expect(told(0, 1)).toBe(0);
    time = 3000;
    expect(told(10, 1e-3)).toBeCloseTo(0.5);
    expect(meter.makeReport(false)).toMatchObject({ seconds: 3, rate: 5, iterations: 10, residual: 1e-3 });
    expect(meter.makeReport(false).secondsLeft).toBeCloseTo(2);
    expect(told(11, 1e-2)).toBeCloseTo(0.5);
    expect(told(30, 1e-7)).toBe(0.99);
    expect(told(30, 1e-7, true)).toBe(1);
  });

  it("knows nothing of what was done where nobody can: a preconditioner, numbers that are not finite", () => {
    const control = newControl();
    [control[1], control[2]] = [7, 7];
    const meter = new Meter(control, "check");
    meter.tell({ doing: "preconditioner" });
    expect(meter.makeReport(false)).toMatchObject({ fraction: undefined, secondsLeft: undefined, rate: undefined });
    meter.tell({ doing: "factorisation" });
    expect(meter.makeReport(false).fraction).toBe(0);
    for (const residual of [NaN, NaN]) meter.tell({ doing: "iterations", iterations: 1, residual, target: 1e-6 });
    expect(meter.makeReport(false).fraction).toBeUndefined();
  });

  it("counts the entries of a batch", () => {
    const meter = new Meter(newControl(), "check");
    const told = (entry: number, stage: Stage): number | undefined => {
      tellOfPart(
        (told) => {
          meter.tell(told);
        },
        entry,
        4,
      )!(stage);
      return meter.makeReport(false).fraction;
    };
    const stage = { doing: "iterations", iterations: 1, target: 1e-4 } as const;
    expect(told(0, { ...stage, residual: 1 })).toBe(0);
    expect(told(0, { ...stage, residual: 1e-2 })).toBeCloseTo(0.125);
    expect(told(2, { ...stage, residual: 1 })).toBe(0.5);
  });
});

const progress = (more: Partial<CallProgress>): CallProgress => ({
  doing: "iterations",
  fraction: 0.418,
  seconds: 2,
  secondsLeft: 125,
  rate: 80.44,
  iterations: 312,
  residual: 3.14e-4,
  ended: false,
  ...more,
});

describe("progressBar", () => {
  const isTerminal = Object.getOwnPropertyDescriptor(process.stderr, "isTTY");
  const written: string[] = [];

  function onTerminal(value: boolean): void {
    Object.defineProperty(process.stderr, "isTTY", { value, configurable: true });
    written.length = 0;
    jest.spyOn(process.stderr, "write").mockImplementation((text) => written.push(String(text)) > 0);
  }
  afterEach(() => {
    if (isTerminal) Object.defineProperty(process.stderr, "isTTY", isTerminal);
    else Reflect.deleteProperty(process.stderr, "isTTY");
  });

  it("writes one line in a terminal, again and again, and ends it", () => {
    onTerminal(true);
    const bar = progressBar({ label: "fit" });
    bar(progress({}));
    bar(progress({ fraction: 1, secondsLeft: 0, ended: true }));
    expect(written).toEqual([
      "\r\u001B[2Kfit · iterations · 41 % · 312 · 80.4 /s · residual 3.1e-4 · 2.0 s · 2 min left",
      "\r\u001B[2Kfit · iterations · 100 % · 312 · 80.4 /s · residual 3.1e-4 · 2.0 s\n",
    ]);
  });

  it("is silent in scripts", () => {
    onTerminal(false);
    progressBar()(progress({ ended: true }));
    expect(written).toEqual([]);
  });
});
