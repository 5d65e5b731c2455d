/**
 * Softmax and log-sum-exp along axes. The one idea: the largest exponent of each row is taken away first, so that none
 * overflows, and both have the same weights as derivatives. Must not know formulas.
 */
import { mul, recorded, reshape, sub, sum as sumOver, transpose } from "../array/arithmetic";
import { arrayIn } from "../array/check";
import type { ArrayInput } from "../array/check";
import { allocate, broadcast, dtypeOf, readable, wrapBeside } from "../array/view";
import type { RealArray } from "../array/view";
import { at, realAt } from "../asserts";
import type { RealData } from "../device/native";
import { atMost, optionsOf } from "../options";
import { AXES, foldRows, rowsOf } from "./axes";
import type { AxesOptions, Fold } from "./axes";
import { axesOf } from "./shapes";

/**
 * exp(x) over its sum, along all axes or those of `axis`, without overflow.
 * @param x an array of any shape, or nested lists
 * @returns an array of the shape of x
 * @throws ArgumentError if there is no such axis
 * @example console.log(nd.toNested(nd.softmax([1, 1, 1, 1]))); // [ 0.25, 0.25, 0.25, 0.25 ]
 */
export function softmax<T extends RealData>(
  x: ArrayInput<T>,
  options?: Pick<AxesOptions, "axis"> | null,
): RealArray<T> {
  atMost("softmax", 2, arguments);
  const { axis } = optionsOf("softmax", options, { axis: AXES.axis });
  const array = arrayIn("softmax", x);
  const gone = axesOf("softmax", axis, array.shape);
  const order = [...array.shape.keys()].filter((k) => !gone.includes(k)).concat(gone);
  const moved = transpose(array, order);
  const { matrix } = rowsOf("softmax", array, { axis: gone });
  return transpose(
    reshape(sharesOf(matrix), moved.shape),
    [...order.keys()].map((k) => order.indexOf(k)),
  );
}

const largestOf: Fold = (data, begin, end) => {
  let largest = -Infinity;
  for (let k = begin; k < end; k++) largest = Math.max(largest, data[k] as number);
  return largest;
};

/** Along rows. */
function sharesOf<T extends RealData>(x: RealArray<T>): RealArray<T> {
  const [rows, length] = x.shape as [number, number];
  const [data, largest] = [readable(x), foldRows(x, largestOf)];
  const shares: RealData = allocate(dtypeOf(x), data.length);
  const terms = new Float64Array(length);
  for (let row = 0; row < rows; row++) {
    let total = 0;
    for (let k = 0; k < length; k++)
      total += terms[k] = Math.exp((data[row * length + k] as number) - realAt(largest, row));
    for (let k = 0; k < length; k++) shares[row * length + k] = realAt(terms, k) / total;
  }
  const output = wrapBeside(shares as T, x.shape, x);
  const rule = (cotangent: RealArray): RealArray => {
    const weighted = reshape(sumOver(mul(cotangent, output as RealArray), 1), [rows, 1]);
    return mul(output as RealArray, sub(cotangent, weighted));
  };
  return recorded("softmax", output, [x], [rule], { readsInputs: [false], readsOutput: true });
}

/**
 * log of the sum of exp(x), along all axes or those of `axis`, without overflow.
 * @param x an array of any shape, or nested lists
 * @returns an array of the shape of x without those axes, or with length 1 there if `keepDims`
 * @throws ArgumentError if there is no such axis
 * @example console.log(nd.logsumexp([1000, 1000]).get().toFixed(3)); // 1000.693
 */
export function logsumexp<T extends RealData>(x: ArrayInput<T>, options?: AxesOptions | null): RealArray<T> {
  atMost("logsumexp", 2, arguments);
  const { matrix, shape } = rowsOf("logsumexp", x, optionsOf("logsumexp", options, AXES));
  const data: RealData = allocate(dtypeOf(matrix), at(matrix.shape, 0));
  data.set(foldRows(matrix, logOfSum));
  const output = wrapBeside(data as T, [data.length], matrix);
  const rule = (cotangent: RealArray): RealArray =>
    mul(broadcast(reshape(cotangent, [data.length, 1]), matrix.shape), sharesOf(matrix as RealArray));
  return reshape(recorded("logsumexp", output, [matrix], [rule]), shape);
}

const logOfSum: Fold = (data, begin, end) => {
  const largest = largestOf(data, begin, end);
  if (!Number.isFinite(largest)) return largest;
  let total = 0;
  for (let k = begin; k < end; k++) total += Math.exp((data[k] as number) - largest);
  return largest + Math.log(total);
};
