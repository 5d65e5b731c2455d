// Processes that each run one build with one instruction set (worker.mjs), and rows that several of them time in turn.
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { clock, noteOthersShare } from "./measure.mjs";

const WORKER = fileURLToPath(new URL("worker.mjs", import.meta.url));
/** Every worker times each job so often, all of them in turn, so that none has the quiet minutes for itself. */
const ROUNDS = 2;

/** The environment of timed processes: OpenBLAS chooses its own kernels, as it does where nothing was set. */
export function timedEnvironment(more = {}) {
  const env = { ...process.env, BENCH_CLOCK: clock, ...more };
  for (const name of ["OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"]) delete env[name];
  return env;
}

export class Worker {
  /** @param build "this", or "against" for the checkout that it is compared with. */
  constructor(root, build, isa, environment = {}) {
    Object.assign(this, { root, build, isa });
    const env = timedEnvironment({ TSKEOPS_ISA: isa, ...environment });
    this.process = fork(WORKER, [root], { env, stdio: ["ignore", "inherit", "inherit", "ipc"] });
    this.next = 0;
  }

  /** @throws Error with what the worker says, or with its end. */
  ask(request) {
    return new Promise((resolve, reject) => {
      const onExit = (code, signal) => reject(new Error(`a worker ended with ${signal ?? code}`));
      this.process.once("exit", onExit);
      this.process.once("message", ({ answer, error }) => {
        this.process.off("exit", onExit);
        if (error === undefined) resolve(answer);
        else reject(new Error(error));
      });
      this.process.send(request, (error) => error && reject(error));
    });
  }

  async prepare(job) {
    const id = this.next++;
    return { worker: this, id, facts: await this.ask({ do: "prepare", id, job: { ...job, build: this.build } }) };
  }

  end() {
    if (this.process.connected) this.process.disconnect();
  }
}

/**
 * One job on several workers.
 * @returns per worker `{worker, facts, times}` with the best seconds of each of the job's calls, or `{worker, failed}`
 * with the reason.
 */
export async function timeOn(workers, job, seconds) {
  const found = [];
  for (const worker of workers) found.push(await attempt(worker, () => worker.prepare(job)));
  for (let round = 0; round < ROUNDS; round++)
    for (const [n, { worker, id, failed }] of found.entries())
      if (failed === undefined) found[n] = await attempt(worker, () => timeOnce(found[n], id, seconds / ROUNDS));
  for (const { worker, id, failed } of found) if (failed === undefined) await worker.ask({ do: "forget", id });
  return found;
}

async function timeOnce(sofar, id, seconds) {
  const { times, others } = await sofar.worker.ask({ do: "time", id, seconds });
  noteOthersShare(others);
  return { ...sofar, times: leastOf(sofar.times, times) };
}

export const leastOf = (before = {}, now) =>
  Object.fromEntries(Object.entries(now).map(([name, time]) => [name, Math.min(time, before[name] ?? Infinity)]));

async function attempt(worker, action) {
  try {
    return await action();
  } catch (error) {
    return { worker, failed: error.message };
  }
}
