// Pairs of cells that may hold one of the best values of a row: walks down two trees of cells (cells.h) at once, which ask
// a routine for the bounds of a formula over pairs of boxes. Its one idea: what is not above the lower bound of a cell is
// above nothing in it, so that columns whose lower bound is above the worst value that a row can do with are left out
// with all that is in them. It must know nothing of JavaScript.
#ifndef TSKEOPS_WALK_H
#define TSKEOPS_WALK_H

#include <vector>

#include "run/plan.h"
#include "run/watch.h"

struct CellTree {
  int64 count, depth;  // of points, of levels below the root
};

// A routine of the form `block`, which gives the bounds of `dim` components over pairs of cells; its own rows are the
// columns that are sought, so that it loops over many of them, and its lanes the few rows of a step. Arguments of both are
// boxes of all cells.
struct Walk {
  const Routine &bounds;
  std::vector<Input> arguments;
  CellTree rows, columns;
  int64 dim;
};

// Throws std::invalid_argument or std::out_of_range unless every element that the walk may touch exists.
// @param perComponent bounds that the routine gives of each component: 1 for lower ones, 2 for upper ones behind all of
// these.
void check(const Walk &, int64 perComponent);

// Of every leaf of rows and each component the leaf of columns that is likely to hold the best values: the one with the
// least middle of its bounds, among those in cells of which that is true. best is [leaves][dim].
void seekCells(const Walk &, int32 *best, Watch &);

// The leaves of columns that are left of every leaf of rows, ascending: those whose lower bound is not above `worst`
// [leaves][dim] of its rows, in at least one component. Neighbours are one run: the first of them, and ~ the last one, which
// is below 0, where that is another. So runs are never more numbers than leaves.
struct Found {
  int32 *ends;  // [leaves]: numbers of runs, up to and with those of each leaf of rows
  int32 *runs;  // all of them, one after the other
  int64 capacity;
  // Where it is not 0, bounds are those of minus the size of a value, and more is left out: of leaves, the smallest ones
  // whose values sum to no more than this in any row.
  double allowed;
};
// How many are left. Where that is above the capacity, nothing but this is told, and it may be too few.
int64 walkCells(const Walk &, const void *worst, const Found &, Watch &);

#endif
