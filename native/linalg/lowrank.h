// Low-rank approximations K = F transpose(F) of symmetric matrices, on the pool: F grows by blocks of columns, and solves with F transpose(F) +
// alpha I. Blocks are row-major, and a multiple of 64 bytes wide. Results do not depend on the number of threads. Calls need a
// LinalgSession. It must know nothing of JavaScript or formulas.
#ifndef TSKEOPS_LOWRANK_H
#define TSKEOPS_LOWRANK_H

#include <cstdint>
#include <vector>

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

// Accepts candidates one after the other with the chance that what is left of their residual gives them (Epperly, Tropp and Webber,
// Embrace rejection, 2024). `left` [count, count] holds K between the candidates and is overwritten. Returns how many; their places
// go to `accepted`, the Cholesky factor of the residual among them to `factor` [returned, returned].
template <class T>
std::int64_t choosePivots(T *left, const Tall<T> &, const Candidates &, std::int32_t *accepted, double *factor);

// `count` pivots and their factor; rows are padded to `width`.
struct Pivots {
  const std::int32_t *rows;
  const double *factor;
  std::int64_t count, width;
};

// The next block of F: `left` [rows, width] holds the columns of K at the pivots and is overwritten; `residual` [rows] is the diagonal of
// K - F transpose(F). Returns the largest squared norm among the last 8 columns.
template <class T>
double extend(T *out, T *left, const Tall<T> &, const Pivots &, double *residual);

// out [width, width] = transpose(F) F, its lower half, summed in double.
template <class T>
void gram(double *out, const Tall<T> &);

// out [rows, columns] -= F x [width, columns].
template <class T>
void subtractTall(T *out, const Tall<T> &, const double *x, std::int64_t columns);

// out [rows, columns] = (x - F inverse(L transpose(L)) transpose(F) x) / alpha: the inverse of F transpose(F) + alpha I, where L is the
// Cholesky factor of transpose(F) F + alpha I (Woodbury).
template <class T>
void lowRankSolve(T *out, const T *x, const Tall<T> &, const double *factor, double alpha, std::int64_t columns);

#endif
