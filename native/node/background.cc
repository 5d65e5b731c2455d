#include "node/background.h"

#include <chrono>
#include <utility>

#include "run/pool.h"

namespace {

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

}  // namespace

void BackgroundThreads::start(Watch &watch, std::function<void()> work) {
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

void BackgroundThreads::awaitAll() {
  std::unique_lock lock(guard);
  idle.wait(lock, [this] { return running == 0; });
}
