/**
 * Picking and adding the elements of data, wherever they are: those of a device stay there, but for the places. Knows no shapes.
 */
import type { Real } from "../engine/native";
import { DeviceData } from "./devicedata";

/** Of elements that a device can name. */
const MOST_PLACES = 2 ** 31 - 1;

/** The elements at `places`. */
export function taken(data: Real, places: ArrayLike<number>): Real {
  const own = onDevice(data);
  if (own) return asReal(own.length <= MOST_PLACES ? own.gathered(places) : back(own, (host) => taken(host, places)));
  const picked = like(data, places.length);
  for (let k = 0; k < picked.length; k++) picked[k] = data[places[k]!]!;
  return picked;
}

/** `size` sums of the elements that have the same place, taken in float64. */
export function scattered(data: Real, places: ArrayLike<number>, size: number): Real {
  const own = onDevice(data);
  if (own && Math.max(own.length, size) <= MOST_PLACES) return asReal(own.scattered(places, size));
  if (own) return asReal(back(own, (host) => scattered(host, places, size)));
  const sums = new Float64Array(size);
  for (let k = 0; k < places.length; k++) sums[places[k]!] = sums[places[k]!]! + data[k]!;
  return data.BYTES_PER_ELEMENT === 8 ? sums : new Float32Array(sums);
}

/** Where the first is. */
export function added(a: Real, b: Real): Real {
  const [own, other] = [onDevice(a), onDevice(b)];
  if (own && other && own.device === other.device) return asReal(own.plus(other));
  if (own) return asReal(back(own, (host) => added(host, b)));
  const sum = a.slice();
  const addend = other ? other.toHost() : b;
  for (let k = 0; k < sum.length; k++) sum[k] = sum[k]! + addend[k]!;
  return sum;
}

function onDevice(data: Real): DeviceData | undefined {
  const any: unknown = data;
  return any instanceof DeviceData ? any : undefined;
}

/** By way of the machine's memory. */
const back = (own: DeviceData, compute: (host: Real) => Real): DeviceData =>
  DeviceData.of(compute(own.toHost()), own.device);

const asReal = (data: DeviceData): Real => data as unknown as Real;
const like = (data: Real, size: number): Real =>
  data.BYTES_PER_ELEMENT === 8 ? new Float64Array(size) : new Float32Array(size);
