/**
 * When a formula is worth compiling. The tile evaluator runs it at once; compiling takes about 0.1 s and gains a quarter to a half of
 * the time of every later call. So what has been evaluated is counted, and each step is taken when it has cost as much as it gains.
 */
import { warnOnce } from "../errors";
import type { Routine } from "./backend";

/** A routine that may have to be compiled before it runs. */
export interface Compilable extends Routine {
  isCompiled(): boolean;
  compile(): void;
  compileInBackground(): Promise<void>;
}

/** Pairs after which it is looked up whether another process has compiled the formula: some milliseconds. */
const LOOK_UP_PAIRS = 1e8;
/** Pairs after which it is compiled in the background; a single call of as many waits for the compiler. */
const COMPILE_PAIRS = 3e9;
/** Pairs after which nobody waits for the background any longer: it cannot report while calls follow each other without a pause. */
const PATIENCE_PAIRS = 3 * COMPILE_PAIRS;

type State = "unknown" | "evaluated" | "compiling" | "compiled" | "failed";

export class Tiers {
  private state: State = "unknown";
  private pairs = 0;
  private found: Compilable | null = null;

  constructor(
    private readonly evaluated: Routine,
    /** Null where there is no compiler, or it cannot take the formula. */
    private readonly find: () => Compilable | null,
  ) {}

  /** Once found it is kept, whatever becomes of the compiler. */
  private compiled(): Compilable | null {
    return (this.found ??= this.find());
  }

  /** The routine for a call of so many pairs. What cannot be compiled stays evaluated. */
  next(pairs: number): Routine {
    this.pairs += pairs;
    if (this.state === "unknown" && this.pairs >= LOOK_UP_PAIRS) this.lookUp();
    if (this.state === "evaluated" && pairs >= COMPILE_PAIRS) this.compileNow();
    if (this.state === "evaluated" && this.pairs >= COMPILE_PAIRS) this.compileSoon();
    if (this.state === "compiling" && this.pairs >= PATIENCE_PAIRS) this.compileNow();
    return this.state === "compiled" ? this.compiled()! : this.evaluated;
  }

  private lookUp(): void {
    const compiled = this.compiled();
    if (compiled === null) this.state = "failed";
    else if (compiled.isCompiled()) this.compileNow();
    else this.state = "evaluated";
  }

  /** What {@link Tiers.next} would give, if the compiler succeeds. Counts and compiles nothing. */
  preview(pairs: number): Routine {
    const total = this.pairs + pairs;
    const isCompiled = (): boolean => total >= LOOK_UP_PAIRS && this.compiled()?.isCompiled() === true;
    const wouldCompile: Readonly<Record<State, () => boolean>> = {
      unknown: () => pairs >= COMPILE_PAIRS || isCompiled(),
      evaluated: () => pairs >= COMPILE_PAIRS,
      compiling: () => total >= PATIENCE_PAIRS,
      compiled: () => true,
      failed: () => false,
    };
    return (wouldCompile[this.state]() && this.compiled()) || this.evaluated;
  }

  private compileSoon(): void {
    this.state = "compiling";
    // What a compiler has made may still not be what it should be: loading it tells.
    this.compiled()!
      .compileInBackground()
      .then(() => this.compileNow())
      .catch((error: unknown) => this.fail(error));
  }

  private compileNow(): void {
    try {
      this.compiled()!.compile();
      this.state = "compiled";
    } catch (error) {
      this.fail(error);
    }
  }

  /** The next calls take the time that they took until now, but not less, as somebody may expect. */
  private fail(error: unknown): void {
    this.state = "failed";
    const [why] = (error as Error).message.split("\n");
    warnOnce("KEOPS_COMPILE", `compile "auto": staying with precompiled kernels, up to half as fast, because ${why!}`);
  }
}
