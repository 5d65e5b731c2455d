/**
 * Which routine computes the calls of a reduced formula: by dtype, and by how a call is to run. Must not know arrays.
 */
import type { Dtype } from "../array/view";
import type { How } from "./call";
import type { Specification } from "../engine/backend";
import { instructionSet } from "../engine/instructions";
import { chooser } from "../engine/routine";
import type { Chooser } from "../engine/routine";
import { ArgumentError } from "../errors";
import type { Argument } from "../formula/arguments";
import type { Category, Formula } from "../formula/formula";
import type { Reduction, SumScheme } from "../formula/reductions";

/** The checked options of a reduction. */
export interface Settings {
  readonly reduction: Reduction;
  /** The K of the K best; 1 where there is none. */
  readonly k: number;
  /** The kept index: I for axis 1. */
  readonly rows: Category.I | Category.J;
  readonly sumScheme: SumScheme;
  readonly accumulator: "auto" | Dtype;
}

export class Choosers {
  private readonly found = new Map<string, Chooser>();

  /** @param evaluated the formula, and the weights if the reduction has some. */
  constructor(
    private readonly evaluated: readonly Formula[],
    private readonly args: readonly Argument[],
    private readonly settings: Settings,
  ) {}

  /** @throws DeviceError for a backend that cannot run, ArgumentError for an accumulator that does not fit the dtype. */
  of(dtype: Dtype, { backend, compile }: How): Chooser {
    const key = `${dtype} ${backend} ${compile} ${instructionSet()}`;
    const found = this.found.get(key) ?? chooser(this.specification(dtype), { backend, compile });
    this.found.set(key, found);
    return found;
  }

  private specification(dtype: Dtype): Specification {
    const { reduction, k, rows, sumScheme, accumulator } = this.settings;
    if (accumulator === "float32" && dtype === "float64")
      throw new ArgumentError(`dtypeAcc: expected "float64" or "auto" for float64 arrays, got "float32"`);
    return {
      formulas: this.evaluated,
      reduction,
      k,
      rows,
      variables: this.args,
      dtype,
      sumScheme,
      accumulator: accumulator === "auto" ? dtype : accumulator,
    };
  }
}
