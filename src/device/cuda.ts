/**
 * The backend of NVIDIA GPUs: compiles the CUDA file of a specification for the device at hand and runs it there.
 * Arrays come from the machine's memory or are on the device already; a call that has one there runs there. How a call
 * is cut into parts depends on sizes alone, so results do not depend on the device.
 */
import { at } from "../asserts";
import { keptWords } from "../codegen/cudasteps";
import { cudaProgram } from "../codegen/cudatext";
import type { CudaProgram } from "../codegen/cudatext";
import { whyNoTexts } from "../codegen/prelude";
import { BLOCK, kindOf, resultDims } from "../codegen/specification";
import type { Specification } from "../codegen/specification";
import { ArgumentError, DeviceError } from "../errors";
import { describeValue, messageOf } from "../options";
import type { Cuda, KeptPlan, LoadedRoutine, Placed, PlacedIndices } from "./addon";
import { entriesOf, rectangleSizes, sizesOf, tablesOf } from "./addoncall";
import type { Plan, Tables } from "./addoncall";
import { loadedFrom, whyNoCudaCompiler, whyTooOld } from "./cudacompiler";
import { DeviceData, cudaMemory } from "./cudamemory";
import { cudaVectors, fitsVectors } from "./cudavectors";
import type { Call, Device, Memories, RectangleCall, Routine } from "./device";
import { loadedAddon, whyNoAddon } from "./native";

export const cuda: Device<"cuda"> & { readonly memories: Memories } = {
  name: "cuda",
  about: "an NVIDIA GPU",
  whyNot: () => whyNoAddon() ?? whyNoDevice() ?? whyNoTexts() ?? whyNoCudaCompiler() ?? whyNoneFits(),
  whyNotFormula: whyTooLarge,
  routine: (specification) => new CudaRoutine(specification),
  code: (specification) => (whyNoTexts() === null ? cudaProgram(specification).code : undefined),
  memories: {
    numbered: (where, device) => cudaMemory(checkNumber(where, device)),
    vectors: (rows, columns, dtype, device) =>
      device !== "all" && fitsVectors(rows, columns) ? cudaVectors(rows, columns, dtype, device) : null,
  },
};

/** @throws DeviceError where there is no device, ArgumentError for a number of none. */
export function checkNumber(where: string, device: number): number {
  if (!Number.isInteger(device) || device < 0)
    throw new ArgumentError(`device: expected the number of a device, got ${describeValue(device)}`);
  const why = whyNoDevice();
  if (why !== null) throw new DeviceError(`${where}: ${why}`);
  const count = loadedAddon().cuda.count();
  if (device < count) return device;
  throw new ArgumentError(`device: expected a number from 0 to ${count - 1}, got ${String(device)}`);
}

/** Why there is no GPU to run on, or null. Opens the driver, once per process. */
export function whyNoDevice(): string | null {
  return whyNoAddon() ?? loadedAddon().cuda.whyNot();
}

/** Why no device can run what is compiled here, or null. Opens none. */
function whyNoneFits(): string | null {
  const { cuda } = loadedAddon();
  return reason(() => {
    const reasons = Array.from({ length: cuda.count() }, (_, device) => reason(() => whyTooOld(cuda.describe(device))));
    return reasons.includes(null) ? null : at(reasons, 0);
  });
}

/** Numbers of the devices that can run what is compiled here. */
function devicesThatFit(): readonly number[] {
  const { cuda } = loadedAddon();
  const all = [...Array(cuda.count()).keys()];
  const found = all.filter((device) => whyTooOld(cuda.describe(device)) === null);
  return found.length > 0 ? found : all;
}

/** Devices that share calls with `device: "all"`. */
let fitting: readonly number[] | undefined;

/** Failures are reasons, too; whoever tells them names the backend again. */
function reason(why: () => string | null): string | null {
  try {
    return why();
  } catch (error) {
    return messageOf(error).replace(/^backend "cuda": /, "");
  }
}

/** A launch takes 4 KiB of arguments. */
const MOST_VARIABLES = 400;
/** What a thread may keep of a row: a GPU sets as much memory aside for every thread that it can hold. */
const MOST_BYTES = 32 * 1024;

function whyTooLarge(specification: Specification): string | null {
  const { variables } = specification;
  if (variables.length > MOST_VARIABLES)
    return `the formula has ${variables.length} arguments, more than ${MOST_VARIABLES}`;
  const bytes = bytesOfRow(specification);
  return bytes <= MOST_BYTES ? null : `a row of the formula takes ${bytes} bytes of a thread, more than ${MOST_BYTES}`;
}

/** Bytes of a row: its variables, and what is kept of it. */
function bytesOfRow(specification: Specification): number {
  const { variables, rows, dtype, reduction } = specification;
  const inputs = variables.filter((variable) => (kindOf(variable, rows) === "row") === (reduction !== null));
  const dims = inputs.reduce((sum, { dim }) => sum + dim, 0);
  return dims * (dtype === "float64" ? 8 : 4) + 4 * keptWords(specification);
}

