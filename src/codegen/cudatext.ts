/**
 * The CUDA C++ file of a specification: prelude, and the loops of a GPU around the loop body that the scheme writes,
 * the same text as on the CPU. A thread has one to four rows; the threads of a block share columns, which come through
 * shared memory together with what is hoisted. Text in, text out: nothing is compiled.
 */
import type { Variable } from "../formula/formula";
import { lookUp } from "../asserts";
import { stepOf, unrollFactor } from "./cudasteps";
import type { Step } from "./cudasteps";
import { argument, braces, columnsTogether, perCall, perLane, perStep, stepFunction } from "./loops";
import { UNROLL } from "./placement";
import { cudaPrelude } from "./prelude";
import type { Scheme, SchemeOptions } from "./scheme";
import {
  BLOCK,
  constants,
  dimOf,
  flushEvery,
  headline,
  hoistedScheme,
  lanesOf,
  mainScheme,
  resultDims,
} from "./specification";
import type { Specification } from "./specification";

/** A generated file, and what the launcher must know of it. */
export interface CudaProgram {
  readonly source: string;
  /** What of it is the formula's own: all but the prelude. */
  readonly code: string;
  /** Threads of a block. */
  readonly threads: number;
  /** Rows of a block of threads (columns, in the form `block`). */
  readonly grain: number;
  /** Columns that are in shared memory at a time. */
  readonly columns: number;
}

/**
 * Threads of a block: enough to hide the latency of shared memory, few enough that blocks of few registers fill a
 * processor.
 */
const THREADS = 128;
/** What a block may take of shared memory: four blocks and more share a processor. */
const SHARED_BYTES = 16 * 1024;

export function cudaProgram(specification: Specification): CudaProgram {
  return new CudaText(specification).program();
}

class CudaText {
  private readonly main: Scheme;
  private readonly step: Step;
  private readonly layout: Layout;

  constructor(private readonly specification: Specification) {
    const { reduction, dtype } = specification;
    const lanes = lanesOf(specification);
    const hoisting = mainScheme(specification, lanes, { hoist: reduction !== null });
    this.layout = layoutOf(hoisting, dtype === "float64" ? 8 : 4);
    const hoist = reduction !== null && this.layout.isShared;
    const single = hoist ? hoisting : mainScheme(specification, lanes, { hoist });
    this.step = stepOf(single, specification);
    this.main = this.step.isWide ? mainScheme(specification, lanes, { hoist, ...this.wideLoops() }) : single;
  }

  /** Loops over components of rows in memory: one instruction reads four numbers of a column from shared memory. */
  private wideLoops(): Pick<SchemeOptions, "columnStride" | "unroll"> {
    const isShared = this.layout.isShared;
    const columnStride = (dim: number): number | string => (isShared ? "WIDTH" : dim);
    return { unroll: isShared ? 4 : 2, ...(this.step.columns > 1 && { columnStride }) };
  }

  program(): CudaProgram {
    const { specification, main, layout } = this;
    const { tile } = this.step;
    const functions = specification.reduction ? [this.reduce(), FINISH] : [this.block()];
    const text = [...constants(specification, main), ...functions.flatMap((lines) => ["", ...lines]), ""].join("\n");
    const source = [
      ...headline(specification, main),
      `#define KEOPS_DOUBLE ${specification.dtype === "float64" ? 1 : 0}`,
      `#define KEOPS_TILE ${tile}`,
      `#define KEOPS_IN_MEMORY ${this.step.isWide ? 1 : 0}`,
      `#define KEOPS_THREADS ${THREADS}`,
      `#define KEOPS_VARIABLES ${specification.variables.length}`,
      cudaPrelude(text),
      text,
      "} // namespace keops",
      "",
    ].join("\n");
    return {
      source,
      code: [...headline(specification, main), text].join("\n"),
      threads: THREADS,
      grain: tile * THREADS,
      columns: layout.columns,
    };
  }

  /** What a pair adds to its reducer. */
  private additions(): number {
    return Math.max(1, ...resultDims(this.specification));
  }

  private reduce(): string[] {
    const { main, layout } = this;
    return [
      'extern "C" __constant__ int64 keops_accumulator_bytes = sizeof(Accumulator);',
      "",
      ...braces(
        'extern "C" __global__ void __launch_bounds__(THREADS, 1) keops_reduce(const Launch launch)',
        ...(layout.isShared ? sharedMemory(layout) : []),
        "const Job ofEntry = jobOf(launch, launch.firstEntry + blockIdx.z), *const job = &ofEntry;",
        "const Block block = blockOf(launch);",
        ...perCall(main),
        ...perLane(main, "block.firstRow + threadIdx.x", "block.endRow"),
        "Reducer reducer;",
        "reducer.begin(firstColumn(launch, block));",
        ...this.intervals(),
        "reducer.store(accumulatorsOf<Accumulator>(launch, blockIdx.y), TILE);",
        "if (launch.parts == 1) finishRows<Accumulator>(launch, block, 1, RESULT_DIM, INDEX_DIM);",
      ),
    ];
  }

