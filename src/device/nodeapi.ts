/**
 * Node-API over a WebAssembly module, as much of it as the addon's C++ uses: one C++, with its tables and checks, is
 * Node's addon and the module. Its one idea: a value of JavaScript is a number in C++, its place in a list that is cut
 * back when a call returns. Names and arguments are those of Node's manual. Must not know what the functions do.
 */
import { NativeCall, Numbered } from "./wasmheap";
import type { WasmHeap, Written } from "./wasmheap";

/** Functions by the names of their imports, over numbers as WebAssembly has them. */
type Functions = Readonly<Record<string, (...args: number[]) => number>>;
type AnyFunction = (...args: unknown[]) => unknown;
type AnyClass = new (...args: unknown[]) => unknown;

const [OK, NUMBER_EXPECTED, PENDING_EXCEPTION] = [0, 6, 10];
const TYPES = [
  "undefined",
  "null",
  "boolean",
  "number",
  "string",
  "symbol",
  "object",
  "function",
  "external",
  "bigint",
];
const INTEGER_ARRAYS = ["Int8", "Uint8", "Uint8Clamped", "Int16", "Uint16", "Int32", "Uint32"];
const ARRAYS = [...INTEGER_ARRAYS, "Float32", "Float64", "BigInt64", "BigUint64"].map((name) => `${name}Array`);
/** The environment of JavaScript, of which there is one to a module. */
const ENVIRONMENT = 1;

/** The kind of an object, which may be of another realm. */
const kindOf = (value: unknown): string => Object.prototype.toString.call(value).slice(8, -1);

export class NodeApi {
  /** The value at each number; 0 is none. */
  private readonly values: unknown[] = [undefined];
  private readonly calls: NativeCall[] = [];
  private readonly references = new Numbered<unknown>();
  private readonly promises = new Numbered<Record<"resolve" | "reject", (value: unknown) => void>>();
  /** Where other threads send what this one is to be called back with. */
  private readonly returns = new Numbered<{ readonly callback: number; readonly context: number }>();
  private instanceData = 0;
  private failure: { readonly error: unknown } | undefined;

  constructor(
    private readonly heap: WasmHeap,
    private readonly table: () => WebAssembly.Table,
    private readonly written: Written,
  ) {}

  /** What the module exports, when this function of it registers it. */
  register(init: (environment: number, exports: number) => number): object {
    const exported = {};
    this.within(() => init(ENVIRONMENT, this.add(exported)));
    return exported;
  }

  /** Calls back what another thread has asked for. */
  deliver(place: number, data: number): void {
    const { callback, context } = this.returns.at(place);
    this.within(() => this.functionAt(callback)(ENVIRONMENT, 0, context, data));
  }

  /** The imports of the module. What fails in one is an exception that C++ asks for. */
  functions(): Functions {
    const all = { ...this.makers(), ...this.readers(), ...this.objects(), ...this.callers(), ...this.keepers() };
    const guarded = Object.entries(all).map(([name, body]) => [name, this.guarded(body)] as const);
    return Object.fromEntries(guarded);
  }

  private guarded(body: (...args: number[]) => number): (...args: number[]) => number {
    return (...args) => {
      try {
        return body(...args);
      } catch (error) {
        this.failure ??= { error };
        return PENDING_EXCEPTION;
      }
    };
  }

  // ------------------------------------------------------------------------------------------------------- values

  private add(value: unknown): number {
    return this.values.push(value) - 1;
  }
  private give(out: number, value: unknown): number {
    return this.word(out, this.add(value));
  }
  private word(out: number, word: number): number {
    if (out !== 0) this.heap.setWord(out, word);
    return OK;
  }
  private flag(out: number, isTrue: boolean): number {
    this.heap.setByte(out, Number(isTrue));
    return OK;
  }
  private objectAt(value: number): Record<PropertyKey, unknown> {
    return this.values[value] as Record<PropertyKey, unknown>;
  }
  private functionAt(index: number): AnyFunction {
    return this.table().get(index >>> 0) as AnyFunction;
  }

  /** Numbers that are made meanwhile stand for nothing afterwards, and what C++ has thrown is thrown on. */
  private within<T>(body: () => T): T {
    const before = this.values.length;
    try {
      const result = body();
      const { failure } = this;
      this.failure = undefined;
      if (failure) throw failure.error;
      return result;
    } finally {
      this.values.length = before;
    }
  }

