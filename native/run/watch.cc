#include "run/watch.h"

void Watch::begin(int64 units) {
  runner = std::this_thread::get_id();
  lastPoll = std::chrono::steady_clock::now();
  if (!control) return;
  __atomic_store_n(&control[1], 0, __ATOMIC_RELAXED);
  __atomic_store_n(&control[2], static_cast<int32>(units), __ATOMIC_RELAXED);
}

void Watch::done(int64 units) {
  if (control && units != 0) __atomic_fetch_add(&control[1], static_cast<int32>(units), __ATOMIC_RELAXED);
}

bool Watch::stopping() {
  if (control && __atomic_load_n(&control[0], __ATOMIC_RELAXED) != 0) stop();
  if (alarm && alarm->load(std::memory_order_relaxed) != alarmBefore) stop();
  return stopped();
}

void Watch::askPoll() {
  if (!poll || std::this_thread::get_id() != runner) return;
  const auto now = std::chrono::steady_clock::now();
  if (now - lastPoll < std::chrono::milliseconds(10)) return;
  lastPoll = now;
  if (poll()) stop();
}
