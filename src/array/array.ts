/**
 * Making arrays: from numbers, from other arrays, and from seeded random generators; and their numbers as lists again.
 * The one idea: float32 unless told otherwise, every result fresh and row-major; the same seed gives the same points in
 * both dtypes, up to rounding. Must not know formulas.
 */
import type { NdArray } from "ndarray";
import { memoryOf } from "../device/memory";
import type { Elements } from "../device/memory";
import type { RealData } from "../device/native";
import { ArgumentError } from "../errors";
import { atMost, optionsOf } from "../options";
import type { OptionsOf } from "../options";
import {
  asNumber,
  checkElements,
  checkReach,
  checkShape,
  described,
  elementType,
  isNdarray,
  ownDtype,
  readNested,
} from "./check";
import { record, requiresGrad } from "./record";
import { allocate, contiguous, dtypeOf, nestedOf, positions, sizeOf, wrap } from "./view";
import type { ArrayOf, DataOf, Dtype, Geometry, NestedNumbers, RealArray } from "./view";

/** What a new array holds. */
export const DTYPE = {
  /**
   * Element type; `"float32"` by default, as in PyTorch, but that `array` keeps the type of floats that it is given.
   */
  dtype: { kind: ["float32", "float64"] },
} as const;

const MARK = {
  /** Mark the new array for `grad`. Default false. */
  requiresGrad: { kind: [true, false], default: false },
} as const;

const SEED = {
  /** An integer below 2^53: the same seed gives the same numbers. Without it they are new each time. */
  seed: { kind: "integer", least: 0 },
} as const;

type ArrayRows = typeof DTYPE & typeof MARK;
type RandomRows = ArrayRows & typeof SEED;

const ARRAY: ArrayRows = { ...DTYPE, ...MARK };
const RANDOM: RandomRows = { ...ARRAY, ...SEED };

/** Options of all makers. */
export type ArrayOptions<D extends Dtype = Dtype> = OptionsOf<ArrayRows, Dtype, D>;

/** Options of `rand` and `randn`. */
export type RandomOptions<D extends Dtype = Dtype> = OptionsOf<RandomRows, Dtype, D>;

/** Numbers, nested to any depth; typed arrays may be the innermost lists. */
export type Nested = number | ArrayLike<number> | readonly Nested[];

/** An ndarray of any numbers, integers too. */
export type NumberArray =
  NdArray | NdArray<InstanceType<BigInt64ArrayConstructor>> | NdArray<InstanceType<BigUint64ArrayConstructor>>;

/**
 * A new array that holds `values`: nested lists of numbers, a typed array, or any ndarray. Float typed arrays and
 * float ndarrays keep their dtype unless one is named; all else becomes float32.
 * @param values nested lists of numbers, a typed array, or an ndarray of any shape
 * @returns a new array, row-major
 * @throws ArgumentError that names the place of a ragged list or of what is no number
 * @example console.log(array([[1, 2, 3], [4, 5, 6]]).shape); // [ 2, 3 ]
 */
export function array<T extends RealData>(
  values: T | RealArray<T>,
  options?: (ArrayOptions & { readonly dtype?: undefined }) | null,
): RealArray<T>;
export function array<D extends Dtype = "float32">(
  values: Nested | NumberArray | BigInt64Array | BigUint64Array,
  options?: ArrayOptions<D> | null,
): ArrayOf<D>;
export function array(values: unknown, options?: ArrayOptions | null): RealArray {
  atMost("array", 2, arguments);
  const checked = optionsOf("array", options, ARRAY);
  const dtype = checked.dtype ?? ownDtype(values) ?? "float32";
  return markIfAsked(
    isNdarray(values) ? convertArray("array", values, dtype) : readNested("array", values, dtype),
    checked,
  );
}

/**
 * A new array of `shape` filled with 0.
 * @param shape the lengths of the axes
 * @returns a new array of that shape
 * @throws ArgumentError if `shape` is not a list of non-negative integers
 * @example console.log(nd.toNested(zeros([2]))); // [ 0, 0 ]
 */
export function zeros<D extends Dtype = "float32">(
  shape: readonly number[],
  options?: ArrayOptions<D> | null,
): ArrayOf<D> {
  atMost("zeros", 2, arguments);
  return makeFilled("zeros", shape, optionsOf("zeros", options, ARRAY), () => undefined);
}

/**
 * A new array of `shape`, uniform in [0, 1).
 * @param shape the lengths of the axes
 * @returns a new array of that shape
 * @throws ArgumentError for a bad shape or seed
 * @example console.log(rand([1000, 3], { seed: 1 }).shape); // [ 1000, 3 ]
 */
export function rand<D extends Dtype = "float32">(
  shape: readonly number[],
  options?: RandomOptions<D> | null,
): ArrayOf<D> {
  atMost("rand", 2, arguments);
  const checked = optionsOf("rand", options, RANDOM);
  const uniform = generator(checked.seed);
  return makeFilled("rand", shape, checked, (data) => {
    // float32 takes the leading 24 of the 53 bits: rounding could give 1
    const bits = data.BYTES_PER_ELEMENT === 8 ? 2 ** 53 : 2 ** 24;
    for (let k = 0; k < data.length; k++) data[k] = Math.floor(uniform() * bits) / bits;
  });
}

/**
 * A new array of `shape`, standard normal. Source: Box and Muller, A note on the generation of random normal deviates,
 * 1958.
 * @param shape the lengths of the axes
 * @returns a new array of that shape
 * @throws ArgumentError for a bad shape or seed
 * @example console.log(randn([1000, 3], { seed: 1, dtype: "float64" }).dtype); // float64
 */
