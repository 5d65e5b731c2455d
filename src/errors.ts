/**
 * Every error that tskeops throws on purpose. All say *where: expected what, got what*, and carry a stable `code`.
 * A failure that is none of these is a bug of tskeops, not of its user.
 */

export type ErrorCode =
  | "ERR_KEOPS_FORMULA"
  | "ERR_KEOPS_ARGUMENT"
  | "ERR_KEOPS_COMPILE"
  | "ERR_KEOPS_DEVICE"
  | "ERR_KEOPS_CONVERGENCE"
  | "ERR_KEOPS_INTERRUPTED";

/** Base of all errors of this library. */
export class KeopsError extends Error {
  /** The name of the class. */
  override name = "KeopsError";
  /** Which error it is, for programs; it does not change with the message. */
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** A formula or an alias cannot be read, or its dimensions do not fit. */
export class FormulaError extends KeopsError {
  override name = "FormulaError";

  constructor(message: string, options?: ErrorOptions) {
    super("ERR_KEOPS_FORMULA", message, options);
  }
}

/** An argument has the wrong shape, dtype, kind or value. */
export class ArgumentError extends KeopsError {
  override name = "ArgumentError";

  constructor(message: string, options?: ErrorOptions) {
    super("ERR_KEOPS_ARGUMENT", message, options);
  }
}

/** The C++ compiler refused a generated routine; `source` is the generated file. */
export class CompileError extends KeopsError {
  override name = "CompileError";
  /** The generated file. */
  readonly source: string;

  constructor(message: string, source: string, options?: ErrorOptions) {
    super("ERR_KEOPS_COMPILE", message, options);
    this.source = source;
  }
}

/** The backend that was asked for cannot run here. */
export class DeviceError extends KeopsError {
  override name = "DeviceError";

  constructor(message: string, options?: ErrorOptions) {
    super("ERR_KEOPS_DEVICE", message, options);
  }
}

/** An iteration ended without reaching its tolerance; carries what it had reached. */
export class ConvergenceError extends KeopsError {
  override name = "ConvergenceError";
  /** Iterations done. */
  readonly iterations: number;
  /** Largest relative residual over the columns. */
  readonly residual: number;
  /** The last iterate, in the shape of the result. */
  readonly lastIterate: unknown;

  constructor(message: string, reached: { iterations: number; residual: number; lastIterate: unknown }) {
    super("ERR_KEOPS_CONVERGENCE", message);
    this.iterations = reached.iterations;
    this.residual = reached.residual;
    this.lastIterate = reached.lastIterate;
  }
}

/** The user stopped the computation: Ctrl-C, the notebook's stop button, or an AbortSignal. */
export class InterruptedError extends KeopsError {
  override name = "InterruptedError";

  constructor(message: string, options?: ErrorOptions) {
    super("ERR_KEOPS_INTERRUPTED", message, options);
  }
}
