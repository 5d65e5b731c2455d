// Dense linear algebra on the pool: Cholesky factors, low-rank approximations of symmetric matrices, and the system's
// own LAPACK. All matrices are row-major. Results do not depend on the number of threads, unless LAPACK gave them.
// Calls on matrices need a LinalgSession. It must know nothing of JavaScript or formulas.
#ifndef TSKEOPS_LINALG_H
#define TSKEOPS_LINALG_H

#include <cstdint>
#include <string>
#include <vector>

#include "text/common/routine.h"


// The lower half of a [n, n] becomes its Cholesky factor. Returns 0, or the order of the first leading minor that is
// not positive. Large ones go to the system's LAPACK, where there is one.
int64 cholesky(double *a, int64 n);

// x [n, columns] becomes the solution of L transpose(L) y = x.
void choleskySolve(const double *l, double *x, int64 n, int64 columns);

// out [n, n] = the inverse of L transpose(L), both halves.
void choleskyInverse(double *out, const double *l, int64 n);

// a [n, n] becomes L, whose diagonal of ones is not kept, and U, with L U = the rows of a in the order `order`. Returns how
// many pivots are 0, as numbers below the normal ones are here.
int64 factorLu(double *a, int32 *order, int64 n);

// What factorLu gives, or its transpose, whose factors are the transpose of `data`: ones then stand on the upper diagonal.
struct LuFactors {
  const double *data;
  const int32 *order;
  int64 n;
  bool isTransposed;
};

// x [n, columns] becomes the solution y of A y = x.
void solveLu(const LuFactors &, double *x, int64 columns);

// Chooses for the process: "auto" (the first library of a table that can be opened), "off", or the path of a library.
// Returns its name, empty if there is none. Throws std::runtime_error if the path cannot be opened or lacks a
// function; what was chosen before stays.
std::string chooseLapack(const std::string &choice);
// As chooseLapack, but without effect once there was a choice.
void initialLapack(const std::string &choice);
// What is chosen: "auto" if nothing else was.
std::string lapackName();

// Rows from which the library is worth its call; smaller matrices stay with our own code, whose bits do not depend on
// the machine.
constexpr std::int64_t LEAST_LAPACK_ROWS = 1024;

// As cholesky, by the chosen library; `false` if there is none, and nothing has happened. Its bits may depend on the
// number of threads.
bool choleskyByLapack(double *a, std::int64_t n, std::int64_t &failed);


// A block [rows, width].
template <class T>
struct Columns {
  const T *data;
  std::int64_t width;
};

// F, block after block.
template <class T>
struct Tall {
  std::int64_t rows;
  std::vector<Columns<T>> blocks;
};

// Rows that may become pivots, and a number from [0, 1) for each.
struct Candidates {
  const std::int32_t *rows;
  const double *chances;
  std::int64_t count, most;
  double negligible, floor;  // what is no more than that part of the largest residual, or than that, is rounding
};

// Accepts candidates one after the other with the chance that what is left of their residual gives them (Epperly,
// Tropp and Webber, Embrace rejection, 2024). `left` [count, count] holds K between the candidates and is
// overwritten. Returns how many; their places go to `accepted`, the Cholesky factor of the residual among them to
// `factor` [returned, returned].
template <class T>
std::int64_t choosePivots(T *left, const Tall<T> &, const Candidates &, std::int32_t *accepted, double *factor);

// `count` pivots and their factor; rows are padded to `width`.
struct Pivots {
  const std::int32_t *rows;
  const double *factor;
  std::int64_t count, width;
};

// The next block of F: `left` [rows, width] holds the columns of K at the pivots and is overwritten; `residual`
// [rows] is the diagonal of K - F transpose(F). Returns the largest squared norm among the last 8 columns.
template <class T>
double extend(T *out, T *left, const Tall<T> &, const Pivots &, double *residual);

// out [width, width] = transpose(F) F, its lower half, summed in double.
template <class T>
void gram(double *out, const Tall<T> &);

// out [width of F, columns] = transpose(F) x [rows, columns], summed in double.
template <class T>
void project(double *out, const Tall<T> &, const T *x, std::int64_t columns);

// out [rows, columns] -= F x [width, columns].
template <class T>
void subtractTall(T *out, const Tall<T> &, const double *x, std::int64_t columns);

// out [rows, columns] = (x - F inverse(L transpose(L)) transpose(F) x) / alpha: the inverse of F transpose(F) + alpha
// I, where L is the Cholesky factor of transpose(F) F + alpha I (Woodbury).
template <class T>
void lowRankSolve(T *out, const T *x, const Tall<T> &, const double *factor, double alpha, std::int64_t columns);

#endif
