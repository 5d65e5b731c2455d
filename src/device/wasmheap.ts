/**
 * The memory of a WebAssembly module, and what of JavaScript is in it: addresses are numbers below 2^32, and what is
 * allocated is given back; things are held by number. In a call the numbers of its typed arrays are copied in where
 * C++ asks for them, and out of the arrays that it writes when it returns or, where it gives a promise, when that
 * settles; then the copies are given back, also when it throws. Must not know what functions do.
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

// --------------------------------------------------------------------------------------------------------------- calls

/** Which arguments a function writes, by its name; none of those that are not named. */
export type Written = Readonly<Record<string, readonly number[]>>;

/** Milliseconds from one look at the control block of a promise to the next. */
const BEAT = 10;

interface Copy {
  readonly view: ArrayBufferView;
  readonly address: number;
}

/** One call. Its control block is one that others see: it is read and written anew at every beat. */
export class NativeCall {
  private readonly copies: Copy[] = [];
  private readonly results: readonly ArrayBufferView[];
  private control: Copy | undefined;

  constructor(
    private readonly heap: WasmHeap,
    readonly args: readonly unknown[],
    /** What C++ has given to the function. */
    readonly data: number,
    written: readonly number[],
  ) {
    this.results = written.map((position) => args[position]).filter((arg) => ArrayBuffer.isView(arg));
  }

  /** The address of the numbers of an array. @throws TypeError where a result shares memory with another array. */
  place(view: ArrayBufferView): number {
    const known = this.copies.find((copy) => isSame(copy.view, view));
    if (known) return known.address;
    for (const { view: other } of this.copies)
      if ((this.isResult(view) || this.isResult(other)) && overlap(view, other))
        throw new TypeError("out: expected memory of its own, got memory of another argument");
    const address = this.heap.allocate(view.byteLength);
    this.copies.push({ view, address });
    this.heap.copyIn(view, address);
    return address;
  }

  private isResult(view: ArrayBufferView): boolean {
    return this.results.some((result) => isSame(result, view));
  }

  /** This memory has the control block. */
  watch(buffer: ArrayBufferLike): void {
    this.control = this.copies.find(({ view }) => view.buffer === buffer);
  }

  /** Hands on that somebody stops the call, and how far it is. */
  beat(): void {
    if (!this.control) return;
    const outside = this.control.view as Int32Array;
    const inside = this.heap.int32s(this.control.address, 3);
    if (Atomics.load(outside, 0) !== 0) Atomics.store(inside, 0, 1);
    for (const n of [1, 2]) Atomics.store(outside, n, Atomics.load(inside, n));
  }

  /** Gives what the call gives, once all is copied out. */
  end(result: unknown): unknown {
    if (result instanceof Promise) return this.settle(result);
    this.copyOut();
    this.close();
    return result;
  }

  private async settle(promise: Promise<unknown>): Promise<unknown> {
    const beats = setInterval(() => this.beat(), BEAT); // it keeps the process alive, too
    try {
      const result = await promise;
      this.copyOut();
      return result;
    } finally {
      clearInterval(beats);
      this.close();
    }
  }

  private copyOut(): void {
    this.beat();
    for (const { view, address } of this.copies) if (this.isResult(view)) this.heap.copyOut(address, view);
  }

  close(): void {
    for (const { address } of this.copies.splice(0)) this.heap.free(address);
    this.control = undefined;
  }
}

const endOf = ({ byteOffset, byteLength }: ArrayBufferView): number => byteOffset + byteLength;

const isSame = (a: ArrayBufferView, b: ArrayBufferView): boolean =>
  a.buffer === b.buffer && a.byteOffset === b.byteOffset && a.byteLength === b.byteLength;

const overlap = (a: ArrayBufferView, b: ArrayBufferView): boolean =>
  a.buffer === b.buffer && a.byteOffset < endOf(b) && b.byteOffset < endOf(a);

// ---------------------------------------------------------------------------------------------------- things by number

/** For those who can only hold a number: 0 is none. */
export class Numbered<T> {
  private readonly all = new Map<number, T>();
  private last = 0;

  add(thing: T): number {
    this.all.set(++this.last, thing);
    return this.last;
  }
  at(number: number): T {
    return this.all.get(number) as T;
  }
  take(number: number): T {
    const thing = this.at(number);
    this.all.delete(number);
    return thing;
  }
}
