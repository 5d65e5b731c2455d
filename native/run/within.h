// Pairs of points whose distance is at most a radius, from two trees of cells (cells.h). Its one idea: rounding is
// monotone, so the distance of two boxes, computed as that of two points is, never exceeds that of points in them; what
// boxes decide is what all pairs would decide, to the last bit. It must know nothing of JavaScript.
#ifndef TSKEOPS_WITHIN_H
#define TSKEOPS_WITHIN_H

#include "run/watch.h"

// Points [count][dim] in the order of their places, and the boxes of all cells.
template <typename Real>
struct Cloud {
  const Real *points, *boxes;
  int64 count, depth;
};

// A pair is near where the sum over the coordinates, one after the other, of the squares of (x - y) s is at most the
// square of r s, in float64; s is a power of two by which no radius overflows or vanishes. What is not finite is near
// nothing.
template <typename Real>
struct Within {
  Cloud<Real> rows, columns;
  int64 dim;
  double radius;  // finite and at least 0
};

// How many columns are near each row, by places: counts is [rows].
template <typename Real>
void countWithin(const Within<Real> &, int32 *counts, Watch &);

// Of each row, by places, which columns they are.
struct Lists {
  const int32 *order;    // [columns]: what stands for the column at each place
  const int32 *starts;   // [rows]: where the list of each row begins
  const int32 *counts;   // [rows]: as countWithin gives them
  int32 *indices;        // the lists, each ascending
  int64 capacity;
};
// Throws std::out_of_range for counts that are others, or lists that end beyond the capacity.
template <typename Real>
void listWithin(const Within<Real> &, const Lists &, Watch &);

#endif