  private makers(): Functions {
    const error =
      (kind: new (message: string) => Error) =>
      (_: number, _code: number, message: number, out: number): number =>
        this.give(out, new kind(String(this.values[message])));
    return {
      napi_get_undefined: (_, out) => this.give(out, undefined),
      napi_create_double: (_, value, out) => this.give(out, value),
      napi_create_string_utf8: (_, text, length, out) => this.give(out, this.heap.text(text, length)),
      napi_create_object: (_, out) => this.give(out, {}),
      napi_create_array: (_, out) => this.give(out, []),
      napi_create_array_with_length: (_, length, out) => this.give(out, new Array<unknown>(length)),
      napi_create_error: error(Error),
      napi_create_type_error: error(TypeError),
      napi_create_range_error: error(RangeError),
    };
  }

  private readers(): Functions {
    return {
      napi_typeof: (_, value, out) => this.word(out, TYPES.indexOf(typeOf(this.values[value]))),
      napi_is_array: (_, value, out) => this.flag(out, Array.isArray(this.values[value])),
      napi_is_typedarray: (_, value, out) => this.flag(out, ARRAYS.includes(kindOf(this.values[value]))),
      napi_is_arraybuffer: (_, value, out) => this.flag(out, this.isUnshared(this.values[value])),
      napi_get_value_double: (_, value, out) => {
        const number = this.values[value];
        if (typeof number !== "number") return NUMBER_EXPECTED;
        this.heap.setDouble(out, number);
        return OK;
      },
      napi_get_value_bool: (_, value, out) => this.flag(out, this.values[value] === true),
      napi_coerce_to_bool: (_, value, out) => this.give(out, Boolean(this.values[value])),
      napi_get_value_string_utf8: (_, value, at, room, out) =>
        this.word(out, this.heap.writeText(String(this.values[value]), at, room)),
      napi_get_array_length: (_, value, out) => this.word(out, (this.values[value] as unknown[]).length),
      napi_get_typedarray_info: (_, value, type, length, data, buffer, offset) =>
        this.describe(this.values[value] as Float64Array, { type, length, data, buffer, offset }),
    };
  }

  private describe(
    view: Float64Array,
    out: Readonly<Record<"type" | "length" | "data" | "buffer" | "offset", number>>,
  ) {
    if (out.data !== 0) this.word(out.data, this.call().place(view));
    this.word(out.type, ARRAYS.indexOf(kindOf(view)));
    this.word(out.length, view.length);
    if (out.buffer !== 0) this.give(out.buffer, view.buffer);
    return this.word(out.offset, view.byteOffset);
  }

  /** Control blocks are asked whether threads share them: that of this call is kept up to date from now on. */
  private isUnshared(buffer: unknown): boolean {
    const isOwn = kindOf(buffer) === "ArrayBuffer";
    if (!isOwn || typeof SharedArrayBuffer === "undefined") this.call().watch(buffer as ArrayBufferLike);
    return isOwn && typeof SharedArrayBuffer !== "undefined";
  }

  private objects(): Functions {
    return {
      napi_set_named_property: (_, object, name, value) => {
        this.objectAt(object)[this.heap.text(name, -1)] = this.values[value];
        return OK;
      },
      napi_get_named_property: (_, object, name, out) =>
        this.give(out, this.objectAt(object)[this.heap.text(name, -1)]),
      napi_get_property: (_, object, key, out) =>
        this.give(out, this.objectAt(object)[this.values[key] as PropertyKey]),
      napi_has_property: (_, object, key, out) =>
        this.flag(out, (this.values[key] as PropertyKey) in this.objectAt(object)),
      napi_set_element: (_, object, index, value) => {
        this.objectAt(object)[index >>> 0] = this.values[value];
        return OK;
      },
      napi_get_element: (_, object, index, out) => this.give(out, this.objectAt(object)[index >>> 0]),
      // Work that keeps this thread busy asks for one every few milliseconds, to learn whether JavaScript is at its end.
      napi_has_element: (_, object, index, out) => {
        for (const call of this.calls) call.beat();
        return this.flag(out, index >>> 0 in this.objectAt(object));
      },
    };
  }

  // -------------------------------------------------------------------------------------------------------- calls

  private call(): NativeCall {
    return this.calls.at(-1) as NativeCall;
  }

