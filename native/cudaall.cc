// One call on several devices: each has some of the blocks of rows, and all columns. Blocks and parts are those of the call on one device,
// so the result is the same to the last bit. Every device is served by a thread of its own, while the caller's looks for what may stop
// the call.
#include <algorithm>
#include <condition_variable>
#include <exception>
#include <memory>
#include <mutex>

#include "cuda.h"
#include "memory.h"
#include "pool.h"

namespace cuda {

namespace {

struct Share {
  const CudaRoutine *routine;
  Plan plan;
  std::vector<Placed> arguments;
  PlacedOutput out;
  Watch watch;
};

char *moved(void *data, int64 bytes) { return static_cast<char *>(data) + bytes; }

// The rows from `first` to `end`.
std::unique_ptr<Share> shareOf(const CudaRoutine &routine, const Plan &plan, const std::vector<Placed> &arguments, const PlacedOutput &out,
                               int64 first, int64 end) {
  auto share = std::make_unique<Share>();
  const ::Routine &shape = routine.shape;
  const int64 bytes = shape.entry(TABLE_REAL_BYTES), rows = end - first;
  share->routine = &routine;
  share->plan = plan;
  share->plan.rows = rows;
  for (int64 v = 0; v < shape.variables(); v++) {
    Placed own = arguments[v];
    if (shape.kind(v) == KIND_ROW) own = {moved(own.data, first * shape.dim(v) * bytes), rows * shape.dim(v), false};
    share->arguments.push_back(own);
  }
  const int64 dim = shape.entry(TABLE_RESULT_DIM), places = shape.entry(TABLE_INDEX_DIM);
  share->out.numbers = {moved(out.numbers.data, first * dim * bytes), rows * dim, false};
  if (out.indices) share->out.indices = out.indices + first * places;
  share->out.indexCount = rows * places;
  return share;
}

class Shares {
 public:
  explicit Shares(std::vector<std::unique_ptr<Share>> all) : all(std::move(all)) {}
  // Does all of them; stops them when it is to stop, and waits for them in any case.
  void run(Watch &watch) {
    watch.begin(static_cast<int64>(all.size()));
    try {
      for (; started < all.size(); started++) startThread([this, share = all[started].get()] { serve(*share); });
    } catch (...) {
      stop();
      await(watch);
      throw;
    }
    await(watch);
    if (failure) std::rethrow_exception(failure);
  }

 private:
  // The first failure ends the others, too.
  void serve(Share &share) {
    std::exception_ptr own;
    try {
      reduce(*share.routine, share.plan, share.arguments, share.out, share.watch);
    } catch (...) {
      own = std::current_exception();
    }
    std::lock_guard lock(guard);
    if (own && !failure) {
      failure = own;
      stop();
    }
    ended++;
    news.notify_one();
  }
  void stop() {
    for (const auto &share : all) share->watch.stop();
  }
  void await(Watch &watch) {
    std::unique_lock lock(guard);
    for (std::size_t seen = 0; seen < started;) {
      news.wait_for(lock, std::chrono::milliseconds(10), [&] { return ended > seen; });
      watch.done(static_cast<int64>(ended - seen));
      seen = ended;
      watch.askPoll();
      if (watch.stopping()) stop();
    }
  }

  const std::vector<std::unique_ptr<Share>> all;
  std::mutex guard;
  std::condition_variable news;
  std::exception_ptr failure;
  std::size_t started = 0, ended = 0;
};

}  // namespace

void reduceOnAll(const std::vector<const CudaRoutine *> &routines, const Plan &plan, const std::vector<Placed> &arguments,
                 const PlacedOutput &out, Watch &watch) {
  const int64 blocks = ceilDivide(plan.rows, plan.blockRows), own = ceilDivide(blocks, static_cast<int64>(routines.size())) * plan.blockRows;
  std::vector<std::unique_ptr<Share>> shares;
  for (const CudaRoutine *routine : routines) {
    const int64 first = own * static_cast<int64>(shares.size());
    if (first < plan.rows) shares.push_back(shareOf(*routine, plan, arguments, out, first, std::min(plan.rows, first + own)));
  }
  Shares(std::move(shares)).run(watch);
}

}  // namespace cuda
