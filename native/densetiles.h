// The inner loop that dense.cc and lowrank.cc share, and how they run on the pool: register tiles of 4 rows by 2 vectors of 64 bytes, each accumulated over the inner index, then
// added to memory once. Compiled for several instruction sets, of which the loader picks one; files that include this are compiled with
// contraction (CMakeLists.txt).
#ifndef TSKEOPS_DENSETILES_H
#define TSKEOPS_DENSETILES_H

#include <algorithm>
#include <cstdint>

#include "cpu.h"
#include "pool.h"

using std::int64_t;

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define CLONED __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define CLONED
#endif
#define INLINE inline __attribute__((always_inline))

// Whoever watches what this thread asks of the dense algebra.
inline thread_local Watch *watched = nullptr;

namespace {

constexpr int64_t ROWS = 4, VECTORS = 2;

template <class T>
struct Lanes {
  typedef T Vector __attribute__((vector_size(64), aligned(sizeof(T)), may_alias));
  static constexpr int64_t COUNT = 64 / sizeof(T);
};

// Where the tile begins in the three matrices, and their row lengths.
template <class T>
struct Operands {
  T *out;
  const T *a, *b;
  int64_t outStride, aStride, bStride;
};

// out[r][·] -= sum over k of a[r][k] b[k][·]: R rows, V vectors of columns.
template <class T, int R, int V>
INLINE void productTile(const Operands<T> &m, int64_t inner) {
  typedef typename Lanes<T>::Vector Vector;
  Vector sum[R][V] = {};
  for (int64_t k = 0; k < inner; k++)
    for (int r = 0; r < R; r++)
      for (int v = 0; v < V; v++) sum[r][v] += m.a[r * m.aStride + k] * ((const Vector *)(m.b + k * m.bStride))[v];
  for (int r = 0; r < R; r++)
    for (int v = 0; v < V; v++) ((Vector *)(m.out + r * m.outStride))[v] -= sum[r][v];
}

template <class T>
INLINE void productColumn(const Operands<T> &m, int64_t rows, int64_t inner) {
  for (int64_t r = 0; r < rows; r++) {
    T sum = 0;
    for (int64_t k = 0; k < inner; k++) sum += m.a[r * m.aStride + k] * m.b[k * m.bStride];
    m.out[r * m.outStride] -= sum;
  }
}

template <class T, int R>
INLINE void productRows(Operands<T> m, int64_t inner, int64_t columns) {
  constexpr int64_t LANES = Lanes<T>::COUNT;
  int64_t column = 0;
  const auto advance = [&](int64_t by) { m.out += by, m.b += by, column += by; };
  for (; column + VECTORS * LANES <= columns; advance(VECTORS * LANES)) productTile<T, R, VECTORS>(m, inner);
  for (; column + LANES <= columns; advance(LANES)) productTile<T, R, 1>(m, inner);
  for (; column < columns; advance(1)) productColumn<T>(m, R, inner);
}

template <class T>
INLINE void product(Operands<T> m, int64_t rows, int64_t inner, int64_t columns) {
  int64_t row = 0;
  const auto advance = [&](int64_t by) { m.out += by * m.outStride, m.a += by * m.aStride, row += by; };
  for (; row + ROWS <= rows; advance(ROWS)) productRows<T, ROWS>(m, inner, columns);
  for (; row < rows; advance(1)) productRows<T, 1>(m, inner, columns);
}

[[maybe_unused]] CLONED void productOf(const Operands<float> &m, int64_t rows, int64_t inner, int64_t columns) { product(m, rows, inner, columns); }
[[maybe_unused]] CLONED void productOf(const Operands<double> &m, int64_t rows, int64_t inner, int64_t columns) { product(m, rows, inner, columns); }

}  // namespace

// Kernel matrices decay into denormals, which cost some 150 cycles each.
struct FlushDenormals {
#if defined(__SSE2__)
  unsigned callers = __builtin_ia32_stmxcsr();
  FlushDenormals() { __builtin_ia32_ldmxcsr(callers | 0x8040); }
  ~FlushDenormals() { __builtin_ia32_ldmxcsr(callers); }
#endif
};

constexpr int64_t PIECE = 64;  // rows of a task

inline bool stopped() { return watched && watched->stopped(); }

// Runs body(first, end) on pieces of [0, count) of at most `piece`.
template <class Body>
void inPieces(int64_t count, int64_t piece, Body body) {
  Pool::ofProcess().run((count + piece - 1) / piece, [&, watch = watched](int64_t task) {
    if (watch) watch->askPoll();
    if (watch && watch->stopping()) return;
    [[maybe_unused]] const FlushDenormals whileRunning;
    body(task * piece, std::min(count, (task + 1) * piece));
  });
}

#endif