/** Where a call runs, and its arrays there. */
interface Running {
  readonly routines: readonly LoadedRoutine[];
  readonly args: readonly Placed[];
  readonly out: Placed;
}

/** What the addon takes of a call. */
interface Prepared extends Running {
  readonly sizes: Float64Array | undefined;
  readonly tables: Tables | KeptPlan | undefined;
  readonly indices: PlacedIndices | undefined;
}

class CudaRoutine implements Routine {
  readonly backend = "cuda";
  private readonly addon: Cuda = loadedAddon().cuda;
  private readonly program: CudaProgram;
  private readonly loaded = new Map<number, LoadedRoutine>();

  constructor(private readonly specification: Specification) {
    this.program = cudaProgram(specification);
  }

  reduce(call: Call): void {
    const { routines, args, out, indices, sizes, tables } = this.prepareCall(call);
    this.addon.reduce(routines, args, out, indices, sizes, tables, call.control);
  }

  reduceAsync(call: Call): Promise<void> {
    const { routines, args, out, indices, sizes, tables } = this.prepareCall(call);
    return this.addon.later.reduce(routines, args, out, indices, sizes, tables, call.control);
  }

  block(call: RectangleCall): void {
    const { routines, args, out } = this.placeCall({ ...call, device: call.device === "all" ? 0 : call.device });
    this.addon.block(at(routines, 0), args, out, rectangleSizes(call));
  }

  private prepareCall(call: Call): Prepared {
    const { routines, args, out } = this.placeCall(call);
    const { batch, ranges, indices, kept } = call;
    const plan = planOf(call, this.program);
    const isKept = kept !== undefined && routines.length === 1 && (ranges !== undefined || batch?.length);
    return {
      ...{ routines, args, out, indices: indices && placedOf(indices) },
      sizes: isKept ? undefined : sizesOf(plan),
      tables: isKept ? kept.of(at(routines, 0), plan) : tablesOf(plan),
    };
  }

  private placeCall({ args, out, device = 0 }: Pick<Call, "args" | "out" | "device">): Running {
    countWrite(out);
    const own = deviceOf([...args, out]) ?? device;
    const devices = own === "all" ? (fitting ??= devicesThatFit()) : [own];
    return { routines: devices.map((number) => this.routineOn(number)), args: args.map(placedOf), out: placedOf(out) };
  }

  private routineOn(device: number): LoadedRoutine {
    let routine = this.loaded.get(device);
    if (routine === undefined) {
      routine = this.loadedOn(device);
      this.loaded.set(device, routine);
    }
    return routine;
  }

  private loadedOn(device: number): LoadedRoutine {
    const description = this.addon.describe(device);
    const why = whyTooOld(description);
    if (why !== null) throw new DeviceError(`backend "cuda": ${why}`);
    const table = tableOf(this.specification, this.program);
    return loadedFrom(this.program.source, description.capability, (image) =>
      this.addon.load(device, image, table, this.program.threads),
    );
  }
}

function placedOf<T>(array: T): T | BigUint64Array {
  return array instanceof DeviceData ? BigUint64Array.of(array.address, BigInt(array.length)) : array;
}

/** What is recorded of the elements no longer holds. */
function countWrite(out: unknown): void {
  if (out instanceof DeviceData) out.buffer.writes++;
}

/** Where arrays are that are on a device. */
function deviceOf(arrays: readonly unknown[]): number | undefined {
  const devices = new Set(arrays.filter((array) => array instanceof DeviceData).map(({ device }) => device));
  if (devices.size > 1)
    throw new DeviceError(`backend "cuda": expected arrays on one device, got some on ${[...devices].join(" and ")}`);
  return [...devices][0];
}

/**
 * The table of native/text/common/routine.h. What is hoisted stays inside a launch, and only the image knows the size
 * of an accumulator.
 */
function tableOf(specification: Specification, { grain }: CudaProgram): Float64Array {
  const { reduction, variables, dtype, rows } = specification;
  const { abi, kinds } = loadedAddon().constants;
  const numbers = variables.flatMap((v) => [kinds.indexOf(kindOf(v, rows)), v.dim]);
  const [values, indices] = resultDims(specification);
  const head = [abi, dtype === "float64" ? 8 : 4, grain, reduction ? 1 : 0, values, indices, 0, variables.length];
  return Float64Array.from([...head, ...numbers]);
}

/** Blocks of threads that fill any device of today several times; with fewer, columns are cut into parts as well. */
const ENOUGH_BLOCKS = 1024;
const LEAST_PART = BLOCK;

function planOf(call: Call, { grain }: CudaProgram): Plan {
  const { rows, columns, batch, ranges, partOf } = call;
  const blocks = Math.max(1, entriesOf(call) * Math.ceil((partOf ?? call).rows / grain));
  const parts = Math.max(1, Math.ceil(ENOUGH_BLOCKS / blocks));
  const chunkColumns = Math.max(LEAST_PART, Math.ceil(columns / parts / BLOCK) * BLOCK);
  return { rows, columns, blockRows: grain, chunkColumns, unitsPerTask: 1, batch, ranges };
}
