// Pairs of cells that may hold one of the K smallest values of a row: a walk down two trees of cells (cells.h) at once,
// which asks a routine for the lower and the upper bound of a formula over pairs of boxes. Its one idea: whatever K
// values there are in a cell of rows, none of the K smallest is above the largest of their upper bounds, so that columns
// whose lower bound is above it can be left out with all that is in them. It must know nothing of JavaScript.
#ifndef TSKEOPS_WALK_H
#define TSKEOPS_WALK_H

#include <vector>

#include "run/plan.h"
#include "run/watch.h"

struct CellTree {
  int64 count, depth;  // of points, of levels below the root
};

// A routine of the form `block`, whose results are the lower bounds of `dim` components and then the upper ones. Arguments
// of rows and columns are boxes of all cells.
struct Walk {
  const Routine &bounds;
  std::vector<Input> arguments;
  CellTree rows, columns;
  int64 dim, k;
};

// Of every leaf of rows: how many leaves of columns are left, up to and with it; of each component the leaf with the
// least upper bound, [leaves][dim]; then all that are left, and their lower bounds, [left][dim].
struct Found {
  int32 *ends, *best, *leaves;
  void *lowers;
  int64 capacity;  // of `leaves`
};

// Throws std::invalid_argument or std::out_of_range unless every element that the walk may touch exists.
void check(const Walk &);
// How many are left. Where that is above the capacity, nothing but this is told, and it may be too few.
int64 walkCells(const Walk &, const Found &, Watch &);

#endif
