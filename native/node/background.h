// Threads for calls in the background: of their own, not of libuv. Node waits for libuv's threads before it ends an
// environment or the process, and asks nobody to stop. It must know nothing of JavaScript.
#ifndef TSKEOPS_BACKGROUND_H
#define TSKEOPS_BACKGROUND_H

#include <condition_variable>
#include <functional>
#include <mutex>

#include "run/watch.h"

// Those of one environment. No more of them work at a time, in the whole process, than the pool has threads.
class BackgroundThreads {
 public:
  // Does `work`, which must not throw; it waits for its turn, or until `watch` says to stop. Throws std::system_error.
  void start(Watch &watch, std::function<void()> work);
  void awaitAll();

 private:
  std::mutex guard;
  std::condition_variable idle;
  int running = 0;
};

#endif
