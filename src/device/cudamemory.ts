/**
 * The memory of GPUs. Data there are, to npm's ndarray, one more kind of data, with `get` and `set`; to whoever works
 * on arrays they pose as a typed array (here, and nowhere else), as they have what of one is used, so that views,
 * slices and copies work as ever. Memory is shared by all views of it and freed by `dispose`, or with the last view.
 * Knows nothing of arrays.
 */
import { ArgumentError, DeviceError } from "../errors";
import {
  RemoteData,
  allocate,
  bytesOf,
  elementTypeOf,
  machine,
  memoryOf,
  positions,
  reach,
  rowMajor,
  sizeOf,
} from "./memory";
import type { AnyPlace, DataOf, Dtype, ElementType, Elements, Geometry, Memory } from "./memory";
import { nativeAddon, whyNoAddon } from "./native";
import type { RealData } from "./native";
import { VectorKernels } from "./vectorkernels";
import type { DeviceMemory, VectorOperation } from "./vectorkernels";

/** A piece of a device's memory, and who gives it back. */
class Lease {
  /** How often elements were written one by one: what a checksum tells of other memory. */
  writes = 0;
  private isReturned = false;

  constructor(
    readonly device: number,
    readonly start: bigint,
    readonly byteLength: number,
  ) {
    registry.register(this, { device, start }, this);
  }

  /** @throws ArgumentError when it was given back. */
  get address(): bigint {
    if (this.isReturned) throw new ArgumentError("array: expected memory on a device, got memory that was disposed of");
    return this.start;
  }

  giveBack(): void {
    if (this.isReturned) return;
    this.isReturned = true;
    registry.unregister(this);
    giveBack(this);
  }
}

interface Held {
  readonly device: number;
  readonly start: bigint;
}

function giveBack({ device, start }: Held): void {
  nativeAddon()?.cuda.release(device, start);
}

const registry = new FinalizationRegistry<Held>(giveBack);

/** The data of an ndarray whose elements are on a device. */
export class DeviceData extends RemoteData {
  readonly BYTES_PER_ELEMENT: number;
  readonly byteLength: number;

  constructor(
    readonly type: ElementType,
    readonly buffer: Lease,
    readonly byteOffset: number,
    readonly length: number,
  ) {
    super();
    this.BYTES_PER_ELEMENT = bytesOf(type);
    this.byteLength = length * this.BYTES_PER_ELEMENT;
  }

  /** Uninitialised. @throws DeviceError where there is not enough memory. */
  static allocate(type: ElementType, size: number, device: number): DeviceData {
    return new DeviceData(type, makeLease(device, Math.max(1, size) * bytesOf(type)), 0, size);
  }

  /** Filled by what may fail, and given back if it does. */
  static allocateFilled(type: ElementType, size: number, device: number, fill: (made: DeviceData) => void): DeviceData {
    const made = DeviceData.allocate(type, size, device);
    try {
      fill(made);
    } catch (error) {
      made.dispose();
      throw error;
    }
    return made;
  }

  static of(data: Elements, device: number): DeviceData {
    return DeviceData.allocateFilled(elementTypeOf(data), data.length, device, ({ address }) => {
      cuda().write(device, address, data);
    });
  }

  get device(): number {
    return this.buffer.device;
  }

  get memory(): Memory {
    return cudaMemory(this.device);
  }

  get address(): bigint {
    return this.buffer.address + BigInt(this.byteOffset);
  }

  get(k: number): number {
    return this.subarray(k, k + 1).toHost()[0]!;
  }

  set(k: number, value: number): number {
    this.subarray(k, k + 1).fill(value);
    return value;
  }

  fill(value: number): this {
    this.buffer.writes++;
    cuda().write(this.device, this.address, allocate(this.type, this.length).fill(value));
    return this;
  }

  subarray(begin = 0, end: number = this.length): DeviceData {
    const offset = this.byteOffset + begin * this.BYTES_PER_ELEMENT;
    return new DeviceData(this.type, this.buffer, offset, Math.max(0, Math.min(end, this.length) - begin));
  }

