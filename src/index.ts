// The public names of tskeops, and nothing else.
export * from "./names";
export * as notebook from "./notebook/display";
