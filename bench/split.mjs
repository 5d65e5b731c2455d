// Where the time of a solve goes. The solver knows nothing of it: for one run, what it calls in the build's compiled
// modules is replaced by the same with a clock around it, so that nothing is added to solves that are not looked at.

/** Time to whoever is innermost, under the name of the group that is outermost. */
class Meter {
  constructor() {
    this.entered = [];
    this.begin();
  }

  /** Forgets what was noted before. */
  begin() {
    this.parts = new Map();
    this.since = this.start = performance.now();
  }

  note() {
    const now = performance.now();
    const [outer, inner = outer] = [this.entered[0], this.entered.at(-1)];
    const key = outer === undefined ? "other" : `${outer.group}: ${inner.name}`;
    this.parts.set(key, (this.parts.get(key) ?? 0) + (now - this.since) / 1000);
    this.since = now;
  }

  within(part, action) {
    this.note();
    this.entered.push(part);
    try {
      return action();
    } finally {
      this.note();
      this.entered.pop();
    }
  }

  result() {
    this.note();
    const groups = { products: 0, preconditioner: 0, dense: 0, other: 0 };
    for (const [key, seconds] of this.parts) groups[key.split(":")[0]] += seconds;
    const total = (performance.now() - this.start) / 1000;
    return { total, ...groups, parts: Object.fromEntries(this.parts) };
  }
}

/**
 * What is replaced: module, owner of the function there, its name; the group that it belongs to where it is the
 * outermost.
 */
const CALLS = [
  ["call/operator.js", "Operator", "pullback", "products", "gradients of K"],
  ["solve/kernelmatrix.js", "KernelMatrix", "entries", "other", "entries of K"],
];
const MAKERS = [["solve/product.js", "Product", "applyWith", "products", "K v"]];
const TASKS = [
  ["solve/lowrank.js", null, "lowRank", "preconditioner", "search"],
  ["solve/lowrank.js", "LowRank", "inverse", "preconditioner", "search"],
  ["solve/precondition.js", null, "exactInverse", "dense", "matrix"],
];
/** The dense algebra by function. */
const OF_ALGEBRA = {
  choosePivots: "preconditioner",
  extend: "preconditioner",
  gram: "preconditioner",
  subtractTall: "preconditioner",
  lowRankSolve: "preconditioner",
  cholesky: "dense",
  choleskySolve: "dense",
};

/** A function whose result may be work that is done later. */
const ofCall = (meter, original, part) =>
  function (...args) {
    const result = meter.within(part, () => original.apply(this, args));
    if (typeof result?.now !== "function") return result;
    return new result.constructor(() => meter.within(part, () => result.now()), result.later);
  };

/** A function that makes such a one. */
const ofMaker = (meter, original, part) =>
  function (...args) {
    return ofCall(meter, original.apply(this, args), part);
  };

/** A generator, with all that it waits for. */
const ofTask = (meter, original, part) =>
  function* (...args) {
    meter.note();
    meter.entered.push(part);
    try {
      return yield* original.apply(this, args);
    } finally {
      meter.note();
      meter.entered.pop();
    }
  };

const ofAlgebra = (meter, original) => () => {
  const algebra = original();
  if (algebra === null) return null;
  const timed = Object.entries(OF_ALGEBRA).map(([name, group]) => [
    name,
    ofCall(meter, algebra[name], { group, name }),
  ]);
  return { ...algebra, ...Object.fromEntries(timed) };
};

/** Replaces them all, and returns what puts them back. */
function attach(build, meter) {
  const undo = [];
  const replace = (path, owner, name, by) => {
    const module = build.module(path);
    const target = owner === null ? module : module[owner].prototype;
    const original = target[name];
    if (typeof original !== "function") throw new Error(`${path}: expected a function ${name}`);
    target[name] = by(original);
    undo.push(() => (target[name] = original));
  };
  const rows = (list, by) =>
    list.forEach(([path, owner, name, group, part]) =>
      replace(path, owner, name, (original) => by(meter, original, { group, name: part })),
    );
  try {
    rows(CALLS, ofCall);
    rows(MAKERS, ofMaker);
    rows(TASKS, ofTask);
    replace("solve/precondition.js", null, "denseWork", (original) => ofAlgebra(meter, original));
  } catch (error) {
    undo.forEach((back) => back());
    throw error;
  }
  return () => undo.forEach((back) => back());
}

const RUNS = 3;

/** Seconds of the fastest of some runs by part; null where the build has other modules. */
export function splitOf(build, call) {
  let found = null;
  for (let k = 0; k < RUNS && (found?.total ?? 0) < 1; k++) {
    const split = splitOnce(build, call);
    if (split === null) return null;
    if (found === null || split.total < found.total) found = split;
  }
  return found;
}

/** What comes before the call is run with the same clocks, as it makes what the call uses. */
function splitOnce(build, { before, run }) {
  const meter = new Meter();
  let detach;
  try {
    detach = attach(build, meter);
  } catch {
    return null;
  }
  try {
    const argument = before?.();
    meter.begin();
    run(argument);
    return meter.result();
  } finally {
    detach();
  }
}
