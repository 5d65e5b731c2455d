// What a call of the dense algebra runs under: who watches it, and the kernels of its instruction set. They belong to
// the thread that calls, so that functions take matrices alone. Pieces of the work run on the pool.
#ifndef TSKEOPS_SESSION_H
#define TSKEOPS_SESSION_H

#include <algorithm>

#include "linalg/kernels.h"
#include "run/denormals.h"
#include "run/pool.h"
#include "run/watch.h"

// While it lives, what its thread asks of the dense algebra uses the kernels of an instruction set (instructionset.h
// has its number), and ends early when the watch says so; results are then partly written.
class LinalgSession {
 public:
  LinalgSession(Watch &, int instructionSet);
  ~LinalgSession();
  LinalgSession(const LinalgSession &) = delete;

  // That of this thread; there must be one.
  static LinalgSession &current();

  Watch &watch;
  const KernelSet &set;
};

template <class T>
const Kernels<T> &kernels();
template <>
inline const Kernels<float> &kernels<float>() {
  return LinalgSession::current().set.ofFloat;
}
template <>
inline const Kernels<double> &kernels<double>() {
  return LinalgSession::current().set.ofDouble;
}

constexpr int64 PIECE = 64;  // rows of a task

// Which pieces take longest: they are begun first, so that no thread has one left when all others are done.
enum class Longest { FIRST, LAST };

// Runs body(first, end) on pieces of [0, count) of at most `piece`.
template <class Body>
void inPieces(int64 count, int64 piece, Longest longest, Body body) {
  const int64 pieces = (count + piece - 1) / piece;
  Pool::ofProcess().run(pieces, [&, &watch = LinalgSession::current().watch](int64 task) {
    watch.askPoll();
    if (watch.stopping()) return;
    const FlushDenormals whileRunning;
    const int64 first = (longest == Longest::FIRST ? task : pieces - 1 - task) * piece;
    body(first, std::min(count, first + piece));
  });
}

// The last ones take longest, as rows of a lower half do.
template <class Body>
void inPieces(int64 count, int64 piece, Body body) {
  inPieces(count, piece, Longest::LAST, body);
}

#endif