export function randn<D extends Dtype = "float32">(
  shape: readonly number[],
  options?: RandomOptions<D> | null,
): ArrayOf<D> {
  atMost("randn", 2, arguments);
  const checked = optionsOf("randn", options, RANDOM);
  const uniform = generator(checked.seed);
  return makeFilled("randn", shape, checked, (data) => {
    for (let k = 0; k < data.length; k += 2) {
      const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
      const angle = 2 * Math.PI * uniform();
      data[k] = radius * Math.cos(angle);
      if (k + 1 < data.length) data[k + 1] = radius * Math.sin(angle);
    }
  });
}

/**
 * A new array with the elements of `x` as `dtype`, where `x` is; derivatives pass through. Takes integer ndarrays too.
 * @param x an ndarray of any shape, of integers too
 * @param dtype `"float32"` or `"float64"`
 * @returns a new array of the shape of x
 * @throws ArgumentError if x is not an ndarray of numbers
 * @example console.log(astype(rand([2]), "float64").dtype); // float64
 */
export function astype<D extends Dtype>(x: NumberArray, dtype: D): ArrayOf<D> {
  atMost("astype", 2, arguments);
  if (!isNdarray(x)) throw new ArgumentError(`astype: expected an ndarray, got ${described(x)}`);
  if (!(DTYPE.dtype.kind as readonly unknown[]).includes(dtype))
    throw new ArgumentError(`astype: expected dtype "float32" or "float64", got ${described(dtype)}`);
  const result = (isElements(x) ? convertedThere(x, dtype) : convertArray("astype", x, dtype)) as ArrayOf<D>;
  if (ownDtype(x) === undefined) return result;
  const source = x as unknown as RealArray;
  return record(result, [source], (cotangent) => [astype(cotangent, dtypeOf(source))], {
    where: "astype",
    readsInputs: [false],
  });
}

function makeFilled<D extends Dtype>(
  where: string,
  shape: readonly number[],
  options: ArrayOptions<D>,
  fill: (data: DataOf<D>) => void,
): ArrayOf<D> {
  const lengths = checkShape(where, shape);
  const data = allocate((options.dtype ?? "float32") as D, sizeOf(lengths));
  fill(data);
  return markIfAsked(wrap(data, lengths), options);
}

function markIfAsked<X extends RealArray>(x: X, options: ArrayOptions): X {
  return options.requiresGrad ? requiresGrad(x) : x;
}

function convertArray(where: string, x: Geometry & { readonly data: ArrayLike<unknown> }, dtype: Dtype): RealArray {
  checkReach(where, x);
  const source = memoryOf(x.data).toHost(x.data) as ArrayLike<unknown> & { get?: (position: number) => unknown };
  const places = positions(x);
  const data = allocate(dtype, places.length);
  for (let k = 0; k < places.length; k++) {
    const at = places[k] as number;
    data[k] = asNumber(source.get ? source.get(at) : source[at], where, () => `data[${String(at)}]`);
  }
  return wrap(data, x.shape);
}

function convertedThere(x: NdArray<Elements>, dtype: Dtype): RealArray {
  checkReach("astype", x);
  const memory = memoryOf(x.data);
  return memory.disposable(wrap(memory.convert(contiguous(x), dtype), x.shape));
}

const TYPES = ["float32", "float64", "int32"];

/** Whether the elements have a type that memories know, and are not only numbers in some form. */
const isElements = (x: NumberArray): x is NdArray<Elements> => TYPES.includes(elementType(x.data));

/**
 * Uniform numbers k / 2^53 in [0, 1), from the bits of xoshiro128** (Blackman and Vigna, Scrambled linear pseudorandom
 * number generators, 2021), seeded by splitmix64 (Steele, Lea and Flood, Fast splittable pseudorandom number
 * generators, 2014) as its authors advise.
 */
export function generator(seed: number | undefined): () => number {
  const next = xoshiro128(seedWords(seed === undefined ? freshSeed() : BigInt(seed)));
  return () => ((next() >>> 5) * 2 ** 26 + (next() >>> 6)) / 2 ** 53;
}

function freshSeed(): bigint {
  return globalThis.crypto.getRandomValues(new BigUint64Array(1))[0] as bigint;
}

function seedWords(seed: bigint): Int32Array {
  const words = [1n, 2n].map((step) => {
    let z = BigInt.asUintN(64, seed + step * 0x9e3779b97f4a7c15n);
    z = BigInt.asUintN(64, (z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n);
    z = BigInt.asUintN(64, (z ^ (z >> 27n)) * 0x94d049bb133111ebn);
    return z ^ (z >> 31n);
  });
  return new Int32Array(new BigUint64Array(words).buffer);
}

function xoshiro128(state: Int32Array): () => number {
  let [a, b, c, d] = state as unknown as [number, number, number, number];
  return () => {
    const result = Math.imul(rotateBits(Math.imul(b, 5), 7), 9);
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = rotateBits(d, 11);
    return result;
  };
}

function rotateBits(word: number, by: number): number {
  return (word << by) | (word >>> (32 - by));
}

// ----------------------------------------------------------------------------------------------------- back to numbers

/**
 * The numbers of an array as nested lists, as deep as it has axes: what `array` takes, and JSON.
 * @param x an array of any shape
 * @returns nested lists, or a number where the shape is `[]`
 * @throws ArgumentError for what is no ndarray
 * @example console.log(nd.toNested(array([[1, 2], [3, 4]]))); // [ [ 1, 2 ], [ 3, 4 ] ]
 */
export function toNested<T extends Elements>(x: NdArray<T>): NestedNumbers {
  atMost("toNested", 1, arguments);
  return nestedOf(checkElements("toNested", x));
}