  /** The elements at `places`, in memory of their own; the caller answers for places, which are below 2^31. */
  gatherAt(places: ArrayLike<number>): DeviceData {
    const sizes = { rows: places.length, rank: this.length };
    return DeviceData.allocateFilled(this.type, places.length, this.device, (out) => {
      this.with([Int32Array.from(places)], ([placed]) => {
        this.run(this.type === "int32" ? "pick" : "take", sizes, [this, placed!, out]);
      });
    });
  }

  /** `size` sums of the elements that have the same place, in their order; 0 where there is none. */
  scatterTo(places: ArrayLike<number>, size: number): DeviceData {
    return DeviceData.allocateFilled(this.type, size, this.device, (out) => {
      this.with(sortByPlace(places, size), ([order, starts]) => {
        this.run("scatter", { rows: size, rank: places.length }, [this, order!, starts!, out]);
      });
    });
  }

  /** The sum with others of the same device, in memory of its own. */
  plus(other: DeviceData): DeviceData {
    return DeviceData.allocateFilled(this.type, this.length, this.device, (sum) => {
      cuda().copy(this.device, sum.address, this.address, this.byteLength);
      this.run("add", { rows: this.length }, [other, sum], 1);
    });
  }

  /** The numbers in another type, in memory of their own. */
  as(type: Dtype): DeviceData {
    if (type === this.type) return this.slice();
    const conversion = this.type === "int32" ? "convert" : type === "float32" ? "narrow" : "widen";
    return DeviceData.allocateFilled(type, this.length, this.device, (out) => {
      out.run(conversion, { rows: this.length }, [this, out]);
    });
  }

  private run(
    operation: VectorOperation,
    sizes: { readonly rows: number; readonly rank?: number },
    operands: readonly DeviceMemory[],
    number = 0,
  ): void {
    if (sizes.rows === 0) return;
    const dtype = this.type === "int32" ? "float32" : this.type;
    VectorKernels.on(this.device, dtype).run(operation, { ...sizes, columns: 1 }, operands, number);
  }

  /** Integers on the device for the time of a call. */
  private with(integers: readonly Int32Array[], use: (placed: readonly DeviceMemory[]) => void): void {
    const leases: Lease[] = [];
    try {
      for (const data of integers) {
        const lease = makeLease(this.device, Math.max(4, data.byteLength));
        leases.push(lease);
        cuda().write(this.device, lease.address, data);
      }
      use(leases.map(({ device, address }, n) => ({ device, address, length: integers[n]!.length })));
    } finally {
      for (const lease of leases) lease.giveBack();
    }
  }

  /** A copy in memory of its own, on the device. */
  slice(): DeviceData {
    return DeviceData.allocateFilled(this.type, this.length, this.device, (made) => {
      cuda().copy(this.device, made.address, this.address, this.byteLength);
    });
  }

  /** Copies as many elements as there are here, from any memory. */
  copyFrom(elements: Elements | DeviceData): void {
    this.buffer.writes++;
    if (!(elements instanceof DeviceData)) cuda().write(this.device, this.address, elements);
    else if (elements.device !== this.device) this.copyFrom(elements.toHost());
    else cuda().copy(this.device, this.address, elements.address, this.byteLength);
  }

  toHost(): Elements {
    const data = allocate(this.type, this.length);
    cuda().read(this.device, this.address, data);
    return data;
  }

  /** Frees the memory, of all views of it. */
  dispose(): void {
    this.buffer.giveBack();
  }
}

const makeLease = (device: number, bytes: number): Lease => new Lease(device, cuda().allocate(device, bytes), bytes);

/** Where the elements of each place are, in their order, and where those of the next begin. */
function sortByPlace(places: ArrayLike<number>, size: number): [order: Int32Array, starts: Int32Array] {
  const starts = new Int32Array(size + 1);
  for (let k = 0; k < places.length; k++) starts[places[k]! + 1]!++;
  for (let n = 0; n < size; n++) starts[n + 1]! += starts[n]!;
  const next = starts.slice();
  const order = new Int32Array(places.length);
  for (let k = 0; k < places.length; k++) order[next[places[k]!]!++] = k;
  return [order, starts];
}

