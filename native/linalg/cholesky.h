// Cholesky factors of dense matrices and solutions with them, on the pool. All matrices are row-major. Results do not depend on the number
// of threads, unless LAPACK gave them. Calls need a LinalgSession. It must know nothing of JavaScript or formulas.
#ifndef TSKEOPS_CHOLESKY_H
#define TSKEOPS_CHOLESKY_H

#include "text/common/routine.h"

// The lower half of a [n, n] becomes its Cholesky factor. Returns 0, or the order of the first leading minor that is not positive.
// Large ones go to the system's LAPACK, where there is one (lapack.h).
int64 cholesky(double *a, int64 n);

// x [n, columns] becomes the solution of L transpose(L) y = x.
void choleskySolve(const double *l, double *x, int64 n, int64 columns);

#endif
