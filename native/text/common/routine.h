// What the addon and a generated routine tell each other. Both include this text; it needs no header.
//
// The formula is a function of a row index (kept), a column index (reduced over) and parameters. With axis 1 rows are i
// and columns are j; with axis 0 the other way round: only the table of variables knows.
#ifndef TSKEOPS_ROUTINE_H
#define TSKEOPS_ROUTINE_H

typedef __INT32_TYPE__ int32;
typedef __INT64_TYPE__ int64;

enum { TSKEOPS_ABI = 5 };

// keops_table, exported by every routine: these entries, then (kind, dim) for every variable in alias order.
enum TableEntry {
  TABLE_ABI,
  TABLE_REAL_BYTES,         // 4 or 8: the dtype of every array
  TABLE_ROW_GRAIN,          // blocks of rows are best a multiple of this
  TABLE_ACCUMULATOR_BYTES,  // per row; 0 in a routine of the form `block`
  TABLE_RESULT_DIM,         // numbers per row (reduce) or per pair (block) in `out`
  TABLE_INDEX_DIM,          // int32 per row in `indices`; 0 in most reductions
  TABLE_HOISTED_REALS,      // reals per column that keops_prepare computes once per call; 0 when there is no such function
  TABLE_VARIABLES,          // how many (kind, dim) follow
  TABLE_SIZE
};
enum VariableKind { KIND_ROW, KIND_COLUMN, KIND_PARAMETER };

// One entry of a batch.
struct Job {
  const void *const *arguments;  // contiguous [rows | columns | 1][dim], in alias order
  void *hoisted;                 // [columns][TABLE_HOISTED_REALS], or null
  int64 rows, columns;
};

// A block of rows, and the columns that it is reduced over: intervals [begin, end), begin and end interleaved.
struct Block {
  int64 firstRow, endRow;
  const int64 *intervals;
  int64 intervalCount;
};

// Functions are called with denormals flushed to zero (denormals.h).
extern "C" {
extern const int64 keops_table[];
// Form `reduce`:
void keops_prepare(const Job *, int64 firstColumn, int64 endColumn);                 // only if TABLE_HOISTED_REALS > 0
void keops_reduce(const Job *, const Block *, void *accumulators);                   // writes [endRow - firstRow][ACCUMULATOR_BYTES]
// Merges parts in order, into the first; `indices` is null where TABLE_INDEX_DIM is 0.
void keops_finish(int64 rows, void *accumulators, int64 parts, int64 partBytes, void *out, int32 *indices);
// Form `pairs once`, in place of keops_reduce, of sums whose rows and columns are the same points: the value of each
// pair (row, column) is added to the accumulator of its row, and the value with both exchanged to that of its column. A
// side is at most TABLE_ROW_GRAIN long. Where `ofColumns` is not null, rows must fill vectors: such a grain does.
void keops_pairs_once(const Job *, int64 firstRow, int64 endRow, int64 firstColumn, int64 endColumn, void *ofRows, void *ofColumns);
// Form `block`: the formula's values for every pair of a rectangle, out[endRow - firstRow][endColumn -
// firstColumn][RESULT_DIM].
void keops_block(const Job *, int64 firstRow, int64 endRow, int64 firstColumn, int64 endColumn, void *out);
}

#endif
