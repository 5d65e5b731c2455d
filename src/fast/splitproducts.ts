/**
 * Sums of one convolution for many weights: the products of a solver, which knows what they may lose and judges what
 * comes of them by exact rows of its own, so that no call is checked. Knows no solver.
 */
import { Operator } from "../call/operator";
import type { Given, How } from "../call/prepared";
import type { RealData } from "../device/native";
import { Work, runAsync, runSync } from "../task";
import type { Task } from "../task";
import { prepareFor } from "./split";
import type { Prepared } from "./splitplan";

/** An operator whose calls are split sums, for the points and parameters that it was made for. */
export class SplitProducts extends Operator {
  private constructor(
    of: Operator,
    private readonly prepared: Prepared,
    /** Of the time of all pairs. */
    readonly share: number,
  ) {
    super(of.formulas, of.args, of.settings);
  }

  /**
   * @param allowed what entries of the matrix may be off by, as a root mean square.
   * @returns why there are none, in a clause.
   */
  static *of(operator: Operator, given: Given, how: How, allowed: number): Task<SplitProducts | string> {
    const found = yield* prepareFor(operator, given, how, allowed);
    return typeof found === "string" ? found : new SplitProducts(operator, found.prepared, found.share);
  }

  override work(given: Given, out: RealData): Work<void> {
    const task = (): Task<void> => this.prepared.run(given, out);
    return new Work(
      () => {
        runSync(task());
      },
      (control) => runAsync(task(), { control }),
    );
  }
}