  private callers(): Functions {
    return {
      napi_create_function: (_, name, length, callback, data, out) => {
        const called = this.heap.text(name, length);
        return this.give(out, (...args: unknown[]) => this.enter(called, callback, data, args));
      },
      napi_get_cb_info: (_, _info, count, values, self, data) => this.tell({ count, values, self, data }),
      napi_call_function: (_, self, callee, count, args, out) => {
        const called = this.values[callee] as AnyFunction;
        const result = called.apply(this.values[self], this.listAt(args, count));
        return out === 0 ? OK : this.give(out, result);
      },
      napi_new_instance: (_, made, count, args, out) =>
        this.give(out, new (this.values[made] as AnyClass)(...this.listAt(args, count))),
      napi_throw: (_, error) => {
        this.failure ??= { error: this.values[error] };
        return OK;
      },
      napi_is_exception_pending: (_, out) => this.flag(out, this.failure !== undefined),
      napi_get_and_clear_last_exception: (_, out) => {
        const { failure } = this;
        this.failure = undefined;
        return this.give(out, failure?.error);
      },
      napi_get_last_error_info: (_, out) => this.word(out, (this.noError ??= this.heap.allocateZeros(16))),
    };
  }
  private noError: number | undefined;

  private listAt(words: number, count: number): unknown[] {
    return Array.from({ length: count }, (_, n) => this.values[this.heap.word(words + 4 * n)]);
  }

  /** A function of the addon. */
  private enter(name: string, callback: number, data: number, args: unknown[]): unknown {
    const call = new NativeCall(this.heap, args, data, this.written[name] ?? []);
    this.calls.push(call);
    try {
      const result = this.within(() => this.values[this.functionAt(callback)(ENVIRONMENT, 0) as number]);
      return call.end(result);
    } catch (error) {
      call.close();
      throw error;
    } finally {
      this.calls.pop();
    }
  }

  /** What the function under way was called with; as many arguments as there is room for. */
  private tell(out: Readonly<Record<"count" | "values" | "self" | "data", number>>): number {
    const { args, data } = this.call();
    const room = out.count === 0 ? 0 : this.heap.word(out.count);
    for (let n = 0; n < room && out.values !== 0; n++) this.give(out.values + 4 * n, args[n]);
    this.word(out.count, args.length);
    if (out.self !== 0) this.give(out.self, undefined);
    return this.word(out.data, data);
  }

  // ---------------------------------------------------------------------------------- what outlives a call, or a scope

  private keepers(): Functions {
    const nothing = (): number => OK;
    return {
      napi_set_instance_data: (_, data) => {
        this.instanceData = data;
        return OK;
      },
      napi_get_instance_data: (_, out) => this.word(out, this.instanceData),
      napi_create_reference: (_, value, _count, out) => this.word(out, this.references.add(this.values[value])),
      napi_get_reference_value: (_, reference, out) => this.give(out, this.references.at(reference)),
      napi_delete_reference: (_, reference) => {
        this.references.take(reference);
        return OK;
      },
      napi_create_promise: (_, out, promise) =>
        this.give(promise, new Promise((resolve, reject) => this.word(out, this.promises.add({ resolve, reject })))),
      napi_resolve_deferred: (_, promise, value) => {
        this.promises.take(promise).resolve(this.values[value]);
        return OK;
      },
      napi_reject_deferred: (_, promise, error) => {
        this.promises.take(promise).reject(this.values[error]);
        return OK;
      },
      napi_create_threadsafe_function: (...args) => {
        const [context = 0, callback = 0, out = 0] = args.slice(-3);
        return this.word(out, this.returns.add({ callback, context }));
      },
      ...this.scopes(),
      // The pending promises of calls keep the process alive, and the memory of a module goes with it.
      napi_ref_threadsafe_function: nothing,
      napi_unref_threadsafe_function: nothing,
      napi_add_env_cleanup_hook: nothing,
    };
  }

  private scopes(): Functions {
    const close = (_: number, scope: number): number => {
      this.values.length = scope;
      return OK;
    };
    return {
      napi_open_handle_scope: (_, out) => this.word(out, this.values.length),
      napi_close_handle_scope: close,
      // What escapes stands below the others, in a place of its own.
      napi_open_escapable_handle_scope: (_, out) => this.word(out, this.add(undefined) + 1),
      napi_close_escapable_handle_scope: close,
      napi_escape_handle: (_, scope, value, out) => {
        this.values[scope - 1] = this.values[value];
        return this.word(out, scope - 1);
      },
    };
  }
}

const typeOf = (value: unknown): string => (value === null ? "null" : typeof value);
