/** GPUs where none can be reached: in the place of src/device/cuda.ts, with its names. */
import type { Device, Memories } from "../device/device";
import { ArgumentError, DeviceError } from "../errors";
import { describeValue } from "../options";

const WHY = "browsers reach no CUDA: WebAssembly serves";

function refuse(): never {
  throw new DeviceError(`backend "cuda": ${WHY}`);
}

export const cuda: Device<"cuda"> & { readonly memories: Memories } = {
  name: "cuda",
  about: "an NVIDIA GPU",
  whyNot: () => WHY,
  whyNotFormula: () => null,
  routine: refuse,
  code: refuse,
  memories: { numbered: checkNumber, vectors: refuse },
};

/** @throws DeviceError, ArgumentError for a number of none. */
export function checkNumber(where: string, device: number): never {
  if (!Number.isInteger(device) || device < 0)
    throw new ArgumentError(`device: expected the number of a device, got ${describeValue(device)}`);
  throw new DeviceError(`${where}: ${WHY}`);
}

export const whyNoDevice = (): string => WHY;
