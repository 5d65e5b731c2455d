/** The two forms of a task: blocking, and as a promise. */
import { InterruptedError } from "../../src/errors";
import type { SolveIteration } from "../../src/solve/refine";
import { runAsync, runSync, waitFor } from "../../src/task";
import type { Task } from "../../src/task";
import { columnsOf, kernelMatrix, leaks, problem, randomColumns, task } from "../helpers/densespace";
import type { Problem } from "../helpers/densespace";

describe("the two forms of a solve", () => {
  const make = (isAsync: boolean): Problem => {
    const p = problem("mixed", kernelMatrix(60, 0.01), randomColumns(60, 2));
    for (const space of p.spaces) space.isAsync = isAsync;
    return p;
  };

  test("give the same bits", async () => {
    const [sync, async] = [make(false), make(true)];
    expect(await runAsync(task(async))).toEqual(runSync(task(sync)));
    expect(columnsOf(async)).toEqual(columnsOf(sync));
    expect(leaks(async)).toBe(0);
  });

  test("the blocking one refuses to wait, and frees its handles", () => {
    const p = make(true);
    expect(() => runSync(task(p))).toThrow(/waits for a promise/);
    expect(leaks(p)).toBe(0);
  });

  test("a signal ends the solve between two iterations with an InterruptedError and frees its handles", async () => {
    const p = make(true);
    const controller = new AbortController();
    const onIteration = ({ iteration }: SolveIteration): void => {
      if (iteration === 7) controller.abort("because");
    };
    const error = await runAsync(task(p, { onIteration }), { signal: controller.signal }).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(InterruptedError);
    expect(error).toMatchObject({ cause: "because", code: "ERR_KEOPS_INTERRUPTED" });
    expect(p.spaces[1]!.applications).toBe(8);
    expect(leaks(p)).toBe(0);
  });

  test("an aborted product's own rejection becomes the InterruptedError, once it has settled", async () => {
    const p = make(true);
    const controller = new AbortController();
    let isPending = false;
    p.spaces[1]!.apply = () => {
      isPending = true;
      return new Promise((_, reject) => setTimeout(() => reject(new Error("native run cancelled")), 5)).finally(
        () => (isPending = false),
      ) as Promise<void>;
    };
    setTimeout(() => controller.abort(), 1);
    await expect(runAsync(task(p), { signal: controller.signal })).rejects.toThrow(InterruptedError);
    expect(isPending).toBe(false);
    expect(leaks(p)).toBe(0);
  });

  test("an aborted signal keeps it from starting", async () => {
    const p = make(true);
    await expect(runAsync(task(p), { signal: AbortSignal.abort() })).rejects.toThrow(InterruptedError);
    expect(p.spaces.map(({ applications, live }) => [applications, live.size])).toEqual([
      [0, 2],
      [0, 0],
    ]);
  });

  test("a product that fails ends both with its error and frees the handles", async () => {
    for (const isAsync of [false, true]) {
      const p = make(isAsync);
      const fault = new Error("device lost");
      p.spaces[1]!.apply = () => {
        if (isAsync) return Promise.reject(fault);
        throw fault;
      };
      await expect(runAsync(task(p))).rejects.toBe(fault);
      if (!isAsync) expect(() => runSync(task(p))).toThrow(fault);
      expect(leaks(p)).toBe(0);
    }
  });

  test("a task may catch what it waits for", async () => {
    function* careful(): Task<string> {
      try {
        return yield* waitFor(Promise.reject<string>(new Error("no")));
      } catch {
        return "caught";
      }
    }
    expect(await runAsync(careful())).toBe("caught");
  });
});
