// Arrays and lanes on a GPU, and how threads share columns. Follows tile.h and launch.h.

TILE_BINARY(Tile, pow, pow(at(a, u), at(b, u)))
TILE_BINARY(Tile, atan2, atan2(at(a, u), at(b, u)))
TILE_BINARY(Tile, logAddExp, logAddExp(at(a, u), at(b, u)))
TILE_BINARY(Tile, expShare, expShare(at(a, u), at(b, u)))
TILE_UNARY(expm1)
TILE_UNARY(log1p)
TILE_UNARY(sinh)
TILE_UNARY(cosh)
TILE_UNARY(tanh)
TILE_UNARY(erf)
TILE_UNARY(erfc)
TILE_UNARY(log2)
TILE_UNARY(log10)
TILE_UNARY(cbrt)
TILE_UNARY(asinh)
TILE_UNARY(acosh)
TILE_UNARY(atanh)
TILE_UNARY(sin)
TILE_UNARY(cos)
TILE_UNARY(tan)
TILE_UNARY(asin)
TILE_UNARY(acos)
TILE_UNARY(atan)

// Rows first, first + THREADS, … of a [count][DIM] array; past the end the last row is repeated, so that no thread
// leaves early.
template <int DIM> INLINE void load(Tile (&to)[DIM], const scalar *from, int64 first, int64 count) {
  EACH {
    const int64 wanted = first + u * THREADS;
    const scalar *const row = from + DIM * (wanted < count ? wanted : count - 1);
    PER_COMPONENT for (int k = 0; k < DIM; k++) to[k].v[u] = row[k];
  }
}

// Component k of the lanes into out[lane][stride], for those of the first `count` lanes.
INLINE void store(scalar *out, int64 stride, int64 count, Tile value) {
  EACH if (u * THREADS < count) out[u * THREADS * stride] = value.v[u];
}

// ---- what a launch is told -------------------------------------------------------------------------------------------------

struct Launch : LaunchHead {
  const void *arguments[KEOPS_VARIABLES + 1];
};

// What the loop body reads.
struct Job {
  const void *arguments[KEOPS_VARIABLES + 1];
  int64 rows, columns;
};
INLINE Job jobOf(const Launch &launch, int64 entry) {
  Job job;
  job.rows = launch.rows;
  job.columns = launch.columns;
  const int64 *const offsets = launch.offsets ? launch.offsets + entry * (KEOPS_VARIABLES + 1) : nullptr;
  UNROLLED for (int v = 0; v < KEOPS_VARIABLES; v++)
    job.arguments[v] = (const scalar *)launch.arguments[v] + (offsets ? offsets[v] : 0);
  return job;
}
INLINE scalar *resultOf(const Launch &launch, int64 entry) {
  return (scalar *)launch.out + (launch.offsets ? launch.offsets[entry * (KEOPS_VARIABLES + 1) + KEOPS_VARIABLES] : 0);
}

// The pairs that keops_block evaluates.
struct Rectangle {
  int64 firstRow, endRow, firstColumn, endColumn;
};

// A block of rows, and the intervals of columns that it is reduced over.
struct Block {
  int64 firstRow, endRow, firstInterval, endInterval;
};
INLINE Block blockOf(const Launch &launch) {
  const int64 number = launch.firstBlock + blockIdx.x, grain = THREADS * TILE;
  if (launch.rowBlocks) {
    const int64 *const entry = launch.rowBlocks + 4 * number;
    return {entry[0], entry[1], entry[2], entry[3]};
  }
  const int64 first = number * grain, rest = launch.rows - first;
  return {first, rest < grain ? launch.rows : first + grain, blockIdx.y, blockIdx.y + 1};
}

struct Interval {
  int64 begin, end;
};
INLINE Interval intervalOf(const Launch &launch, int64 n) {
  if (launch.intervals) return {launch.intervals[2 * n], launch.intervals[2 * n + 1]};
  const int64 begin = n * launch.partColumns, rest = launch.columns - begin;
  return {begin, rest < launch.partColumns ? launch.columns : begin + launch.partColumns};
}

// The first column that a block will see, or -1.
INLINE int64 firstColumn(const Launch &launch, const Block &block) {
  for (int64 n = block.firstInterval; n < block.endInterval; n++) {
    const Interval interval = intervalOf(launch, n);
    if (interval.begin < interval.end) return interval.begin;
  }
  return -1;
}

// ---- columns in shared memory ----------------------------------------------------------------------------------------------

// Rows of a [count][DIM] array, WIDTH numbers apart.
template <int DIM, int WIDTH> INLINE void stage(scalar *to, const scalar *from, int count) {
  for (int n = threadIdx.x; n < DIM * count; n += THREADS) to[n / DIM * WIDTH + n % DIM] = from[n];
}

// What no column fills: compilers read whole quadruples, and ahead.
INLINE void clear(scalar *shared, int count) {
  for (int n = threadIdx.x; n < count; n += THREADS) shared[n] = 0;
}

// ---- accumulators: in the order of threads, so that none looks at what another wrote ------------------------------------------------

template <class Accumulator> INLINE Accumulator *accumulatorsOf(const Launch &launch, int64 part) {
  const int64 slots = int64(gridDim.x) * (THREADS * TILE);
  return (Accumulator *)launch.accumulators + (blockIdx.z * launch.parts + part) * slots +
         (int64(blockIdx.x) * THREADS + threadIdx.x) * TILE;
}

// Merges so many parts in their order; each is where the thread that made it has put it. `parts` is a 1 in the text of
// kernels that finish themselves: with a loop over parts there, NVRTC 12.4 compiled for ever (the two to four best,
// indices alone).
template <class Accumulator>
INLINE void finishRows(const Launch &launch, const Block &block, int64 parts, int resultDim, int indexDim) {
  const int64 entry = launch.firstEntry + blockIdx.z;
  scalar *const out = resultOf(launch, entry);
  Accumulator *const totals = accumulatorsOf<Accumulator>(launch, 0);
  for (int u = 0; u < TILE; u++) {
    const int64 row = block.firstRow + threadIdx.x + u * THREADS;
    if (row >= block.endRow) return;
    for (int64 part = 1; part < parts; part++) totals[u].merge(accumulatorsOf<Accumulator>(launch, part)[u]);
    totals[u].finish(out + row * resultDim, launch.indices + (entry * launch.rows + row) * indexDim);
  }
}
