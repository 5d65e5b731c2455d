/**
 * What was recorded of loops, and how what is measured now compares. A record is { compiler, loops }, and `loops` has
 * for each loop's name { instructions, reads, writes, why }: counts of instructions, of those that read and write
 * vectors on the stack, and the reason where there are any. Knows no machine code.
 */

/** By how much counts may exceed the recorded ones. */
const TOLERANCE = 1.05;

/**
 * What is wrong with the loops that were measured, in lines. @param isWhole whether all that was recorded was
 * measured.
 */
export function faultsOf(measured, recorded, isWhole) {
  const faults = Object.entries(measured).flatMap(([name, now]) =>
    faultsOfLoop(now, recorded.loops[name]).map((fault) => `${name}: ${fault}`),
  );
  const gone = isWhole ? Object.keys(recorded.loops).filter((name) => !(name in measured)) : [];
  return [...faults, ...gone.map((name) => `${name}: expected the loop that was recorded, got none`)];
}

function faultsOfLoop(now, before) {
  if (!before) return ["expected a record of it, got none"];
  const faults = [];
  const [expected, got] = [before, now].map(({ instructions }) => instructions.join(", "));
  if (exceeds(now.instructions, before.instructions))
    faults.push(`expected ${expected} instructions, or 5 % more, got ${got}`);
  for (const kind of ["reads", "writes"])
    if (now[kind] > (before[kind] ?? 0))
      faults.push(`expected at most ${before[kind] ?? 0} ${kind} of vectors on the stack, got ${now[kind]}`);
  if ((before.reads || before.writes) && !before.why)
    faults.push('expected the reason for vectors on the stack as "why", got none');
  return faults;
}

/** Loop by loop; their sum where there are more or fewer loops than before. */
function exceeds(now, before) {
  const sum = (counts) => counts.reduce((total, count) => total + count, 0);
  if (now.length !== before.length) return sum(now) > TOLERANCE * sum(before);
  return now.some((count, n) => count > TOLERANCE * before[n]);
}

/**
 * The record of what was measured, as text: a line for each loop. Reasons stay where they still hold. @param why for
 * those that have none.
 */
export function recordText(measured, compiler, recorded, why) {
  const rows = Object.entries(measured).map(([name, now]) => {
    const { instructions, reads, writes } = now;
    const stack = reads + writes > 0 ? { reads, writes, why: reasonFor(now, recorded.loops[name]) ?? why ?? "" } : {};
    return `${JSON.stringify(name)}: ${JSON.stringify({ instructions, ...stack })}`;
  });
  return `{\n"compiler": ${JSON.stringify(compiler)},\n"loops": {\n${rows.join(",\n")}\n}\n}\n`;
}

const ONLY_READ = "values that the loop only reads and that find no register";

function reasonFor({ reads, writes }, before) {
  if (writes === 0) return ONLY_READ;
  const isCovered = before?.why && before.why !== ONLY_READ && reads <= before.reads && writes <= before.writes;
  return isCovered ? before.why : undefined;
}
