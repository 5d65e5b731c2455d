/**
 * Machine code as functions, instructions and loops: what objdump prints of an object, and the natural loops of each
 * function, found by dominators, so that the order in which a compiler lays out its blocks does not matter. Knows
 * x86-64 and no formula.
 */
import { spawnSync } from "node:child_process";

/**
 * The functions of an object file or library, by name.
 * An instruction is { address, name, operands, line }: the line of the source, if the object was compiled with -g1.
 */
export function functionsOf(object) {
  const functions = new Map();
  let current, line;
  for (const text of objdump(object).split("\n")) {
    const head = /^[0-9a-f]+ <(.+)>:$/.exec(text);
    const place = /^\S.*:(\d+)(?: \(discriminator \d+\))?$/.exec(text);
    const code = /^ +([0-9a-f]+):\t(?:(?:notrack|bnd|rep\w*|lock|data16|cs) )*(\S+) *(.*)$/.exec(text);
    if (head) functions.set(head[1], (current = []));
    else if (code)
      current.push({ address: parseInt(code[1], 16), name: code[2], operands: code[3].replace(/ *#.*/, ""), line });
    else if (place) line = Number(place[1]);
  }
  return functions;
}

function objdump(object) {
  const args = ["--disassemble", "--line-numbers", "--demangle", "--no-show-raw-insn", object];
  const { error, status, stdout, stderr } = spawnSync("objdump", args, { encoding: "utf8", maxBuffer: 2 ** 30 });
  if (error?.code === "ENOENT")
    throw new Error("objdump: expected it in PATH, found none: it is part of binutils (apt-get install binutils)");
  if (error || status !== 0) throw new Error(`objdump ${object}: ${error?.message ?? stderr}`);
  return stdout;
}

/**
 * The loops of a function's instructions. A loop is { blocks, all, own, inner, lines }: its instructions, those of
 * them that are in no loop inside it, the loops directly inside it, and the lines of the source that its tests come
 * from.
 */
export function loopsOf(instructions) {
  const blocks = blocksOf(instructions);
  const order = reversePostorder(blocks);
  const dominators = dominatorsOf(blocks, order);
  const loops = naturalLoops(blocks, order, dominators).sort((a, b) => a.blocks.size - b.blocks.size);
  for (const [n, loop] of loops.entries()) {
    const outer = loops.slice(n + 1).find(({ blocks: others }) => others.has(loop.header));
    loop.outer = outer;
    if (outer) outer.inner.push(loop);
  }
  for (const loop of loops) fill(loop, blocks);
  return loops;
}

function fill(loop, blocks) {
  const instructionsIn = (numbers) => numbers.sort((a, b) => a - b).flatMap((number) => blocks[number].instructions);
  const inside = new Set(loop.inner.flatMap((inner) => [...inner.blocks]));
  const ownBlocks = [...loop.blocks].filter((number) => !inside.has(number));
  loop.all = instructionsIn([...loop.blocks]);
  loop.own = instructionsIn(ownBlocks);
  const isTest = ({ next }) => next.some((number) => number === loop.header || !loop.blocks.has(number));
  const tests = ownBlocks.map((number) => blocks[number]).filter(isTest);
  loop.lines = new Set(tests.map(({ instructions }) => instructions.at(-1).line));
}

// ------------------------------------------------------------------------------------------------ blocks of a function

const isJump = ({ name }) => /^j/.test(name);
const endsFlow = ({ name }) => /^(jmp|ret|ud2|hlt)/.test(name);
const targetOf = ({ operands }) => parseInt(/^([0-9a-f]+)\b/.exec(operands)?.[1] ?? "-1", 16);

/** Stretches that run as a whole: { instructions, next }, where `next` are numbers of blocks. */
function blocksOf(instructions) {
  const places = new Map(instructions.map(({ address }, n) => [address, n]));
  const begins = new Set([0]);
  for (const [n, instruction] of instructions.entries()) {
    if (!isJump(instruction) && !endsFlow(instruction)) continue;
    begins.add(n + 1);
    const target = places.get(targetOf(instruction));
    if (isJump(instruction) && target !== undefined) begins.add(target);
  }
  const starts = [...begins].filter((n) => n < instructions.length).sort((a, b) => a - b);
  const numbers = new Map(starts.map((start, number) => [start, number]));
  return starts.map((start, number) => {
    const own = instructions.slice(start, starts[number + 1]);
    const last = own.at(-1);
    const target = isJump(last) ? numbers.get(places.get(targetOf(last))) : undefined;
    const follower = !endsFlow(last) && number + 1 < starts.length ? number + 1 : undefined;
    return { instructions: own, next: [target, follower].filter((next) => next !== undefined) };
  });
}

function reversePostorder(blocks) {
  const seen = new Set([0]);
  const order = [];
  const open = [{ block: 0, done: 0 }];
  while (open.length > 0) {
    const top = open.at(-1);
    const next = blocks[top.block]?.next[top.done++];
    if (next === undefined) order.push(open.pop().block);
    else if (!seen.has(next)) {
      seen.add(next);
      open.push({ block: next, done: 0 });
    }
  }
  return order.reverse();
}

/** The closest dominator of each block (Cooper, Harvey and Kennedy, A Simple, Fast Dominance Algorithm, 2001). */
function dominatorsOf(blocks, order) {
  const rank = new Map(order.map((block, n) => [block, n]));
  const before = predecessorsOf(blocks, order);
  const closest = new Map([[0, 0]]);
  const meet = (a, b) => {
    while (a !== b) rank.get(a) > rank.get(b) ? (a = closest.get(a)) : (b = closest.get(b));
    return a;
  };
  for (let changed = true; changed;) {
    changed = false;
    for (const block of order.slice(1)) {
      const found = before
        .get(block)
        .filter((other) => closest.has(other))
        .reduce(meet);
      changed ||= closest.get(block) !== found;
      closest.set(block, found);
    }
  }
  return closest;
}

function predecessorsOf(blocks, order) {
  const before = new Map(order.map((block) => [block, []]));
  for (const block of order) for (const next of blocks[block].next) before.get(next).push(block);
  return before;
}

function naturalLoops(blocks, order, closest) {
  const before = predecessorsOf(blocks, order);
  const dominates = (a, b) => {
    while (b !== a && b !== 0) b = closest.get(b);
    return a === b;
  };
  const loops = new Map();
  for (const end of order)
    for (const header of blocks[end].next.filter((next) => dominates(next, end))) {
      if (!loops.has(header)) loops.set(header, { header, blocks: new Set([header]), inner: [] });
      addBody(loops.get(header).blocks, end, before);
    }
  return [...loops.values()];
}

/** All blocks from which `end` is reached without passing the header, which is in `body` already. */
function addBody(body, end, before) {
  const open = [end];
  while (open.length > 0) {
    const block = open.pop();
    if (body.has(block)) continue;
    body.add(block);
    open.push(...before.get(block));
  }
}
