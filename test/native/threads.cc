// Several threads use the one pool at once, while its size changes and calls are cancelled: `threads a.so b.so ...`,
// for TSan.
#include <thread>

#include "harness.h"
#include "run/pool.h"

namespace {

// Every task of every job exactly once, also of jobs with a single task.
void countTasks(unsigned seed) {
  std::mt19937 random(seed);
  for (int round = 0; round < 400; round++) {
    std::vector<int> done(random() % 40);
    Pool::ofProcess().run(static_cast<int64>(done.size()), [&](int64 task) { done[task]++; });
    if (std::ranges::any_of(done, [](int times) { return times != 1; })) fail("a task was not done exactly once");
  }
}

void repeatCalls(const Routine &routine, unsigned seed) {
  const int64 rows = routine.pairsOnce ? 900 + seed : 90 + seed, columns = routine.pairsOnce ? rows : 70;
  const int64 length = rows * routine.entry(TABLE_RESULT_DIM);
  const Arguments arguments(routine, rows, columns, seed);
  const Plan plan{rows, columns, 8, seed % 2 ? 16 : 1000, 1, {}, {}};
  const Reals expected = resultOf(routine, plan, arguments.inputs, length);
  for (int round = 0; round < 40; round++)
    expectSame(expected, resultOf(routine, plan, arguments.inputs, length), "calls at once change the bits");
}

void repeatBlocks(const Routine &routine, unsigned seed) {
  const int64 rows = 300 + seed, columns = 150;
  const Arguments arguments(routine, rows, columns, seed);
  const Rectangle part{rows, columns, seed, rows, seed, columns};
  const Reals expected = blockOf(routine, part, arguments);
  for (int round = 0; round < 40; round++)
    expectSame(expected, blockOf(routine, part, arguments), "calls at once change the values");
}

void cancelCalls(const Routine &routine, unsigned seed) {
  const int64 rows = routine.pairsOnce ? 2300 : 200, columns = routine.pairsOnce ? rows : 100;
  const Arguments arguments(routine, rows, columns, seed);
  const Plan plan{rows, columns, 4, 16, 1, {}, {}};
  Reals out = spaceFor(routine, plan, rows * routine.entry(TABLE_RESULT_DIM));
  for (int round = 0; round < 40; round++) {
    int32 control[4] = {};
    Watch watch;
    watch.control = control;
    std::thread canceller([&] {
      while (__atomic_load_n(&control[1], __ATOMIC_RELAXED) < round) std::this_thread::yield();
      __atomic_store_n(&control[0], 1, __ATOMIC_RELAXED);
    });
    try {
      reduce(routine, plan, arguments.inputs, out.output(), watch);
    } catch (const Interrupted &) {
    }
    canceller.join();
  }
}

void changeThreads(const std::atomic<bool> &isOver) {
  for (int threads = 1; !isOver; threads = threads % 5 + 1) {
    Pool::ofProcess().setThreads(threads);
    std::this_thread::sleep_for(std::chrono::microseconds(300));
  }
}

}  // namespace

int main(int count, char **paths) {
  std::atomic<bool> isOver{false};
  std::thread changer([&] { changeThreads(isOver); });
  std::vector<std::thread> callers;
  for (unsigned seed = 1; seed <= 2; seed++) {
    callers.emplace_back([seed] { countTasks(seed); });
    for (int k = 1; k < count; k++) {
      const Routine &routine = routineIn(paths[k]);
      callers.emplace_back([&routine, seed] { routine.block ? repeatBlocks(routine, seed) : repeatCalls(routine, seed); });
      if (!routine.block) callers.emplace_back([&routine, seed] { cancelCalls(routine, seed); });
    }
  }
  for (std::thread &caller : callers) caller.join();
  isOver = true;
  changer.join();
}
