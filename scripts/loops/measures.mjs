/**
 * What is measured of machine code: how many instructions the loops that matter take, and how many of those pass a
 * vector register through the stack. Of a generated routine it is the loop over pairs, which is found by the lines of
 * its source; of the addon's kernels, all innermost loops that compute with vectors.
 */
import { loopsOf } from "./disassembly.mjs";

const ARITHMETIC = /^v?(add|sub|mul|div|sqrt|min|max|cmp\w*|fn?m(add|sub)\d+)p[sd]$/;
const countOf = (instructions, test) => instructions.filter(test).length;
const arithmeticIn = (instructions) => countOf(instructions, ({ name }) => ARITHMETIC.test(name));

// ---------------------------------------------------------------------------------------------------------- the stack

/** Whether a function lets %rbp point to the stack. */
const setsUpFrame = (instructions) =>
  instructions.some(({ name, operands }) => name === "mov" && operands === "%rsp,%rbp");

/**
 * How many instructions read and write a vector on the stack at a fixed place. What has an index is an array, which
 * stands in memory on purpose.
 */
function stackOf(instructions, isFrame) {
  const place = isFrame ? /\(%r[sb]p\)/ : /\(%rsp\)/;
  const passing = instructions.filter(({ operands }) => place.test(operands) && /%[xyz]mm\d/.test(operands));
  const writes = countOf(passing, ({ operands }) => /\(%r[sb]p\)(\{%k\d\})?$/.test(operands));
  return { reads: passing.length - writes, writes };
}

// ----------------------------------------------------------------------------------------------------------- routines

/**
 * The loop over pairs, as src/codegen/loops.ts and symmetric.ts write it: over columns, one or several in a step; or
 * over tiles of columns.
 */
const PAIR_LOOP =
  /for \((?:int64 column = \w+)?; column (?:\+ \d+ <=|<) \w+; column(?:\+\+| \+= (\d+))\)|for \(int64 first = from; first < last; first \+= TILE_LANES\)/;
const COMPONENT_LOOP = /for \(int k = (\d+); k < (\d+); k \+= (\d+)\)/;
const LANE_LOOP = /for \(int l = 0; l < TILE_LANES; l\+\+\)/;
const UNROLLED = /#pragma (?:GCC )?unroll (\d+)/;

/**
 * Of a routine's text and code, per vector of pairs: { instructions: [how many], reads, writes }. @param name what
 * errors call it.
 */
export function measureRoutine(name, source, functions, vectorBytes) {
  const text = { lines: source.split("\n"), tile: defined(source, "KEOPS_TILE") };
  text.lanes = (text.tile * vectorBytes) / (defined(source, "KEOPS_DOUBLE") === 1 ? 8 : 4);
  const isMain = ([called]) => /^keops_(reduce|pairs_once)\b/.test(called);
  const found = [...functions].filter(isMain).flatMap(([, instructions]) => pairLoops(instructions, text));
  const main = found.sort((a, b) => arithmeticIn(b.loop.all) - arithmeticIn(a.loop.all))[0];
  if (!main || arithmeticIn(main.loop.all) === 0)
    throw new Error(`${name}: expected a loop over pairs, got none that is known`);
  const isFrame = setsUpFrame(main.instructions);
  const perVector = (count) => {
    const all = perRound(main.loop, text, count);
    return Math.round((10 * all) / (text.tile * main.columns)) / 10;
  };
  const stack = (kind) => perVector((instructions) => stackOf(instructions, isFrame)[kind]);
  return { instructions: [perVector(({ length }) => length)], reads: stack("reads"), writes: stack("writes") };
}

const defined = (source, name) => Number(new RegExp(`^#define ${name} (\\d+)`, "m").exec(source)?.[1]);

/** The loops over pairs of a function with their columns per step, none around another. */
function pairLoops(instructions, text) {
  const loops = loopsOf(instructions).filter((loop) => matchIn(loop, text, PAIR_LOOP));
  const isAround = (outer) => loops.some((loop) => loop !== outer && outer.blocks.has(loop.header));
  const innermost = loops.filter((loop) => !isAround(loop));
  return innermost.map((loop) => ({ loop, instructions, columns: Number(matchIn(loop, text, PAIR_LOOP)[1] ?? 1) }));
}

/** The first of the lines that a loop's tests come from that matches. */
function matchIn(loop, { lines }, pattern) {
  return [...loop.lines].map((line) => pattern.exec(lines[line - 1] ?? "")).find((match) => match !== null);
}

/**
 * What a round of a loop has, with that of the loops inside it as often as the text tells, and once where it does
 * not.
 */
function perRound(loop, text, count) {
  const inner = loop.inner.map((nested) => roundsOf(nested, text) * perRound(nested, text, count));
  return count(loop.own) + inner.reduce((sum, more) => sum + more, 0);
}

function roundsOf(loop, text) {
  if (matchIn(loop, text, LANE_LOOP)) return text.lanes;
  for (const line of loop.lines) {
    const match = COMPONENT_LOOP.exec(text.lines[line - 1] ?? "");
    if (!match) continue;
    const [, first, end, step] = match.map(Number);
    return Math.ceil((end - first) / step / Number(UNROLLED.exec(text.lines[line - 2] ?? "")?.[1] ?? 1));
  }
  return 1;
}

// ------------------------------------------------------------------------------------------------------------ kernels

/**
 * Of the functions that have such loops: { instructions: of each loop without those inside it, reads, writes: of all
 * of them }. Variants of a tile kernel, which read their arguments in different ways, count as one.
 */
export function measureKernels(functions) {
  const measured = {};
  for (const [name, instructions] of functions) {
    const kernel = shortName(name);
    const loops = loopsOf(instructions).filter((loop) => arithmeticIn(loop.own) > 0 && isInner(loop, kernel));
    if (loops.length > 0) addTo((measured[kernel] ??= { instructions: [], reads: 0, writes: 0 }), loops, instructions);
  }
  return measured;
}

/** Inside the loop over vectors of an operation only rare lanes are gone through one by one. */
const isInner = ({ inner }, kernel) => inner.length === 0 || kernel.startsWith("eachVector");

function addTo(measured, loops, instructions) {
  measured.instructions.push(...loops.map(({ own }) => own.length).sort((a, b) => b - a));
  for (const { own } of loops) {
    const { reads, writes } = stackOf(own, setsUpFrame(instructions));
    measured.reads += reads;
    measured.writes += writes;
  }
}

/** The name without namespace, result, parameters, and the variant of a tile kernel: `eachVector<ExpRow>`. */
function shortName(name) {
  const plain = name.replaceAll("(anonymous namespace)::", "").replace(/^(?:void|bool|int|long|float|double) /, "");
  return plain.replace(/\([^()]*\)( const)?(?= |$)/, "").replace(/^(eachVector|sumOverTerms)<(\w+), .*>/, "$1<$2>");
}
