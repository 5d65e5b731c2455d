/** How a row is called: its arguments in formulas, and its method of lazy tensors. Knows no formula. */

/** What an argument of an operation may be, in the order in which it is written. */
export interface Slot {
  readonly name: string;
  readonly kind: "formula" | "variable" | "integer" | "number" | "list";
  /** Whether it may be left out without standing for a number. */
  readonly optional?: boolean;
  /** The number that stands for it where it is left out. */
  readonly default?: number;
}

/**
 * What a row says about its method of lazy tensors, where that is not its name with a small first letter, on real
 * numbers.
 */
export interface MethodRow {
  /**
   * Names between spaces. What pykeops writes without underscores is the only name; where it has underscores, the name
   * in camel case stands before that. Null where a method written by hand does it.
   */
  readonly method?: string | null;
  /** The arguments between spaces in the order of the method, where that is another; the first is the tensor itself. */
  readonly order?: string;
  /** Where complex numbers stand: in the arguments that are formulas, in the result, or in both. */
  readonly complex?: "arguments" | "result" | "both";
}

/** How lazy tensors call a row. */
export interface Method {
  readonly names: readonly string[];
  readonly order: readonly string[];
  readonly takesComplex: boolean;
  readonly givesComplex: boolean;
}

/** The method of the row called `name` with these arguments. */
export function methodOf(name: string, slots: readonly Slot[], { method, order, complex }: MethodRow): Method {
  return {
    names: methodNames(name, method),
    order: order?.split(" ") ?? slots.map((slot) => slot.name),
    takesComplex: complex === "arguments" || complex === "both",
    givesComplex: complex === "result" || complex === "both",
  };
}

/** The names of a row's method: its own with a small first letter where it says nothing else. */
export function methodNames(name: string, method: MethodRow["method"]): readonly string[] {
  return method === null ? [] : (method ?? name.charAt(0).toLowerCase() + name.slice(1)).split(" ");
}
