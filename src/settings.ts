/**
 * What all later calls of this process use: threads, vector instructions, a library for factorisations. Reading a
 * setting tells what is in use; a name or a value that means nothing is refused when it is set.
 */
import type { InstructionSetName } from "./codegen/isa";
import { instructionSet, lapack, setInstructionSet, setLapack, setThreads, threads } from "./device/native";
import { ArgumentError } from "./errors";
import { suggestion } from "./options";

/** Settings of this process; setting one to what it cannot be throws ArgumentError. */
export interface Settings {
  /**
   * Threads of a call, the calling one included: 1 to 1024. Default: TSKEOPS_THREADS, else the CPUs of this process.
   */
  threads: number;
  /**
   * The widest vector instructions: `"baseline"`, `"avx2"` or `"avx512"`; `"auto"` means TSKEOPS_ISA, else the best of
   * the machine. Set to more than the machine has, it is the best. Results of two sets differ by rounding.
   */
  get instructionSet(): InstructionSetName;
  set instructionSet(name: InstructionSetName | "auto");
  /**
   * What factorises matrices of 1024 rows and more: the path of a library with `dpotrf_`, `dtrsm_`, `dsyrk_` and
   * `dgemm_`, or `"off"`, the code of tskeops. Set to `"auto"`, it is MKL or OpenBLAS where the system has one.
   * Default: TSKEOPS_LAPACK, else `"auto"`.
   */
  lapack: string;
}

const accessors: Settings = {
  get threads(): number {
    return threads();
  },
  set threads(count: number) {
    setThreads(count);
  },
  get instructionSet(): InstructionSetName {
    return instructionSet();
  },
  set instructionSet(name: InstructionSetName | "auto") {
    setInstructionSet(name);
  },
  get lapack(): string {
    return lapack() ?? "off";
  },
  set lapack(choice: string) {
    setLapack(choice);
  },
};

/** What notebooks and `console.log` show: the values. */
Object.defineProperty(accessors, Symbol.for("nodejs.util.inspect.custom"), { value: () => ({ ...accessors }) });

/** The settings of this process: `settings.threads = 2`. */
export const settings: Settings = new Proxy(accessors, {
  set(target, name, value) {
    if (Object.hasOwn(target, name)) return Reflect.set(target, name, value);
    const names = Object.keys(target);
    throw new ArgumentError(
      `settings: expected one of ${names.join(", ")}, got ${String(name)}${suggestion(String(name), names)}`,
    );
  },
});
