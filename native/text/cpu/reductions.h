// Prelude of routines of the form `reduce`: what a block of rows keeps while it runs over the columns, one struct per
// family of reductions, each in a file of its own: sums.h, products.h, best.h, exponentialsums.h.
//
//   reducer.begin(firstColumn)     the neutral element; firstColumn is the first column that will come, or -1
//   reducer.add(k, value, column)  component k of one column enters
//   reducer.flush(columns)         after every block of that many columns
//   reducer.store(to, count)       the first `count` lanes as accumulators
// (a column is one number where lanes are rows, and a TileIndex of them where lanes are columns: columnlanes.h)
// and on accumulators, one per row, when all parts of the columns are done:
//   accumulator.merge(later)       parts come in the order of their columns
//   accumulator.finish(out, indices)

// The first column that a block will see, or -1.
INLINE int64 firstColumn(const Block *block) {
  for (int64 n = 0; n < block->intervalCount; n++)
    if (block->intervals[2 * n] < block->intervals[2 * n + 1]) return block->intervals[2 * n];
  return -1;
}

template <class Accumulator>
INLINE void finishRows(int64 rows, void *accumulators, int64 parts, int64 partBytes, scalar *out, int resultDim,
                       int32 *indices, int indexDim) {
  for (int64 row = 0; row < rows; row++) {
    Accumulator &total = ((Accumulator *)accumulators)[row];
    for (int64 part = 1; part < parts; part++)
      total.merge(((const Accumulator *)((const char *)accumulators + part * partBytes))[row]);
    total.finish(out + row * resultDim, indices + row * indexDim);
  }
}
