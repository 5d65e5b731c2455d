// Work on the pool under the eyes of a Watch.
#ifndef TSKEOPS_HANDOUT_H
#define TSKEOPS_HANDOUT_H

#include <algorithm>
#include <atomic>
#include <new>
#include <string>

#include "run/watch.h"
#include "run/denormals.h"
#include "run/memory.h"
#include "run/pool.h"

// Does units on the pool, `unitsPerTask` at a time. `unitsFrom(first)` gives what does the next unit at every call;
// `counted`: what a unit counts in the progress.
template <typename UnitsFrom>
void handOut(const char *what, Watch &watch, int64 units, int64 unitsPerTask, int64 counted, UnitsFrom unitsFrom) {
  std::atomic<bool> outOfMemory{false};
  unitsPerTask = std::min(unitsPerTask, units);
  Pool::ofProcess().run(units == 0 ? 0 : ceilDivide(units, unitsPerTask), [&](int64 task) {
    const FlushDenormals whileRunning;
    const int64 first = task * unitsPerTask, end = std::min(first + unitsPerTask, units);
    watch.askPoll();
    try {
      auto doNext = unitsFrom(first);
      for (int64 u = first; u < end; u++) {
        if (watch.stopping()) return;
        doNext();
      }
      if (!watch.stopped()) watch.done(counted * (end - first)); // the last unit may have been left in its middle
    } catch (const std::bad_alloc &) {
      outOfMemory = true;
      watch.stop();
    }
  });
  if (outOfMemory) throw std::bad_alloc();
  if (watch.stopped()) throw Interrupted(std::string(what) + ": interrupted");
}

// Prepares the hoisted columns of one job at a time: some tens of microseconds to a task.
constexpr int64 PREPARED_REALS = 1 << 14;

#endif
