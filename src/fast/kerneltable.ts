/**
 * The numbers of a kernel that depends on differences: one function of z for every component of the result, of the
 * weights and of the factors. The one idea is that engines evaluate it, as a reduction over one column; so nothing is
 * known of it but its values, from which zero, equal, even and odd functions are told. Must not know grids.
 */
import { wrap } from "../array/view";
import type { RealArray } from "../array/view";
import { asserted, at, realAt } from "../asserts";
import { Operator } from "../call/operator";
import type { How } from "../call/prepared";
import { PLAIN_SUM } from "../call/result";
import { extraArgument } from "../formula/arguments";
import type { Argument } from "../formula/arguments";
import type { Convolution, Refusal } from "../formula/convolution";
import { mult, subtract } from "../formula/core";
import { Category, substitute } from "../formula/formula";
import type { Formula } from "../formula/formula";
import { abs } from "../formula/maths";
import { extract, norm2 } from "../formula/vectors";
import { waitFor } from "../task";
import type { Task } from "../task";
import type { Step } from "./step";

/** A function of z. */
export interface Component {
  /** Of the kernel's value, and of factors and weights. */
  readonly of: number;
  readonly factor: number;
  readonly weight: number;
  /** 1 where K(-z) = K(z), -1 where K(-z) = -K(z), 0 where neither. */
  readonly parity: 1 | -1 | 0;
  /** How many terms of the sum are this function. */
  count: number;
}

/** results[of] += factors[factor] × (component * weights[weight]). */
export interface Product {
  readonly component: number;
  readonly of: number;
  readonly factor: number;
  readonly weight: number;
}

/** How a kernel is made smooth: without what is near, and brought to 0 from `lengths` on, over `pads`, on each axis. */
export interface Smoothing {
  readonly step: Step;
  /** 0 for none. */
  readonly radius: number;
  readonly lengths: readonly number[];
  /** 0 for none: there it vanishes by itself, or is not asked for beyond its length. */
  readonly pads: readonly number[];
}

/** Products of components of factors and of weights that are tried, and functions that may be found. */
const MOST_PRODUCTS = 81;
const MOST_COMPONENTS = 12;

export class KernelTable {
  /** Components of z. */
  readonly dim: number;
  private readonly operators = new Map<string, Operator>();
  private readonly smoothers = new Map<string, Operator>();

  private constructor(
    private readonly convolution: Convolution,
    private readonly parameters: readonly RealArray[],
    private readonly how: How,
    readonly components: readonly Component[],
    readonly products: readonly Product[],
  ) {
    this.dim = at(convolution.kernelArguments, 0).dim;
  }

  /**
   * @param parameters values of the convolution's parameters, in float64.
   * @param lengths how far differences reach, on each axis.
   */
  static *of(
    convolution: Convolution,
    parameters: readonly RealArray[],
    lengths: ArrayLike<number>,
    how: How,
  ): Task<KernelTable | Refusal> {
    const [factors, weights] = [componentsOf(convolution.factors), componentsOf(convolution.weights)];
    if (factors * weights > MOST_PRODUCTS)
      return { why: `its vectors have ${factors * weights} products of components, more than ${MOST_PRODUCTS}` };
    const [components, products]: [Component[], Product[]] = [[], []];
    const probe = new KernelTable(convolution, parameters, how, components, products);
    const points = probePoints(lengths);
    const known: Float64Array[] = [];
    for (let factor = 0; factor < factors; factor++)
      for (let weight = 0; weight < weights; weight++)
        for (let of = 0; of < convolution.kernel.dim; of++) {
          const values = yield* probe.valuesOf({ of, factor, weight }, points);
          if (!values.every(Number.isFinite)) return { why: "its values between the points are not all finite" };
          if (values.every((value) => value === 0)) continue;
          const component = known.findIndex((other) => other.every((value, n) => value === values[n]));
          products.push({ component: component < 0 ? known.length : component, of, factor, weight });
          if (component >= 0) at(components, component).count++;
          else components.push({ of, factor, weight, parity: parityOf(values), count: 1 });
          if (component < 0) known.push(values);
          if (known.length > MOST_COMPONENTS) return { why: `it has more than ${MOST_COMPONENTS} functions of x - y` };
        }
    if (products.length === 0) return { why: "it vanishes" };
    return probe;
  }

  /** The function itself, at `[count, dim]` differences. */
  *valuesOf(component: Omit<Component, "parity" | "count">, z: Float64Array): Task<Float64Array> {
    const { kernel, kernelArguments } = this.convolution;
    const operator = lookedUp(this.operators, String(component.of), () => {
      return new Operator([extract(kernel, component.of, 1)], kernelArguments, PLAIN_SUM);
    });
    return yield* this.reduce(operator, component, z, []);
  }

