/**
 * Programs on several ranks, by the launchers of MPI that this machine has. Each run ends by itself or is ended: nothing
 * here can hang.
 */
import { spawn, spawnSync } from "node:child_process";
import { join } from "node:path";

const programs = join(__dirname, "..", "mpi", "programs");

/** How ranks are started, more of them than there are processors, and without a network. */
const LAUNCHERS = {
  "Open MPI": "mpirun.openmpi --allow-run-as-root --oversubscribe --mca btl self,vader --mca oob_tcp_if_include lo -n",
  MPICH: "mpiexec.hydra -n",
} as const;

export type Launcher = keyof typeof LAUNCHERS;
export const LAUNCHER_NAMES = Object.keys(LAUNCHERS) as Launcher[];

const commandOf = (launcher: Launcher): string[] => LAUNCHERS[launcher].split(" ");

export const isInstalled = (launcher: Launcher): boolean =>
  spawnSync(commandOf(launcher)[0]!, ["--version"], { timeout: 20_000 }).status === 0;

/** `test` where the launcher is, and else a test that is reported as skipped, with the reason. */
export function testOn(launcher: Launcher): (name: string, body: () => Promise<void>) => void {
  const isThere = isInstalled(launcher);
  return (name, body) => {
    const title = `${launcher}: ${name}${isThere ? "" : " (not installed)"}`;
    (isThere ? test : test.skip)(title, body, 2 * MOST_SECONDS * 1000);
  };
}

export interface Outcome {
  /** What the launcher ended with; null where it had to be ended. */
  readonly code: number | null;
  /** What all ranks printed, without colours. */
  readonly stdout: string;
  readonly stderr: string;
}

const MOST_SECONDS = 60;

/** Runs a program of test/mpi/programs on so many ranks; on none, by node alone. */
export async function onRanks(
  launcher: Launcher | null,
  ranks: number,
  [program, ...args]: readonly [string, ...string[]],
  env: Readonly<Record<string, string>> = {},
): Promise<Outcome> {
  const starts = launcher === null ? [] : [...commandOf(launcher), String(ranks)];
  const argv = [...starts, process.execPath, join(programs, program), ...args];
  const started = spawn(argv[0]!, argv.slice(1), {
    env: { ...process.env, NO_COLOR: "1", TSKEOPS_THREADS: "1", ...env },
    detached: true,
  });
  const said = { stdout: "", stderr: "" };
  started.stdout.on("data", (data: Buffer) => (said.stdout += data.toString()));
  started.stderr.on("data", (data: Buffer) => (said.stderr += data.toString()));
  const timer = setTimeout(() => process.kill(-started.pid!, "SIGKILL"), MOST_SECONDS * 1000);
  const code = await new Promise<number | null>((resolve) => started.on("close", resolve));
  clearTimeout(timer);
  return { code, ...said };
}
