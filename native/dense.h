// Dense linear algebra that solvers need, on the pool: Cholesky. All matrices are row-major.
// Results do not depend on the number of threads, unless LAPACK gave them. It must know nothing of JavaScript or formulas.
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

// The lower half of a [n, n] becomes its Cholesky factor. Returns 0, or the order of the first leading minor that is not positive.
// Large ones go to the system's LAPACK, where there is one (lapack.h).
int64_t cholesky(double *a, int64_t n);

// x [n, columns] becomes the solution of L transpose(L) y = x.
void choleskySolve(const double *l, double *x, int64_t n, int64_t columns);

#endif
