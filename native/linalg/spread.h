// Points and periodic grids: what every point adds to the cells around it, and what it reads from them, by a window of a
// few cells on each axis. Both use the same numbers, so that they are transposes to rounding. Points are sorted by their
// cells once. Bits do not depend on the number of threads. Calls need a LinalgSession. It must know nothing of JavaScript.
#ifndef TSKEOPS_SPREAD_H
#define TSKEOPS_SPREAD_H

#include <vector>

#include "text/common/routine.h"

// The width of a window, from 2 cells, and the number of axes, from 1.
enum { MOST_WIDTH = 16, MOST_AXES = 4 };

// A point at u cells reaches the cells from the first one not below u - width / 2, taken around the grid. Polynomial k gives
// what cell k counts, of 2 (first - (u - width / 2)) - 1.
template <class T>
struct Window {
  int64 width, degree;
  const T *polynomials;  // [degree + 1, width], from the highest power on
};

// Points that were sorted: entry i is point order[i], whose first cells are cells[i, axis]; fractions are what its
// polynomials are of.
template <class Index, class Real>
struct PlacesOf {
  int64 count;
  Index *order, *cells;
  Real *fractions;
};

struct GridBox {
  std::vector<int64> shape;
  std::vector<double> lower, period;
};

// Fills `places` from points [count, axes]; gives the index of one that is not finite, or -1.
template <class T, class P>
int64 place(const P *points, const GridBox &, int64 width, const PlacesOf<int32, T> &places);

template <class T>
using Places = PlacesOf<const int32, const T>;

// A column of a matrix with a row for every point.
template <class T>
struct ColumnOf {
  T *numbers;
  int64 columns, column;
};

// grid [...shape] becomes the sum of weights times windows. False where places are none of this grid: it is then partly
// written, as `out` below.
template <class T>
bool spread(T *grid, const std::vector<int64> &shape, const Places<T> &, const Window<T> &, const ColumnOf<const T> &weights);

// out becomes the sum of the cells' values times windows.
template <class T>
bool interpolate(const T *grid, const std::vector<int64> &shape, const Places<T> &, const Window<T> &, const ColumnOf<T> &out);

#endif
