// Fourier transforms of one long line of real numbers: as a matrix whose columns and then rows are lines (Bailey 1990).
// It must know no grid.
#ifndef TSKEOPS_LONGLINE_H
#define TSKEOPS_LONGLINE_H

#include "linalg/fourierlines.h"

// 2 `half` values, and half + 1 numbers of their spectrum.
template <class T>
struct RealLine {
  T *values;
  Planes<T> spectrum;
  int64 half;
};

// Half the length from which on a line is cut.
constexpr int64 LONG_HALF = 512;

template <class T>
void longRealLine(const RealLine<T> &);

// Times 2 `half` scale.
template <class T>
void longRealLineBack(const RealLine<T> &, T scale);

#endif
