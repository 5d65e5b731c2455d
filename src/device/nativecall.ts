/**
 * One call of a WebAssembly module: the numbers of its typed arrays are copied in where C++ asks for them, and out of the
 * arrays that it writes when it returns or, where it gives a promise, when that settles; then the copies are given back,
 * also when it throws. Its control block is one that others see: it is read and written anew at every beat.
 */
import type { WasmHeap } from "./wasmheap";

/** Which arguments a function writes, by its name; none of those that are not named. */
export type Written = Readonly<Record<string, readonly number[]>>;

/** Milliseconds from one look at the control block of a promise to the next. */
const BEAT = 10;

interface Copy {
  readonly view: ArrayBufferView;
  readonly address: number;
}

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
