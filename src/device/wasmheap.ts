/**
 * The memory of a WebAssembly module: addresses are numbers below 2^32, and what is allocated is given back. Views of it
 * are made anew where it has grown. Must not know what is in it.
 */
import { DeviceError } from "../errors";

/** What the module exports for that. */
export interface Allocator {
  malloc(bytes: number): number;
  free(address: number): void;
}

export class WasmHeap {
  private bytes: Uint8Array;
  private words: DataView;

  constructor(
    readonly memory: WebAssembly.Memory,
    private readonly allocator: () => Allocator,
  ) {
    this.bytes = new Uint8Array(memory.buffer);
    this.words = new DataView(memory.buffer);
  }

  /** All of it; valid until something is allocated. */
  all(): Uint8Array {
    const { buffer } = this.memory;
    if (this.bytes.length !== buffer.byteLength) {
      this.bytes = new Uint8Array(buffer);
      this.words = new DataView(buffer);
    }
    return this.bytes;
  }
  private view(): DataView {
    this.all();
    return this.words;
  }

  /** @throws DeviceError where the module's 4 GB are used up. */
  allocate(bytes: number): number {
    const address = this.allocator().malloc(Math.max(16, bytes)) >>> 0;
    if (address !== 0) return address;
    const mebibytes = Math.ceil(bytes / 2 ** 20);
    throw new DeviceError(
      `WebAssembly: expected arrays of a call that fit into 4 GiB, got no room for another ${mebibytes} MiB`,
    );
  }
  allocateZeros(bytes: number): number {
    const address = this.allocate(bytes);
    this.all().fill(0, address, address + bytes);
    return address;
  }
  free(address: number): void {
    this.allocator().free(address);
  }

  copyIn(view: ArrayBufferView, address: number): void {
    this.all().set(bytesOf(view), address);
  }
  copyOut(address: number, view: ArrayBufferView): void {
    bytesOf(view).set(this.all().subarray(address, address + view.byteLength));
  }
  /** Of a SharedArrayBuffer only where threads may share it. */
  int32s(address: number, length: number): Int32Array {
    return new Int32Array(this.memory.buffer, address, length);
  }

  word(address: number): number {
    return this.view().getUint32(address >>> 0, true);
  }
  setWord(address: number, word: number): void {
    this.view().setUint32(address >>> 0, word, true);
  }
  setByte(address: number, byte: number): void {
    this.view().setUint8(address >>> 0, byte);
  }
  setDouble(address: number, number: number): void {
    this.view().setFloat64(address >>> 0, number, true);
  }

  /** Of so many bytes, or up to a zero where that is all that is known of its length. */
  text(address: number, length: number): string {
    const bytes = this.all();
    const begin = address >>> 0;
    const end = length === -1 ? bytes.indexOf(0, begin) : begin + (length >>> 0);
    return new TextDecoder().decode(bytes.slice(begin, end)); // what is shared cannot be decoded in place
  }
  /** As much of a text as there is room for, and a zero; gives the bytes of the text, and of all of it without an address. */
  writeText(text: string, address: number, room: number): number {
    const bytes = new TextEncoder().encode(text);
    if (address === 0) return bytes.length;
    const part = bytes.subarray(0, Math.max(0, (room >>> 0) - 1));
    this.all().set(part, address >>> 0);
    this.setByte((address >>> 0) + part.length, 0);
    return part.length;
  }
}

const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);
