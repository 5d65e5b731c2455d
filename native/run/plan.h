// What a call is: its arrays, and a plan that cuts the work into numbered units. Checked here before anything is read
// or written.
#ifndef TSKEOPS_PLAN_H
#define TSKEOPS_PLAN_H

#include <cstddef>
#include <optional>
#include <vector>

#include "run/library.h"

struct Input {
  const void *data;
  int64 length;  // elements
};
// What a call writes: numbers, and the indices of reductions that have some.
struct Output {
  void *data;
  int64 length;
  int32 *indices = nullptr;
  int64 indexCount = 0;
};

// KeOps's block-sparse ranges: row interval k is reduced over column intervals slices[k - 1] .. slices[k].
struct Ranges {
  std::vector<int64> rows;     // [n, 2]
  std::vector<int64> slices;   // [n]
  std::vector<int64> columns;  // [m, 2]
};

// A dimension of a batch; steps: elements from one index to the next, in each argument and then in the output.
struct Axis {
  int64 length;
  std::vector<int64> steps;
};

struct Plan {
  int64 rows, columns, blockRows, chunkColumns, unitsPerTask;
  std::vector<Axis> batch;  // outermost first
  std::optional<Ranges> ranges;

  int64 entries() const {
    int64 count = 1;
    for (const Axis &axis : batch) count *= axis.length;
    return count;
  }
  // Where an entry begins in an argument, or in the output if `variable` is the number of arguments.
  int64 offset(int64 entry, int64 variable) const {
    int64 offset = 0;
    for (size_t a = batch.size(); a-- > 0; entry /= batch[a].length)
      offset += (a == 0 ? entry : entry % batch[a].length) * batch[a].steps[variable];
    return offset;
  }
};

struct Rectangle {
  int64 rows, columns, firstRow, endRow, firstColumn, endColumn;
};

// Throw std::invalid_argument or std::out_of_range unless every element that the call may touch exists.
void check(const Routine &, const Plan &, const std::vector<Input> &, const Output &);
void check(const Routine &, const Rectangle &, const std::vector<Input> &, const Output &);
// The first in two: whether the plan is one, and whether arrays are as large as it says.
void check(const Routine &, const Plan &);
void checkArrays(const Routine &, const Plan &, const std::vector<Input> &, const Output &);
// Whether what a call keeps for the next one is aligned, and apart from arrays.
void checkState(const Routine &, const void *state, int64 bytes, const std::vector<Input> &, const Output &);

#endif
