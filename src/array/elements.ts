/**
 * Picking and adding the elements of data, wherever they are: those of a device stay there, but for the places. Knows no shapes.
 */
import type { Real } from "../engine/native";
import { DeviceData } from "./devicedata";
import { allocate, elementTypeOf } from "./elementtype";
import type { Elements } from "./elementtype";

/** Of elements that a device can name. */
const MOST_PLACES = 2 ** 31 - 1;

/** The elements at `places`. */
export function taken<T extends Elements>(data: T, places: ArrayLike<number>): T {
  const own = onDevice(data);
  if (own) {
    const there = own.length <= MOST_PLACES ? own.gathered(places) : back(own, (host) => taken(host, places));
    return there as unknown as T;
  }
  const picked = allocate(elementTypeOf(data), places.length);
  for (let k = 0; k < picked.length; k++) picked[k] = data[places[k]!]!;
  return picked as T;
}

/** `size` sums of the elements that have the same place, taken in float64. */
export function scattered(data: Real, places: ArrayLike<number>, size: number): Real {
  const own = onDevice(data);
  if (own && Math.max(own.length, size) <= MOST_PLACES) return asReal(own.scattered(places, size));
  if (own) return asReal(back(own, (host) => scattered(host as Real, places, size)));
  const sums = new Float64Array(size);
  for (let k = 0; k < places.length; k++) sums[places[k]!] = sums[places[k]!]! + data[k]!;
  return data.BYTES_PER_ELEMENT === 8 ? sums : new Float32Array(sums);
}

/** Where the first is. */
export function added(a: Real, b: Real): Real {
  const [own, other] = [onDevice(a), onDevice(b)];
  if (own && other && own.device === other.device) return asReal(own.plus(other));
  if (own) return asReal(back(own, (host) => added(host as Real, b)));
  const sum = a.slice();
  const addend = other ? other.toHost() : b;
  for (let k = 0; k < sum.length; k++) sum[k] = sum[k]! + addend[k]!;
  return sum;
}

function onDevice(data: Elements): DeviceData | undefined {
  const any: unknown = data;
  return any instanceof DeviceData ? any : undefined;
}

/** By way of the machine's memory. */
const back = (own: DeviceData, compute: (host: Elements) => Elements): DeviceData =>
  DeviceData.of(compute(own.toHost()), own.device);

const asReal = (data: DeviceData): Real => data as unknown as Real;
