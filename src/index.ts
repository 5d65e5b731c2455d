// The public names of tskeops, and nothing else.
export * from "./publicnames";
export * as notebook from "./notebook/display";
