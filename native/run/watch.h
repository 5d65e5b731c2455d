// How a run is stopped and how far it has come: every long run of the addon takes a Watch and asks it between units of work.
// It must know nothing of what runs.
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

  void stop() { halted.store(true, std::memory_order_relaxed); }
  bool stopped() const { return halted.load(std::memory_order_relaxed); }

  // For the running code: to call first, before each task, before each unit, after each task.
  void begin(int64 units);
  void askPoll();
  bool stopping();
  void done(int64 units);

 private:
  std::atomic<bool> halted{false};
  std::thread::id runner;
  std::chrono::steady_clock::time_point lastPoll;
};

#endif
