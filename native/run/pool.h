// The threads of the process: one pool, that hands out numbered tasks of any number of jobs at once. The thread that
// brings a job works on it too. No more threads work than `threads()`, unless more than that bring jobs. It must know
// nothing of routines, plans or JavaScript.
#ifndef TSKEOPS_POOL_H
#define TSKEOPS_POOL_H

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <vector>

class Pool {
 public:
  // Must not throw.
  using Task = std::function<void(std::int64_t)>;

  // The only pool of a process; it is never destroyed, so a process may exit while a job runs.
  static Pool &ofProcess();

  int threads() const { return limit.load(std::memory_order_relaxed); }
  void setThreads(int count);
  // As setThreads, but without effect once the number was set.
  void initialThreads(int count);

  // Does task(0) .. task(count - 1) in any order, on any thread; returns when all are done.
  void run(std::int64_t count, const Task &task);

 private:
  struct Job {
    const Task &task;
    const std::int64_t count;
    std::atomic<std::int64_t> next{0};
    std::atomic<int> helpers{0};  // workers that may still touch this job; changes under `guard` only

    bool hasTasks() const { return next.load(std::memory_order_relaxed) < count; }
    void doNextTasks();
  };

  Pool();
  void publish(Job &job);
  void withdraw(Job &job);
  void startWorkers(std::int64_t wanted);
  void wake(std::int64_t count);
  void serve();
  Job *attach(std::uint32_t &seen);
  void help(Job &job);
  void detach(Job &job);
  void awaitNews(std::uint32_t seen);
  bool crowded() const { return working.load(std::memory_order_relaxed) > limit.load(std::memory_order_relaxed); }

  std::mutex guard;
  std::condition_variable news, finished;
  std::vector<Job *> jobs;
  std::atomic<std::uint32_t> version{0};  // counts what can give a worker something to do
  std::atomic<int> working{0};            // threads inside tasks, bringers included; changes under `guard` only
  std::atomic<int> limit;
  const int processors;
  int workers = 0, sleepers = 0;
  bool chosen = false;
};

#endif
