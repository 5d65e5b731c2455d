/** How far arrays are apart, also where squares of their numbers have no room. */
import { array, nd } from "../../src/index";
import type { RealArray } from "../../src/index";

test.each<[number[], number[], number]>([
  [[3, 4.5], [3, 4], 0.1],
  [[0, 0], [0, 0], 0],
  [[1, 0], [0, 0], Infinity],
  [[1e-170], [2e-170], 0.5],
  [[1e200], [2e200], 0.5],
  [[Infinity, 1], [Infinity, 1], 0],
  [[Infinity, 1], [Infinity, 2], 0.5],
  [[Infinity, 1], [1, 1], Infinity],
  [[1], [-Infinity], Infinity],
  [[NaN], [0], NaN],
  [[NaN], [NaN], NaN],
])("%j beside %j is %d apart", (a, b, apart) => {
  const found = nd.relativeError(
    ...([a, b].map((list) => array(list, { dtype: "float64" })) as [RealArray, RealArray]),
  );
  expect(Math.abs(found - apart) < 1e-12 || Object.is(found, apart)).toBe(true);
});
