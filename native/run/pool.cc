#include "run/pool.h"

#include <algorithm>
#include <chrono>
#include <system_error>
#include <utility>

#include "run/threads.h"

namespace {

// Shorter than a sleep and a wake-up (about 25 us each way), longer than the gap between two calls of a loop.
constexpr std::chrono::microseconds SPIN{50};

void relax() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

template <typename Condition>
bool spinUntil(Condition condition) {
  const auto end = std::chrono::steady_clock::now() + SPIN;
  do {
    for (int k = 0; k < 32; k++) {
      if (condition()) return true;
      relax();
    }
  } while (std::chrono::steady_clock::now() < end);
  return condition();
}

}  // namespace

Pool &Pool::ofProcess() {
  static Pool *const pool = new Pool;
  return *pool;
}

Pool::Pool() : limit(availableProcessors()), processors(availableProcessors()) {}

void Pool::setThreads(int count) {
  std::lock_guard lock(guard);
  chosen = true;
  limit = std::max(1, count);
  version++;
  news.notify_all();
}

void Pool::initialThreads(int count) {
  std::lock_guard lock(guard);
  if (!chosen) limit = std::max(1, count);
  chosen = true;
}

void Pool::run(std::int64_t count, const Task &task) {
  if (count <= 1 || threads() == 1) {
    for (std::int64_t t = 0; t < count; t++) task(t);
    return;
  }
  Job job{task, count};
  publish(job);
  job.doNextTasks();
  withdraw(job);
}

void Pool::Job::doNextTasks() {
  for (std::int64_t t; (t = next.fetch_add(1, std::memory_order_relaxed)) < count;) task(t);
}

void Pool::publish(Job &job) {
  std::lock_guard lock(guard);
  jobs.push_back(&job);
  working++;
  startWorkers(std::min<std::int64_t>(limit - 1, job.count - 1));
  wake(job.count - 1);
}

void Pool::withdraw(Job &job) {
  {
    std::lock_guard lock(guard);
    std::erase(jobs, &job);
    working--;
    if (std::any_of(jobs.begin(), jobs.end(), [](const Job *other) { return other->hasTasks(); })) wake(1);
  }
  const auto alone = [&] { return job.helpers.load(std::memory_order_acquire) == 0; };
  if (spinUntil(alone)) return;
  std::unique_lock lock(guard);
  finished.wait(lock, alone);
}

// Where the system gives no more threads, those that there are do all the work.
void Pool::startWorkers(std::int64_t wanted) {
  try {
    for (; workers < wanted; workers++) startThread([this] { serve(); });
  } catch (const std::system_error &) {
  }
}

void Pool::wake(std::int64_t count) {
  version.fetch_add(1, std::memory_order_release);
  for (std::int64_t k = std::min<std::int64_t>(count, sleepers); k > 0; k--) news.notify_one();
}

void Pool::serve() {
  for (std::uint32_t seen = 0;;) {
    if (Job *job = attach(seen)) {
      help(*job);
      detach(*job);
    } else {
      awaitNews(seen);
    }
  }
}

// The job with tasks left that has the fewest helpers, if one more thread may work.
Pool::Job *Pool::attach(std::uint32_t &seen) {
  std::lock_guard lock(guard);
  seen = version;
  if (working >= limit) return nullptr;
  Job *best = nullptr;
  for (Job *job : jobs)
    if (job->hasTasks() && (!best || job->helpers < best->helpers)) best = job;
  if (!best) return nullptr;
  best->helpers++;
  working++;
  return best;
}

// Leaves between two tasks when another thread has brought a job meanwhile, so that its bringer finds a processor.
void Pool::help(Job &job) {
  while (!crowded()) {
    const std::int64_t t = job.next.fetch_add(1, std::memory_order_relaxed);
    if (t >= job.count) return;
    job.task(t);
  }
}

void Pool::detach(Job &job) {
  std::lock_guard lock(guard);
  working--;
  // The job is gone as soon as its bringer sees that nobody helps: nothing of it may be touched after this.
  if (job.helpers.fetch_sub(1, std::memory_order_acq_rel) == 1) finished.notify_all();
}

void Pool::awaitNews(std::uint32_t seen) {
  const auto changed = [&] { return version.load(std::memory_order_acquire) != seen; };
  if (threads() <= processors && spinUntil(changed)) return;
  std::unique_lock lock(guard);
  sleepers++;
  news.wait(lock, changed);
  sleepers--;
}
