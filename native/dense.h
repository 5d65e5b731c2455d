// Dense linear algebra that solvers need, on the pool: products, Gram matrices, Cholesky. All matrices are row-major.
// Results do not depend on the number of threads. It must know nothing of JavaScript or formulas.
#ifndef TSKEOPS_DENSE_H
#define TSKEOPS_DENSE_H

#include <cstdint>

#include "cpu.h"

using std::int64_t;

// While it lives, what this thread asks of this file ends early when the watch says so; results are then partly written.
class WatchedDense {
 public:
  explicit WatchedDense(Watch &);
  ~WatchedDense();
  WatchedDense(const WatchedDense &) = delete;
};

// out [rows, columns] -= a [rows, inner] b [inner, columns]. Fast where columns are a multiple of 64 bytes.
template <class T>
void subtractProduct(T *out, const T *a, const T *b, int64_t rows, int64_t inner, int64_t columns);

// out [aColumns, bColumns] += transpose(a [rows, aColumns]) b [rows, bColumns], summed in double; with a == b the lower half alone is
// computed and copied.
template <class T>
void addGram(double *out, const T *a, const T *b, int64_t rows, int64_t aColumns, int64_t bColumns);

// The lower half of a [n, n] becomes its Cholesky factor. Returns 0, or the order of the first leading minor that is not positive.
int64_t cholesky(double *a, int64_t n);

// x [n, columns] becomes the solution of L transpose(L) y = x.
void choleskySolve(const double *l, double *x, int64_t n, int64_t columns);

#endif