function cuda(): NonNullable<ReturnType<typeof nativeAddon>>["cuda"] {
  const addon = nativeAddon();
  if (!addon) throw new DeviceError(`device: expected the addon, got none: ${whyNoAddon()!}`);
  return addon.cuda;
}

// ------------------------------------------------------------------------------------------------------------ memory

const memories = new Map<number, Memory>();

/** The memory of a GPU. */
export function cudaMemory(device: number): Memory {
  let memory = memories.get(device);
  if (!memory) memories.set(device, (memory = new CudaMemory(device)));
  return memory;
}

/** How many elements a device can name. */
const MOST_PLACES = 2 ** 31 - 1;

/** What arrays take for a typed array of any type. */
const poseAsArray = (data: DeviceData): never => data as never;
const unmask = (data: Elements): DeviceData => data as unknown as DeviceData;

class CudaMemory implements Memory {
  readonly writesGaps = false;

  constructor(readonly device: number) {}

  placeCall<P extends AnyPlace>(place: P): P {
    const { backend = "auto", device } = place;
    if (backend !== "auto" && backend !== "cuda")
      throw new DeviceError(
        `backend "${backend}": expected arrays of the machine, got some on a device: take them to toHost(x)`,
      );
    if (device !== undefined && device !== this.device)
      throw new DeviceError(`device: expected ${this.device}, where the arrays are, got ${JSON.stringify(device)}`);
    return { ...place, backend: "cuda", device: this.device };
  }

  allocate<E extends ElementType>(type: E, size: number): DataOf<E> {
    return poseAsArray(DeviceData.allocate(type, size, this.device));
  }

  fromHost<T extends Elements>(data: T): T {
    return poseAsArray(DeviceData.of(data, this.device));
  }

  toHost<T>(data: T): T {
    return (data instanceof DeviceData ? data.toHost() : data) as T;
  }

  copyStrided<T extends Elements>(data: T, view: Geometry): T {
    return this.take(data, positions(view));
  }

  stridedToHost<T extends Elements>(data: T, view: Geometry): T {
    const size = sizeOf(view.shape);
    const [first, last] = reach(view);
    if (size === 0 || last - first >= 2 * size) return this.toHost(rowMajor(data, view));
    const here = this.toHost(data.subarray(first, last + 1) as T);
    return rowMajor(here, { shape: view.shape, stride: view.stride, offset: view.offset - first });
  }

  take<T extends Elements>(data: T, places: ArrayLike<number>): T {
    const own = unmask(data);
    if (own.length <= MOST_PLACES) return poseAsArray(own.gatherAt(places));
    return this.fromHost(machine.take(this.toHost(data), places));
  }

  scatterAdd<T extends RealData>(data: T, places: ArrayLike<number>, size: number): T {
    const own = unmask(data);
    if (Math.max(own.length, size) <= MOST_PLACES) return poseAsArray(own.scatterTo(places, size));
    return this.fromHost(machine.scatterAdd(this.toHost(data), places, size));
  }

  add<T extends RealData>(a: T, b: T): T {
    if (memoryOf(b) === this) return poseAsArray(unmask(a).plus(unmask(b)));
    return this.fromHost(machine.add(this.toHost(a), b));
  }

  store<T extends Elements>(data: T, view: Geometry, elements: T): void {
    unmask(rowMajor(data, view)).copyFrom(elements);
  }

  convert<D extends Dtype>(data: Elements, dtype: D): DataOf<D> {
    return poseAsArray(unmask(data).as(dtype));
  }

  writesOf(data: Elements): number {
    return unmask(data).buffer.writes;
  }

  disposable<X extends object>(array: X): X {
    const dispose = (): void => {
      this.free((array as { readonly data: Elements }).data);
    };
    return Object.defineProperty(array, Symbol.dispose, { value: dispose });
  }

  free(data: Elements): void {
    unmask(data).dispose();
  }
}
