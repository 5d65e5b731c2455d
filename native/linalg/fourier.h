// Fourier transforms of real grids of any number of dimensions, on the pool; bits do not depend on the number of threads.
// Calls need a LinalgSession. It must know nothing of JavaScript or formulas.
#ifndef TSKEOPS_FOURIER_H
#define TSKEOPS_FOURIER_H

#include <vector>

#include "text/common/routine.h"

// values [...shape], and the half of its spectrum that tells the other one, [...shape but the last, last / 2 + 1], real and
// imaginary parts apart. Row-major. The last axis is even, all are products of 2, 3, 5 and 7 (hasTransform).
template <class T>
struct RealGrid {
  T *values, *re, *im;
  std::vector<int64> shape;
};

// Whether a line of this length can be transformed.
bool hasTransform(int64 length);

// spectrum[k] = sum over n of values[n] exp(-2 pi i k n / shape).
template <class T>
void fourier(const RealGrid<T> &);

// values from their spectrum, which is overwritten.
template <class T>
void inverseFourier(const RealGrid<T> &);

#endif
