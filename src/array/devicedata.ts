/**
 * The data of an ndarray whose elements are in the memory of a GPU. To npm's ndarray it is one more kind of data, with `get` and `set`; to
 * the rest of this folder it has what of a typed array it uses, so that views, slices and copies work as ever. Memory is shared by all
 * views of it and freed by `dispose`, or with the last view. Knows nothing of arrays.
 */
import { nativeAddon, whyNoAddon } from "../engine/native";
import type { Real } from "../engine/native";
import { ArgumentError, DeviceError } from "../errors";

type Dtype = "float32" | "float64";

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
export class DeviceData {
  readonly BYTES_PER_ELEMENT: number;
  readonly byteLength: number;

  constructor(
    readonly dtype: Dtype,
    readonly buffer: Lease,
    readonly byteOffset: number,
    readonly length: number,
  ) {
    this.BYTES_PER_ELEMENT = bytesOf(dtype);
    this.byteLength = length * this.BYTES_PER_ELEMENT;
  }

  /** Uninitialised. @throws DeviceError where there is not enough memory. */
  static ofSize(dtype: Dtype, size: number, device: number): DeviceData {
    const bytes = Math.max(1, size) * bytesOf(dtype);
    return new DeviceData(dtype, new Lease(device, cuda().allocate(device, bytes), bytes), 0, size);
  }

  static of(data: Real, device: number): DeviceData {
    const made = DeviceData.ofSize(data.BYTES_PER_ELEMENT === 8 ? "float64" : "float32", data.length, device);
    cuda().write(device, made.address, data);
    return made;
  }

  get device(): number {
    return this.buffer.device;
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
    cuda().write(this.device, this.address, ofDtype(this.dtype, this.length).fill(value));
    return this;
  }

  subarray(begin = 0, end: number = this.length): DeviceData {
    const offset = this.byteOffset + begin * this.BYTES_PER_ELEMENT;
    return new DeviceData(this.dtype, this.buffer, offset, Math.max(0, Math.min(end, this.length) - begin));
  }

  /** The elements at `places`, in memory of their own: by way of the machine's memory. */
  gathered(places: ArrayLike<number>): DeviceData {
    const data = this.toHost();
    const picked = ofDtype(this.dtype, places.length);
    for (let k = 0; k < places.length; k++) picked[k] = data[places[k]!]!;
    return DeviceData.of(picked, this.device);
  }

  /** A copy in memory of its own, on the device. */
  slice(): DeviceData {
    const made = DeviceData.ofSize(this.dtype, this.length, this.device);
    cuda().copy(this.device, made.address, this.address, this.byteLength);
    return made;
  }

  toHost(): Real {
    const data = ofDtype(this.dtype, this.length);
    cuda().read(this.device, this.address, data);
    return data;
  }

  /** Frees the memory, of all views of it. */
  dispose(): void {
    this.buffer.giveBack();
  }
}

const bytesOf = (dtype: Dtype): number => (dtype === "float64" ? 8 : 4);
const ofDtype = (dtype: Dtype, size: number): Real =>
  dtype === "float64" ? new Float64Array(size) : new Float32Array(size);

function cuda(): NonNullable<ReturnType<typeof nativeAddon>>["cuda"] {
  const addon = nativeAddon();
  if (!addon) throw new DeviceError(`device: expected the addon, got none: ${whyNoAddon()!}`);
  return addon.cuda;
}
