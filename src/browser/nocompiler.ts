/** The device `cpu` where nothing can be compiled: in the place of src/device/compiled.ts, with its names. */
import type { CompiledRoutine } from "../device/compiled";
import type { Device } from "../device/device";
import { DeviceError } from "../errors";

const WHY = "browsers run no machine code: WebAssembly serves";

function refuse(): never {
  throw new DeviceError(`backend "cpu": ${WHY}`);
}

export const cpu: Omit<Device<"cpu">, "routine"> & { routine(): CompiledRoutine } = {
  name: "cpu",
  about: "a C++ compiler makes machine code of each formula",
  whyNot: () => WHY,
  whyNotFormula: () => null,
  routine: refuse,
  code: refuse,
  memories: null,
};
