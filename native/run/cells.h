// Points in cells: a complete binary tree over a permutation of the points, each cell cut into halves across its longest
// side (k-d tree, Bentley 1975). Its one idea is that a cell is a number: cell c of level l, from 0 to 2^l - 1, holds the
// places from floor(c n / 2^l) on; so its descendants of any level are neighbours, and nothing is stored but the order
// of the points and the boxes. It must know nothing of formulas.
#ifndef TSKEOPS_CELLS_H
#define TSKEOPS_CELLS_H

#include "run/watch.h"

enum { MOST_CELL_DIM = 8 };

// The first place of a cell; the end of cell c is the first place of cell c + 1.
inline int64 firstPlace(int64 count, int64 level, int64 cell) { return (count * cell) >> level; }
// All cells of levels 0 to `depth` stand in one list, level by level: where a level begins there.
inline int64 firstCell(int64 level) { return (int64(1) << level) - 1; }
inline int64 cellsOf(int64 depth) { return firstCell(depth + 1); }

// The point at each place. Points are [count][dim], dim is at most MOST_CELL_DIM, and 2^depth at most count.
template <typename Real>
void sortIntoCells(const Real *points, int64 count, int64 dim, int64 depth, int32 *order, Watch &);

// Of points in the order of their places: the lower corner of each cell and then the upper one, [cells][2][dim]; NaN where
// a number is not finite.
template <typename Real>
void boundCells(const Real *points, int64 count, int64 dim, int64 depth, Real *boxes, Watch &);

#endif
