/**
 * The scale against which errors of a convolution count: what exact rows are for weights of random signs. Knows no way to
 * sum.
 */
import { ownRows, sumOf } from "../array/shard";
import { wrap } from "../array/view";
import { at } from "../asserts";
import { Operator } from "../call/operator";
import type { Given, How } from "../call/prepared";
import { PLAIN_SUM } from "../call/result";
import { allocate } from "../device/memory";
import type { RealData } from "../device/native";
import type { Convolution } from "../formula/convolution";
import { Category } from "../formula/formula";
import type { Task } from "../task";
import { randomNumbers } from "./kerneltable";
import { exactRows, sampledRows, squareOf } from "./samplecheck";

const SCALE_ROWS = 32;

/** The root mean square that a pair adds to a row of the result, where weights and factors have random signs. */
export function* scaleOf(operator: Operator, convolution: Convolution, given: Given, how: How): Task<number> {
  const linear = new Set([...convolution.weights, ...convolution.factors].map(({ position }) => position));
  let before = 0;
  const arrays = given.arrays.map((array, n) => {
    if (!linear.has(n)) return array;
    const { category, dim } = at(operator.args, n);
    const shard = category === Category.P ? undefined : given.shards?.[category];
    const random = randomNumbers(before + (shard ? ownRows(shard)[0] * dim : 0));
    before += shard ? sumOf(shard.counts) * dim : array.size;
    const signs = allocate(given.dtype, array.size);
    for (let k = 0; k < signs.length; k++) signs[k] = random() < 0.5 ? -1 : 1;
    return wrap<RealData>(signs, array.shape);
  });
  const { rows, columns } = operator.sizes(given);
  const total = new Operator(operator.formulas, operator.args, { ...PLAIN_SUM, rows: operator.settings.rows });
  const chosen = sampledRows(rows, SCALE_ROWS);
  const values = yield* exactRows(total, { ...given, arrays }, how, chosen);
  return Math.sqrt(squareOf(values) / (chosen.length * columns));
}
