// How a run is stopped and how far it has come: every long run of the addon takes a Watch and asks it between units of
// work. It must know nothing of what runs.
#ifndef TSKEOPS_WATCH_H
#define TSKEOPS_WATCH_H

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <stdexcept>
#include <thread>

#include "text/common/routine.h"

struct Interrupted : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// What may end a run early, and where it tells how far it is.
class Watch {
 public:
  int32 *control = nullptr;                            // [cancel flag, units done, units total], shared with others
  const std::atomic<std::uint32_t> *alarm = nullptr;   // the run ends when this no longer is `alarmBefore`
  std::uint32_t alarmBefore = 0;
  std::function<bool()> poll;                          // asked by the thread that runs only, every few milliseconds
  std::function<void()> meanwhile;                     // called by the thread that runs only, before each of its tasks

  void stop() { halted.store(true, std::memory_order_relaxed); }
  bool stopped() const { return halted.load(std::memory_order_relaxed); }

  // For the running code: to call first, before each task, before each unit, after each task.
  void begin(int64 units, int64 before = 0) {
    runner = std::this_thread::get_id();
    lastPoll = std::chrono::steady_clock::now();
    if (!control) return;
    __atomic_store_n(&control[1], static_cast<int32>(before), __ATOMIC_RELAXED);
    __atomic_store_n(&control[2], static_cast<int32>(units), __ATOMIC_RELAXED);
  }
  void askPoll() {
    if (std::this_thread::get_id() != runner) return;
    if (meanwhile) meanwhile();
    if (!poll) return;
    const auto now = std::chrono::steady_clock::now();
    if (now - lastPoll < std::chrono::milliseconds(10)) return;
    lastPoll = now;
    if (poll()) stop();
  }
  bool stopping() {
    if (control && __atomic_load_n(&control[0], __ATOMIC_RELAXED) != 0) stop();
    if (alarm && alarm->load(std::memory_order_relaxed) != alarmBefore) stop();
    return stopped();
  }
  void done(int64 units) {
    if (control && units != 0) __atomic_fetch_add(&control[1], static_cast<int32>(units), __ATOMIC_RELAXED);
  }

 private:
  std::atomic<bool> halted{false};
  std::thread::id runner;
  std::chrono::steady_clock::time_point lastPoll;
};

#endif