  /** The columns of every interval, as many at a time as shared memory takes. */
  private intervals(): string[] {
    const { layout } = this;
    const every = flushEvery(this.specification);
    const flush = (columns: string, when: boolean): string[] => (when ? [`reducer.flush(${columns});`] : []);
    const columns = this.step.columns === 1 ? this.columnByColumn(flush("1", every === 1)) : this.columnsTogether();
    const tiles = braces(
      `for (int64 first = interval.begin; first < interval.end; first += ${layout.columns})`,
      `const int count = interval.end - first < ${layout.columns} ? int(interval.end - first) : ${layout.columns};`,
      ...(layout.isShared ? this.stagingLines() : []),
      ...columns,
      ...flush("count", every === BLOCK),
    );
    return braces(
      "for (int64 n = block.firstInterval; n < block.endInterval; n++)",
      "const Interval interval = intervalOf(launch, n);",
      ...tiles,
      ...flush("interval.end - interval.begin", every === Infinity),
    );
  }

  private columnByColumn(flush: readonly string[]): string[] {
    return [
      `#pragma unroll ${unrollFactor(this.main.cost + this.additions(), this.step.tile)}`,
      ...braces("for (int j = 0; j < count; j++)", ...this.perColumn(), ...flush),
    ];
  }

  /** The loops are long enough as they are; compilers may not unroll them. */
  private columnsTogether(): string[] {
    const loops = columnsTogether("int j", "0", "count", this.step.columns);
    return [
      ...stepFunction("int j", this.perColumn()),
      ...loops.flatMap((line) => (line.startsWith("for") ? ["#pragma unroll 1", line] : [line])),
    ];
  }

  private perColumn(): string[] {
    const { main, layout } = this;
    return [
      "const int64 column = first + j;",
      ...(main.hoisted.length > 0 ? ["const scalar *const h = shared + WIDTH * j;"] : []),
      ...perStep(main, "column", layout.isShared ? (v) => `shared + (WIDTH * j + ${layout.offset(v)})` : undefined),
    ];
  }

  /** Columns first .. first + count into shared memory, and what is hoisted; all threads come here equally often. */
  private stagingLines(): string[] {
    const { main, layout } = this;
    const copies = main.variables.loop.map(
      (v) => `stage<${v.dim}, WIDTH>(shared + ${layout.offset(v)}, ${argument(v.position)} + ${v.dim} * first, count);`,
    );
    return ["__syncthreads();", ...copies, ...(main.hoisted.length > 0 ? this.hoisting() : []), "__syncthreads();"];
  }

  private hoisting(): string[] {
    const columns = hoistedScheme(
      this.specification,
      this.main,
      (offset, value) => `store(h + ${offset}, WIDTH, count - c, ${value});`,
    );
    return braces(
      "for (int c = threadIdx.x; c < count; c += THREADS * TILE)",
      "scalar *const h = shared + WIDTH * c;",
      ...perCall(columns),
      ...perLane(columns, "first + c", "first + count"),
      ...columns.lines.pair,
    );
  }

  private block(): string[] {
    const { main } = this;
    const rows = braces(
      "for (int64 row = part.firstRow + blockIdx.y; row < part.endRow; row += gridDim.y)",
      "scalar *const target = (scalar *)launch.out + ((row - part.firstRow) * (part.endColumn - part.firstColumn) + column - part.firstColumn) * RESULT_DIM;",
      ...perStep(main, "row"),
    );
    const columns = braces(
      "if (column < part.endColumn)",
      "const int64 lanes = part.endColumn - column;",
      ...perLane(main, "column", "job->columns"),
      ...rows,
    );
    return braces(
      'extern "C" __global__ void __launch_bounds__(THREADS, 1) keops_block(const Launch launch, const Rectangle part)',
      "const Job ofEntry = jobOf(launch, 0), *const job = &ofEntry;",
      "const int64 column = part.firstColumn + int64(blockIdx.x) * (THREADS * TILE) + threadIdx.x;",
      ...perCall(main),
      ...columns,
    );
  }
}

const FINISH: readonly string[] = braces(
  'extern "C" __global__ void __launch_bounds__(THREADS, 1) keops_finish(const Launch launch)',
  "finishRows<Accumulator>(launch, blockOf(launch), launch.parts, RESULT_DIM, INDEX_DIM);",
);

// ------------------------------------------------------------------------------------------------- shared memory

/** Where the numbers of a column stand in shared memory: hoisted ones first. */
interface Layout {
  /** False where a single column takes more than there is; the loop then reads the arrays themselves. */
  readonly isShared: boolean;
  /** Numbers from one column to the next: whole quadruples, which one instruction reads. */
  readonly width: number;
  readonly columns: number;
  offset(variable: Variable): number;
}

function sharedMemory({ width, columns }: Layout): string[] {
  return [
    `enum { WIDTH = ${width} };`,
    `__shared__ __align__(16) scalar shared[${columns} * WIDTH];`,
    `clear(shared, ${columns} * WIDTH);`,
  ];
}

function layoutOf(main: Scheme, bytes: number): Layout {
  const offsets = new Map<number, number>();
  let width = dimOf(main);
  const roundToQuadruples = (numbers: number): number => Math.ceil(numbers / (16 / bytes)) * (16 / bytes);
  for (const { position, dim } of main.variables.loop) {
    if (dim > UNROLL) width = roundToQuadruples(width);
    offsets.set(position, width);
    width += dim;
  }
  width = width <= 1 ? width : roundToQuadruples(width);
  const fitting = Math.floor(SHARED_BYTES / (Math.max(1, width) * bytes));
  const columns = Math.min(BLOCK, 2 ** Math.floor(Math.log2(Math.max(1, fitting))));
  const isShared = width > 0 && columns >= 16;
  return { isShared, width, columns: isShared ? columns : BLOCK, offset: (v) => lookUp(offsets, v.position) };
}
