// Threads for calls in the background. It must know nothing of JavaScript.
#ifndef TSKEOPS_BACKGROUND_H
#define TSKEOPS_BACKGROUND_H

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>

#include "run/pool.h"
#include "run/threads.h"
#include "run/watch.h"

// The threads of one environment: not libuv's, for which node waits before it ends an environment or the process, and
// asks nobody to stop. No more of them work at a time, in the whole process, than the pool has threads.
class BackgroundThreads {
 public:
  // Does `work`, which must not throw; it waits for its turn, or until `watch` says to stop. Throws std::system_error.
  void start(Watch &watch, std::function<void()> work) {
    std::lock_guard lock(guard);
    startThread([this, &watch, work = std::move(work)] {
      Gate::ofProcess().enter(watch);
      work();  // `watch` may be gone after this
      Gate::ofProcess().leave();
      std::lock_guard lock(guard);
      running--;
      idle.notify_all();
    });
    running++;
  }
  void awaitAll() {
    std::unique_lock lock(guard);
    idle.wait(lock, [this] { return running == 0; });
  }

 private:
  // Who may work.
  class Gate {
   public:
    static Gate &ofProcess() {
      static Gate *const gate = new Gate;
      return *gate;
    }
    // Wakes up now and then: whoever stops a call does not tell this gate.
    void enter(Watch &watch) {
      std::unique_lock lock(guard);
      while (inside >= Pool::ofProcess().threads() && !watch.stopping()) left.wait_for(lock, std::chrono::milliseconds(10));
      inside++;
    }
    void leave() {
      std::lock_guard lock(guard);
      inside--;
      left.notify_one();
    }

   private:
    std::mutex guard;
    std::condition_variable left;
    int inside = 0;
  };

  std::mutex guard;
  std::condition_variable idle;
  int running = 0;
};

#endif
