/**
 * Whether this process is one of several, and which library of MPI they talk by: told by what launchers put into the
 * environment, so that a process that was started alone opens no library. Knows nothing of what is exchanged.
 */
import { loadedAddon, whyNoAddon } from "../device/native";
import { DeviceError } from "../errors";
import { messageOf } from "../options";

const OPEN_MPI = ["libmpi.so.40"];
/** Debian's name, and that of all others with this ABI: Intel MPI, MVAPICH, Cray MPICH. */
const MPICH = ["libmpich.so.12", "libmpi.so.12"];

/**
 * UCX, by which MPICH moves data, rewrites functions of the C library that give memory back, and takes over signals that
 * JavaScript's machine lives on: with UCX 1.13, one program in thirty lost a part of its heap. What a user has set stays.
 */
const UCX = { UCX_MEM_EVENTS: "n", UCX_ERROR_SIGNALS: "SIGILL,SIGBUS,SIGFPE" } as const;

/**
 * A process that has become a rank leaves its number to its children. They inherit the launcher's variables too, but are
 * no ranks: MPI would end all, were they to start it.
 */
function isChildOfRank(): boolean {
  const owner = process.env["TSKEOPS_MPI_PROCESS"];
  return Boolean(owner) && owner !== String(process.pid);
}

interface Launcher {
  /** Is set in each process that it starts. */
  readonly variable: string;
  /** Tells how many they are. */
  readonly size?: string;
  /** The libraries that understand it, the likeliest first. */
  readonly libraries: readonly string[];
}

const LAUNCHERS: readonly Launcher[] = [
  { variable: "OMPI_COMM_WORLD_SIZE", size: "OMPI_COMM_WORLD_SIZE", libraries: OPEN_MPI },
  { variable: "PMI_RANK", size: "PMI_SIZE", libraries: [...MPICH, ...OPEN_MPI] },
  { variable: "PMIX_RANK", libraries: [...OPEN_MPI, ...MPICH] },
];

/** What started this process, if it is one of several; TSKEOPS_MPI names a library, and `off` excludes all. */
function launcher(): Launcher | null {
  const named = process.env["TSKEOPS_MPI"];
  if (named === "off" || isChildOfRank()) return null;
  const found = LAUNCHERS.find(({ variable }) => process.env[variable] !== undefined);
  if (!named) return found ?? null;
  return { variable: "TSKEOPS_MPI", ...found, libraries: [named] };
}

/** What MPI says of this process. */
export interface Started {
  readonly rank: number;
  readonly size: number;
  /** What the library calls itself. */
  readonly version: string;
}

/** Why this process is the only one, as far as it knows; null where a launcher started it. */
export function whyAlone(): string | null {
  if (launcher() !== null) return null;
  if (process.env["TSKEOPS_MPI"] === "off") return "TSKEOPS_MPI is off";
  return isChildOfRank()
    ? "a rank has started this process, which is none itself"
    : "no mpirun, mpiexec or srun has started this process";
}

/**
 * Starts MPI, if a launcher started this process; else null. @throws DeviceError where it cannot be started, or does
 * not know the other processes.
 */
export function start(): Started | null {
  const found = launcher();
  if (found === null) return null;
  const started = startBy(found.libraries);
  const expected = found.size === undefined ? undefined : process.env[found.size];
  if (expected === undefined || Number(expected) === started.size) return started;
  throw new DeviceError(
    `MPI: expected ${expected} ranks as ${found.variable} says, got ${String(started.size)} from ${started.version}: ` +
      "use the mpirun of that library, or name another one in TSKEOPS_MPI",
  );
}

function startBy(libraries: readonly string[]): Started {
  const why = whyNoAddon();
  if (why !== null) throw new DeviceError(`MPI: expected the native addon, got none: ${why}`);
  for (const [name, value] of Object.entries(UCX)) process.env[name] ??= value;
  try {
    const started = loadedAddon().ranks.start(libraries);
    process.env["TSKEOPS_MPI_PROCESS"] = String(process.pid);
    return started;
  } catch (error) {
    throw new DeviceError(`MPI: expected one of ${libraries.join(", ")}, got none: ${messageOf(error)}`);
  }
}
