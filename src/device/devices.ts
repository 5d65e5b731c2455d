/**
 * The table of devices, and the one that a call names.
 */
import { ArgumentError, DeviceError } from "../errors";
import { describeValue } from "../options";
import { cpu } from "./compiled";
import { cuda } from "./cuda";
import type { Device, Memories, Vectors } from "./device";
import { tiles } from "./host";
import { HostVectors } from "./hostvectors";
import type { AnyPlace, Dtype, Memory } from "./memory";
import { reference } from "./reference";

/** A further device is a file that implements the interface, and its name here. */
const DEVICES: readonly [typeof cpu, typeof tiles, typeof cuda, typeof reference] = [cpu, tiles, cuda, reference];

/** What the option `backend` may name. */
export type BackendName = (typeof DEVICES)[number]["name"];
export const BACKEND_NAMES: readonly BackendName[] = DEVICES.map(({ name }) => name);

/** @throws ArgumentError for a name of none. */
export function deviceNamed(name: string): Device<BackendName> {
  const device = DEVICES.find((d) => d.name === name);
  if (device) return device;
  throw unknownName("backend", name, ["auto", ...BACKEND_NAMES]);
}

export function unknownName(where: string, name: unknown, known: readonly string[]): ArgumentError {
  const names = known.map((one) => `"${one}"`).join(", ");
  const got = typeof name === "string" ? `"${name}"` : describeValue(name);
  return new ArgumentError(`${where}: expected one of ${names}, got ${got}`);
}

/** Where a call is to run. */
export interface Place extends AnyPlace {
  readonly backend?: "auto" | BackendName | undefined;
}

type Numbered = Device<BackendName> & { readonly memories: Memories };

const isNumbered = (device: Device<BackendName>): device is Numbered => device.memories !== null;
/** What a number means by itself. */
const numbered = (DEVICES as readonly Device<BackendName>[]).find(isNumbered)!;

/**
 * The memory of the device with that number. @throws DeviceError where there is none, ArgumentError for a number of
 * none.
 */
export const numberedMemory = (where: string, device: number): Memory => numbered.memories.numbered(where, device);

/**
 * Vectors for solvers: in the memory of the place's device where it has one for them, else in the machine's.
 * @throws CompileError, DeviceError where there is not enough memory.
 */
export function vectorsAt({ backend, device = 0 }: Place, rows: number, columns: number, dtype: Dtype): Vectors {
  const memories = DEVICES.find(({ name }) => name === backend)?.memories;
  return memories?.vectors(rows, columns, dtype, device) ?? new HostVectors(rows, columns, dtype);
}

/**
 * A number of a device implies its kind. @throws ArgumentError for one without numbers, or a number of none;
 * DeviceError.
 */
export function checkPlace<P extends Place>(place: P): P {
  const { backend = "auto", device } = place;
  if (device === undefined) return place;
  const kind = DEVICES.find(({ name }) => name === backend) ?? numbered;
  if (!isNumbered(kind) || (backend !== "auto" && kind.name !== backend))
    throw new ArgumentError(`device: expected backend "${numbered.name}" with it, got ${describeValue(backend)}`);
  kind.memories.numbered("device", device === "all" ? 0 : device);
  return { ...place, backend: kind.name };
}

/** The place of a call that is only planned: its device need not be there. @throws ArgumentError as `checkPlace`. */
export function plannedPlace<P extends Place>(place: P): P {
  try {
    return checkPlace(place);
  } catch (error) {
    if (error instanceof DeviceError) return { ...place, backend: numbered.name };
    throw error;
  }
}
