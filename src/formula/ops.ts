/**
 * The operation table: one row per operation, and nothing about any operation elsewhere. From a row come the parser's
 * entry, the builder, the dim check, the gradient to any order, the code of every device, the reference value, folding
 * and tests.
 */
export * from "./core";
export * from "./maths";
export * from "./functions";
export * from "./vectors";
export * from "./tensors";
export * from "./complex";
export * from "./special";
export * from "./gammas";
