// The inner loops of dense linear algebra, compiled once for each instruction set (kernelstext.h) with vectors of its
// own width. What runs on the pool, and in which order sums are taken, is decided by cholesky.cc and lowrank.cc, which
// call these by a table. No standard header with code is included: an inline function compiled for a wide instruction
// set must not be linked into the rest.
#ifndef TSKEOPS_KERNELS_H
#define TSKEOPS_KERNELS_H

#include "text/common/routine.h"

// A right-hand matrix of a product, in strips of `stripColumns` columns: strip after strip, each [inner][stripColumns],
// padded with zeros.
template <class T>
struct Packing {
  T *strips;
  int64 inner;        // rows of the packed matrix
  int64 firstColumn;  // where `from` begins in it
  const T *from;
  int64 columns, rowStride, columnStride;
};

// out [rows, columns] -= a [rows, inner] strips.
template <class T>
struct Product {
  T *out;
  int64 outStride;
  const T *a;
  int64 aStride;
  const T *strips;
  int64 rows, inner, columns;
};

// out[p][q] += sum over i of a[i][p] a[i][q], for p >= q at least, where `strips` holds a [rows, columns].
template <class T>
struct Gram {
  double *out;
  int64 outStride;
  const T *strips;
  int64 rows, columns;
};

// out [columns of a, columns of b] += transpose(a) b, for few columns of a; those of b are a multiple of the lanes.
template <class T>
struct Projection {
  double *out;
  int64 outStride;
  const T *a, *b;
  int64 aStride, bStride, rows, aColumns, bColumns;
};

// out [rows, columns] -= a x, for few columns; x is transposed, [columns][width] with `xStride` between its columns.
template <class T>
struct FewColumns {
  T *out;
  const T *a, *x;
  int64 rows, width, columns, xStride;
};

// A step of a Fourier transform (Stockham's): `radix` parts of `count` runs are combined; real and imaginary parts stand
// apart. Run q of part k is at (k count + q) run, and becomes run q radix + k, times a power of a root of unity:
// `twiddles` [count][radix - 1] of (re, im). A run holds whole vectors, one line of the transform per lane.
template <class T>
struct FourierStep {
  int64 radix, count, run;
  const T *re, *im;
  T *outRe, *outIm;
  const T *twiddles;
};

// 2 `half` real numbers as `half` complex ones, and their spectrum of half + 1, of lines in 64 bytes of lanes: `twiddles` are
// the powers of exp(-i pi / half).
template <class T>
struct RealSpectrum {
  int64 half;
  const T *re, *im;
  T *outRe, *outIm;
  const T *twiddles;
  T scale;
};

// out = a b, or out += a b, of complex numbers whose real and imaginary parts stand apart; bIm may be null: all of it zero.
template <class T>
struct ComplexProduct {
  const T *aRe, *aIm, *bRe, *bIm;
  T *re, *im;
  int64 count;
  bool isAdded;
};

// Points and the part of a grid that they reach. Point i reaches `rowCount` rows of cells, which begin at
// offsets[i] + rows[r]; its windows are polynomials of fractions[i, axis], [degree + 1, whole vectors].
template <class T>
struct WindowedPoints {
  T *part;
  const int32 *rows;
  int64 rowCount, axes, width, degree;
  const T *polynomials;
  const int32 *offsets;
  const T *fractions;
  T *numbers;
  int64 count;
  T *room[2];  // each for rowCount numbers and 16 more
};

template <class T>
struct Kernels {
  int64 lanes, stripColumns;
  void (*pack)(const Packing<T> &);
  void (*product)(const Product<T> &);
  void (*gram)(const Gram<T> &);
  void (*project)(const Projection<T> &);
  void (*fewColumns)(const FewColumns<T> &);
  // Takes the squares of new columns [rows, width] off `residual` [rows], and adds them up by column.
  void (*measure)(const T *columns, int64 rows, int64 width, double *residual, double *squares);
  T (*dot)(const T *a, const T *b, int64 count);
  void (*subtractScaled)(T *y, const T *x, T factor, int64 count);
  // Up to `lanes` rows of a [rows, width] become those of a inverse(transpose(L)), for the lower triangular L [width,
  // width].
  void (*eliminate)(T *a, int64 aStride, int64 rows, const T *l, int64 lStride, int64 width);
  void (*fourierStep)(const FourierStep<T> &);
  // From the transform of packed numbers to the spectrum of the real ones, and back.
  void (*splitSpectrum)(const RealSpectrum<T> &);
  void (*joinSpectrum)(const RealSpectrum<T> &);
  void (*multiplyComplex)(const ComplexProduct<T> &);
  // The part += each point's number times its windows; and each point's number = the part's values times its windows.
  void (*spread)(const WindowedPoints<T> &);
  void (*interpolate)(const WindowedPoints<T> &);

  int64 packedSize(int64 inner, int64 columns) const {
    return (columns + stripColumns - 1) / stripColumns * stripColumns * inner;
  }
};

// Columns that `eliminate` takes at once.
enum { MOST_ELIMINATED = 48 };

struct KernelSet {
  Kernels<float> ofFloat;
  Kernels<double> ofDouble;
};

#endif