  /** The smooth part, summed over its images: at z - shift for every one of `[images, dim]` shifts. */
  *smoothValuesOf(component: Component, z: Float64Array, shifts: Float64Array, given: Smoothing): Task<Float64Array> {
    const { radius, pads, lengths } = given;
    const isNear = radius > 0;
    const padded = pads.map((pad) => pad > 0);
    const operator = lookedUp(this.smoothers, `${component.of} ${isNear} ${padded.join()}`, () =>
      smoother(this.convolution, component.of, given.step, isNear, padded),
    );
    const inverses = Float64Array.from(pads, (pad) => (pad > 0 ? 1 / pad : 0));
    const more = [
      wrap(shifts, [shifts.length / this.dim, this.dim]),
      wrap(Float64Array.of(isNear ? 1 / radius : 0), [1]),
      wrap(Float64Array.from(lengths), [this.dim]),
      wrap(inverses, [this.dim]),
    ];
    return yield* this.reduce(operator, component, z, more);
  }

  private *reduce(
    operator: Operator,
    { factor, weight }: Omit<Component, "parity" | "count">,
    z: Float64Array,
    more: readonly RealArray[],
  ): Task<Float64Array> {
    const { factors, weights } = this.convolution;
    const count = z.length / this.dim;
    const chosen = [...unitVectors(factors, factor), ...unitVectors(weights, weight)];
    const arrays = [wrap(z, [count, this.dim]), ...chosen, ...this.parameters, ...more];
    const out = new Float64Array(count);
    yield* waitFor(operator.work(operator.check(arrays), out, this.how));
    return out;
  }
}

function lookedUp<T>(map: Map<string, T>, key: string, make: () => T): T {
  const found = map.get(key) ?? make();
  map.set(key, found);
  return found;
}

const componentsOf = (args: readonly Argument[]): number => args.reduce((product, { dim }) => product * dim, 1);

/** Component `place` of the product of the arguments' components, as one unit vector for each. */
function unitVectors(args: readonly Argument[], place: number): RealArray[] {
  let rest = place;
  return args.map(({ dim }) => {
    const vector = new Float64Array(dim);
    vector[rest % dim] = 1;
    rest = Math.floor(rest / dim);
    return wrap(vector, [dim]);
  });
}

/** The arguments behind those of the kernel: images, the inverse radius, lengths and inverse pads. */
function smoother(
  { kernel, kernelArguments }: Convolution,
  of: number,
  step: Step,
  isNear: boolean,
  padded: readonly boolean[],
): Operator {
  const { variable: z, dim } = at(kernelArguments, 0);
  const first = kernelArguments.length;
  const image = extraArgument(first, dim, Category.J);
  const inverse = extraArgument(first + 1, 1, Category.P);
  const [lengths, inversePads] = [2, 3].map((n) => extraArgument(first + n, dim, Category.P)) as [Argument, Argument];
  const from = subtract(z, image.variable);
  const parts = [substitute(extract(kernel, of, 1), z, from)];
  if (isNear) parts.push(subtract(1, step.of(mult(norm2(from), inverse.variable))));
  const beyond = mult(subtract(abs(from), lengths.variable), inversePads.variable);
  for (const [k, isPadded] of padded.entries()) if (isPadded) parts.push(step.of(extract(beyond, k, 1)));
  const formula = parts.reduce((product: Formula, part) => mult(product, part));
  return new Operator([formula], [...kernelArguments, image, inverse, lengths, inversePads], PLAIN_SUM);
}

// ----------------------------------------------------------------------------------------------------------- probes

const PROBES = 96;

/** Differences of all sizes, and their opposites, one behind the other. */
function probePoints(lengths: ArrayLike<number>): Float64Array {
  const dim = lengths.length;
  const points = new Float64Array(2 * PROBES * dim);
  const random = randomNumbers();
  for (let n = 0; n < PROBES; n++) {
    const size = 2 ** (-12 * random());
    for (let k = 0; k < dim; k++) {
      const value = size * (2 * random() - 1) * asserted(lengths[k], "a length");
      points[2 * n * dim + k] = value;
      points[(2 * n + 1) * dim + k] = -value;
    }
  }
  return points;
}

/** Numbers in [0, 1) that are the same in every call (Park and Miller 1988), from number `skipped` on. */
export function randomNumbers(skipped = 0): () => number {
  let state = skipped === 0 ? SEED : Number((BigInt(SEED) * powerOf(BigInt(FACTOR), skipped)) % BigInt(MODULUS));
  return () => (state = (state * FACTOR) % MODULUS) / MODULUS;
}

const SEED = 20_251_129;
const FACTOR = 48_271;
const MODULUS = 2_147_483_647;

/** Of a whole power, by squares. */
function powerOf(base: bigint, power: number): bigint {
  if (power === 0) return 1n;
  const half = powerOf((base * base) % BigInt(MODULUS), Math.floor(power / 2));
  return power % 2 === 0 ? half : (half * base) % BigInt(MODULUS);
}

/** How much values may differ by rounding, of the largest. */
const ROUNDING = 1e-13;

function parityOf(values: Float64Array): 1 | -1 | 0 {
  const scale = ROUNDING * values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const isOf = (sign: 1 | -1): boolean =>
    values.every((value, n) => n % 2 === 1 || Math.abs(value - sign * realAt(values, n + 1)) <= scale);
  return isOf(1) ? 1 : isOf(-1) ? -1 : 0;
}
